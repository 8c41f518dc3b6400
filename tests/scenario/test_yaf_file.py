"""An IPFIX File (RFC 5655) as YAF writes it, built from values: type information (RFC 5610) and Template names in
options, flows with a subTemplateMultiList of TCP, statistics and DNS, the last with a list within."""
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from exports import NOW, address

CERT, REVERSE, VARIABLE = 6871, 29305, 65535
TIMEOUT_S = 30
FLOW, TCP, STATS, DNS, DNS_A, TYPES, NAMES = 0xB800, 0xC003, 0xC005, 0xC00E, 0xC00F, 0xD000, 0xD001

FLOW_FIELDS = [(152, 8), (153, 8), (85, 8), (85, 8, REVERSE), (86, 8), (86, 8, REVERSE), (8, 4), (12, 4), (7, 2), (11, 2),
               (40, 2, CERT), (40 + 0x4000, 2, CERT), (4, 1), (136, 1), (33, 2, CERT), (21, 4, CERT), (58, 2),
               (293, VARIABLE)]
TCP_FIELDS = [(184, 4), (184, 4, REVERSE), (14, 1, CERT), (15, 1, CERT), (16398, 1, CERT), (16399, 1, CERT)]
STATS_FIELDS = [(502, 8, CERT), (16886, 8, CERT), (500, 4, CERT), (16884, 4, CERT), (501, 4, CERT), (16885, 4, CERT),
                (510, 4, CERT), (16894, 4, CERT), (506, 2, CERT), (16890, 2, CERT), (507, 1, CERT), (16891, 1, CERT)]
DNS_FIELDS = [(292, VARIABLE), (179, VARIABLE, CERT), (199, 4, CERT)]
DNS_A_FIELDS = [(8, 4)]
TYPES_FIELDS = [(346, 4), (303, 2), (339, 1), (344, 1), (345, 2), (342, 8), (343, 8), (341, VARIABLE), (340, VARIABLE)]
NAMES_FIELDS = [(145, 2), (1004, VARIABLE, CERT)]


def field(element, octets, *enterprise):
    bits = struct.pack("!HH", element | (0x8000 if enterprise else 0), octets)
    return bits + b"".join(struct.pack("!I", number) for number in enterprise)


def template(template_id, fields, scopes=0):
    body = struct.pack("!HH", template_id, len(fields))
    if scopes:
        body += struct.pack("!H", scopes)
    body += b"".join(field(*one) for one in fields)
    return struct.pack("!HH", 3 if scopes else 2, 4 + len(body)) + body


def data(template_id, body):
    return struct.pack("!HH", template_id, 4 + len(body)) + body


def message(sequence, *sets):
    body = b"".join(sets)
    return struct.pack("!HHIII", 10, 16 + len(body), NOW, sequence, 0) + body


def text(octets, long_form=False):
    if long_form or len(octets) >= 255:
        return struct.pack("!BH", 255, len(octets)) + octets
    return bytes([len(octets)]) + octets


def part(template_id, body):
    return struct.pack("!HH", template_id, 4 + len(body)) + body


def flow(number):
    """Of six packets out four are acknowledgements; one of 100 and one of 300 octets of payload.  Back come three full
    ones."""
    tcp = struct.pack("!IIBBBB", 1, 2, 0x02, 0x1b, 0x12, 0x1a)
    stats = struct.pack("!QQIIIIIIHHBB", 400, 3 * 1460, 4, 0, 2, 3, 1, 3, 300, 1460, 0, 0)
    answers = struct.pack("!BH", 3, DNS_A) + address("203.0.113.1") + address("203.0.113.2")
    dns = text(answers, long_form=True) + text(b"www.example.net.") + struct.pack("!I", 60)
    lists = b"\x03" + part(TCP, tcp) + part(STATS, stats) + part(DNS, dns)
    return struct.pack("!QQQQQQ", NOW * 1000 - 9000, NOW * 1000 - 4000 + number, 6 * 40 + 400, 3 * 1500, 6, 3) + \
        address(f"10.0.0.{number}") + address("198.51.100.7") + \
        struct.pack("!HHHHBBHIH", 40000 + number, 443, 0, 0, 6, 3, 443, 12, 0) + text(lists, long_form=True)


def yaf_file(count):
    types = struct.pack("!IHBBHQQ", CERT, 14, 1, 5, 0, 0, 255) + text(b"initialTCPFlags") + text(b"TCP flags of the first packet")
    names = struct.pack("!H", FLOW) + text(b"yaf_flow")
    return message(0, template(TYPES, TYPES_FIELDS, 2), data(TYPES, types)) + \
        message(1, template(NAMES, NAMES_FIELDS, 1), data(NAMES, names)) + \
        message(2, template(DNS_A, DNS_A_FIELDS), template(DNS, DNS_FIELDS), template(STATS, STATS_FIELDS),
                template(TCP, TCP_FIELDS), template(FLOW, FLOW_FIELDS)) + \
        message(2, data(FLOW, b"".join(flow(number) for number in range(1, count + 1))))


class YafFile(unittest.TestCase):
    def test_flows_and_their_lists_are_read(self):
        with tempfile.NamedTemporaryFile(suffix=".ipfix") as file:
            file.write(yaf_file(5))
            file.flush()
            run = subprocess.run([os.environ["COLLECTOR"], "--read", file.name, "--dump-flows"], capture_output=True,
                                 check=True, timeout=TIMEOUT_S)
        *records, last = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual(len(records), 5)
        for number, record in enumerate(records, 1):
            wanted = {
                "sourceIPv4Address": f"10.0.0.{number}", "destinationIPv4Address": "198.51.100.7",
                "sourceTransportPort": 40000 + number, "destinationTransportPort": 443, "protocolIdentifier": 6,
                "octetDeltaCount": 640, "packetDeltaCount": 6, "reverseOctetDeltaCount": 4500, "reversePacketDeltaCount": 3,
                "tcpControlBits": 0x1b, "reverseTcpControlBits": 0x1a, "flowStartMilliseconds": NOW * 1000 - 9000,
                "flowEndMilliseconds": NOW * 1000 - 4000 + number, "flowEndReason": 3,
                "packetsBySize": [4, 0, 1, 1, 0, 0, 0, 0], "reversePacketsBySize": [0, 0, 0, 0, 0, 0, 0, 3],
            }
            self.assertEqual({key: record.get(key) for key in wanted}, wanted)
        counters = last["stats"]
        self.assertEqual(counters.get("records_options", 0), 2)
        self.assertEqual(counters.get("records_structured_refused", 0), 0)
        self.assertEqual(counters.get("lists_template_missing", 0), 0)
        self.assertEqual(counters.get("sequence_lost", 0), 0)


if __name__ == "__main__":
    unittest.main()
