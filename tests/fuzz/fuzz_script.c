/* tests/fuzz/fuzz_script.c: any text typed at the prompt: expressions, blocks, aliases, commands.
 *
 * The target is the small Windows of tests/kd/world.c, made as it was before each text that changed
 * it. While a text runs, no file can be opened: the limit of descriptors is in the way, whatever
 * .logopen, .writemem or a symbol server is asked for. What runs too long or says too much is ended
 * as Ctrl-C ends it; a command that does not obey is a finding (libFuzzer's -timeout, ctest's). */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "kd/kd.h"
#include "world.h"

#define PATIENCE_MS 20
#define MOST_OUTPUT (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct world *world;
    uint8_t *memory; /* as it was made */
    struct kd_target_ops ops;
    const struct kd_target_ops *own;
    struct kd *volatile kd; /* a signal handler gets no argument */
    struct kd_registers registers;
    uint64_t printed;
    bool changed;
} fuzz;

static int write_physical(struct kd_target *target, uint64_t pa, const void *buffer, size_t size)
{
    fuzz.changed = true;
    return fuzz.own->write_physical(target, pa, buffer, size);
}

static void on_alarm(int signal)
{
    (void)signal;
    if (fuzz.kd != NULL) {
        kd_interrupt(fuzz.kd);
    }
}

static void output(void *owner, const char *text, size_t length)
{
    (void)owner;
    (void)text;
    fuzz.printed += length;
    if (fuzz.printed > MOST_OUTPUT && fuzz.kd != NULL) {
        kd_interrupt(fuzz.kd);
    }
}

static void set_up(void)
{
    if (fuzz.world != NULL) {
        return;
    }
    fuzz.world = world_create(FUZZ_GUEST);
    fuzz.own = fuzz.world->target.ops;
    fuzz.ops = *fuzz.own;
    fuzz.ops.write_physical = write_physical;
    fuzz.world->target.ops = &fuzz.ops;
    fuzz.registers = fuzz.world->registers;
    fuzz.memory = malloc(WORLD_RAM);
    if (fuzz.memory == NULL) {
        abort();
    }
    memcpy(fuzz.memory, fuzz.world->ram, WORLD_RAM);
    signal(SIGALRM, on_alarm);
}

static void allow_files(bool allowed)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = allowed ? limit.rlim_max : 0;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void set_alarm(unsigned milliseconds)
{
    const struct itimerval timer = {.it_value.tv_usec = milliseconds * 1000,
                                    .it_interval.tv_usec = milliseconds * 1000};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* The symbols are open before files are out of reach. */
static void run(struct kd *kd, const char *text)
{
    kd_execute(kd, "x nt!KeNumberProcessors; dt nt!_EPROCESS Pcb");
    fuzz.kd = kd;
    fuzz.printed = 0;
    allow_files(false);
    set_alarm(PATIENCE_MS);
    kd_execute(kd, text);
    set_alarm(0);
    allow_files(true);
    fuzz.kd = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kd *kd;
    char *text = malloc(size + 1);
    set_up();
    const struct kd_config config = {.target = &fuzz.world->target, .output = output};
    if (text == NULL || kd_create(&config, &kd) != 0) {
        abort();
    }
    memcpy(text, data, size);
    text[size] = '\0';
    run(kd, text);
    kd_destroy(kd);
    free(text);
    fuzz.world->registers = fuzz.registers;
    if (fuzz.changed) {
        memcpy(fuzz.world->ram, fuzz.memory, WORLD_RAM);
        fuzz.changed = false;
    }
    return 0;
}
