#!/usr/bin/env python3
"""Fits collector/packet_size_table.def: which sizes the groups of packets have that a flow record is split into.

  packet_sizes.py --collector build/collector/kenchi-collector --truth DIR [--out collector/packet_size_table.def]

DIR holds captures.csv, split.csv and a folder for each capture, with its export and the true packets by size class, minute
and direction.  Only the part `train` is read.  The truth is not told record by record, so the shares of each group are
found by expectation maximisation: packets of a minute are given to the groups in the proportion of their shares, and shares
taken anew.  `PRIOR` packets of the plain rule are added to each group; a minute counts for at most `MINUTE_MOST` packets.

The groups are those of collector/packet_sizes.c, which says what they mean; the two must agree.
Python 3, standard library only.
"""
import argparse
import collections
import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from packet_truth import IN, OUT, Truth, captures_of, run, size_class  # noqa: E402

PRIOR, SOFTNESS, MINUTE_MOST, STEPS = 40.0, 0.02, 300.0, 40
LOOK_AHEAD = 25  # records of about one datagram: what the conversation table sees together
MEAN_EDGES = [46, 52, 60, 80, 100, 140, 200, 280, 380, 500, 640, 800, 1000, 1200, 1300, 1360, 1400, 1440, 1470, 1490]
KINDS = ["ALONE", "ACKS", "FULL", "REST", "UDP", "UDP_SOME", "UDP_MANY", "OTHER"]
TCP, UDP = 6, 17
FIN, SYN, RST = 1, 2, 4


class Record:
    def __init__(self, line, host):
        self.start, self.end = line["flowStartMilliseconds"], line["flowEndMilliseconds"]
        self.packets, self.octets = line.get("packetDeltaCount", 0), line.get("octetDeltaCount", 0)
        self.protocol, self.flags = line.get("protocolIdentifier", 0), line.get("tcpControlBits", 0)
        ends = [line.get(f"{end}IPv4Address", line.get(f"{end}IPv6Address")) for end in ("source", "destination")]
        ports = [line.get("sourceTransportPort", 0), line.get("destinationTransportPort", 0)]
        self.key = (ends[0], ends[1], ports[0], ports[1], self.protocol)
        self.back = (ends[1], ends[0], ports[1], ports[0], self.protocol)
        self.direction = OUT if ends[0] == host else IN if ends[1] == host else None
        self.other = None


def read_records(collector, export, host):
    """The host's records, each with the other direction's last record, or the next one if it comes soon."""
    lines = [json.loads(line) for line in run(collector, export, host, "--dump-flows").decode().splitlines()]
    records = [Record(line, host) for line in lines if "flowStartMilliseconds" in line]
    last = {}
    for at, record in enumerate(records):
        ahead = {later.key: later for later in reversed(records[at + 1:at + 1 + LOOK_AHEAD])}
        record.other = last.get(record.back, ahead.get(record.back))
        last[record.key] = record
    return [record for record in records if record.direction is not None and record.packets > 0]


def clamp(value, least, greatest):
    return max(least, min(greatest, value))


def mean_bucket(octets):
    return sum(octets >= edge for edge in MEAN_EDGES)


def groups_of(record):
    """[((kind, bucket), packets, {class: share by the plain rule})]"""
    n, mean = record.packets, record.octets / record.packets
    if record.protocol != TCP:
        udp = "UDP" if n < 4 else "UDP_SOME" if n < 32 else "UDP_MANY"
        return [((udp if record.protocol == UDP else "OTHER", mean_bucket(mean)), n, {size_class(mean): 1})]
    if record.other is None:
        full = clamp((mean - 52) / (1500 - 52), 0, 1)
        rule = collections.Counter({7: full})
        rule[size_class(min(mean, 52))] += 1 - full
        return [(("ALONE", mean_bucket(mean)), n, rule)]
    payload = max(record.octets - 44 * n, 0)
    other_payload = max(record.other.octets - 44 * record.other.packets, 0)
    acks = min(record.other.packets, math.ceil(other_payload / 1380)) * 0.5
    acks += (2 if record.flags & SYN else 0) + (1 if record.flags & (FIN | RST) else 0)
    acks = min(acks, n)
    data = max(n - acks, min(n, math.ceil(payload / 1460))) if payload > 0 else n - acks
    each = payload / data if data > 0 else 0
    full = data if each >= 1200 else clamp((payload - 250 * data) / (1460 - 250), 0, data) if each >= 250 else 0
    groups = []
    if n > data:
        bucket = (mean_bucket(mean) if mean < 56 else 3) + (4 if record.flags & SYN else 0)
        groups.append((("ACKS", bucket), n - data, {1: 1}))
    if full > 0:
        groups.append((("FULL", clamp(int(each / 40) - 30, 0, 8) if full == data else 9), full, {7: 1}))
    if data > full:
        rest = max(payload - 1460 * full, 0) / (data - full) + 44
        groups.append((("REST", 21 if full > 0 else mean_bucket(rest)), data - full, {size_class(rest): 1}))
    return groups


class Minute:
    """The packets of one minute and direction: the truth, less what is known exactly, and the groups they fall in."""

    def __init__(self):
        self.exact = [0.0] * 8
        self.groups = collections.Counter()


def collect(collector, folders):
    rules = collections.defaultdict(lambda: [0.0] * 8)
    observed = []
    for folder in folders:
        truth = Truth(folder)
        minutes = collections.defaultdict(Minute)
        for record in read_records(collector, folder / "export.v9.pcap.gz", truth.host):
            for minute in range(record.start // 60000, record.end // 60000 + 1):
                inside = min(record.end + 1, (minute + 1) * 60000) - max(record.start, minute * 60000)
                share = inside / (record.end + 1 - record.start)
                here = minutes[minute, record.direction]
                if record.packets == 1:
                    here.exact[size_class(record.octets)] += share
                    continue
                for key, packets, rule in groups_of(record):
                    here.groups[key] += packets * share
                    for i, part in rule.items():
                        rules[key][i] += packets * share * part
        for key, minute in minutes.items():
            if key in truth.sizes and minute.groups:
                left = [max(t - e, 0) + 1e-3 for t, e in zip(truth.sizes[key], minute.exact)]
                total = sum(minute.groups.values())
                observed.append((minute.groups, total, [x * total / sum(left) for x in left]))
    return observed, {key: shares(rule) for key, rule in rules.items()}


def shares(counts):
    return [count / sum(counts) for count in counts]


def fit(observed, rules):
    table = {key: shares([x + SOFTNESS for x in rule]) for key, rule in rules.items()}
    for _ in range(STEPS):
        given = collections.defaultdict(lambda: [0.0] * 8)
        for groups, total, truth in observed:
            expected = [sum(n * table[key][i] for key, n in groups.items()) + 1e-9 for i in range(8)]
            weight = min(1, MINUTE_MOST / total)
            for key, n in groups.items():
                for i in range(8):
                    given[key][i] += weight * n * table[key][i] * truth[i] / expected[i]
        table = {key: shares([g + PRIOR * r for g, r in zip(given[key], rule)]) for key, rule in rules.items()}
    return table


def write(path, table, captures):
    with open(path, "w") as out:
        out.write(f"""/*
 * Sizes of the packets of each group that collector/packet_sizes.c splits a flow record into: thousandths by size class.
 *
 * Made by tools/train/packet_sizes.py from the part "train" of the packet-truth set of the kenchi lab: {captures} captures of
 * one host each (malware runs of 2016 to 2020, normal applications, smart devices being set up), exported from their very
 * packets.  Numbers only: no address and no payload is in here.  Do not edit: make it anew.
 *
 *   CELL(kind, bucket, below 50, below 100, 200, 500, 1000, 1400, 1500, and above)
 */
""")
        for kind, bucket in sorted(table, key=lambda key: (KINDS.index(key[0]), key[1])):
            cell = [round(1000 * share) for share in table[kind, bucket]]
            cell[cell.index(max(cell))] += 1000 - sum(cell)
            out.write(f"CELL({kind}, {bucket}, {', '.join(map(str, cell))})\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--collector", default="build/collector/kenchi-collector")
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--out", default="collector/packet_size_table.def")
    options = parser.parse_args()
    folders = captures_of(options.truth, "train")
    observed, rules = collect(options.collector, folders)
    write(options.out, fit(observed, rules), len(folders))


if __name__ == "__main__":
    main()
