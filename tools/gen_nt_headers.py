#!/usr/bin/env python3
"""Write include/nt/<subject>.h: NT's structures in the exact layout of one Windows build.

    tools/gen_nt_headers.py TYPES.json[.xz] [OUTDIR]

TYPES.json is a description of that build's public types in the ISF format (user_types, enums).
A type's members may overlap; C wants that said with unions, so each run of overlapping members
becomes a union of alternatives, each a sequence of members in ascending order. Gaps that natural
alignment does not explain become unnamed bit fields, which leave no trace in debug information.
Every size and offset is then asserted, so a mistake here cannot compile.

What goes where is SUBJECTS below: a type that is embedded by value in one of a subject's types and
has no home yet moves in with it, so a header depends only on those above it.
"""
import json
import lzma
import re
import subprocess
import sys
from pathlib import Path

SUBJECTS = [
    ("rtl", "Run-time library types: lists, strings, bitmaps, trees, contexts, exceptions", """
        _LARGE_INTEGER _ULARGE_INTEGER _LIST_ENTRY LIST_ENTRY64 _SINGLE_LIST_ENTRY _SLIST_HEADER
        _UNICODE_STRING _STRING _GUID _LUID _CLIENT_ID _RTL_BITMAP _RTL_BALANCED_LINKS _RTL_AVL_TABLE
        _M128A _CONTEXT _EXCEPTION_RECORD _EXCEPTION_POINTERS _EXCEPTION_REGISTRATION_RECORD
        _XSAVE_FORMAT _NT_TIB _RTL_CRITICAL_SECTION _RTL_CRITICAL_SECTION_DEBUG _RTL_SRWLOCK
        _OBJECT_ATTRIBUTES _IO_STATUS_BLOCK _KSYSTEM_TIME _GENERIC_MAPPING _NT_PRODUCT_TYPE"""),
    ("ex", "Executive: push locks, rundown, fast references, resources, pool, handle tables", """
        _EX_PUSH_LOCK _EX_RUNDOWN_REF _EX_FAST_REF _ERESOURCE _OWNER_ENTRY _POOL_HEADER _POOL_TYPE
        _POOL_DESCRIPTOR _POOL_TRACKER_TABLE _POOL_TRACKER_BIG_PAGES _GENERAL_LOOKASIDE
        _GENERAL_LOOKASIDE_POOL _HANDLE_TABLE _HANDLE_TABLE_ENTRY _HANDLE_TABLE_ENTRY_INFO
        _HANDLE_TRACE_DEBUG_INFO _LOOKASIDE_LIST_EX """),
    ("ke", "Kernel: dispatcher objects, processes and threads as the scheduler sees them, processors", """
        _DISPATCHER_HEADER _KEVENT _KMUTANT _KSEMAPHORE _KTIMER _KQUEUE _KGATE _KGUARDED_MUTEX
        _FAST_MUTEX _KWAIT_BLOCK _KAPC _KAPC_STATE _KDPC _KSPIN_LOCK_QUEUE _KAFFINITY_EX _KPROCESS
        _KTHREAD _KTRAP_FRAME _KEXCEPTION_FRAME _KPRCB _KPCR _KUSER_SHARED_DATA _KGDTENTRY64
        _KIDTENTRY64 _KTSS64 _KDESCRIPTOR _KPROCESSOR_STATE _KOBJECTS  _KWAIT_REASON
        _KPROCESS_STATE   _EVENT_TYPE _KINTERRUPT _KNODE
        _DBGKD_GET_VERSION64 _PHYSICAL_MEMORY_DESCRIPTOR _PHYSICAL_MEMORY_RUN _KSYSTEM_TIME"""),
    ("se", "Security: tokens, descriptors", """
        _TOKEN _SECURITY_DESCRIPTOR _ACL _SID _SE_AUDIT_PROCESS_CREATION_INFO _OBJECT_NAME_INFORMATION
        _SECURITY_QUALITY_OF_SERVICE _SECURITY_IMPERSONATION_LEVEL _TOKEN_TYPE _SEP_TOKEN_PRIVILEGES
        _LUID_AND_ATTRIBUTES _SID_AND_ATTRIBUTES"""),
    ("ob", "Object manager: headers, types, directories", """
        _OBJECT_HEADER _OBJECT_HEADER_NAME_INFO _OBJECT_HEADER_QUOTA_INFO _OBJECT_HEADER_HANDLE_INFO
        _OBJECT_HEADER_CREATOR_INFO _OBJECT_HEADER_PROCESS_INFO _OBJECT_TYPE _OBJECT_TYPE_INITIALIZER
        _OBJECT_DIRECTORY _OBJECT_DIRECTORY_ENTRY _OBJECT_SYMBOLIC_LINK _OBJECT_CREATE_INFORMATION
        _OBJECT_INFORMATION_CLASS _OBJECT_HANDLE_COUNT_DATABASE _OBJECT_HANDLE_COUNT_ENTRY _DEVICE_MAP
        _OB_OPEN_REASON _OBJECT_DUMP_CONTROL"""),
    ("mm", "Memory manager: page-table entries, PFN database, VADs, sections, working sets", """
        _MMPTE _MMPTE_HARDWARE _MMPTE_SOFTWARE _MMPTE_PROTOTYPE _MMPTE_SUBSECTION _MMPTE_TRANSITION
        _MMPTE_LIST _MMPTE_TIMESTAMP _HARDWARE_PTE _MMPFN _MMPFNENTRY _MMPFNLIST _MMLISTS
        _MMADDRESS_NODE _MM_AVL_TABLE _MMVAD _MMVAD_SHORT _MMVAD_LONG _MMVAD_FLAGS _MMVAD_FLAGS2
        _MMVAD_FLAGS3 _MMSECTION_FLAGS _MMWSL _MMWSLE _MMWSLENTRY _MMWSLE_HASH _MMWSLE_FREE_ENTRY
        _MMWSLE_NONDIRECT_HASH _MMSUPPORT _MMSUPPORT_FLAGS _MMPAGING_FILE _SEGMENT _SEGMENT_FLAGS
        _SEGMENT_OBJECT _CONTROL_AREA _SUBSECTION _MSUBSECTION _MMSUBSECTION_FLAGS _MMSUBSECTION_NODE
        _MMEXTEND_INFO _SECTION_OBJECT _SECTION_OBJECT_POINTERS  _SECTION_IMAGE_INFORMATION
        _MM_SESSION_SPACE _MMSESSION _MM_SESSION_SPACE_FLAGS _MI_SPECIAL_POOL _MM_PAGED_POOL_INFO
        _MI_SYSTEM_VA_TYPE _MEMORY_CACHING_TYPE _MI_PFN_CACHE_ATTRIBUTE _MI_STORE_BIT_TYPE
        _MI_SYSTEM_PTE_TYPE _SHARED_CACHE_MAP _VACB"""),
    ("io", "I/O manager: files, drivers, devices", """
        _FILE_OBJECT _DRIVER_OBJECT _DEVICE_OBJECT _VPB _MDL _IRP _IO_STACK_LOCATION
        _DRIVER_EXTENSION _DEVOBJ_EXTENSION _FILE_BASIC_INFORMATION _FILE_STANDARD_INFORMATION
        _FILE_NETWORK_OPEN_INFORMATION _FILE_INFORMATION_CLASS"""),
    ("ps", "Process manager: EPROCESS, ETHREAD, jobs", """
        _EPROCESS _ETHREAD _EJOB  _PS_CLIENT_SECURITY_CONTEXT """),
    ("peb", "What a process sees of itself: PEB, TEB, loader data, parameters, heaps", """
        _PEB _PEB_LDR_DATA _LDR_DATA_TABLE_ENTRY _RTL_USER_PROCESS_PARAMETERS _CURDIR
        _RTL_DRIVE_LETTER_CURDIR _TEB _GDI_TEB_BATCH _TEB_ACTIVE_FRAME _ACTIVATION_CONTEXT_STACK
        _RTL_ACTIVATION_CONTEXT_STACK_FRAME _HEAP _HEAP_ENTRY _HEAP_SEGMENT _HEAP_FREE_ENTRY
        _HEAP_VIRTUAL_ALLOC_ENTRY _HEAP_LIST_LOOKUP _HEAP_COUNTERS _HEAP_TUNING_PARAMETERS
        _HEAP_TAG_ENTRY _HEAP_PSEUDO_TAG_ENTRY _HEAP_UCR_DESCRIPTOR _HEAP_LOCK 
        _HEAP_SUBSEGMENT _HEAP_USERDATA_HEADER  
         _HEAP_ENTRY_EXTRA _LIST_ENTRY"""),
    ("cm", "Configuration manager: hives, cells, keys", """
        _CMHIVE _HHIVE _HBASE_BLOCK _HBIN _HMAP_DIRECTORY _HMAP_TABLE _HMAP_ENTRY _CM_KEY_NODE
        _CM_KEY_VALUE _CM_KEY_SECURITY _CM_KEY_INDEX _CM_BIG_DATA _CM_KEY_BODY _CM_KEY_CONTROL_BLOCK
        _CM_NAME_CONTROL_BLOCK _CM_KEY_HASH _CM_KEY_HASH_TABLE_ENTRY _CM_INDEX_HINT_BLOCK
        _CM_KEY_SECURITY_CACHE _CM_KEY_SECURITY_CACHE_ENTRY"""),
]

# Types that live in user memory: pointers to them and inside them are user pointers.
USER_TYPE = re.compile(r"_(PEB|TEB|LDR_|RTL_USER|RTL_DRIVE|CURDIR|HEAP|LFH|NT_TIB|GDI_TEB|RTL_CRITICAL|"
                       r"EXCEPTION_(RECORD|POINTERS|REG)|CONTEXT$|ACTIVATION|RTL_ACTIVATION|"
                       r"OBJECT_ATTRIBUTES|IO_STATUS|CLIENT_ID)")
USER_FIELD = {("_KTHREAD", "Teb"), ("_KTHREAD", "UserApcList"), ("_ETHREAD", "StartAddress"),
              ("_ETHREAD", "Win32StartAddress"), ("_EPROCESS", "SectionBaseAddress"),
              ("_EPROCESS", "HighestUserAddress"), ("_EPROCESS", "Cookie"),
              ("_SECTION_IMAGE_INFORMATION", "TransferAddress"), ("_CLIENT_ID", "UniqueProcess")}
BASE = {"char": ("CHAR", 1), "unsigned char": ("UCHAR", 1), "short": ("SHORT", 2),
        "unsigned short": ("USHORT", 2), "wchar": ("WCHAR", 2), "int": ("INT", 4), "long": ("LONG", 4),
        "unsigned int": ("UINT", 4), "unsigned long": ("ULONG", 4), "long long": ("LONG64", 8),
        "unsigned long long": ("ULONG64", 8), "double": ("DOUBLE", 8), "void": ("void", 0)}
PAD = {1: "UCHAR", 2: "USHORT", 4: "ULONG", 8: "ULONG64"}


class Layout:
    def __init__(self, isf):
        self.types, self.enums = isf["user_types"], isf["enums"]
        self.aligns = {}

    def size(self, t):
        k = t["kind"]
        if k == "base":
            return BASE[t["name"]][1]
        if k in ("struct", "union"):
            return self.types[t["name"]]["size"]
        if k == "array":
            return t["count"] * self.size(t["subtype"])
        return {"pointer": 8, "enum": 4, "function": 0}[k] if k != "bitfield" else self.size(t["type"])

    def align(self, t):
        k = t["kind"]
        if k in ("base", "pointer", "enum"):
            return max(1, self.size(t))
        if k == "array":
            return self.align(t["subtype"])
        if k == "bitfield":
            return self.align(t["type"])
        name = t["name"]
        if name not in self.aligns:
            # What C would give it; less where a member stands closer than its type likes (packed).
            fields = self.types[name]["fields"].values()
            want = max([self.align(f["type"]) for f in fields], default=1)
            packed = any(f["offset"] % self.align(f["type"]) for f in fields)
            if packed or self.types[name]["size"] % want:
                want = 1
            self.aligns[name] = want
        return self.aligns[name]

    def packed(self, name):
        fields = self.types[name]["fields"].values()
        return self.align({"kind": "struct", "name": name}) == 1 and \
            any(self.align(f["type"]) > 1 for f in fields)


class Emitter:
    def __init__(self, isf):
        self.l = Layout(isf)

    def declarator(self, t, name, user):
        k = t["kind"]
        if k == "base":
            return f"{BASE[t['name']][0]} {name}"
        if k == "array":
            dims, s = "", t
            while s["kind"] == "array":
                dims += f"[{s['count']}]"
                s = s["subtype"]
            return self.declarator(s, name + dims, user)
        if k == "enum":
            return f"enum {t['name']} {name}"
        if k in ("struct", "union"):
            return f"{k} {t['name']} {name}"
        assert k == "pointer", k
        s = t["subtype"]
        if s["kind"] in ("struct", "union") and USER_TYPE.match(s["name"]):
            user = True
        ptr = "UPTR" if user else "KPTR"
        if s["kind"] == "function":
            return f"{'UFUNC' if user else 'KFUNC'} {name}"
        if s["kind"] == "base":
            return f"{ptr}({BASE[s['name']][0]}) {name}"
        if s["kind"] in ("struct", "union"):
            n = s["name"]
            return f"{ptr}(void) {name}" if n.startswith("__unnamed") else f"{ptr}({s['kind']} {n}) {name}"
        if s["kind"] == "enum":
            return f"{ptr}(enum {s['name']}) {name}"
        if s["kind"] == "pointer":
            inner = s["subtype"]
            if inner["kind"] == "struct":
                return f"{ptr}({ptr}(struct {inner['name']})) {name}"
            return f"{ptr}({ptr}(void)) {name}"
        return f"{ptr}(void) {name}"

    @staticmethod
    def pad(at, to, ind):
        """Unnamed bit fields from byte `at` to byte `to`, as wide as alignment allows."""
        out = []
        while at < to:
            w = next(w for w in (8, 4, 2, 1) if at % w == 0 and at + w <= to)
            out.append(f"{ind}{PAD[w]} : {8 * w};")
            at += w
        return out

    def members(self, owner, fields, start, end, ind, user, packed):
        """Lines declaring `fields` (offset, type, name; sorted) so that they cover start..end."""
        out, at, i = [], start, 0
        while i < len(fields):
            lo, hi, j = fields[i][0], fields[i][0] + self.l.size(fields[i][1]), i + 1
            while j < len(fields) and fields[j][0] < hi:
                hi = max(hi, fields[j][0] + self.l.size(fields[j][1]))
                j += 1
            # A union is padded to its alignment: members standing in that padding belong inside.
            while j - i > 1 and j < len(fields) and \
                    fields[j][0] < -(-hi // self.run_align(fields[i:j])) * self.run_align(fields[i:j]):
                hi = fields[j][0] + self.l.size(fields[j][1])
                j += 1
            run = fields[i:j]
            natural = at if packed else -(-at // self.run_align(run)) * self.run_align(run)
            if natural != lo:
                out += self.pad(at, lo, ind)
            out += self.run(owner, run, lo, ind, user, packed)
            if j < len(fields) and fields[j][1]["kind"] == run[-1][1]["kind"] == "bitfield" and \
                    len(self.split(run)) == 1:
                out += self.rest_of_unit(run[-1][1], ind)
            at, i = hi, j
        return out, at

    def rest_of_unit(self, t, ind):
        """What keeps the next bit field out of the storage unit that ends with `t`."""
        free = 8 * self.l.size(t["type"]) - t["bit_position"] - t["bit_length"]
        return [f"{ind}{BASE[t['type']['name']][0]} : {free};"] if free else []

    def run_align(self, run):
        return max(self.l.align(t) for _, t, _ in run)

    def split(self, run):
        """Sort overlapping members into as few alternatives as their order allows."""
        alternatives = []  # each: [end in bits, fields]
        for off, t, name in run:
            bit = off * 8 + t.get("bit_position", 0)
            width = t["bit_length"] if t["kind"] == "bitfield" else 8 * self.l.size(t)
            for a in alternatives:
                # A bit field shares its storage unit with bit fields of its own type only.
                last = a[1][-1]
                same_unit = t["kind"] == "bitfield" == last[1]["kind"] and off == last[0] and \
                    t["type"] == last[1]["type"]
                last_end = 8 * (last[0] + self.l.size(last[1]))
                if bit >= a[0] and (same_unit or 8 * off >= last_end):
                    a[0] = bit + width
                    a[1].append((off, t, name))
                    break
            else:
                alternatives.append([bit + width, [(off, t, name)]])
        return [fields for _, fields in alternatives]

    def run(self, owner, run, base, ind, user, packed):
        alternatives = self.split(run)
        if len(alternatives) == 1:
            return self.sequence(owner, alternatives[0], base, ind, user, packed)
        inner = self.alternatives(owner, alternatives, base, ind + "    ", user, packed)
        return [f"{ind}union {{"] + inner + [f"{ind}}};"]

    def alternatives(self, owner, alternatives, base, ind, user, packed):
        """Members of a union: a lone member at its start stands alone, all else in a struct."""
        out = []
        for fs in alternatives:
            if len(fs) == 1 and fs[0][0] == base and not fs[0][1].get("bit_position"):
                out += self.sequence(owner, fs, base, ind, user, packed)
            else:
                out.append(f"{ind}struct {{")
                out += self.sequence(owner, fs, base, ind + "    ", user, packed)
                out.append(f"{ind}}}{' __attribute__((packed))' if packed else ''};")
        return out

    def sequence(self, owner, fields, base, ind, user, packed):
        out, at, i = [], base, 0
        while i < len(fields):
            off, t, name = fields[i]
            natural = at if packed else -(-at // self.l.align(t)) * self.l.align(t)
            if natural != off:
                out += self.pad(at, off, ind)
            if t["kind"] != "bitfield":
                out += self.field(owner, t, name, ind, user)
                at = off + self.l.size(t)
                i += 1
                continue
            unit, bit = t["type"], 0
            while i < len(fields) and fields[i][1]["kind"] == "bitfield" and fields[i][0] == off and \
                    fields[i][1]["type"] == unit:
                b = fields[i][1]
                ctype = f"enum {unit['name']}" if unit["kind"] == "enum" else BASE[unit["name"]][0]
                if b["bit_position"] > bit:
                    out.append(f"{ind}{ctype} : {b['bit_position'] - bit};")
                out.append(f"{ind}{ctype} {fields[i][2]} : {b['bit_length']};")
                bit = b["bit_position"] + b["bit_length"]
                i += 1
            at = off + self.l.size(unit)
            if bit < 8 * self.l.size(unit) and i < len(fields):
                out.append(f"{ind}{ctype} : {8 * self.l.size(unit) - bit};")
        return out

    def field(self, owner, t, name, ind, user):
        inner, dims = t, ""
        while inner["kind"] == "array":
            dims += f"[{inner['count']}]"
            inner = inner["subtype"]
        if inner["kind"] in ("struct", "union") and inner["name"].startswith("__unnamed"):
            body = self.body(owner, inner["name"], ind + "    ", user)
            packed = " __attribute__((packed))" if self.l.packed(inner["name"]) else ""
            return [f"{ind}{inner['kind']} {{"] + body + [f"{ind}}}{packed} {name}{dims};"]
        user = user or (owner, name) in USER_FIELD
        return [f"{ind}{self.declarator(t, name, user)};"]

    def body(self, owner, name, ind, user):
        t = self.l.types[name]
        packed = self.l.packed(name)
        fields = sorted(((f["offset"], f["type"], n) for n, f in t["fields"].items()),
                        key=lambda f: (f[0], -self.l.size(f[1]), f[1].get("bit_position", 0)))
        if t["kind"] == "union":
            return self.alternatives(owner, self.split(fields), 0, ind, user, packed)
        out, at = self.members(owner, fields, 0, t["size"], ind, user, packed)
        align = self.l.align({"kind": "struct", "name": name})
        if -(-at // align) * align != t["size"]:
            out += self.pad(at, t["size"], ind)
        return out or [f"{ind}UCHAR Empty[{t['size']}];"]

    def enum(self, name):
        e = self.l.enums[name]
        lines = [f"enum {name} {{"]
        for n, v in sorted(e["constants"].items(), key=lambda c: c[1]):
            lines.append(f"    {n} = {v},")
        return lines + ["};", f"typedef enum {name} {name.lstrip('_')};", ""]

    def struct(self, name):
        t = self.l.types[name]
        user = bool(USER_TYPE.match(name))
        packed = " __attribute__((packed))" if self.l.packed(name) else ""
        out = [f"{t['kind']} {name} {{"] + self.body(name, name, "    ", user) + [f"}}{packed};"]
        alias = name.lstrip("_")
        if alias != name and alias[0].isupper():
            out.append(f"typedef {t['kind']} {name} {alias};")
        out.append(f"NT_SIZE({t['kind']} {name}, 0x{t['size']:x});")
        for n, f in sorted(t["fields"].items(), key=lambda f: f[1]["offset"]):
            if f["type"]["kind"] != "bitfield":
                out.append(f"NT_OFFSET({t['kind']} {name}, {n}, 0x{f['offset']:x});")
        return out + [""]


def needs(isf, name):
    """Named types and enums that must be complete before `name`; those only pointed to."""
    by_value, pointed = [], set()

    def walk(t, by_pointer):
        k = t["kind"]
        if k == "pointer":
            walk(t["subtype"], True)
        elif k in ("array", "bitfield"):
            walk(t.get("subtype") or t.get("type"), by_pointer)
        elif k == "enum":
            by_value.append(t["name"])
        elif k in ("struct", "union"):
            if t["name"].startswith("__unnamed"):
                if not by_pointer:
                    for f in isf["user_types"][t["name"]]["fields"].values():
                        walk(f["type"], False)
            elif by_pointer:
                pointed.add((k, t["name"]))
            else:
                by_value.append(t["name"])

    if name in isf["user_types"]:
        for f in isf["user_types"][name]["fields"].values():
            walk(f["type"], False)
    return by_value, pointed


def main():
    path = Path(sys.argv[1])
    outdir = Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent.parent / "include/nt")
    data = path.read_bytes()
    isf = json.loads(lzma.decompress(data) if path.suffix == ".xz" else data)
    emit, home, above = Emitter(isf), {}, []
    for subject, title, roots in SUBJECTS:
        order, forward = [], set()

        def place(name):
            if name in home:
                return
            home[name] = subject
            by_value, pointed = needs(isf, name)
            for n in by_value:
                place(n)
            forward.update(pointed)
            order.append(name)

        for root in roots.split():
            if root not in isf["user_types"] and root not in isf["enums"]:
                print(f"{subject}: no type {root}", file=sys.stderr)
                continue
            place(root)
        lines = [f"/* include/nt/{subject}.h: {title}.", " *",
                 " * Layout of Windows 7 SP1 x64, build 7601.17514, asserted member by member.",
                 " * Written by tools/gen_nt_headers.py; edit that, not this. */", "#pragma once", "",
                 '#include "nt/types.h"']
        lines += [f'#include "nt/{s}.h"' for s in above] + [""]
        lines += [f"{k} {n};" for k, n in sorted(forward)] + [""]
        for name in order:
            lines += emit.enum(name) if name in isf["enums"] else emit.struct(name)
        (outdir / f"{subject}.h").write_text("\n".join(lines).rstrip() + "\n")
        above = [subject] if not above else above + [subject]
    subprocess.run(["clang-format", "-i"] + [outdir / f"{s}.h" for s in above], check=True)
    print(f"{len(home)} types")


if __name__ == "__main__":
    main()
