#!/usr/bin/env python3
"""Have a library of others read the hives of an image: hivex.

    hivex.py IMAGE NTKRNLMP.PDB HIVEXML

Header and stable bins of each hive that Windows would keep in a file are written as one, and hivexml
(libhivex) reads it; keys and values, by name and number, must be those that hive.py finds. Exit status
77 (skipped) without hivexml.
"""
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

import registry
from check import World
from hive import Key, check_file


def ours(key):
    return (key.name, len(key.values()), [ours(child) for child in key.subkeys()])


def theirs(node):
    return (node.get("name"), len(node.findall("value")), [theirs(n) for n in node.findall("node")])


def in_order(tree):
    name, values, children = tree
    return name.upper(), values, sorted(map(in_order, children))


def count(tree):
    return 1 + sum(map(count, tree[2]))


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    image, pdb, hivexml = arguments
    if not os.path.exists(hivexml):
        print("skipped: no hivexml")
        sys.exit(77)
    w = World(image, pdb, False)
    compared = 0
    with tempfile.TemporaryDirectory() as folder:
        for path, hive in registry.hives(w).items():
            if path == "\\REGISTRY":  # mounts the others; lives in memory only
                continue
            data = registry.file_of(w, hive)
            with open(os.path.join(folder, "hive"), "wb") as file:
                file.write(data)
            text = subprocess.run([hivexml, file.name], check=True, capture_output=True).stdout
            node, = ElementTree.fromstring(text).findall("node")
            tree = check_file(data)
            mine, other = ours(Key(tree, tree.root)), theirs(node)
            if in_order(mine) != in_order(other):
                sys.exit(f"{path}: hivexml reads {other}, we {mine}")
            print(f"{path}: {count(mine)} keys")
            compared += count(mine)
    sys.exit(0 if compared > 20 else "hardly any keys")


if __name__ == "__main__":
    main(sys.argv[1:])
