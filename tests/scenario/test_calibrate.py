"""kenchi calibrate: from a bin file, from a running detector, and how the detector takes up what it wrote."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

KENCHI, COLLECTOR, DETECTOR, FLOWGEN = (os.environ[name] for name in ("KENCHI", "COLLECTOR", "DETECTOR", "FLOWGEN"))


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


class Calibration(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.bins = cls.make("many", 30)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def make(cls, name, hosts):
        capture, bins = (os.path.join(cls.folder, name + end) for end in (".pcap", ".bins"))
        for command in ((FLOWGEN, "--hosts", str(hosts), "--pcap", capture),
                        (COLLECTOR, "--read", capture, "--write-bins", bins)):
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        return bins

    def setUp(self):
        self.state = tempfile.mkdtemp(dir=self.folder)
        self.file = os.path.join(self.state, "site.calibration")

    def calibrate(self, *arguments):
        return run(KENCHI, "calibrate", "--state", self.state, *arguments)

    def show(self):
        got = self.calibrate("--show", "--json")
        self.assertEqual(got.returncode, 0, got.stderr)
        return json.loads(got.stdout)

    def test_learns_from_bins(self):
        self.assertNotEqual(self.show()["file"], self.file)
        got = self.calibrate("--from", self.bins)
        self.assertEqual(got.returncode, 0, got.stderr)
        first = open(self.file).read()
        shown = self.show()
        self.assertEqual(shown["file"], self.file)
        pattern = [row for row in shown["behaviours"] if row["behaviour"] == "traffic_pattern"][0]
        self.assertGreaterEqual(pattern["windows"], 300)
        self.assertGreater(pattern["threshold"], pattern["usual"])
        self.assertEqual(self.calibrate("--from", self.bins).returncode, 0)
        self.assertEqual(open(self.file).read(), first)
        self.assertIn("THRESHOLD", self.calibrate("--show").stdout)

    def test_keeps_what_alarms_are_counted_by(self):
        self.assertEqual(self.calibrate("--from", self.bins).returncode, 0)
        shown = self.show()
        self.assertEqual(shown["alarms"], 100)
        self.assertLess(shown["alarms_least"], 100)
        self.assertGreater(shown["alarms_most"], 100)
        self.assertRegex(self.calibrate("--show", "--alarms", "20").stdout, "for 20 wished .* stand for [0-9]+ to [0-9]+")

    def test_reads_a_file_of_before_that_counted_windows(self):
        self.assertEqual(self.calibrate("--from", self.bins).returncode, 0)
        with open(self.file) as file:
            lines = [line for line in file if not line.startswith("alarm_")]
        with open(self.file, "w") as file:
            file.writelines([lines[0], "windows_a_day=250\n", *lines[1:]])
        got = run(DETECTOR, "--check", "--state", self.state)
        self.assertEqual(got.returncode, 0)
        self.assertIn("fewer are raised than wished", got.stderr)
        self.assertNotIn("alarms_least", self.show())

    def test_refuses_too_little(self):
        got = self.calibrate("--from", self.make("few", 3))
        self.assertEqual((got.returncode, got.stdout), (3, ""))
        self.assertIn("too little data", got.stderr)
        self.assertFalse(os.path.exists(self.file))

    def test_is_taken_up_when_it_fits(self):
        self.assertEqual(self.calibrate("--from", self.bins).returncode, 0)
        check = (DETECTOR, "--check", "--state", self.state)
        self.assertEqual((run(*check).returncode, run(*check).stderr), (0, ""))
        text = open(self.file).read()
        with open(self.file, "w") as file:
            file.write(text.replace("model=", "model=another "))
        got = run(*check)
        self.assertEqual(got.returncode, 0)
        self.assertIn("passed over", got.stderr)
        with open(self.file, "w") as file:
            file.write(text.replace("quantiles=", "quantiles=9;"))
        got = run(*check)
        self.assertEqual(got.returncode, 2)
        self.assertIn("site.calibration", got.stderr)

    def test_asks_the_running_detector(self):
        got = self.calibrate("--live", "--hours", "0.00001")
        self.assertEqual(got.returncode, 3)
        self.assertIn("no detector answers", got.stderr)
        detector = subprocess.Popen([DETECTOR, "--state", self.state], stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 20
            while not os.path.exists(os.path.join(self.state, "detector.sock")) and time.monotonic() < until:
                time.sleep(0.05)
            got = self.calibrate("--live", "--hours", "0.00001")
        finally:
            detector.send_signal(signal.SIGTERM)
            detector.wait(20)
        self.assertEqual(got.returncode, 3)
        self.assertIn("0 windows of 0 hosts", got.stderr)

    def test_names_what_is_wrong(self):
        for wanted, *arguments in [("one of",), ("one of", "--from", self.bins, "--show"), ("--hours", "--live"),
                                   ("--hours", "--show", "--hours", "3"), ("--model", "--show", "--model", "x"),
                                   ("--alarms", "--show", "--alarms", "0"), ("nothing.bins", "--from", "nothing.bins")]:
            got = self.calibrate(*arguments)
            self.assertEqual((got.returncode, got.stdout), (2, ""), got.stderr)
            self.assertIn(wanted, got.stderr)


if __name__ == "__main__":
    unittest.main()
