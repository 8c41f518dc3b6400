# For scenarios in shell that start both daemons: a folder for their state and logs, which goes with them at the end.
# shellcheck shell=bash disable=SC2034 # for who reads this file
folder=$(mktemp -d)
collector= detector=
cleanup() {
	for process in $collector $detector; do
		kill -KILL "$process" 2>/dev/null || true
	done
	rm -rf "$folder"
}
trap cleanup EXIT
fail() {
	echo "FAILED: $*"
	cat "$folder"/*.log
	exit 1
}
