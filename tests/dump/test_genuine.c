/* A dump that Windows itself wrote, which is not part of this project: a triage dump of Windows 10
 * 19041 with bugcheck 0x1000007E, as win10_19041_triage_x64.dmp in the folder that the environment
 * variable NTMM_REFERENCE names. Without it nothing is tested (exit status 77).
 *
 * What is expected was read out of the file by hand, at the offsets that its headers give.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dump/dump.h"
#include "kd/kd.h"
#include "kd/target_dump.h"

#define SKIPPED 77
#define DRIVERS 151u
#define BLOCKS_AT_LEAST 1000u /* places whose memory is saved */

struct session {
    struct kd_target *target;
    struct kd *kd;
    char *text;
    size_t length;
};

static void collect(void *owner, const char *text, size_t length)
{
    struct session *s = owner;
    s->text = realloc(s->text, s->length + length + 1);
    assert_non_null(s->text);
    memcpy(s->text + s->length, text, length);
    s->length += length;
    s->text[s->length] = 0;
}

static const char *run(struct session *s, const char *command)
{
    s->length = 0;
    collect(s, "", 0);
    kd_execute(s->kd, command);
    return s->text;
}

static void path_of(char *path, size_t size)
{
    snprintf(path, size, "%s/win10_19041_triage_x64.dmp", getenv("NTMM_REFERENCE"));
}

static int setup(void **state)
{
    struct session *s = calloc(1, sizeof *s);
    char path[512], reason[DUMP_REASON_SIZE];
    assert_non_null(s);
    path_of(path, sizeof path);
    assert_int_equal(kd_dump_open(path, &s->target, reason), 0);
    const struct kd_config config = {.target = s->target, .output = collect, .owner = s};
    assert_int_equal(kd_create(&config, &s->kd), 0);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct session *s = *state;
    kd_destroy(s->kd);
    kd_dump_close(s->target);
    free(s->text);
    free(s);
    return 0;
}

static void assert_says(struct session *s, const char *command, const char *part)
{
    if (!strstr(run(s, command), part))
        fail_msg("'%s' printed\n%swithout\n%s", command, s->text, part);
}

static void test_what_happened(void **state)
{
    struct session *s = *state;
    assert_string_equal(run(s, ".bugcheck"),
                        "Bugcheck code 1000007E\n"
                        "Arguments ffffffff`c0000005 fffff804`8b58334c ffff8504`29891ee8 "
                        "ffff8504`29891720\n"
                        "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED_M\n");
    assert_says(s, "version",
                "Windows Kernel Version 19041 MP (16 procs) Free x64\n"
                "Kernel base = 0xfffff804`7ba00000 PsLoadedModuleList = 0xfffff804`7c62a390\n"
                "Debug session time: Sun Feb 21 01:38:22 2021 (UTC)\n");
}

static void test_registers(void **state)
{
    struct session *s = *state;
    assert_says(s, "r",
                "rax=ffffc08be4da6240 rbx=0000000000000001 rcx=0000000000000020\n"
                "rdx=0000000000000001 rsi=ffffc08be457fcf0 rdi=ffffc08be52e7310\n"
                "rip=fffff8048b58334c rsp=ffff850429892120 rbp=fffff8048b58f598\n"
                " r8=ffff9b0003360008  r9=0000000000000044 r10=0000000000000020\n"
                "r11=0000000000000020 r12=0000000000000015 r13=fffff8048b590b01\n"
                "r14=0000000000000000 r15=0000000000000015\n");
    assert_says(s, "r", "fffff804`8b58334c 43891401        mov     dword ptr [r9+r8],edx\n");
}

static void test_stack(void **state)
{
    struct session *s = *state;
    assert_says(s, "db ffff8504`29890ee8 L10",
                "ffff8504`29890ee8  e1 f4 e0 7b 04 f8 ff ff-7e 00 00 00 00 00 00 00");
    /* No image is in the file, so no caller can be told. */
    assert_string_equal(run(s, "k"), "Child-SP          RetAddr           Call Site\n"
                                     "ffff8504`29892120 00000000`00000000 amdppm+0x334c\n");
}

/* The current process and thread, at the addresses that the processor block leads to. */
static void test_current_objects(void **state)
{
    struct session *s = *state;
    const struct kd_event *event = &s->target->last_event;
    char command[64], expected[32];
    snprintf(command, sizeof command, "dq %llx+440 L1", (unsigned long long)event->process);
    assert_says(s, command, "00000000`00000004\n"); /* UniqueProcessId: System */
    snprintf(command, sizeof command, "dq %llx+220 L1", (unsigned long long)event->thread);
    snprintf(expected, sizeof expected, "%08llx`%08llx\n", (unsigned long long)event->process >> 32,
             (unsigned long long)event->process & UINT32_MAX);
    assert_says(s, command, expected); /* Process */
}

static void test_drivers(void **state)
{
    struct session *s = *state;
    unsigned lines = 0;
    for (const char *p = run(s, "lm"); (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    assert_int_equal(lines, 1 + DRIVERS);
    static const char *const some[] = {
        "fffff804`7ba00000 fffff804`7ca46000   nt  ",
        "fffff804`79440000 fffff804`79446000   hal  ",
        "fffff804`8b580000 fffff804`8b5bb000   amdppm  ",
        "fffff804`8dd70000 fffff804`8dde6000   ks  ",
    };
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
        assert_says(s, "lm", some[i]);
    assert_says(s, "lmvm amdppm",
                "    Timestamp:        Mon Apr 05 02:33:36 2077 (C9C03000)\n"
                "    CheckSum:         00038E6B\n"
                "    ImageSize:        0003B000\n");
}

/* `db` shows what is saved at each address where something is, and ?? just before it. */
static void test_every_block(void **state)
{
    struct session *s = *state;
    char path[512], reason[DUMP_REASON_SIZE], command[64], expected[32];
    struct dump_file *file;
    path_of(path, sizeof path);
    assert_int_equal(dump_open(path, &file, reason), 0);
    unsigned blocks = 0;
    for (uint64_t at = 0; dump_next_virtual(file, at, &at); blocks++) {
        uint8_t byte, before;
        uint64_t size = 0;
        assert_int_equal(dump_read_virtual(file, at, &byte, 1), 1);
        snprintf(command, sizeof command, "db %llx L1", (unsigned long long)at);
        snprintf(expected, sizeof expected, "%08llx`%08llx  %02x ", (unsigned long long)at >> 32,
                 (unsigned long long)at & UINT32_MAX, byte);
        assert_says(s, command, expected);
        snprintf(command, sizeof command, "db %llx L1", (unsigned long long)at - 1);
        if (dump_read_virtual(file, at - 1, &before, 1) == 0)
            assert_says(s, command, "  ?? ");
        while (dump_read_virtual(file, at + size, &byte, 1) == 1)
            size++;
        at += size;
    }
    assert_true(blocks > BLOCKS_AT_LEAST);
    dump_close(file);
}

#define WITH_SESSION(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    char path[512];
    const char *folder = getenv("NTMM_REFERENCE");
    if (folder)
        path_of(path, sizeof path);
    if (!folder || access(path, R_OK) != 0) {
        printf("skipped: no genuine dump; NTMM_REFERENCE names the folder with it\n");
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        WITH_SESSION(test_what_happened), WITH_SESSION(test_registers),
        WITH_SESSION(test_stack),         WITH_SESSION(test_current_objects),
        WITH_SESSION(test_drivers),       WITH_SESSION(test_every_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
