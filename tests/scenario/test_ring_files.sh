#!/bin/bash
# What others do to the ring's files while it is in use: a removed ring is made anew, and who touches what was cut off one
# ends with its name and exit status 1; started again, both go on.
set -eu
. "$(dirname "$0")/daemons.sh"
state=$folder/state

# Asks again and again, for ten seconds: until COMMAND...
until_true() {
	for _ in $(seq 100); do
		if "$@"; then
			return 0
		fi
		sleep 0.1
	done
	return 1
}

is_listening() {
	address=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$folder/collector.log")
	[ -n "$address" ]
}

start() {
	"$COLLECTOR" --state "$state" --listen 127.0.0.1:0 --monitored all 2>"$folder/collector.log" &
	collector=$!
	"$DETECTOR" --state "$state" 2>"$folder/detector.log" &
	detector=$!
	until_true is_listening || fail "the collector does not listen"
}

# Half a minute of traffic that begins at minute $1, and how many hosts the detector knows then.
send_traffic() {
	"$FLOWGEN" --format v5 --hosts 4 --minutes 2 --start $((1772445600000 + $1 * 60000)) --to "$address" --rate 400 \
		2>"$folder/flowgen.log"
}

parts_are_read() {
	"$KENCHI" --state "$state" status --json >"$folder/status.json" 2>/dev/null || true
	parts=$(sed -n 's/.*"entries":[0-9]*,"parts":\([0-9]*\).*/\1/p' "$folder/status.json")
	[ "${parts:-0}" -gt "$1" ]
}

has_seen_the_cut() {
	[ "$(grep -c 'ring\.0: somebody removed' "$folder/collector.log")" -gt 1 ] || ! kill -0 "$collector" 2>/dev/null
}

# Process $1 ends by itself with status 1, and its log $2 names the ring.
expect_end() {
	status=0
	until_true eval "! kill -0 $1 2>/dev/null" || fail "process $1 goes on"
	wait "$1" || status=$?
	[ "$status" -eq 1 ] || fail "exit status $status instead of 1"
	grep -q "$state/ring.0: cut short" "$folder/$2" || fail "$2 does not name the ring"
}

start
send_traffic 0
until_true parts_are_read 0 || fail "nothing came through"
before=$parts
rm "$state"/ring.0*
until_true grep -q 'ring\.0: somebody removed' "$folder/collector.log" || fail "the collector does not see that its ring is gone"
send_traffic 3
until_true parts_are_read "$before" || fail "nothing comes through the ring that was made anew"

# The collector sees it in time, or touches what is gone; the detector looks there all the time.
truncate -s 0 "$state/ring.0"
until_true has_seen_the_cut || fail "the collector goes on as if nothing were wrong"
if kill -0 "$collector" 2>/dev/null; then
	kill -TERM "$collector"
	wait "$collector" || fail "the collector ended with $?"
else
	expect_end "$collector" collector.log
fi
collector=
expect_end "$detector" detector.log
detector=

start
send_traffic 9
until_true parts_are_read 0 || fail "nothing comes through after a new start"
