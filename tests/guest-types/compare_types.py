#!/usr/bin/env python3
"""Compare the types in the kernel's PDB with the genuine ones of Windows 7 SP1 x64.

usage: compare_types.py LLVM_PDBUTIL NTKRNLMP_PDB INCLUDE_NT_FOLDER GENUINE_TYPES.json.xz

Every structure and enum that include/nt asserts a size of must be in the PDB. Every type of the PDB
that Windows has, too, must agree with it: size, name, offset, type and bit position of every member,
name and value of every enumerator. Exit status 77 (skipped) when the genuine types are not there.
"""

import json
import lzma
import os
import re
import subprocess
import sys

SIMPLE = {  # PDB name of a basic type: (kind, bytes)
    "void": ("void", 0), "char": ("int", 1), "signed char": ("int", 1), "unsigned char": ("uint", 1),
    "short": ("int", 2), "unsigned short": ("uint", 2), "wchar_t": ("uint", 2),
    "int": ("int", 4), "unsigned": ("uint", 4), "long": ("int", 4), "unsigned long": ("uint", 4),
    "__int64": ("int", 8), "unsigned __int64": ("uint", 8), "double": ("float", 8),
}
GENUINE = {  # the same for the genuine types' names
    "void": ("void", 0), "char": ("int", 1), "unsigned char": ("uint", 1), "short": ("int", 2),
    "unsigned short": ("uint", 2), "wchar": ("uint", 2), "int": ("int", 4), "unsigned int": ("uint", 4),
    "long": ("int", 4), "unsigned long": ("uint", 4), "long long": ("int", 8),
    "unsigned long long": ("uint", 8), "double": ("float", 8),
}


class Pdb:
    """Types of a PDB as llvm-pdbutil prints them: records by index, definitions by name."""

    def __init__(self, tool, path):
        text = subprocess.run([tool, "dump", "--types", path], check=True, capture_output=True,
                              text=True).stdout
        self.records = {}
        self.structs = {}
        self.enums = {}
        pieces = re.split(r"^ +(0x[0-9A-F]+) \| (LF_\w+) \[size = \d+\](.*)$", text, flags=re.M)
        for index, kind, name, body in zip(pieces[1::4], pieces[2::4], pieces[3::4], pieces[4::4]):
            name = name.strip().strip("`")
            self.records[index] = (kind, name, body)
            if "forward ref" in body:
                continue
            if kind in ("LF_STRUCTURE", "LF_UNION", "LF_CLASS"):
                self.structs.setdefault(name, index)
            elif kind == "LF_ENUM":
                self.enums.setdefault(name, index)

    def find(self, pattern, index):
        match = re.search(pattern, self.records[index][2])
        return match.group(1) if match else None

    def size(self, index):
        return int(self.find(r"sizeof (\d+)", index))

    def defined(self, index):
        """Follow a forward reference to the definition, if there is one."""
        target = self.find(r"forward ref \(-> (0x[0-9A-F]+)\)", index)
        return target or index

    def members(self, index):
        """[(name, type, offset)] of a structure."""
        fields = self.find(r"field list: (0x[0-9A-F]+)", index)
        result = []
        while fields:
            body = self.records[fields][2]
            result += [(name, kind.strip(), int(offset)) for name, kind, offset in re.findall(
                r"LF_MEMBER \[name = `(.*?)`, Type = (.*?), offset = (\d+)", body)]
            more = re.search(r"LF_INDEX \[(?:continuation|cont) = (0x[0-9A-F]+)", body)
            fields = more.group(1) if more else None
        return result

    def enumerators(self, index):
        fields = self.find(r"field list: (0x[0-9A-F]+)", index)
        return {name: int(value) for name, value in
                re.findall(r"LF_ENUMERATE \[(\w+) = (-?\d+)", self.records[fields][2])}


class Comparison:
    def __init__(self, pdb, genuine):
        self.pdb = pdb
        self.types = genuine["user_types"]
        self.enums = genuine["enums"]
        self.errors = []

    def fail(self, where, text):
        self.errors.append(f"{where}: {text}")

    def simple(self, reference):
        """(kind, bytes) or ("pointer", name) of `0x0023 (unsigned __int64)`; None for a record."""
        match = re.match(r"0x[0-9A-F]+ \((.*)\)$", reference)
        if not match:
            return None
        name = match.group(1)
        if name.endswith("*"):
            return ("pointer", name.rstrip("*").strip())
        return SIMPLE[name.replace("const ", "")]

    def base(self, where, reference, wanted):
        if self.simple(reference) != GENUINE[wanted["name"]]:
            self.fail(where, f"{reference} instead of {wanted['name']}")

    def pointer(self, where, reference, wanted):
        simple = self.simple(reference)
        target = wanted["subtype"]
        if simple:
            if simple[0] != "pointer":
                self.fail(where, f"{reference} is no pointer")
            elif target["kind"] == "base" and SIMPLE[simple[1]] != GENUINE[target["name"]]:
                self.fail(where, f"pointer to {simple[1]} instead of {target['name']}")
            elif target["kind"] in ("struct", "union") and not target["name"].startswith("__unnamed"):
                self.fail(where, f"{reference} instead of pointer to {target['name']}")
            return
        kind, _, body = self.pdb.records[reference]
        if kind != "LF_POINTER":
            self.fail(where, f"{kind} is no pointer")
            return
        referent = re.search(r"referent = (0x[0-9A-F]+(?: \(.*?\))?),", body).group(1)
        if referent in self.pdb.records and self.pdb.records[referent][0] == "LF_PROCEDURE":
            if target["kind"] not in ("function", "base"):
                self.fail(where, "pointer to a function")
        elif target["kind"] == "function":
            self.fail(where, "no pointer to a function")
        elif target["kind"] in ("struct", "union", "enum"):
            name = self.pdb.records[referent][1] if referent in self.pdb.records else referent
            if name != target["name"] and not target["name"].startswith("__unnamed"):
                self.fail(where, f"pointer to {name} instead of {target['name']}")
        else:
            self.type(where + "*", referent, target)

    def array(self, where, reference, wanted):
        kind, _, body = self.pdb.records[reference]
        if kind != "LF_ARRAY":
            self.fail(where, f"{kind} is no array")
            return
        element = re.search(r"element type: (0x[0-9A-F]+(?: \(.*?\))?)", body).group(1)
        size = int(re.search(r"size: (\d+)", body).group(1))
        if size != self.genuine_size(wanted):
            self.fail(where, f"{size} bytes instead of {self.genuine_size(wanted)}")
        # Arrays of arrays: compare the innermost elements.
        while wanted["kind"] == "array":
            wanted = wanted["subtype"]
        while element in self.pdb.records and self.pdb.records[element][0] == "LF_ARRAY":
            body = self.pdb.records[element][2]
            element = re.search(r"element type: (0x[0-9A-F]+(?: \(.*?\))?)", body).group(1)
        self.type(where + "[]", element, wanted)

    def genuine_size(self, wanted):
        kind = wanted["kind"]
        if kind == "array":
            return wanted["count"] * self.genuine_size(wanted["subtype"])
        if kind == "pointer":
            return 8
        if kind == "enum":
            return self.enums[wanted["name"]]["size"]
        if kind == "base":
            return GENUINE[wanted["name"]][1]
        return self.types[wanted["name"]]["size"]

    def bitfield(self, where, reference, wanted):
        kind, _, body = self.pdb.records[reference]
        match = re.search(r"type = (0x[0-9A-F]+(?: \(.*?\))?), bit offset = (\d+), # bits = (\d+)", body)
        if kind != "LF_BITFIELD" or not match:
            self.fail(where, f"{kind} is no bit field")
            return
        found = (int(match.group(2)), int(match.group(3)))
        if found != (wanted["bit_position"], wanted["bit_length"]):
            self.fail(where, f"bits {found} instead of "
                             f"{(wanted['bit_position'], wanted['bit_length'])}")
        self.type(where, match.group(1), wanted["type"])

    def type(self, where, reference, wanted):
        if reference in self.pdb.records and self.pdb.records[reference][0] == "LF_MODIFIER":
            body = self.pdb.records[reference][2]
            reference = re.search(r"referent = (0x[0-9A-F]+(?: \(.*?\))?),", body).group(1)
        kind = wanted["kind"]
        if kind == "base":
            self.base(where, reference, wanted)
        elif kind == "pointer":
            self.pointer(where, reference, wanted)
        elif reference not in self.pdb.records:
            self.fail(where, f"{reference} instead of {kind}")
        elif kind == "array":
            self.array(where, reference, wanted)
        elif kind == "bitfield":
            self.bitfield(where, reference, wanted)
        elif kind == "enum":
            name = self.pdb.records[reference][1]
            if name != wanted["name"] and not wanted["name"].startswith("__unnamed"):
                self.fail(where, f"{name} instead of {wanted['name']}")
        elif wanted["name"].startswith("__unnamed"):
            self.struct(where, self.pdb.defined(reference), wanted["name"])
        elif self.pdb.records[reference][1] != wanted["name"]:
            self.fail(where, f"{self.pdb.records[reference][1]} instead of {wanted['name']}")

    def struct(self, where, index, name):
        wanted = self.types[name]
        if self.pdb.size(index) != wanted["size"]:
            self.fail(where, f"size {self.pdb.size(index):#x} instead of {wanted['size']:#x}")
        members = {member: (kind, offset) for member, kind, offset in self.pdb.members(index)}
        for member in sorted(set(members) ^ set(wanted["fields"])):
            self.fail(where, f"member {member} " + ("is not Windows'" if member in members else "missing"))
        for member, field in wanted["fields"].items():
            if member not in members:
                continue
            kind, offset = members[member]
            if offset != field["offset"]:
                self.fail(f"{where}.{member}", f"at {offset:#x} instead of {field['offset']:#x}")
            self.type(f"{where}.{member}", kind, field["type"])

    def enum(self, name, index):
        found, wanted = self.pdb.enumerators(index), self.enums[name]["constants"]
        if found != wanted:
            self.fail(name, f"enumerators differ: {sorted(set(found.items()) ^ set(wanted.items()))}")


def asserted_names(folder):
    """Names of structures that the generated headers assert a size of."""
    names = set()
    for header in os.listdir(folder):
        with open(os.path.join(folder, header), encoding="utf-8") as file:
            names |= set(re.findall(r"^NT_SIZE\((?:struct|union) (\w+),", file.read(), re.M))
    return names


def main():
    tool, path, folder, genuine_path = sys.argv[1:]
    pdb = Pdb(tool, path)
    missing = sorted(asserted_names(folder) - set(pdb.structs))
    for name in missing:
        print(f"{name}: not in the PDB")
    if not os.path.exists(genuine_path):
        print("genuine types not found: presence checked only")
        return 1 if missing else 77
    with lzma.open(genuine_path) as file:
        genuine = json.load(file)
    comparison = Comparison(pdb, genuine)
    structs = sorted(name for name in pdb.structs if name in genuine["user_types"])
    enums = sorted(name for name in pdb.enums if name in genuine["enums"])
    for name in structs:
        comparison.struct(name, pdb.structs[name], name)
    for name in enums:
        comparison.enum(name, pdb.enums[name])
    for error in comparison.errors:
        print(error)
    print(f"{len(structs)} structures and {len(enums)} enums compared, "
          f"{len(comparison.errors) + len(missing)} differences")
    if len(structs) < 200 or len(enums) < 10:
        print("too few types: the PDB or its reading is broken")
        return 1
    return 1 if comparison.errors or missing else 0


if __name__ == "__main__":
    sys.exit(main())
