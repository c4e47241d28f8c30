/* tests/machine/test_differential.c: the same programs end in the same memory state on all engines.
 *
 * programs/random.c makes random memory calls and touches, and breaks in now and then. Whenever it
 * does, its memory is taken as text (snapshot.h): VAD tree, page tables with their A and D bits,
 * working-set counts, contents. The same program with the same seed must give the same texts on
 * each engine.
 *
 * NTMM_SEED is the first seed (1), NTMM_ROUNDS how many there are.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "snapshot.h"

enum {
    ROUNDS = SANITIZED ? 2 : 6,
    CHECKPOINT = 60 /* as in random.c */,
    STEPS = 7 * CHECKPOINT,
    SNAPSHOTS_MOST = 16
};

struct history {
    char *snapshots[SNAPSHOTS_MOST];
    unsigned count;
    uint32_t exit_status;
};

static unsigned long number_from(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 0) : otherwise;
}

/* Services that are not there yet, and the programs' end. */
static void quiet(void *context, int level, const char *message)
{
    (void)context, (void)level, (void)message;
}

/* Past the int3. */
static void step_over(struct kd_target *target, unsigned processor)
{
    struct kd_registers registers;
    assert_int_equal(target->ops->get_registers(target, processor, &registers), 0);
    registers.rip++;
    assert_int_equal(target->ops->set_registers(target, processor, &registers), 0);
}

static void run_to_the_end(struct kd_target *target, struct history *h)
{
    struct kd_event event = {0};
    while (target->ops->resume(target, KD_RESUME_HANDLED, &event) == 0 &&
           event.kind != KD_EVENT_ENDED) {
        if (event.kind != KD_EVENT_BREAKPOINT) {
            assert_int_equal(event.kind, KD_EVENT_EXCEPTION);
            assert_true(event.first_chance);
            assert_int_equal(target->ops->resume(target, KD_RESUME_NOT_HANDLED, &event), 0);
            continue;
        }
        assert_true(h->count < SNAPSHOTS_MOST);
        h->snapshots[h->count] = snapshot_take(target, event.process);
        assert_non_null(h->snapshots[h->count++]);
        step_over(target, event.processor);
    }
    h->exit_status = event.code;
}

static struct history run(const char *engine, unsigned long seed)
{
    struct history h = {0};
    char arguments[64], error[256] = "";
    ntmm_machine *machine = NULL;
    const ntmm_options options = {.ram_size = 64 * MB,
                                  .cpus = 1,
                                  .engine = engine,
                                  .debugger = true,
                                  .log_level = NTMM_LOG_WARNING,
                                  .log = quiet,
                                  .system_root = NTMM_GUEST_OUTPUT};
    assert_ok(ntmm_machine_create(&options, &machine, error, sizeof error));
    snprintf(arguments, sizeof arguments, "%lu %d", seed, STEPS);
    ntmm_process *process = start(machine, PROGRAM("random"), arguments);
    struct kd_target *target = ntmm_debug_target(machine);
    assert_non_null(target);
    run_to_the_end(target, &h);
    ntmm_debug_end(machine);
    ntmm_process_release(process);
    ntmm_settle(machine);
    machine_destroy(machine);
    return h;
}

static void history_free(struct history *h)
{
    for (unsigned i = 0; i < h->count; i++) {
        free(h->snapshots[i]);
    }
}

static unsigned compare(const struct history *a, const struct history *b)
{
    unsigned differing = a->count != b->count || a->exit_status != b->exit_status;
    if (differing) {
        print_message("%u snapshots and %u exceptions, or %u and %u\n", a->count, a->exit_status,
                      b->count, b->exit_status);
    }
    for (unsigned i = 0; i < a->count && i < b->count && !differing; i++) {
        differing = snapshot_compare(a->snapshots[i], b->snapshots[i]);
        if (differing) {
            print_message("snapshot %u: %u lines differ\n", i, differing);
        }
    }
    return differing;
}

static void same_state_on_all_engines(void **state)
{
    (void)state;
    const char *usable[8];
    unsigned engines = 0;
    for (unsigned i = 0; engine_list[i] && engines < 8; i++) {
        struct engine_probe probe = {0};
        engine_list[i]->probe(&probe);
        if (probe.usable) {
            usable[engines++] = engine_list[i]->name;
        } else {
            print_message("engine %s cannot be used here: %s\n", engine_list[i]->name, probe.why);
        }
    }
    if (engines < 2) {
        skip();
    }
    unsigned long first = number_from("NTMM_SEED", 1);
    for (unsigned long i = 0; i < number_from("NTMM_ROUNDS", ROUNDS); i++) {
        struct history expected = run(usable[0], first + i);
        assert_int_equal(expected.count, STEPS / CHECKPOINT);
        for (unsigned k = 1; k < engines; k++) {
            struct history got = run(usable[k], first + i);
            print_message("NTMM_SEED=%lu %s %s: %u exceptions\n", first + i, usable[0], usable[k],
                          got.exit_status);
            assert_int_equal(compare(&expected, &got), 0);
            history_free(&got);
        }
        history_free(&expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_state_on_all_engines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
