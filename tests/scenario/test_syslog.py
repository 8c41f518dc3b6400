"""Alerts over UDP, TCP and TLS, as rsyslog, syslog-ng and a plain TLS server get them."""
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ports import free_port, waiting_octets

COLLECTOR, DETECTOR, CAPTURE = (os.environ[name] for name in ("COLLECTOR", "DETECTOR", "CAPTURE"))
EVERYWHERE = os.environ["PATH"] + ":/usr/sbin:/sbin"
RSYSLOGD, SYSLOG_NG, OPENSSL = (shutil.which(name, path=EVERYWHERE) for name in ("rsyslogd", "syslog-ng", "openssl"))
TIMEOUT_S = 30
# The search for leaks of a build with sanitizers falls over what TLS loads.
WITHOUT_LEAKS = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}


class Syslog(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="syslog.")
        self.addCleanup(shutil.rmtree, self.folder)
        self.received = self.path("received")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def start(self, *command):
        with open(self.path("server.log"), "wb") as log:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def detect(self, *options):
        """Judges the capture; gives the alerts, which are in a file too, and what the detector said."""
        state = tempfile.mkdtemp(dir=self.folder)
        alerts = os.path.join(state, "alerts.cef")
        collector = subprocess.Popen([COLLECTOR, "--state", state, "--read", CAPTURE])
        self.addCleanup(collector.wait)
        detector = subprocess.run([DETECTOR, "--state", state, "--once", "--cef-file", alerts, *options],
                                  stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=True, env=WITHOUT_LEAKS)
        with open(alerts) as file:
            lines = file.read().splitlines()
        self.assertGreater(len(lines), 0)
        return lines, detector.stderr.decode()

    def wait_for_server(self, port):
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        with open(self.path("server.log")) as file:
            self.fail("the server does not start: " + file.read())

    def wait_until(self, question):
        """False: it did not come to pass in time."""
        end = time.monotonic() + TIMEOUT_S
        while not question() and time.monotonic() < end:
            time.sleep(0.05)
        return question()

    def lines_received(self):
        if not os.path.exists(self.received):
            return []
        with open(self.received) as file:
            return file.read().splitlines()

    def assert_received(self, alerts):
        """Each alert once, as the server took it apart: program, message's kind, text."""
        expected = ["kenchi-detector|detected|" + alert for alert in alerts]
        self.wait_until(lambda: len(self.lines_received()) >= len(expected))
        self.assertEqual([line.replace("|updated|", "|detected|") for line in self.lines_received()], expected)

    def frames_taken(self):
        """The whole messages among the octets that the TLS server has taken so far, by RFC 5425."""
        frames, rest = [], self.taken
        while b" " in rest:
            length, rest = rest.split(b" ", 1)
            if len(rest) < int(length):
                break
            frames.append(rest[:int(length)].decode())
            rest = rest[int(length):]
        return frames

    @unittest.skipUnless(RSYSLOGD, "no rsyslogd")
    def test_rsyslog_takes_tcp_and_udp(self):
        tcp, udp = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
        for protocol, port in (("tcp", tcp), ("udp", udp)):
            self.received = self.path(protocol)
            config = self.write("rsyslog.conf", f"""
global(workDirectory="{self.folder}" maxMessageSize="64k")
module(load="imtcp") module(load="imudp")
template(name="parts" type="string" string="%app-name%|%msgid%|%msg%\\n")
ruleset(name="all") {{ action(type="omfile" file="{self.received}" template="parts") }}
input(type="imtcp" address="127.0.0.1" port="{tcp}" ruleset="all")
input(type="imudp" address="127.0.0.1" port="{udp}" ruleset="all")
""")
            process = self.start(RSYSLOGD, "-n", "-f", config, "-i", self.path("pid"))
            self.wait_for_server(tcp)
            self.wait_until(lambda: waiting_octets(udp) is not None)
            alerts, _ = self.detect("--syslog", f"{protocol}://127.0.0.1:{port}")
            self.assert_received(alerts)
            process.kill()
            process.wait()

    @unittest.skipUnless(SYSLOG_NG, "no syslog-ng")
    def test_syslog_ng_takes_tcp(self):
        port = free_port(socket.SOCK_STREAM)
        config = self.write("syslog-ng.conf", f"""@version: 3.35
options {{ log-msg-size(65536); stats-freq(0); }};
source tcp {{ syslog(ip("127.0.0.1") port({port}) transport("tcp")); }};
destination parts {{ file("{self.received}" template("$PROGRAM|$MSGID|$MSG\\n")); }};
log {{ source(tcp); destination(parts); }};
""")
        self.start(SYSLOG_NG, "-F", "-f", config, "-R", self.path("persist"), "-c", self.path("control"), "-p",
                   self.path("pid"), "--no-caps")
        self.wait_for_server(port)
        alerts, _ = self.detect("--syslog", f"tcp://127.0.0.1:{port}")
        self.assert_received(alerts)

    def make_certificate(self, name):
        subprocess.run([OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                        "-addext", "subjectAltName=DNS:" + name, "-keyout", self.path("key.pem"), "-out",
                        self.path("cert.pem")], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("cert.pem"), self.path("key.pem"))
        return context

    def serve_tls(self, context):
        """One connection after the other; their octets are appended to self.taken."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.taken = b""

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(connection, server_side=True) as server:
                        while part := server.recv(65536):
                            self.taken += part
                except OSError:
                    pass

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    def skip_without_tls(self, told):
        if "glib-networking" in told:
            self.skipTest("no TLS for GLib")

    @unittest.skipUnless(OPENSSL, "no openssl")
    def test_tls_takes_who_is_known_and_nobody_else(self):
        port = self.serve_tls(self.make_certificate("localhost"))
        check = subprocess.run([DETECTOR, "--state", self.path("none"), "--once", "--syslog", f"tls://localhost:{port}",
                                "--syslog-ca", "/nowhere/ca.pem"], stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False)
        self.skip_without_tls(check.stderr.decode())
        self.assertEqual(check.returncode, 2)
        self.assertIn("/nowhere/ca.pem", check.stderr.decode())
        alerts, told = self.detect("--syslog", f"tls://localhost:{port}", "--syslog-ca",
                                   os.path.relpath(self.path("cert.pem")))
        self.assertNotIn("could not be handed", told)
        self.wait_until(lambda: len(self.frames_taken()) >= len(alerts))
        self.assertEqual([frame[frame.index("CEF:0"):] for frame in self.frames_taken()], alerts)
        # An unknown authority, and another name than the certificate's.
        self.taken = b""
        _, told = self.detect("--syslog", f"tls://localhost:{port}")
        self.assertIn("could not be handed", told)
        _, told = self.detect("--syslog", f"tls://127.0.0.1:{port}", "--syslog-ca", self.path("cert.pem"))
        self.assertIn("could not be handed", told)
        self.assertEqual(self.taken, b"")


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=2)
    everything_skipped = program.result.testsRun > 0 and len(program.result.skipped) == program.result.testsRun
    sys.exit(77 if everything_skipped else not program.result.wasSuccessful())
