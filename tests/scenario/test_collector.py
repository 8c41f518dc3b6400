"""kenchi-collector as it is run: a process of its own, datagrams over loopback, captures from files."""
import gzip
import json
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import exports
from collector_process import COLLECTOR, TIMEOUT_S, Collector
from exports import Flow, NOW

SOURCE = os.environ["KENCHI_SOURCE"]

FLOWS = [
    Flow("10.1.2.3", "198.51.100.7", octets=123456, packets=100),
    Flow("198.51.100.7", "10.1.2.3", ports=(80, 1024), octets=7000, packets=70),
    Flow("10.1.2.4", "198.51.100.8", ports=(5353, 53), protocol=17, octets=60, packets=1, flags=0),
]
FLOWS6 = [Flow("fd00::5", "2001:db8::9", octets=999, packets=9)]


def counters_of_kind():
    """The rows of counters.def: {name: kind}."""
    with open(os.path.join(SOURCE, "schemas", "counters.def")) as file:
        return dict(re.findall(r"^COUNTER\((\w+), (\w+),", file.read(), re.M))


def ask(state, command):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(TIMEOUT_S)
        client.connect(os.path.join(state, "collector.sock"))
        client.sendall(command.encode() + b"\n")
        answer = b""
        while part := client.recv(65536):
            answer += part
    return [json.loads(line) for line in answer.splitlines() if line]


def run(*options, stdin=None):
    return subprocess.run([COLLECTOR, *options], input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as trial:
            trial.bind(("::1", 0))
        return True
    except OSError:
        return False


class Scenario(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="collector.")
        self.state = os.path.join(self.folder, "state")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, octets):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(octets)
        return path

    def wait_for(self, question):
        end = time.monotonic() + TIMEOUT_S
        while not question():
            self.assertLess(time.monotonic(), end, "it did not come to pass in time")
            time.sleep(0.05)

    def assert_dumped(self, lines, flows):
        """Every flow once, with the values that were sent."""
        got = [{name: line.get(name) for name in flow.as_dumped()} for line, flow in zip(lines, flows)]
        self.assertEqual(got, [flow.as_dumped() for flow in flows])
        self.assertEqual(len(lines), len(flows))

    def assert_all_accounted_for(self, counters):
        """What came in = what was used + what was refused, each with a reason."""
        kinds = counters_of_kind()
        for unit in ("datagrams", "sets", "templates", "records"):
            parts = [name for name, kind in kinds.items()
                     if name.startswith(unit + "_") and kind in ("GIVEN", "REFUSED")]
            self.assertEqual(counters[unit + "_taken"], sum(counters[name] for name in parts), unit)
        bins = counters["bins"]
        self.assertEqual(bins["records"], sum(bins[name] for name in (
            "binned", "events", "copies", "unmonitored", "late", "future", "impossible", "uncounted", "unplaced")))
        self.assertEqual(bins["records"], counters["records_decoded"])
        self.assertEqual(bins["parts"], counters["ring"]["parts_pushed"] + counters["ring"]["parts_dropped"])


class Live(Scenario):
    def dump_of(self, *datagrams, host="127.0.0.1"):
        collector = Collector("--dump-flows", listen=("127.0.0.1:0", "[::1]:0") if ":" in host else ("127.0.0.1:0",))
        collector.send(*datagrams, host=host)
        lines, _ = collector.stop()
        self.assertIn("stats", lines[-1])
        return lines[:-1]

    def test_records_of_the_three_protocols_come_out_as_they_were_sent(self):
        for datagram in (exports.netflow5(FLOWS), exports.netflow9(FLOWS), exports.ipfix(FLOWS)):
            self.assert_dumped(self.dump_of(datagram), FLOWS)

    def test_a_dump_of_nothing_is_one_line(self):
        self.assertEqual(self.dump_of(), [])

    def test_versions_are_told_apart_on_one_port(self):
        lines = self.dump_of(exports.ipfix(FLOWS), exports.netflow5(FLOWS), exports.netflow9(FLOWS))
        self.assertEqual([line["version"] for line in lines], [10] * 3 + [5] * 3 + [9] * 3)

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_exporters_and_flows_of_ipv6_are_taken(self):
        self.assert_dumped(self.dump_of(exports.ipfix(FLOWS6), host="::1"), FLOWS6)

    def test_everything_sent_is_accounted_for(self):
        chance = random.Random(1)
        collector = Collector("--state", self.state)
        noise = [chance.randbytes(chance.randrange(0, 200)) for _ in range(200)]
        good = exports.ipfix(FLOWS)
        broken = [good[:length] for length in range(len(good))]
        broken += [bytes(chance.randrange(256) if chance.random() < 0.02 else octet for octet in good)
                   for _ in range(200)]
        collector.send(*noise, *broken, exports.netflow5(FLOWS), exports.netflow9(FLOWS), good)
        _, counters = collector.stop()
        self.assertEqual(counters["datagrams_received"], len(noise) + len(broken) + 3)
        self.assertEqual(counters["datagrams_received"], counters["datagrams_taken"])
        self.assertEqual(counters["kernel_dropped"], 0)
        self.assertGreaterEqual(counters["records_decoded"], 9)
        self.assertGreater(counters["datagrams_version"], 0)
        self.assert_all_accounted_for(counters)

    def test_a_signal_sends_the_open_bins(self):
        collector = Collector("--state", self.state)
        collector.send(exports.ipfix(FLOWS))
        _, counters = collector.stop()
        self.assertEqual(counters["bins"]["binned"], 3)
        self.assertEqual(counters["bins"]["open_shares"], 0)
        self.assertGreaterEqual(counters["ring"]["parts_pushed"], 2)
        self.assertFalse(os.path.exists(os.path.join(self.state, "collector.sock")))

    def test_a_restart_loses_nothing_that_was_received(self):
        datagrams, binned, pushed = 400, 0, 0
        for part in range(3):
            collector = Collector("--state", self.state)
            collector.send(*(exports.netflow5([Flow(f"10.{part}.{number // 250}.{number % 250 + 1}", "198.51.100.7")] * 20,
                                              sequence=20 * number) for number in range(datagrams)))
            _, counters = collector.stop()
            self.assertEqual(counters["kernel_dropped"], 0)
            self.assertEqual(counters["datagrams_taken"], datagrams)
            self.assertEqual(counters["bins"]["open_shares"], 0)
            self.assertEqual(counters["ring"]["parts_dropped"], 0)
            self.assert_all_accounted_for(counters)
            binned += counters["bins"]["records"]
            pushed += counters["ring"]["parts_pushed"]
        self.assertEqual(binned, 3 * 20 * datagrams)
        self.assertGreaterEqual(pushed, 3 * datagrams)  # a host each, and none of them is lost

    def test_open_bins_are_sent_when_nothing_more_comes(self):
        collector = Collector("--state", self.state, "--flush-s", "1")
        collector.send(exports.ipfix(FLOWS))
        self.wait_for(lambda: ask(self.state, "counters")[0]["ring"]["parts_pushed"] >= 2)
        _, counters = collector.stop()
        self.assert_all_accounted_for(counters)

    def test_open_bins_are_sent_though_the_only_clock_stands(self):
        collector = Collector("--state", self.state, "--flush-s", "1")

        def send_and_look():
            collector.send(exports.ipfix(FLOWS))
            return ask(self.state, "counters")[0]["ring"]["parts_pushed"] >= 2

        self.wait_for(send_and_look)
        _, counters = collector.stop()
        self.assert_all_accounted_for(counters)

    def test_exporters_that_are_not_allowed_are_refused_and_counted(self):
        collector = Collector("--state", self.state, "--allow", "127.0.0.2", "--allow", "2001:db8::/32")
        collector.send(exports.ipfix(FLOWS), source="127.0.0.2")
        collector.send(exports.ipfix(FLOWS), exports.netflow5(FLOWS), source="127.0.0.3")
        _, counters = collector.stop()
        self.assertEqual(counters["datagrams_not_allowed"], 2)
        self.assertEqual(counters["records_decoded"], 3)
        self.assert_all_accounted_for(counters)

    def test_sampling_can_be_told(self):
        collector = Collector("--dump-flows", "--sampling", "127.0.0.0/8=1000")
        collector.send(exports.netflow5(FLOWS))
        lines, _ = collector.stop()
        self.assertEqual(lines[0]["octetDeltaCount"], FLOWS[0].octets)

    def test_a_running_collector_answers_questions(self):
        collector = Collector("--state", self.state)
        collector.send(exports.ipfix(FLOWS), exports.netflow5(FLOWS))
        self.wait_for(lambda: ask(self.state, "counters")[0]["datagrams_taken"] == 2)
        status = ask(self.state, "status")[0]
        self.assertEqual(status["program"], "kenchi-collector")
        self.assertEqual(status["listening"][0]["address"], f"127.0.0.1:{collector.ports[0]}")
        self.assertEqual(status["listening"][0]["datagrams"], 2)
        self.assertEqual(status["records_decoded"], 6)
        exporters = ask(self.state, "exporters")
        self.assertEqual(len(exporters), 1)
        self.assertIn("127.0.0.1", json.dumps(exporters[0]))
        self.assertIn("error", ask(self.state, "nonsense")[0])
        collector.stop()

    def test_workers_keep_an_exporters_templates_and_data_together(self):
        collector = Collector("--state", self.state, "--workers", "3")
        for last in range(1, 41):
            # From two sockets, and so two ports, of the same exporter.
            collector.send(exports.ipfix(FLOWS, data=False), source=f"127.0.1.{last}")
            collector.send(exports.ipfix(FLOWS, template=False), source=f"127.0.1.{last}")
        self.wait_for(lambda: ask(self.state, "counters")[0]["datagrams_taken"] == 80)
        self.assertEqual(len(ask(self.state, "exporters")), 40)
        self.assertEqual(ask(self.state, "status")[0]["listening"][0]["datagrams"], 80)
        _, counters = collector.stop()
        self.assertEqual(counters["records_decoded"], 120)
        self.assertEqual(counters["sets_waiting"], 0)
        self.assertEqual(counters["exporters"], 40)
        self.assert_all_accounted_for(counters)
        for number in range(3):
            self.assertTrue(os.path.exists(os.path.join(self.state, f"ring.{number}")))

    def test_workers_do_not_join_a_port_that_another_program_has(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            taken.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            result = run("--listen", address, "--workers", "2", "--state", self.state)
        self.assertEqual(result.returncode, 2)
        self.assertIn(address, result.stderr.decode())

    def test_templates_survive_a_restart(self):
        first = Collector("--state", self.state)
        first.send(exports.ipfix(FLOWS, data=False))
        first.stop()
        second = Collector("--state", self.state)
        second.send(exports.ipfix(FLOWS, template=False))
        _, counters = second.stop()
        self.assertEqual(counters["records_decoded"], 3)

    def test_sampling_survives_a_restart_between_its_announcement_and_the_data(self):
        template, record = exports.sampling(1000)
        first = Collector("--state", self.state)
        first.send(exports.ipfix(FLOWS, data=False), template)
        first.stop()
        second = Collector("--state", self.state)
        second.send(record)
        second.stop()
        third = Collector("--state", self.state)
        third.send(exports.ipfix(FLOWS, template=False))
        told = ask(self.state, "exporters")
        _, counters = third.stop()
        self.assertEqual(counters["records_decoded"], 3)
        self.assertIn('"interval": 1000', json.dumps(told))

    def test_nothing_is_written_while_nothing_new_is_told(self):
        path = os.path.join(self.state, "templates")
        collector = Collector("--state", self.state)
        collector.send(exports.ipfix(FLOWS))
        self.wait_for(lambda: os.path.exists(path))
        first = os.stat(path).st_ino
        collector.send(exports.ipfix(FLOWS, sequence=3))
        time.sleep(3)
        self.assertEqual(os.stat(path).st_ino, first)
        collector.stop()

    def test_a_killed_collector_is_started_again_in_the_same_state(self):
        first = Collector("--state", self.state)
        first.send(exports.ipfix(FLOWS))
        self.wait_for(lambda: os.path.exists(os.path.join(self.state, "templates")))
        first.kill()
        self.assertTrue(os.path.exists(os.path.join(self.state, "collector.sock")))
        second = Collector("--state", self.state)
        second.send(exports.ipfix(FLOWS, template=False))
        _, counters = second.stop()
        self.assertEqual(counters["records_decoded"], 3)
        self.assert_all_accounted_for(counters)

    def test_a_damaged_template_file_is_told_of_and_passed_over(self):
        os.mkdir(self.state)
        with open(os.path.join(self.state, "templates"), "wb") as file:
            file.write(b"no templates at all")
        collector = Collector("--state", self.state)
        collector.send(exports.ipfix(FLOWS))
        _, counters = collector.stop()
        self.assertIn("templates", collector.told)
        self.assertEqual(counters["records_decoded"], 3)

    def test_two_collectors_do_not_share_a_state_folder(self):
        first = Collector("--state", self.state)
        second = run("--state", self.state, "--listen", "127.0.0.1:0")
        self.assertEqual(second.returncode, 2)
        self.assertIn(self.state, second.stderr.decode())
        first.send(exports.ipfix(FLOWS))
        _, counters = first.stop()
        self.assertEqual(counters["records_decoded"], 3)

    def test_a_taken_port_is_named_and_nothing_is_started(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            result = run("--listen", "127.0.0.1:0", "--listen", address, "--state", self.state)
        self.assertEqual(result.returncode, 2)
        self.assertIn(address, result.stderr.decode())
        self.assertFalse(os.path.exists(self.state))


class Captures(Scenario):
    def setUp(self):
        super().setUp()
        self.octets = exports.capture([(NOW, exports.ipfix(FLOWS)), (NOW + 1, exports.netflow5(FLOWS)),
                                       (NOW + 2, b"neither")])

    def dump_of(self, *options, stdin=None):
        result = run("--dump-flows", *options, stdin=stdin)
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertIn("stats", lines[-1])
        return lines[:-1]

    def test_files_packed_files_and_standard_input_are_read_alike(self):
        plain = self.write("plain", self.octets)
        packed = self.write("packed", gzip.compress(self.octets))
        for lines in (self.dump_of("--read", plain), self.dump_of("--read", packed),
                      self.dump_of("--read", "-", stdin=self.octets),
                      self.dump_of("--read", "-", stdin=gzip.compress(self.octets))):
            self.assert_dumped(lines, FLOWS * 2)

    def test_several_captures_are_read_in_order(self):
        first = self.write("first", exports.capture([(NOW, exports.ipfix(FLOWS))]))
        second = self.write("second", exports.capture([(NOW, exports.ipfix(FLOWS[:1], template=False))]))
        self.assert_dumped(self.dump_of("--read", first, "--read", second), FLOWS + FLOWS[:1])

    def test_captures_are_merged_by_time(self):
        """Each has what the other one needs: the Template of one flow, the data of another."""
        first = self.write("first", exports.capture([(NOW, exports.ipfix(FLOWS, domain=1)),
                                                     (NOW + 3, exports.ipfix(FLOWS[:1], template=False, domain=2))]))
        second = self.write("second", exports.capture([(NOW + 1, exports.ipfix(FLOWS[1:], domain=2)),
                                                       (NOW + 2, exports.ipfix(FLOWS[1:], template=False, domain=1))]))
        order = [1] * len(FLOWS) + [2] * len(FLOWS[1:]) + [1] * len(FLOWS[1:]) + [2]
        for paths in ((first, second), (second, first)):
            lines = self.dump_of("--read", paths[0], "--read", paths[1])
            self.assertEqual([line["observationDomainId"] for line in lines], order)

    def test_ipfix_files_are_not_mixed(self):
        """Both have Templates of the same id, of other layouts."""
        flow, six = FLOWS[0], exports.Flow("2001:db8::1", "2001:db8::2")
        first = self.write("four", exports.ipfix([flow]) + exports.ipfix([flow], sequence=1, template=False, export_time=NOW + 5))
        other = exports.ipfix([six], export_time=NOW + 1).replace(b"\x01\x06", b"\x01\x04")
        second = self.write("six", other)
        lines = self.dump_of("--read", first, "--read", second)
        self.assertEqual(len(lines), 3)
        self.assertEqual(lines[1]["sourceIPv4Address"], flow.source)
        self.assertEqual(lines[2]["sourceIPv6Address"], six.source)

    def test_a_capture_that_is_damaged_does_not_keep_from_the_others(self):
        cut = self.write("cut", self.octets[:-3])
        whole = self.write("whole", exports.capture([(NOW + 9, exports.ipfix(FLOWS))]))
        result = run("--read", cut, "--read", whole, "--dump-flows")
        self.assertEqual(result.returncode, 2)
        self.assertIn(cut, result.stderr.decode())
        self.assertEqual(len(result.stdout.splitlines()), len(FLOWS) * 3 + 1)

    def test_packets_cut_short_by_the_snapshot_length_are_told_of(self):
        header, octets = struct.Struct("!IIII"), self.octets
        length = header.unpack_from(octets, 24)[2]
        cut = self.write("snapped", octets[:32] + struct.pack("!II", length - 1, length) + octets[40:40 + length - 1])
        result = run("--read", cut, "--dump-flows")
        self.assertEqual(result.returncode, 0)
        self.assertIn("1 of 1 packets were cut short", result.stderr.decode())

    def test_many_captures_are_read(self):
        paths = [self.write(f"one{number}", exports.capture([(NOW + number, exports.ipfix(FLOWS))])) for number in range(150)]
        lines = self.dump_of(*[option for path in paths for option in ("--read", path)])
        self.assertEqual(len(lines), len(FLOWS) * 150)

    def test_ipfix_files_are_known_by_what_they_hold(self):
        path = self.write("messages", exports.ipfix(FLOWS) + exports.ipfix(FLOWS, sequence=3, template=False))
        self.assert_dumped(self.dump_of("--read", path), FLOWS * 2)

    def test_a_capture_waits_for_the_reader_of_the_ring_and_counts_everything(self):
        path = self.write("capture", self.octets)
        result = run("--read", path, "--state", self.state, "--final-counters", "json")
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        counters = json.loads(result.stdout)
        self.assertEqual(counters["capture"]["datagrams"], 3)
        self.assertEqual(counters["datagrams_taken"], 3)
        self.assertEqual(counters["datagrams_short"] + counters["datagrams_version"], 1)
        self.assertEqual(counters["ring"]["parts_dropped"], 0)
        self.assert_all_accounted_for(counters)

    def test_a_signal_ends_the_wait_for_a_reader(self):
        flows = [Flow(f"10.{number >> 8}.{number & 255}.1", "198.51.100.7") for number in range(8000)]
        datagrams = [(NOW, exports.ipfix(flows[first:first + 25], sequence=first))
                     for first in range(0, len(flows), 25)]
        path = self.write("capture", exports.capture(datagrams))
        process = subprocess.Popen([COLLECTOR, "--read", path, "--state", self.state, "--ring-size", "1M"],
                                   stderr=subprocess.PIPE)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.terminate()
        _, told = process.communicate(timeout=TIMEOUT_S)
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("signal", told.decode())

    def test_the_same_capture_makes_the_same_bin_file(self):
        capture = self.write("capture", self.octets)
        files = []
        for name in ("one", "other"):
            path = os.path.join(self.folder, name)
            result = run("--read", capture, "--write-bins", path, "--state", self.state)
            self.assertEqual(result.returncode, 0, result.stderr.decode())
            with open(path, "rb") as file:
                files.append(file.read())
        self.assertGreater(len(files[0]), 2 * 300)
        self.assertEqual(files[0], files[1])
        self.assertFalse(os.path.exists(self.state))

    def test_a_bin_file_that_cannot_be_made_is_named_before_a_ring_is(self):
        capture = self.write("capture", self.octets)
        result = run("--read", capture, "--write-bins", "/nonexistent/bins", "--state", self.state, "--ring",
                     self.folder)
        self.assertEqual(result.returncode, 2)
        self.assertIn("/nonexistent/bins", result.stderr.decode())
        self.assertFalse(os.path.exists(os.path.join(self.folder, "ring.0")))

    def test_a_damaged_capture_is_named_and_what_it_held_is_used(self):
        path = self.write("cut", self.octets[:-3])
        result = run("--read", path, "--dump-flows")
        self.assertEqual(result.returncode, 2)
        self.assertIn(path, result.stderr.decode())
        self.assertEqual(len(result.stdout.splitlines()), len(FLOWS) * 2 + 1)


class WrongUse(Scenario):
    def assert_refused(self, options, says):
        result = run("--state", self.state, *options)
        self.assertEqual(result.returncode, 2, options)
        self.assertEqual(result.stdout, b"")
        self.assertIn(says, result.stderr.decode())
        self.assertFalse(os.path.exists(self.state), options)

    def test_wrong_options_and_values_are_named_and_nothing_is_started(self):
        text = self.write("text", b"this is no capture")
        for options, says in (
                (["--frobnicate"], "--frobnicate"),
                (["capture.pcap"], "capture.pcap"),
                (["--listen", "nowhere"], "nowhere"),
                (["--listen", "127.0.0.1:99999"], "127.0.0.1:99999"),
                (["--monitored", "10.0.0.0/33"], "10.0.0.0/33"),
                (["--allow", "router"], "router"),
                (["--sampling", "10.0.0.1=0"], "10.0.0.1=0"),
                (["--ring-size", "1"], "ring_size"),
                (["--hosts-max", "many"], "hosts_max"),
                (["--final-counters", "xml"], "xml"),
                (["--read", "/nonexistent"], "/nonexistent"),
                (["--read", text], text),
                (["--read", self.folder], self.folder),
                (["--read", text, "--listen", "127.0.0.1:0"], "--listen"),
                (["--write-bins", "x", "--dump-flows"], "--write-bins"),
                (["--workers", "2", "--dump-flows"], "workers"),
                (["--config", "/nonexistent"], "/nonexistent"),
                (["--user", "nobody-of-that-name", "--listen", "127.0.0.1:0"], "nobody-of-that-name")):
            self.assert_refused(options, says)

    def test_wrong_keys_and_values_of_a_file_are_named(self):
        for text, says in (("[collector]\nhosts=1\n", "hosts"), ("[detector]\n", "detector"),
                           ("[collector]\nring_size=1\n", "1M to 64G"), ("[collector]\nmonitored=x\n", "\"x\"")):
            path = self.write("config", text.encode())
            self.assert_refused(["--config", path], says)

    def test_the_printed_configuration_is_one_that_is_read(self):
        path = self.write("config", run("--print-config").stdout)
        self.assertEqual(run("--config", path, "--check").returncode, 0)

    def test_options_override_the_file(self):
        path = self.write("config", b"[collector]\nlisten=nowhere\n")
        self.assertEqual(run("--config", path, "--check").returncode, 2)
        self.assertEqual(run("--config", path, "--check", "--listen", "127.0.0.1:0").returncode, 0)

    def test_version_and_help_go_to_standard_output(self):
        self.assertRegex(run("--version").stdout.decode(), r"^kenchi-collector \d+\.\d+\.\d+\n$")
        self.assertIn("--dump-flows", run("--help").stdout.decode())


if __name__ == "__main__":
    unittest.main(verbosity=2)
