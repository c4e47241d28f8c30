/* tests/engine/test_ahead.c: pages that are touched one after the other, in frames that follow one
 * another: what an engine may prepare for, and what nobody may notice.
 *
 * All of it runs a second time where userfaultfd is denied, as in many containers. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rig.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <errno.h>

enum { PAGES = 300, FRAME_SHIFT = 12, PF_WRITE = 2, PF_USER = 4 };
enum { STAMP_CODE = 0, READ_CODE = 0x20, WRITE_CODE = 0x30 };
static const uint8_t stamp_code[] = {
    0x48, 0x89, 0x1B,                   /* mov [rbx], rbx */
    0x48, 0x81, 0xC3, 0x00, 0x10, 0, 0, /* add rbx, 1000h */
    0xFF, 0xC9,                         /* dec ecx */
    0x75, 0xF2,                         /* jnz to the first */
    0x0F, 0x05,                         /* syscall */
};
static const uint8_t read_code[] = {0x48, 0x8B, 0x03, 0x0F, 0x05};  /* mov rax, [rbx]; syscall */
static const uint8_t write_code[] = {0x48, 0x89, 0x03, 0x0F, 0x05}; /* mov [rbx], rax; syscall */

struct fixture {
    struct rig rig;
    struct rig_space space;
    uint64_t frames; /* the first of PAGES that follow one another */
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    if (rig_setup(state, &f, &f.rig, &f.space)) {
        return -1;
    }
    if (!*state) {
        return 0;
    }
    rig_code(&f.space, STAMP_CODE, stamp_code, sizeof(stamp_code));
    rig_code(&f.space, READ_CODE, read_code, sizeof(read_code));
    rig_code(&f.space, WRITE_CODE, write_code, sizeof(write_code));
    (void)rig_pte(&f.space, RIG_DATA); /* its tables come before the frames */
    f.frames = rig_alloc(&f.rig);
    for (unsigned i = 1; i < PAGES; i++) {
        assert_int_equal(f.frames + i, rig_alloc(&f.rig));
    }
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f) {
        rig_teardown(&f->rig, &f->space);
    }
    return 0;
}

static uint64_t page_va(unsigned page)
{
    return RIG_DATA + (uint64_t)page * RIG_PAGE;
}

static uint64_t *memory(struct fixture *f, unsigned frame)
{
    return rig_frame(&f->rig, f->frames + frame);
}

static void give(struct fixture *f, unsigned page, unsigned frame)
{
    *rig_pte(&f->space, page_va(page)) = (f->frames + frame) << FRAME_SHIFT | RIG_RW | RIG_NX;
}

static struct engine_trap run_on(struct fixture *f, unsigned cpu, struct engine_context *context)
{
    struct engine_trap trap;
    do {
        f->rig.ops->run(f->rig.cpu[cpu], f->space.space, context, &trap);
    } while (trap.kind == ENGINE_TRAP_KICKED);
    return trap;
}

/* Have ring 3 write to each of these pages, on that cpu; at its fault, and no earlier, each gets
 * the frame that `frame` says. */
static void stamp(struct fixture *f, unsigned cpu, unsigned first, unsigned count,
                  const unsigned *frame)
{
    struct engine_context context = rig_context(STAMP_CODE);
    struct engine_trap trap;
    unsigned faults = 0;
    context.gpr[ENGINE_RBX] = page_va(first);
    context.gpr[ENGINE_RCX] = count;
    while ((trap = run_on(f, cpu, &context)).kind == ENGINE_TRAP_PAGE_FAULT) {
        assert_true(faults < count);
        assert_int_equal(trap.address, page_va(first + faults));
        assert_int_equal(trap.error_code, PF_USER | PF_WRITE);
        give(f, first + faults, frame[faults]);
        faults++;
    }
    assert_int_equal(trap.kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(faults, count);
    for (unsigned i = 0; i < count; i++) {
        uint64_t pte = *rig_pte(&f->space, page_va(first + i));
        assert_int_equal(pte & (RIG_ACCESSED | RIG_DIRTY), RIG_ACCESSED | RIG_DIRTY);
        assert_int_equal(memory(f, frame[i])[0], page_va(first + i));
    }
    rig_engine()->sync_context(f->rig.cpu[cpu], &context);
}

/* As above, in frames in order from `frame` on. */
static void stamp_in_order(struct fixture *f, unsigned first, unsigned count, unsigned frame)
{
    unsigned frames[PAGES];
    for (unsigned i = 0; i < count; i++) {
        frames[i] = frame + i;
    }
    stamp(f, 0, first, count, frames);
}

/* Does an access to the page fault? If not, *value is what was read, or is written. */
static bool faults(struct fixture *f, unsigned page, bool write, uint64_t *value)
{
    struct engine_context context = rig_context(write ? WRITE_CODE : READ_CODE);
    context.gpr[ENGINE_RBX] = page_va(page) + 8;
    context.gpr[ENGINE_RAX] = *value;
    struct engine_trap trap = rig_run(&f->space, &context);
    if (trap.kind == ENGINE_TRAP_PAGE_FAULT) {
        assert_int_equal(trap.address, page_va(page) + 8);
        assert_int_equal(trap.error_code, PF_USER | (write ? PF_WRITE : 0));
        return true;
    }
    assert_int_equal(trap.kind, ENGINE_TRAP_SYSCALL);
    *value = context.gpr[ENGINE_RAX];
    return false;
}

static void take_back(struct fixture *f, unsigned page)
{
    volatile uint64_t *pte = rig_pte(&f->space, page_va(page));
    const struct engine_page gone = {page_va(page), (*pte & ~RIG_NX) >> FRAME_SHIFT};
    *pte = 0;
    rig_engine()->invalidate(f->rig.engine, f->space.space, &gone, 1);
}

/* ---- the tests ---- */

static bool has_userfaultfd(void)
{
    int fd = (int)syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

/* Does the engine have one? */
static bool uses_userfaultfd(void)
{
    bool found = false;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char name[64] = "";
        if (readlinkat(dirfd(folder), entry->d_name, name, sizeof(name) - 1) > 0) {
            found |= strstr(name, "userfaultfd") != NULL;
        }
    }
    closedir(folder);
    return found;
}

static void each_page_faults_once(void **state)
{
    struct fixture *f = rig_fixture(state);
    stamp_in_order(f, 0, PAGES, 0);
    assert_int_equal(uses_userfaultfd(), has_userfaultfd() && rig_engine() == &engine_native);
}

static void what_is_ahead_is_out_of_reach(void **state)
{
    enum { TOUCHED = 20, SECRET = 0x5A };
    struct fixture *f = rig_fixture(state);
    memset(memory(f, TOUCHED), SECRET, (size_t)(PAGES - TOUCHED) * RIG_PAGE);
    stamp_in_order(f, 0, TOUCHED, 0);
    for (unsigned page = TOUCHED; page < PAGES; page++) {
        uint64_t value = 0;
        assert_true(faults(f, page, false, &value));
        assert_true(faults(f, page, true, &value));
    }
    for (unsigned i = 0; i < 50; i++) { /* whoever insists */
        uint64_t value = 0;
        assert_true(faults(f, TOUCHED, i % 2, &value));
    }
    const uint8_t *bytes = (const uint8_t *)memory(f, TOUCHED);
    for (size_t i = 0; i < (size_t)(PAGES - TOUCHED) * RIG_PAGE; i++) {
        assert_int_equal(bytes[i], SECRET);
    }
}

/* The frames go on elsewhere now and then, or backwards. */
static void frames_may_jump(void **state)
{
    static const unsigned lengths[] = {1, 2, 3, 9, 10, 17, 40, 1, 1, 64, 3};
    unsigned frame[PAGES], count = 0;
    struct fixture *f = rig_fixture(state);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        for (unsigned k = 0; k < lengths[i]; k++, count++) {
            frame[count] = i % 3 == 2 ? count : PAGES - 1 - count - lengths[i] + 2 * k + 1;
        }
    }
    stamp(f, 0, 0, count, frame);
    for (unsigned i = 0; i < count; i++) {
        uint64_t value = i;
        memory(f, frame[i])[1] = ~(uint64_t)i;
        assert_false(faults(f, i, false, &value));
        assert_int_equal(value, ~(uint64_t)i);
    }
}

/* Pages that come for the second time may have any frame. */
static void pages_come_and_go(void **state)
{
    enum { FIRST = 40, SOME = 7 };
    struct fixture *f = rig_fixture(state);
    uint64_t value = 0;
    stamp_in_order(f, 0, FIRST, 0);
    for (unsigned page = 10; page < FIRST; page += 3) {
        take_back(f, page);
        assert_true(faults(f, page, true, &value));
        give(f, page, 200 + page);
        value = page;
        assert_false(faults(f, page, true, &value));
        assert_int_equal(memory(f, 200 + page)[1], page);
        assert_int_not_equal(memory(f, page)[1], page);
    }
    stamp_in_order(f, FIRST, SOME, FIRST);
    for (unsigned page = FIRST; page < FIRST + SOME; page++) {
        take_back(f, page);
    }
    stamp_in_order(f, FIRST, SOME, FIRST + 1); /* the same pages, the next frames */
    stamp_in_order(f, FIRST + SOME, SOME, FIRST + SOME + 1);
}

/* Tables change, and all is compared with them. */
static void tables_change(void **state)
{
    struct fixture *f = rig_fixture(state);
    stamp_in_order(f, 0, 30, 0);
    for (unsigned page = 5; page < 30; page += 5) {
        give(f, page, 100 + page);
    }
    rig_engine()->invalidate_tables(f->rig.engine);
    for (unsigned page = 0; page < 30; page++) {
        uint64_t value = page;
        bool moved = page >= 5 && page % 5 == 0;
        assert_false(faults(f, page, true, &value));
        assert_int_equal(memory(f, moved ? 100 + page : page)[1], page);
    }
    stamp_in_order(f, 30, 30, 30);
}

/* Two processors of one space by turns, where the other has mapped ahead. */
static void processors_meet(void **state)
{
    enum { STEP = 12 };
    unsigned frame[STEP];
    struct fixture *f = rig_fixture(state);
    for (unsigned first = 0; first + STEP <= 200; first += STEP) {
        unsigned cpu = first / STEP % 2;
        for (unsigned i = 0; i < STEP; i++) {
            frame[i] = first / STEP % 3 == 2 ? first + STEP - 1 - i : first + i;
        }
        stamp(f, cpu, first, STEP, frame);
    }
}

struct reader {
    struct fixture *f;
    atomic_bool stop;
    unsigned long reads, wrong;
};

/* Read on processor 1 what processor 0 is about to get. */
static void *read_ahead(void *argument)
{
    struct reader *r = argument;
    while (!atomic_load(&r->stop)) {
        unsigned page = (unsigned)(r->reads++ % PAGES);
        struct engine_context context = rig_context(READ_CODE);
        context.gpr[ENGINE_RBX] = page_va(page);
        struct engine_trap trap = run_on(r->f, 1, &context);
        /* before its stamp comes a page's zeros can be seen, and nothing else */
        r->wrong += trap.kind == ENGINE_TRAP_SYSCALL && context.gpr[ENGINE_RAX] != 0 &&
                    context.gpr[ENGINE_RAX] != page_va(page);
        r->wrong += trap.kind == ENGINE_TRAP_SYSCALL &&
                    !(*rig_pte(&r->f->space, page_va(page)) & RIG_VALID);
        r->wrong += trap.kind != ENGINE_TRAP_SYSCALL && trap.kind != ENGINE_TRAP_PAGE_FAULT;
        rig_engine()->sync_context(r->f->rig.cpu[1], &context);
    }
    return NULL;
}

static void others_see_nothing_early(void **state)
{
    struct fixture *f = rig_fixture(state);
    struct reader reader = {.f = f};
    pthread_t thread;
    for (unsigned page = 0; page < PAGES; page++) {
        memory(f, page)[0] = 0;
    }
    (void)rig_pte(&f->space, RIG_STACK_TOP);
    assert_int_equal(pthread_create(&thread, NULL, read_ahead, &reader), 0);
    stamp_in_order(f, 0, PAGES, 0);
    atomic_store(&reader.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(reader.wrong, 0);
}

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_page_faults_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_ahead_is_out_of_reach, setup, teardown),
        cmocka_unit_test_setup_teardown(frames_may_jump, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_come_and_go, setup, teardown),
        cmocka_unit_test_setup_teardown(tables_change, setup, teardown),
        cmocka_unit_test_setup_teardown(processors_meet, setup, teardown),
        cmocka_unit_test_setup_teardown(others_see_nothing_early, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* From now on userfaultfd(2) is EPERM, for this process and all that it starts. */
static bool deny_userfaultfd(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_userfaultfd, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int main(int argc, char **argv)
{
    int failed = rig_each_engine(argc, argv, run_group);
    if (!deny_userfaultfd()) {
        perror("seccomp");
        return 1;
    }
    printf("without userfaultfd\n");
    return failed + rig_each_engine(argc, argv, run_group);
}
