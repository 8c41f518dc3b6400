#!/bin/sh
# What must not stand in a tree that others read: marks of unfinished work, paths of somebody's machine, files of
# thousands of lines, unfinished man pages.  check_text.sh SOURCE
set -eu
cd "$1"
status=0
# Put together here, so that this file does not find itself.
marks='TO''DO|FIX''ME|XX''X|HA''CK'
paths='/wo''rk/|/ho''me/[a-z]'
files=$(git ls-files 2>/dev/null || find . -type f -not -path './build*' -not -path './.git/*')

for file in $files; do
	[ -f "$file" ] || continue
	case $file in
	*.pcap | *.gz | *.model | *.png | tests/fuzz/corpus/* | tests/*/corpus/* | detector/models/*) continue ;;
	esac
	if grep -nwE "$marks" "$file" | sed "s|^|$file:|" | grep .; then
		echo "unfinished work is marked"
		status=1
	fi
	if grep -nE "$paths" "$file" | sed "s|^|$file:|" | grep .; then
		echo "a path of one machine"
		status=1
	fi
	case $file in
	*.[ch] | *.def | *.sh)
		if [ "$(wc -l <"$file")" -gt 1000 ]; then
			echo "$file has more than 1000 lines"
			status=1
		fi
		;;
	esac
done
if command -v mandoc >/dev/null; then
	for page in $(echo "$files" | grep -E '\.[1-8]$'); do
		mandoc -Tlint -Wwarning "$page" || status=1
	done
fi
exit $status
