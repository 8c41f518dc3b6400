"""Hosts that send much that stays unanswered, or are hit by it, and are not infected: victims of floods, scans and forged
addresses, servers, gateways; beside them a scanner of the house, which is found.  Records exported by kenchi-flowgen."""
import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest

from records import ACK, MINUTE_MS, RST, SYN, TCP, UDP, browsing, exchange, icmp, record

KENCHI, FLOWGEN = (os.environ[name] for name in ("KENCHI", "FLOWGEN"))
FIRST, LAST = 2, 6  # minutes in which there is more than browsing
UNREACHABLE, EXPIRED, ECHO, ECHO_REPLY = 0x0303, 0x0b00, 0x0800, 0x0000
choose = random.Random(5)


def times(a_minute):
    for minute in range(FIRST, LAST):
        for _ in range(a_minute):
            yield minute * MINUTE_MS + choose.randrange(59000)


def stranger(of=1 << 20):
    number = choose.randrange(of)
    return f"{91 + (number >> 16)}.{number >> 8 & 255}.{(number >> 4 & 15) + 100}.{(number & 15) + 1}"


def any_port():
    return choose.randrange(1024, 65000)


def asked(host, peer, ports, at_ms, answered=True):
    """A question by UDP."""
    yield record(host, peer, ports, UDP, at_ms, 0, 1, 70)
    if answered:
        yield record(peer, host, ports[::-1], UDP, at_ms + 20, 0, 1, 200)


def called(host, peer, port, at_ms, answered=True):
    if answered:
        yield from exchange(host, peer, port, at_ms, 2500, 20000, number=choose.randrange(20000))
    else:
        yield record(host, peer, (any_port(), port), TCP, at_ms, 3000, 2, 104, SYN)


def syn_flooded(host):
    for at_ms in times(1000):
        ports = any_port(), 80
        forged = stranger()
        yield record(forged, host, ports, TCP, at_ms, 0, 1, 40, SYN)
        yield record(host, forged, ports[::-1], TCP, at_ms + 1, 3000, 2, 88, SYN | ACK)


def syn_flooded_on_closed_ports(host):
    for at_ms in times(1000):
        ports = any_port(), any_port()
        forged = stranger()
        yield record(forged, host, ports, TCP, at_ms, 0, 1, 40, SYN)
        yield record(host, forged, ports[::-1], TCP, at_ms + 1, 0, 1, 40, RST | ACK)


def syn_flooded_from_an_unseen_side(host):
    for at_ms in times(1000):
        yield record(host, stranger(), (80, any_port()), TCP, at_ms, 3000, 2, 88, SYN | ACK)


def udp_flooded(host):
    for at_ms in times(1500):
        forged = stranger()
        yield record(forged, host, (any_port(), 27015), UDP, at_ms, 0, 1, 500)
        yield icmp(host, forged, UNREACHABLE, at_ms + 1)


def flooded_by_resolvers(host):
    for at_ms in times(1200):
        resolver = stranger()
        yield record(resolver, host, (53, any_port()), UDP, at_ms, 0, 3, 4000)
        yield icmp(host, resolver, UNREACHABLE, at_ms + 1, packets=3)


def pinged_much(host):
    for minute in range(FIRST, LAST):
        yield icmp("77.1.2.8", host, ECHO, minute * MINUTE_MS, packets=50000)
        yield icmp(host, "77.1.2.8", ECHO_REPLY, minute * MINUTE_MS + 5, packets=50000)


def whose_address_is_forged(host):
    """Victims answer it; its refusals are told before, as exporters do."""
    for at_ms in times(300):
        victim, ports = stranger(), (80, any_port())
        yield record(host, victim, ports[::-1], TCP, at_ms + 1, 0, 1, 40, RST)
        yield record(victim, host, ports, TCP, at_ms, 1200, 2, 88, SYN | ACK)


def scanned(host):
    for port in range(1, 2000):
        at_ms = FIRST * MINUTE_MS + port * 60
        ports = any_port(), port
        yield record("77.1.2.4", host, ports, TCP, at_ms, 0, 1, 44, SYN)
        yield record(host, "77.1.2.4", ports[::-1], TCP, at_ms + 1, 0, 1, 40, RST | ACK)


def resolver(host):
    for at_ms in times(300):
        yield from asked(stranger(500), host, (any_port(), 53), at_ms)
    for at_ms in times(600):
        yield from asked(host, stranger(3000), (any_port(), 53), at_ms, choose.random() < 0.93)


def resolver_of_a_bad_day(host):
    for at_ms in times(600):
        yield from asked(host, stranger(3000), (any_port(), 53), at_ms, choose.random() < 0.5)


def time_server(host):
    for at_ms in times(1000):
        yield from asked(stranger(), host, (choose.choice((123, any_port())), 123), at_ms)


def mail_server(host):
    for at_ms in times(12):
        yield from exchange(stranger(), host, 25, at_ms, 30000, 2000, number=choose.randrange(20000))
        yield from called(host, stranger(), 25, at_ms, choose.random() < 0.8)


def monitor(host):
    down = set(choose.sample(range(500), 25))
    for minute in range(FIRST, LAST):
        for i in range(500):
            device, at_ms = f"10.21.{i // 250}.{i % 250 + 1}", minute * MINUTE_MS + i * 100
            yield from asked(host, device, (50000 + i, 161), at_ms, i not in down)
            yield icmp(host, device, ECHO, at_ms, packets=3)
            if i not in down:
                yield icmp(device, host, ECHO_REPLY, at_ms + 3, packets=3)


def gateway(host):
    """Of some hundred users, file sharers among them."""
    for at_ms in times(1500):
        kind, lucky = choose.random(), choose.random()
        if kind < 0.8:
            yield from called(host, stranger(3000), 443, at_ms, lucky < 0.95)
        elif kind < 0.9:
            yield from asked(host, stranger(300), (any_port(), 53), at_ms, lucky < 0.95)
        else:
            yield from asked(host, stranger(), (any_port(), any_port()), at_ms, lucky < 0.5)


def proxy(host):
    for at_ms in times(600):
        yield from called(f"10.22.0.{choose.randrange(1, 99)}", host, 3128, at_ms)
        yield from called(host, stranger(1500), 443, at_ms, choose.random() < 0.95)


def file_sharer(host):
    for at_ms in times(150):
        yield from asked(host, stranger(), (6881, any_port()), at_ms, choose.random() < 0.55)
    for at_ms in times(60):
        yield from called(host, stranger(), any_port(), at_ms, choose.random() < 0.5)


def browser_without_quic(host):
    """A firewall drops QUIC, so that every page is asked for again by TCP."""
    for at_ms in times(25):
        site = stranger()
        yield record(host, site, (any_port(), 443), UDP, at_ms, 300, 3, 3700)
        yield from called(host, site, 443, at_ms + 300)


def tracer_of_routes(host):
    for at_ms in times(25):
        target = stranger()
        for hop in range(12):
            yield record(host, target, (40000, 33434 + hop), UDP, at_ms + hop * 100, 0, 1, 60)
            yield icmp(f"203.0.113.{hop + 1}", host, EXPIRED, at_ms + hop * 100 + 20)


def telephone_exchange(host):
    for at_ms in times(100):
        yield from asked(host, f"10.23.0.{choose.randrange(1, 120)}", (5060, 5060), at_ms)


HARMLESS = [syn_flooded, syn_flooded_on_closed_ports, syn_flooded_from_an_unseen_side, udp_flooded, flooded_by_resolvers,
            pinged_much, whose_address_is_forged, scanned, resolver, resolver_of_a_bad_day, time_server, mail_server,
            monitor, gateway, proxy, file_sharer, browser_without_quic, tracer_of_routes, telephone_exchange]


def house_scanner(host):
    """Looks for services on the own network's hosts: harmless, perhaps, but what it does is a scan."""
    for i in range(1500):
        port = (22, 80, 443, 445, 3389)[i % 5]
        yield from called(host, f"10.21.{i // 5 % 4}.{i // 5 % 250 + 1}", port, FIRST * MINUTE_MS + i * 150,
                          choose.random() < 0.15)


ROLES = {role: f"10.20.0.{number + 1}" for number, role in enumerate([*HARMLESS, house_scanner])}


class Harmless(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.records = [one for role, host in ROLES.items() for part in (role(host), browsing(host, LAST + 1)) for one in part]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def judge(self, records, *options):
        path, capture = (os.path.join(self.folder, name) for name in ("records", "capture.pcap"))
        with open(path, "w") as file:
            file.writelines(json.dumps(one) + "\n" for one in records)
        subprocess.run((FLOWGEN, "--from", path, "--pcap", capture, *options), check=True, capture_output=True, timeout=60)
        got = subprocess.run((KENCHI, "analyze", "--json", "--monitored", "10.20.0.0/16", capture), check=True,
                             capture_output=True, text=True, timeout=60)
        return {line["host"]: line for line in map(json.loads, got.stdout.splitlines())}

    def check(self, records, scanner, *options):
        hosts = self.judge(records, *options)
        for role in HARMLESS:
            with self.subTest(role.__name__):
                self.assertNotEqual(hosts[ROLES[role]]["verdict"], "infected", hosts[ROLES[role]])
        self.assertEqual((hosts[scanner]["verdict"], hosts[scanner]["behaviours"][0]), ("infected", "horizontal_scan"))

    def test_are_told_from_who_scans(self):
        self.check(self.records, ROLES[house_scanner])

    def test_are_told_where_only_what_they_send_is_exported(self):
        self.check([one for one in self.records if one["sourceIPv4Address"] in ROLES.values()], ROLES[house_scanner])

    def test_are_told_from_sampled_scanners_that_hear_nothing(self):
        scanner = "10.20.0.99"
        probes = [record(scanner, stranger(), (any_port(), 6892), UDP, at_ms, 0, 1, 37) for at_ms in times(2000)]
        for sample in "10", "100":
            self.check(self.records + probes, scanner, "--sample", sample)


if __name__ == "__main__":
    unittest.main()
