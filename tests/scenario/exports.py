"""Export datagrams and captures, built from values."""
import ipaddress
import struct

NOW = 1700000000  # seconds; the exporters' time


def address(text):
    return ipaddress.ip_address(text).packed


class Flow:
    """One flow record; times are milliseconds since 1970."""

    def __init__(self, source, destination, ports=(1024, 80), protocol=6, octets=1000, packets=10,
                 start_ms=NOW * 1000 - 5000, end_ms=NOW * 1000 - 1000, flags=0x1b):
        self.source, self.destination = source, destination
        self.ports, self.protocol = ports, protocol
        self.octets, self.packets = octets, packets
        self.start_ms, self.end_ms, self.flags = start_ms, end_ms, flags

    def as_dumped(self):
        """What a dump says of it, whatever protocol carried it."""
        version = ipaddress.ip_address(self.source).version
        return {
            f"sourceIPv{version}Address": self.source,
            f"destinationIPv{version}Address": self.destination,
            "sourceTransportPort": self.ports[0],
            "destinationTransportPort": self.ports[1],
            "protocolIdentifier": self.protocol,
            "octetDeltaCount": self.octets,
            "packetDeltaCount": self.packets,
            "tcpControlBits": self.flags,
            "flowStartMilliseconds": self.start_ms,
            "flowEndMilliseconds": self.end_ms,
        }


UPTIME_MS = 3600000


def uptime_of(ms):
    return UPTIME_MS + ms - NOW * 1000


def netflow5(flows, sequence=0):
    header = struct.pack("!HHIIIIBBH", 5, len(flows), UPTIME_MS, NOW, 0, sequence, 0, 0, 0)
    return header + b"".join(
        struct.pack("!4s4s4sHHIIIIHHBBBBHHBBH", address(f.source), address(f.destination), bytes(4), 0, 0, f.packets,
                    f.octets, uptime_of(f.start_ms), uptime_of(f.end_ms), f.ports[0], f.ports[1], 0, f.flags,
                    f.protocol, 0, 0, 0, 0, 0, 0) for f in flows)


# Information Elements and lengths, the same for both protocols but for the times.
def fields(version, times):
    addresses = [(8, 4), (12, 4)] if version == 4 else [(27, 16), (28, 16)]
    return addresses + [(7, 2), (11, 2), (4, 1), (6, 1), (1, 8), (2, 4)] + times


NETFLOW9_TIMES = [(22, 4), (21, 4)]  # uptime
IPFIX_TIMES = [(152, 8), (153, 8)]  # milliseconds since 1970


def template_set(set_id, template_id, template_fields):
    body = struct.pack("!HH", template_id, len(template_fields))
    body += b"".join(struct.pack("!HH", *field) for field in template_fields)
    return struct.pack("!HH", set_id, 4 + len(body)) + body


def data_set(template_id, flows, encode_times):
    body = b"".join(
        address(f.source) + address(f.destination) +
        struct.pack("!HHBBQI", f.ports[0], f.ports[1], f.protocol, f.flags, f.octets, f.packets) + encode_times(f)
        for f in flows)
    return struct.pack("!HH", template_id, 4 + len(body)) + body


def version_of(flow):
    return ipaddress.ip_address(flow.source).version


def netflow9(flows, sequence=0, template=True, data=True, source_id=7):
    version = version_of(flows[0])
    sets = b""
    count = 0
    if template:
        sets += template_set(0, 256 + version, fields(version, NETFLOW9_TIMES))
        count += 1
    if data:
        sets += data_set(256 + version, flows,
                         lambda f: struct.pack("!II", uptime_of(f.start_ms), uptime_of(f.end_ms)))
        count += len(flows)
    return struct.pack("!HHIIII", 9, count, UPTIME_MS, NOW, sequence, source_id) + sets


def ipfix(flows, sequence=0, template=True, data=True, domain=7, export_time=NOW):
    version = version_of(flows[0])
    sets = b""
    if template:
        sets += template_set(2, 256 + version, fields(version, IPFIX_TIMES))
    if data:
        sets += data_set(256 + version, flows, lambda f: struct.pack("!QQ", f.start_ms, f.end_ms))
    return struct.pack("!HHIII", 10, 16 + len(sets), export_time, sequence, domain) + sets


def sampling(interval, domain=7, export_time=NOW):
    """Two IPFIX messages: an Options Template, and its record: one packet in `interval` is sampled."""
    template = struct.pack("!HHHHH", 3, 18, 999, 2, 1) + struct.pack("!HHHH", 149, 4, 34, 4)
    record = struct.pack("!HHII", 999, 12, domain, interval)
    return [struct.pack("!HHIII", 10, 16 + len(octets), export_time, 0, domain) + octets
            for octets in (template, record)]


def capture(datagrams, exporter="192.0.2.1"):
    """A pcap of raw IP; of each datagram (time in seconds, octets)."""
    file = struct.pack("!IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
    for time, octets in datagrams:
        udp = struct.pack("!HHHH", 30000, 2055, 8 + len(octets), 0) + octets
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, address(exporter),
                         address("192.0.2.2")) + udp
        file += struct.pack("!IIII", int(time), int(time % 1 * 1e6), len(ip), len(ip)) + ip
    return file
