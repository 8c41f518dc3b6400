"""Exporters that tell of packets' sizes: from datagrams built from values to a bin file, which is read here as any IPFIX
reader would.  Each packet of the flows is known, so that what the bin says of sizes, and how it claims to know them, is
held to that."""
import bisect
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from exports import NOW, address, capture

TIMEOUT_S = 60
HOST, PEER = "10.0.0.5", "198.51.100.7"
REVERSE, CERT, NTOP, CESNET, VARIABLE = 29305, 6871, 35632, 8057, 65535
TCP, UDP = 6, 17
EXACT, HISTOGRAM, RULE, TABLE = 1, 2, 4, 8
EDGES = [50, 100, 200, 500, 1000, 1400, 1500]
FIRST_ROW = 100  # element of the first row of schemas/host_bin.def
HOST_ELEMENT = 10
FIELDS = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (1, 8), (2, 8), (152, 8), (153, 8)]

# Acknowledgements, with timestamps, and data: what is in the middle of a histogram's bin is found again.
DOWNLOAD = [52, 52, 52, 768, 1500, 1500]


def classes(packets):
    counts = [0] * 8
    for octets in packets:
        counts[bisect.bisect(EDGES, octets)] += 1
    return counts


def base(packets, protocol=TCP):
    flags = 0x1b if protocol == TCP else 0
    return address(HOST) + address(PEER) + struct.pack("!HHBBQQQQ", 40000, 443, protocol, flags, sum(packets), len(packets),
                                                       NOW * 1000 - 5000, NOW * 1000 - 1000)


def field(element, octets, enterprise=0):
    if enterprise == 0:
        return struct.pack("!HH", element, octets)
    return struct.pack("!HHI", element | 0x8000, octets, enterprise)


def ipfix(fields, record):
    template = struct.pack("!HH", 300, len(fields)) + b"".join(field(*one) for one in fields)
    sets = struct.pack("!HH", 2, 4 + len(template)) + template + struct.pack("!HH", 300, 4 + len(record)) + record
    return struct.pack("!HHIII", 10, 16 + len(sets), NOW, 0, 7) + sets


def basic_list(element, width, values):
    body = bytes([255]) + field(element, width, CESNET)
    body += b"".join(value.to_bytes(width, "big", signed=value < 0) for value in values)
    return bytes([255]) + struct.pack("!H", len(body)) + body


def read_template(body):
    fields, at = [], 4
    while at < len(body):
        element, octets = struct.unpack_from("!HH", body, at)
        at += 8 if element & 0x8000 else 4
        fields.append((element & 0x7fff, octets))
    return fields


def read_fields(body, fields):
    """The values of a record's fields, each with its element; lists in their order."""
    values, at = {}, 0
    for element, octets in fields:
        if octets == VARIABLE:
            break
        values.setdefault(element, []).append(body[at:at + octets])
        at += octets
    return values


def read_bins(octets):
    """Yields the records of a bin file."""
    templates = {}
    at = 0
    while at < len(octets):
        length = struct.unpack_from("!H", octets, at + 2)[0]
        inner, end = at + 16, at + length
        while inner < end:
            number, size = struct.unpack_from("!HH", octets, inner)
            body = octets[inner + 4:inner + size]
            inner += size
            if number == 2:
                while body:
                    which, count = struct.unpack_from("!HH", body)
                    templates[which] = read_template(body[:4 + 8 * count])
                    body = body[4 + 8 * count:]
            else:
                yield read_fields(body, templates[number])
        at = end


def row(name):
    source = os.environ["KENCHI_SOURCE"]
    with open(os.path.join(source, "schemas", "host_bin.def"), encoding="utf-8") as file:
        return FIRST_ROW + re.findall(r"^BASE\(\w+, (\w+),", file.read(), re.MULTILINE).index(name)


class ToldSizes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sizes.")
        self.addCleanup(shutil.rmtree, self.folder)

    def bin_of(self, datagram):
        """Packets by size class, sent and received, and the kinds of knowledge."""
        export, bins = os.path.join(self.folder, "export.pcap"), os.path.join(self.folder, "bins")
        with open(export, "wb") as file:
            file.write(capture([(NOW, datagram)]))
        subprocess.run([os.environ["COLLECTOR"], "--read", export, "--write-bins", bins, "--state", self.folder],
                       capture_output=True, check=True, timeout=TIMEOUT_S)
        with open(bins, "rb") as file:
            hosts = [record for record in read_bins(file.read()) if HOST_ELEMENT in record]
        self.assertEqual(len(hosts), 1)
        numbers = [int.from_bytes(value, "big") for value in hosts[0][row("size_packets")]]
        return numbers[:8], numbers[8:], hosts[0][row("size_knowledge")][0][0]

    def expect(self, fields, record, packets, knowledge, received=()):
        sent, heard, known = self.bin_of(ipfix(FIELDS + fields, record))
        self.assertEqual((sent, heard, known), (classes(packets), classes(received), knowledge))

    def test_smallest_and_greatest_leave_no_choice(self):
        told = [(25, 2), (26, 2)]
        self.expect(told, base([52, 1000]) + struct.pack("!HH", 52, 1000), [52, 1000], EXACT)
        self.expect(told, base([52, 600, 1500]) + struct.pack("!HH", 52, 1500), [52, 600, 1500], EXACT)
        self.expect(told, base([60] * 5) + struct.pack("!HH", 60, 60), [60] * 5, EXACT)

    def test_smallest_and_greatest_of_many_are_a_rule(self):
        self.expect([(25, 2), (26, 2)], base([52] * 4 + [1500] * 4) + struct.pack("!HH", 52, 1500), [52] * 4 + [1500] * 4,
                    RULE)

    def test_nprobes_histogram(self):
        told = [(88 + i, 4, NTOP) for i in range(6)]
        self.expect(told, base(DOWNLOAD) + struct.pack("!6I", 3, 0, 0, 1, 2, 0), DOWNLOAD, HISTOGRAM)

    def test_yafs_statistics(self):
        told = [(500, 4, CERT), (501, 4, CERT), (510, 4, CERT), (502, 8, CERT)]
        packets = [52] * 3 + [1500] * 3
        self.expect(told, base(packets) + struct.pack("!IIIQ", 3, 3, 3, 3 * 1448), packets, HISTOGRAM)

    def test_ipfixprobes_list_of_packets(self):
        told = [(1, 8, REVERSE), (2, 8, REVERSE), (291, VARIABLE), (291, VARIABLE)]
        sent, received = [60, 328], [1028, 240]
        record = base(sent, UDP) + struct.pack("!QQ", sum(received), len(received))
        record += basic_list(1013, 2, [32, 1000, 300, 212]) + basic_list(1016, 1, [1, -1, 1, -1])
        self.expect(told, record, sent, EXACT, received)

    def test_without_them_nothing_is_claimed(self):
        _, _, known = self.bin_of(ipfix(FIELDS, base(DOWNLOAD)))
        self.assertIn(known, (RULE, TABLE))

    def test_numbers_that_do_not_add_up_are_not_believed(self):
        told = [(88 + i, 4, NTOP) for i in range(6)]
        _, _, known = self.bin_of(ipfix(FIELDS + told, base(DOWNLOAD) + struct.pack("!6I", 3, 0, 0, 1, 3, 0)))
        self.assertIn(known, (RULE, TABLE))


if __name__ == "__main__":
    unittest.main()
