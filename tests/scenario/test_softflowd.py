"""What softflowd says of packets whose number and length are known, in all three protocols."""
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from collector_process import TIMEOUT_S, Collector
from exports import NOW, address

SOFTFLOWD = shutil.which("softflowd") or shutil.which("softflowd", path="/usr/sbin:/sbin")
VERSIONS = {"5": 5, "9": 9, "10": 10}
SKIPPED = 77  # what ctest takes as skipped


def packet(flow, length):
    """A UDP packet of a conversation, from its client, over Ethernet."""
    udp = struct.pack("!HHHH", 10000 + flow, 53, length - 20, 0) + bytes(length - 28)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, flow, 0, 64, 17, 0, address(f"10.0.{flow // 200}.{flow % 200 + 1}"),
                     address("198.51.100.1"))
    return bytes(12) + struct.pack("!H", 0x0800) + ip + udp


def capture(packets):
    file = struct.pack("!IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    for number, octets in enumerate(packets):
        file += struct.pack("!IIII", NOW + number // 1000, number % 1000 * 1000, len(octets), len(octets)) + octets
    return file


class Softflowd(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="softflowd.")
        self.addCleanup(shutil.rmtree, self.folder)

    def softflowd(self, version, collector, *options):
        return subprocess.Popen(
            [SOFTFLOWD, "-d", "-v", version, "-n", f"127.0.0.1:{collector.ports[0]}", "-c", "none", "-p",
             os.path.join(self.folder, "pid" + version), "-m", "100000", *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def push_through(self):
        """The kernel hands packets to softflowd a block at a time: fills the block with others."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sink.bind(("127.0.0.1", 0))
            for _ in range(4000):
                sender.sendto(bytes(1400), sink.getsockname())

    def assert_totals(self, collector, version, flows, lengths, port=53):
        time.sleep(0.2)
        lines, _ = collector.stop()
        records = [line for line in lines if line.get("destinationTransportPort") == port]
        self.assertEqual({line["version"] for line in records}, {VERSIONS[version]})
        self.assertEqual(len(records), flows)
        self.assertEqual(sum(line["packetDeltaCount"] for line in records), len(lengths))
        self.assertEqual(sum(line["octetDeltaCount"] for line in records), sum(lengths))
        self.assertEqual(lines[-1]["stats"]["datagramsRejected"], 0)

    def test_totals_of_a_capture_agree(self):
        lengths = [28 + number * 7 % 1400 for number in range(3000)]
        path = os.path.join(self.folder, "packets")
        with open(path, "wb") as file:
            file.write(capture(packet(number % 300, length) for number, length in enumerate(lengths)))
        for version in VERSIONS:
            with self.subTest(version=version):
                collector = Collector("--dump-flows")
                exporter = self.softflowd(version, collector, "-r", path)
                exporter.communicate(timeout=TIMEOUT_S)
                self.assert_totals(collector, version, 300, lengths)

    @unittest.skipUnless(os.geteuid() == 0, "only root may listen to the loopback interface")
    def test_totals_of_live_traffic_agree(self):
        lengths = [28 + number * 11 % 1000 for number in range(500)]
        collectors = {version: Collector("--dump-flows") for version in VERSIONS}
        exporters = [self.softflowd(version, collector, "-i", "lo", "-t", "udp=1", "-t", "expint=1")
                     for version, collector in collectors.items()]
        time.sleep(1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
            sink.bind(("127.0.0.1", 0))
            port = sink.getsockname()[1]
            senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(10)]
            for number, length in enumerate(lengths):
                senders[number % 10].sendto(bytes(length - 28), ("127.0.0.1", port))
            self.push_through()
            time.sleep(3)
            for sender in senders:
                sender.close()
        for exporter in exporters:
            exporter.kill()
            exporter.communicate(timeout=TIMEOUT_S)
        for version, collector in collectors.items():
            with self.subTest(version=version):
                self.assert_totals(collector, version, 10, lengths, port)


if __name__ == "__main__":
    if SOFTFLOWD is None:
        print("skipped: there is no softflowd")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
