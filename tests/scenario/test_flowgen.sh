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

# Records that were read are exported as they were; sampled, fewer packets of them; of one direction, no others.
"$FLOWGEN" --hosts 4 --minutes 5 --pcap "$folder/one" 2>/dev/null
"$COLLECTOR" --read "$folder/one" --dump-flows 2>/dev/null >"$folder/flows"
total() { # of a member of the flow records that come from these options of kenchi-flowgen
	member=$1
	shift
	"$FLOWGEN" --from "$folder/flows" --pcap "$folder/again" "$@" 2>/dev/null
	"$COLLECTOR" --read "$folder/again" --dump-flows 2>/dev/null |
		sed -n "s/.*\"$member\":\([0-9]*\).*/\1/p" | awk '{ sum += $1 } END { print sum + 0 }'
}
sum=$(sed -n 's/.*"octetDeltaCount":\([0-9]*\).*/\1/p' "$folder/flows" | awk '{ sum += $1 } END { print sum }')
[ "$(total octetDeltaCount)" = "$sum" ]
[ "$(total tcpControlBits --no-flags --format ipfix)" = 0 ]
all=$(total packetDeltaCount)
sampled=$(total packetDeltaCount --sample 10)
[ $((sampled * 12)) -gt "$all" ] && [ $((sampled * 8)) -lt "$all" ]
total octetDeltaCount --direction out --host 10.20.1.0 >/dev/null
"$COLLECTOR" --read "$folder/again" --dump-flows 2>/dev/null >"$folder/flows.out"
grep -q '"sourceIPv4Address":"10.20.1.0"' "$folder/flows.out"
! grep -q '"destinationIPv4Address":"10.20.1.0"' "$folder/flows.out"
total octetDeltaCount --direction in --host 10.20.0.0/16 --host fd00::/8 >/dev/null
"$COLLECTOR" --read "$folder/again" --dump-flows 2>/dev/null >"$folder/flows.in"
grep -q '"destinationIPv4Address":"10.20.' "$folder/flows.in"
! grep -q -e '"sourceIPv4Address":"10.20.' -e '"sourceIPv6Address":"fd' "$folder/flows.in"

# Version 5 has no room for IPv6: what it cannot carry is left out and counted, and the rest is whole.
"$FLOWGEN" --hosts 12 --minutes 5 --pcap "$folder/both" 2>/dev/null
"$COLLECTOR" --read "$folder/both" --dump-flows 2>/dev/null >"$folder/flows.both"
"$FLOWGEN" --from "$folder/flows.both" --pcap "$folder/again" --format v5 2>"$folder/told"
left_out=$(sed -n 's/.*: \([0-9]*\) records of IPv6 left out.*/\1/p' "$folder/told")
[ "$left_out" -eq "$(grep -c sourceIPv6Address "$folder/flows.both")" ]
"$COLLECTOR" --read "$folder/again" --dump-flows 2>/dev/null >"$folder/flows.v5"
addresses() {
	grep -o '"sourceIPv4Address":"[^"]*","destinationIPv4Address":"[^"]*"' "$1" | sort
}
addresses "$folder/flows.both" >"$folder/addresses"
addresses "$folder/flows.v5" | cmp - "$folder/addresses"

# Load: each exporter tells of hosts of its own, so no flow is told of twice, and all Templates are used.
"$FLOWGEN" --flows 2000 --hosts 500 --minutes 1 --exporters 4 --templates 3 --records 5 --pcap "$folder/load" \
	2>"$folder/told"
"$COLLECTOR" --read "$folder/load" --dump-flows 2>/dev/null >"$folder/flows.load"
records=$(sed -n 's/.*datagrams, \([0-9]*\) records.*/\1/p' "$folder/told")
[ "$records" -gt 3000 ]
flows=$(grep -o '"sourceIPv4Address":.*' "$folder/flows.load")
[ "$(echo "$flows" | wc -l)" -eq "$records" ]
[ "$(echo "$flows" | sort -u | wc -l)" -eq "$records" ]
[ "$(grep -o '"observationDomainId":[0-9]*' "$folder/flows.load" | sort -u | wc -l)" -eq 4 ]
[ "$(grep -o '"templateId":[0-9]*' "$folder/flows.load" | sort -u | wc -l)" -eq 3 ]

# Sent in bursts, each exporter from an address of its own; nothing is lost on the way.
"$COLLECTOR" --listen 127.0.0.1:0 --state "$folder" --final-counters json >"$folder/counters" 2>"$folder/log" &
collector=$!
for _ in $(seq 100); do
	port=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\).*/\1/p' "$folder/log")
	[ -z "$port" ] || break
	sleep 0.1
done
"$FLOWGEN" --flows 2000 --hosts 500 --minutes 1 --exporters 4 --rate 1000 --to "127.0.0.1:$port" 2>"$folder/told"
grep -q ' 0 datagrams refused' "$folder/told"
kill -TERM $collector
wait $collector
grep -q '"exporters":4,' "$folder/counters"
grep -q "\"records_decoded\":$records," "$folder/counters"

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
refuses --sample --sample 10 --pcap "$folder/one"
refuses both --from "$folder/flows" --direction out --pcap "$folder/one"
refuses sideways --from "$folder/flows" --direction sideways --host 10.20.1.0 --pcap "$folder/one"
refuses nowhere --from "$folder/flows" --direction in --host nowhere --pcap "$folder/one"
refuses --no-flags --format v5 --no-flags --pcap "$folder/one"
refuses --flows --flows -1 --pcap "$folder/one"
refuses --flows --flows 10 --labels "$folder/labels" --pcap "$folder/one"
refuses --hosts --flows 10 --hosts 4000001 --pcap "$folder/one"
refuses --exporters --exporters 65 --pcap "$folder/one"
refuses --exporters --exporters 22 --format all --pcap "$folder/one"
refuses --templates --templates 0 --pcap "$folder/one"
refuses --records --records 25 --pcap "$folder/one"
refuses "line 1" --from "$FLOWGEN" --pcap "$folder/one"
