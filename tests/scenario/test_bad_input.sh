#!/bin/sh
# Wrong options, keys, files and captures: exit 2, a message that names what was wrong, nothing on standard output; and
# where there is nothing to tell of yet: exit 3 with the reason.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

echo 'this is no capture, no model, no calibration and no store' >"$folder/text"
printf '[collector]\nfrobnicate=1\n' >"$folder/collector.key"
printf '[collector]\nring_size=many\n' >"$folder/collector.value"
printf '[nobody]\nlisten=127.0.0.1:0\n' >"$folder/collector.section"
printf '[detector]\nfrobnicate=1\n' >"$folder/detector.key"
printf '[detector]\nalarms=many\n' >"$folder/detector.value"
printf 'listen\n' >"$folder/no.keyfile"

ends_with() { # exit code, what the message must name, program, arguments
	expected=$1 wanted=$2
	shift 2
	code=0
	timeout 20 "$@" >"$folder/out" 2>"$folder/err" </dev/null || code=$?
	if [ $code -ne "$expected" ] || [ -s "$folder/out" ] || ! grep -qFe "$wanted" "$folder/err"; then
		echo "FAILED: $* -> exit $code; wanted $expected and \"$wanted\" in:"
		cat "$folder/out" "$folder/err"
		failures=$((failures + 1))
	fi
}

refuses() { # what the message must name, program, arguments
	ends_with 2 "$@"
}

collector() {
	wanted=$1
	shift
	refuses "$wanted" "$COLLECTOR" --state "$folder/state" "$@"
}

detector() {
	wanted=$1
	shift
	refuses "$wanted" "$DETECTOR" --state "$folder/state" "$@"
}

collector --frobnicate --frobnicate
collector stray stray
collector nowhere --listen nowhere
collector 99999 --listen 127.0.0.1:99999
collector /nowhere/export.pcap --read /nowhere/export.pcap
collector "$folder/text" --read "$folder/text"
collector "$folder" --read "$folder"
collector 10.0.0.0/99 --monitored 10.0.0.0/99
collector everybody --allow everybody
collector ring-size --ring-size many
collector workers --workers -3
collector /nowhere/config --config /nowhere/config
collector frobnicate --config "$folder/collector.key"
collector ring_size --config "$folder/collector.value"
collector nobody --config "$folder/collector.section"
collector "$folder/no.keyfile" --config "$folder/no.keyfile"
collector frobnicate --check --config "$folder/collector.key"
collector /nowhere/bins --read "$CAPTURE" --write-bins /nowhere/bins
collector "$folder/text" --state "$folder/text/state" --read "$CAPTURE"

detector --frobnicate --frobnicate
detector stray stray
detector /nowhere/model --model /nowhere/model
detector "$folder/text" --model "$folder/text"
detector "$folder/text" --calibration "$folder/text"
detector alarms --alarms -1
detector nowhere --syslog nowhere
detector nowhere:port --check --syslog nowhere:port
detector 127.0.0.1:0 --check --syslog 127.0.0.1:0
detector "[detector]" --check --calibration "$folder/detector.key"
detector /nowhere/alerts.cef --cef-file /nowhere/alerts.cef
detector /nowhere/alerts.ndjson --ndjson /nowhere/alerts.ndjson
detector /nowhere/config --config /nowhere/config
detector frobnicate --config "$folder/detector.key"
detector alarms --config "$folder/detector.value"
detector frobnicate --check --config "$folder/detector.key"

# Without the model that comes with it a detector would find half: it must not pass for a whole one.
mkdir -p "$folder/moved/bin" "$folder/moved/share"
cp "$DETECTOR" "$folder/moved/bin/kenchi-detector"
if [ ! -e /usr/local/share/kenchi/default.model ]; then
	refuses default.model "$folder/moved/bin/kenchi-detector" --state "$folder/state" --check
fi
cp -r "$KENCHI_SOURCE/detector/models" "$folder/moved/share/kenchi"
if ! "$folder/moved/bin/kenchi-detector" --state "$folder/state" --check; then
	echo "FAILED: an installation that was moved finds its model no more"
	failures=$((failures + 1))
fi
sed 's/^model=.*/model=another/' "$KENCHI_SOURCE/detector/models/default.calibration" >"$folder/other.calibration"
ends_with 0 "made for the model another" "$DETECTOR" --state "$folder/state" --check --calibration "$folder/other.calibration"

refuses "$folder/text" "$KENCHI" analyze "$folder/text"
refuses 10.0.0.0/99 "$KENCHI" analyze --monitored 10.0.0.0/99 "$CAPTURE"
refuses /nowhere/model "$KENCHI" analyze --model /nowhere/model "$CAPTURE"
refuses "$folder/text" "$KENCHI" analyze --state "$folder/text" "$CAPTURE"
refuses "which BINFILE" "$KENCHI" train

# A pcap without a packet: no export, as in a capture of the traffic itself.
printf '\324\303\262\241\002\0\004\0\0\0\0\0\0\0\0\0\377\377\0\0\001\0\0\0' >"$folder/no_packet.pcap"
ends_with 3 "hold no NetFlow" "$KENCHI" analyze "$folder/no_packet.pcap"
ends_with 3 "no monitored host" "$KENCHI" analyze --monitored 192.0.2.0/24 "$CAPTURE"
ends_with 3 "$folder/state" "$KENCHI" --state "$folder/state" infected
mkdir "$folder/begun"
: >"$folder/begun/verdicts.db"
ends_with 3 "nothing is in the store yet" "$KENCHI" --state "$folder/begun" hosts
rm -r "$folder/begun"

# A full disk under what is printed must not pass for an empty answer.
loses() {
	code=0
	timeout 20 "$@" >/dev/full 2>"$folder/err" </dev/null || code=$?
	if [ $code -ne 1 ] || ! grep -q "standard output" "$folder/err"; then
		echo "FAILED: $* on a full disk -> exit $code:"
		cat "$folder/err"
		failures=$((failures + 1))
	fi
}
loses "$KENCHI" version
loses "$KENCHI" analyze --json "$CAPTURE"
loses "$KENCHI" analyze --scores "$CAPTURE"
loses "$COLLECTOR" --print-config
loses "$DETECTOR" --print-config

left=$(find "$folder" -name 'verdicts.db' -o -name '*.sock' | head -3)
if [ -n "$left" ]; then
	echo "FAILED: something was begun: $left"
	failures=$((failures + 1))
fi
[ $failures -eq 0 ]
