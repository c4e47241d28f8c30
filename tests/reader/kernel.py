"""The kernel in an image: its symbols, and its structures as Python objects."""
import struct

from memory import PAGE


class View:
    """A structure at an address: members are attributes; numbers are ints, embedded structures
    Views, arrays of bytes bytes, other arrays lists. What is not in memory raises Missing."""

    def __init__(self, kernel, space, name, address):
        self.kernel, self.space, self.type, self.address = kernel, space, \
            kernel.pdb.structure(name), address

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        member = self.type.members[name]
        return self.kernel.get(self.space, self.kernel.pdb.type(member.type),
                               self.address + member.offset)

    def at(self, name):
        return self.address + self.type.members[name].offset


class Missing(Exception):
    pass


class Kernel:
    def __init__(self, image, space, base, pdb):
        self.image, self.space, self.base, self.pdb = image, space, base, pdb
        self.sections = self.read_sections()

    def bytes(self, va, size, space=None):
        data = (space or self.space).read(va, size)
        if data is None:
            raise Missing(f"{va:#x}")
        return data

    def number(self, va, size=8, space=None):
        return int.from_bytes(self.bytes(va, size, space), "little")

    def get(self, space, of, va):
        if of.kind == "struct":
            return View(self, space, of.detail, va)
        if of.kind == "array":
            element, count = of.detail
            if element.kind == "int" and element.size == 1:
                return self.bytes(va, count, space)
            return [self.get(space, element, va + i * element.size) for i in range(count)]
        value = self.number(va, of.size, space)
        if of.kind == "bits":
            position, length = of.detail
            return value >> position & (1 << length) - 1
        if of.detail and value >> (8 * of.size - 1):
            value -= 1 << 8 * of.size
        return value

    def view(self, name, va, space=None):
        return View(self, space or self.space, name, va)

    def offset(self, structure, member):
        return self.pdb.structure(structure).members[member].offset

    # ---- the image ----

    def read_sections(self):
        nt = self.base + self.number(self.base + 0x3C, 4)
        count, optional = self.number(nt + 6, 2), self.number(nt + 20, 2)
        table = []
        for i in range(count):
            at = nt + 24 + optional + 40 * i
            name = self.bytes(at, 8).rstrip(b"\0").decode()
            size, rva = struct.unpack("<II", self.bytes(at + 8, 8))
            table.append((name, rva, size))
        return table

    def directory(self, index):
        nt = self.base + self.number(self.base + 0x3C, 4)
        return struct.unpack("<II", self.bytes(nt + 24 + 112 + 8 * index, 8))

    def symbol(self, name):
        """Kernel address of a public symbol; None when there is none."""
        found = self.pdb.publics.get(name)
        if not found or not 0 < found[0] <= len(self.sections):
            return None
        return self.base + self.sections[found[0] - 1][1] + found[1]

    def names(self):
        """All public symbols by address."""
        return {self.symbol(name): name for name in self.pdb.publics}

    # ---- structures that occur everywhere ----

    def text(self, string):
        if string.Length == 0:
            return ""
        space = self.space if string.space is self.image else string.space
        return self.bytes(string.Buffer, string.Length, space).decode("utf-16-le", "replace")

    def links(self, head, structure, member, space=None, most=100000):
        """The structures on a list, in order; both directions must agree."""
        offset = self.offset(structure, member)
        forward, link = [], self.number(head, 8, space)
        while link != head:
            if len(forward) == most or self.number(self.number(link + 8, 8, space), 8, space) != link:
                raise Missing(f"the list at {head:#x} is damaged")
            forward.append(self.view(structure, link - offset, space))
            link = self.number(link, 8, space)
        return forward

    def process_space(self, process):
        return type(self.space)(self.image, process.Pcb.DirectoryTableBase)

    # ---- objects ----

    def header_of(self, object_va):
        return self.view("_OBJECT_HEADER", object_va - self.offset("_OBJECT_HEADER", "Body"))

    def type_names(self):
        """{index: name}; indices begin at 2 and have no gap."""
        table, names, index = self.symbol("ObTypeIndexTable"), {}, 2
        while True:
            va = self.number(table + 8 * index)
            if va == 0:
                return names
            names[index] = self.text(self.view("_OBJECT_TYPE", va).Name)
            index += 1

    def object_name(self, header):
        bit = 2
        if not header.InfoMask & bit:
            return ""
        back = self.number(self.symbol("ObpInfoMaskToOffset") + (header.InfoMask & (bit | bit - 1)), 1)
        return self.text(self.view("_OBJECT_HEADER_NAME_INFO", header.address - back).Name)

    def handles(self, process):
        """(value, OBJECT_HEADER, granted access) of each entry in use."""
        table = self.view("_HANDLE_TABLE", process.ObjectTable)
        level, top = table.TableCode & 7, table.TableCode & ~7
        leaves = [top]
        for _ in range(level):
            leaves = [va for page in leaves
                      for va in struct.unpack("<512Q", self.bytes(page, PAGE)) if va]
        for number, leaf in enumerate(leaves):
            for i in range(1, 256):
                value, access = struct.unpack("<QI4x", self.bytes(leaf + 16 * i, 16))
                if value:
                    yield (number * 256 + i) * 4, self.view("_OBJECT_HEADER", value & ~15), access

    # ---- pool ----

    def pool_scan(self, tag, structure, first=False):
        """Structures, in physical memory, whose pool block has this tag: at the end of the block, as
        objects are (sizes are rounded up to 16), or with `first` at its beginning."""
        size = self.pdb.structure(structure).size
        for pa in self.image.find(tag):
            if pa % 16 != 4:
                continue
            _, _, block, kind = self.image.read(pa - 4, 4)
            if block * 16 < size + 16 or kind == 0:
                continue
            start = pa - 4 + (16 if first else block * 16 - (size + 15) // 16 * 16)
            yield View(self, self.image, structure, start)
