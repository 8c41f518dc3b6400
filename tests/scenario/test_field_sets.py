"""A thousand Templates drawn by lot: elements that tell the same in different ways, widths, order, what vendors put
between them.  Whatever a Template is like, the record must be what it was made from."""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from exports import NOW, UPTIME_MS, address, capture, uptime_of

TEMPLATES = 1000
REVERSE = 29305
NTP_EPOCH_S = 2208988800
TIMEOUT_S = 60
IGNORED = (5, 9, 13, 15, 16, 17, 52, 53, 56, 57, 58, 59, 80, 89, 95, 131, 144, 148, 195, 197, 206, 210, 225, 226, 227, 228,
           346, 351)
IGNORED_TEXTS = (82, 83, 94, 96, 371, 236)
VENDORS = (9, 2636, 14179, 25461, 5951)


def ntp(ms):
    """Rounded up, so that whole milliseconds are the same again."""
    return (ms // 1000 + NTP_EPOCH_S) << 32 | ms % 1000 * 2**32 // 1000 + 1


class Draw:
    """One record: its fields as (element, enterprise, octets, of variable length), and what must come out."""

    def __init__(self, lot, number):
        self.lot, self.number, self.fields, self.expected = lot, number, [], {"observationDomainId": number}
        self.version = lot.choice((9, 10))
        self.draw_key()
        self.draw_counters()
        self.draw_times()
        self.draw_rest()
        lot.shuffle(self.fields)

    def put(self, element, value, enterprise=0):
        width = self.lot.randrange(max(1, (value.bit_length() + 7) // 8), 9)
        self.fields.append((element, enterprise, value.to_bytes(width, "big"), False))

    def tell(self, element, name, value, enterprise=0):
        self.put(element, value, enterprise)
        self.expected[name] = value

    def draw_key(self):
        low, six = self.number & 0xff, self.lot.random() < 0.3
        ends = [f"2001:db8::{self.number:x}", f"2001:db8:1::{self.number:x}"] if six else [
            f"10.{self.number >> 16}.{self.number >> 8 & 0xff}.{low}", f"198.51.{self.number >> 8 & 0xff}.{low}"]
        for element, name, end in zip((27, 28) if six else (8, 12), ("source", "destination"), ends):
            self.fields.append((element, 0, address(end), False))
            self.expected[f"{name}IPv{6 if six else 4}Address"] = end
        ports = self.lot.choice(((7, 11), (180, 181), (182, 183)))
        interfaces = self.lot.choice(((10, 14), (252, 253)))
        self.tell(4, "protocolIdentifier", self.lot.choice((6, 17, 132)))
        self.tell(6, "tcpControlBits", self.lot.randrange(256))
        for elements, names in ((ports, ("sourceTransportPort", "destinationTransportPort")),
                                (interfaces, ("ingressInterface", "egressInterface"))):
            for element, name in zip(elements, names):
                self.tell(element, name, self.lot.randrange(65536))

    def draw_counters(self):
        self.tell(self.lot.choice((1, 85, 231, 23, 171, 352, 353)), "octetDeltaCount", self.lot.randrange(1, 1 << 40))
        self.tell(self.lot.choice((2, 86, 298, 24, 172)), "packetDeltaCount", self.lot.randrange(1, 1 << 20))
        if self.version == 10 and self.lot.random() < 0.4:
            self.tell(self.lot.choice((1, 85)), "reverseOctetDeltaCount", self.lot.randrange(1, 1 << 40), REVERSE)
            self.tell(self.lot.choice((2, 86)), "reversePacketDeltaCount", self.lot.randrange(1, 1 << 20), REVERSE)

    def draw_times(self):
        start = NOW * 1000 - self.lot.randrange(2000, 900000)
        end = start + self.lot.randrange(NOW * 1000 - start)
        form = self.lot.randrange(8)
        if form == 0:
            start, end = start - start % 1000, end - end % 1000
        pairs = [((150, start // 1000), (151, end // 1000)), ((152, start), (153, end)), ((154, ntp(start)), (155, ntp(end))),
                 ((156, ntp(start)), (157, ntp(end))),
                 ((158, (NOW * 1000 - start) * 1000), (159, (NOW * 1000 - end) * 1000)),
                 ((152, start), (161, end - start)), ((162, (end - start) * 1000), (153, end)),
                 ((22, uptime_of(start)), (21, uptime_of(end)))]
        for element, value in pairs[form]:
            self.put(element, value)
        if form == 7 and self.version == 10:
            self.fields.append((160, 0, (NOW * 1000 - UPTIME_MS).to_bytes(8, "big"), False))
        self.expected.update(flowStartMilliseconds=start, flowEndMilliseconds=end)

    def draw_rest(self):
        if self.lot.random() < 0.3:
            self.tell(61, "flowDirection", 1)
        if self.lot.random() < 0.3:
            self.tell(34, "samplingInterval", self.lot.choice((1, 100)))
        for _ in range(self.lot.randrange(25)):
            kind = self.lot.random() if self.version == 10 else 1
            if kind < 0.3:
                self.fields.append((self.lot.randrange(1, 32767), self.lot.choice(VENDORS),
                                    self.lot.randbytes(self.lot.randrange(40)), self.lot.random() < 0.5))
            elif kind < 0.5:
                self.fields.append((self.lot.choice(IGNORED_TEXTS), 0,
                                    self.lot.randbytes(self.lot.choice((0, 1, 9, 254, 255, 300))), True))
            else:
                self.fields.append((self.lot.choice(IGNORED), 0, self.lot.randbytes(self.lot.randrange(1, 20)), False))

    def datagram(self):
        template, data = struct.pack("!HH", 300, len(self.fields)), b""
        for element, enterprise, octets, variable in self.fields:
            template += struct.pack("!HH", element | (0x8000 if enterprise else 0), 65535 if variable else len(octets))
            template += struct.pack("!I", enterprise) if enterprise else b""
            if variable:
                short = len(octets) < 255 and self.lot.random() < 0.7
                data += bytes([len(octets)]) if short else struct.pack("!BH", 255, len(octets))
            data += octets
        data += bytes(-len(data) % 4)
        sets = [struct.pack("!HH", 0 if self.version == 9 else 2, 4 + len(template)) + template,
                struct.pack("!HH", 300, 4 + len(data)) + data]
        if self.lot.random() < 0.3:
            sets.reverse()  # the data waits for its Template
        body = b"".join(sets)
        if self.version == 9:
            return struct.pack("!HHIIII", 9, 2, UPTIME_MS, NOW, 0, self.number) + body
        return struct.pack("!HHIII", 10, 16 + len(body), NOW, 0, self.number) + body


class FieldSets(unittest.TestCase):
    def test_records_are_what_they_were_made_from(self):
        lot = random.Random(1)
        draws = [Draw(lot, number) for number in range(1, TEMPLATES + 1)]
        with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
            file.write(capture([(NOW, draw.datagram()) for draw in draws]))
            file.flush()
            run = subprocess.run([os.environ["COLLECTOR"], "--read", file.name, "--dump-flows", "--domains-max", "65536",
                                  "--template-octets", "1G"], capture_output=True, check=True, timeout=TIMEOUT_S)
        records = {}
        for line in run.stdout.splitlines():
            record = json.loads(line)
            records[record.get("observationDomainId")] = record
        wrong = []
        for draw in draws:
            got = records.get(draw.number, {})
            wrong += [(draw.number, name, got.get(name), value) for name, value in draw.expected.items()
                      if got.get(name) != value]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
