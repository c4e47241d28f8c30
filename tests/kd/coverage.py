#!/usr/bin/env python3
"""Which commands of the debugger are tested on which kind of target.

    coverage.py KD_GOLDEN TESTS [--table]

KD_GOLDEN --commands names the commands. For every kind there are lists of what is typed: compared
with the live machine word for word, or, where that kind cannot know or do what is asked, with its
refusal. A command that is in none of the lists of a kind is not tested there: exit status 1.
--table prints all of it as Markdown.
"""
import glob
import os
import re
import subprocess
import sys

KINDS = {
    "live": ["kd/live.*.txt", "dump/compare.commands.txt", "dump/compare.anywhere.txt"],
    "full, bitmap": ["dump/compare.commands.txt", "dump/compare.anywhere.txt",
                     "dump/refused.machine.txt", "dump/refused.dump.txt"],
    "triage": ["dump/compare.triage.txt", "dump/compare.anywhere.txt", "dump/refused.triage.txt",
               "dump/refused.dump.txt"],
    "process": ["dump/compare.process.txt", "dump/compare.anywhere.txt", "dump/refused.process.txt",
                "dump/refused.dump.txt"],
}


def typed(path):
    """The lines of a file that are typed: all of a list, those after `> ` of a golden test."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    if any(line.startswith("> ") for line in lines):
        return [line[2:] for line in lines if line.startswith("> ")]
    return lines


def commands_of(line):
    """The texts of single commands: cut at `;` and braces outside of quotes. In those of a breakpoint
    are commands too."""
    if line.startswith(("$$<", "$<", "$$><", "$><")):
        return [line]
    if re.match(r"b[apu] ", line):
        return re.split(r'[;{}"]', line)
    return re.split(r"[;{}]", re.sub(r'"(?:\\.|[^"\\])*"', '""', line))


def name_of(text, names):
    """The command that kd would run for this text, as kd.c finds it."""
    if re.match(r"~[*.#\d]*\w", text):
        return name_of(re.sub(r"^~[*.#\d]*", "", text), names)
    word = text.split(None, 1)[0] if text.strip() else ""
    length = len(word)
    while length:
        if word[:length] in names:
            return word[:length]
        length -= 1
        while length > 0 and word[length].isalnum() and word[length - 1].isalnum():
            length -= 1
    return None


def covered(tests, patterns, names):
    found = {}
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(tests, pattern))):
            for line in typed(path):
                for text in commands_of(line):
                    texts = [text.strip()] + (["~"] if text.strip().startswith("~") else [])
                    for name in filter(None, (name_of(t, names) for t in texts)):
                        found.setdefault(name, os.path.basename(path))
    return found


def main(arguments):
    table = "--table" in arguments
    arguments = [a for a in arguments if a != "--table"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    names = subprocess.run([arguments[0], "--commands"], check=True, capture_output=True,
                           text=True).stdout.split()
    kinds = {kind: covered(arguments[1], patterns, set(names)) for kind, patterns in KINDS.items()}
    missing = 0
    if table:
        print("| command | " + " | ".join(KINDS) + " |\n|" + "---|" * (len(KINDS) + 1))
    for name in names:
        if table:
            print(f"| `{name}` | " + " | ".join(kinds[k].get(name, "none") for k in KINDS) + " |")
        for kind in KINDS:
            if name not in kinds[kind]:
                print(f"{name} is in no test over {kind}")
                missing += 1
    print(f"{len(names)} commands, {len(KINDS)} kinds of targets, {missing} gaps")
    sys.exit(1 if missing or len(names) < 100 else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
