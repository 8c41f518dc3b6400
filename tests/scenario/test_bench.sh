#!/bin/sh
# tools/bench: it tells what it can do, names what it cannot, and reads a capture of its own load.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bench=$KENCHI_SOURCE/tools/bench
build=$(dirname "$(dirname "$COLLECTOR")")

"$bench" --help >"$folder/help"
for row in cpu rate workers hosts read ring growth detector; do
	grep -q "^    $row " "$folder/help" || { echo "--help lacks $row"; exit 1; }
done

refuses() { # what the message must name, arguments
	wanted=$1
	shift
	code=0
	"$bench" --build "$build" "$@" >/dev/null 2>"$folder/told" || code=$?
	[ $code -eq 2 ] || { echo "exit $code from: $*"; exit 1; }
	grep -qe "$wanted" "$folder/told" || { cat "$folder/told"; exit 1; }
}
refuses frobnicate frobnicate
refuses --formats read --formats v7
refuses "$folder" --build "$folder" read

"$bench" --build "$build" read --runs 1 >"$folder/told"
grep -q 'v9: [0-9]* records a processor second' "$folder/told"
grep -q '^| shares | ' "$folder/told"
"$bench" --build "$build" --seconds 0 ring | grep -q 'ring: left out'
