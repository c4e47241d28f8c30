/* src/engine/native.c: the native engine: user code in processes of the host.
 *
 * Needs no virtualisation: each address space is a Linux process that holds nothing but the guest's
 * pages and a small stub, and may make no system call. See docs/native.md.
 */
#define _GNU_SOURCE
#include "engine/native.h"
#include "engine/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAPPINGS_DEFAULT = 65530, MAPPINGS_SPARE = 1000, CPUS_MAX = 64 };
enum { HWCAP2_FSGSBASE_BIT = 1 << 1 };

extern const uint8_t native_stub_begin[], native_stub_end[];

static size_t native_trap_area_pages(unsigned cpus)
{
    (void)cpus;
    return 0;
}

/* How many mappings Linux lets a process have. */
static size_t mappings_max(void)
{
    unsigned long value = MAPPINGS_DEFAULT;
    FILE *f = fopen("/proc/sys/vm/max_map_count", "re");
    if (f) {
        if (fscanf(f, "%lu", &value) != 1) {
            value = MAPPINGS_DEFAULT;
        }
        fclose(f);
    }
    return value > 2 * MAPPINGS_SPARE ? value - MAPPINGS_SPARE : MAPPINGS_SPARE;
}

static int create_stub(void)
{
    size_t size = (size_t)(native_stub_end - native_stub_begin);
    int fd = memfd_create("ntmm-sandbox", MFD_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    if (write(fd, native_stub_begin, size) != (ssize_t)size) {
        close(fd);
        return -EIO;
    }
    return fd;
}

static void native_destroy(struct engine *engine)
{
    if (engine->ram) {
        munmap(engine->ram, engine->ram_size);
    }
    if (engine->ram_fd >= 0) {
        close(engine->ram_fd);
    }
    if (engine->stub_fd >= 0) {
        close(engine->stub_fd);
    }
    pthread_mutex_destroy(&engine->lock);
    free(engine->cpu);
    free(engine);
}

static int init_engine(struct engine *engine, const struct engine_config *config)
{
    engine->cpu = calloc(config->cpus, sizeof(*engine->cpu));
    if (!engine->cpu) {
        return -ENOMEM;
    }
    engine->ram_fd = fcntl(config->ram_fd, F_DUPFD_CLOEXEC, 0);
    if (engine->ram_fd < 0) {
        return -errno;
    }
    void *ram = mmap(NULL, engine->ram_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                     engine->ram_fd, 0);
    if (ram == MAP_FAILED) {
        return -errno;
    }
    engine->ram = ram;
    engine->stub_fd = create_stub();
    return engine->stub_fd < 0 ? engine->stub_fd : 0;
}

static int native_create(const struct engine_config *config, struct engine **out)
{
    if (!config->ram_size || config->ram_size % NATIVE_PAGE_SIZE || !config->cpus ||
        config->cpus > CPUS_MAX) {
        return -EINVAL;
    }
    if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT)) {
        return -EOPNOTSUPP;
    }
    struct engine *engine = calloc(1, sizeof(*engine));
    if (!engine) {
        return -ENOMEM;
    }
    *engine = (struct engine){
        .ram_size = config->ram_size,
        .maxphyaddr = config->maxphyaddr,
        .cpus = config->cpus,
        .ram_fd = -1,
        .stub_fd = -1,
        .pages_max = mappings_max(),
        .while_waiting = config->while_waiting,
        .owner = config->owner,
        .spin = engine_spin_measure(),
    };
    pthread_mutex_init(&engine->lock, NULL);
    int rc = init_engine(engine, config);
    if (rc) {
        native_destroy(engine);
        return rc;
    }
    *out = engine;
    return 0;
}

/* ---- spaces ---- */

static void enlist(struct engine_space *space)
{
    struct engine *engine = space->engine;
    pthread_mutex_lock(&engine->lock);
    space->next = engine->spaces;
    engine->spaces = space;
    pthread_mutex_unlock(&engine->lock);
}

static void delist(struct engine_space *space)
{
    struct engine *engine = space->engine;
    pthread_mutex_lock(&engine->lock);
    struct engine_space **link = &engine->spaces;
    while (*link && *link != space) {
        link = &(*link)->next;
    }
    if (*link) {
        *link = space->next;
    }
    native_cpu_forget_space(engine, space);
    pthread_mutex_unlock(&engine->lock);
}

static void native_space_destroy(struct engine_space *space)
{
    delist(space);
    native_sandbox_stop(space);
    native_shadow_deinit(&space->shadow);
    pthread_mutex_destroy(&space->lock);
    free(space->tasks);
    free(space);
}

static int native_space_create(struct engine *engine, uint64_t cr3, struct engine_space **out)
{
    if (cr3 % NATIVE_PAGE_SIZE || cr3 >= engine->ram_size) {
        return -EINVAL;
    }
    struct engine_space *space = calloc(1, sizeof(*space));
    if (!space) {
        return -ENOMEM;
    }
    *space = (struct engine_space){.engine = engine, .cr3 = cr3};
    pthread_mutex_init(&space->lock, NULL);
    space->tasks = calloc(engine->cpus, sizeof(*space->tasks));
    int rc = native_shadow_init(&space->shadow);
    if (!rc && !space->tasks) {
        rc = -ENOMEM;
    }
    if (!rc) {
        rc = native_sandbox_start(space);
    }
    if (rc) {
        native_space_destroy(space);
        return rc;
    }
    enlist(space);
    *out = space;
    return 0;
}

static void native_probe(struct engine_probe *out)
{
    *out = (struct engine_probe){0};
    if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT)) {
        snprintf(out->why, sizeof(out->why),
                 "the processor or the kernel (5.9 or later) lacks FSGSBASE");
        return;
    }
    engine_trial(&engine_native, NULL, out);
}

const struct engine_ops engine_native = {
    .name = "native",
    .gate = NATIVE_GATE,
    .probe = native_probe,
    .trap_area_pages = native_trap_area_pages,
    .create = native_create,
    .destroy = native_destroy,
    .space_create = native_space_create,
    .space_destroy = native_space_destroy,
    .space_retire = native_sandbox_retire,
    .cpu_create = native_cpu_create,
    .cpu_destroy = native_cpu_destroy,
    .run = native_cpu_run,
    .sync_context = native_cpu_sync_context,
    .kick = native_cpu_kick,
    .invalidate = native_invalidate,
    .invalidate_tables = native_invalidate_tables,
};
