/* src/engine/engine.c: which engines there are, and which one to take. */
#include "engine/engine.h"

#include <errno.h>
#include <string.h>

const struct engine_ops *const engine_list[] = {&engine_kvm, &engine_native, NULL};

static int choose_named(const char *name, const struct engine_ops **out, struct engine_probe *probe)
{
    for (const struct engine_ops *const *e = engine_list; *e; e++) {
        if (!strcmp((*e)->name, name)) {
            (*e)->probe(probe);
            *out = *e;
            return probe->usable ? 0 : -ENODEV;
        }
    }
    return -ENOENT;
}

int engine_choose(const char *name, const struct engine_ops **out, struct engine_probe *probe)
{
    *probe = (struct engine_probe){0};
    if (strcmp(name, "auto")) {
        return choose_named(name, out, probe);
    }
    for (const struct engine_ops *const *e = engine_list; *e; e++) {
        (*e)->probe(probe);
        if (probe->usable) {
            *out = *e;
            return 0;
        }
    }
    return -ENODEV;
}
