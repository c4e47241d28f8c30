/* src/cm/hive.c: hives as heaps of cells.
 *
 * A cell index is a storage (bit 31), a block of 4 KB (bits 12 to 30) and a byte in it. The map
 * leads from the block to where it lies in paged pool, in two steps as page tables do:
 *
 *      31 30       21 20      12 11         0
 *      |S| directory |  table   | offset     |     Map -> HMAP_DIRECTORY -> HMAP_TABLE -> block
 *
 * A storage of up to 512 blocks has no directory: Map points to SmallDir, a directory of one.
 *
 * Storage grows by bins of whole blocks. A bin begins with an HBIN and is tiled by cells, each
 * behind a LONG that is its size, negative while it is in use; a cell lies in one bin. Neighbours
 * that are free are joined, so there are never two in a row.
 *
 *      | hbin 32 | -80 cell ... | +48 free | -24 cell | ... |
 *
 * FreeDisplay[c] has a bit for the first block of each bin with a free cell of size class c: one
 * class for each size up to 128 bytes, one for each power of two up to 2 KB, one for all above.
 */
#include "cm/cmi.h"

#include "ke/clock.h"

#define TAG_HIVE "CM10"
#define TAG_CELLS "CM  "

enum { BIN_HEADER = sizeof(HBIN), CELL_HEADER = sizeof(LONG), MAP_NEW_ALLOCATION = 1 };

/* ---- the map ---- */

HMAP_ENTRY *cmp_map_entry(const struct cm *cm, CMHIVE *hive, ULONG cell)
{
    DUAL *storage = &hive->Hive.Storage[cmp_storage_of(cell)];
    ULONG block = (cell & ~CMP_VOLATILE_BIT) / CMP_BLOCK;
    HMAP_DIRECTORY *directory = k2h(cmp_ks(cm), storage->Map);

    ASSERT(block < storage->Length / CMP_BLOCK);
    HMAP_TABLE *table = k2h(cmp_ks(cm), directory->Directory[block / CMP_TABLE_BLOCKS]);
    return &table->Table[block % CMP_TABLE_BLOCKS];
}

/* The size that stands before a cell's contents. */
static LONG *cell_header(const struct cm *cm, CMHIVE *hive, ULONG cell)
{
    const HMAP_ENTRY *entry = cmp_map_entry(cm, hive, cell);
    char *block = kspace_host(cmp_ks(cm), entry->BlockAddress);

    return (LONG *)(void *)(block + cell % CMP_BLOCK);
}

void *cmp_cell(const struct cm *cm, CMHIVE *hive, ULONG cell)
{
    LONG *header = cell_header(cm, hive, cell);

    ASSERT(*header < 0);
    return header + 1;
}

ULONG cmp_cell_capacity(const struct cm *cm, CMHIVE *hive, ULONG cell)
{
    return (ULONG) - *cell_header(cm, hive, cell) - CELL_HEADER;
}

/* Make the map reach `blocks` blocks. */
static bool grow_map(struct cm *cm, DUAL *storage, ULONG blocks)
{
    ULONG tables = (blocks + CMP_TABLE_BLOCKS - 1) / CMP_TABLE_BLOCKS;
    HMAP_DIRECTORY *directory = k2h(cmp_ks(cm), storage->Map);

    if (tables > CMP_DIRECTORY_TABLES)
        return false;
    if (tables > 1 && storage->SmallDir.va) {
        HMAP_DIRECTORY *full =
            ex_allocate_pool(cm->mm, PagedPool, sizeof(*full), mm_tag(TAG_CELLS));
        if (!full)
            return false;
        memset(full, 0, sizeof(*full));
        full->Directory[0].va = storage->SmallDir.va;
        storage->SmallDir.va = 0;
        storage->Map.va = h2k(cmp_ks(cm), full);
        directory = full;
    }
    for (ULONG i = 0; i < tables; i++) {
        if (directory && directory->Directory[i].va)
            continue;
        HMAP_TABLE *table = ex_allocate_pool(cm->mm, PagedPool, sizeof(*table), mm_tag(TAG_CELLS));
        if (!table)
            return false;
        memset(table, 0, sizeof(*table));
        if (directory) {
            directory->Directory[i].va = h2k(cmp_ks(cm), table);
        } else {
            storage->SmallDir.va = h2k(cmp_ks(cm), table);
            storage->Map.va = h2k(cmp_ks(cm), &storage->SmallDir);
            directory = k2h(cmp_ks(cm), storage->Map);
        }
    }
    return true;
}

/* ---- which bins have free cells ---- */

static unsigned size_class(ULONG size)
{
    ULONG units = size / CMP_CELL_UNIT - 1;

    if (units < 16)
        return units;
    if (units > 255)
        return CMP_FREE_CLASSES - 1;
    return 16 + (27 - (unsigned)__builtin_clz(units)); /* 16..31: 16, 32..63: 17, ... */
}

static void set_hint(struct cm *cm, DUAL *storage, unsigned class, ULONG block, bool there)
{
    FREE_DISPLAY *display = &storage->FreeDisplay[class];
    ULONG *words = k2h(cmp_ks(cm), display->Display.Buffer);
    ULONG bit = 1u << block % 32;

    words[block / 32] = there ? words[block / 32] | bit : words[block / 32] & ~bit;
    if (there) {
        storage->FreeSummary |= 1u << class;
        return;
    }
    for (ULONG i = 0; i < display->RealVectorSize / 32; i++) {
        if (words[i])
            return;
    }
    storage->FreeSummary &= ~(1u << class);
}

/* Make every class's bitmap reach `blocks` blocks. They grow together, in one block of pool. */
static bool grow_hints(struct cm *cm, DUAL *storage, ULONG blocks)
{
    ULONG old = storage->FreeDisplay[0].RealVectorSize, size = old ? old : 64;

    while (size < blocks)
        size *= 2;
    if (size != old) {
        ULONG *all = ex_allocate_pool(cm->mm, PagedPool, CMP_FREE_CLASSES * size / 8,
                                      mm_tag(TAG_CELLS)),
              *before = k2h(cmp_ks(cm), storage->FreeDisplay[0].Display.Buffer);
        if (!all)
            return false;
        memset(all, 0, CMP_FREE_CLASSES * size / 8);
        for (ULONG i = 0; i < CMP_FREE_CLASSES; i++) {
            if (before)
                memcpy(all + i * size / 32, before + i * old / 32, old / 8);
            storage->FreeDisplay[i].Display.Buffer.va = h2k(cmp_ks(cm), all + i * size / 32);
            storage->FreeDisplay[i].RealVectorSize = size;
        }
        if (before)
            ex_free_pool(cm->mm, before);
    }
    for (ULONG i = 0; i < CMP_FREE_CLASSES; i++)
        storage->FreeDisplay[i].Display.SizeOfBitMap = blocks;
    return true;
}

/* The bin that a cell lies in. */
static HBIN *bin_of(const struct cm *cm, CMHIVE *hive, ULONG cell)
{
    const HMAP_ENTRY *entry = cmp_map_entry(cm, hive, cell);

    return kspace_host(cmp_ks(cm), entry->BinAddress & ~(uint64_t)MAP_NEW_ALLOCATION);
}

/* Does the bin still have a free cell of that class? */
static bool has_class(HBIN *bin, unsigned class)
{
    for (ULONG at = BIN_HEADER; at < bin->Size;) {
        LONG size = *(LONG *)(void *)((char *)bin + at);
        if (size > 0 && size_class((ULONG)size) == class)
            return true;
        at += (ULONG)(size < 0 ? -size : size);
    }
    return false;
}

/* ---- bins ---- */

/* Source: the checksum of a registry file's header is the exclusive
 * or of the first 127 words; 0 and -1 are replaced (published format). */
void cmp_update_base_block(struct cm *cm, CMHIVE *hive)
{
    HBASE_BLOCK *base = k2h(cmp_ks(cm), hive->Hive.BaseBlock);
    ULONG words[offsetof(HBASE_BLOCK, CheckSum) / sizeof(ULONG)], sum = 0;

    base->Length = hive->Hive.Storage[CMP_STABLE].Length;
    memcpy(words, base, sizeof(words));
    for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
        sum ^= words[i];
    base->CheckSum = sum == 0 ? 1 : sum == CMP_NIL ? CMP_NIL - 1 : sum;
}

/* A new bin at the end of the storage with one free cell of at least `size` bytes; its index. */
static ULONG add_bin(struct cm *cm, CMHIVE *hive, unsigned number, ULONG size)
{
    DUAL *storage = &hive->Hive.Storage[number];
    ULONG bytes = (size + BIN_HEADER + CMP_BLOCK - 1) / CMP_BLOCK * CMP_BLOCK,
          offset = storage->Length, first = offset / CMP_BLOCK, blocks = bytes / CMP_BLOCK;

    if (bytes > CMP_VOLATILE_BIT - offset || !grow_map(cm, storage, first + blocks) ||
        !grow_hints(cm, storage, first + blocks))
        return CMP_NIL;
    HBIN *bin = ex_allocate_pool(cm->mm, PagedPool, bytes, mm_tag(TAG_CELLS));
    if (!bin)
        return CMP_NIL;
    memset(bin, 0, sizeof(*bin));
    bin->Signature = CMP_HBIN;
    bin->FileOffset = offset;
    bin->Size = bytes;
    bin->TimeStamp.QuadPart = ke_query_system_time(cm->ke);
    *(LONG *)(void *)(bin + 1) = (LONG)(bytes - BIN_HEADER);

    storage->Length += bytes;
    uint64_t va = h2k(cmp_ks(cm), bin);
    for (ULONG i = 0; i < blocks; i++) {
        HMAP_ENTRY *entry =
            cmp_map_entry(cm, hive, (offset + i * CMP_BLOCK) | (number ? CMP_VOLATILE_BIT : 0));
        entry->BlockAddress = va + i * CMP_BLOCK;
        entry->BinAddress = va | (i ? 0 : MAP_NEW_ALLOCATION);
        entry->MemAlloc = i ? 0 : bytes;
    }
    set_hint(cm, storage, size_class(bytes - BIN_HEADER), first, true);
    hive->Hive.HvBinHeadersUse += BIN_HEADER;
    hive->Hive.HvFreeCellsUse += bytes - BIN_HEADER;
    if (number == CMP_STABLE)
        cmp_update_base_block(cm, hive);
    return (offset + BIN_HEADER) | (number ? CMP_VOLATILE_BIT : 0);
}

/* ---- cells ---- */

/* A free cell of at least `size` bytes in the bin that begins with `block`. CMP_NIL: none */
static ULONG find_in_bin(struct cm *cm, CMHIVE *hive, unsigned number, ULONG block, ULONG size)
{
    ULONG base = block * CMP_BLOCK | (number ? CMP_VOLATILE_BIT : 0);
    HBIN *bin = bin_of(cm, hive, base);

    for (ULONG at = BIN_HEADER; at < bin->Size;) {
        LONG here = *(LONG *)(void *)((char *)bin + at);
        if (here >= (LONG)size)
            return base + at;
        at += (ULONG)(here < 0 ? -here : here);
    }
    return CMP_NIL;
}

static ULONG find_free(struct cm *cm, CMHIVE *hive, unsigned number, ULONG size)
{
    DUAL *storage = &hive->Hive.Storage[number];

    for (unsigned class = size_class(size); class < CMP_FREE_CLASSES; class ++) {
        const FREE_DISPLAY *display = &storage->FreeDisplay[class];
        const ULONG *words = k2h(cmp_ks(cm), display->Display.Buffer);

        if (!(storage->FreeSummary & 1u << class))
            continue;
        for (ULONG i = 0; i < display->RealVectorSize / 32; i++) {
            for (ULONG left = words[i]; left; left &= left - 1) {
                ULONG block = i * 32 + (ULONG)__builtin_ctz(left);
                ULONG cell = find_in_bin(cm, hive, number, block, size);
                if (cell != CMP_NIL)
                    return cell;
            }
        }
    }
    return CMP_NIL;
}

ULONG cmp_allocate_cell(struct cm *cm, CMHIVE *hive, unsigned storage, ULONG size)
{
    if (size > CMP_VOLATILE_BIT / 2)
        return CMP_NIL;
    ULONG need = (size + CELL_HEADER + CMP_CELL_UNIT - 1) / CMP_CELL_UNIT * CMP_CELL_UNIT;
    ULONG cell = find_free(cm, hive, storage, need);
    if (cell == CMP_NIL)
        cell = add_bin(cm, hive, storage, need);
    if (cell == CMP_NIL)
        return CMP_NIL;

    LONG *header = cell_header(cm, hive, cell);
    ULONG had = (ULONG)*header, rest = had - need;
    HBIN *bin = bin_of(cm, hive, cell);
    DUAL *dual = &hive->Hive.Storage[storage];
    ULONG first = bin->FileOffset / CMP_BLOCK;
    if (rest) {
        *(LONG *)(void *)((char *)header + need) = (LONG)rest;
        set_hint(cm, dual, size_class(rest), first, true);
    }
    *header = -(LONG)need;
    if (!has_class(bin, size_class(had)))
        set_hint(cm, dual, size_class(had), first, false);
    memset(header + 1, 0, need - CELL_HEADER);
    hive->Hive.HvFreeCellsUse -= need;
    hive->Hive.HvUsedCellsUse += need;
    return cell;
}

/* The free cell that ends where the cell at `at` of the bin begins; 0: none. */
static ULONG free_before(HBIN *bin, ULONG at)
{
    ULONG before = 0;

    for (ULONG i = BIN_HEADER; i < at;) {
        LONG size = *(LONG *)(void *)((char *)bin + i);
        before = size > 0 ? i : 0;
        i += (ULONG)(size < 0 ? -size : size);
    }
    return before;
}

void cmp_free_cell(struct cm *cm, CMHIVE *hive, ULONG cell)
{
    LONG *header = cell_header(cm, hive, cell);
    HBIN *bin = bin_of(cm, hive, cell);
    DUAL *storage = &hive->Hive.Storage[cmp_storage_of(cell)];
    ULONG at = (ULONG)((char *)header - (char *)bin), first = bin->FileOffset / CMP_BLOCK;
    ULONG size = (ULONG) - *header, freed = size, joined[2] = {0, 0};

    ASSERT(*header < 0 && at + size <= bin->Size);
    if (at + size < bin->Size) {
        LONG next = *(LONG *)(void *)((char *)bin + at + size);
        if (next > 0) {
            joined[0] = (ULONG)next;
            size += joined[0];
        }
    }
    ULONG before = free_before(bin, at);
    if (before) {
        joined[1] = at - before;
        at = before;
        size += joined[1];
    }
    *(LONG *)(void *)((char *)bin + at) = (LONG)size;
    for (int i = 0; i < 2; i++) {
        if (joined[i] && !has_class(bin, size_class(joined[i])))
            set_hint(cm, storage, size_class(joined[i]), first, false);
    }
    set_hint(cm, storage, size_class(size), first, true);
    hive->Hive.HvFreeCellsUse += freed;
    hive->Hive.HvUsedCellsUse -= freed;
}

ULONG cmp_grow_cell(struct cm *cm, CMHIVE *hive, ULONG cell, ULONG size)
{
    ULONG capacity = cmp_cell_capacity(cm, hive, cell);

    if (size <= capacity)
        return cell;
    ULONG larger = cmp_allocate_cell(cm, hive, cmp_storage_of(cell), size);
    if (larger == CMP_NIL)
        return CMP_NIL;
    memcpy(cmp_cell(cm, hive, larger), cmp_cell(cm, hive, cell), capacity);
    cmp_free_cell(cm, hive, cell);
    return larger;
}

/* ---- hives ---- */

static bool set_path(struct cm *cm, CMHIVE *hive, const char *path)
{
    size_t chars = strlen(path);
    WCHAR *text = ex_allocate_pool(cm->mm, PagedPool, (chars + 1) * sizeof(*text), mm_tag("CMhp"));

    if (!text)
        return false;
    for (size_t i = 0; i <= chars; i++)
        text[i] = (WCHAR)path[i];
    hive->HiveRootPath.Buffer.va = h2k(cmp_ks(cm), text);
    hive->HiveRootPath.Length = (USHORT)(chars * sizeof(*text));
    hive->HiveRootPath.MaximumLength = (USHORT)((chars + 1) * sizeof(*text));
    return true;
}

static bool create_base_block(struct cm *cm, CMHIVE *hive, const char *path)
{
    HBASE_BLOCK *base = ex_allocate_pool(cm->mm, PagedPool, sizeof(*base), mm_tag(TAG_CELLS));
    const char *name = strrchr(path, '\\') + 1;

    if (!base)
        return false;
    memset(base, 0, sizeof(*base));
    base->Signature = CMP_REGF;
    base->Sequence1 = base->Sequence2 = 1;
    base->TimeStamp.QuadPart = ke_query_system_time(cm->ke);
    base->Major = 1;
    base->Minor = hive->Hive.Version;
    base->Format = 1; /* in memory order */
    base->RootCell = CMP_NIL;
    base->Cluster = hive->Hive.Cluster;
    for (size_t i = 0; name[i] && i < sizeof(base->FileName) / sizeof(WCHAR) - 1; i++)
        base->FileName[i * sizeof(WCHAR)] = (UCHAR)name[i];
    hive->Hive.BaseBlock.va = h2k(cmp_ks(cm), base);
    hive->Hive.BaseBlockAlloc = sizeof(*base);
    return true;
}

/* Lists that are empty, tables that begin empty. */
static bool initialize_hive(struct cm *cm, CMHIVE *hive)
{
    size_t size = CMP_KCB_BUCKETS * sizeof(CM_KEY_HASH_TABLE_ENTRY);
    CM_KEY_HASH_TABLE_ENTRY *table = ex_allocate_pool(cm->mm, PagedPool, size, mm_tag("CMkc"));
    LIST_ENTRY *lists[] = {
        &hive->NotifyList,         &hive->PreloadedHiveList,    &hive->ParseCacheEntries,
        &hive->MappedViewList,     &hive->PinnedViewList,       &hive->FlushedViewList,
        &hive->KcbConvertListHead, &hive->KnodeConvertListHead, &hive->TrustClassEntry};

    if (!table)
        return false;
    memset(table, 0, size);
    hive->KcbCacheTable.va = h2k(cmp_ks(cm), table);
    hive->KcbCacheTableSize = CMP_KCB_BUCKETS;
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        ke_list_init(cmp_ks(cm), lists[i]);
    for (size_t i = 0; i < sizeof(hive->SecurityHash) / sizeof(*hive->SecurityHash); i++)
        ke_list_init(cmp_ks(cm), &hive->SecurityHash[i]);
    return true;
}

CMHIVE *cmp_create_hive(struct cm *cm, const char *path)
{
    CMHIVE *hive = ex_allocate_pool(cm->mm, PagedPool, sizeof(*hive), mm_tag(TAG_HIVE));

    if (!hive)
        return NULL;
    memset(hive, 0, sizeof(*hive));
    hive->Hive.Signature = CMP_HIVE_SIGNATURE;
    hive->Hive.Version = 5;
    hive->Hive.Cluster = 1;
    hive->Hive.StorageTypeCount = CMP_STORAGES;
    for (int i = 0; i < CMP_STORAGES; i++) {
        hive->Hive.Storage[i].Guard = CMP_NIL;
        ke_list_init(cmp_ks(cm), &hive->Hive.Storage[i].FreeBins);
        hive->Hive.Storage[i].Map.va = 0;
    }
    /* What was allocated for a hive that cannot be made stays: the registry has failed for good. */
    if (!initialize_hive(cm, hive) || !set_path(cm, hive, path) ||
        !create_base_block(cm, hive, path))
        return NULL;
    ke_list_insert_tail(cmp_ks(cm), cm->ke->nt.CmpHiveListHead, &hive->HiveList);
    return hive;
}
