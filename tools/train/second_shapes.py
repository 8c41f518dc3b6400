#!/usr/bin/env python3
"""Fits collector/second_shape_table.def: where in its life a flow record's octets lie.

  second_shapes.py --collector build/collector/kenchi-collector --truth DIR [--check] [--out collector/second_shape_table.def]

DIR holds captures.csv, split.csv and a folder for each capture, with its export and the octets per second of the host's
packets.  Only the part `train` is read.  One packet's worth of a record is where it starts and one where it ends; the rest is
a mixture of even and of the spans of schemas/touch_shapes.def.  What the mixture is depends on the record's group (those that
collector/second_shapes.c tells apart): the logarithm of each weight is a sum over what the group is (protocol, how long at
least, how many packets at least, how it ended, how long at least for how it ended), so that groups with few records take
after their neighbours.  The sums are those that give the greatest mean correlation with the truth per window, less
`SHRINK` times half their squares: by gradient ascent (Adam).  Each group then has the shape that is nearest.

--check tells the correlation with the truth on captures left out of the fit with all of their family, even and shaped, and
writes nothing.  Python 3, standard library only; some minutes.
"""
import argparse
import collections
import json
import math
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from packet_truth import Truth, captures_of, run, table  # noqa: E402

SPANS = [2, 8, -4, -8]  # quarters of a second from the start, or from the end
DURATIONS_MS = [1000, 2000, 4000, 7000, 12000, 20000, 40000]
PACKETS = [4, 16, 64, 256]
PROTOCOLS = {6: 0, 17: 1}
SHRINK, STEPS, RATE, EVEN_FIRST, FOLDS, ORDERS = 0.35, 100, 0.05, 3.0, 10, 3
WINDOW, SECONDS_LEAST = 300, 5
LOOK_AHEAD = 40  # records of one datagram at most: what the conversation table sees together
FIN, SYN, RST = 1, 2, 4
SHAPES_DEF = Path(__file__).resolve().parents[2] / "schemas" / "touch_shapes.def"


class Record:
    def __init__(self, line):
        self.correction = correction = line.get("clockCorrectionMilliseconds", 0)
        self.start, self.end = (line[f"flow{end}Milliseconds"] + correction for end in ("Start", "End"))
        self.packets, self.octets = line.get("packetDeltaCount", 0), line.get("octetDeltaCount", 0)
        self.protocol, self.flags = line.get("protocolIdentifier", 0), line.get("tcpControlBits", 0)
        self.ends = [line.get(f"{end}IPv4Address", line.get(f"{end}IPv6Address")) for end in ("source", "destination")]
        ports = [line.get("sourceTransportPort", 0), line.get("destinationTransportPort", 0)]
        self.key = (*self.ends, *ports, self.protocol)
        self.back = (*self.ends[::-1], *ports[::-1], self.protocol)
        self.other = None

    def group(self):
        """(protocol, duration, packets, ends): as the indexes of the table in collector/second_shapes.c."""
        ends = 0
        if self.protocol == 6:
            other_ended = self.other is not None and self.other.flags & (FIN | RST) != 0
            ends = (self.flags & FIN != 0) + 2 * (self.flags & RST != 0) + 4 * other_ended + 8 * (self.flags & SYN != 0)
        return (PROTOCOLS.get(self.protocol, 2), sum(self.end - self.start >= edge for edge in DURATIONS_MS),
                sum(self.packets >= edge for edge in PACKETS), ends)


def terms(group):
    """What a group is: the names of the sums that it takes part in."""
    protocol, duration, packets, ends = group
    result = [("protocol", protocol)]
    result += [("duration", protocol, edge) for edge in range(duration)] + [("packets", protocol, edge) for edge in range(packets)]
    if protocol == 0:
        fin, rst, other_ended, syn = (ends >> bit & 1 for bit in range(4))
        result += [("fin", fin), ("rst", rst), ("other ended", other_ended), ("syn", syn)]
        result += [("ended after", fin, other_ended, edge) for edge in range(duration)]
    return result


def read_records(collector, export, host):
    lines = [json.loads(line) for line in run(collector, export, host, "--dump-flows").decode().splitlines()]
    records, last = [Record(line) for line in lines if "flowStartMilliseconds" in line], {}
    for at, record in enumerate(records):
        ahead = {later.key: later for later in reversed(records[at + 1:at + 1 + LOOK_AHEAD])
                 if later.correction == record.correction}  # differs from datagram to datagram, by the header's seconds
        record.other = last.get(record.back, ahead.get(record.back))
        last[record.key] = record
    return [record for record in records if host in record.ends and record.packets > 0]


def spread(octets, begin, end):
    """[(second, octets)] of octets over the quarters of a second from begin to end."""
    for second in range(begin // 4, (end - 1) // 4 + 1):
        yield second, octets * (min(end, (second + 1) * 4) - max(begin, second * 4)) / (end - begin)


def spans_of(first, last):
    """[begin, end) of even and of SPANS, in quarters of a second."""
    yield first, last + 1
    for quarters in SPANS:
        length = min(abs(quarters), last - first + 1)
        yield (first, first + length) if quarters > 0 else (last + 1 - length, last + 1)


class Window:
    """Five minutes of a capture: the truth, less its mean; octets that no shape moves; and those of each group by span."""

    def __init__(self, truth):
        mean = sum(truth) / WINDOW
        self.truth = [octets - mean for octets in truth]
        self.power = math.sqrt(sum(octets * octets for octets in self.truth))
        self.fixed, self.groups = [0.0] * WINDOW, {}

    def add(self, group, second, span, octets):
        seconds = self.groups.setdefault(group, {})
        seconds.setdefault(second, [0.0] * (1 + len(SPANS)))[span] += octets

    def known(self, weights):
        series = list(self.fixed)
        for group, seconds in self.groups.items():
            a, b, c, d, e = weights[group]
            for second, (v, w, x, y, z) in seconds.items():
                series[second] += a * v + b * w + c * x + d * y + e * z
        return series

    def correlation(self, weights):
        return self.slope(self.known(weights))[0]

    def slope(self, series):
        """The correlation with the truth, and how it changes with each second."""
        mean = sum(series) / WINDOW
        power = math.sqrt(sum((octets - mean) ** 2 for octets in series))
        if power == 0 or self.power == 0:
            return 0.0, [0.0] * WINDOW
        value = sum((octets - mean) * truth for octets, truth in zip(series, self.truth)) / (power * self.power)
        return value, [(truth / self.power - value * (octets - mean) / power) / power
                       for octets, truth in zip(series, self.truth)]


def windows_of(collector, folder):
    truth, seconds = Truth(folder), collections.Counter()
    for (second, _), octets in truth.seconds.items():
        seconds[second] += octets
    windows = {}
    for number in sorted({second // WINDOW for second in seconds}):
        series = [seconds[second] for second in range(number * WINDOW, (number + 1) * WINDOW)]
        if sum(octets > 0 for octets in series) >= SECONDS_LEAST:
            windows[number] = Window(series)
    for record in read_records(collector, folder / "export.v9.pcap.gz", truth.host):
        add_record(windows, record)
    return list(windows.values())


def add_record(windows, record):
    first, last = record.start // 250, record.end // 250
    packet = record.octets / record.packets
    ends = [(first // 4, packet)] + ([(last // 4, packet)] if record.packets > 1 else [])
    rest = max(record.octets - 2 * packet, 0)
    shaped = rest > 0 and first // 4 != last // 4
    for second, octets in ends if shaped else ends + [(first // 4, rest)]:
        if second // WINDOW in windows:
            windows[second // WINDOW].fixed[second % WINDOW] += octets
    for span, (begin, end) in enumerate(spans_of(first, last)) if shaped else ():
        for second, octets in spread(rest, begin, end):
            if second // WINDOW in windows:
                windows[second // WINDOW].add(record.group(), second % WINDOW, span, octets)


class Model:
    def __init__(self, groups):
        self.terms = {group: terms(group) for group in groups}
        names = sorted({term for parts in self.terms.values() for term in parts})
        self.sums = {name: [0.0] * (1 + len(SPANS)) for name in names}
        self.moments = {name: [[0.0, 0.0] for _ in range(1 + len(SPANS))] for name in names}

    def weights(self):
        return {group: self.weights_of(parts) for group, parts in self.terms.items()}

    def weights_of(self, parts):
        logarithms = [sum(self.sums[part][i] for part in parts if part in self.sums) + (EVEN_FIRST if i == 0 else 0)
                      for i in range(1 + len(SPANS))]
        greatest = max(logarithms)
        powers = [math.exp(x - greatest) for x in logarithms]
        return [power / sum(powers) for power in powers]

    def step(self, number, slopes):
        for name, sums in self.sums.items():
            for i, moment in enumerate(self.moments[name]):
                slope = slopes[name][i] - SHRINK * sums[i]
                moment[0] = 0.9 * moment[0] + 0.1 * slope
                moment[1] = 0.99 * moment[1] + 0.01 * slope * slope
                sums[i] += RATE * moment[0] / (1 - 0.9 ** number) / (math.sqrt(moment[1] / (1 - 0.99 ** number)) + 1e-3)


def fit(windows):
    model = Model({group for window in windows for group in window.groups})
    for number in range(1, STEPS + 1):
        weights = model.weights()
        slopes = {name: [0.0] * (1 + len(SPANS)) for name in model.sums}
        for window in windows:
            by_second = window.slope(window.known(weights))[1]
            for group, seconds in window.groups.items():
                add_slopes(slopes, model.terms[group], weights[group], by_second, seconds)
        model.step(number, slopes)
    return model


def add_slopes(slopes, parts, weights, by_second, seconds):
    by_weight = [0.0] * (1 + len(SPANS))
    for second, octets in seconds.items():
        slope = by_second[second]
        for i, value in enumerate(octets):
            by_weight[i] += slope * value
    mean = sum(weight * slope for weight, slope in zip(weights, by_weight))
    for i, (weight, slope) in enumerate(zip(weights, by_weight)):
        for part in parts:
            slopes[part][i] += weight * (slope - mean)


def shapes():
    rows = re.findall(r"^SHAPE\((\d+), (\d), (\d), (\d), (\d)\)", SHAPES_DEF.read_text(), re.MULTILINE)
    return {int(number): tuple(int(quarter) for quarter in quarters) for number, *quarters in rows}


def nearest(weights, numbers):
    """The number of the shape nearest to the weights."""
    return min(numbers, key=lambda number: (sum((4 * weight - quarters) ** 2 for weight, quarters
                                                in zip(weights, (4 - sum(numbers[number]), *numbers[number]))), number))


def rounded(weights, numbers):
    quarters = numbers[nearest(weights, numbers)]
    return [1 - sum(quarters) / 4] + [quarter / 4 for quarter in quarters]


def mean(values):
    return sum(values) / len(values)


def check(captures, families):
    """Every fold leaves out a tenth of the families; several orders, since folds differ."""
    numbers, even = shapes(), collections.defaultdict(lambda: [1.0] + [0.0] * len(SPANS))
    print(f"even {mean([w.correlation(even) for windows in captures.values() for w in windows]):.4f}")
    for order in range(ORDERS):
        names, values = sorted(set(families.values())), []
        random.Random(order).shuffle(names)
        for fold in range(FOLDS):
            out = set(names[fold::FOLDS])
            model = fit([w for name, windows in captures.items() if families[name] not in out for w in windows])
            weights = collections.defaultdict(list)
            for name, windows in captures.items():
                for window in windows if families[name] in out else ():
                    for group in window.groups:
                        weights[group] = rounded(model.weights_of(terms(group)), numbers)
                    values.append(window.correlation(weights))
        print(f"shaped, order {order}: {mean(values):.4f} of {len(values)} windows")


def write(path, model, count):
    numbers = shapes()
    with open(path, "w") as out:
        out.write(f"""/*
 * Where in its life the octets of a flow record lie (schemas/touch_shapes.def), by the groups of records that
 * collector/second_shapes.c tells apart; groups that are not here are even.
 *
 * Made by tools/train/second_shapes.py from the part "train" of the packet-truth set of the kenchi lab: {count} captures of
 * one host each, exported from their very packets.  Numbers only: no address and no payload is in here.  Do not edit: make it
 * anew.
 *
 *   SHAPES(protocol, duration, packets, shapes by how the record begins and ends)
 */
""")
        for protocol in range(3):
            for duration in range(len(DURATIONS_MS) + 1):
                for packets in range(len(PACKETS) + 1):
                    row = [nearest(model.weights_of(terms((protocol, duration, packets, ends))), numbers)
                           for ends in range(16 if protocol == 0 else 1)]
                    if any(row):
                        out.write(f"SHAPES({protocol}, {duration}, {packets}, {', '.join(map(str, row))})\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--collector", default="build/collector/kenchi-collector")
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--out", default="collector/second_shape_table.def")
    options = parser.parse_args()
    captures = {folder.name: windows_of(options.collector, folder) for folder in captures_of(options.truth, "train")}
    if options.check:
        check(captures, {row["capture"]: row["family"] or row["capture"] for row in table(options.truth, "captures.csv")})
    else:
        write(options.out, fit([window for windows in captures.values() for window in windows]), len(captures))


if __name__ == "__main__":
    main()
