#!/usr/bin/env python3
"""Sends a conformance corpus of export datagrams to a live collector and compares the flow records with what is
expected.

  check_live.py CORPUS      with COLLECTOR in the environment

Each exporter of a case gets an address of 127.0.1.0/24 of its own.  The corpus is no part of the tree: without it the
test is skipped.
"""
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))
SKIPPED = 77
DATAGRAMS_PER_S = 4000


def load_pcaplib(corpus):
    spec = importlib.util.spec_from_file_location("pcaplib", os.path.join(corpus, "pcaplib.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def send(pcaplib, path, port):
    """Sends the datagrams of a capture, in their order and at a bounded rate; how many."""
    senders = {}
    count = 0
    for _, source, _, _, _, octets in pcaplib.udp_datagrams(path):
        if source not in senders:
            senders[source] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            senders[source].bind((f"127.0.1.{len(senders) + 1}", 0))
        senders[source].sendto(octets, ("127.0.0.1", port))
        count += 1
        time.sleep(1 / DATAGRAMS_PER_S)
    for sender in senders.values():
        sender.close()
    return count


def decode(pcaplib, path, output):
    """False: not every datagram arrived."""
    from collector_process import Collector
    collector = Collector("--dump-flows")
    sent = send(pcaplib, path, collector.ports[0])
    lines, counters = collector.stop()
    with open(output, "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
    return counters["datagrams_received"] == sent


def main(corpus):
    cases = os.path.join(corpus, "corpus")
    if not os.path.isfile(os.path.join(corpus, "compare.py")) or not os.path.isdir(cases):
        print(f"skipped: no conformance corpus in {corpus}")
        return SKIPPED
    pcaplib = load_pcaplib(corpus)
    status = 0
    with tempfile.TemporaryDirectory() as got:
        for case in sorted(os.listdir(cases)):
            capture = os.path.join(cases, case, "datagrams.pcap")
            if not decode(pcaplib, capture, os.path.join(got, case + ".jsonl")):
                print(f"{case}: datagrams did not arrive")
                status = 1
        for fields in ("core", "ext"):
            compared = subprocess.run(
                [sys.executable, "-B", os.path.join(corpus, "compare.py"), "--corpus", cases, "--got", got,
                 "--fields", fields, "--biflow", "keep"], stdout=subprocess.PIPE, text=True, check=False)
            lines = compared.stdout.splitlines()
            failed = [line for line in lines if line.startswith("FAIL")]
            print(f"fields: {fields}", *failed, *lines[-2:], sep="\n")
            status = status or compared.returncode
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
