#!/bin/sh
# A daemon's man page must name every option that the program has, and no other.  check_daemon_page.sh PROGRAM PAGE
set -eu
program=$1 page=$2
status=0
options=$("$program" --help | sed -n 's/^  \(-., \)\{0,1\}--\([a-z][a-z-]*\).*/\2/p' | sort -u)
described=$(sed -n 's/^\.It Fl \(. , Fl \)\{0,1\}-\([a-z][a-z-]*\).*/\2/p' "$page" | sort -u)

for option in $options; do
	echo "$described" | grep -qx -e "$option" || { echo "$page lacks --$option"; status=1; }
done
for option in $described; do
	echo "$options" | grep -qx -e "$option" || { echo "$program has no --$option"; status=1; }
done
exit $status
