"""Floods, slow scans and the story of a download and a report, each made of records, exported by kenchi-flowgen and judged
by the programs."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from records import (GOES_ON, ICMP, MINUTE_MS, START_MS, SYN, TCP, UDP, browsing, exchange, icmp, record)

KENCHI, COLLECTOR, FLOWGEN = (os.environ[name] for name in ("KENCHI", "COLLECTOR", "FLOWGEN"))
MINUTES = 20
CLIENTS = [f"10.20.1.{number}" for number in range(1, 11)]
SYN_FLOOD, UDP_FLOOD, ICMP_FLOOD = "10.20.2.1", "10.20.2.2", "10.20.2.3"
BACKUP, VIDEO, ONE_WAY, TELEMETRY = "10.20.3.1", "10.20.3.2", "10.20.3.3", "10.20.3.4"
SLOW_TCP, SLOW_UDP = "10.20.4.1", "10.20.4.2"
STORY, VISITOR = "10.20.5.1", "10.20.5.2"
VICTIM, STORE, SERVER, PANEL = "203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"


def flow_both_ways(host, peer, ports, protocol, out, back, octets):
    """One flow in all minutes: packets each way and octets each, with an exporter's active timeout of a minute."""
    for minute in range(MINUTES):
        at_ms = minute * MINUTE_MS
        flags = 0 if protocol != TCP else GOES_ON | (SYN if minute == 0 else 0)
        yield record(host, peer, ports, protocol, at_ms, 59900, out, out * octets, flags)
        if back > 0:
            yield record(peer, host, ports[::-1], protocol, at_ms, 59900, back, back * 52, flags)


def floods():
    for minute in range(10, 14):
        for i in range(1500):
            at_ms = minute * MINUTE_MS + i * 40
            yield record(SYN_FLOOD, VICTIM, (1024 + (minute * 1500 + i) % 60000, 80), TCP, at_ms, 0, 1, 40, SYN)
        at_ms = minute * MINUTE_MS
        yield record(UDP_FLOOD, VICTIM, (50005, 9000), UDP, at_ms, 59900, 150000, 150000 * 540)
        yield icmp(ICMP_FLOOD, VICTIM, 0x0800, at_ms, packets=20000)


def busy_senders():
    yield from flow_both_ways(BACKUP, STORE, (50000, 443), TCP, 400000, 10000, 1480)
    yield from flow_both_ways(VIDEO, STORE, (50001, 5004), UDP, 60000, 24, 1250)
    yield from flow_both_ways(ONE_WAY, STORE, (50002, 22), TCP, 400000, 0, 1480)
    yield from flow_both_ways(ONE_WAY, STORE, (50003, 4500), UDP, 400000, 0, 700)
    for i in range(110):  # pages over QUIC
        yield record(ONE_WAY, f"198.51.101.{i + 1}", (34000 + i, 443), UDP, 2 * MINUTE_MS + i * 9500, 4000, 20, 4000)
    yield from flow_both_ways(TELEMETRY, STORE, (50004, 8125), UDP, 18000, 0, 300)


def slow_scans():
    for i in range(4 * (MINUTES - 4)):
        yield record(SLOW_TCP, f"198.18.1.{i + 1}", (33000 + i, 2222), TCP, 4 * MINUTE_MS + i * 15000, 0, 1, 60, SYN)
    for i in range(10 * (MINUTES - 4)):
        yield record(SLOW_UDP, f"198.18.2.{i + 1}", (33000 + i, 6892), UDP, 4 * MINUTE_MS + i * 6000, 0, 1, 60)


def stories():
    """A file, and at once a report to somebody else; and a page that is read by the one who asked for it before."""
    at_ms = 12 * MINUTE_MS + 5000
    yield from exchange(STORY, SERVER, 80, at_ms, 700, 250000, number=900)
    yield from exchange(STORY, PANEL, 80, at_ms + 30000, 1400, 500, number=901)
    for minute in (2, 12):
        yield from exchange(VISITOR, PANEL, 8080, minute * MINUTE_MS + 20000, 900, 4000, number=902 + minute)


def records():
    for host in CLIENTS + [SYN_FLOOD, UDP_FLOOD, ICMP_FLOOD, BACKUP, VIDEO, TELEMETRY, SLOW_TCP, SLOW_UDP, STORY, VISITOR]:
        yield from browsing(host, MINUTES)
    yield from floods()
    yield from busy_senders()
    yield from slow_scans()
    yield from stories()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


class Behaviours(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        path = {name: os.path.join(cls.folder, name) for name in ("records", "capture.pcap", "bins", "state", "labels.csv")}
        cls.path = path
        with open(path["records"], "w") as file:
            file.writelines(json.dumps(one) + "\n" for one in records())
        run(FLOWGEN, "--from", path["records"], "--pcap", path["capture.pcap"])
        run(COLLECTOR, "--read", path["capture.pcap"], "--write-bins", path["bins"])
        with open(path["labels.csv"], "w") as file:
            file.write("host,from_ms,to_ms,label,family,capture,behaviour,note\n")
            for host in CLIENTS + [VISITOR, BACKUP, VIDEO, ONE_WAY, TELEMETRY]:
                file.write(f"{host},{START_MS},{START_MS + MINUTES * MINUTE_MS},normal,,,,\n")
            for host in SYN_FLOOD, UDP_FLOOD, ICMP_FLOOD, SLOW_TCP, SLOW_UDP, STORY:
                file.write(f"{host},{START_MS},{START_MS + MINUTES * MINUTE_MS},infected,family,mail,nonscan,\n")
        lines = run(KENCHI, "analyze", "--json", "--state", path["state"], path["capture.pcap"]).splitlines()
        cls.hosts = {line["host"]: line for line in map(json.loads, lines)}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def evidence(self, host, behaviour):
        shown = json.loads(run(KENCHI, "--state", self.path["state"], "show", host, "--json"))
        return [row for row in shown["evidence"] if row["behaviour"] == behaviour][0]

    def rates(self):
        lines = run(KENCHI, "evaluate", "behaviours", "--labels", self.path["labels.csv"], "--bins", self.path["bins"],
                    "--json").splitlines()
        return {line["behaviour"]: line for line in map(json.loads, lines)}

    def test_names_floods(self):
        for host, protocol, port in (SYN_FLOOD, TCP, 80), (UDP_FLOOD, UDP, 9000), (ICMP_FLOOD, ICMP, None):
            self.assertEqual(self.hosts[host]["verdict"], "infected", host)
            self.assertIn("flood", self.hosts[host]["behaviours"], host)
            self.assertNotIn("horizontal_scan", self.hosts[host]["behaviours"], host)
            peers = self.evidence(host, "flood")["peers"]
            self.assertTrue([peer for peer in peers if peer["peer"] == VICTIM and peer["protocol"] == protocol and
                             port in (None, peer["port"])], peers)

    def test_takes_no_busy_sender_for_a_flood(self):
        for host in CLIENTS + [BACKUP, VIDEO, ONE_WAY, TELEMETRY]:
            self.assertNotEqual(self.hosts[host]["verdict"], "infected", host)
            self.assertNotIn("flood", self.hosts[host]["behaviours"], host)
        flood = self.rates()["flood"]
        self.assertEqual((flood["clean"]["hosts"], flood["clean"]["of_hosts"]), (0, 15))

    def test_finds_slow_scans(self):
        for host, minutes in (SLOW_TCP, 12), (SLOW_UDP, 12):
            self.assertEqual(self.hosts[host]["behaviours"][0], "horizontal_scan", host)
            found_ms = self.hosts[host]["first_detected_ms"] - START_MS
            self.assertLess(found_ms, (4 + minutes) * MINUTE_MS, host)

    def test_tells_the_story_of_a_download_and_its_report(self):
        rates = self.rates()
        for behaviour, shown in ("download", 1), ("success_report", 1), ("update", 0):
            told = rates[behaviour]
            self.assertEqual((told["malware"]["hosts"], told["malware"]["of_hosts"]), (shown, 6), behaviour)
            self.assertEqual(told["clean"]["hosts"], 0, behaviour)

    def test_measures_what_is_sent_without_answer(self):
        lines = run(KENCHI, "evaluate", "floods", "--labels", self.path["labels.csv"], "--bins", self.path["bins"],
                    "--json").splitlines()
        floods = {line["kind"]: line for line in map(json.loads, lines)}
        self.assertEqual(floods["SYN without ACK"]["malware"]["two_minutes"], 1500)
        self.assertEqual(floods["UDP, small"]["malware"]["minute"], 150000)
        self.assertEqual(floods["UDP, large"]["clean"]["minute"], 60000)
        self.assertEqual(floods["ICMP"]["clean"], {"hosts": 15, "minute": 0, "two_minutes": 0})
        table = run(KENCHI, "evaluate", "floods", "--labels", self.path["labels.csv"], "--bins", self.path["bins"])
        self.assertIn("THRESHOLD", table)

    def test_names_what_is_wrong(self):
        for arguments in ([], ["--bins", self.path["bins"]], ["--labels", "nothing", "--bins", self.path["bins"]]):
            got = subprocess.run([KENCHI, "evaluate", "floods", *arguments], capture_output=True, text=True, timeout=30)
            self.assertEqual((got.returncode, got.stdout), (2, ""), got.stderr)


if __name__ == "__main__":
    unittest.main()
