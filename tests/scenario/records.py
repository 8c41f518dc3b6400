"""Flow records as kenchi-flowgen --from takes them, made of values."""
START_MS = 1772445600000
MINUTE_MS = 60000
TCP, UDP, ICMP = 6, 17, 1
WHOLE, GOES_ON = 0x1b, 0x18  # TCP flags
SYN, RST, ACK = 0x02, 0x04, 0x10


def record(source, target, ports, protocol, start_ms, duration_ms, packets, octets, flags=0):
    return {"sourceIPv4Address": source, "destinationIPv4Address": target, "sourceTransportPort": ports[0],
            "destinationTransportPort": ports[1], "protocolIdentifier": protocol, "tcpControlBits": flags,
            "flowStartMilliseconds": START_MS + start_ms, "flowEndMilliseconds": START_MS + start_ms + duration_ms,
            "packetDeltaCount": packets, "octetDeltaCount": octets}


def icmp(source, target, kind, start_ms, packets=1):
    """`kind`: type and code, as icmpTypeCodeIPv4 has them."""
    return record(source, target, (0, kind), ICMP, start_ms, 0, packets, packets * 84) | {"icmpTypeCode": kind}


def exchange(host, peer, port, start_ms, out, back, number=0, duration_ms=900):
    """A TCP connection from beginning to end: octets each way."""
    ports = 40000 + number, port
    yield record(host, peer, ports, TCP, start_ms, duration_ms, 5 + out // 1400, out, WHOLE)
    yield record(peer, host, ports[::-1], TCP, start_ms + 20, duration_ms, 4 + back // 1400, back, WHOLE)


def browsing(host, minutes):
    """Five sites, each asked every minute."""
    for minute in range(minutes):
        for i in range(5):
            at_ms = minute * MINUTE_MS + (i * 11000 + int(host[-1]) * 1700 + minute * 2300) % 55000
            yield from exchange(host, f"198.51.100.{i + 1}", 443, at_ms, 1200 + 100 * i, 9000 + 3000 * i,
                                number=minute * 8 + i)
