#!/bin/sh
# Decodes a conformance corpus of export datagrams and compares the flow records with what is expected.
#   check_conformance.sh COLLECTOR CORPUS
# CORPUS holds compare.py and corpus/CASE/datagrams.pcap.  It is no part of the tree: without it the test is skipped.
set -eu
collector=$1
corpus=$2

if [ ! -f "$corpus/compare.py" ] || [ ! -d "$corpus/corpus" ]; then
	echo "skipped: no conformance corpus in $corpus"
	exit 77
fi
got=$(mktemp -d)
trap 'rm -rf "$got"' EXIT
status=0
for case in "$corpus"/corpus/*; do
	name=$(basename "$case")
	if ! timeout 60 "$collector" --read "$case/datagrams.pcap" --dump-flows >"$got/$name.jsonl"; then
		echo "$name: the collector failed"
		rm -f "$got/$name.jsonl"
		status=1
	fi
done
for fields in core ext; do
	echo "fields: $fields"
	if ! python3 "$corpus/compare.py" --corpus "$corpus/corpus" --got "$got" --fields $fields \
	    --biflow keep >"$got/report"; then
		grep -A 6 '^FAIL' "$got/report" || true
		status=1
	fi
	tail -n 3 "$got/report"
done
exit $status
