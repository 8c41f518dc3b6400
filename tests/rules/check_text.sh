#!/bin/sh
# What must not stand in a tree that others read: marks of unfinished work, paths of somebody's machine, files of
# thousands of lines, unfinished man pages.  check_text.sh SOURCE
set -eu
cd "$1"
status=0
# Put together here, so that this file does not find itself.
marks='TO''DO|FIX''ME|XX''X|HA''CK'
paths='/wo''rk/|/ho''me/[a-z]'
files=$({ git ls-files 2>/dev/null || find . -type f -not -path './build*' -not -path './.git/*'; } |
	grep -vE '\.(pcap|gz|model|png)$|/corpus/|^(\./)?detector/models/' | while read -r file; do
	[ ! -f "$file" ] || echo "$file"
done)

find_in_all() { # pattern, what it is
	if echo "$files" | xargs grep -nE "$1"; then
		echo "$2"
		status=1
	fi
}

find_in_all "\\<($marks)\\>" "unfinished work is marked"
find_in_all "$paths" "a path of one machine"
long=$(echo "$files" | grep -E '\.([ch]|def|sh)$' | xargs wc -l | awk '$1 > 1000 && $2 != "total"')
if [ -n "$long" ]; then
	echo "more than 1000 lines:" "$long"
	status=1
fi
if command -v mandoc >/dev/null; then
	for page in $(echo "$files" | grep -E '\.[1-8]$'); do
		mandoc -Tlint -Wwarning "$page" || status=1
	done
fi
exit $status
