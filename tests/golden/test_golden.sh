#!/bin/bash
# A small capture of synthetic traffic (export.pcap.gz) → bins → verdicts → alerts, compared octet by octet with what is
# committed.  GOLDEN_UPDATE=1 ctest -R golden writes the expectation anew: look at the difference before you commit it.
#
# bins.sha256    of the bin file
# verdicts.json  kenchi hosts --json
# alerts.cef     what the SIEM gets
set -eu
golden=$KENCHI_SOURCE/tests/golden
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$COLLECTOR" --read "$golden/export.pcap.gz" --write-bins "$folder/bins" --state "$folder/archive" >"$folder/log" 2>&1 ||
	{ cat "$folder/log"; exit 1; }
(cd "$folder" && sha256sum bins >bins.sha256)

"$DETECTOR" --once --state "$folder/state" --cef-file "$folder/alerts.cef" >"$folder/detector.log" 2>&1 &
detector=$!
"$COLLECTOR" --read "$golden/export.pcap.gz" --state "$folder/state" >"$folder/log" 2>&1 || {
	cat "$folder/log"
	kill "$detector"
	exit 1
}
wait "$detector" || { cat "$folder/detector.log"; exit 1; }
"$KENCHI" --state "$folder/state" hosts --json >"$folder/verdicts.json"

# The name of the machine is the only thing that differs from one to the other.
sed -i "s/ dvchost=[^ ]*/ dvchost=HOST/" "$folder/alerts.cef"
status=0
for name in bins.sha256 verdicts.json alerts.cef; do
	if [ -n "${GOLDEN_UPDATE:-}" ]; then
		cat "$folder/$name" >"$golden/$name"
	elif ! diff -u "$golden/$name" "$folder/$name"; then
		echo "$name is not as committed; if that is what was meant: GOLDEN_UPDATE=1 ctest -R golden"
		status=1
	fi
done
if command -v lognormalizer >/dev/null; then
	printf 'version=2\nrule=:%%f:cef%%\n' >"$folder/rules"
	# liblognorm loses a letter of the first key when no space stands before it: one is put in.
	sed 's/^\(CEF:\([^|]*|\)\{7\}\)/\1 /' "$folder/alerts.cef" | lognormalizer -r "$folder/rules" -e json >"$folder/parsed"
	if grep -q unparsed-data "$folder/parsed" || [ "$(wc -l <"$folder/parsed")" -ne "$(wc -l <"$folder/alerts.cef")" ]; then
		echo "liblognorm refuses a line:"
		grep unparsed-data "$folder/parsed"
		status=1
	fi
fi
exit $status
