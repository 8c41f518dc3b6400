#!/bin/sh
# A daemon's man page must name every option that the program has, and no other, with its range and default as the
# program has them.  check_daemon_page.sh PROGRAM PAGE
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

# "# ... (an integer from 1 to 64)" and "workers = 1" make "workers From 1 to 64; default 1."
ranges=$("$program" --print-config | sed -n '/^# .* from [^ ]* to [^ ]*)$/ {
	s/.* from \([^ ]*\) to \([^ ]*\))$/From \1 to \2;/
	N
	s/\(.*\)\n\([a-z_]*\) = \(.*\)/\2 \1 default \3./p
}')
wrong=$(echo "$ranges" | while read -r key range; do
	option=$(echo "$key" | tr _ -)
	sed -n "/^\.It Fl -$option /,/^\.\(It\|El\)/p" "$page" | grep -qxF -e "$range" ||
		echo "$page: --$option lacks \"$range\""
done)
[ -z "$wrong" ] || { echo "$wrong"; status=1; }
exit $status
