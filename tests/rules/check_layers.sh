#!/bin/sh
# Fails when a folder includes a header of a folder that it may not know.
set -eu
cd "$1"

allowed() { # folder -> folders it may include from
	case $1 in
	schemas)   echo "schemas" ;;
	common)    echo "common schemas" ;;
	collector) echo "collector common schemas" ;;
	detector)  echo "detector common schemas" ;;
	tools)     echo "tools detector common schemas" ;;
	tests)     echo "tests tools collector detector common schemas" ;;
	esac
}

status=0
for folder in schemas common collector detector tools tests; do
	[ -d "$folder" ] || continue
	pattern=$(allowed "$folder" | tr ' ' '|')
	if grep -rnE --include='*.[ch]' '^#include "' "$folder" |
	    grep -vE "#include \"($pattern)/"; then
		echo "$folder may include only from: $(allowed "$folder")"
		status=1
	fi
done
# One room per library: only these files may see the library's header.
for rule in \
    'fixbuf/:(common/bin_file_[a-z]*|collector/structured_(data|session))\.[ch]' \
    '(libsvm/)?svm\.h:(detector/classifier|tools/train/.*)\.c' \
    'sqlite3\.h:(detector/verdict_store|tools/kenchi/store_reader)\.c' \
    'pcap(/pcap)?\.h:collector/capture_reader\.c' \
    'zlib\.h:collector/unpacked_file\.c' \
    'xxhash\.h:common/(sketch|keyed_hash)\.[ch]' \
    'json-glib/:tools/.*\.[ch]'; do
	header=${rule%%:*} owner=${rule##*:}
	if grep -rnE --include='*.[ch]' "^#include <$header" schemas common collector detector tools |
	    grep -vE "^($owner):"; then
		echo "<$header> belongs to $owner alone"
		status=1
	fi
done
exit $status
