/* tests/engine/test_native_attack.c: a guest that wants out of its sandbox.
 *
 * Every test is a claim of docs/native.md and the attack on it. A guest is free to ruin itself:
 * what must hold is that it reaches nothing but the pages its tables map, that the engine gets its
 * host thread back, and that a second guest (the bystander) never notices.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/native_stub.h"
#include "rig.h"

#include <ctype.h>
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TARGET UINT64_C(0x50000000)    /* where attacks try to map RAM */
#define FAKE_AREA UINT64_C(0x60000000) /* guest memory in the shape of a task's area */
#define TASK_AREA (STUB_AREAS + STUB_AREA_SIZE)

enum {
    FAKE_PAGES = STUB_AREA_SIZE / RIG_PAGE,
    CODE_SYSCALL = 0,
    CODE_JUMP = 0x10,
    CODE_WRITE = 0x20,
    CODE_READ = 0x30,
    CODE_INT80 = 0x40,
    CODE_SYSENTER = 0x50,
    CODE_CALL = 0x60,
    CODE_SCRIBBLE = 0x80,
    CODE_FORGE = 0xA0,
    CODE_IRET = 0xC0,
    CODE_CLAIM = 0xE0,
    CODE_TOUCH_ON = 0x100,
};

struct fixture {
    struct rig rig;
    struct rig_space guest, bystander;
    pid_t sandbox;
    pthread_t kicker;
    atomic_bool stop;
};

/* ---- what Linux knows of the sandbox ---- */

static pid_t parent_of(pid_t pid)
{
    char path[64], line[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f) {
        return 0;
    }
    bool got = fgets(line, sizeof(line), f) != NULL;
    fclose(f);
    const char *after_name = got ? strrchr(line, ')') : NULL;
    int parent = 0;
    return after_name && sscanf(after_name, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* The youngest child of this process. */
static pid_t last_child(void)
{
    pid_t found = 0;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *e; (e = readdir(proc));) {
        pid_t pid = isdigit((unsigned char)e->d_name[0]) ? atoi(e->d_name) : 0;
        if (pid > found && parent_of(pid) == getpid()) {
            found = pid;
        }
    }
    closedir(proc);
    return found;
}

static unsigned count_entries(const char *path)
{
    unsigned n = 0;
    DIR *dir = opendir(path);
    if (!dir) {
        return UINT32_MAX;
    }
    for (struct dirent *e; (e = readdir(dir));) {
        n += e->d_name[0] != '.';
    }
    closedir(dir);
    return n;
}

static unsigned tasks_of(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    return count_entries(path);
}

/* Is any of [from, to) mapped in the sandbox, so that it can be written if `writable`? */
static bool is_mapped_as(pid_t pid, uint64_t from, uint64_t to, bool writable)
{
    char path[64], line[512];
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    FILE *f = fopen(path, "re");
    bool found = false;
    while (f && fgets(line, sizeof(line), f)) {
        unsigned long first, end;
        char read, write;
        found |= sscanf(line, "%lx-%lx %c%c", &first, &end, &read, &write) == 4 && first < to &&
                 end > from && (!writable || write == 'w');
    }
    if (f) {
        fclose(f);
    }
    return found;
}

static bool is_mapped(pid_t pid, uint64_t from, uint64_t to)
{
    return is_mapped_as(pid, from, to, false);
}

/* ---- fixture ---- */

static void add_code(struct rig_space *s)
{
    static const uint8_t code_syscall[] = {0x0F, 0x05};
    static const uint8_t code_jump[] = {0xFF, 0xE1};              /* jmp rcx */
    static const uint8_t code_write[] = {0x88, 0x03, 0x0F, 0x05}; /* mov [rbx], al; syscall */
    static const uint8_t code_read[] = {0x8A, 0x03, 0x0F, 0x05};  /* mov al, [rbx]; syscall */
    static const uint8_t code_int80[] = {0xCD, 0x80};
    static const uint8_t code_sysenter[] = {0x0F, 0x34};
    static const uint8_t code_call[] = {0xFF, 0xD1}; /* call rcx */
    static const uint8_t code_scribble[] = {         /* rep stosb; syscall */
                                            0xF3, 0xAA, 0x0F, 0x05};
    static const uint8_t code_forge[] = {
        0x48, 0xAF,       /* again: scasq (rdi += 8): the next word */
        0x48, 0xFF, 0x07, /* inc qword [rdi] */
        0x48, 0xFF, 0x03, /* inc qword [rbx]: the event */
        0x39, 0xF7,       /* cmp edi, esi */
        0x72, 0xF4,       /* jb again */
        0x48, 0x89, 0xD7, /* mov rdi, rdx: from the beginning */
        0xEB, 0xEF,       /* jmp again */
    };
    static const uint8_t code_claim[] = {
        0x8B, 0x06, /* mov eax, [rsi]: the last set of orders */
        0xFF, 0xC0, /* inc eax */
        0x89, 0x07, /* mov [rdi], eax: the next one, to map a page, is performed */
        0x8A, 0x03, /* mov al, [rbx] */
        0x8B, 0x06, /* mov eax, [rsi] */
        0xFF, 0xC0, /* inc eax */
        0x89, 0x07, /* mov [rdi], eax: and the one behind it, to unmap it */
        0x0F, 0x05, /* syscall */
    };
    static const uint8_t code_touch_on[] = {
        0x8A, 0x03, /* again: mov al, [rbx] */
        0x8B, 0x06, /* mov eax, [rsi] */
        0x89, 0x07, /* mov [rdi], eax */
        0xEB, 0xF8, /* jmp again */
    };
    static const uint8_t code_iret[] = {0x48, 0xCF};
    rig_code(s, CODE_IRET, code_iret, sizeof(code_iret));
    rig_code(s, CODE_CLAIM, code_claim, sizeof(code_claim));
    rig_code(s, CODE_TOUCH_ON, code_touch_on, sizeof(code_touch_on));
    rig_code(s, CODE_SYSCALL, code_syscall, sizeof(code_syscall));
    rig_code(s, CODE_JUMP, code_jump, sizeof(code_jump));
    rig_code(s, CODE_WRITE, code_write, sizeof(code_write));
    rig_code(s, CODE_READ, code_read, sizeof(code_read));
    rig_code(s, CODE_INT80, code_int80, sizeof(code_int80));
    rig_code(s, CODE_SYSENTER, code_sysenter, sizeof(code_sysenter));
    rig_code(s, CODE_CALL, code_call, sizeof(code_call));
    rig_code(s, CODE_SCRIBBLE, code_scribble, sizeof(code_scribble));
    rig_code(s, CODE_FORGE, code_forge, sizeof(code_forge));
}

static struct engine_trap run_on(struct rig_space *s, unsigned cpu, struct engine_context *c)
{
    struct engine_trap trap;
    s->rig->ops->run(s->rig->cpu[cpu], s->space, c, &trap);
    return trap;
}

static void start_sandbox(struct fixture *f)
{
    struct engine_context c = rig_context(CODE_SYSCALL);
    assert_int_equal(
        f->rig.ops->space_create(f->rig.engine, f->guest.cr3_frame * RIG_PAGE, &f->guest.space), 0);
    f->sandbox = last_child();
    assert_int_equal(rig_run(&f->guest, &c).kind, ENGINE_TRAP_SYSCALL);
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct engine_probe probe;
    fixture = (struct fixture){0};
    *state = NULL;
    engine_native.probe(&probe);
    if (!probe.usable) {
        print_message("engine native is not usable here: %s\n", probe.why);
        return 0;
    }
    if (rig_init(&fixture.rig, &engine_native)) {
        return -1;
    }
    rig_space_init(&fixture.rig, &fixture.bystander);
    add_code(&fixture.bystander);
    rig_space_init(&fixture.rig, &fixture.guest);
    add_code(&fixture.guest);
    rig_map(&fixture.guest, RIG_STACK_TOP - RIG_PAGE, RIG_RW);
    rig_space_deinit(&fixture.guest);
    start_sandbox(&fixture);
    *state = &fixture;
    return 0;
}

static struct fixture *fixture_of(void **state)
{
    if (!*state) {
        skip();
    }
    return *state;
}

/* The bystander's registers, memory and traps are as if nothing had happened. */
static void assert_bystander_well(struct fixture *f)
{
    struct engine_context c = rig_context(CODE_SYSCALL);
    c.gpr[ENGINE_RBX] = UINT64_C(0x1234567890ABCDEF);
    assert_int_equal(rig_run(&f->bystander, &c).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(c.rip, RIG_CODE + 2);
    assert_int_equal(c.gpr[ENGINE_RBX], UINT64_C(0x1234567890ABCDEF));
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f) {
        assert_bystander_well(f);
        rig_space_deinit(&f->guest);
        rig_space_deinit(&f->bystander);
        rig_deinit(&f->rig);
        assert_int_equal(last_child(), 0); /* nothing outlives its engine */
    }
    return 0;
}

static void *kick_on_and_on(void *argument)
{
    struct fixture *f = argument;
    while (!atomic_load(&f->stop)) {
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
        f->rig.ops->kick(f->rig.cpu[0]);
    }
    return NULL;
}

static void start_kicking(struct fixture *f)
{
    atomic_store(&f->stop, false);
    assert_int_equal(pthread_create(&f->kicker, NULL, kick_on_and_on, f), 0);
}

static void stop_kicking(struct fixture *f)
{
    atomic_store(&f->stop, true);
    pthread_join(f->kicker, NULL);
}

/* A guest's memory is only what its tables map, TARGET never was; and its code is read-only there.
 */
static void assert_nothing_gained(struct fixture *f, unsigned tasks)
{
    assert_false(is_mapped(f->sandbox, TARGET, TARGET + RIG_PAGE));
    assert_false(is_mapped_as(f->sandbox, RIG_CODE, RIG_CODE + RIG_PAGE, true));
    assert_int_equal(tasks_of(f->sandbox), tasks);
}

/* ---- system calls ---- */

/* Arguments with which the mapper would map the first page of RAM at TARGET. */
static void mmap_arguments(struct engine_context *c)
{
    c->gpr[ENGINE_RAX] = SYS_mmap;
    c->gpr[ENGINE_RDI] = TARGET;
    c->gpr[ENGINE_RSI] = RIG_PAGE;
    c->gpr[ENGINE_RDX] = PROT_READ | PROT_WRITE;
    c->gpr[10] = MAP_SHARED | MAP_FIXED;
    c->gpr[8] = STUB_FD_RAM;
    c->gpr[9] = 0;
}

static void test_no_linux_system_call(void **state)
{
    struct fixture *f = fixture_of(state);
    enum { NUMBERS = 512 };
    static const uint64_t variants[] = {0, 0x40000000, UINT64_C(0xFFFFFFFF00000000)};
    unsigned tasks = tasks_of(f->sandbox);
    for (unsigned v = 0; v < sizeof(variants) / sizeof(variants[0]); v++) {
        for (uint64_t number = 0; number < NUMBERS; number++) {
            struct engine_context c = rig_context(CODE_SYSCALL);
            mmap_arguments(&c);
            c.gpr[ENGINE_RAX] = number | variants[v];
            assert_int_equal(rig_run(&f->guest, &c).kind, ENGINE_TRAP_SYSCALL);
            assert_int_equal(c.gpr[ENGINE_RAX], number | variants[v]);
            assert_int_equal(c.rip, RIG_CODE + CODE_SYSCALL + 2);
        }
    }
    assert_nothing_gained(f, tasks);
}

static void test_no_legacy_system_call(void **state)
{
    struct fixture *f = fixture_of(state);
    enum { NUMBERS = 512 };
    unsigned tasks = tasks_of(f->sandbox);
    for (uint64_t number = 0; number < NUMBERS; number++) {
        struct engine_context c = rig_context(CODE_INT80);
        c.gpr[ENGINE_RAX] = number;
        struct engine_trap trap = rig_run(&f->guest, &c);
        assert_int_equal(trap.kind, ENGINE_TRAP_EXCEPTION);
        assert_int_equal(trap.vector, 13);
        assert_int_equal(trap.error_code, 0x80 * 8 + 2);
        assert_int_equal(c.rip, RIG_CODE + CODE_INT80);

        c = rig_context(CODE_SYSENTER);
        c.gpr[ENGINE_RAX] = number;
        c.gpr[ENGINE_RBP] = RIG_STACK_TOP - 64; /* where Linux reads the sixth argument */
        trap = rig_run(&f->guest, &c);
        assert_int_equal(trap.kind, ENGINE_TRAP_EXCEPTION); /* #GP, or #UD on AMD */
    }
    assert_nothing_gained(f, tasks);
}

static void test_no_vsyscall(void **state)
{
    struct fixture *f = fixture_of(state);
    const uint64_t page = UINT64_C(0xFFFFFFFFFF600000);
    for (uint64_t va = page; va < page + RIG_PAGE; va += 0x400) {
        struct engine_context c = rig_context(CODE_CALL);
        c.gpr[ENGINE_RCX] = va;
        c.gpr[ENGINE_RDI] = RIG_STACK_TOP - 128;
        struct engine_trap trap = rig_run(&f->guest, &c);
        if (trap.kind == ENGINE_TRAP_PAGE_FAULT && trap.address == RIG_STACK_TOP - 8) {
            rig_map(&f->guest, RIG_STACK_TOP - RIG_PAGE, RIG_RW);
            trap = rig_run(&f->guest, &c);
        }
        assert_int_equal(trap.kind, ENGINE_TRAP_PAGE_FAULT);
        assert_int_equal(trap.address, va);
        assert_int_equal(trap.error_code, 0x14);
        assert_int_equal(c.rip, va);
        assert_int_equal(c.gpr[ENGINE_RSP], RIG_STACK_TOP - 8); /* the call was made */
    }
}

/* ---- what there is in the sandbox ---- */

static void test_nothing_is_mapped_but_the_guest_and_the_stub(void **state)
{
    struct fixture *f = fixture_of(state);
    const uint64_t areas_end = TASK_AREA + STUB_AREA_SIZE;
    assert_true(is_mapped(f->sandbox, STUB_BASE, STUB_BASE + STUB_TEXT_SIZE));
    assert_false(is_mapped(f->sandbox, UINT64_C(1) << 43, STUB_BASE));
    assert_false(is_mapped(f->sandbox, STUB_BASE + STUB_TEXT_SIZE, STUB_AREAS));
    assert_false(is_mapped(f->sandbox, areas_end, STUB_HOST_END)); /* stack, vDSO */
    assert_true(is_mapped(f->sandbox, RIG_CODE, RIG_CODE + RIG_PAGE));
    assert_false(is_mapped(f->sandbox, 0, RIG_CODE));
    assert_false(is_mapped(f->sandbox, RIG_CODE + RIG_PAGE, UINT64_C(1) << 43));
}

static int status_value(pid_t pid, pid_t tid, const char *name)
{
    char path[96], line[256];
    int value = -1;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, (int)tid);
    FILE *status = fopen(path, "re");
    assert_non_null(status);
    while (fgets(line, sizeof(line), status)) {
        if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':') {
            value = atoi(line + strlen(name) + 1);
        }
    }
    fclose(status);
    return value;
}

/* One task has run the guest: descriptors of RAM and the areas only, a filter of its own beside the
 * sandbox's, no new privileges. The watcher and the mapper have the sandbox's filter. */
static void test_guest_tasks_are_confined(void **state)
{
    struct fixture *f = fixture_of(state);
    char path[320];
    unsigned guests = 0, others = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)f->sandbox);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        pid_t tid = atoi(e->d_name);
        if (tid <= 0) {
            continue;
        }
        assert_int_equal(status_value(f->sandbox, tid, "Seccomp"), 2);
        assert_int_equal(status_value(f->sandbox, tid, "NoNewPrivs"), 1);
        if (status_value(f->sandbox, tid, "Seccomp_filters") == 1) {
            others++;
            continue;
        }
        guests++;
        assert_int_equal(status_value(f->sandbox, tid, "Seccomp_filters"), 2);
        snprintf(path, sizeof(path), "/proc/%d/task/%d/fd", (int)f->sandbox, (int)tid);
        assert_int_equal(count_entries(path), 2);
    }
    closedir(dir);
    assert_int_equal(others, 2);
    assert_int_equal(guests, 1);
}

/* Writing to each page from the stub on; only a task's mailbox and signal stack, and the scratch
 * page, take it. */
static void test_write_to_every_page_of_the_stub(void **state)
{
    struct fixture *f = fixture_of(state);
    for (uint64_t va = STUB_BASE; va < STUB_BASE + STUB_TEXT_SIZE; va += RIG_PAGE) {
        struct engine_context c = rig_context(CODE_WRITE);
        c.gpr[ENGINE_RBX] = va;
        assert_int_equal(rig_run(&f->guest, &c).kind, ENGINE_TRAP_PAGE_FAULT);
    }
    for (uint64_t va = STUB_AREAS; va < TASK_AREA + 2 * STUB_AREA_SIZE; va += RIG_PAGE) {
        bool scratch = va == STUB_AREAS + STUB_SCRATCH;
        bool own = va >= TASK_AREA + STUB_MAILBOX && va < TASK_AREA + STUB_AREA_SIZE;
        struct engine_context c = rig_context(CODE_WRITE);
        c.gpr[ENGINE_RBX] = va + 0x800;
        struct engine_trap trap = rig_run(&f->guest, &c);
        assert_int_equal(trap.kind, scratch || own ? ENGINE_TRAP_SYSCALL : ENGINE_TRAP_PAGE_FAULT);
        if (trap.kind == ENGINE_TRAP_PAGE_FAULT) {
            assert_int_equal(trap.address, va + 0x800);
        }
    }
}

static bool runs(pid_t pid)
{
    char path[64], line[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    bool got = f && fgets(line, sizeof(line), f);
    if (f) {
        fclose(f);
    }
    const char *after_name = got ? strrchr(line, ')') : NULL;
    return after_name && after_name[2] != 'Z' && after_name[2] != 'X';
}

/* An engine that ends without a word takes its sandboxes along. */
static void test_nothing_outlives_the_engine(void **state)
{
    fixture_of(state);
    int report[2];
    assert_int_equal(pipe(report), 0);
    pid_t engine = fork();
    assert_true(engine >= 0);
    if (engine == 0) {
        struct rig rig;
        struct rig_space s;
        pid_t sandbox = 0;
        if (!rig_init(&rig, &engine_native)) {
            rig_space_init(&rig, &s);
            sandbox = last_child();
        }
        _exit(write(report[1], &sandbox, sizeof(sandbox)) != sizeof(sandbox));
    }
    pid_t sandbox = 0;
    assert_int_equal(read(report[0], &sandbox, sizeof(sandbox)), sizeof(sandbox));
    close(report[0]);
    close(report[1]);
    assert_int_equal(waitpid(engine, NULL, 0), engine);
    assert_true(sandbox > 0);
    for (unsigned i = 0; i < 500 && runs(sandbox); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_false(runs(sandbox));
}

/* ---- attacks on the hand-over ---- */

/* A guest may end its own process by such things; then it gets another one. */
static void revive(struct fixture *f, const struct engine_trap *trap)
{
    if (trap->kind == ENGINE_TRAP_FAILED) {
        rig_space_deinit(&f->guest);
        start_sandbox(f);
    }
}

/* Have each instruction executed by itself: another one of its page is watched. */
static void watch_code(struct engine_context *c)
{
    c->dr[0] = rig_context(0x7F0).rip;
    c->dr[7] = 1;
}

static void test_scribble_over_mailbox_and_stack(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint8_t values[] = {0x00, 0x01, 0x7E, 0x80, 0xFF};
    start_kicking(f);
    for (unsigned i = 0; i < 100; i++) {
        struct engine_context c = rig_context(CODE_SCRIBBLE);
        uint64_t offset = STUB_MAILBOX + i % 20 * 0x900;
        c.gpr[ENGINE_RDI] = TASK_AREA + offset;
        c.gpr[ENGINE_RCX] = STUB_AREA_SIZE - offset;
        c.gpr[ENGINE_RAX] = values[i % sizeof(values)];
        if (i % 4 == 3) {
            watch_code(&c);
        }
        struct engine_trap trap = run_on(&f->guest, 0, &c);
        revive(f, &trap);
        if (i % 10 == 0) {
            assert_bystander_well(f);
        }
    }
    stop_kicking(f);
}

/* The event is forged, over and over, with pointers to a frame that change all the time. */
static void test_forged_events(void **state)
{
    struct fixture *f = fixture_of(state);
    start_kicking(f);
    for (unsigned i = 0; i < 200; i++) {
        struct engine_context c = rig_context(CODE_FORGE);
        c.gpr[ENGINE_RBX] = TASK_AREA + STUB_EVENT;
        c.gpr[ENGINE_RDI] = c.gpr[ENGINE_RDX] = TASK_AREA + (i % 2 ? STUB_MAILBOX : STUB_STACK);
        c.gpr[ENGINE_RSI] = (TASK_AREA + STUB_AREA_SIZE - 16) & UINT32_MAX;
        if (i % 4 > 1) {
            watch_code(&c);
        }
        struct engine_trap trap = run_on(&f->guest, 0, &c);
        f->rig.ops->sync_context(f->rig.cpu[0], &c);
        revive(f, &trap);
    }
    stop_kicking(f);
}

/* While another thread of the process forges all it can write, invalidation is still complete when
 * it returns. */
static void *forge_on_another_cpu(void *argument)
{
    struct fixture *f = argument;
    while (!atomic_load(&f->stop)) {
        struct engine_context c = rig_context(CODE_SCRIBBLE);
        c.gpr[ENGINE_RDI] = STUB_AREAS + STUB_SCRATCH;
        c.gpr[ENGINE_RCX] = STUB_AREA_SIZE - STUB_SCRATCH;
        run_on(&f->guest, 1, &c);
    }
    return NULL;
}

static void test_forged_answers_do_not_cheat_invalidation(void **state)
{
    struct fixture *f = fixture_of(state);
    pthread_t forger;
    atomic_store(&f->stop, false);
    assert_int_equal(pthread_create(&forger, NULL, forge_on_another_cpu, f), 0);
    uint64_t frame = rig_alloc(&f->rig);
    for (unsigned i = 0; i < 100; i++) {
        volatile uint64_t *pte = rig_pte(&f->guest, RIG_DATA);
        *pte = frame * RIG_PAGE | RIG_RW;
        struct engine_context c = rig_context(CODE_READ);
        c.gpr[ENGINE_RBX] = RIG_DATA;
        assert_int_equal(rig_run(&f->guest, &c).kind, ENGINE_TRAP_SYSCALL);
        *pte = 0;
        const struct engine_page page = {.va = RIG_DATA, .pfn = frame};
        f->rig.ops->invalidate(f->rig.engine, f->guest.space, &page, 1);
        assert_false(is_mapped(f->sandbox, RIG_DATA, RIG_DATA + RIG_PAGE));
        c = rig_context(CODE_READ);
        c.gpr[ENGINE_RBX] = RIG_DATA;
        assert_int_equal(rig_run(&f->guest, &c).kind, ENGINE_TRAP_PAGE_FAULT);
    }
    atomic_store(&f->stop, true);
    pthread_join(forger, NULL);
}

static void assert_forgotten(struct fixture *f, volatile uint64_t *pte, uint64_t frame)
{
    const struct engine_page page = {.va = RIG_DATA, .pfn = frame};
    *pte = 0;
    f->rig.ops->invalidate(f->rig.engine, f->guest.space, &page, 1);
    assert_false(is_mapped(f->sandbox, RIG_DATA, RIG_DATA + RIG_PAGE));
}

/* A set that maps may be answered late, and whether it was performed is in the mailbox then. A
 * guest that says so before it was gets no page by that; of a set that unmaps nobody believes it.
 */
static void test_claims_to_have_mapped(void **state)
{
    struct fixture *f = fixture_of(state);
    uint64_t frame = rig_alloc(&f->rig);
    for (unsigned i = 0; i < 100; i++) {
        volatile uint64_t *pte = rig_pte(&f->guest, RIG_DATA);
        *pte = frame * RIG_PAGE | RIG_RW;
        struct engine_context c = rig_context(CODE_CLAIM);
        c.gpr[ENGINE_RSI] = TASK_AREA + STUB_TASK_BOOK + STUB_ORDER_SET;
        c.gpr[ENGINE_RDI] = TASK_AREA + STUB_PERFORMED;
        c.gpr[ENGINE_RBX] = RIG_DATA;
        assert_int_equal(rig_run(&f->guest, &c).kind, ENGINE_TRAP_SYSCALL);
        assert_forgotten(f, pte, frame);
        c = rig_context(CODE_READ);
        c.gpr[ENGINE_RBX] = RIG_DATA;
        assert_int_equal(rig_run(&f->guest, &c).kind, ENGINE_TRAP_PAGE_FAULT);
    }
}

/* A guest that touches RIG_DATA on and on. What it does once it has the page: nothing, or claim
 * that the last orders were performed, whichever they are. */
struct toucher {
    struct fixture *f;
    uint64_t claim_at;
    atomic_uint faults, allowed; /* the fault with this number is the last one to be let go on */
    atomic_bool failed;
};

static void *touch_on(void *argument)
{
    struct toucher *t = argument;
    struct engine_context c = rig_context(CODE_TOUCH_ON);
    c.gpr[ENGINE_RSI] = TASK_AREA + STUB_TASK_BOOK + STUB_ORDER_SET;
    c.gpr[ENGINE_RDI] = t->claim_at;
    c.gpr[ENGINE_RBX] = RIG_DATA;
    while (!atomic_load(&t->f->stop) && !atomic_load(&t->failed)) {
        struct engine_trap trap = run_on(&t->f->guest, 0, &c);
        if (trap.kind == ENGINE_TRAP_PAGE_FAULT) {
            unsigned number = atomic_fetch_add(&t->faults, 1) + 1;
            while (atomic_load(&t->allowed) < number && !atomic_load(&t->f->stop)) {
                sched_yield();
            }
        } else if (trap.kind != ENGINE_TRAP_KICKED) {
            atomic_store(&t->failed, true);
        }
    }
    return NULL;
}

/* The answer of a task that is in user code is still to come: invalidation gets it. */
static void test_late_answers_are_waited_for(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint64_t claim_at[] = {STUB_AREAS + STUB_SCRATCH, TASK_AREA + STUB_PERFORMED};
    uint64_t frame = rig_alloc(&f->rig);
    volatile uint64_t *pte = rig_pte(&f->guest, RIG_DATA);
    for (unsigned variant = 0; variant < 2; variant++) {
        struct toucher t = {.f = f, .claim_at = claim_at[variant]};
        pthread_t thread;
        atomic_store(&f->stop, false);
        assert_int_equal(pthread_create(&thread, NULL, touch_on, &t), 0);
        for (unsigned i = 1; i <= 100 && !atomic_load(&t.failed); i++) {
            while (atomic_load(&t.faults) < i && !atomic_load(&t.failed)) {
                sched_yield();
            }
            *pte = frame * RIG_PAGE | RIG_RW;
            atomic_store(&t.allowed, i);
            while (!(*pte & RIG_ACCESSED) && !atomic_load(&t.failed)) {
                sched_yield();
            }
            assert_forgotten(f, pte, frame);
        }
        atomic_store(&f->stop, true);
        f->rig.ops->kick(f->rig.cpu[0]);
        pthread_join(thread, NULL);
        assert_false(atomic_load(&t.failed));
    }
}

/* ---- jumps into the stub ---- */

struct order { /* as the mapper reads them */
    uint64_t number, arguments[6], unused;
};

/* What a jump into the stub is for: to map RAM, to make a task, to get rights. */
enum goal { TO_MAP, TO_CLONE, TO_PROTECT, GOALS };

/* Guest memory that looks to the stub like its areas, area 0 and a task's: with such an order. */
static void build_fake_area(struct fixture *f, enum goal goal)
{
    for (uint64_t i = 0; i < FAKE_PAGES; i++) {
        volatile uint64_t *pte = rig_pte(&f->guest, FAKE_AREA + i * RIG_PAGE);
        if (!(*pte & RIG_VALID)) {
            rig_map(&f->guest, FAKE_AREA + i * RIG_PAGE, RIG_RW);
        }
    }
    const uint32_t one = 1;
    const struct order orders[GOALS] = {
        {SYS_mmap,
         {TARGET, RIG_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, STUB_FD_RAM, 0},
         0},
        {SYS_clone, {0x10D00, FAKE_AREA}, 0},
        {SYS_mprotect, {RIG_CODE, RIG_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC}, 0},
    };
    for (unsigned i = 0; i < 2; i++) {
        uint64_t va = FAKE_AREA + (i ? STUB_TASK_BOOK : 0);
        uint8_t *book = rig_frame(&f->rig, *rig_pte(&f->guest, va) >> 12 & 0xFFFFFFFF);
        memset(book, 0, RIG_PAGE);
        memcpy(book + STUB_ORDER_COUNT, &one, sizeof(one));
        memcpy(book + STUB_ORDER_SET, &one, sizeof(one));
        memcpy(book + (i ? STUB_TASK_ORDERS : STUB_ORDERS), &orders[goal], sizeof(orders[goal]));
    }
}

static struct engine_context hostile_context(uint64_t offset, enum goal goal)
{
    struct engine_context c = rig_context(CODE_JUMP);
    mmap_arguments(&c);
    if (goal == TO_CLONE) {
        c.gpr[ENGINE_RAX] = SYS_clone;
        c.gpr[ENGINE_RDI] = 0x10D00; /* VM, FS, SIGHAND, THREAD */
    } else if (goal == TO_PROTECT) {
        c.gpr[ENGINE_RAX] = SYS_mprotect;
        c.gpr[ENGINE_RDI] = RIG_CODE;
        c.gpr[ENGINE_RDX] = PROT_READ | PROT_WRITE | PROT_EXEC;
    }
    c.gpr[ENGINE_RCX] = STUB_BASE + offset;
    c.gpr[ENGINE_RBX] = FAKE_AREA + STUB_STACK;
    c.gpr[ENGINE_RSP] = FAKE_AREA + STUB_AREA_SIZE - 0x400;
    c.gpr[12] = FAKE_AREA + (offset % 2 ? STUB_ORDERS : 0);
    c.gpr[13] = 1;
    c.gpr[14] = FAKE_AREA + STUB_TASK_BOOK + STUB_TASK_ORDERS;
    c.gpr[15] = FAKE_AREA;
    return c;
}

/* Have it go there by `iretq` with TF set: the trap comes behind the first instruction there. */
static void set_trap_flag(struct fixture *f, struct engine_context *c)
{
    const uint64_t frame_va = FAKE_AREA + STUB_AREA_SIZE - RIG_PAGE, trap_flag = 0x100;
    const uint64_t frame[] = {c->gpr[ENGINE_RCX], 0x33, 0x202 | trap_flag, c->gpr[ENGINE_RSP],
                              0x2B};
    memcpy(rig_frame(&f->rig, *rig_pte(&f->guest, frame_va) >> 12 & 0xFFFFFFFF), frame,
           sizeof(frame));
    c->rip = RIG_CODE + CODE_IRET;
    c->gpr[ENGINE_RSP] = frame_va;
}

static void attack(struct fixture *f, struct engine_context *c, unsigned tasks)
{
    struct engine_trap trap = run_on(&f->guest, 0, c);
    if (trap.kind == ENGINE_TRAP_FAILED) {
        revive(f, &trap);
    } else {
        assert_nothing_gained(f, tasks);
    }
}

static void jump(struct fixture *f, uint64_t offset, enum goal goal, bool step, unsigned tasks)
{
    struct engine_context c = hostile_context(offset, goal);
    if (step) {
        set_trap_flag(f, &c);
    }
    attack(f, &c, tasks);
}

static void test_jump_to_every_byte_of_the_stub(void **state)
{
    struct fixture *f = fixture_of(state);
    const uint64_t gap = STUB_RESUME_END, gap_end = STUB_OPEN - 0x10; /* nothing is there */
    unsigned tasks = tasks_of(f->sandbox);
    start_kicking(f);
    for (enum goal goal = 0; goal < GOALS; goal++) {
        build_fake_area(f, goal);
        for (uint64_t i = 0; i < STUB_WINDOW_END; i = i + 1 == gap ? gap_end : i + 1) {
            jump(f, i, goal, false, tasks);
            jump(f, i, goal, true, tasks);
        }
    }
    stop_kicking(f);
}

/* Execute the call that opens the window, and have a trap behind it. */
static void open_window(struct fixture *f, unsigned tasks)
{
    struct engine_context c = hostile_context(STUB_WINDOW - 2, TO_MAP);
    c.gpr[ENGINE_RAX] = SYS_prctl;
    c.gpr[ENGINE_RDI] = PR_SET_SYSCALL_USER_DISPATCH;
    c.gpr[ENGINE_RSI] = PR_SYS_DISPATCH_OFF;
    c.gpr[ENGINE_RDX] = c.gpr[10] = c.gpr[8] = 0;
    set_trap_flag(f, &c);
    attack(f, &c, tasks);
}

/* The window is opened, and a trap takes the task out of it at once. Whatever it jumps to then, the
 * window's calls are shut for it. */
static void test_window_does_not_stay_open(void **state)
{
    struct fixture *f = fixture_of(state);
    unsigned tasks = tasks_of(f->sandbox);
    start_kicking(f);
    for (enum goal goal = 0; goal < GOALS; goal++) {
        build_fake_area(f, goal);
        for (uint64_t offset = STUB_OPEN; offset < STUB_WINDOW_END; offset++) {
            open_window(f, tasks);
            jump(f, offset, goal, false, tasks);
        }
    }
    stop_kicking(f);
}

/* A jump into the stub that does nothing special is the fault it would be elsewhere. */
static void test_jump_into_the_stub_is_a_page_fault(void **state)
{
    struct fixture *f = fixture_of(state);
    struct engine_context c = rig_context(0);
    c.rip = STUB_BASE + STUB_RESUME;
    struct engine_trap trap = rig_run(&f->guest, &c);
    assert_int_equal(trap.kind, ENGINE_TRAP_PAGE_FAULT);
    assert_int_equal(trap.address, STUB_BASE + STUB_RESUME);
    assert_int_equal(trap.error_code, 0x14);
}

/* A jump to the gate is what `syscall` is: registers as they were but for rcx and r11, x87 and SSE
 * state kept, also by way of an image. A step that ends there is the same. */
static void test_gate_is_a_system_call(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint8_t call[] = {
        0x66, 0x48, 0x0F, 0x6E, 0xC0, /* movq xmm0, rax */
        0x41, 0xFF, 0xE3,             /* jmp r11 */
    };
    static const uint8_t back[] = {
        0x66, 0x48, 0x0F, 0x7E, 0xC2, /* movq rdx, xmm0 */
        0x0F, 0x05,                   /* syscall */
    };
    const uint64_t number = 0x1122334455667788, trap_flag = 0x100, changed = 1 << 1 | 1 << 11;
    const uint64_t at_once = 1 << ENGINE_RAX | 1 << ENGINE_RDX | 1 << ENGINE_RSP | 7 << 8;
    rig_code(&f->guest, 0x700, call, sizeof(call));
    rig_code(&f->guest, 0x780, back, sizeof(back));
    for (unsigned variant = 0; variant < 4; variant++) {
        bool step = variant & 1, sync = variant & 2;
        struct engine_context c = rig_context(step ? 0x705 : 0x700), before;
        for (unsigned i = 0; i < 16; i++) {
            c.gpr[i] = i == ENGINE_RSP ? c.gpr[i] : 0x100 + i;
        }
        c.gpr[ENGINE_RAX] = number;
        c.gpr[ENGINE_RCX] = rig_context(0x780).rip;
        c.gpr[11] = engine_native.gate;
        c.rflags |= step ? trap_flag : 0;
        before = c;
        struct engine_trap trap = rig_run(&f->guest, &c);
        assert_int_equal(trap.kind, ENGINE_TRAP_SYSCALL);
        assert_int_equal(c.rip, before.gpr[ENGINE_RCX]);
        if (sync) {
            f->rig.ops->sync_context(f->rig.cpu[0], &c);
        }
        for (unsigned i = 0; i < 16; i++) {
            bool known = sync || step || at_once >> i & 1;
            assert_true(c.gpr[i] == before.gpr[i] || changed >> i & 1 || !known);
        }
        c.rflags &= ~trap_flag;
        trap = rig_run(&f->guest, &c);
        assert_int_equal(trap.kind, ENGINE_TRAP_SYSCALL);
        assert_int_equal(c.gpr[ENGINE_RDX], step ? 0 : number);
        for (unsigned i = 0; i < 16; i++) {
            assert_true(c.gpr[i] == before.gpr[i] || changed >> i & 1 || i == ENGINE_RDX);
        }
    }
}

/* 32-bit code is out of the sandbox's contract, but no way out of it. */
static void test_compatibility_mode(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint8_t far_return[] = {
        0x6A, 0x23,                   /* push 23h: Linux's 32-bit code segment */
        0x68, 0x00, 0x08, 0x01, 0x00, /* push 10800h */
        0x48, 0xCB,                   /* retfq */
    };
    static const uint8_t code32[] = {0xCD, 0x80, 0xEB, 0xFC}; /* int 80h, again */
    uint8_t push[sizeof(far_return)];
    memcpy(push, far_return, sizeof(push));
    rig_code(&f->guest, 0x700, push, sizeof(push));
    rig_code(&f->guest, 0x800, code32, sizeof(code32));
    /* retfq pops rip, then cs: they are pushed in the other order. */
    struct engine_context c = rig_context(0x700);
    c.gpr[ENGINE_RAX] = 20; /* getpid there */
    struct engine_trap trap = rig_run(&f->guest, &c);
    assert_int_equal(trap.kind, ENGINE_TRAP_EXCEPTION);
    assert_int_equal(trap.vector, 13);
    assert_int_equal(c.gpr[ENGINE_RAX], 20);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_linux_system_call),
        TEST(test_no_legacy_system_call),
        TEST(test_no_vsyscall),
        TEST(test_nothing_is_mapped_but_the_guest_and_the_stub),
        TEST(test_guest_tasks_are_confined),
        TEST(test_write_to_every_page_of_the_stub),
        TEST(test_nothing_outlives_the_engine),
        TEST(test_scribble_over_mailbox_and_stack),
        TEST(test_forged_events),
        TEST(test_forged_answers_do_not_cheat_invalidation),
        TEST(test_claims_to_have_mapped),
        TEST(test_late_answers_are_waited_for),
        TEST(test_jump_to_every_byte_of_the_stub),
        TEST(test_window_does_not_stay_open),
        TEST(test_jump_into_the_stub_is_a_page_fault),
        TEST(test_gate_is_a_system_call),
        TEST(test_compatibility_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
