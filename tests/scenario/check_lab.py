#!/usr/bin/env python3
"""check_lab.py [--live] SCENARIO EXPORT: runs kenchi analyze over an export of a labelled scenario of the laboratory
that lies beside the tree (KENCHI_LAB, else ../shared/lab) and checks that every scanning host is called infected, that the
scorer reads the output, and that a seed of normal traffic flags nobody.  --live also sends the export to running daemons
over UDP and checks that each host has the verdict that it has when the capture is read.
Exit 77 (skipped) where the laboratory is not there."""
import csv
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

KENCHI = os.environ['KENCHI']
RATE = '3000'  # datagrams a second
# The key of captures, so that the daemons count peers with the same hashes.
CAPTURE_KEY = '6b656e6368690001\n'


def parse(lines):
    return {line['host']: line for line in map(json.loads, lines.splitlines())}


def analyze(path):
    """The output of kenchi analyze; a capture packed with xz goes through standard input."""
    if path.endswith('.xz'):
        with subprocess.Popen(['xz', '-dc', path], stdout=subprocess.PIPE) as unpack:
            ran = subprocess.run([KENCHI, 'analyze', '--json', '-'], stdin=unpack.stdout, stdout=subprocess.PIPE,
                                 check=False)
    else:
        ran = subprocess.run([KENCHI, 'analyze', '--json', path], stdout=subprocess.PIPE, check=False)
    if ran.returncode != 0:
        sys.exit('kenchi analyze ended with %d' % ran.returncode)
    return ran.stdout


def check_labels(scenario, labels, verdicts):
    """False when a scanning host was missed, or normal traffic flagged."""
    with open(labels, newline='') as stream:
        rows = [row for row in csv.DictReader(stream) if '/' not in row['host'] and row['label'] == 'infected']
    infected = {row['host'] for row in rows}
    scanning = {row['host'] for row in rows if row['behaviour'] == 'scan'}
    found = {host for host, line in verdicts.items() if line['verdict'] == 'infected'}
    print('%s: %d hosts, %d called infected; scanning hosts found %d of %d, infected ones %d of %d' % (
        scenario, len(verdicts), len(found), len(scanning & found), len(scanning), len(infected & found), len(infected)))
    for host in sorted(scanning - found):
        print('missed:', verdicts.get(host, host))
    return scanning <= found and not (scenario == 'seed-normal' and found)


def wait_for(what, ready):
    for _ in range(300):
        if ready():
            return
        time.sleep(0.1)
    sys.exit('waited in vain for ' + what)


def verdicts_of(hosts):
    return {host: line['verdict'] for host, line in hosts.items()}


def replay(lab, path, read):
    """Sends the capture to running daemons; what `kenchi hosts` says afterwards, when it is as `read` or has had time to be."""
    with tempfile.TemporaryDirectory() as state:
        with open(os.path.join(state, 'site.key'), 'w') as stream:
            stream.write(CAPTURE_KEY)
        log = os.path.join(state, 'collector.log')
        with open(log, 'w') as stream:
            detector = subprocess.Popen([os.environ['DETECTOR'], '--state', state])
            collector = subprocess.Popen([os.environ['COLLECTOR'], '--state', state, '--listen', '127.0.0.1:0'],
                                         stderr=stream)

        def listening():
            with open(log) as stream:
                return re.search(r'listening on (127\.0\.0\.1:\d+)', stream.read())

        def stored():
            command = [KENCHI, '--state', state, 'hosts', '--json', '--max-age', '0']
            return parse(subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout)

        try:
            wait_for('the collector', listening)
            subprocess.run([sys.executable, os.path.join(lab, 'tools', 'replay.py'), path, listening().group(1),
                            '--rate', RATE], check=True)
            collector.send_signal(signal.SIGTERM)
            collector.wait(30)
            end = time.monotonic() + 30
            while verdicts_of(stored()) != verdicts_of(read) and time.monotonic() < end:
                time.sleep(0.2)
        finally:
            collector.kill()
            collector.wait(30)
            detector.send_signal(signal.SIGTERM)
            detector.wait(30)
        return stored()


def same_verdicts(read, live):
    different = [host for host in sorted(read.keys() | live.keys())
                 if read.get(host, {}).get('verdict') != live.get(host, {}).get('verdict')]
    for host in different[:20]:
        print('read:', read.get(host), '\nlive:', live.get(host))
    print('over UDP: %d hosts, %d with another verdict' % (len(live), len(different)))
    return not different


def main():
    live = '--live' in sys.argv
    scenario, export = [word for word in sys.argv[1:] if word != '--live']
    lab = os.environ.get('KENCHI_LAB') or os.path.join(os.environ['KENCHI_SOURCE'], '..', 'shared', 'lab')
    folder = os.path.join(lab, 'visible', scenario)
    if not os.path.isdir(folder):
        print('skipped: no laboratory at', lab)
        return 77
    labels = os.path.join(folder, 'labels.csv')
    path = os.path.join(folder, export)
    output = analyze(path)
    right = check_labels(scenario, labels, parse(output))
    scored = subprocess.run([sys.executable, os.path.join(lab, 'tools', 'score.py'), labels, '/dev/stdin'], input=output,
                            check=False)
    if live:
        read = parse(output)
        right = same_verdicts(read, replay(lab, path, read)) and right
    return 0 if right and scored.returncode == 0 else 1


if __name__ == '__main__':
    sys.exit(main())
