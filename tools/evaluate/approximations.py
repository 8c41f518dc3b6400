#!/usr/bin/env python3
"""Compares what host bins say of packet sizes and of seconds with the truth from the packets.

  approximations.py --collector build/collector/kenchi-collector [--export NAME] [--part choose] [-v] TRUTH...

TRUTH is a folder with an export (export.v9.pcap.gz), truth_sizes.csv[.gz] and truth_1s.csv[.gz], or a folder of such
folders with captures.csv and split.csv.  Sizes: L1 distance of the shares of packets by class, per minute of at least ten
packets, mean over minutes; three classes (below 100, below 1000, above) and all eight.  Seconds: correlation of octets per
second in windows of 300 s, mean over windows.  Beside them, from the same records: all packets at their record's mean
size, all octets at their record's last second.  Python 3, standard library only.
"""
import argparse
import collections
import csv
import gzip
import ipaddress
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bin_file  # noqa: E402

EDGES = [50, 100, 200, 500, 1000, 1400, 1500]
EIGHT = ["c0_49", "c50_99", "c100_199", "c200_499", "c500_999", "c1000_1399", "c1400_1499", "c1500up"]
OUT, IN = 0, 1
PACKETS_LEAST, WINDOW, SECONDS_LEAST = 10, 300, 10


def table(folder, name):
    for path in (folder / name, folder / (name + ".gz")):
        if path.exists():
            with (gzip.open(path, "rt") if path.suffix == ".gz" else open(path)) as file:
                return list(csv.DictReader(file))
    raise SystemExit(f"{folder}: no {name}")


class Truth:
    def __init__(self, folder):
        self.sizes = {}  # (minute, direction): packets of eight classes
        self.seconds = collections.Counter()  # (second, direction): octets
        self.host = None
        for row in table(folder, "truth_sizes.csv"):
            self.host = row["host"]
            direction = IN if row["direction"] == "in" else OUT
            self.sizes[int(row["bin60"]) // 60, direction] = [int(row[name]) for name in EIGHT]
        for row in table(folder, "truth_1s.csv"):
            self.seconds[int(row["second"]), OUT] += int(row["octets_out"])
            self.seconds[int(row["second"]), IN] += int(row["octets_in"])


def run(collector, export, host, *options):
    command = [collector, "--read", str(export), "--monitored", host, *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def of_bins(collector, export, host):
    sizes, seconds = {}, collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bins"
        run(collector, export, host, "--write-bins", str(path))
        for part in bin_file.read(path):
            for direction in (OUT, IN):
                known = sizes.setdefault((part.minute, direction), [0] * 8)
                for i in range(8):
                    known[i] += part.base["size_packets"][direction * 8 + i]
                for i, octets in enumerate(part.seconds(direction)):
                    seconds[part.minute * 60 + i, direction] += octets
    return sizes, seconds


def size_class(octets):
    return sum(octets >= edge for edge in EDGES)


def of_means(collector, export, host):
    """The plainest: a record's packets at their mean, evenly over its time; its octets in its last second."""
    sizes, seconds = {}, collections.Counter()
    for line in run(collector, export, host, "--dump-flows").decode().splitlines():
        record = json.loads(line)
        ends = [record.get(f"{end}IPv4Address", record.get(f"{end}IPv6Address")) for end in ("source", "destination")]
        packets, octets = record.get("packetDeltaCount", 0), record.get("octetDeltaCount", 0)
        if host not in ends or packets == 0:
            continue
        direction = OUT if ends[0] == host else IN
        start, end = record["flowStartMilliseconds"], record["flowEndMilliseconds"]
        seconds[end // 1000, direction] += octets
        for minute in range(start // 60000, end // 60000 + 1):
            inside = min(end + 1, (minute + 1) * 60000) - max(start, minute * 60000)
            known = sizes.setdefault((minute, direction), [0] * 8)
            known[size_class(octets / packets)] += packets * inside / (end + 1 - start)
    return sizes, seconds


def three(eight):
    return [sum(eight[:2]), sum(eight[2:5]), sum(eight[5:])]


def distance(truth, known):
    known_sum = sum(known)
    if known_sum == 0:
        return 2.0
    return sum(abs(t / sum(truth) - k / known_sum) for t, k in zip(truth, known))


def add(a, b):
    return [x + y for x, y in zip(a, b)]


def size_errors(truth, sizes):
    """(classes, direction) -> list of distances, one a minute; direction 2 is both together."""
    errors = collections.defaultdict(list)
    zero = [0] * 8
    for minute in {minute for minute, _ in truth.sizes}:
        both = [[truth.sizes.get((minute, d), zero), sizes.get((minute, d), zero)] for d in (OUT, IN)]
        both.append([add(both[0][0], both[1][0]), add(both[0][1], both[1][1])])
        for direction, (real, known) in enumerate(both):
            if sum(real) >= PACKETS_LEAST:
                errors[3, direction].append(distance(three(real), three(known)))
                errors[8, direction].append(distance(real, known))
    return errors


def correlation(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    cov = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    var_a, var_b = sum((x - mean_a) ** 2 for x in a), sum((y - mean_b) ** 2 for y in b)
    return cov / math.sqrt(var_a * var_b) if var_a > 0 and var_b > 0 else None if var_a == 0 else 0.0


def correlations(truth, seconds):
    if not truth.seconds:
        return []
    first = min(second for second, _ in truth.seconds)
    last = max(second for second, _ in truth.seconds)
    result = []
    for start in range(first, last + 1, WINDOW):
        span = range(start, min(start + WINDOW, last + 1))
        if len(span) < SECONDS_LEAST:
            continue
        value = correlation([truth.seconds[s, OUT] + truth.seconds[s, IN] for s in span],
                            [seconds[s, OUT] + seconds[s, IN] for s in span])
        if value is not None:
            result.append(value)
    return result


class Sum:
    def __init__(self):
        self.errors = collections.defaultdict(list)
        self.correlations = collections.defaultdict(list)

    def take(self, which, errors, values):
        for key, distances in errors.items():
            self.errors[(which, *key)] += distances
        self.correlations[which] += values

    def print(self, title):
        def mean(values):
            return f"{sum(values) / len(values):6.3f}" if values else "     -"

        sizes = [mean(self.errors[which, classes, direction])
                 for classes, direction in ((3, 2), (3, OUT), (3, IN), (8, 2)) for which in ("bins", "mean")]
        series = [mean(self.correlations[which]) for which in ("bins", "mean")]
        print(f"{title:34} {len(self.errors['bins', 3, 2]):5} " + " ".join(sizes) + f" {len(self.correlations['bins']):5} " +
              " ".join(series))


def captures_of(folders, wanted):
    for folder in folders:
        split = folder / "split.csv"
        if not split.exists():
            yield folder, "one"
            continue
        parts = {row["capture"]: row["part"] for row in csv.DictReader(open(split))}
        for row in csv.DictReader(open(folder / "captures.csv")):
            if wanted in (parts[row["capture"]], "all"):
                yield folder / row["capture"], row["label"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--collector", default="build/collector/kenchi-collector")
    parser.add_argument("--export", default="export.v9.pcap.gz")
    parser.add_argument("--part", default="choose", choices=["train", "choose", "all"])
    parser.add_argument("-v", action="store_true", help="a line for each capture")
    parser.add_argument("truth", nargs="+", type=Path)
    options = parser.parse_args()
    sums = collections.defaultdict(Sum)

    print(" " * 34 + "         L1 of 3 classes                           of 8             correlation")
    print(f"{'':34}  mins  both   mean    out   mean     in   mean   both   mean  wins   bins    end")
    for folder, label in captures_of(options.truth, options.part):
        truth = Truth(folder)
        ipaddress.ip_address(truth.host)
        capture = Sum()
        for which, source in (("bins", of_bins), ("mean", of_means)):
            sizes, seconds = source(options.collector, folder / options.export, truth.host)
            errors, values = size_errors(truth, sizes), correlations(truth, seconds)
            for total in (capture, sums[label], sums["all"]):
                total.take(which, errors, values)
        if options.v:
            capture.print(folder.name)
    for label in sorted(sums):
        sums[label].print("= " + label)


if __name__ == "__main__":
    main()
