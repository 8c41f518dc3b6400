"""kenchi-collector as a process."""
import json
import os
import re
import signal
import socket
import subprocess

COLLECTOR = os.environ["COLLECTOR"]
TIMEOUT_S = 20


class Collector:
    """A live collector on free ports of 127.0.0.1 and, where there is IPv6, ::1."""

    def __init__(self, *options, listen=("127.0.0.1:0",)):
        command = [COLLECTOR, "--final-counters", "json"]
        for address in listen:
            command += ["--listen", address]
        # Without a buffer, so that communicate() gets what readline() has not.
        self.process = subprocess.Popen(command + list(options), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        bufsize=0)
        self.ports = []
        self.told = ""
        while len(self.ports) < len(listen):
            line = self.process.stderr.readline().decode()
            if not line:
                raise AssertionError("the collector did not start: " + self.told)
            self.told += line
            if "listening on" in line:
                self.ports.append(int(re.search(r":(\d+),", line).group(1)))

    def send(self, *datagrams, host="127.0.0.1", source=None):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            if source:
                sender.bind((source, 0))
            for datagram in datagrams:
                sender.sendto(datagram, (host, self.ports[-1 if ":" in host else 0]))

    def stop(self):
        """SIGTERM; (lines before the counters, counters)."""
        self.process.send_signal(signal.SIGTERM)
        output, told = self.process.communicate(timeout=TIMEOUT_S)
        self.told += told.decode()
        if self.process.returncode != 0:
            raise AssertionError(f"exit {self.process.returncode}: {self.told}")
        lines = [json.loads(line) for line in output.splitlines()]
        return lines[:-1], lines[-1]

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=TIMEOUT_S)
