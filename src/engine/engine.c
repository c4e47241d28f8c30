/* src/engine/engine.c: which engines there are, and which one to take. */
#include "engine/engine.h"

#include <errno.h>
#include <string.h>

#include "engine/recall.h"

const struct engine_ops *const engine_list[] = {&engine_kvm, &engine_native, NULL};
_Static_assert(sizeof(engine_list) / sizeof(*engine_list) == ENGINE_COUNT + 1, "engine.h");

/* How many pages a program gives back, or makes less accessible, for each that it touches first.
 * Most of them go at the end, with all else. */
static const double forgotten_per_touch = 0.25;

double engine_cost(const struct engine_probe *probe)
{
    return probe->syscall_us + probe->touch_us + forgotten_per_touch * probe->forget_us;
}

const struct engine_ops *engine_named(const char *name)
{
    for (const struct engine_ops *const *e = engine_list; *e; e++) {
        if (!strcmp((*e)->name, name)) {
            return *e;
        }
    }
    return NULL;
}

static bool is_better(const struct engine_probe *a, const struct engine_probe *b, bool debugger)
{
    if (debugger && a->debug_registers != b->debug_registers) {
        return a->debug_registers;
    }
    return engine_cost(a) < engine_cost(b);
}

unsigned engine_best(const struct engine_probe probes[ENGINE_COUNT], bool debugger)
{
    unsigned best = ENGINE_COUNT;
    for (unsigned i = 0; i < ENGINE_COUNT; i++) {
        if (probes[i].usable &&
            (best == ENGINE_COUNT || is_better(&probes[i], &probes[best], debugger))) {
            best = i;
        }
    }
    return best;
}

void engine_measure(struct engine_probe probes[ENGINE_COUNT])
{
    for (unsigned i = 0; i < ENGINE_COUNT; i++) {
        engine_list[i]->probe(&probes[i]);
    }
    engine_remember(ENGINE_RECALL_FILE, probes);
}

const struct engine_ops *engine_guess(bool debugger)
{
    struct engine_probe probes[ENGINE_COUNT];
    if (!engine_recall(ENGINE_RECALL_FILE, probes)) {
        engine_measure(probes);
    }
    unsigned best = engine_best(probes, debugger);
    return best < ENGINE_COUNT ? engine_list[best] : NULL;
}

static int choose_named(const char *name, const struct engine_ops **out, struct engine_probe *probe)
{
    const struct engine_ops *engine = engine_named(name);
    if (!engine) {
        return -ENOENT;
    }
    engine->probe(probe);
    *out = engine;
    return probe->usable ? 0 : -ENODEV;
}

int engine_choose(const char *name, bool debugger, const struct engine_ops **out,
                  struct engine_probe *probe)
{
    *probe = (struct engine_probe){0};
    if (strcmp(name, "auto")) {
        return choose_named(name, out, probe);
    }
    struct engine_probe probes[ENGINE_COUNT];
    engine_measure(probes);
    unsigned best = engine_best(probes, debugger);
    *probe = probes[best < ENGINE_COUNT ? best : 0];
    if (best == ENGINE_COUNT) {
        return -ENODEV;
    }
    *out = engine_list[best];
    return 0;
}
