#!/usr/bin/env python3
"""Write a full kernel dump of our machine in every other format that holds the memory of a machine.

    convert.py FULL.DMP NTKRNLMP.PDB FOLDER

    2.dmp 6.dmp 8.dmp       the kernel's memory: pages that no process has in its user half
    9.dmp a.dmp             all memory, as ranges
    core.elf image.lime image.raw      the same without a header of Windows

The header is the full dump's own with another type. Nothing is taken from the code under test: the layouts
are those of memory.py, and of the formats' documents (LiME: "lime.h"; ELF: System V ABI).
"""
import os
import struct
import sys

from check import World
from memory import FRAME, PAGE, PRESENT, TRANSITION, PROTOTYPE

HEADER, DUMP_TYPE, BLOCK, BLOCK_SIZE = 0x2000, 0xF98, 0x88, 704
LIME_MAGIC, ET_CORE, EM_X86_64, PT_LOAD = 0x4C694D45, 4, 62, 1


def user_frames(image, table, level=4):
    """Page frames that entries of the user half lead to; page tables are the kernel's."""
    for i in range(256 if level == 4 else 512):
        entry = image.quad(table + 8 * i)
        if level == 1:
            if entry & PRESENT or entry & TRANSITION and not entry & PROTOTYPE:
                yield (entry & FRAME) // PAGE
        elif entry & PRESENT:
            yield from user_frames(image, entry & FRAME, level - 1)


def runs_of(frames):
    """(first frame, count), ascending."""
    runs = []
    for frame in sorted(frames):
        if runs and runs[-1][0] + runs[-1][1] == frame:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((frame, 1))
    return runs


class Writer:
    def __init__(self, world, folder):
        self.image, self.folder = world.image, folder
        self.all = set(self.image.offset)
        user = set()
        for process in world.processes:
            user.update(user_frames(self.image, process.Pcb.DirectoryTableBase))
        # KUSER_SHARED_DATA is in every user half, and the kernel's all the same.
        shared = world.space.physical(0xFFFFF78000000000) // PAGE
        self.kernel = self.all - (user - {shared})

    def header(self, kind):
        header = bytearray(self.image.data[:HEADER])
        struct.pack_into("<I", header, DUMP_TYPE, kind)
        header[BLOCK:BLOCK + BLOCK_SIZE] = b"PAGE" * (BLOCK_SIZE // 4)
        return bytes(header)

    def pages(self, file, runs):
        for first, count in runs:
            for frame in range(first, first + count):
                file.write(self.image.page(frame))

    def open(self, name):
        return open(os.path.join(self.folder, name), "wb")

    def bitmap(self, kind, signature, frames):
        bits = (max(self.all) // 64 + 1) * 64
        bitmap = bytearray(bits // 8)
        for frame in frames:
            bitmap[frame // 8] |= 1 << frame % 8
        first = (HEADER + 0x38 + len(bitmap) + PAGE - 1) // PAGE * PAGE
        with self.open(f"{kind:x}.dmp") as file:
            file.write(self.header(kind))
            file.write(struct.pack("<4s4s24xQQQ", signature, b"DUMP", first, len(frames), bits))
            file.write(bitmap)
            file.seek(first)
            self.pages(file, runs_of(frames))

    def ranges(self, kind, frames):
        runs = runs_of(frames)
        size = 0x30 + 16 * len(runs)
        first = (HEADER + size + 16 + PAGE - 1) // PAGE * PAGE
        with self.open(f"{kind:x}.dmp") as file:
            file.write(self.header(kind))
            file.write(struct.pack("<I4s4sIQQ16x", 0x40, b"RDMP", b"DUMP", 0, size, first))
            for run in runs:
                file.write(struct.pack("<QQ", *run))
            file.seek(first)
            self.pages(file, runs)

    def lime(self):
        with self.open("image.lime") as file:
            for first, count in runs_of(self.all):
                file.write(struct.pack("<IIQQ8x", LIME_MAGIC, 1, first * PAGE,
                                       (first + count) * PAGE - 1))
                self.pages(file, [(first, count)])

    def elf(self):
        # In pieces, and the last piece first: segments need not be in order.
        half = [(first + count // 2, count - count // 2) for first, count in runs_of(self.all)]
        half += [(first, count // 2) for first, count in runs_of(self.all)]
        at = 64 + 56 * (len(half) + 1)
        with self.open("core.elf") as file:
            file.write(struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", ET_CORE, EM_X86_64, 1,
                                   0, 64, 0, 0, 64, 56, len(half) + 1, 0, 0, 0))
            file.write(struct.pack("<IIQQQQQQ", 4, 0, at, 0, 0, 0, 0, 0))  # an empty PT_NOTE
            for first, count in half:
                file.write(struct.pack("<IIQQQQQQ", PT_LOAD, 0, at, 0, first * PAGE, count * PAGE,
                                       count * PAGE, 0))
                at += count * PAGE
            self.pages(file, half)

    def raw(self):
        with self.open("image.raw") as file:
            for first, count in runs_of(self.all):
                file.seek(first * PAGE)
                self.pages(file, [(first, count)])


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    os.makedirs(arguments[2], exist_ok=True)
    w = Writer(World(arguments[0], arguments[1], False), arguments[2])
    w.bitmap(2, b"SDMP", w.kernel)
    w.bitmap(6, b"SDMP", w.kernel)
    w.ranges(8, w.kernel)
    w.ranges(9, w.all)
    w.ranges(0xA, w.all)
    w.lime()
    w.elf()
    w.raw()
    print(f"{len(w.all)} pages, {len(w.all) - len(w.kernel)} of them of users, "
          f"the kernel's in {len(runs_of(w.kernel))} pieces")
    return len(w.kernel) in (0, len(w.all))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
