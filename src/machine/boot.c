/* src/machine/boot.c: from options to a running executive, and down again.
 *
 * Parts come up from the lowest row; each may use those below. On failure, and in the end, what is
 * up goes down in reverse order: every deinit bears never having been initialised.
 *
 *      files of the guest system -> mm (RAM, nt) -> ke (processors, time) -> ob -> io (C:) -> ps
 *      (System) -> sys -> engine
 */
#include "machine/boot.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "machine/debug.h"
#include "machine/launch.h"
#include "machine/registry.h"
#include "machine/system.h"
#include "machine/target.h"
#include "pe/pe.h"

#define DEFAULT_RAM (512ull << 20)
#define DEFAULT_PAGEFILE (1ull << 30)
#define DEFAULT_MAXPHYADDR 40
#define MAXIMUM_DEFAULT_CPUS 8
#define RAM_GRANULE (2ull << 20)
#define LEAST_RAM (32ull << 20)
#define SYSTEM_FILE_LIMIT (64u << 20)

void machine_error(char *error, size_t error_size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (error && error_size) {
        vsnprintf(error, error_size, format, arguments);
    }
    va_end(arguments);
}

/* ---- options ------------------------------------------------------------------------------------
 */

static NTSTATUS settle_options(struct ntmm_machine *m, const ntmm_options *options, char *error,
                               size_t error_size)
{
    ntmm_options *o = &m->options;
    *o = *options;
    o->ram_size = o->ram_size ? o->ram_size : DEFAULT_RAM;
    o->pagefile_size = o->pagefile_count  ? 0
                       : o->pagefile_size ? o->pagefile_size
                                          : DEFAULT_PAGEFILE;
    o->maxphyaddr = o->maxphyaddr ? o->maxphyaddr : DEFAULT_MAXPHYADDR;
    o->engine = o->engine ? o->engine : "none";
    if (!o->cpus) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        o->cpus = online < 1                      ? 1
                  : online > MAXIMUM_DEFAULT_CPUS ? MAXIMUM_DEFAULT_CPUS
                                                  : (unsigned)online;
    }
    if (o->ram_size % RAM_GRANULE || o->ram_size < LEAST_RAM) {
        machine_error(error, error_size, "RAM must be a multiple of 2 MB and at least 32 MB");
        return STATUS_INVALID_PARAMETER;
    }
    if (o->maxphyaddr < 36 || o->maxphyaddr > 52 || o->ram_size > 1ull << o->maxphyaddr) {
        machine_error(error, error_size, "MAXPHYADDR must be 36 to 52 and cover the RAM");
        return STATUS_INVALID_PARAMETER;
    }
    if (o->cpus > KE_MAXIMUM_PROCESSORS) {
        machine_error(error, error_size, "at most %d processors", KE_MAXIMUM_PROCESSORS);
        return STATUS_INVALID_PARAMETER;
    }
    m->cpu_count = o->cpus;
    m->log = (struct log){.level = (enum log_level)o->log_level,
                          .write = (void (*)(void *, enum log_level, const char *))(void *)o->log,
                          .context = o->log_context};
    return STATUS_SUCCESS;
}

/* The folder of the guest's system files: as given, or `guest` beside the running command. */
static NTSTATUS find_system_root(struct ntmm_machine *m, char *error, size_t error_size)
{
    char path[PATH_MAX];
    if (m->options.system_root) {
        snprintf(path, sizeof path, "%s", m->options.system_root);
    } else {
        ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof "/guest");
        char *slash = length > 0 ? memrchr(path, '/', (size_t)length) : NULL;
        if (!slash) {
            machine_error(error, error_size, "cannot find the guest's system files");
            return STATUS_OBJECT_PATH_NOT_FOUND;
        }
        strcpy(slash, "/guest");
    }
    m->system_root = realpath(path, NULL);
    if (!m->system_root) {
        machine_error(error, error_size,
                      "no guest system files in %s: run script/build, or name their folder", path);
        return STATUS_OBJECT_PATH_NOT_FOUND;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS read_system_file(struct ntmm_machine *m, const char *name,
                                 struct host_file_bytes *file, char *error, size_t error_size)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", m->system_root, name);
    NTSTATUS status =
        length < PATH_MAX ? host_read_file(path, SYSTEM_FILE_LIMIT, file) : STATUS_NAME_TOO_LONG;
    if (!NT_SUCCESS(status)) {
        machine_error(error, error_size, "cannot read %s: run script/build, or name its folder",
                      path);
    }
    return status;
}

/* ---- up -----------------------------------------------------------------------------------------
 */

/* Those that the options name one by one. */
static NTSTATUS create_pagefiles(struct ntmm_machine *m, char *error, size_t error_size)
{
    for (size_t i = 0; i < m->options.pagefile_count; i++) {
        const ntmm_pagefile *file = &m->options.pagefiles[i];
        NTSTATUS status = mm_create_paging_file(m->mm, file->minimum,
                                                file->maximum ? file->maximum : file->minimum);
        if (!NT_SUCCESS(status)) {
            machine_error(error, error_size,
                          "page file %zu cannot be made (status 0x%08x); there are at most %d",
                          i + 1, (unsigned)status, NTMM_PAGEFILES);
            return status;
        }
    }
    m->options.pagefiles = NULL; /* the caller's */
    return STATUS_SUCCESS;
}

static NTSTATUS boot_memory(struct ntmm_machine *m, char *error, size_t error_size)
{
    const struct mm_config config = {
        .ke = &m->ke,
        .ram_size = m->options.ram_size,
        .pagefile_size = m->options.pagefile_size,
        .maxphyaddr = m->options.maxphyaddr,
        .nt_image = m->nt.bytes,
        .nt_image_size = m->nt.size,
        .ops = machine_mm_ops(m),
        .owner = m,
        .log = &m->log,
    };
    NTSTATUS status = mm_create(&config, &m->mm);
    if (!NT_SUCCESS(status)) {
        machine_error(error, error_size, "cannot boot in %llu MB of RAM (status 0x%08x)",
                      (unsigned long long)(m->options.ram_size >> 20), (unsigned)status);
    }
    return NT_SUCCESS(status) ? create_pagefiles(m, error, error_size) : status;
}

static NTSTATUS boot_executive(struct ntmm_machine *m)
{
    NTSTATUS status = ob_create(m->mm, &m->ke, &m->ob);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    static const int own[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    const int *console = m->options.console ? m->options.console : own;
    const struct io_config io = {
        .ob = m->ob, .ke = &m->ke, .console = {console[0], console[1], console[2]}};
    status = io_create(&io, &m->io);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    m->ps = (struct ps){.ke = &m->ke,
                        .mm = m->mm,
                        .ob = m->ob,
                        .io = m->io,
                        .log = &m->log,
                        .ops = &machine_ps_ops,
                        .owner = m};
    status = ps_init(&m->ps);
    if (NT_SUCCESS(status)) {
        status = ps_set_ntdll(&m->ps, m->ntdll.bytes, m->ntdll.size);
    }
    return NT_SUCCESS(status) ? registry_create(m) : status;
}

/* KiServiceTable and the stubs behind it, through nt's export NtmmServices. */
static NTSTATUS boot_services(struct ntmm_machine *m)
{
    struct pe_image nt;
    struct pe_export found;
    if (pe_open(&nt, m->nt.bytes, m->nt.size) != PE_OK ||
        pe_find_export(&nt, "NtmmServices", &found) != PE_OK) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    const uint64_t *addresses = kspace_host(&m->ke.ks, m->ke.nt_base + found.rva);
    m->sys = (struct sys){
        .ke = &m->ke, .mm = m->mm, .ob = m->ob, .io = m->io, .ps = &m->ps, .cm = m->cm};
    m->sys.table_va = addresses[0];
    m->sys.table = kspace_host(&m->ke.ks, addresses[0]);
    m->sys.stubs_va = addresses[1];
    return sys_init(&m->sys);
}

static NTSTATUS boot(struct ntmm_machine *m, char *error, size_t error_size)
{
    NTSTATUS status = find_system_root(m, error, error_size);
    if (NT_SUCCESS(status)) {
        status = read_system_file(m, "ntoskrnl.exe", &m->nt, error, error_size);
    }
    if (NT_SUCCESS(status)) {
        status = read_system_file(m, "ntdll.dll", &m->ntdll, error, error_size);
    }
    if (NT_SUCCESS(status)) {
        status = boot_memory(m, error, error_size);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    machine_error(error, error_size, "cannot boot the executive");
    shared_data_init(m);
    status = cpus_init(m);
    if (NT_SUCCESS(status)) {
        status = ke_start_clock(&m->ke);
    }
    if (NT_SUCCESS(status)) {
        status = boot_executive(m);
    }
    if (NT_SUCCESS(status)) {
        status = boot_services(m);
    }
    if (NT_SUCCESS(status)) {
        status = modules_init(m);
    }
    if (NT_SUCCESS(status)) {
        status = engine_init(m, error, error_size);
    }
    if (NT_SUCCESS(status)) {
        shared_data_set_gate(m);
    }
    return NT_SUCCESS(status) ? launch_mount(m, error, error_size) : status;
}

ntmm_status ntmm_machine_create(const ntmm_options *options, ntmm_machine **machine, char *error,
                                size_t error_size)
{
    struct ntmm_machine *m = calloc(1, sizeof *m);
    if (!m) {
        machine_error(error, error_size, "out of host memory");
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (pthread_key_create(&m->current_thread, NULL)) {
        machine_error(error, error_size, "too many machines in one process");
        free(m);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->check_lock, NULL);
    pthread_mutex_init(&m->folders_lock, NULL);
    pthread_cond_init(&m->changed, NULL);
    debug_init(m, options->debugger);
    ke_init(&m->ke);
    m->ke.owner = m;
    m->ke.bug_check = machine_bug_check;
    m->ke.ops = &machine_ke_ops;
    NTSTATUS status = settle_options(m, options, error, error_size);
    if (NT_SUCCESS(status)) {
        status = boot(m, error, error_size);
    }
    if (NT_SUCCESS(status) && (options->system_processes || options->debugger)) {
        status = cm_ready(m->cm);
    }
    if (NT_SUCCESS(status) && options->system_processes) {
        status = system_start(m, error, error_size);
    }
    if (NT_SUCCESS(status) && options->debugger) {
        mm_await_boot(m->mm);
        status = target_create(m);
    }
    if (!NT_SUCCESS(status)) {
        ntmm_machine_destroy(m);
        return status;
    }
    machine_error(error, error_size, "%s", "");
    *machine = m;
    return STATUS_SUCCESS;
}

/* ---- down ---------------------------------------------------------------------------------------
 */

void ntmm_machine_destroy(ntmm_machine *m)
{
    if (atomic_load(&m->crashed)) {
        io_abandon(m->io); /* nothing else: see crash.c */
        return;
    }
    launch_end_all(m);
    target_destroy(m);
    ke_stop_clock(&m->ke);
    if (m->ps.ob) {
        ps_deinit(&m->ps);
    }
    if (m->cm) {
        cm_destroy(m->cm);
    }
    if (m->io) {
        io_destroy(m->io);
    }
    if (m->ob) {
        ob_destroy(m->ob);
    }
    engine_deinit(m);
    if (m->mm) {
        mm_destroy(m->mm);
    }
    ke_deinit(&m->ke);
    launch_unmount(m);
    host_free_bytes(&m->nt);
    host_free_bytes(&m->ntdll);
    free(m->system_root);
    debug_deinit(m);
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->check_lock);
    pthread_mutex_destroy(&m->folders_lock);
    pthread_mutex_destroy(&m->lock);
    pthread_key_delete(m->current_thread);
    free(m);
}
