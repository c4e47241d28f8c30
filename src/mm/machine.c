/* src/mm/machine.c: the life of one machine's memory: create, destroy, statistics. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "mm/color.h"
#include "mm/frames.h"
#include "mm/section.h"
#include "mm/system.h"
#include "mm/vad.h"

#define LEAST_RAM (16ull << 20)

static const struct mm_ops no_ops;

static bool config_is_valid(const struct mm_config *config)
{
    return config->ke && config->nt_image && config->ram_size >= LEAST_RAM &&
           config->ram_size % MI_TABLE_SPAN == 0 && config->maxphyaddr >= 36 &&
           config->maxphyaddr <= 52 && config->ram_size - 1 < 1ull << config->maxphyaddr;
}

static NTSTATUS create_ram(struct mm *mm)
{
    void *ram;
    NTSTATUS status = host_memory_create("ntmm-ram", mm->ram_size, &mm->ram_fd);

    if (!NT_SUCCESS(status))
        return status;
    status = host_memory_map(mm->ram_fd, 0, mm->ram_size, &ram);
    if (NT_SUCCESS(status))
        mm->ram = ram;
    return status;
}

/* The variables of nt that describe memory. Those of the lists are kept by pfn.c and commit.c. */
static void set_globals(struct mm *mm)
{
    struct nt_globals *nt = &mm->ke->nt;
    const struct mi_region *pool = &mm->nonpaged, *paged = &mm->paged, *ptes = &mm->system_ptes;

    uint64_t available = *nt->MmAvailablePages;
    nt->MmPfnDatabase->va = MM_PFN_DATABASE;
    *nt->MmNumberOfPhysicalPages = mm->frames;
    *nt->MmLowestPhysicalPage = 1;
    *nt->MmHighestPhysicalPage = mm->frames - 1;
    *nt->MmResidentAvailablePages = mm->resident = available;
    *nt->MmTotalCommitLimit = available;
    nt->MmSystemRangeStart->va = MM_SYSTEM_RANGE_START;
    nt->MmUserProbeAddress->va = MM_USER_PROBE_ADDRESS;
    nt->MmHighestUserAddress->va = MM_HIGHEST_USER_ADDRESS;
    nt->MmNonPagedPoolStart->va = pool->start;
    nt->MmNonPagedPoolEnd->va = pool->start + MI_VA(pool->pages);
    *nt->MmMaximumNonPagedPoolInBytes = MI_VA(pool->pages);
    nt->MmPagedPoolStart->va = paged->start;
    nt->MmPagedPoolEnd->va = paged->start + MI_VA(paged->pages) - 1;
    *nt->MmSizeOfPagedPoolInBytes = MI_VA(paged->pages);
    nt->MmSystemPtesStart->va = ptes->start;
    nt->MmSystemPtesEnd->va = ptes->start + MI_VA(ptes->pages) - 1;
}

static NTSTATUS boot(struct mm *mm, const struct mm_config *config)
{
    uint64_t first_free = 0;
    NTSTATUS status = create_ram(mm);
    if (NT_SUCCESS(status))
        status = mi_boot_system_space(mm, &first_free);
    if (!NT_SUCCESS(status))
        return status;
    mi_boot_divide_frames(mm, first_free);
    status = mi_boot_nt(mm, config->nt_image, config->nt_image_size);
    if (!NT_SUCCESS(status))
        return status;
    mi_boot_early_frames(mm);
    set_globals(mm);
    if (!mm->threads)
        mi_list_all_frames(mm);
    status = mi_pool_boot(mm);
    if (NT_SUCCESS(status))
        status = mi_inpage_boot(mm);
    if (NT_SUCCESS(status) && config->pagefile_size >= MI_LEAST_PAGING_FILE)
        status = mm_create_paging_file(mm, config->pagefile_size, config->pagefile_size);
    return status;
}

NTSTATUS mm_create(const struct mm_config *config, struct mm **out)
{
    if (!config_is_valid(config))
        return STATUS_INVALID_PARAMETER;
    struct mm *mm = calloc(1, sizeof(*mm));
    if (!mm)
        return STATUS_INSUFFICIENT_RESOURCES;
    mm->ke = config->ke;
    mm->ops = config->ops ? config->ops : &no_ops;
    mm->owner = config->owner;
    mm->log = config->log;
    mm->maxphyaddr = config->maxphyaddr;
    mm->ram_fd = -1;
    mm->ram_size = config->ram_size;
    mm->frames = MI_VPN(config->ram_size);
    mm->run_rover = 1;
    mm->quarantine.first = MI_LIST_END;
    for (unsigned i = 0; i < MI_HERE_SLOTS; i++)
        mm->here[i].next_frame = MI_LIST_END;
    mi_slist_initialize(mm);
    mm->vad_index_from = MI_VAD_INDEX_FROM;
    mi_colors_initialize(mm, config->cache_size, config->cache_ways);
    ke_lock_init(&mm->pfn_lock, KE_RANK_PFN);
    ke_lock_init(&mm->sections_lock, KE_RANK_SECTION);
    ke_lock_init(&mm->reclaim_lock, KE_RANK_RECLAIM);
    mi_paging_files_initialize(mm, config->paging);
    list_init(&mm->controls);
    pthread_mutex_init(&mm->sessions_lock, NULL);
    pthread_mutex_init(&mm->spaces_lock, NULL);
    list_init(&mm->spaces);
    mi_balance_initialize(mm, !config->no_threads);
    NTSTATUS status = boot(mm, config);
    if (!NT_SUCCESS(status)) {
        mm_destroy(mm);
        return status;
    }
    *out = mm;
    return STATUS_SUCCESS;
}

void mm_destroy(struct mm *mm)
{
    if (!mm)
        return;
    for (int i = 0; i < MI_WORKERS; i++)
        mi_worker_stop(&mm->worker[i]);
    ASSERT(list_empty(&mm->spaces) && list_empty(&mm->controls));
    mi_free_control_table(mm);
    mi_paging_files_close(mm);
    mi_paged_pool_close(mm);
    mi_region_destroy(&mm->nonpaged);
    mi_region_destroy(&mm->paged);
    mi_region_destroy(&mm->system_ptes);
    if (mm->ram)
        host_memory_unmap(mm->ram, mm->ram_size);
    if (mm->ram_fd >= 0)
        close(mm->ram_fd);
    pthread_mutex_destroy(&mm->sessions_lock);
    pthread_mutex_destroy(&mm->spaces_lock);
    for (int i = 0; i < MI_WORKERS; i++)
        mi_worker_deinitialize(&mm->worker[i]);
    free(mm->check.words);
    free(mm->check.copies);
    free(mm);
}

int mm_ram_fd(const struct mm *mm)
{
    return mm->ram_fd;
}

uint8_t *mm_ram(const struct mm *mm)
{
    return mm->ram;
}

uint64_t mm_ram_size(const struct mm *mm)
{
    return mm->ram_size;
}

void mm_await_boot(struct mm *mm)
{
    mi_list_all_frames(mm);
}

void mm_prepare_frame(struct mm *mm)
{
    uint64_t pfn = __atomic_load_n(&mi_here(mm)->next_frame, __ATOMIC_RELAXED);

    if (pfn < mm->frames)
        (void)*(const volatile uint8_t *)mi_frame(mm, pfn);
    mi_zero_while_waiting(mm);
}

void mm_settle(struct mm *mm)
{
    mi_list_all_frames(mm);
    mi_slist_drain_all(mm);
    mi_vad_free_all_spares(mm);
    mi_region_trim(&mm->nonpaged);
    mi_region_trim(&mm->paged);
    mi_paged_pool_settle(mm);
    mi_release_quarantine(mm);
    mi_drain_cached_commit(mm);
    mi_pause_workers(mm); /* they may have pages in hand */
    mi_zero_free_pages(mm, SIZE_MAX);
    mi_resume_workers(mm);
}

static uint64_t count_tables(struct mm *mm)
{
    uint64_t tables = 0;

    pthread_mutex_lock(&mm->spaces_lock);
    list_for_each(node, &mm->spaces) tables +=
        __atomic_load_n(&list_entry(node, struct mm_space, link)->tables, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&mm->spaces_lock);
    return tables;
}

/* Processors count, 32 bits wide. */
static uint64_t read_count(const LONG *count)
{
    return (ULONG)__atomic_load_n(count, __ATOMIC_RELAXED);
}

static void sum_counts(const struct mm *mm, struct mm_statistics *out)
{
    const struct ke_processors *p = &mm->ke->processors;

    for (unsigned i = 0; i < p->count; i++) {
        const KPRCB *prcb = p->prcb[i];
        out->faults += read_count(&prcb->MmPageFaultCount);
        out->demand_zero_faults += read_count(&prcb->MmDemandZeroCount);
        out->copy_on_write_faults += read_count(&prcb->MmCopyOnWriteCount);
        out->transition_faults += read_count(&prcb->MmTransitionCount);
        out->pages_read += read_count(&prcb->MmPageReadCount);
        out->reads += read_count(&prcb->MmPageReadIoCount);
        out->pages_written += read_count(&prcb->MmDirtyPagesWriteCount);
        out->writes += read_count(&prcb->MmDirtyWriteIoCount);
        out->mapped_pages_written += read_count(&prcb->MmMappedPagesWriteCount);
        out->mapped_writes += read_count(&prcb->MmMappedWriteIoCount);
    }
}

void mm_get_statistics(struct mm *mm, struct mm_statistics *out)
{
    struct nt_globals *nt = &mm->ke->nt;

    memset(out, 0, sizeof(*out));
    mi_slist_count(mm, &out->zeroed, &out->free);
    ke_acquire_lock(&mm->pfn_lock);
    out->zeroed += nt->MmZeroedPageListHead->Total + mm->frames - mm->listed_frames;
    out->free += nt->MmFreePageListHead->Total;
    for (int i = 0; i < 8; i++) {
        out->standby[i] = nt->MmStandbyPageListByPriority[i].Total;
        out->available_pages += out->standby[i];
    }
    out->modified = nt->MmModifiedPageListHead->Total;
    out->modified_no_write = nt->MmModifiedNoWritePageListHead->Total;
    out->bad = nt->MmBadPageListHead->Total;
    ke_release_lock(&mm->pfn_lock);
    out->total_pages = mm->frames;
    out->available_pages += out->zeroed + out->free;
    out->active =
        mm->frames - out->available_pages - out->modified - out->modified_no_write - out->bad;
    out->committed_pages =
        __atomic_load_n(nt->MmTotalCommittedPages, __ATOMIC_RELAXED) - mi_cached_commit(mm);
    out->peak_commit = __atomic_load_n(nt->MmPeakCommitment, __ATOMIC_RELAXED);
    out->commit_limit = *nt->MmTotalCommitLimit;
    out->page_table_pages = count_tables(mm);
    sum_counts(mm, out);
    out->nonpaged_pool_bytes = mi_pool_bytes(&mm->pool[NonPagedPool]);
    out->paged_pool_bytes = mi_pool_bytes(&mm->pool[PagedPool]);
    out->resident_paged_pool =
        __atomic_load_n(&mm->pool_space.vm->WorkingSetSize, __ATOMIC_RELAXED);
}
