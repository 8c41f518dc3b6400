"""Captures whose packets are known: what the scripts that fit tables share.  Python 3, standard library only."""
import collections
import csv
import gzip
import subprocess

EDGES = [50, 100, 200, 500, 1000, 1400, 1500]
EIGHT = ["c0_49", "c50_99", "c100_199", "c200_499", "c500_999", "c1000_1399", "c1400_1499", "c1500up"]
OUT, IN = 0, 1


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


def size_class(octets):
    return sum(octets >= edge for edge in EDGES)


def captures_of(folder, part):
    """The captures' folders of one part of a collection."""
    return [folder / row["capture"] for row in table(folder, "split.csv") if row["part"] == part]
