#!/bin/sh
# test_command.sh NTMM PROGRAMS: what `ntmm run` says and returns when a program cannot be had: one
# line that names the program and the reason, exit code 1, nothing on standard output.
set -u
ntmm=$1 programs=$2
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

# refused CODE WORDS COMMAND...
refused() {
    code=$1 words=$2
    shift 2
    "$ntmm" "$@" >"$folder/out" 2>"$folder/err" </dev/null
    got=$?
    if [ "$got" -ne "$code" ] || [ -s "$folder/out" ] || [ "$(wc -l <"$folder/err")" -ne 1 ] ||
       ! grep -q -- "$words" "$folder/err"; then
        echo "FAILED: ntmm $*: exit code $got instead of $code, or not one line with '$words':"
        cat "$folder/out" "$folder/err"
        failed=1
    fi
}

head -c 100 "$programs/tiny.exe" >"$folder/short.exe"
head -c 1500 "$programs/tiny.exe" >"$folder/cut.exe"
echo 'MZ, it says' >"$folder/text.exe"
echo 'echo hello' >"$folder/script.exe"
: >"$folder/empty.exe"

for engine in none auto; do
    refused 1 "missing.exe: no such file" run --engine $engine "$folder/missing.exe"
    refused 1 "$folder: a folder" run --engine $engine "$folder"
    refused 1 "short.exe" run --engine $engine "$folder/short.exe"
    refused 1 "cut.exe" run --engine $engine "$folder/cut.exe"
    refused 1 "text.exe" run --engine $engine "$folder/text.exe"
    refused 1 "script.exe: not a Windows program" run --engine $engine "$folder/script.exe"
    refused 1 "empty.exe" run --engine $engine "$folder/empty.exe"
done
refused 1 "no engine called" run --engine abacus "$programs/tiny.exe"
refused 1 "RAM" run --engine none --ram 3M "$programs/tiny.exe"
refused 1 "MAXPHYADDR" run --engine none --maxphyaddr 99 "$programs/tiny.exe"
refused 1 "/nonexistent" run --engine none --system /nonexistent "$programs/tiny.exe"
refused 2 "run what" run

# dies CODE WORDS PROGRAM: it starts, and ends with an exception that is told.
dies() {
    "$ntmm" run "$programs/$3" >"$folder/out" 2>"$folder/err" </dev/null
    got=$?
    if [ "$got" -ne "$1" ] || ! grep -q -- "$2" "$folder/err" || [ "$(wc -l <"$folder/err")" -gt 2 ]; then
        echo "FAILED: $3: exit code $got instead of $1, or not told '$2':"
        cat "$folder/err"
        failed=1
    fi
}

if "$ntmm" run "$programs/tiny.exe"; [ $? -eq 42 ]; then
    dies 57 "NtmmNoSuchFunction is not in kernel32.dll" unknown_import.exe
    dies 53 "nosuch.dll was not found" missing_dll.exe
else
    echo "FAILED: tiny.exe does not run"
    failed=1
fi
exit $failed
