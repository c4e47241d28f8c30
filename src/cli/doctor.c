/* src/cli/doctor.c: ntmm doctor: what this host offers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "engine/engine.h"

/* Why auto takes `best`. */
static void show_choice(const struct engine_probe probes[ENGINE_COUNT], unsigned best)
{
    printf("  auto takes %s: %.1f us for a system call, a first touch and a share of taking away",
           engine_list[best]->name, engine_cost(&probes[best]));
    for (unsigned i = 0; i < ENGINE_COUNT; i++) {
        if (i != best && probes[i].usable) {
            printf(", against %.1f with %s", engine_cost(&probes[i]), engine_list[i]->name);
        }
    }
    printf("\n");
    unsigned debugger = engine_best(probes, true);
    if (debugger != best) {
        printf("  auto takes %s for ntmm kd: it has hardware breakpoints\n",
               engine_list[debugger]->name);
    }
}

static bool show_engines(void)
{
    struct engine_probe probes[ENGINE_COUNT];
    engine_measure(probes);
    printf("engines\n");
    for (unsigned i = 0; i < ENGINE_COUNT; i++) {
        printf("  %-8s %s: %s\n", engine_list[i]->name, probes[i].usable ? "usable" : "not usable",
               probes[i].why);
    }
    unsigned best = engine_best(probes, false);
    if (best == ENGINE_COUNT) {
        printf("  no engine can run programs here\n");
        return false;
    }
    show_choice(probes, best);
    return true;
}

/* Whether a program is on PATH. */
static bool on_path(const char *name)
{
    const char *path = getenv("PATH");
    char file[4096];
    while (path && *path) {
        size_t length = strcspn(path, ":");
        snprintf(file, sizeof file, "%.*s/%s", (int)length, path, name);
        if (access(file, X_OK) == 0) {
            return true;
        }
        path += length + (path[length] == ':');
    }
    return false;
}

int cli_doctor(int argc, char **argv)
{
    static const struct {
        const char *name, *purpose, *package;
    } tools[] = {
        {"x86_64-w64-mingw32-gcc", "compiles the labs' programs", "mingw-w64"},
        {"wine64", "the peer of script/bench", "wine64"},
    };
    if (argc > 1) {
        bool help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
        fputs("ntmm doctor\n\nShow what this host offers: engines with their costs, and tools.\n",
              help ? stdout : stderr);
        return help ? 0 : CLI_EXIT_USAGE;
    }
    bool usable = show_engines();
    printf("host\n  %ld processors, %ld MB of memory\n", sysconf(_SC_NPROCESSORS_ONLN),
           sysconf(_SC_PHYS_PAGES) / 1024 * (sysconf(_SC_PAGESIZE) / 1024));
    printf("tools\n");
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        bool found =
            on_path(tools[i].name) || (strcmp(tools[i].name, "wine64") == 0 && on_path("wine"));
        printf("  %-24s %-9s %s%s%s\n", tools[i].name, found ? "found" : "missing",
               tools[i].purpose, found ? "" : "; package ", found ? "" : tools[i].package);
    }
    return usable ? 0 : CLI_EXIT_FAILED;
}
