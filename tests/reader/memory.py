"""Memory of a machine: what a file says of it, and what can be found in it by looking.

Files: kernel dumps of types 1 (runs of pages) and 5 (bitmap), and raw images. A reader that trusts
nothing but memory finds the page directory and the kernel by itself.
"""
import mmap
import struct

PAGE = 0x1000
LARGE = 0x200000
SELF_SLOT = 0x1ED
PRESENT, WRITE, USER, BIG, TRANSITION, PROTOTYPE = 1, 2, 4, 0x80, 0x800, 0x400
FRAME = 0x000FFFFFFFFFF000


class Image:
    """Physical memory: runs of (first page, pages, offset in the file)."""

    def __init__(self, path):
        self.file = open(path, "rb")
        self.data = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)
        self.header = None
        if self.data[:8] == b"PAGEDU64":
            self.header = Header(self.data)
            self.runs = self.header.full() if self.header.type == 1 else self.header.bitmap()
        else:
            self.runs = [(0, len(self.data) // PAGE, 0)]
        self.offset = {}
        for first, count, at in self.runs:
            for i in range(count):
                self.offset[first + i] = at + i * PAGE

    @property
    def size(self):
        return max(first + count for first, count, _ in self.runs) * PAGE

    def page(self, frame):
        at = self.offset.get(frame)
        return None if at is None else self.data[at:at + PAGE]

    def read(self, pa, size):
        """Bytes of one page, or None."""
        at = self.offset.get(pa // PAGE)
        if at is None or pa % PAGE + size > PAGE:
            return None
        return self.data[at + pa % PAGE:at + pa % PAGE + size]

    def quad(self, pa):
        at = self.offset.get(pa // PAGE)
        return None if at is None else struct.unpack_from("<Q", self.data, at + pa % PAGE)[0]

    def find(self, needle):
        """Physical addresses of `needle`, runs taken one by one."""
        for first, count, start in self.runs:
            at = self.data.find(needle, start, start + count * PAGE)
            while at >= 0:
                yield first * PAGE + at - start
                at = self.data.find(needle, at + 1, start + count * PAGE)


class Header:
    """DUMP_HEADER64."""

    def __init__(self, data):
        self.data = data
        self.major, self.build = struct.unpack_from("<II", data, 8)
        self.directory, self.pfn, self.modules, self.processes = struct.unpack_from("<4Q", data, 0x10)
        self.machine, self.processors = struct.unpack_from("<II", data, 0x30)
        self.kdbg, = struct.unpack_from("<Q", data, 0x80)
        self.type, = struct.unpack_from("<I", data, 0xF98)
        self.time, = struct.unpack_from("<Q", data, 0xFA8)
        self.mxcsr = struct.unpack_from("<I", data, 0x348 + 0x34) + \
            struct.unpack_from("<I", data, 0x348 + 0x118)

        self.context = struct.unpack_from("<Q", data, 0x348 + 0xF8) + \
            struct.unpack_from("<Q", data, 0x348 + 0x98)  # rip, rsp

    def full(self):
        count, = struct.unpack_from("<I", self.data, 0x88)
        at, runs = 0x2000, []
        for i in range(min(count, 42)):
            first, pages = struct.unpack_from("<QQ", self.data, 0x98 + 16 * i)
            runs.append((first, pages, at))
            at += pages * PAGE
        return runs

    def bitmap(self):
        assert self.data[0x2000:0x2008] in (b"SDMPDUMP", b"FDMPDUMP")
        start, _, bits = struct.unpack_from("<QQQ", self.data, 0x2020)
        runs, at = [], start
        for frame in range(bits):
            if self.data[0x2038 + frame // 8] >> frame % 8 & 1:
                if runs and runs[-1][0] + runs[-1][1] == frame:
                    first, pages, where = runs[-1]
                    runs[-1] = (first, pages + 1, where)
                else:
                    runs.append((frame, 1, at))
                at += PAGE
        return runs


class Space:
    """Virtual memory through one page directory; transition pages count as present."""

    def __init__(self, image, directory):
        self.image, self.directory = image, directory
        self.known = {}

    def entry(self, va):
        """(physical address, page size) or None."""
        table = self.directory
        for shift in (39, 30, 21, 12):
            value = self.image.quad(table + (va >> shift & 0x1FF) * 8)
            leaf = shift == 12
            if value is None or not (value & PRESENT or leaf and value & TRANSITION and
                                     not value & PROTOTYPE):
                return None
            if leaf or value & BIG and shift in (21, 30):
                low = (1 << shift) - 1
                return (value & FRAME & ~low) | va & low, 1 << shift
            table = value & FRAME
        return None

    def physical(self, va):
        page = va // PAGE
        if page not in self.known:
            found = self.entry(va)
            self.known[page] = None if found is None else found[0] // PAGE * PAGE
        base = self.known[page]
        return None if base is None or base // PAGE not in self.image.offset else base + va % PAGE

    def read(self, va, size):
        """Bytes, or None when one is not there."""
        parts = []
        while size > 0:
            piece = min(PAGE - va % PAGE, size)
            pa = self.physical(va)
            if pa is None:
                return None
            at = self.image.offset[pa // PAGE] + pa % PAGE
            parts.append(self.image.data[at:at + piece])
            va, size = va + piece, size - piece
        return b"".join(parts)

    def large_regions(self, low, high):
        """Regions of 2 MB pages as (start, end)."""
        regions, va = [], low
        while va < high:
            step = LARGE
            for shift in (39, 30):  # skip what no table describes
                table = self.directory
                for above in (39, 30):
                    if above < shift:
                        break
                    value = self.image.quad(table + (va >> above & 0x1FF) * 8)
                    if value is None or not value & PRESENT:
                        step = max(step, 1 << above)
                        break
                    table = value & FRAME
            found = self.entry(va) if step == LARGE else None
            if found and found[1] == LARGE:
                if regions and regions[-1][1] == va:
                    regions[-1] = (regions[-1][0], va + LARGE)
                else:
                    regions.append((va, va + LARGE))
            va = (va // step + 1) * step
        return regions


def looks_like_directory(page, frame, size):
    """Exactly one present entry leads back, from slot 0x1ED; no large ones; all within the image; six
    kernel entries; half empty."""
    entries = struct.unpack("<512Q", page)
    present = [e for e in entries if e & PRESENT]
    back = [i for i, e in enumerate(entries) if e & PRESENT and (e & FRAME) // PAGE == frame]
    kernel = [e for e in entries if e & 0x8000000000000087 == 3]
    return (back == [SELF_SLOT] and len(kernel) >= 6 and not any(e & BIG for e in present) and
            all(e & FRAME < size for e in present) and
            entries[:256].count(0) > 64 and entries[256:].count(0) > 64)


def find_directory(image):
    """The lowest page that is a page directory: System's."""
    for frame in sorted(image.offset):
        entry = image.quad(frame * PAGE + SELF_SLOT * 8)
        if entry & PRESENT and (entry & FRAME) // PAGE == frame and \
                looks_like_directory(image.page(frame), frame, image.size):
            return frame * PAGE
    return None


def find_kernel(image, space):
    """(KernBase, physical address of the block): 8 bytes behind a KDBG tag stands where MZ is."""
    for pa in image.find(b"KDBG"):
        base = image.quad(pa + 8)
        if base and base % PAGE == 0 and space.read(base, 2) == b"MZ":
            return base, pa - 16
    return None, None
