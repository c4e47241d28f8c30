#!/bin/sh
# run_signals.sh NTMM SLEEPER.exe: signals end a run in the ordinary way: its exit code is the shell's
# for the signal, and the folder it made for C:\Temp is gone.
set -u
ntmm=$1 program=$2
TMPDIR=$(mktemp -d)
export TMPDIR
failed=0
for signal in INT TERM HUP; do
    env --default-signal=INT "$ntmm" run "$program" sleep >/dev/null 2>"$TMPDIR/errors" &
    pid=$!
    until ls -d "$TMPDIR"/ntmm-empty-* >/dev/null 2>&1 || ! kill -0 $pid 2>/dev/null; do
        sleep 0.05
    done
    kill -$signal $pid
    wait $pid
    code=$?
    case $signal in INT) expected=130 ;; TERM) expected=143 ;; HUP) expected=129 ;; esac
    if [ $code -ne $expected ]; then
        echo "SIG$signal: exit code $code, expected $expected" >&2
        cat "$TMPDIR/errors" >&2
        failed=1
    fi
    if ls -d "$TMPDIR"/ntmm-empty-* >/dev/null 2>&1; then
        echo "SIG$signal: left $(ls "$TMPDIR") behind" >&2
        failed=1
    fi
done
# A program that writes to nobody sees it fail, and ends as it likes.
sh -c '"$0" run "$1"; echo $? >"$TMPDIR/code"' "$ntmm" "$program" 2>/dev/null | true
read -r code <"$TMPDIR/code"
[ "$code" -eq 3 ] || { echo "closed output: exit code $code, expected 3" >&2; failed=1; }
"$ntmm" run "$program" >/dev/full 2>/dev/null
code=$?
[ $code -eq 3 ] || { echo "full output: exit code $code, expected 3" >&2; failed=1; }
rm -rf "$TMPDIR"
exit $failed
