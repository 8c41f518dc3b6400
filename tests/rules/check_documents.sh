#!/bin/bash
# The kenchi command, its man page and its completion must name the same sub-commands and options.
# check_documents.sh SOURCE KENCHI
set -eu
source=$1 kenchi=$2
page=$source/tools/kenchi/kenchi.1
status=0

fail() {
	echo "$*"
	status=1
}

complete_words() { # words so far -> what completion offers
	COMP_WORDS=(kenchi "$@") COMP_CWORD=$#
	_kenchi
	printf '%s\n' "${COMPREPLY[@]}"
}

. "$source/tools/kenchi/kenchi.bash"
names=$(sed -n 's/^SUBCOMMAND(\([a-z]*\),.*/\1/p' "$source/tools/kenchi/subcommands.def")
offered=$(complete_words '' | grep -v '^--' | sort)
[ "$offered" = "$(sort <<<"$names")" ] || fail "completion offers: $offered"

for name in $names; do
	grep -q "^\.It Cm $name\b" "$page" || fail "kenchi.1 lacks $name"
	options=$("$kenchi" "$name" --help | grep -o -- '--[a-z][a-z-]*' | sort -u)
	offered=$(complete_words "$name" -- | sort -u)
	[ "$offered" = "$options" ] ||
		fail "options of $name, and what completion offers:" "$(diff <(echo "$options") <(echo "$offered"))"
	for option in $options; do
		grep -qe "Fl -${option#--}\b" "$page" || fail "kenchi.1 lacks $option of $name"
	done
done

# The alert that the README shows is the one that the golden test holds.
shown=$(sed -n 's/^    \(CEF:0|.*\)/\1/p' "$source/README.md" | sed 's/dvchost=[^ ]*/dvchost=HOST/')
[ "$shown" = "$(head -n 1 "$source/tests/golden/alerts.cef")" ] || fail "README.md shows another alert than tests/golden/alerts.cef"
exit $status
