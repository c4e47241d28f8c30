#!/usr/bin/env python3
"""Read an image of our machine as other people's tools read one of Windows 7, and check what they find.

    check.py IMAGE NTKRNLMP.PDB [--raw] [--damage HEX]

Nothing is taken on trust: the page directory is the page that refers to itself, the kernel is where a
KDBG tag leads, types and symbols come from the PDB whose GUID the kernel names. Lists are compared with
pool scans, handles with objects, VADs with modules. --raw looks at the memory alone, as if the file
had no header. --damage hides the pool blocks of one tag: a check that then still holds is none.

Each check is a function; it raises or returns False when it does not hold. Exit status 77 (skipped)
without an image.
"""
import os
import re
import struct
import sys

import registry
from kernel import Kernel, Missing, View
from memory import PAGE, Space, find_directory, find_kernel
from memory import Image
from pdb import Pdb

RUNNING = 0x103
SHARED_DATA = 0xFFFFF78000000000
TICKS_1998, TICKS_2030 = 125332128000000000, 135484704000000000
BOOTED = ["smss.exe", "csrss.exe", "wininit.exe", "csrss.exe", "winlogon.exe", "services.exe",
          "lsass.exe", "lsm.exe"] + ["svchost.exe"] * 7 + ["explorer.exe"]
VAD_SHORT, VAD_LONG = (b"VadS", b"VadF"), (b"Vad ", b"Vadl", b"Vadm")

CHECKS = []


def check(what):
    def add(function):
        CHECKS.append((what, function))
        return function
    return add


class World:
    def __init__(self, path, pdb_path, raw):
        self.image = Image(path)
        self.header = None if raw else self.image.header
        self.directory = find_directory(self.image)
        self.space = Space(self.image, self.directory)
        base, self.kdbg = find_kernel(self.image, self.space)
        if base is None:
            raise Missing("no kernel")
        self.kernel = Kernel(self.image, self.space, base, Pdb(pdb_path))
        k = self.kernel
        self.processes = k.links(k.symbol("PsActiveProcessHead"), "_EPROCESS", "ActiveProcessLinks")
        self.user = [p for p in self.processes if p.Peb]


def name_of(process):
    return process.ImageFileName.split(b"\0")[0].decode()


def physical(w, va):
    return w.space.physical(va)


# ---- the kernel ----

@check("the System page directory is the lowest of all, at 0x187000")
def directory(w):
    return w.directory == 0x187000 and w.image.size >= 16 << 20 and \
        all(p.Pcb.DirectoryTableBase >= w.directory for p in w.processes)


@check("the header agrees with what was found in memory")
def header(w):
    h, k = w.header, w.kernel
    return h is None or (
        (h.major, h.build, h.machine) == (15, 7601, 0x8664) and h.directory == w.directory and
        h.kdbg == k.symbol("KdDebuggerDataBlock") and h.modules == k.symbol("PsLoadedModuleList") and
        h.processes == k.symbol("PsActiveProcessHead") and
        h.pfn == k.symbol("MmPfnDatabase") and TICKS_1998 < h.time and
        h.processors == k.number(k.symbol("KeNumberProcessors"), 4) and h.mxcsr[0] == h.mxcsr[1] != 0)


@check("KDBG lies in .data and is plain; KdCopyDataBlock is there")
def kdbg(w):
    k = w.kernel
    block = k.symbol("KdDebuggerDataBlock")
    data, = [s for s in k.sections if s[0] == ".data"]
    return (physical(w, block) == w.kdbg and data[1] <= block - k.base < data[1] + data[2] <= 0x100000 +
            data[1] and k.number(k.symbol("KdpDataBlockEncoded"), 1) == 0 and
            k.symbol("KdCopyDataBlock") is not None)


@check("RSDS names ntkrnlmp.pdb with the GUID and age of the PDB")
def rsds(w):
    k = w.kernel
    for pa in w.image.find(b"RSDS" + k.pdb.guid):
        at = w.image.read(pa, 0x40)
        va = [k.base + i for i in range(0, 4 << 20, PAGE) if physical(w, k.base + i) == pa & ~0xFFF]
        if va and at[24:].startswith(b"ntkrnlmp.pdb\0") and \
                struct.unpack_from("<I", at, 20)[0] == k.pdb.age:
            return True
    return False


@check("nt lies in a region of 4 to 24 MB of large pages")
def large(w):
    regions = w.space.large_regions(0xFFFFF80000000000, 0xFFFFF80800000000)
    return any(low <= w.kernel.base < high and 4 << 20 < high - low < 24 << 20 for low, high in regions)


@check("headers of nt: e_lfanew, POOLCODE, the export directory")
def image_headers(w):
    k = w.kernel
    page = k.bytes(k.base, PAGE)
    rva, _ = k.directory(0)
    export = k.bytes(k.base + rva, 40)
    name, count, names = struct.unpack_from("<12xI8xI4xI", export)
    exported = {cstring(k, k.base + k.number(k.base + names + 4 * i, 4)) for i in range(count)}
    return (k.number(k.base + 0x3C, 4) <= 0x800 and page.find(b"POOLCODE") % 8 == 0 and
            cstring(k, k.base + name) == "ntoskrnl.exe" and
            {"PsInitialSystemProcess", "NtBuildNumber"} <= exported)


def cstring(k, va):
    return k.bytes(va, 64).split(b"\0")[0].decode()


@check("symbols that readers look up, and none of a newer system")
def symbols(w):
    wanted = """KdDebuggerDataBlock KdVersionBlock KdCopyDataBlock NtBuildLab NtBuildNumber CmNtCSDVersion
        KeNumberProcessors PsActiveProcessHead PsLoadedModuleList PsInitialSystemProcess MmProtectToValue
        ObTypeIndexTable ObpInfoMaskToOffset KiServiceTable KiServiceLimit PoolBigPageTable
        PoolBigPageTableSize CmpHiveListHead""".split()
    missing = [name for name in wanted if w.kernel.symbol(name) is None]
    if missing:
        raise Missing("nt!" + ", nt!".join(missing))
    return w.kernel.symbol("ObHeaderCookie") is None and w.kernel.symbol("MiVisibleState") is None


@check("KUSER_SHARED_DATA")
def shared(w):
    s = w.kernel.view("_KUSER_SHARED_DATA", SHARED_DATA)
    root = "".join(map(chr, s.NtSystemRoot)).split("\0")[0]
    time = s.SystemTime.High1Time << 32 | s.SystemTime.LowPart
    return (s.NtMajorVersion, s.NtMinorVersion, s.NtProductType, root) == (6, 1, 1, "C:\\Windows") and \
        TICKS_1998 < time


@check("the service table leads to nt!Nt...")
def services(w):
    k = w.kernel
    table, count = k.symbol("KiServiceTable"), k.number(k.symbol("KiServiceLimit"), 4)
    names = k.names()
    found = [names.get(table + (entry >> 4), "")
             for entry in struct.unpack(f"<{count}i", k.bytes(table, 4 * count))]
    return count == 401 and all(re.fullmatch(r"Nt\w+", name) for name in found) and \
        len(set(found)) == 401


@check("kernel modules: the list, and the pool blocks tagged MmLd")
def modules(w):
    k = w.kernel
    listed = k.links(k.symbol("PsLoadedModuleList"), "_LDR_DATA_TABLE_ENTRY", "InLoadOrderLinks")
    first = listed[0]
    scanned = {m.DllBase for m in k.pool_scan(b"MmLd", "_LDR_DATA_TABLE_ENTRY", first=True)}
    return (k.text(first.BaseDllName) == "ntoskrnl.exe" and first.DllBase == k.base and
            k.text(first.FullDllName) == "\\SystemRoot\\system32\\ntoskrnl.exe" and
            {m.DllBase for m in listed} <= scanned)


@check("big pool pages: aligned, tagged, of whole pages")
def big_pool(w):
    k = w.kernel
    table, count = k.number(k.symbol("PoolBigPageTable")), k.number(k.symbol("PoolBigPageTableSize"))
    size = k.pdb.structure("_POOL_TRACKER_BIG_PAGES").size
    used = [e for e in (k.view("_POOL_TRACKER_BIG_PAGES", table + size * i) for i in range(count))
            if e.Va and not e.Va & 1]
    return used and all(e.Va % PAGE == 0 and e.NumberOfBytes > 0 and
                        re.fullmatch(rb"[\x20-\x7e]{3}[\x20-\xff]", struct.pack("<I", e.Key))
                        for e in used)


@check("processors: a saved context each, the header's among them")
def processors(w):
    k = w.kernel
    contexts = []
    for i in range(k.number(k.symbol("KeNumberProcessors"), 4)):
        prcb = k.view("_KPRCB", k.number(k.symbol("KiProcessorBlock") + 8 * i))
        saved = prcb.ProcessorState.ContextFrame
        if prcb.Number != i or prcb.Context != saved.address or \
                saved.MxCsr != saved.FltSave.MxCsr or prcb.ProcessorState.SpecialRegisters.Cr3 & 0xFFF:
            return False
        contexts.append((saved.Rip, saved.Rsp))
    return w.header is None or w.header.context in contexts


# ---- processes ----

@check("the processes of a booted system, System first, smss.exe next")
def processes(w):
    names = [name_of(p).lower() for p in w.processes]
    ids = {p.UniqueProcessId: name_of(p).lower() for p in w.processes}
    parents = {name: ids.get(p.InheritedFromUniqueProcessId) for p, name in zip(w.processes, names)}
    return (names[:2] == ["system", "smss.exe"] and names[1:17] == BOOTED and
            len(ids) == len(names) >= 17 and all(i % 4 == 0 for i in ids) and ids[4] == "system" and
            parents["smss.exe"] == "system" and parents["services.exe"] == "wininit.exe" and
            parents["svchost.exe"] == "services.exe")


@check("EPROCESS: where readers expect its members, and what they expect there")
def eprocess(w):
    k = w.kernel
    if k.offset("_EPROCESS", "ActiveProcessLinks") != k.offset("_EPROCESS", "UniqueProcessId") + 8 or \
            k.offset("_EPROCESS", "VadRoot") != k.offset("_EPROCESS", "ExitStatus") + 4:
        return False
    system = k.view("_EPROCESS", k.number(k.symbol("PsInitialSystemProcess")))
    if system.Peb or system.Pcb.DirectoryTableBase != w.directory or name_of(system) != "System":
        return False
    for p in w.processes:
        if k.number(p.address + 4, 4) or p.ExitStatus != RUNNING or p.Peb % PAGE or \
                k.offset("_KPROCESS", "DirectoryTableBase") != 0x28:
            raise Missing(f"{name_of(p)}: status, PEB or dispatcher header")
        if p in w.user and not TICKS_1998 < p.CreateTime.QuadPart < TICKS_2030:
            raise Missing(f"{name_of(p)}: CreateTime")
    return True


@check("SeAuditProcessCreationInfo: \\Device\\..., its text right behind the string")
def audit(w):
    for p in w.user:
        at = p.SeAuditProcessCreationInfo.ImageFileName
        string = w.kernel.view("_UNICODE_STRING", at)
        if string.Buffer != at + 0x10 or not string.Length < string.MaximumLength or \
                not w.kernel.text(string).startswith("\\Device\\"):
            return False
    return True


@check("PEB: version, parameters, three lists of the same modules")
def peb(w):
    k = w.kernel
    for p in w.user:
        space = k.process_space(p)
        peb = k.view("_PEB", p.Peb, space)
        line = k.text(k.view("_RTL_USER_PROCESS_PARAMETERS", peb.ProcessParameters, space).CommandLine)
        if (peb.OSMajorVersion, peb.OSMinorVersion, peb.OSBuildNumber) != (6, 1, 7601) or not line:
            raise Missing(f"{name_of(p)}: version or command line")
        ldr = k.view("_PEB_LDR_DATA", peb.Ldr, space)
        lists = [[m.address for m in k.links(ldr.at(head), "_LDR_DATA_TABLE_ENTRY", member, space)]
                 for head, member in (("InLoadOrderModuleList", "InLoadOrderLinks"),
                                      ("InMemoryOrderModuleList", "InMemoryOrderLinks"),
                                      ("InInitializationOrderModuleList",
                                       "InInitializationOrderLinks"))]
        first = k.view("_LDR_DATA_TABLE_ENTRY", lists[0][0], space)
        if lists[0] != lists[1] or set(lists[2]) != set(lists[0][1:]) or \
                first.DllBase != peb.ImageBaseAddress:
            raise Missing(f"{name_of(p)}: modules")
        for address in lists[0]:
            if k.bytes(k.view("_LDR_DATA_TABLE_ENTRY", address, space).DllBase, 2, space) != b"MZ":
                raise Missing(f"{name_of(p)}: a module without headers")
    return True


@check("sessions: smss has none, session 0 the services, session 1 the user")
def sessions(w):
    k = w.kernel
    number = {}
    for p in w.processes:
        session = p.Session
        number.setdefault(name_of(p).lower(), []).append(
            k.view("_MM_SESSION_SPACE", session).SessionId if session else None)
    return (number["system"] == number["smss.exe"] == [None] and number["csrss.exe"] == [0, 1] and
            number["services.exe"] == [0] and number["explorer.exe"] == [1])


@check("threads: each list is as long as the process says, and its threads are its own")
def threads(w):
    k = w.kernel
    for p in w.processes:
        found = k.links(p.at("ThreadListHead"), "_ETHREAD", "ThreadListEntry")
        if len(found) != p.ActiveThreads or \
                any(t.Tcb.Process != p.address or t.Cid.UniqueProcess != p.UniqueProcessId or
                    t.Cid.UniqueThread % 4 for t in found):
            raise Missing(name_of(p))
    return True


# ---- objects ----

@check("object types: no gap, and the ones that readers know")
def types(w):
    return {"Type", "Directory", "SymbolicLink", "Process", "Thread", "Event", "Mutant", "File",
            "Section", "Driver", "Device"} <= set(w.kernel.type_names().values())


@check("handles: as many as the table counts, each of a known type; tables tagged Obtb")
def handles(w):
    k = w.kernel
    names = k.type_names()
    seen = {}
    for p in w.processes:
        if k.bytes(p.ObjectTable - 12, 4) != b"Obtb":
            raise Missing(f"{name_of(p)}: tag")
        found = list(k.handles(p))
        if len(found) != k.view("_HANDLE_TABLE", p.ObjectTable).HandleCount:
            raise Missing(f"{name_of(p)}: count")
        for _, header, _ in found:
            seen.setdefault(names[header.TypeIndex], set()).add(k.object_name(header))
            if not 0 < header.PointerCount < 0x1000000:
                raise Missing(f"{name_of(p)}: references")
    return "SAM_SERVICE_STARTED" in seen["Event"] and "_SHuassist.mtx" in seen["Mutant"] and \
        "BaseNamedObjects" in seen["Directory"]


def scan(w, tag, structure, kind):
    """Objects found by their pool tag alone; their type must be right."""
    k = w.kernel
    names = k.type_names()
    found = []
    for view in k.pool_scan(tag, structure):
        header = View(k, w.image, "_OBJECT_HEADER", view.address - k.offset("_OBJECT_HEADER", "Body"))
        try:
            if names.get(header.TypeIndex) == kind:
                found.append(view)
        except Missing:
            continue
    return found


@check("pool scan: the processes of the list")
def scan_processes(w):
    found = {p.address: p for p in scan(w, b"Pro\xe3", "_EPROCESS", "Process")}
    listed = {physical(w, p.address): p for p in w.processes}
    return set(listed) <= set(found) and \
        all(found[pa].UniqueProcessId == p.UniqueProcessId for pa, p in listed.items())


@check("pool scan: the threads of all processes")
def scan_threads(w):
    k = w.kernel
    found = {t.address for t in scan(w, b"Thr\xe5", "_ETHREAD", "Thread")}
    return all(physical(w, t.address) in found for p in w.processes
               for t in k.links(p.at("ThreadListHead"), "_ETHREAD", "ThreadListEntry"))


@check("pool scan: files with names, ntdll.dll among them")
def scan_files(w):
    names = {w.kernel.text(f.FileName).lower() for f in scan(w, b"Fil\xe5", "_FILE_OBJECT", "File")
             if f.FileName.Length}
    return "\\windows\\system32\\ntdll.dll" in names


@check("pool scan: mutants, symbolic links, drivers")
def scan_others(w):
    k = w.kernel
    links = {k.text(s.LinkTarget) for s in scan(w, b"Sym\xe2", "_OBJECT_SYMBOLIC_LINK", "SymbolicLink")}
    drivers = {k.text(d.DriverName) for d in scan(w, b"Dri\xf6", "_DRIVER_OBJECT", "Driver")}
    return scan(w, b"Mut\xe1", "_KMUTANT", "Mutant") and "\\Device\\HarddiskVolume1" in links and \
        "\\FileSystem\\Ntfs" in drivers


# ---- address spaces ----

def vads(k, process):
    """(start, end, tag, VAD) in order; links, tags and parents are checked on the way."""
    root = process.VadRoot.BalancedRoot.address
    stack, found, node = [], [], k.view("_MMADDRESS_NODE", root)
    if node.u1.Parent & ~3 != root:
        raise Missing("the root's parent")
    at, parent = node.RightChild, root
    while at or stack:
        while at:
            node = k.view("_MMADDRESS_NODE", at)
            if node.u1.Parent & ~3 != parent or len(stack) > 100:
                raise Missing("a parent")
            stack.append(node)
            at, parent = node.LeftChild, at
        node = stack.pop()
        tag = k.bytes(node.address - 12, 4)
        if tag not in VAD_SHORT + VAD_LONG:
            raise Missing(f"tag {tag}")
        found.append((node.StartingVpn * PAGE, (node.EndingVpn + 1) * PAGE, tag, node.address))
        at, parent = node.RightChild, node.address
    return found


def file_of(k, vad):
    """The name of the file that a view maps."""
    long = k.view("_MMVAD", vad)
    if not long.Subsection:
        return ""
    area = k.view("_CONTROL_AREA", k.view("_SUBSECTION", long.Subsection).ControlArea)
    file = area.FilePointer.Object & ~15
    return k.text(k.view("_FILE_OBJECT", file).FileName) if file else ""


@check("VADs: in order, disjoint, counted; images' files named; every module in one")
def address_spaces(w):
    k = w.kernel
    for p in w.user:
        found = vads(k, p)
        if len(found) != p.VadRoot.NumberGenericTableElements or \
                any(a[1] > b[0] for a, b in zip(found, found[1:])):
            raise Missing(f"{name_of(p)}: count or order")
        space = k.process_space(p)
        ldr = k.view("_PEB_LDR_DATA", k.view("_PEB", p.Peb, space).Ldr, space)
        for m in k.links(ldr.at("InLoadOrderModuleList"), "_LDR_DATA_TABLE_ENTRY",
                         "InLoadOrderLinks", space):
            of = [v for v in found if v[0] == m.DllBase]
            name = k.text(m.BaseDllName).lower()
            if len(of) != 1 or of[0][2] not in VAD_LONG or \
                    not file_of(k, of[0][3]).lower().endswith("\\" + name):
                raise Missing(f"{name_of(p)}: the view of {name}")
    return True


CHECKS += registry.CHECKS


@check("services: handles by their tag lead to records of all; each as in the registry, and its process")
def service_records(w):
    def private(world, process):
        return [v[:2] for v in vads(world.kernel, process) if v[2] in VAD_SHORT]
    return registry.services(w, private)


def run(w):
    wrong = 0
    for what, holds in CHECKS:
        why = ""
        try:
            ok = holds(w)
        except (Missing, KeyError, ValueError, IndexError, *registry.ERRORS) as reason:
            ok, why = False, f" ({reason!r})"
        print(("holds   " if ok else "BROKEN  ") + what + why)
        wrong += not ok
    return wrong


def main(arguments):
    raw, damage = "--raw" in arguments, None
    if "--damage" in arguments:
        damage = bytes.fromhex(arguments.pop(arguments.index("--damage") + 1))
    files = [a for a in arguments if not a.startswith("--")]
    if len(files) != 2:
        sys.exit(__doc__)
    if not os.path.exists(files[0]):
        print("skipped: no image")
        sys.exit(77)
    w = World(*files, raw)
    if damage:
        find = w.image.find
        w.image.find = lambda needle: () if needle == damage else find(needle)
    wrong = run(w)
    print(f"{len(CHECKS) - wrong} of {len(CHECKS)} hold")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
