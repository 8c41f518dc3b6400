"""kenchi evaluate and kenchi plot over a capture whose packets are known: each record has one packet, or packets of
one size at a known second, so that bins can be exact."""
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import exports
from exports import Flow, NOW

KENCHI, COLLECTOR, FLOWGEN = (os.environ[name] for name in ("KENCHI", "COLLECTOR", "FLOWGEN"))
HOST, PEER = "10.1.2.3", "198.51.100.7"
EDGES = [50, 100, 200, 500, 1000, 1400, 1500]
CLASSES = ["c0_49", "c50_99", "c100_199", "c200_499", "c500_999", "c1000_1399", "c1400_1499", "c1500up"]

# Second from NOW, direction, octets: one packet each.
PACKETS = [(-20 + i // 3, ("out", "in", "in")[i % 3], (40, 1500, 700, 90)[i % 4]) for i in range(36)]


def flows():
    for number, (second, direction, octets) in enumerate(PACKETS):
        ends = (HOST, PEER) if direction == "out" else (PEER, HOST)
        ports = (2000 + number, 80) if direction == "out" else (80, 2000 + number)
        time_ms = (NOW + second) * 1000 + 500
        yield Flow(*ends, ports=ports, octets=octets, packets=1, start_ms=time_ms, end_ms=time_ms)


def size_class(octets):
    return sum(octets >= edge for edge in EDGES)


def truth():
    """The two files of truth: {name: text}."""
    seconds, minutes = {}, {}
    for second, direction, octets in PACKETS:
        at = NOW + second
        seconds.setdefault(at, {"in": 0, "out": 0})[direction] += octets
        minutes.setdefault((at // 60 * 60, direction), [0] * 8)[size_class(octets)] += 1
    lines = ["host,second,octets_in,octets_out"]
    lines += [f"{HOST},{at},{sums['in']},{sums['out']}" for at, sums in sorted(seconds.items())]
    sizes = ["host,bin60,direction," + ",".join(CLASSES)]
    sizes += [f"{HOST},{at},{direction}," + ",".join(map(str, counts))
              for (at, direction), counts in sorted(minutes.items())]
    return {"truth_1s.csv": "\n".join(lines) + "\n", "truth_sizes.csv": "\n".join(sizes) + "\n"}


def kenchi(*arguments, path=None):
    environment = dict(os.environ) if path is None else dict(os.environ, PATH=path)
    return subprocess.run([KENCHI, *arguments], capture_output=True, text=True, timeout=30, env=environment)


class Evaluation(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.one = os.path.join(self.folder, "one")
        self.make(self.one)
        self.capture = os.path.join(self.one, "export.pcap")

    def make(self, folder):
        os.mkdir(folder)
        listed = list(flows())
        datagrams = [(NOW, exports.netflow5(listed[i:i + 20], sequence=i)) for i in range(0, len(listed), 20)]
        with open(os.path.join(folder, "export.pcap"), "wb") as file:
            file.write(exports.capture(datagrams))
        for name, text in truth().items():
            with gzip.open(os.path.join(folder, name + ".gz"), "wt") as file:
                file.write(text)

    def evaluate(self, *arguments):
        got = kenchi("evaluate", "approximations", *arguments, "--json")
        self.assertEqual(got.returncode, 0, got.stderr)
        return [json.loads(line) for line in got.stdout.splitlines()]

    def test_finds_no_error_where_bins_are_exact(self):
        capture, everything, *_ = self.evaluate(self.capture, "--truth", self.one)
        self.assertEqual((capture["capture"], everything["group"]), ("one", "all"))
        self.assertEqual(capture["records"], len(PACKETS))
        self.assertTrue(capture["tcp_heavy"])
        for side in ("out", "in", "both"):
            self.assertEqual(capture["sizes_three"][side], 0)
            self.assertEqual(capture["sizes_eight"][side], 0)
            self.assertAlmostEqual(capture["correlation"][side], 1, places=9)
        self.assertEqual(everything["sizes_eight"], capture["sizes_eight"])

    def test_groups_a_collection(self):
        self.make(os.path.join(self.folder, "two"))
        self.make(os.path.join(self.folder, "three"))
        split = os.path.join(self.folder, "split.csv")
        with open(split, "w") as file:
            file.write("capture,part\none,choose\ntwo,train\nthree,choose\n")
        with open(os.path.join(self.folder, "captures.csv"), "w") as file:
            file.write('capture,label,source_set\none,normal,"a, b"\ntwo,normal,c\nthree,infected,c\n')
        got = self.evaluate("--split", split, "--part", "choose", "--export", "export.pcap")
        self.assertEqual([(row["capture"], row["label"], row["source"]) for row in got if "capture" in row],
                         [("one", "normal", "a, b"), ("three", "infected", "c")])
        self.assertEqual({row["group"]: row["captures"] for row in got if "group" in row},
                         {"all": 2, "TCP-heavy": 2, "normal": 1, "infected": 1, "source a, b": 1, "source c": 1})
        everything = self.evaluate("--split", split, "--export", "export.pcap")
        self.assertEqual(sum("capture" in row for row in everything), 3)

    def test_prints_a_table_that_explains_itself(self):
        first, second = (kenchi("evaluate", "approximations", self.capture, "--truth", self.one) for _ in range(2))
        self.assertEqual(first.stdout, second.stdout)
        self.assertIn("one ", first.stdout)
        self.assertIn("L1 distance", first.stdout)

    def test_names_what_is_wrong(self):
        empty = os.path.join(self.folder, "empty")
        os.mkdir(empty)
        for wanted, *arguments in [
                ("what? approximations",),
                ("what? approximations", "guesses"),
                ("which CAPTURE", "approximations"),
                ("--truth", "approximations", self.capture),
                ("--truth", "approximations", self.capture, "--truth", self.one, "--truth", self.one),
                ("--part", "approximations", self.capture, "--truth", self.one, "--part", "train"),
                ("--export", "approximations", self.capture, "--truth", self.one, "--export", "a"),
                (empty, "approximations", self.capture, "--truth", empty),
                ("split.csv", "approximations", "--split", os.path.join(empty, "split.csv")),
                ("nothing.pcap", "approximations", os.path.join(empty, "nothing.pcap"), "--truth", self.one)]:
            got = kenchi("evaluate", *arguments)
            self.assertEqual((got.returncode, got.stdout), (2, ""), got.stderr)
            self.assertIn(wanted, got.stderr)

    def test_refuses_truth_of_another_host(self):
        for name in ("truth_1s.csv", "truth_sizes.csv"):
            path = os.path.join(self.one, name)
            os.unlink(path + ".gz")
            with open(path, "w") as file:
                file.write(truth()[name].replace(HOST, "10.9.9.9"))
        got = kenchi("evaluate", "approximations", self.capture, "--truth", self.one)
        self.assertEqual(got.returncode, 2)
        self.assertIn("10.9.9.9", got.stderr)

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_draws_flows_and_packets(self):
        output = os.path.join(self.folder, "figure.svg")
        got = kenchi("plot", "--capture", self.capture, "--truth", self.one, "--title", "it's <one>", "--output", output)
        self.assertEqual((got.returncode, got.stdout, got.stderr), (0, "", ""))
        texts = "\n".join(element.text or "" for element in xml.etree.ElementTree.parse(output).iter())
        for wanted in ("it's <one>", "from flow records", "from packets", "octets per second", "share of packets (%)",
                       "received", "sent", "IP length of the packets (octets)", "time of day (UTC), 2023-11-14"):
            self.assertIn(wanted, texts)
        alone = kenchi("plot", "--capture", self.capture, "--host", HOST, "--figure", "sizes")
        self.assertIn("share of packets", alone.stdout)
        self.assertNotIn("octets per second", alone.stdout)

    def test_plot_names_what_is_wrong(self):
        for code, wanted, *arguments in [
                (2, "--bins", "--host", HOST),
                (2, "--bins", "--host", HOST, "--bins", "a", "--capture", "b"),
                (2, "--host", "--capture", self.capture),
                (2, "\"10.1\"", "--capture", self.capture, "--host", "10.1"),
                (2, "\"both\"", "--capture", self.capture, "--host", HOST, "--figure", "both"),
                (2, "10.1.2.4", "--capture", self.capture, "--host", "10.1.2.4", "--truth", self.one),
                (2, "nothing.bins", "--bins", os.path.join(self.folder, "nothing.bins"), "--host", HOST),
                (3, "10.1.2.4", "--capture", self.capture, "--host", "10.1.2.4")]:
            got = kenchi("plot", *arguments)
            self.assertEqual((got.returncode, got.stdout), (code, ""), got.stderr)
            self.assertIn(wanted, got.stderr)

    def test_says_that_gnuplot_is_missing(self):
        got = kenchi("plot", "--capture", self.capture, "--host", HOST, path=self.folder)
        self.assertEqual((got.returncode, got.stdout), (1, ""))
        self.assertIn("gnuplot", got.stderr)


class Detection(unittest.TestCase):
    """kenchi evaluate detection over invented traffic: 12 hosts that browse, one that scans, one that beacons."""
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.capture = capture = os.path.join(cls.folder, "export.pcap")
        cls.bins = os.path.join(cls.folder, "export.bins")
        cls.labels = os.path.join(cls.folder, "labels.csv")
        subprocess.run([FLOWGEN, "--hosts", "12", "--pcap", capture, "--labels", cls.labels], check=True,
                       capture_output=True, timeout=30)
        subprocess.run([COLLECTOR, "--read", capture, "--write-bins", cls.bins], check=True, capture_output=True,
                       timeout=60)
        with open(cls.labels) as file:
            lines = file.read().replace("infected,synthetic", "infected,FAMILY").replace("normal,synthetic", "normal,")
        lines = lines.replace("FAMILY", "worm", 1).replace("FAMILY", "bot", 1)
        lines = lines.replace("flowgen,,synthetic", "page,,benign implant", 2)
        lines = lines.replace("flowgen,scan", "attack,scan").replace("flowgen,nonscan", "call,nonscan").splitlines()
        with open(cls.labels, "w") as file:
            file.write("\n".join(lines) + "\n")
        hosts = [line.split(",")[0] for line in lines[1:]]
        with open(os.path.join(cls.folder, "sources.csv"), "w") as file:
            file.write("host,set,capture,orig_label,start_ms,end_ms\n")
            for host, source, capture in ((hosts[0], "a", "page"), (hosts[1], "b", "page"), (hosts[-2], "a", "attack"),
                                          (hosts[-1], "c", "call")):
                file.write(f"{host},{source},{capture},x,0,1\n")
        cls.folds = os.path.join(cls.folder, "other.csv")
        with open(cls.folds, "w") as file:
            file.write("host,fold\n" + "".join(f"{host},{i % 2}\n" for i, host in enumerate(hosts)))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def evaluate(self, *options):
        got = kenchi("evaluate", "detection", "--labels", self.labels, "--bins", self.bins, "--json", *options)
        self.assertEqual(got.returncode, 0, got.stderr)
        return {row["detector"]: row for row in map(json.loads, got.stdout.splitlines())}

    def check(self, rows):
        self.assertEqual(len(rows), 7)
        whole, failing = rows["kenchi"], rows["failing services, NEMEA-like"]
        self.assertEqual((whole["all"]["clean"]["above"], whole["all"]["clean"]["below"]), (2, 10))
        self.assertEqual(whole["all"]["benign"]["below"], 2)
        self.assertEqual((whole["scan"]["found"]["hits"], whole["scan"]["found"]["count"]), (1, 1))
        self.assertEqual(failing["scan"]["benign"]["area"], 1)
        self.assertEqual(failing["scan"]["at_1"]["hits"], 1)
        self.assertLess(whole["scan"]["wait_median_s"], 120)
        curve = whole["alarms"]
        self.assertEqual([point["wished"] for point in curve], [20, 50, 100, 200, 500, 1000])
        self.assertTrue(all(point["malware"] == 2 and point["host_days"] > 0 for point in curve))
        for key in "found", "flagged", "flagged_benign":
            values = [point[key] for point in curve]
            self.assertEqual(values, sorted(values))
        self.assertNotIn("alarms", failing)
        for row in rows.values():
            self.assertEqual((row["same_set"]["above"], row["same_set"]["below"]), (1, 1))
            self.assertEqual((row["laboratory"]["above"], row["laboratory"]["below"]), (1, 1))

    def test_judges_with_a_model(self):
        models = os.path.join(os.environ["KENCHI_SOURCE"], "detector", "models")
        self.check(self.evaluate("--model", os.path.join(models, "default.model")))

    def test_takes_a_capture_as_it_takes_its_bins(self):
        rows = self.evaluate("--folds", self.folds)
        got = kenchi("evaluate", "detection", "--labels", self.labels, "--bins", self.capture, "--folds", self.folds,
                     "--json")
        self.assertEqual({row["detector"]: row for row in map(json.loads, got.stdout.splitlines())}, rows, got.stderr)

    def test_takes_a_capture_as_a_worse_exporter_would_have_sent_it(self):
        for how in "sampled=2,no-flags", "out":
            got = kenchi("evaluate", "detection", "--labels", self.labels, "--bins", self.capture, "--folds", self.folds,
                         "--as-if", how, "--json")
            self.assertEqual(got.returncode, 0, got.stderr)
            rows = {row["detector"]: row for row in map(json.loads, got.stdout.splitlines())}
            self.assertEqual(rows["kenchi"]["scan"]["found"]["hits"], 1, how)
        model = os.path.join(self.folder, "one-way.model")
        got = kenchi("train", "--labels", self.labels, "--as-if", "out", "--without", "direction", "--model", model, self.capture)
        self.assertEqual(got.returncode, 0, got.stderr)
        with open(os.path.join(self.folder, "one-way.meta")) as file:
            self.assertNotIn("w5.unanswered_share", file.read())
        got = kenchi("train", "--labels", self.labels, "--as-if", "sampled=2", "--model", model, self.capture)
        self.assertEqual(got.returncode, 0, got.stderr)
        with open(os.path.join(self.folder, "one-way.meta")) as file:
            self.assertIn("sampling_most=2\n", file.read())

    def test_leaves_a_site_out(self):
        got = kenchi("evaluate", "detection", *("--labels", self.labels, "--bins", self.bins) * 2, "--folds", self.folds,
                     "--site", "here", "--site", "there", "--json")
        self.assertEqual(got.returncode, 0, got.stderr)
        whole = json.loads(got.stdout.splitlines()[0])
        self.assertEqual((whole["all"]["clean"]["above"], whole["all"]["clean"]["below"]), (4, 20))

    def test_tries_thresholds_of_the_site(self):
        for options in (), ("--model", os.path.join(os.environ["KENCHI_SOURCE"], "detector", "models", "default.model")):
            got = kenchi("evaluate", "detection", "--labels", self.labels, "--bins", self.bins, "--folds", self.folds,
                         "--site-thresholds", "--json", *options)
            self.assertEqual(got.returncode, 0, got.stderr)
            trials = [json.loads(line) for line in got.stdout.splitlines()]
            self.assertEqual([trial["infected_share"] for trial in trials], [0, 0, 0.02, 0.1])
            for trial in trials:
                self.assertEqual((trial["site"], trial["malware"]), ("export.bins", 2))
                self.assertFalse(trial["calibrated"])  # so few hosts tell nothing
                normal = trial["at_target"]["normal"]
                self.assertGreater(normal["windows"], 0)
                self.assertLessEqual(normal["windows_flagged"], normal["windows"])

    def test_aims_at_another_share_of_the_windows(self):
        flagged = []
        for target in "1", "50":
            got = kenchi("evaluate", "detection", "--labels", self.labels, "--bins", self.bins, "--folds", self.folds,
                         "--site-thresholds", "--target", target, "--json")
            self.assertEqual(got.returncode, 0, got.stderr)
            at_target = json.loads(got.stdout.splitlines()[0])["at_target"]
            self.assertAlmostEqual(at_target["share"], float(target) / 100)
            flagged.append(at_target["normal"]["windows_flagged"])
        self.assertLess(*flagged)

    def test_trains_without_each_fold(self):
        rows = self.evaluate("--folds", self.folds)
        self.check(rows)
        self.assertEqual(rows, self.evaluate("--folds", self.folds))

    def test_draws_curves(self):
        if shutil.which("gnuplot") is None:
            self.skipTest("no gnuplot")
        folder = os.path.join(self.folder, "curves")
        page = os.path.join(self.folder, "page.html")
        self.evaluate("--folds", self.folds, "--svg", folder, "--page", page)
        with open(page) as file:
            text = file.read()
        self.assertEqual((text.count("<svg"), text.count("<table")), (2, 3))
        self.assertIn("NEMEA-like", text)
        for name in ("roc.svg", "roc-noscan.svg"):
            root = xml.etree.ElementTree.parse(os.path.join(folder, name)).getroot()
            self.assertTrue(root.tag.endswith("svg"))

    def test_names_what_is_wrong(self):
        for wanted, *arguments in [
                ("--labels", "--bins", self.bins),
                ("no labelled host is of a fold", "--labels", self.labels, "--bins", self.bins),
                ("--calibration", "--labels", self.labels, "--bins", self.bins, "--calibration", "x"),
                ("--only-fold", "--labels", self.labels, "--bins", self.bins, "--only-fold", "7"),
                ("--alarms", "--labels", self.labels, "--bins", self.bins, "--alarms", "0"),
                ("--as-if", "--labels", self.labels, "--bins", self.bins, "--as-if", "out"),
                ("nothing to learn from", "--labels", self.labels, "--bins", self.capture, "--folds", self.folds, "--as-if", "in"),
                ("sideways", "--labels", self.labels, "--bins", self.capture, "--as-if", "sideways"),
                ("--target", "--labels", self.labels, "--bins", self.bins, "--target", "100"),
                ("--site", "--labels", self.labels, "--bins", self.bins, "--site", "a", "--site", "b"),
                ("nothing.meta", "--labels", self.labels, "--bins", self.bins, "--model", "nothing.model"),
                ("nothing.bins", "--labels", self.labels, "--bins", "nothing.bins")]:
            got = kenchi("evaluate", "detection", *arguments)
            self.assertEqual((got.returncode, got.stdout), (2, ""), got.stderr)
            self.assertIn(wanted, got.stderr)


if __name__ == "__main__":
    unittest.main()
