#!/usr/bin/env python3
"""Fits collector/second_shape_table.def: where in its life half of a flow record's octets lie.

  second_shapes.py --collector build/collector/kenchi-collector --truth DIR [--check] [--out collector/second_shape_table.def]

DIR holds captures.csv, split.csv and a folder for each capture, with its export and the octets per second of the host's
packets.  Only the part `train` is read.  One packet's worth of a record is where it starts and one where it ends; of the
rest half is spread evenly, and half over the span of one of SHAPES (those of enum host_touch_shape).  The truth is not told record by
record: groups of records, as collector/second_shapes.c tells them apart, take in turn the shape that leaves the least squared
error of the octets per second, every window counting as one; another shape than the even one must gain PRIOR windows.
A record that passes the end of a minute, or lies within a second, has no shape.

--check tells the correlation with the truth on captures left out of the fit, without and with shapes, and writes nothing.
Python 3, standard library only.
"""
import argparse
import collections
import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from packet_truth import Truth, captures_of, run  # noqa: E402

SHAPES = [None, ("front", 2), ("front", 4), ("front", 8), ("back", 4), ("back", 8), ("first third", 0), ("last third", 0)]
DURATIONS_MS = [1000, 2000, 4000, 7000, 12000, 20000, 40000]
MEANS = [120, 500]
PROTOCOLS = {6: 0, 17: 1}
PRIOR, ROUNDS, FOLDS, WINDOW, SECONDS_LEAST = 0.1, 3, 3, 300, 5
LOOK_AHEAD = 25  # records of about one datagram: what the conversation table sees together
FIN, RST = 1, 4


class Record:
    def __init__(self, line):
        correction = line.get("clockCorrectionMilliseconds", 0)
        self.start, self.end = (line[f"flow{end}Milliseconds"] + correction for end in ("Start", "End"))
        self.packets, self.octets = line.get("packetDeltaCount", 0), line.get("octetDeltaCount", 0)
        self.protocol, self.flags = line.get("protocolIdentifier", 0), line.get("tcpControlBits", 0)
        self.ends = [line.get(f"{end}IPv4Address", line.get(f"{end}IPv6Address")) for end in ("source", "destination")]
        ports = [line.get("sourceTransportPort", 0), line.get("destinationTransportPort", 0)]
        self.key = (*self.ends, *ports, self.protocol)
        self.back = (*self.ends[::-1], *ports[::-1], self.protocol)
        self.other = None

    def group(self):
        return (PROTOCOLS.get(self.protocol, 2), sum(self.end - self.start >= edge for edge in DURATIONS_MS),
                min(self.packets.bit_length() - 1, 7) // 2, sum(self.octets >= edge * self.packets for edge in MEANS),
                int(self.other is not None and self.other.flags & (FIN | RST) != 0), int(self.flags & FIN))


def read_records(collector, export, host):
    lines = [json.loads(line) for line in run(collector, export, host, "--dump-flows").decode().splitlines()]
    records, last = [Record(line) for line in lines if "flowStartMilliseconds" in line], {}
    for at, record in enumerate(records):
        ahead = {later.key: later for later in reversed(records[at + 1:at + 1 + LOOK_AHEAD])}
        record.other = last.get(record.back, ahead.get(record.back))
        last[record.key] = record
    return [record for record in records if host in record.ends and record.packets > 0]


def span_of(shape, first, last):
    """[begin, end) of the half, in quarters of a second."""
    length = last - first + 1
    kind, quarters = shape
    if kind == "front":
        return first, first + min(quarters, length)
    if kind == "back":
        return last + 1 - min(quarters, length), last + 1
    third = (length + 2) // 3
    return (first, first + third) if kind == "first third" else (last + 1 - third, last + 1)


def spread(series, octets, begin, end):
    for second in range(begin // 4, (end - 1) // 4 + 1):
        series[second] += octets * (min(end, (second + 1) * 4) - max(begin, second * 4)) / (end - begin)


class Capture:
    """The truth by second; octets that no shape moves; and those of each group by shape."""

    def __init__(self, collector, folder):
        truth = Truth(folder)
        self.truth, self.fixed, self.groups = collections.Counter(), collections.Counter(), {}
        for (second, _), octets in truth.seconds.items():
            self.truth[second] += octets
        for record in read_records(collector, folder / "export.v9.pcap.gz", truth.host):
            self.add(record)
        self.weights = {}
        for window in {second // WINDOW for second in self.truth}:
            series = self.series(self.truth, window)
            mean = sum(series) / WINDOW
            power = sum((octets - mean) ** 2 for octets in series)
            self.weights[window] = 1 / power if power > 0 and self.counts(window) else 0

    @staticmethod
    def series(octets, window):
        return [octets[second] for second in range(window * WINDOW, (window + 1) * WINDOW)]

    def counts(self, window):
        return sum(octets > 0 for octets in self.series(self.truth, window)) >= SECONDS_LEAST

    def add(self, record):
        first, last = record.start // 250, record.end // 250
        packet = record.octets / record.packets
        rest = max(record.octets - 2 * packet, 0)
        self.fixed[first // 4] += packet
        if record.packets > 1:
            self.fixed[last // 4] += packet
        if rest == 0 or first // 4 == last // 4 or record.start // 60000 != record.end // 60000:
            spread(self.fixed, rest, first, last + 1)
            return
        shapes = self.groups.setdefault(record.group(), [collections.Counter() for _ in SHAPES])
        for series, shape in zip(shapes, SHAPES):
            half = rest / 2 if shape else 0
            spread(series, rest - half, first, last + 1)
            if shape:
                spread(series, half, *span_of(shape, first, last))

    def known(self, table):
        sums = collections.Counter(self.fixed)
        for group, shapes in self.groups.items():
            sums.update(shapes[table.get(group, 0)])
        return sums

    def correlations(self, table):
        known = self.known(table)
        return [correlation(self.series(self.truth, window), self.series(known, window))
                for window in sorted(self.weights) if self.counts(window)]


def correlation(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    cov = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    var = sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)
    return cov / math.sqrt(var) if var > 0 else 0.0


def losses(capture, error, group, now):
    """Squared error with each shape, in the seconds that the group's records touch."""
    shapes, result = capture.groups[group], [0.0] * len(SHAPES)
    for second in set().union(*shapes):
        weight = capture.weights.get(second // WINDOW, 0)
        without = error[second] - shapes[now][second]
        for i, series in enumerate(shapes):
            result[i] += weight * (without + series[second]) ** 2
    return result


def fit(captures):
    table = {group: 0 for capture in captures for group in capture.groups}
    errors = []
    for capture in captures:
        error = capture.known(table)
        error.subtract(capture.truth)
        errors.append(error)
    for _ in range(ROUNDS):
        for group in sorted(table):
            concerned = [(capture, error) for capture, error in zip(captures, errors) if group in capture.groups]
            sums = [0.0] + [PRIOR] * (len(SHAPES) - 1)
            for capture, error in concerned:
                sums = [x + y for x, y in zip(sums, losses(capture, error, group, table[group]))]
            best = sums.index(min(sums))
            for capture, error in concerned:
                error.update(capture.groups[group][best])
                error.subtract(capture.groups[group][table[group]])
            table[group] = best
    return table


def check(captures):
    plain, shaped = [], []
    for fold in range(FOLDS):
        table = fit([capture for i, capture in enumerate(captures) if i % FOLDS != fold])
        for capture in captures[fold::FOLDS]:
            plain += capture.correlations({})
            shaped += capture.correlations(table)
    print(f"windows {len(plain)}: even {sum(plain) / len(plain):.4f}, shapes {sum(shaped) / len(shaped):.4f}")


def write(path, table, count):
    with open(path, "w") as out:
        out.write(f"""/*
 * Where in its life half of a flow record's octets lie (enum host_touch_shape), by the groups of records that
 * collector/second_shapes.c tells apart; groups that are not here are even.
 *
 * Made by tools/train/second_shapes.py from the part "train" of the packet-truth set of the kenchi lab: {count} captures of
 * one host each, exported from their very packets.  Numbers only: no address and no payload is in here.  Do not edit: make it
 * anew.
 *
 *   GROUP(protocol, duration, packets, mean, has the other direction ended, has this one, shape)
 */
""")
        for group in sorted(table):
            if table[group] != 0:
                out.write("GROUP({})\n".format(", ".join(map(str, group + (table[group],)))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--collector", default="build/collector/kenchi-collector")
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--out", default="collector/second_shape_table.def")
    options = parser.parse_args()
    captures = [Capture(options.collector, folder) for folder in captures_of(options.truth, "train")]
    if options.check:
        check(captures)
    else:
        write(options.out, fit(captures), len(captures))


if __name__ == "__main__":
    main()
