#!/bin/bash
# kenchi analyze: the same output each time, from a file and from standard input; a state that is kept can be asked.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
fail() {
	echo "FAILED: $*"
	cat "$folder"/err
	exit 1
}

"$KENCHI" analyze --json "$CAPTURE" >"$folder/one" 2>"$folder/err" || fail "analyze"
"$KENCHI" analyze --json - <"$CAPTURE" >"$folder/two" 2>"$folder/err" || fail "analyze -"
cmp "$folder/one" "$folder/two" || fail "another output from the same capture"
"$KENCHI" analyze --scores "$CAPTURE" >"$folder/three" 2>"$folder/err" || fail "analyze --scores"
"$KENCHI" analyze --scores --state "$folder/state" "$CAPTURE" >"$folder/four" 2>"$folder/err" || fail "analyze --state"
cmp "$folder/three" "$folder/four" || fail "other scores from the same capture"
python3 - "$folder/one" "$folder/three" <<'END' || fail "lines"
import json, sys
verdicts = [json.loads(line) for line in open(sys.argv[1])]
for line in verdicts:
    assert line['verdict'] in ('infected', 'normal', 'unknown'), line
    assert 0 <= line['score'] <= 1, line
    assert isinstance(line['behaviours'], list), line
    assert (line['first_detected_ms'] is None) or line['first_detected_ms'] > 0, line
assert len({line['host'] for line in verdicts}) == len(verdicts)
assert [line['host'] for line in verdicts if line['verdict'] == 'infected'].count('10.20.0.66') == 1
last = 0
for text in open(sys.argv[2]):
    line = json.loads(text)
    assert line['time_ms'] >= last, 'not in the order of time'
    last = line['time_ms']
    assert {'host', 'verdict', 'score', 'first_detected_ms'} <= set(line), line
END
"$KENCHI" --state "$folder/state" infected --exit-code >"$folder/infected" 2>"$folder/err" && fail "exit code 0"
grep -q '^10.20.0.66 ' "$folder/infected" || fail "the kept state"
"$KENCHI" --state "$folder/state" show 10.20.0.66 2>"$folder/err" | grep -q 'horizontal scan' || fail "show"
"$KENCHI" analyze --state "$folder/state" "$CAPTURE" >/dev/null 2>"$folder/err" || fail "a kept state used again"
"$KENCHI" analyze --scores --alarms 1000 "$CAPTURE" >"$folder/many" 2>"$folder/err" || fail "analyze --alarms"
python3 - "$folder/three" "$folder/many" <<'END' || fail "more wished alarms raise no score, or lower one"
import json, sys
few, many = ([json.loads(line)['score'] for line in open(path)] for path in sys.argv[1:])
assert all(a <= b for a, b in zip(few, many, strict=True)) and sum(few) < sum(many)
END
code=0
"$KENCHI" analyze --alarms none "$CAPTURE" 2>"$folder/err" || code=$?
[ $code -eq 2 ] && grep -q 'alarms' "$folder/err" || fail "exit $code with a wrong --alarms"
code=0
"$KENCHI" analyze --monitored 192.0.2.0/24 "$CAPTURE" 2>"$folder/err" || code=$?
[ $code -eq 3 ] || fail "exit $code without a monitored host"
# What comes before the damage of a capture is judged; it is no success all the same.
head -c "$(($(wc -c <"$CAPTURE") - 7))" "$CAPTURE" >"$folder/cut.pcap"
code=0
"$KENCHI" analyze --json "$folder/cut.pcap" >"$folder/cut.jsonl" 2>"$folder/err" || code=$?
[ $code -eq 2 ] || fail "exit $code for a capture that is cut short"
grep -q 'cut.pcap: it ends inside a packet' "$folder/err" || fail "the capture that is cut short is not named"
grep -q '"10.20.0.66","verdict":"infected"' "$folder/cut.jsonl" || fail "what came before the cut is not judged"
[ -z "$(find "$folder" -maxdepth 1 -name 'kenchi-analyze-*')" ] || fail "a temporary folder is left"

# A daemon that dies is named, and the other one is stopped: the capture is not to blame.
mkfifo "$folder/fifo"
"$KENCHI" analyze - <"$folder/fifo" >"$folder/out" 2>"$folder/err" &
analysis=$!
exec 3>"$folder/fifo"
head -c 4000 "$CAPTURE" >&3
detector=
for _ in $(seq 100); do
	for status in /proc/[0-9]*/stat; do
		if grep -q "^[0-9]* (kenchi-detector) [A-Z] $analysis " "$status" 2>/dev/null; then
			detector=$(basename "$(dirname "$status")")
		fi
	done
	[ -z "$detector" ] || break
	sleep 0.1
done
kill -KILL "$detector" || fail "there is no detector"
code=0
wait "$analysis" || code=$?
exec 3>&-
[ $code -eq 1 ] && [ ! -s "$folder/out" ] || fail "exit $code when the detector died"
grep -q 'kenchi-detector was ended by signal 9' "$folder/err" || fail "the dead detector is not named"
[ -z "$(find "$folder" -maxdepth 1 -name 'kenchi-analyze-*')" ] || fail "a temporary folder is left by a dead detector"
