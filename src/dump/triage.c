/* src/dump/triage.c: small dumps, which hold a selection of virtual memory.
 *
 *      block list       {address, file offset, size}, in any order, some inside others
 *      call stack       at TopOfStack
 *      KDDEBUGGER_DATA64  at the header's KdDebuggerDataBlock; its offsets tell where the rest is:
 *      ETHREAD          at the saved KPRCB's CurrentThread
 *      EPROCESS         at the saved ETHREAD's ApcState.Process
 *      driver list      loader entries with their names in a string pool
 *
 * All of it goes into one table by virtual address. There are no page tables. */
#include "dump/dump_int.h"

#include "nt/kdbg.h"

static bool claims(const struct dump_file *file)
{
    return file->info.type == DUMP_TYPE_TRIAGE;
}

static int add_blocks(struct dump_file *file)
{
    const struct _TRIAGE_DUMP64 *triage = &file->triage;
    for (uint64_t i = 0; i < triage->DataBlocksCount; i++) {
        struct _TRIAGE_DATA_BLOCK block;
        if (!reader_read(&file->reader, triage->DataBlocksOffset + i * sizeof block, &block,
                         sizeof block)) {
            return dump_damaged(file, "truncated: %u blocks of memory do not fit in the file",
                                triage->DataBlocksCount);
        }
        int error = dump_add_range(file, block.Address, block.Size, block.Offset);
        if (error) {
            return error;
        }
    }
    return 0;
}

/* An object that has an offset of its own. Absent ones are no damage: they have offset 0. */
static int add_object(struct dump_file *file, uint64_t address, uint64_t size, uint64_t offset)
{
    return address && offset ? dump_add_range(file, address, size, offset) : 0;
}

/* The structures whose layout the saved debugger block tells. */
static int add_current(struct dump_file *file, const struct _KDDEBUGGER_DATA64 *kdbg)
{
    const struct _TRIAGE_DUMP64 *triage = &file->triage;
    struct dump_info *info = &file->info;
    if (triage->PrcbOffset == 0 || triage->ThreadOffset == 0 ||
        !reader_u64(&file->reader, (uint64_t)triage->PrcbOffset + kdbg->OffsetPrcbCurrentThread,
                    &info->thread) ||
        !reader_u64(&file->reader, (uint64_t)triage->ThreadOffset + kdbg->OffsetKThreadApcProcess,
                    &info->process)) {
        info->thread = info->process = 0;
        return 0;
    }
    int error = add_object(file, info->thread, kdbg->SizeEThread, triage->ThreadOffset);
    return error ? error
                 : add_object(file, info->process, kdbg->SizeEProcess, triage->ProcessOffset);
}

static int add_debugger_data(struct dump_file *file)
{
    const struct _TRIAGE_DUMP64 *triage = &file->triage;
    struct _KDDEBUGGER_DATA64 kdbg;
    bool there = triage->DebuggerDataSize >= sizeof kdbg &&
                 reader_read(&file->reader, triage->DebuggerDataOffset, &kdbg, sizeof kdbg) &&
                 kdbg.Header.OwnerTag == KDBG_TAG;
    if (!there) {
        return 0;
    }
    int error = add_object(file, file->info.debugger_data, triage->DebuggerDataSize,
                           triage->DebuggerDataOffset);
    return error ? error : add_current(file, &kdbg);
}

static int open_triage(struct dump_file *file)
{
    struct _TRIAGE_DUMP64 *triage = &file->triage;
    file->info.virtual_only = true;
    if (!reader_read(&file->reader, DUMP_HEADER64_SIZE, triage, sizeof *triage)) {
        return dump_damaged(file, "truncated: the table of what is saved is missing");
    }
    uint64_t drivers = (uint64_t)triage->DriverCount * sizeof(struct _TRIAGE_DRIVER64);
    if (!reader_has(&file->reader, triage->DriverListOffset, drivers)) {
        return dump_damaged(file, "truncated: %u drivers do not fit in the file",
                            triage->DriverCount);
    }
    file->info.stack_base = triage->TopOfStack;
    file->info.stack_size = triage->SizeOfCallStack;
    int error = add_blocks(file);
    if (!error) {
        error =
            add_object(file, triage->TopOfStack, triage->SizeOfCallStack, triage->CallStackOffset);
    }
    if (!error) {
        error = add_debugger_data(file);
    }
    return error ? error : dump_sort_ranges(file, true);
}

static size_t count_modules(const struct dump_file *file)
{
    return file->triage.DriverCount;
}

static bool get_module(const struct dump_file *file, size_t i, struct dump_module *out)
{
    struct _TRIAGE_DRIVER64 driver;
    uint32_t length;
    if (!reader_read(&file->reader, file->triage.DriverListOffset + i * sizeof driver, &driver,
                     sizeof driver)) {
        return false;
    }
    *out = (struct dump_module){
        .base = driver.DllBase,
        .size = driver.SizeOfImage,
        .checksum = driver.CheckSum,
        .timestamp = driver.TimeDateStamp,
    };
    return reader_u32(&file->reader, driver.DriverNameOffset, &length) &&
           dump_read_name(file, driver.DriverNameOffset + sizeof length, length, out->name,
                          sizeof out->name);
}

const struct dump_format dump_format_triage = {
    .name = "triage",
    .claims = claims,
    .open = open_triage,
    .locate = dump_locate_range,
    .count_modules = count_modules,
    .get_module = get_module,
};
