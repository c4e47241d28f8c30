#!/bin/sh
# run_program.sh EXPECTED EXIT FOLDER COMMAND...: run a program in a fresh folder; compare its standard
# output (CR LF or LF alike) and its exit code. Arguments that CMake would spoil are lines of a file
# EXPECTED.args.
set -u
expected=$1 code=$2 folder=$3
shift 3
arguments=${expected%.out}.args
if [ -f "$arguments" ]; then
    while IFS= read -r line; do
        set -- "$@" "$line"
    done <"$arguments"
fi
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder" || exit 1
"$@" >output.raw 2>errors.txt </dev/null
got=$?
tr -d '\r' <output.raw >output.txt
if ! diff -u "$expected" output.txt; then
    echo "output differs" >&2
    tail -n 20 errors.txt >&2
    exit 1
fi
if [ "$got" -ne "$code" ]; then
    echo "exit code $got, expected $code" >&2
    tail -n 20 errors.txt >&2
    exit 1
fi
