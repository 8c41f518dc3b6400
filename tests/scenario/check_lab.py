#!/usr/bin/env python3
"""check_lab.py SCENARIO EXPORT: runs kenchi analyze over an export of a labelled scenario of the laboratory that lies beside the
tree (KENCHI_LAB, else ../shared/lab) and checks that every scanning host is called infected, that the scorer reads the
output, and that a seed of normal traffic flags nobody.  Exit 77 (skipped) where the laboratory is not there."""
import csv
import json
import os
import subprocess
import sys

# Private addresses, and the campus of the scenarios that were captured at its border.
MONITORED = [word for prefix in ('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '147.32.0.0/16')
             for word in ('--monitored', prefix)]


def main():
    scenario, export = sys.argv[1:]
    source = os.environ['KENCHI_SOURCE']
    lab = os.environ.get('KENCHI_LAB') or os.path.join(source, '..', 'shared', 'lab')
    folder = os.path.join(lab, 'visible', scenario)
    if not os.path.isdir(folder):
        print('skipped: no laboratory at', lab)
        return 77
    labels = os.path.join(folder, 'labels.csv')
    with open(labels, newline='') as stream:
        rows = [row for row in csv.DictReader(stream) if '/' not in row['host']]
    scanning = {row['host'] for row in rows if row['label'] == 'infected' and row['behaviour'] == 'scan'}
    infected = {row['host'] for row in rows if row['label'] == 'infected'}
    ran = subprocess.run([os.environ['KENCHI'], 'analyze', '--json', *MONITORED, os.path.join(folder, export)],
                         stdout=subprocess.PIPE, check=False)
    if ran.returncode != 0:
        print('kenchi analyze ended with', ran.returncode)
        return 1
    verdicts = {line['host']: line for line in map(json.loads, ran.stdout.splitlines())}
    found = {host for host, line in verdicts.items() if line['verdict'] == 'infected'}
    print('%s: %d hosts, %d called infected; scanning hosts found %d of %d, infected ones %d of %d' % (
        scenario, len(verdicts), len(found), len(scanning & found), len(scanning), len(infected & found), len(infected)))
    missed = scanning - found
    for host in sorted(missed):
        print('missed:', host, verdicts.get(host))
    if scenario == 'seed-normal' and found:
        print('normal traffic was called infected:', sorted(found))
        return 1
    scorer = os.path.join(lab, 'tools', 'score.py')
    scored = subprocess.run([sys.executable, scorer, labels, '/dev/stdin'], input=ran.stdout, check=False)
    return 1 if missed or scored.returncode != 0 else 0


if __name__ == '__main__':
    sys.exit(main())
