#!/usr/bin/env python3
"""When the hosts that scan begin to, as the flow records of a capture tell.

    kenchi-collector --read CAPTURE --dump-flows | tools/train/scan_starts.py LABELS [VERDICTS]

LABELS is the labels.csv of the capture; the infected hosts of behaviour "scan" in it are looked at. A pair is a (peer,
port, protocol) that the host opened and that sent nothing back, or only a reset. The scan is the first minute with 30
such pairs that are at least half of the pairs opened in it; its first flow is the first pair of that minute, or of those before
it without a gap of a minute, that is for one of the minute's own ports or peers (one with a tenth of its pairs).

Prints one line a host: host, first scanning flow in milliseconds since 1970. With VERDICTS (of kenchi analyze --scores)
also the seconds from there to the verdict, and at the end their median and greatest.
"""
import collections
import csv
import json
import statistics
import sys

MINUTE_MS = 60000
LEAST_PAIRS = 30
GRACE_MS = 1000  # an answer's clock may be behind
FLAG_RST, FLAG_SYN, FLAG_ACK = 4, 2, 16


def address(record, side):
    return record.get(side + "IPv4Address") or record.get(side + "IPv6Address")


def scanners(path):
    """host: when its infection begins."""
    with open(path, newline="") as file:
        return {
            row["host"]: int(row["from_ms"])
            for row in csv.DictReader(file)
            if row["label"] == "infected" and row["behaviour"] == "scan"
        }


def is_answer(record):
    flags = record.get("tcpControlBits", 0)
    return record["protocolIdentifier"] != 6 or not flags & FLAG_RST or flags & FLAG_SYN


def read(lines, hosts):
    """Pairs of each host, and those that answered."""
    opened = collections.defaultdict(dict)
    answered = collections.defaultdict(set)
    for line in lines:
        record = json.loads(line)
        source, destination = address(record, "source"), address(record, "destination")
        if source not in hosts and destination not in hosts or record.get("flowStartMilliseconds") is None:
            continue
        protocol = record["protocolIdentifier"]
        ports = record.get("sourceTransportPort", 0), record.get("destinationTransportPort", 0)
        if protocol in (1, 58):
            ports = 0, 0
        if source in hosts:
            start = record["flowStartMilliseconds"]
            pair = destination, ports[1], protocol
            opened[source][pair] = min(start, opened[source].get(pair, start))
        if destination in hosts and is_answer(record):
            answered[destination].add((source, ports[0], protocol))
    return opened, answered


def first_flow(pairs, answered, since_ms):
    """Of the scan; None: there is none."""
    times = sorted((time, pair) for pair, time in pairs.items() if time >= since_ms - MINUTE_MS)
    silent = [(time, pair) for time, pair in times if pair not in answered]
    begin = begin_all = end_all = 0
    for end, (time, _) in enumerate(silent):
        while silent[begin][0] <= time - MINUTE_MS:
            begin += 1
        while end_all < len(times) and times[end_all][0] <= time:
            end_all += 1
        while times[begin_all][0] <= time - MINUTE_MS:
            begin_all += 1
        if end - begin + 1 >= LEAST_PAIRS and 2 * (end - begin + 1) >= end_all - begin_all:
            return extend(silent, begin, silent[begin][0])
    return None


def keys(pair):
    return ("port", pair[1], pair[2]), ("peer", pair[0])


def extend(silent, begin, begin_ms):
    """Back from the minute of the scan to its first flow."""
    minute = [pair for time, pair in silent[begin:] if time < begin_ms + MINUTE_MS]
    counts = collections.Counter(key for pair in minute for key in keys(pair))
    own = {key for key, count in counts.items() if 10 * count >= len(minute)}
    of_scan = [time for time, pair in silent if own.intersection(keys(pair))]
    first = min(time for time in of_scan if time >= begin_ms)
    for time in reversed([time for time in of_scan if time < first]):
        if first - time > MINUTE_MS:
            break
        first = time
    return first


def detections(path):
    detected = {}
    with open(path) as file:
        for line in file:
            verdict = json.loads(line)
            time = verdict.get("first_detected_ms")
            if verdict["verdict"] == "infected" and time is not None:
                detected[verdict["host"]] = min(time, detected.get(verdict["host"], time))
    return detected


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    hosts = scanners(sys.argv[1])
    opened, answered = read(sys.stdin, hosts)
    detected = detections(sys.argv[2]) if len(sys.argv) > 2 else None
    latencies = []
    for host in sorted(hosts):
        first = first_flow(opened[host], answered[host], hosts[host])
        line = [host, str(first)]
        if detected is not None:
            latency = (detected[host] - first) / 1000 if first is not None and host in detected else None
            line += ["not found" if latency is None else f"{latency:.1f} s"]
            latencies += [] if latency is None else [latency]
        print(*line)
    if latencies:
        print(f"from the first scanning flow: {len(latencies)} of {len(hosts)} scanners, median "
              f"{statistics.median(latencies):.1f} s, greatest {max(latencies):.1f} s")


if __name__ == "__main__":
    main()
