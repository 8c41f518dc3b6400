"""Reads the bin files that kenchi-collector --write-bins makes (common/bin_file.h)."""
import re
import struct
from pathlib import Path

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "host_bin.def"
WIDTH = {"uint8_t": "B", "uint16_t": "H", "uint32_t": "I", "uint64_t": "Q"}
TOUCHES, TOUCH = 3, struct.Struct("=16sIHHBBBB")
EXTENDED = 0xFFFF


def rows(part):
    text = SCHEMA.read_text()
    return [(WIDTH[kind], name, int(count))
            for kind, name, count in re.findall(rf"^{part}\((\w+), (\w+), (\d+),", text, re.M)]


def layout(part, order):
    names, codes = [], ""
    for code, name, count in rows(part):
        names.append((name, count))
        codes += code * count
    return names, struct.Struct(order + codes)


def named(names, values):
    result, at = {}, 0
    for name, count in names:
        result[name] = values[at:at + count]
        at += count
    return result


def spread(series, octets, kinds, first, last, packets):
    """A touch's octets by second, as fold_octets() in common/host_bin.c does it."""
    packet = octets // max(packets, 1)
    at_start = packet if kinds & 256 else 0
    at_end = packet if kinds & 512 and packets > 1 else 0
    between, quarters, before = octets - at_start - at_end, last - first + 1, 0
    for second in range(first // 4, last // 4):
        until = between * ((second + 1) * 4 - first) // quarters
        series[second] += until - before
        before = until
    series[last // 4] += between - before + at_end
    series[first // 4] += at_start


class Part:
    """One part of a host's bin: `base` and `extension` (None) are tuples by the names of the schema."""

    def __init__(self, host, minute, base, touches, extension):
        self.host, self.minute, self.base, self.touches, self.extension = host, minute, base, touches, extension

    def seconds(self, direction):
        """Octets of each of the 60 seconds, of direction 0 (out) or 1 (in)."""
        if self.extension is not None:
            return list(self.extension["second_octets"][direction * 60:direction * 60 + 60])
        series = [0] * 60
        for _, octets, _, kinds, _, first, last, packets in self.touches:
            if bool(kinds & 32) == bool(direction):
                spread(series, octets, kinds, first, last, packets)
        return series


def read(path):
    """Yields the parts of a file."""
    data = Path(path).read_bytes()
    base_names, base_layout = layout("BASE", ">")
    extension_names, extension_layout = layout("EXTENSION", "=")
    at = 0
    while at < len(data):
        length = struct.unpack_from(">H", data, at + 2)[0]
        kind, size = struct.unpack_from(">HH", data, at + 16)
        record, end = at + 20, at + 16 + size
        while kind == 257 and record < end:
            host = data[record:record + 16]
            minute, count = struct.unpack_from(">IH", data, record + 16)
            base = named(base_names, base_layout.unpack_from(data, record + 24))
            record += 24 + base_layout.size + 2
            touches = [TOUCH.unpack_from(data, record + i * TOUCH.size)
                       for i in range(count if count != EXTENDED else 0)]
            record += TOUCHES * TOUCH.size + 8
            octets = data[record]
            record += 1
            if octets == 255:
                octets = struct.unpack_from(">H", data, record)[0]
                record += 2
            extension = named(extension_names, extension_layout.unpack_from(data, record)) if octets else None
            record += octets
            yield Part(host, minute, base, touches, extension)
        at += length
