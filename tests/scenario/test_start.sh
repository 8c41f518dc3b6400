#!/bin/bash
# tools/start --demo ends with who is infected and leaves nothing running; without
# --demo it stops when it is asked to.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() {
	echo "FAILED: $*"
	cat "$folder"/log
	exit 1
}
port=$(python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
left() { # processes over this test's state
	for line in /proc/[0-9]*/cmdline; do
		tr '\0' ' ' 2>/dev/null <"$line" | grep -e "--state $folder/" || true
	done
}

"$KENCHI_SOURCE/tools/start" --demo --state "$folder/demo" --listen "127.0.0.1:$port" --every 2 >"$folder/log" 2>&1 ||
	fail "--demo ended with $?"
grep -q '^10.20.0.66 .*infected' "$folder/log" || fail "the scanning host is not named"
grep -q 'datagrams/s' "$folder/log" || fail "nothing tells what arrives"
[ -z "$(left)" ] || fail "something runs: $(left)"

"$KENCHI_SOURCE/tools/start" --state "$folder/live" --listen "127.0.0.1:$port" --every 1 >"$folder/log" 2>&1 &
start=$!
for _ in $(seq 300); do
	grep -q 'datagrams/s' "$folder/log" && break
	sleep 0.2
done
grep -qF -- "--state $folder/live infected" "$folder/log" || fail "the hint does not name the state folder"
kill -TERM "$start"
code=0
wait "$start" || code=$?
[ $code -eq 0 ] || fail "exit $code when it was stopped"
[ -z "$(left)" ] || fail "something runs: $(left)"

code=0
"$KENCHI_SOURCE/tools/start" --frobnicate >"$folder/log" 2>&1 || code=$?
[ $code -eq 2 ] && grep -q -- --frobnicate "$folder/log" || fail "a wrong option: exit $code"
