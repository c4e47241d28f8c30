/* tests/engine/test_run.c: contexts on vCPUs: x87/SSE/AVX state, kicks, several at once, life.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rig.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

struct fixture {
    struct rig rig;
    struct rig_space space;
};

static int setup(void **state)
{
    static struct fixture fixture;
    return rig_setup(state, &fixture, &fixture.rig, &fixture.space);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f) {
        rig_teardown(&f->rig, &f->space);
    }
    return 0;
}

static struct fixture *fixture_of(void **state)
{
    return rig_fixture(state);
}

static const uint8_t code_sse[] = {
    0x66, 0x48, 0x0F, 0x6E, 0xC8, /* movq xmm1, rax */
    0x0F, 0x05,                   /* syscall */
    0x66, 0x48, 0x0F, 0x7E, 0xC8, /* movq rax, xmm1 */
    0x0F, 0x05,
};

/* Bytes 464 to 511 of the image are software's: nothing of the host may be told there. */
static void assert_software_bytes_zero(const struct engine_context *c)
{
    static const uint8_t zero[48];
    assert_memory_equal(c->xsave + 464, zero, sizeof(zero));
}

static void test_sse_survives_traps_and_switches(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, code_sse, sizeof(code_sse));
    struct engine_context c[3];
    for (unsigned i = 0; i < 3; i++) {
        c[i] = rig_context(0);
        c[i].gpr[ENGINE_RAX] = UINT64_C(0xABCD000000000000) + i;
        assert_int_equal(rig_run(&f->space, &c[i]).kind, ENGINE_TRAP_SYSCALL);
        assert_false(c[i].xsave_valid);
        rig_engine()->sync_context(f->rig.cpu[0], &c[i]);
        assert_true(c[i].xsave_valid);
        assert_software_bytes_zero(&c[i]);
    }
    /* Another processor, the same one, and one where the kernel changed the image. */
    struct engine_trap trap;
    do {
        rig_engine()->run(f->rig.cpu[1], f->space.space, &c[0], &trap);
    } while (trap.kind == ENGINE_TRAP_KICKED);
    assert_int_equal(trap.kind, ENGINE_TRAP_SYSCALL);
    const uint64_t changed = UINT64_C(0x123456789ABCDEF0);
    memcpy(c[2].xsave + 160 + 16, &changed, sizeof(changed)); /* xmm1 */
    assert_int_equal(rig_run(&f->space, &c[2]).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(rig_run(&f->space, &c[1]).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(c[0].gpr[ENGINE_RAX], UINT64_C(0xABCD000000000000));
    assert_int_equal(c[1].gpr[ENGINE_RAX], UINT64_C(0xABCD000000000001));
    assert_int_equal(c[2].gpr[ENGINE_RAX], changed);
}

static void test_sse_stays_without_sync(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, code_sse, sizeof(code_sse));
    struct engine_context c = rig_context(0);
    c.gpr[ENGINE_RAX] = 77;
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    c.gpr[ENGINE_RAX] = 0;
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(c.gpr[ENGINE_RAX], 77);
}

static void test_avx_upper_halves(void **state)
{
    struct fixture *f = fixture_of(state);
    if (!__builtin_cpu_supports("avx")) {
        skip();
    }
    static const uint8_t code[] = {
        0xC5, 0xFC, 0x10, 0x0B, /* vmovups ymm1, [rbx] */
        0x0F, 0x05,             /* syscall */
        0xC5, 0xFC, 0x11, 0x0F, /* vmovups [rdi], ymm1 */
        0x0F, 0x05,
    };
    rig_code(&f->space, 0, code, sizeof(code));
    uint8_t *data = rig_frame(&f->rig, rig_map(&f->space, RIG_DATA, RIG_RW));
    for (int i = 0; i < 32; i++) {
        data[i] = (uint8_t)(i * 7 + 1);
    }
    struct engine_context c = rig_context(0), other = rig_context(6);
    c.gpr[ENGINE_RBX] = RIG_DATA;
    c.gpr[ENGINE_RDI] = RIG_DATA + 64;
    other.gpr[ENGINE_RDI] = RIG_DATA + 128;
    memset(data + 128, 0xFF, 32);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    rig_engine()->sync_context(f->rig.cpu[0], &c);
    assert_int_equal(rig_run(&f->space, &other).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    assert_memory_equal(data + 64, data, 32);
    static const uint8_t zero[32];
    assert_memory_equal(data + 128, zero, 32); /* a new context starts without anybody's state */
}

static void test_forgotten_sync_is_reported(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, code_sse, sizeof(code_sse));
    struct engine_context c = rig_context(0);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    struct engine_trap trap;
    rig_engine()->run(f->rig.cpu[1], f->space.space, &c, &trap);
    assert_int_equal(trap.kind, ENGINE_TRAP_FAILED);
}

static void test_hostile_xsave_image(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, code_sse, sizeof(code_sse));
    struct engine_context c = rig_context(0);
    memset(c.xsave, 0xFF, sizeof(c.xsave));
    c.xsave_valid = true;
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
}

struct runner {
    struct fixture *f;
    unsigned cpu;
    struct engine_context context;
    struct engine_trap trap;
    unsigned wanted, seen; /* kicks */
    atomic_uint progress;
};

static void *run_until_trap(void *argument)
{
    struct runner *r = argument;
    rig_engine()->run(r->f->rig.cpu[r->cpu], r->f->space.space, &r->context, &r->trap);
    return NULL;
}

static const uint8_t code_loop[] = {0xEB, 0xFE};

static void test_kick_ends_an_endless_loop(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, code_loop, sizeof(code_loop));
    for (int i = 0; i < 20; i++) {
        struct runner r = {.f = f, .context = rig_context(0)};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, run_until_trap, &r), 0);
        nanosleep(&(struct timespec){.tv_nsec = i * 100000},
                  NULL); /* before, within, after entry */
        rig_engine()->kick(f->rig.cpu[0]);
        pthread_join(thread, NULL);
        assert_int_equal(r.trap.kind, ENGINE_TRAP_KICKED);
        assert_int_equal(r.context.rip, RIG_CODE);
    }
}

static void test_kick_before_run(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, code_loop, sizeof(code_loop));
    struct engine_context c = rig_context(0);
    struct engine_trap trap;
    rig_engine()->kick(f->rig.cpu[0]);
    rig_engine()->kick(f->rig.cpu[0]); /* two kicks are one */
    rig_engine()->run(f->rig.cpu[0], f->space.space, &c, &trap);
    assert_int_equal(trap.kind, ENGINE_TRAP_KICKED);
    rig_code(&f->space, 0, code_sse, sizeof(code_sse));
    rig_engine()->run(f->rig.cpu[0], f->space.space, &c, &trap);
    assert_int_equal(trap.kind, ENGINE_TRAP_SYSCALL);
}

/* Each kick is answered before the next is sent: a lost one would hang the test. A thread that was
 * kicked stands in its own code, never half way into the kernel. */
static void *answer_kicks(void *argument)
{
    struct runner *r = argument;
    while (r->seen < r->wanted) {
        rig_engine()->run(r->f->rig.cpu[r->cpu], r->f->space.space, &r->context, &r->trap);
        bool at_home = r->context.rip - RIG_CODE < RIG_PAGE;
        if (r->trap.kind == ENGINE_TRAP_KICKED && at_home) {
            atomic_store(&r->progress, ++r->seen);
        } else if (r->trap.kind != ENGINE_TRAP_SYSCALL) {
            atomic_store(&r->progress, UINT32_MAX);
            break;
        }
    }
    return NULL;
}

static void test_no_kick_is_lost(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint8_t code[] = {0xB9, 0x20, 0x03, 0x00, 0x00, /* mov ecx, 800 */
                                   0xFF, 0xC9, 0x75, 0xFC,       /* dec ecx; jnz */
                                   0x0F, 0x05, 0xEB, 0xF3};      /* syscall; again */
    rig_code(&f->space, 0, code, sizeof(code));
    struct runner r = {.f = f, .context = rig_context(0), .wanted = 2000};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, answer_kicks, &r), 0);
    for (unsigned i = 0; i < r.wanted; i++) {
        rig_engine()->kick(f->rig.cpu[0]);
        while (atomic_load(&r.progress) <= i) {
            sched_yield();
        }
    }
    pthread_join(thread, NULL);
    if (r.seen != r.wanted) {
        print_message("trap %d: vector %u, error %x, rip %llx\n", (int)r.trap.kind,
                      (unsigned)r.trap.vector, (unsigned)r.trap.error_code,
                      (unsigned long long)r.context.rip);
    }
    assert_int_equal(r.seen, r.wanted);
}

/* A kick while traps are on their way must neither lose one nor hand it to the next context. */
static void *count_traps(void *argument)
{
    struct runner *r = argument;
    const uint64_t last = 300;
    while (r->context.gpr[ENGINE_RBX] < last) {
        rig_engine()->run(r->f->rig.cpu[r->cpu], r->f->space.space, &r->context, &r->trap);
        if (r->trap.kind == ENGINE_TRAP_EXCEPTION && r->trap.vector == 3) {
            r->seen++;
        } else if (r->trap.kind != ENGINE_TRAP_KICKED) {
            break;
        }
    }
    atomic_store(&r->progress, 1);
    return NULL;
}

static void test_kicks_lose_no_trap(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint8_t code[] = {0x48, 0xFF, 0xC3, /* inc rbx */
                                   0xCC,             /* int3 */
                                   0xEB, 0xFA};
    rig_code(&f->space, 0, code, sizeof(code));
    struct runner r = {.f = f, .context = rig_context(0)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, count_traps, &r), 0);
    while (!atomic_load(&r.progress)) {
        rig_engine()->kick(f->rig.cpu[0]);
        nanosleep(&(struct timespec){.tv_nsec = 30000}, NULL);
    }
    pthread_join(thread, NULL);
    assert_int_equal(r.context.gpr[ENGINE_RBX], 300);
    assert_int_equal(r.seen, 300);
}

static void test_two_cpus_at_once(void **state)
{
    struct fixture *f = fixture_of(state);
    /* Each waits for the other's word: only possible when both run. */
    static const uint8_t code[] = {
        0xC6, 0x03, 0x01, /* mov byte [rbx], 1 */
        0x80, 0x3F, 0x00, /* cmp byte [rdi], 0 */
        0x74, 0xFB,       /* jz back to cmp */
        0x0F, 0x05,
    };
    rig_code(&f->space, 0, code, sizeof(code));
    rig_map(&f->space, RIG_DATA, RIG_RW);
    struct runner r[2];
    pthread_t thread[2];
    for (unsigned i = 0; i < 2; i++) {
        r[i] = (struct runner){.f = f, .cpu = i, .context = rig_context(0)};
        r[i].context.gpr[ENGINE_RBX] = RIG_DATA + i;
        r[i].context.gpr[ENGINE_RDI] = RIG_DATA + (1 - i);
        assert_int_equal(pthread_create(&thread[i], NULL, run_until_trap, &r[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(r[i].trap.kind, ENGINE_TRAP_SYSCALL);
    }
}

enum { SHARERS = 4, SHARED_ROUNDS = 100 };

struct pool {
    struct fixture *f;
    pthread_mutex_t lock[RIG_CPUS];
    atomic_uint next;
};

struct sharer {
    struct pool *pool;
    uint64_t value;
    unsigned good;
    struct engine_trap bad; /* the first that was not what it should be */
};

/* A thread that gets whichever cpu is its turn, and counts in rbx and in xmm1. */
static void *share_cpus(void *argument)
{
    struct sharer *s = argument;
    struct fixture *f = s->pool->f;
    struct engine_context c = rig_context(0);
    c.gpr[ENGINE_RBX] = s->value;
    c.gpr[ENGINE_RSI] = s->value;
    for (unsigned i = 1; i <= SHARED_ROUNDS; i++) {
        unsigned cpu = atomic_fetch_add(&s->pool->next, 1) % RIG_CPUS;
        struct engine_trap trap;
        pthread_mutex_lock(&s->pool->lock[cpu]);
        do {
            rig_engine()->run(f->rig.cpu[cpu], f->space.space, &c, &trap);
        } while (trap.kind == ENGINE_TRAP_KICKED);
        rig_engine()->sync_context(f->rig.cpu[cpu], &c);
        pthread_mutex_unlock(&s->pool->lock[cpu]);
        uint64_t xmm1;
        memcpy(&xmm1, c.xsave + 160 + 16, sizeof(xmm1));
        if (trap.kind == ENGINE_TRAP_SYSCALL && c.gpr[ENGINE_RBX] == s->value + i &&
            c.gpr[ENGINE_RSI] == s->value && xmm1 == i) {
            s->good++;
        } else if (!s->bad.reason) {
            s->bad = trap;
            s->bad.reason = trap.reason ? trap.reason : "";
        }
    }
    return NULL;
}

static void test_threads_share_cpus(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint8_t code[] = {
        0x48, 0xFF, 0xC3,             /* again: inc rbx */
        0x6A, 0x01,                   /* push 1 */
        0xF3, 0x0F, 0x7E, 0x04, 0x24, /* movq xmm0, [rsp] */
        0x58,                         /* pop rax */
        0x66, 0x0F, 0xD4, 0xC8,       /* paddq xmm1, xmm0 */
        0x0F, 0x05,                   /* syscall */
        0xEB, 0xED,                   /* jmp again */
    };
    rig_code(&f->space, 0, code, sizeof(code));
    rig_map(&f->space, RIG_STACK_TOP - RIG_PAGE, RIG_RW);
    struct pool pool = {.f = f};
    struct sharer sharer[SHARERS];
    pthread_t thread[SHARERS];
    for (unsigned i = 0; i < RIG_CPUS; i++) {
        pthread_mutex_init(&pool.lock[i], NULL);
    }
    for (unsigned i = 0; i < SHARERS; i++) {
        sharer[i] = (struct sharer){.pool = &pool, .value = (uint64_t)(i + 1) << 32};
        assert_int_equal(pthread_create(&thread[i], NULL, share_cpus, &sharer[i]), 0);
    }
    for (unsigned i = 0; i < SHARERS; i++) {
        pthread_join(thread[i], NULL);
        if (sharer[i].bad.reason) {
            print_message("trap %d: %s\n", (int)sharer[i].bad.kind, sharer[i].bad.reason);
        }
        assert_int_equal(sharer[i].good, SHARED_ROUNDS);
    }
}

static unsigned open_files(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n;
}

static void test_machines_come_and_go(void **state)
{
    fixture_of(state);
    unsigned before = open_files();
    for (int i = 0; i < 5; i++) {
        struct rig a, b;
        struct rig_space sa, sb;
        assert_int_equal(rig_init(&a, rig_engine()), 0);
        assert_int_equal(rig_init(&b, rig_engine()), 0);
        rig_space_init(&a, &sa);
        rig_space_init(&b, &sb);
        rig_code(&sa, 0, (uint8_t[]){0xCC}, 1);
        rig_code(&sb, 0, (uint8_t[]){0x0F, 0x05}, 2);
        struct engine_context ca = rig_context(0), cb = rig_context(0);
        assert_int_equal(rig_run(&sa, &ca).kind, ENGINE_TRAP_EXCEPTION);
        assert_int_equal(rig_run(&sb, &cb).kind, ENGINE_TRAP_SYSCALL);
        rig_space_deinit(&sa);
        rig_space_deinit(&sb);
        rig_deinit(&a);
        rig_deinit(&b);
    }
    assert_int_equal(open_files(), before);
}

static void test_bad_configurations(void **state)
{
    struct fixture *f = fixture_of(state);
    unsigned before = open_files();
    struct engine *engine = NULL;
    struct engine_space *space = NULL;
    struct engine_cpu *cpu = NULL;
    struct engine_config config = {.ram_fd = -1, .ram_size = RIG_PAGE, .cpus = 1};
    if (rig_engine()->trap_area_pages(1)) {
        assert_int_equal(rig_engine()->create(&config, &engine), -EINVAL); /* no trap area */
    }
    uint64_t pa[3] = {0, 0, 0};
    void *host[3] = {f->rig.ram, f->rig.ram, f->rig.ram};
    config.trap_area_pages = 3;
    config.trap_area_pa = pa;
    config.trap_area_host = host;
    config.maxphyaddr = 40;
    assert_int_equal(rig_engine()->create(&config, &engine), -EBADF); /* no RAM */
    assert_null(engine);
    assert_int_equal(rig_engine()->space_create(f->rig.engine, 1, &space), -EINVAL);
    assert_int_equal(rig_engine()->space_create(f->rig.engine, UINT64_C(1) << 40, &space), -EINVAL);
    assert_int_equal(rig_engine()->cpu_create(f->rig.engine, RIG_CPUS, &cpu), -EINVAL);
    assert_int_equal(rig_engine()->cpu_create(f->rig.engine, 0, &cpu), -EEXIST);
    assert_int_equal(open_files(), before);
}

static void test_choice(void **state)
{
    (void)state;
    const struct engine_ops *ops = NULL;
    struct engine_probe probe;
    assert_int_equal(engine_choose("abacus", false, &ops, &probe), -ENOENT);
    int rc = engine_choose("auto", false, &ops, &probe);
    assert_true(probe.why[0]);
    if (probe.usable) {
        assert_int_equal(rc, 0);
        assert_non_null(ops);
        assert_true(probe.syscall_us > 0 && probe.fault_us > 0);
        assert_true(probe.touch_us > 0 && probe.forget_us > 0);
        assert_non_null(engine_guess(false));
        assert_non_null(engine_guess(true));
    } else {
        assert_int_equal(rc, -ENODEV);
    }
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sse_survives_traps_and_switches),
        TEST(test_sse_stays_without_sync),
        TEST(test_avx_upper_halves),
        TEST(test_forgotten_sync_is_reported),
        TEST(test_hostile_xsave_image),
        TEST(test_kick_ends_an_endless_loop),
        TEST(test_kick_before_run),
        TEST(test_no_kick_is_lost),
        TEST(test_kicks_lose_no_trap),
        TEST(test_two_cpus_at_once),
        TEST(test_threads_share_cpus),
        TEST(test_machines_come_and_go),
        TEST(test_bad_configurations),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return rig_each_engine(argc, argv, run_group);
}
