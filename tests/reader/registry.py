"""Checks of check.py on the registry and the services: hives by list and by pool tag, each as a file and
through its maps; keys that processes have open; services.exe's records, by tag, against the registry."""
import re
import struct

from hive import VOLATILE, Damaged, Hive, Key, check_file, need
from kernel import Missing

KEY_BODY = 0x6B793032
HIVE = 0xBEE0BEE0
MACHINE = "\\REGISTRY\\MACHINE\\"
RUNNING, DRIVER = 4, 3


def hives(w):
    """{path: _CMHIVE}, from CmpHiveListHead."""
    k = w.kernel
    return {k.text(h.HiveRootPath): h
            for h in k.links(k.symbol("CmpHiveListHead"), "_CMHIVE", "HiveList")}


def block(w, hive, cell):
    """Address of the 4 KB that a cell is in, through the map of its storage."""
    k = w.kernel
    storage = hive.Hive.at("Storage") + (cell >> 31) * k.pdb.structure("_DUAL").size
    dual = k.view("_DUAL", storage)
    at = cell & ~VOLATILE
    need(at < dual.Length, f"cell {cell:#x} is outside of its storage")
    table = k.number(dual.Map + 8 * (at >> 21))
    entry = k.view("_HMAP_ENTRY", table + k.pdb.structure("_HMAP_ENTRY").size * (at >> 12 & 0x1FF))
    bin_at = entry.BinAddress & ~15
    need(k.bytes(bin_at, 4) == b"hbin" and bin_at <= entry.BlockAddress, f"the bin of {cell:#x}")
    return entry.BlockAddress


def through_maps(w, hive):
    def read(cell, size):
        data = b""
        while size:
            part = min(size, 0x1000 - (cell & 0xFFF))
            data += w.kernel.bytes(block(w, hive, cell) + (cell & 0xFFF), part)
            cell, size = cell + part, size - part
        return data
    base = w.kernel.view("_HBASE_BLOCK", hive.Hive.BaseBlock)
    return Hive(read, base.RootCell)


def root(w, path):
    hive = through_maps(w, hives(w)[path])
    return Key(hive, hive.root)


def control_set(w):
    system = root(w, MACHINE + "SYSTEM")
    link = system.subkey("CurrentControlSet")
    need(link.flags & 0x10 and link.text("SymbolicLinkValue") == MACHINE + "SYSTEM\\ControlSet001",
         "CurrentControlSet")
    return system.at("ControlSet001")


def hive_list(w):
    found = hives(w)
    return all(h.Hive.Signature == HIVE for h in found.values()) and \
        {"\\REGISTRY", MACHINE + "SYSTEM", MACHINE + "SOFTWARE", MACHINE + "HARDWARE",
         "\\REGISTRY\\USER\\.DEFAULT"} <= set(found)


def hive_scan(w):
    scanned = {h.address for h in w.kernel.pool_scan(b"CM10", "_CMHIVE", first=True)
               if h.Hive.Signature == HIVE}
    return {w.space.physical(h.address) for h in hives(w).values()} <= scanned


def file_of(w, hive):
    """What a forensic tool extracts: the header and the stable bins, one after the other."""
    length = w.kernel.view("_DUAL", hive.Hive.at("Storage")).Length
    return w.kernel.bytes(hive.Hive.BaseBlock, 0x1000) + b"".join(
        w.kernel.bytes(block(w, hive, at), 0x1000) for at in range(0, length, 0x1000))


def hive_files(w):
    keys = 0
    for path, hive in hives(w).items():
        extracted, mapped = check_file(file_of(w, hive)), through_maps(w, hive)

        in_file = [(k.cell, k.name, k.values()) for k in extracted.walk()]
        in_memory = [(k.cell, k.name, k.values()) for k in mapped.walk() if not k.cell & VOLATILE]
        need(in_file == in_memory, f"{path}: file and memory")
        need(in_file[0][1].upper() == path.rsplit("\\", 1)[1].upper(), f"root of {path}")
        keys += len(in_file)
    return keys > len(hives(w)) + len(list(control_set(w).at("Services").subkeys()))


def contents(w):
    k = w.kernel
    control = control_set(w).at("Control")
    memory = control.at("Session Manager", "Memory Management")
    version = root(w, MACHINE + "SOFTWARE").at("Microsoft", "Windows NT", "CurrentVersion")
    processors = list(root(w, MACHINE + "HARDWARE").at("DESCRIPTION", "System", "CentralProcessor")
                      .subkeys())
    return (version.text("CurrentBuild") == str(k.number(k.symbol("NtBuildNumber"), 4) & 0xFFFF) and
            memory.number("PagedPoolSize") == k.number(k.symbol("MmSizeOfPagedPoolInBytes")) and
            memory.text("PagingFiles").startswith("C:\\pagefile.sys ") and
            len(processors) == k.number(k.symbol("KeNumberProcessors"), 4) and
            control.at("ComputerName", "ComputerName").text("ComputerName") != "")


def key_name(w, kcb_va):
    k, parts = w.kernel, []
    while kcb_va:
        kcb = k.view("_CM_KEY_CONTROL_BLOCK", kcb_va)
        name = k.view("_CM_NAME_CONTROL_BLOCK", kcb.NameBlock)
        raw = k.bytes(name.at("Name"), name.NameLength)
        parts.append(raw.decode("latin-1" if name.Compressed else "utf-16-le"))
        if len(parts) > 512:
            raise Missing("a chain of key control blocks without an end")
        kcb_va = kcb.ParentKcb
    return "\\" + "\\".join(reversed(parts))


def key_objects(w):
    """Handles of the type Key lead to keys whose node has the name of the control block."""
    k, names, found = w.kernel, w.kernel.type_names(), set()
    for p in w.processes:
        for _, header, _ in k.handles(p):
            if names[header.TypeIndex] != "Key":
                continue
            body = k.view("_CM_KEY_BODY", header.at("Body"))
            kcb = k.view("_CM_KEY_CONTROL_BLOCK", body.KeyControlBlock)
            name = key_name(w, body.KeyControlBlock)
            if kcb.Delete:
                continue
            hive = through_maps(w, k.view("_CMHIVE", kcb.KeyHive))
            if body.Type != KEY_BODY or Key(hive, kcb.KeyCell).name != name.rsplit("\\", 1)[1] or \
                    body.ProcessID != p.UniqueProcessId:
                raise Missing(name)
            found.add(name)
    return MACHINE + "SYSTEM\\ControlSet001\\Services" in found


# ---- services ----

# The layout for Windows 7 x64, as tools for the forensics of memory document it.
RECORD = {"prev": (0, "Q"), "name": (8, "Q"), "display": (0x10, "Q"), "order": (0x18, "I"),
          "process": (0x28, "Q"), "type": (0x30, "I"), "state": (0x34, "I"), "start": (0x4C, "I"),
          "next": (0x80, "Q")}


class Services:
    def __init__(self, w):
        k = w.kernel
        self.k = k
        process, = [p for p in w.user if p.ImageFileName.startswith(b"services.exe\0")]
        self.space = k.process_space(process)
        self.process = process

    def wide(self, va):
        text = ""
        while va and len(text) < 512:
            c = self.k.number(va + 2 * len(text), 2, self.space)
            if not c:
                break
            text += chr(c)
        return text

    def record(self, va):
        data = self.k.bytes(va, 0x90, self.space)
        record = {n: struct.unpack_from("<" + f, data, at)[0] for n, (at, f) in RECORD.items()}
        record["at"], record["tag"] = va, data[0x20:0x24]
        return record

    def scan(self, vads):
        """Addresses of handles (serH) in private memory, as by looking through all of it."""
        for start, end in vads:
            for page in range(start, end, 0x1000):
                data = self.space.read(page, 0x1000)
                for match in re.finditer(b"serH", data or b""):
                    if match.start() % 8 == 0:
                        yield page + match.start()

    def chain(self, record, link):
        seen = set()
        while record["at"] not in seen:
            seen.add(record["at"])
            yield record
            if not record[link]:
                return
            record = self.record(record[link])
        raise Missing("a ring of services")


def services(w, private):
    s = Services(w)
    found = {}
    handles = list(s.scan(private(w, s.process)))
    for handle in handles:
        first = s.record(s.k.number(handle + 0x10, 8, s.space))
        for link in ("prev", "next"):
            for record in s.chain(first, link):
                found[s.wide(record["name"])] = record
    keys = {key.name: key for key in control_set(w).at("Services").subkeys()}
    if not handles or set(found) != set(keys):
        raise Missing(f"services {sorted(found)}")
    by_id = {p.UniqueProcessId: p for p in w.user}
    for name, record in found.items():
        key = keys[name]
        need(record["tag"] == b"sErv" and 0 < record["order"] <= len(found), f"{name}: record")
        need((record["type"], record["start"]) == (key.number("Type"), key.number("Start")) and
             s.wide(record["display"]) == key.text("DisplayName"), f"{name}: type, start or name")
        need(record["state"] == RUNNING, f"{name}: state")
        if record["type"] & DRIVER:
            need(s.wide(record["process"]).rsplit("\\", 1)[1] == name, f"{name}: driver")
        else:
            check_process(w, s, name, key, record["process"], by_id)
    return len({r["order"] for r in found.values()}) == len(found)


def check_process(w, s, name, key, at, by_id):
    """The service's process is there and was started with the service's command line."""
    k = w.kernel
    ring = [k.number(at + i, 8, s.space) for i in (0, 8)]
    need(k.number(ring[0] + 8, 8, s.space) == at and k.number(ring[1], 8, s.space) == at, "ring")
    line = s.wide(k.number(at + 0x10, 8, s.space))
    process = by_id[k.number(at + 0x18, 4, s.space)]
    space = k.process_space(process)
    peb = k.view("_PEB", process.Peb, space)
    own = k.text(k.view("_RTL_USER_PROCESS_PARAMETERS", peb.ProcessParameters, space).CommandLine)
    image = key.text("ImagePath").replace("%SystemRoot%", "C:\\Windows")
    need(own.lower() == line.lower() == image.lower(), f"{name}: process")


CHECKS = [
    ("registry: the hives on CmpHiveListHead", hive_list),
    ("registry: the pool scan for CM10 finds them", hive_scan),
    ("registry: each hive is a sound registry file, and the same through its maps", hive_files),
    ("registry: it tells of this machine; CurrentControlSet", contents),
    ("registry: keys that processes have open", key_objects),
]
ERRORS = (Damaged, struct.error)
