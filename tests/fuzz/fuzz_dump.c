/* tests/fuzz/fuzz_dump.c: any bytes opened as a dump, and everything asked of what opens. */
#include <stdint.h>
#include <stdlib.h>

#include "dump/dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dump_file *file;
    char reason[DUMP_REASON_SIZE] = "";
    if (dump_open_bytes(data, size, &file, reason) != 0) {
        if (reason[0] == '\0') {
            abort(); /* every refusal has a reason */
        }
        return 0;
    }
    const struct dump_info *info = dump_get_info(file);
    const uint64_t places[] = {0,
                               0x1000,
                               info->directory_base,
                               info->physical_size - 8,
                               info->stack_base,
                               info->thread,
                               UINT64_MAX - 4};
    uint8_t buffer[64];
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        dump_read_physical(file, places[i], buffer, sizeof buffer);
        dump_read_virtual(file, places[i], buffer, sizeof buffer);
    }
    uint64_t at = 0;
    for (unsigned i = 0; i < 64 && dump_next_virtual(file, at, &at); i++) {
        if (dump_read_virtual(file, at, buffer, 1) != 1) {
            abort(); /* found, but not there */
        }
        at += 0x1000;
    }
    struct dump_module module;
    for (size_t i = 0; i < dump_module_count(file) && i < 64; i++) {
        dump_get_module(file, i, &module);
    }
    struct dump_thread thread;
    for (size_t i = 0; i < 64 && dump_get_thread(file, i, &thread); i++) {
    }
    struct dump_region region;
    for (size_t i = 0; i < 64 && dump_get_region(file, i, &region); i++) {
    }
    struct dump_handle handle;
    for (size_t i = 0; i < 64 && dump_get_handle(file, i, &handle); i++) {
    }
    dump_close(file);
    return 0;
}
