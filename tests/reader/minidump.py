#!/usr/bin/env python3
"""Read a minidump of one process as other people's tools do, and compare it with the machine that it is
of: a kernel dump made while the machine stood at the same place.

    minidump.py MINIDUMP KERNEL.DMP NTKRNLMP.PDB [--small] [--damage]

The file's own lists come from its directory of streams (minidumpapiset.h); what they have to be comes
from memory: the ETHREADs, the loader's list, the VADs, page tables and handle table of the process with
the id that the file names. --small: the file holds some memory, not all. --damage: change a byte of its
memory first; a check that then still holds is none.
"""
import struct
import sys

from check import World, name_of, vads
from kernel import Missing
from memory import FRAME, PAGE, PRESENT, PROTOTYPE, TRANSITION

HIGHEST = 0x7FFFFFF0000
THREADS, MODULES, MEMORY, SYSTEM, MEMORY64, HANDLES, MISC, REGIONS, TIMES = 3, 4, 5, 7, 9, 12, 15, 16, 17
COMMIT, RESERVE, FREE = 0x1000, 0x2000, 0x10000

CHECKS = []


def check(what, small=True):
    def add(function):
        CHECKS.append((what, function, small))
        return function
    return add


class Minidump:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        signature, version, count, directory = struct.unpack_from("<4I", self.data, 0)
        if signature != 0x504D444D or version & 0xFFFF != 0xA793:
            raise Missing("not a minidump")
        self.time, self.flags = struct.unpack_from("<IQ", self.data, 0x14)
        self.streams = {}
        for i in range(count):
            kind, size, at = struct.unpack_from("<3I", self.data, directory + 12 * i)
            if kind in self.streams or at + size > len(self.data):
                raise Missing(f"stream {kind}")
            self.streams[kind] = (at, size)
        self.memory = self.ranges()

    def rows(self, kind, layout, head=4):
        """Elements behind a count of 4 bytes, or behind a header that says their size and number."""
        at, size = self.streams[kind]
        width = struct.calcsize(layout)
        if head == 4:
            count, = struct.unpack_from("<I", self.data, at)
        else:
            start, wide, count = struct.unpack_from("<2IQ" if kind == REGIONS else "<3I", self.data, at)
            if (start, wide) != (head, width):
                raise Missing(f"header of stream {kind}")
        if head + count * width != size:
            raise Missing(f"size of stream {kind}")
        return [struct.unpack_from(layout, self.data, at + head + i * width) for i in range(count)]

    def ranges(self):
        """(address, size, offset in the file)"""
        if MEMORY64 not in self.streams:
            return [(va, size, at) for va, size, at in self.rows(MEMORY, "<QII")]
        at, size = self.streams[MEMORY64]
        count, offset = struct.unpack_from("<QQ", self.data, at)
        if 16 + 16 * count != size:
            raise Missing("size of the list of memory")
        found = []
        for i in range(count):
            va, length = struct.unpack_from("<QQ", self.data, at + 16 + 16 * i)
            found.append((va, length, offset))
            offset += length
        if offset != len(self.data):
            raise Missing("memory does not end where the file does")
        return found

    def text(self, at):
        if at == 0:
            return ""
        size, = struct.unpack_from("<I", self.data, at)
        return bytes(self.data[at + 4:at + 4 + size]).decode("utf-16-le")


class Comparison:
    def __init__(self, path, kernel_dump, pdb):
        self.dump = Minidump(path)
        self.world = World(kernel_dump, pdb, False)
        self.kernel = self.world.kernel
        at, size = self.dump.streams[MISC]
        length, flags, self.id = struct.unpack_from("<3I", self.dump.data, at)
        if length != size or not flags & 1:
            raise Missing("the process id")
        self.process, = [p for p in self.world.processes if p.UniqueProcessId == self.id]
        self.space = self.kernel.process_space(self.process)
        self.threads = self.kernel.links(self.process.at("ThreadListHead"), "_ETHREAD",
                                         "ThreadListEntry")


@check("the system is Windows 7 SP1 on as many x64 processors")
def system(c):
    at, _ = c.dump.streams[SYSTEM]
    machine, _, _, processors, product, major, minor, build, platform, pack = \
        struct.unpack_from("<3H2B5I", c.dump.data, at)
    return (machine, processors, product, major, minor, build, platform) == \
        (9, c.kernel.number(c.kernel.symbol("KeNumberProcessors"), 4), 1, 6, 1, 7601, 2) and \
        c.dump.text(pack) == "Service Pack 1"


@check("threads: those of the process, with TEB, stack and registers")
def threads(c):
    rows = c.dump.rows(THREADS, "<4IQQIIII")
    wanted = {t.Cid.UniqueThread: t for t in c.threads}
    if {row[0] for row in rows} != set(wanted) or len(rows) != len(wanted):
        return False
    header = c.world.header.context
    for number, _, kind, _, teb, stack, size, _, context_size, context in rows:
        thread = wanted[number]
        frame = c.kernel.view("_KTRAP_FRAME", thread.Tcb.TrapFrame)
        base = c.kernel.view("_TEB", teb, c.space).NtTib.StackBase
        rip, = struct.unpack_from("<Q", c.dump.data, context + 0xF8)
        rsp, = struct.unpack_from("<Q", c.dump.data, context + 0x98)
        if teb != thread.Tcb.Teb or kind != 0x20 or context_size != 0x4D0 or \
                (rip, rsp) not in ((frame.Rip, frame.Rsp), header) or \
                stack != rsp or stack + size != base:
            raise Missing(f"thread {number:x}")
    return True


@check("modules: the loader's list, each with the debug record of its image")
def modules(c):
    k = c.kernel
    ldr = k.view("_PEB_LDR_DATA", k.view("_PEB", c.process.Peb, c.space).Ldr, c.space)
    listed = {m.DllBase: m for m in k.links(ldr.at("InLoadOrderModuleList"), "_LDR_DATA_TABLE_ENTRY",
                                            "InLoadOrderLinks", c.space)}
    rows = c.dump.rows(MODULES, "<Q4I52x2I8x16x")
    if {row[0] for row in rows} != set(listed):
        return False
    for base, size, _, _, name, record_size, record in rows:
        if size != listed[base].SizeOfImage or c.dump.text(name) != k.text(listed[base].FullDllName):
            raise Missing(f"module {base:x}")
        if record_size:
            wanted = bytes(c.dump.data[record:record + record_size])
            image = b"".join(c.space.read(va, PAGE) or bytes(PAGE)
                             for va in range(base, base + size, PAGE))
            if wanted[:4] != b"RSDS" or wanted[:24] not in image:
                raise Missing(f"debug record of {base:x}")
    return any(row[5] for row in rows)


@check("memory: in order, apart, and byte by byte what the machine has there")
def memory(c):
    end = 0
    for va, size, at in c.dump.memory:
        if va < end or size == 0 or at + size > len(c.dump.data):
            raise Missing(f"range {va:x}")
        end = va + size
        for done in range(0, size, PAGE):
            piece = min(PAGE, size - done)
            wanted = page_bytes(c, va + done, piece)
            if wanted is not None and c.dump.data[at + done:at + done + piece] != wanted:
                raise Missing(f"bytes at {va + done:x}")
    return True


def page_bytes(c, va, size):
    """What is there; None for prototype entries, which this reader does not follow."""
    return c.space.read(va, size) if va % PAGE + size <= PAGE else \
        b"".join([c.space.read(va, PAGE - va % PAGE), c.space.read(va - va % PAGE + PAGE,
                                                                  size - PAGE + va % PAGE)])


def user_pages(c, table, shift=39, base=0):
    """Addresses of the user pages that are in memory, through all page tables."""
    for i in range(256 if shift == 39 else 512):
        entry = c.world.image.quad(table + 8 * i)
        va = base | i << shift
        if shift == 12:
            if entry & PRESENT or entry & TRANSITION and not entry & PROTOTYPE:
                yield va
        elif entry & PRESENT:
            yield from user_pages(c, entry & FRAME, shift - 9, va)


@check("memory: every user page that the machine has in memory is there", small=False)
def complete(c):
    saved = {page for va, size, _ in c.dump.memory for page in range(va, va + size, PAGE)}
    missing = [va for va in user_pages(c, c.process.Pcb.DirectoryTableBase) if va not in saved]
    if missing:
        raise Missing(f"{len(missing)} pages, {missing[0]:x} first")
    return len(saved) > 50


@check("memory: stacks and the code that runs", small=True)
def some(c):
    def there(va):
        return any(start <= va < start + size for start, size, _ in c.dump.memory)
    rows = c.dump.rows(THREADS, "<4IQQIIII")
    return all(there(row[5]) and there(struct.unpack_from("<Q", c.dump.data, row[9] + 0xF8)[0])
               for row in rows)


@check("regions: without a hole, and the VADs' borders are borders", small=False)
def regions(c):
    rows = c.dump.rows(REGIONS, "<QQI4xQ3I4x", head=16)
    at = 0
    for base, _, _, size, state, _, _ in rows:
        if base != at or size % PAGE or state not in (COMMIT, RESERVE, FREE):
            raise Missing(f"region {base:x}")
        at = base + size
    starts = {row[0] for row in rows} | {at}
    allocations = {}
    for base, allocation, protect, size, state, _, kind in rows:
        if state != FREE:
            first, last = allocations.get(allocation, (base, base))
            allocations[allocation] = (min(first, base), base + size)
    found = {start: (start, end) for start, end, _, _ in vads(c.kernel, c.process)}
    return at >= HIGHEST and allocations == found and \
        all(start in starts and end in starts for start, end in found.values())


@check("handles: the table of the process, with types and names", small=False)
def handles(c):
    k = c.kernel
    names = k.type_names()
    rows = {row[0]: row for row in c.dump.rows(HANDLES, "<Q6I", head=16)}
    wanted = list(k.handles(c.process))
    for value, header, access in wanted:
        _, kind, name, _, granted, count, pointers = rows[value]
        if c.dump.text(kind) != names[header.TypeIndex] or granted != access or \
                (count, pointers) != (header.HandleCount, header.PointerCount):
            raise Missing(f"handle {value:x}")
        if k.object_name(header) and c.dump.text(name) != k.object_name(header):
            raise Missing(f"name of handle {value:x}")
    return len(wanted) == len(rows) > 0


@check("thread times: each thread's own", small=False)
def times(c):
    rows = {row[0]: row for row in c.dump.rows(TIMES, "<4I6Q", head=12)}
    return set(rows) == {t.Cid.UniqueThread for t in c.threads} and \
        all(rows[t.Cid.UniqueThread][4] == t.CreateTime.QuadPart and
            rows[t.Cid.UniqueThread][8] == t.Win32StartAddress for t in c.threads)


def main(arguments):
    small = "--small" in arguments
    files = [a for a in arguments if not a.startswith("--")]
    if len(files) != 3:
        sys.exit(__doc__)
    c = Comparison(*files)
    if "--damage" in arguments:
        va, size, at = c.dump.memory[len(c.dump.memory) // 2]
        c.dump.data[at + size // 2] ^= 1
    wrong = ran = 0
    for what, holds, also_small in CHECKS:
        if small and not also_small:
            continue
        why = ""
        try:
            ok = holds(c)
        except (Missing, KeyError, ValueError, IndexError, TypeError, struct.error) as reason:
            ok, why = False, f" ({reason!r})"
        print(("holds   " if ok else "BROKEN  ") + what + why)
        wrong += not ok
        ran += 1
    print(f"{name_of(c.process)}: {ran - wrong} of {ran} hold")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
