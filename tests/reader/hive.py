"""A registry hive, read as a registry file is: cells by offset, keys, values."""
import struct

BLOCK = 0x1000
NIL = 0xFFFFFFFF
VOLATILE = 0x80000000


class Damaged(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Damaged(what)


class Key:
    """An "nk" cell."""

    def __init__(self, hive, cell):
        self.hive, self.cell = hive, cell
        data = hive.cell(cell)
        need(data[:2] == b"nk", f"key {cell:#x}")
        (self.flags, self.time, self.parent, stable, volatile, stable_list, volatile_list, self.value_count,
         self.value_list, self.security, self.class_cell) = struct.unpack_from("<HQ4x9I", data, 2)
        self.lists = [(stable, stable_list), (volatile, volatile_list)]
        length, self.class_length = struct.unpack_from("<HH", data, 72)
        raw = data[76:76 + length]
        need(len(raw) == length, f"name of key {cell:#x}")
        self.name = raw.decode("latin-1") if self.flags & 0x20 else raw.decode("utf-16-le")
        self.exit = self.flags & 2  # stands for the root of another hive

    def subkeys(self):
        for count, where in [] if self.exit else self.lists[:self.hive.storages]:
            found = list(self.hive.index(where)) if count else []
            need(len(found) == count, f"subkeys of {self.name}")
            keys = [Key(self.hive, cell) for cell, _ in found]
            names = [key.name.upper() for key in keys]
            need(names == sorted(names) and len(set(names)) == len(names), f"order below {self.name}")
            for key, (_, hashed) in zip(keys, found):
                need(hashed == name_hash(key.name), f"hash of {key.name}")
                need(key.parent == self.cell, f"parent of {key.name}")
            yield from keys

    def subkey(self, name):
        for key in self.subkeys():
            if key.name.upper() == name.upper():
                return key
        raise Damaged(f"no key {name} below {self.name}")

    def at(self, *path):
        key = self
        for name in path:
            key = key.subkey(name)
        return key

    def values(self):
        """{name: (type, bytes)}"""
        if self.exit or not self.value_count:
            return {}
        cells = struct.unpack_from(f"<{self.value_count}I", self.hive.cell(self.value_list))
        return dict(self.hive.value(cell) for cell in cells)

    def text(self, name):
        kind, data = self.values()[name]
        need(kind in (1, 2, 6, 7), f"type of {name}")
        return data.decode("utf-16-le").split("\0")[0]

    def number(self, name):
        return int.from_bytes(self.values()[name][1], "little")


def name_hash(name):
    h = 0
    for c in name.upper():
        h = (h * 37 + ord(c)) & 0xFFFFFFFF
    return h


class Hive:
    """`read(cell, size)`: bytes at a cell index, size before contents included. A file has only the first
    of the two storages."""

    def __init__(self, read, root, storages=2):
        self.read, self.root, self.storages = read, root, storages

    def cell(self, cell):
        size = struct.unpack("<i", self.read(cell, 4))[0]
        need(size < 0 and size % 8 == 0 and cell % 8 == 0, f"cell {cell:#x}")
        return self.read(cell, -size)[4:]

    def index(self, cell):
        data = self.cell(cell)
        kind, count = data[:2], struct.unpack_from("<H", data, 2)[0]
        if kind == b"ri":
            for leaf in struct.unpack_from(f"<{count}I", data, 4):
                yield from self.index(leaf)
        else:
            need(kind == b"lh", f"index {cell:#x}")
            yield from struct.iter_unpack("<II", data[4:4 + 8 * count])

    def value(self, cell):
        data = self.cell(cell)
        need(data[:2] == b"vk", f"value {cell:#x}")
        length, size, where, kind, flags = struct.unpack_from("<HIIIH", data, 2)
        raw = data[20:20 + length]
        name = raw.decode("latin-1") if flags & 1 else raw.decode("utf-16-le")
        if size & VOLATILE:
            return name, (kind, data[8:8 + (size & ~VOLATILE)])
        if size <= 16344:
            return name, (kind, self.cell(where)[:size])
        big = self.cell(where)
        need(big[:2] == b"db", f"data of {name}")
        count, segments = struct.unpack_from("<HI", big, 2)
        parts = [self.cell(s)[:16344] for s in struct.unpack_from(f"<{count}I", self.cell(segments))]
        return name, (kind, b"".join(parts)[:size])

    def walk(self, key=None):
        """Every key below, with its values read."""
        key = key or Key(self, self.root)
        key.values()
        yield key
        for child in key.subkeys():
            yield from self.walk(child)


def check_file(data):
    """A hive's file: header, bins without a gap, cells without a gap in them. => Hive"""
    need(data[:4] == b"regf", "signature")
    words = struct.unpack_from("<128I", data)
    checksum = 0
    for word in words[:127]:
        checksum ^= word
    need(words[127] == checksum, "checksum")
    major, minor, root, length = words[5], words[6], words[9], words[10]
    need((major, minor) == (1, 5) and len(data) == BLOCK + length, "version or length")
    at = 0
    while at < length:
        magic, offset, size = struct.unpack_from("<4sII", data, BLOCK + at)
        need(magic == b"hbin" and offset == at and size and size % BLOCK == 0, f"bin {at:#x}")
        cell, end = at + 32, at + size
        while cell < end:
            step = abs(struct.unpack_from("<i", data, BLOCK + cell)[0])
            need(step and step % 8 == 0, f"cell {cell:#x}")
            cell += step
        need(cell == end, f"cells of bin {at:#x}")
        at = end

    def read(cell, size):
        need(cell + size <= length, f"cell {cell:#x} is outside of the file")
        return data[BLOCK + cell:BLOCK + cell + size]
    return Hive(read, root, storages=1)
