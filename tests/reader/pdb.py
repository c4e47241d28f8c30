"""Types and public symbols of a PDB file, read from its bytes (MSF 7.00).

Sources: LLVM's documentation "The PDB File Format"; leaf and symbol kinds of CodeView.
"""
import struct
from collections import namedtuple

LF_MODIFIER, LF_POINTER, LF_FIELDLIST, LF_BITFIELD = 0x1001, 0x1002, 0x1203, 0x1205
LF_ENUMERATE, LF_ARRAY, LF_CLASS, LF_STRUCTURE = 0x1502, 0x1503, 0x1504, 0x1505
LF_UNION, LF_ENUM, LF_MEMBER, LF_NESTTYPE, LF_INDEX = 0x1506, 0x1507, 0x150D, 0x1510, 0x1404
S_GDATA32, S_PUB32, S_LDATA32 = 0x110D, 0x110E, 0x110C
FORWARD_REFERENCE = 0x80
POINTER_MODE = 0x700
SIMPLE = {0x03: 0, 0x10: -1, 0x20: 1, 0x70: 1, 0x71: 2, 0x7A: 2, 0x11: -2, 0x21: 2, 0x72: -2, 0x73: 2,
          0x12: -4, 0x22: 4, 0x74: -4, 0x75: 4, 0x13: -8, 0x23: 8, 0x76: -8, 0x77: 8, 0x30: 1,
          0x68: -1, 0x69: 1, 0x40: 4, 0x41: 8}

Member = namedtuple("Member", "offset type")
Structure = namedtuple("Structure", "name size members")
# kind: "int" (size, signed), "bits" (size, position, length), "struct" (name), "array" (type, count)
Type = namedtuple("Type", "kind size detail")


class Msf:
    def __init__(self, path):
        self.data = open(path, "rb").read()
        if not self.data.startswith(b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0"):
            raise ValueError(f"{path}: no PDB")
        self.block, _, _, size, _, at = struct.unpack_from("<6I", self.data, 32)
        count = -(-size // self.block)
        directory = self.join(struct.unpack_from(f"<{count}I", self.data, at * self.block), size)
        streams, = struct.unpack_from("<I", directory)
        sizes = struct.unpack_from(f"<{streams}I", directory, 4)
        at = 4 + 4 * streams
        self.streams = []
        for size in sizes:
            size = 0 if size == 0xFFFFFFFF else size
            count = -(-size // self.block)
            self.streams.append((struct.unpack_from(f"<{count}I", directory, at), size))
            at += 4 * count

    def join(self, blocks, size):
        return b"".join(self.data[b * self.block:(b + 1) * self.block] for b in blocks)[:size]

    def stream(self, index):
        return self.join(*self.streams[index])


def numeric(data, at):
    value, = struct.unpack_from("<H", data, at)
    if value < 0x8000:
        return value, at + 2
    form = {0x8000: "<b", 0x8001: "<h", 0x8002: "<H", 0x8003: "<i", 0x8004: "<I", 0x8009: "<q",
            0x800A: "<Q"}[value]
    return struct.unpack_from(form, data, at + 2)[0], at + 2 + struct.calcsize(form)


def text(data, at):
    end = data.index(b"\0", at)
    return data[at:end].decode("latin-1"), end + 1


class Pdb:
    def __init__(self, path):
        msf = Msf(path)
        info = msf.stream(1)
        self.guid = info[12:28]
        dbi = msf.stream(3)
        self.age, = struct.unpack_from("<I", dbi, 8)
        records, = struct.unpack_from("<H", dbi, 20)
        self.publics = dict(self.read_symbols(msf.stream(records)))
        self.records = {}
        self.by_name = {}
        self.read_types(msf.stream(2))
        self.cache = {}

    @staticmethod
    def read_symbols(data):
        """(name, (section, offset))"""
        at = 0
        while at + 4 <= len(data):
            size, kind = struct.unpack_from("<HH", data, at)
            if kind == S_PUB32 or kind in (S_GDATA32, S_LDATA32):
                offset, section = struct.unpack_from("<IH", data, at + 8)
                yield text(data, at + 14)[0], (section, offset)
            at += size + 2

    def read_types(self, data):
        header, index, end = struct.unpack_from("<4xIII", data)
        at = header
        while index < end:
            size, kind = struct.unpack_from("<HH", data, at)
            body = data[at + 4:at + 2 + size]
            self.records[index] = (kind, body)
            if kind in (LF_STRUCTURE, LF_CLASS, LF_UNION) and \
                    not struct.unpack_from("<H", body, 2)[0] & FORWARD_REFERENCE:
                fields, = struct.unpack_from("<I", body, 4)
                bytes_, at_name = numeric(body, 8 if kind == LF_UNION else 16)
                self.by_name.setdefault(text(body, at_name)[0], (fields, bytes_))
            index, at = index + 1, at + size + 2

    def structure(self, name):
        if name not in self.cache:
            fields, size = self.by_name[name]
            self.cache[name] = Structure(name, size, dict(self.members(fields)))
        return self.cache[name]

    def members(self, index):
        kind, data = self.records[index]
        at = 0
        while kind == LF_FIELDLIST and at + 2 <= len(data):
            if data[at] >= 0xF0:
                at += data[at] & 0xF
                continue
            leaf, = struct.unpack_from("<H", data, at)
            if leaf == LF_MEMBER:
                of, = struct.unpack_from("<I", data, at + 4)
                offset, at = numeric(data, at + 8)
                name, at = text(data, at)
                yield name, Member(offset, of)
            elif leaf == LF_ENUMERATE:
                at = text(data, numeric(data, at + 4)[1])[1]
            elif leaf == LF_NESTTYPE:
                at = text(data, at + 8)[1]
            elif leaf == LF_INDEX:
                yield from self.members(struct.unpack_from("<I", data, at + 4)[0])
                at += 8
            else:
                raise ValueError(f"field of kind {leaf:#x}")

    def type(self, index):
        if index < 0x1000:
            size = 8 if index & POINTER_MODE else SIMPLE[index & 0xFF]
            return Type("int", abs(size), size < 0)
        kind, body = self.records[index]
        if kind == LF_MODIFIER:
            return self.type(struct.unpack_from("<I", body)[0])
        if kind == LF_POINTER:
            return Type("int", 8, False)
        if kind == LF_BITFIELD:
            base, length, position = struct.unpack_from("<IBB", body)
            return Type("bits", self.type(base).size, (position, length))
        if kind == LF_ENUM:
            return self.type(struct.unpack_from("<I", body, 4)[0])
        if kind == LF_ARRAY:
            of = self.type(struct.unpack_from("<I", body)[0])
            size, _ = numeric(body, 8)
            return Type("array", size, (of, size // of.size if of.size else 0))
        if kind in (LF_STRUCTURE, LF_CLASS, LF_UNION):
            _, at = numeric(body, 8 if kind == LF_UNION else 16)
            name = text(body, at)[0]
            return Type("struct", self.by_name[name][1], name)
        return Type("int", 0, False)  # a function: only pointers to it occur
