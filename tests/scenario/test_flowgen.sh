#!/bin/sh
# kenchi-flowgen: the same seed gives the same octets, and a wrong option is named.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for format in v5 v9 ipfix all; do
	"$FLOWGEN" --format "$format" --hosts 4 --minutes 5 --pcap "$folder/one" 2>"$folder/told"
	"$FLOWGEN" --format "$format" --hosts 4 --minutes 5 --pcap - >"$folder/other" 2>/dev/null
	cmp "$folder/one" "$folder/other"
	grep -q synthetic "$folder/told"
done
"$FLOWGEN" --hosts 4 --minutes 5 --seed 2 --pcap "$folder/other" 2>/dev/null
! cmp -s "$folder/one" "$folder/other"

refuses() { # what the message must name, options
	wanted=$1
	shift
	code=0
	"$FLOWGEN" "$@" 2>"$folder/told" || code=$?
	[ $code -eq 2 ] || { echo "exit $code from: $*"; exit 1; }
	grep -qe "$wanted" "$folder/told" || { cat "$folder/told"; exit 1; }
}
refuses --frobnicate --frobnicate
refuses v7 --format v7 --pcap "$folder/one"
refuses --minutes --minutes 0 --pcap "$folder/one"
refuses --hosts --hosts -1 --pcap "$folder/one"
refuses nowhere --to nowhere
refuses soon --start soon --pcap "$folder/one"
refuses "$folder/not/there" --pcap "$folder/not/there"
refuses "$folder/not/labels" --pcap "$folder/one" --labels "$folder/not/labels"
refuses "give one of --pcap FILE and --to ADDRESS:PORT"
refuses stray --pcap "$folder/one" stray
