/* tests/mm/support.c: see support.h. */
#include "support.h"

#include "nt/info.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hw/bits.h"
#include "mm/frames.h"

enum { PROCESSORS = 2 };

const void *guest_module(const char *name, size_t *size)
{
    char path[4096];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", NTMM_GUEST_OUTPUT, name);
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) != 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
        abort();
    }
    void *bytes = malloc((size_t)st.st_size);
    if (!bytes || read(fd, bytes, (size_t)st.st_size) != st.st_size)
        abort();
    close(fd);
    *size = (size_t)st.st_size;
    return bytes;
}

static void on_invalidate(void *owner, struct mm_space *space, const struct mm_page *pages,
                          size_t count)
{
    struct recorder *recorder = owner;

    (void)space;
    __atomic_fetch_add(&recorder->invalidate_calls, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&recorder->pages, count, __ATOMIC_RELAXED);
    (void)pages;
}

static void on_invalidate_tables(void *owner)
{
    struct recorder *recorder = owner;

    __atomic_fetch_add(&recorder->table_calls, 1, __ATOMIC_RELAXED);
}

/* Something happens while pages are being written. */
static void meanwhile(struct recorder *recorder)
{
    void (*happens)(void) = __atomic_load_n(&recorder->during_write, __ATOMIC_RELAXED);

    if (!happens)
        return;
    __atomic_store_n(&recorder->during_write, NULL, __ATOMIC_RELAXED);
    happens();
}

/* ---- files ------------------------------------------------------------------------------------
 */

static struct test_file *file_of(const FILE_OBJECT *object)
{
    return (struct test_file *)object->FsContext2.va;
}

static void on_reference_file(void *owner, FILE_OBJECT *object)
{
    (void)owner;
    __atomic_fetch_add(&file_of(object)->references, 1, __ATOMIC_RELAXED);
}

static void on_dereference_file(void *owner, FILE_OBJECT *object)
{
    (void)owner;
    __atomic_fetch_sub(&file_of(object)->references, 1, __ATOMIC_RELAXED);
}

static bool reaches_bad_page(const struct test_file *file, uint64_t offset, size_t size)
{
    uint64_t bad = __atomic_load_n(&file->bad_page, __ATOMIC_RELAXED);

    return bad != NO_BAD_PAGE && offset < MI_VA(bad + 1) && offset + size > MI_VA(bad);
}

static size_t size_of(const struct iovec *parts, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

static NTSTATUS on_read_file(void *owner, FILE_OBJECT *object, uint64_t offset,
                             const struct iovec *parts, size_t count, size_t *done)
{
    struct test_file *file = file_of(object);
    size_t size = __atomic_load_n(&file->size, __ATOMIC_RELAXED);
    (void)owner;

    __atomic_fetch_add(&file->reads, 1, __ATOMIC_RELAXED);
    *done = 0;
    if (reaches_bad_page(file, offset, size_of(parts, count)))
        return STATUS_IN_PAGE_ERROR;
    for (size_t i = 0; i < count && offset < size; i++) {
        size_t n = parts[i].iov_len < size - offset ? parts[i].iov_len : size - offset;
        mi_copy_racing(parts[i].iov_base, file->bytes + offset, n);
        offset += n;
        *done += n;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS on_write_file(void *owner, FILE_OBJECT *object, uint64_t offset,
                              const struct iovec *parts, size_t count)
{
    struct test_file *file = file_of(object);

    __atomic_fetch_add(&file->writes, 1, __ATOMIC_RELAXED);
    meanwhile(owner);
    if (reaches_bad_page(file, offset, size_of(parts, count)) ||
        offset + size_of(parts, count) > file->capacity)
        return STATUS_DISK_FULL;
    for (size_t i = 0; i < count; i++) {
        mi_copy_racing(file->bytes + offset, parts[i].iov_base, parts[i].iov_len);
        offset += parts[i].iov_len;
    }
    return STATUS_SUCCESS;
}

struct test_file *test_file_create(struct machine *machine, size_t capacity)
{
    struct test_file *file = calloc(1, sizeof(*file));
    const size_t size = sizeof(FILE_OBJECT) + sizeof(SECTION_OBJECT_POINTERS);

    assert_non_null(file);
    file->machine = machine;
    file->capacity = capacity;
    file->bad_page = NO_BAD_PAGE;
    file->bytes = calloc(1, capacity);
    file->object = ex_allocate_pool(machine->mm, NonPagedPool, size, mm_tag("File"));
    assert_non_null(file->bytes);
    assert_non_null(file->object);
    memset(file->object, 0, size);
    file->object->FsContext2.va = (uint64_t)file;
    file->object->SectionObjectPointer.va = h2k(&machine->ke.ks, file->object + 1);
    return file;
}

void test_file_destroy(struct test_file *file)
{
    ex_free_pool(file->machine->mm, file->object);
    free(file->bytes);
    free(file);
}

SECTION_OBJECT_POINTERS *test_file_sections(const struct test_file *file)
{
    return (SECTION_OBJECT_POINTERS *)(file->object + 1);
}

static unsigned on_page_priority(void *owner)
{
    const struct recorder *recorder = owner;

    return MEMORY_PRIORITY_NORMAL - recorder->below_normal;
}

static const struct mm_ops recorder_ops = {.page_priority = on_page_priority,
                                           .invalidate = on_invalidate,
                                           .invalidate_tables = on_invalidate_tables,
                                           .reference_file = on_reference_file,
                                           .dereference_file = on_dereference_file,
                                           .read_file = on_read_file,
                                           .write_file = on_write_file};

/* ---- paging files in memory, which can be made to fail -------------------------------------- */

struct storage {
    struct recorder *recorder;
    char *bytes;
    uint64_t size;
};

static NTSTATUS storage_open(void *owner, unsigned number, uint64_t size, void **storage)
{
    struct storage *made = malloc(sizeof(*made));

    (void)number;
    if (!made)
        return STATUS_INSUFFICIENT_RESOURCES;
    *made = (struct storage){.recorder = owner, .bytes = calloc(1, size), .size = size};
    *storage = made;
    return made->bytes ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static bool may_go_on(size_t *calls, long *left)
{
    __atomic_fetch_add(calls, 1, __ATOMIC_RELAXED);
    long now = __atomic_load_n(left, __ATOMIC_RELAXED);
    if (now > 0)
        __atomic_fetch_sub(left, 1, __ATOMIC_RELAXED);
    return now != 0;
}

static NTSTATUS storage_read(void *storage, uint64_t offset, const struct iovec *parts, int count)
{
    struct storage *s = storage;

    if (!may_go_on(&s->recorder->reads, &s->recorder->reads_left))
        return STATUS_IO_DEVICE_ERROR;
    for (int i = 0; i < count; offset += parts[i++].iov_len)
        memcpy(parts[i].iov_base, s->bytes + offset, parts[i].iov_len);
    return STATUS_SUCCESS;
}

static NTSTATUS storage_write(void *storage, uint64_t offset, const struct iovec *parts, int count)
{
    struct storage *s = storage;

    meanwhile(s->recorder);
    if (!may_go_on(&s->recorder->writes, &s->recorder->writes_left))
        return STATUS_DISK_FULL;
    for (int i = 0; i < count; offset += parts[i++].iov_len)
        memcpy(s->bytes + offset, parts[i].iov_base, parts[i].iov_len);
    return STATUS_SUCCESS;
}

static NTSTATUS storage_extend(void *storage, uint64_t size)
{
    struct storage *s = storage;
    char *bytes = calloc(1, size);

    if (!bytes)
        return STATUS_INSUFFICIENT_RESOURCES;
    memcpy(bytes, s->bytes, s->size);
    free(s->bytes);
    *s = (struct storage){.recorder = s->recorder, .bytes = bytes, .size = size};
    return STATUS_SUCCESS;
}

static void storage_close(void *storage)
{
    struct storage *s = storage;

    free(s->bytes);
    free(s);
}

const struct mm_paging_ops test_paging_ops = {.open = storage_open,
                                              .read = storage_read,
                                              .write = storage_write,
                                              .extend = storage_extend,
                                              .close = storage_close};

static void on_message(void *context, enum log_level level, const char *message)
{
    struct recorder *recorder = context;

    (void)level;
    recorder->messages++;
    snprintf(recorder->message, sizeof(recorder->message), "%s", message);
}

/* `config` says what is special about the machine. */
static void create(struct machine *machine, struct mm_config *config, int flags)
{
    size_t size;
    const void *nt = guest_module("ntoskrnl.exe", &size);

    memset(machine, 0, sizeof(*machine));
    machine->recorder.reads_left = machine->recorder.writes_left = -1;
    machine->log =
        (struct log){.level = LOG_DEBUG, .write = on_message, .context = &machine->recorder};
    config->ke = &machine->ke;
    config->maxphyaddr = 40;
    config->nt_image = nt;
    config->nt_image_size = size;
    config->ops = flags & WITH_ENGINE ? &recorder_ops : NULL;
    config->owner = &machine->recorder;
    config->log = &machine->log;
    config->no_threads = !(flags & WITH_THREADS);
    assert_ok(mm_create(config, &machine->mm));
    free((void *)nt);
    for (int i = 0; i < PROCESSORS; i++) {
        KPCR *pcr = ex_allocate_pool(machine->mm, NonPagedPool, sizeof(KPCR), mm_tag("Kpcr"));
        assert_non_null(pcr);
        memset(pcr, 0, sizeof(*pcr));
        mm_initialize_processor(machine->mm, pcr);
        assert_ok(ke_add_processor(&machine->ke, pcr, NULL));
    }
}

void machine_create(struct machine *machine, uint64_t ram, uint64_t pagefile, int flags)
{
    machine_create_on(machine, ram, pagefile, flags, NULL);
}

void machine_create_on(struct machine *machine, uint64_t ram, uint64_t pagefile, int flags,
                       const struct mm_paging_ops *paging)
{
    struct mm_config config = {.ram_size = ram, .pagefile_size = pagefile, .paging = paging};

    create(machine, &config, flags);
}

void machine_create_with_cache(struct machine *machine, uint64_t ram, uint32_t size, uint32_t ways)
{
    struct mm_config config = {.ram_size = ram, .cache_size = size, .cache_ways = ways};

    create(machine, &config, 0);
}

void machine_destroy(struct machine *machine)
{
    assert_consistent(machine);
    mm_destroy(machine->mm);
}

void assert_consistent(struct machine *machine)
{
    size_t violations = mm_check(machine->mm);

    if (violations)
        fprintf(stderr, "%s\n", machine->recorder.message);
    assert_int_equal(violations, 0);
}

struct mm_space *process_create(struct machine *machine)
{
    struct mm_space *space = NULL;
    EPROCESS *process =
        ex_allocate_pool(machine->mm, NonPagedPool, sizeof(EPROCESS), mm_tag("Proc"));

    assert_non_null(process);
    memset(process, 0, sizeof(*process));
    assert_ok(mm_space_create(machine->mm, process, false, &space));
    return space;
}

void process_destroy(struct machine *machine, struct mm_space *space)
{
    EPROCESS *process = mm_space_process(space);

    mm_space_clean(space);
    mm_space_destroy(space);
    assert_int_equal(process->CommitCharge, 0);
    assert_int_equal(process->VirtualSize, 0);
    assert_int_equal(process->NumberOfPrivatePages, 0);
    assert_int_equal(process->Vm.WorkingSetSize, MI_FIXED_WSLES);
    ex_free_pool(machine->mm, process);
}

/* ---- what else happens ----------------------------------------------------------------------- */

/* Take frames until only `rest` are available, and give them back. */
static void take_frames(struct machine *machine, enum mi_page_want want, uint64_t rest)
{
    struct mm *mm = machine->mm;
    uint64_t pfn, first = MI_LIST_END;

    while (__atomic_load_n(machine->ke.nt.MmAvailablePages, __ATOMIC_RELAXED) > rest &&
           mi_allocate_page(mm, want, &pfn)) {
        *(uint64_t *)mi_frame(mm, pfn) = first;
        first = pfn;
    }
    while (first != MI_LIST_END) {
        pfn = first;
        first = *(uint64_t *)mi_frame(mm, pfn);
        mi_free_page(mm, pfn);
    }
}

void take_all_frames(struct machine *machine)
{
    take_frames(machine, MI_PAGE_ANY, 0);
}

void disturb(struct machine *machine, uint64_t *random)
{
    struct mm *mm = machine->mm;
    size_t most = 1 + random_below(random, 300);
    bool busy, fails = random_below(random, 8) == 0;

    __atomic_store_n(&machine->recorder.writes_left, fails ? 0 : -1, __ATOMIC_RELAXED);
    switch (random_below(random, 6)) {
    case 0:
        mi_trim_all(mm, most, false, &busy);
        break;
    case 1:
    case 2:
        mi_trim_all(mm, most, true, &busy);
        break;
    case 3:
        mi_write_modified(mm, most);
        break;
    case 4:
        mi_write_mapped(mm, most);
        break;
    default:
        take_frames(machine, MI_PAGE_USER, 256);
        break;
    }
    __atomic_store_n(&machine->recorder.writes_left, -1, __ATOMIC_RELAXED);
}

static void *disturb_always(void *context)
{
    struct disturber *d = context;

    while (!__atomic_load_n(&d->stop, __ATOMIC_RELAXED)) {
        disturb(d->machine, &d->random);
        usleep(random_below(&d->random, 300));
    }
    return NULL;
}

void disturber_start(struct disturber *disturber, struct machine *machine, uint64_t random)
{
    *disturber = (struct disturber){.machine = machine, .random = random | 1};
    assert_int_equal(pthread_create(&disturber->thread, NULL, disturb_always, disturber), 0);
}

void disturber_stop(struct disturber *disturber)
{
    __atomic_store_n(&disturber->stop, true, __ATOMIC_RELAXED);
    pthread_join(disturber->thread, NULL);
}

struct mm_statistics settled(struct machine *machine)
{
    struct mm_statistics statistics;

    mm_settle(machine->mm);
    mm_get_statistics(machine->mm, &statistics);
    return statistics;
}

void assert_same_pages(const struct mm_statistics *a, const struct mm_statistics *b)
{
    assert_int_equal(a->zeroed, b->zeroed);
    assert_int_equal(a->free, b->free);
    assert_int_equal(a->modified, b->modified);
    assert_int_equal(a->active, b->active);
    assert_int_equal(a->committed_pages, b->committed_pages);
    assert_int_equal(a->page_table_pages, b->page_table_pages);
    assert_int_equal(a->nonpaged_pool_bytes, b->nonpaged_pool_bytes);
    assert_int_equal(a->paged_pool_bytes, b->paged_pool_bytes);
}

uint64_t reserve(struct mm_space *space, uint64_t base, uint64_t size)
{
    assert_ok(mm_allocate_virtual_memory(space, &base, 0, &size, MEM_RESERVE, PAGE_NOACCESS));
    return base;
}

uint64_t allocate(struct mm_space *space, uint64_t base, uint64_t size, uint32_t to)
{
    assert_ok(mm_allocate_virtual_memory(space, &base, 0, &size, MEM_RESERVE | MEM_COMMIT, to));
    return base;
}

NTSTATUS commit(struct mm_space *space, uint64_t base, uint64_t size, uint32_t to)
{
    return mm_allocate_virtual_memory(space, &base, 0, &size, MEM_COMMIT, to);
}

NTSTATUS decommit(struct mm_space *space, uint64_t base, uint64_t size)
{
    return mm_free_virtual_memory(space, &base, &size, MEM_DECOMMIT);
}

NTSTATUS release(struct mm_space *space, uint64_t base, uint64_t size)
{
    return mm_free_virtual_memory(space, &base, &size, MEM_RELEASE);
}

NTSTATUS protect(struct mm_space *space, uint64_t base, uint64_t size, uint32_t to)
{
    uint32_t old;

    return mm_protect_virtual_memory(space, &base, &size, to, &old);
}

MEMORY_BASIC_INFORMATION query(struct mm_space *space, uint64_t address)
{
    MEMORY_BASIC_INFORMATION information;

    assert_ok(mm_query_virtual_memory(space, address, &information));
    return information;
}

NTSTATUS read_byte(struct mm_space *space, uint64_t va, uint8_t *byte)
{
    return mm_copy_from_user(space, byte, va, 1);
}

NTSTATUS write_byte(struct mm_space *space, uint64_t va, uint8_t byte)
{
    return mm_copy_to_user(space, va, &byte, 1);
}

NTSTATUS execute(struct mm_space *space, uint64_t va)
{
    return mm_access_fault(space, va,
                           hw_fault_set_fetch(hw_fault_set_user((hw_fault){0}, 1), 1).value);
}
