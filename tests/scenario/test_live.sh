#!/bin/bash
# The same synthetic traffic read from a capture and sent over UDP gives the same verdicts; kenchi answers while the
# daemons run and after they have been stopped.
set -eu
. "$(dirname "$0")/daemons.sh"

traffic="--format all --hosts 6 --minutes 20 --start 1772445600000"
# shellcheck disable=SC2086 # several options
"$FLOWGEN" $traffic --pcap "$folder/export.pcap" 2>/dev/null
"$KENCHI" analyze --json "$folder/export.pcap" >"$folder/read.jsonl" 2>"$folder/analyze.log" || fail "analyze"

"$DETECTOR" --state "$folder/state" 2>"$folder/detector.log" &
detector=$!
"$COLLECTOR" --state "$folder/state" --listen 127.0.0.1:0 2>"$folder/collector.log" &
collector=$!
address=
for _ in $(seq 100); do
	address=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$folder/collector.log" | head -1)
	[ -z "$address" ] || break
	sleep 0.1
done
[ -n "$address" ] || fail "the collector does not listen"
# shellcheck disable=SC2086
"$FLOWGEN" $traffic --to "$address" --rate 400 2>"$folder/flowgen.log"

sent=$(sed -n 's/.*: \([0-9]*\) datagrams, .*/\1/p' "$folder/flowgen.log")
for _ in $(seq 100); do
	"$KENCHI" --state "$folder/state" status --json >"$folder/status.json" 2>/dev/null || true
	grep -q "\"datagrams_taken\":$sent," "$folder/status.json" && break
	sleep 0.1
done
grep -q "\"datagrams_taken\":$sent," "$folder/status.json" || fail "not all $sent datagrams were taken"
"$KENCHI" --state "$folder/state" exporters --json >"$folder/exporters.json" || fail "kenchi exporters"
[ "$(grep -c '"127.0.0.1' "$folder/exporters.json")" -ge 1 ] || fail "no exporter is shown"
"$KENCHI" --state "$folder/state" exporters >"$folder/exporters.txt" || fail "kenchi exporters"
grep -q 'TEMPLATES.*CLOCK.*SAMPLING.*CANNOT TELL' "$folder/exporters.txt" || fail "exporters as a table"

# A daemon that does not answer is not one that does not run.
kill -STOP "$collector"
"$KENCHI" --state "$folder/state" status >"$folder/silent.log" || fail "kenchi status of a daemon that is silent"
kill -CONT "$collector"
grep -q 'collector  cannot be asked: .*collector.sock' "$folder/silent.log" || fail "a silent daemon is called stopped"

# Sketches have other keys, so what is measured, and evidence near its threshold, may differ a little; verdicts may not.
verdicts() {
	sed -n 's/^{"host":"\([^"]*\)","verdict":"\([a-z]*\)".*/\1 \2/p' "$1" | sort
}
verdicts "$folder/read.jsonl" >"$folder/read"

kill -TERM "$collector"
wait "$collector" || fail "the collector ended with $?"
collector=
for _ in $(seq 100); do
	"$KENCHI" --state "$folder/state" hosts --json >"$folder/live.jsonl" 2>"$folder/hosts.log" || true
	verdicts "$folder/live.jsonl" | cmp -s "$folder/read" && break
	sleep 0.1
done
kill -TERM "$detector"
wait "$detector" || fail "the detector ended with $?"
detector=
"$KENCHI" --state "$folder/state" hosts --json >"$folder/live.jsonl" 2>"$folder/hosts.log" || fail "kenchi hosts"
"$KENCHI" --state "$folder/state" status >"$folder/stopped.log" || fail "kenchi status"
grep -q 'collector  not running' "$folder/stopped.log" || fail "status of stopped daemons"

verdicts "$folder/live.jsonl" >"$folder/live"
diff "$folder/read" "$folder/live" || fail "other verdicts over UDP"
grep -q '^{"host":"10.20.0.66","verdict":"infected".*"horizontal_scan"' "$folder/live.jsonl" || fail "the scanning host was not found"
