/* tests/fuzz/fuzz_target.c: the debugger over any bytes that open as a dump.
 *
 * fuzz_dump asks the file; this asks the debugger, which goes by what the file says: modules,
 * threads, registers, memory that is there and memory that is not. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kd/kd.h"
#include "kd/target_dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void output(void *owner, const char *text, size_t length)
{
    (void)owner;
    (void)text;
    (void)length;
}

static void ask(struct kd *kd)
{
    static const char *const questions[] = {
        "version",
        "lm",
        "lmv",
        "~",
        "~*k",
        "r",
        "k",
        "!peb",
        "!teb",
        "!process 0 7",
        "!process 0 0",
        "!pte 1000",
        "!vad",
        "!handle",
        "!analyze -v",
        "db @rip",
        "u @rip",
        "dps @rsp",
        "ln @rip",
        "!search 1122334455667788",
        "s -b 0 L?7ffffffff 4d 5a 90 00",
        "!vm",
        "!address",
        "!address -summary",
        "!address @rsp",
        "!vprot @rip",
        "!handle 0 7",
        "!heap -s",
        "!dlls",
        "!pool @rsp",
        ".lastevent",
        ".ecxr",
    };
    kd_show_event(kd);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        kd_execute(kd, questions[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64], reason[DUMP_REASON_SIZE];
    struct kd_target *target;
    struct kd *kd;
    int file = memfd_create("dump", MFD_CLOEXEC);
    if (file < 0 || write(file, data, size) != (ssize_t)size) {
        abort();
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (kd_dump_open(path, &target, reason) == 0) {
        const struct kd_config config = {.target = target, .output = output};
        if (kd_create(&config, &kd) != 0) {
            abort();
        }
        ask(kd);
        kd_destroy(kd);
        kd_dump_close(target);
    }
    close(file);
    return 0;
}
