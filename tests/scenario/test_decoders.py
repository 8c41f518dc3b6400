"""What kenchi-collector, tshark and nfdump make of the same datagrams, in the field sets of many makers.

The datagrams are built from values, so that each decoder is held to those; where another decoder is known to be
wrong, that is stated in KNOWN.  Without tshark or nfdump their part is skipped.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from datetime import datetime, timezone

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from exports import NOW, capture
from ports import free_port, waiting_octets
from vendor_exports import BIFLOWS, VENDORS_9, VENDORS_10, all_vendors

TIMEOUT_S = 60
VENDORS = list(all_vendors())
TSHARK = shutil.which("tshark")
NFCAPD, NFDUMP = shutil.which("nfcapd"), shutil.which("nfdump")

# What others do not tell, or tell otherwise: (decoder, name, field) -> why.
KNOWN = {
    ("nfdump", "mikrotik", "flowStartMilliseconds"): "1.7.1 swaps uptimes when the end stands before the start",
    ("nfdump", "mikrotik", "flowEndMilliseconds"): "the same",
    ("nfdump", "ipfixprobe", "tcpControlBits"): "1.7.1 takes the reverse direction's flags",
    ("nfdump", "huawei", "flowStartMilliseconds"): "1.7.1 does not know flowStartSeconds",
    ("nfdump", "huawei", "flowEndMilliseconds"): "nor flowEndSeconds",
}


def elements(name, version):
    fields = {9: VENDORS_9, 10: VENDORS_10}.get(version, {}).get(name)
    return {1, 2, 21, 22, 6} if fields is None else {field[0] for field in fields if len(field) == 2}


def expected(name, version, flow):
    told = flow.as_dumped()
    if 6 not in elements(name, version):
        del told["tcpControlBits"]
    if 150 in elements(name, version):
        told["flowStartMilliseconds"] -= told["flowStartMilliseconds"] % 1000
        told["flowEndMilliseconds"] -= told["flowEndMilliseconds"] % 1000
    if name == "cisco-asa-teardown":
        del told["flowEndMilliseconds"]  # it has the time of the event
    return told


def differences(decoder, name, told, got):
    return [f"{decoder}: {name}: {field} {got.get(field)}, not {value}" for field, value in told.items()
            if got.get(field) != value and (decoder, name, field) not in KNOWN]


class Decoders(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="decoders.")
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "vendors.pcap")
        self.datagrams = [datagram for _, _, _, datagrams in VENDORS for datagram in datagrams]
        with open(self.path, "wb") as file:
            file.write(capture([(NOW, datagram) for datagram in self.datagrams]))

    def wait_until(self, question):
        end = time.monotonic() + TIMEOUT_S
        while not question():
            self.assertLess(time.monotonic(), end, "it did not come to pass in time")
            time.sleep(0.005)

    def compare(self, decoder, by_source):
        wrong = []
        for name, version, flow, _ in VENDORS:
            got = by_source.get(flow.source, {})
            wrong += differences(decoder, name, expected(name, version, flow), got)
        self.assertEqual(wrong, [])

    def test_kenchi_collector(self):
        run = subprocess.run([os.environ["COLLECTOR"], "--read", self.path, "--dump-flows"], capture_output=True,
                             check=True, timeout=TIMEOUT_S)
        records = [json.loads(line) for line in run.stdout.splitlines()]
        flows = {record.get("sourceIPv4Address") or record["sourceIPv6Address"]: record for record in records
                 if "stats" not in record}
        self.compare("kenchi", flows)
        for name, _, flow, _ in VENDORS:
            if name in BIFLOWS:
                self.assertEqual(flows[flow.source].get("reverseOctetDeltaCount"), flow.octets + 1, name)
                self.assertEqual(flows[flow.source].get("reversePacketDeltaCount"), flow.packets + 1, name)

    @unittest.skipUnless(TSHARK, "tshark is not installed")
    def test_tshark(self):
        columns = ["srcaddr", "srcaddrv6", "dstaddr", "dstaddrv6", "srcport", "dstport", "protocol", "octets", "packets",
                   "permanent_octets", "permanent_packets", "initiator_octets",
                   "initiator_packets", "tcpflags"]
        arguments = [option for column in columns for option in ("-e", "cflow." + column)]
        run = subprocess.run([TSHARK, "-n", "-r", self.path, "-d", "udp.port==2055,cflow", "-T", "fields", "-E",
                              "occurrence=f", *arguments], capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual(run.returncode, 0, run.stderr)
        by_source = {}
        for line in run.stdout.splitlines():
            row = dict(zip(columns, line.split("\t")))
            source = row["srcaddr"] or row["srcaddrv6"]
            if source:
                by_source[source] = self.of_tshark(row)
        wrong = []
        for name, version, flow, _ in VENDORS:
            told = {field: value for field, value in expected(name, version, flow).items() if "flow" not in field}
            wrong += differences("tshark", name, told, by_source.get(flow.source, {}))
        self.assertEqual(wrong, [])

    @staticmethod
    def of_tshark(row):
        def number(*names):
            return next((int(row[name], 0) for name in names if row[name]), None)

        return {
            "sourceIPv4Address": row["srcaddr"], "sourceIPv6Address": row["srcaddrv6"],
            "destinationIPv4Address": row["dstaddr"], "destinationIPv6Address": row["dstaddrv6"],
            "sourceTransportPort": number("srcport"), "destinationTransportPort": number("dstport"),
            "protocolIdentifier": number("protocol"), "tcpControlBits": number("tcpflags"),
            "octetDeltaCount": number("octets", "permanent_octets", "initiator_octets"),
            "packetDeltaCount": number("packets", "permanent_packets", "initiator_packets"),
        }

    @unittest.skipUnless(NFCAPD and NFDUMP, "nfdump is not installed")
    def test_nfdump(self):
        port = free_port(socket.SOCK_DGRAM)
        daemon = subprocess.Popen([NFCAPD, "-b", "127.0.0.1", "-p", str(port), "-w", self.folder, "-t", "3600"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_until(lambda: waiting_octets(port) is not None)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for datagram in self.datagrams:
                sender.sendto(datagram, ("127.0.0.1", port))
                self.wait_until(lambda: waiting_octets(port) == 0)
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(TIMEOUT_S)
        names = [name for name in os.listdir(self.folder) if name.startswith("nfcapd.")]
        self.assertEqual(len(names), 1)
        run = subprocess.run([NFDUMP, "-r", os.path.join(self.folder, names[0]), "-o", "json"], capture_output=True,
                             text=True, timeout=TIMEOUT_S, env={**os.environ, "TZ": "UTC"})
        self.assertEqual(run.returncode, 0, run.stderr)
        self.compare("nfdump", {record.get("src4_addr") or record.get("src6_addr"): self.of_nfdump(record)
                                for record in json.loads(run.stdout, strict=False)})

    @staticmethod
    def of_nfdump(record):
        def milliseconds(text):
            return round(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000)

        flags = record.get("tcp_flags", "")
        return {
            "sourceIPv4Address": record.get("src4_addr"), "sourceIPv6Address": record.get("src6_addr"),
            "destinationIPv4Address": record.get("dst4_addr"), "destinationIPv6Address": record.get("dst6_addr"),
            "sourceTransportPort": record.get("src_port"), "destinationTransportPort": record.get("dst_port"),
            "protocolIdentifier": record.get("proto"), "octetDeltaCount": record.get("in_bytes"),
            "packetDeltaCount": record.get("in_packets"),
            "tcpControlBits": sum(1 << bit for bit, letter in enumerate("FSRPAU") if letter in flags),
            "flowStartMilliseconds": milliseconds(record["first"]), "flowEndMilliseconds": milliseconds(record["last"]),
        }


if __name__ == "__main__":
    unittest.main(verbosity=2)  # says what was skipped
