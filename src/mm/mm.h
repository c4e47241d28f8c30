/* src/mm/mm.h: the memory manager of one machine.
 *
 * What is here serves the rows above (ob, io, ps, sys, machine) and tests; mi.h is the inside.
 * Sizes are in bytes and addresses in guest virtual memory unless a name says otherwise.
 *
 * Locks, in order of acquisition (checked in debug builds):
 *      address creation lock   EPROCESS.AddressCreationLock   VAD tree, VirtualSize
 *      working set lock        EPROCESS.Vm.WorkingSetMutex    page tables of the process
 *      PFN lock                struct mm                      PFN database, page lists, commit
 * No function here is called with any of them held unless it says so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/uio.h>

#include "ke/ke.h"
#include "nt/layout.h"
#include "nt/memory.h"
#include "nt/status.h"

struct mm;
struct log;
struct pe_image;
struct iovec;
typedef struct _EJOB EJOB;
typedef struct _FILE_OBJECT FILE_OBJECT;
typedef struct _SECTION_OBJECT_POINTERS SECTION_OBJECT_POINTERS;

/* One user address space; host-side companion of an EPROCESS. */
struct mm_space;

struct mm_page { /* see engine.h: a page whose leaf PTE was cleared, weakened or pointed elsewhere
                  */
    uint64_t va;
    uint64_t pfn;
};

/* What mm needs from above; every slot may be NULL (no engine). Called with locks of mm held (the
 * working set lock for `invalidate`), so they must not call back. */
struct mm_ops {
    void (*invalidate)(void *owner, struct mm_space *space, const struct mm_page *pages,
                       size_t count);
    void (*invalidate_tables)(void *owner);
    /* A guard page was hit and is open now. Was it the end of a thread's stack? Called without
     * locks; may call back. => STATUS_SUCCESS: dealt with, STATUS_STACK_OVERFLOW,
     * STATUS_GUARD_PAGE_VIOLATION: a guard page of the program's own */
    NTSTATUS (*guard_page)(void *owner, struct mm_space *space, uint64_t va);
    /* The priority that a page gets which the calling thread brings in, MEMORY_PRIORITY_*. Called
     * with any lock. */
    unsigned (*page_priority)(void *owner);
    /* Files behind sections. Only needed when sections of files are made. `dereference_file` is
     * called without locks, and may close the file. */
    void (*reference_file)(void *owner, FILE_OBJECT *file);
    void (*dereference_file)(void *owner, FILE_OBJECT *file);
    /* Paging I/O of a mapped file: from and to RAM, without changing the position. May be called
     * with a working set lock held, so they wait for nothing but the host.
     * => read: *done bytes, fewer at the end of the file, which is no error; write: all or a status
     */
    NTSTATUS(*read_file)
    (void *owner, FILE_OBJECT *file, uint64_t offset, const struct iovec *parts, size_t count,
     size_t *done);
    NTSTATUS(*write_file)
    (void *owner, FILE_OBJECT *file, uint64_t offset, const struct iovec *parts, size_t count);
};

/* Where paging files keep their bytes. Offsets and sizes are whole pages; several threads may call
 * at once. Any failure is allowed: the page that cannot be read is STATUS_IN_PAGE_ERROR to who
 * needs it, those that cannot be written stay in memory. */
struct mm_paging_ops {
    NTSTATUS (*open)(void *owner, unsigned number, uint64_t size, void **storage);
    NTSTATUS (*read)(void *storage, uint64_t offset, const struct iovec *parts, int count);
    NTSTATUS (*write)(void *storage, uint64_t offset, const struct iovec *parts, int count);
    NTSTATUS (*extend)(void *storage, uint64_t size); /* let it grow up to so many bytes */
    void (*close)(void *storage);
};

struct mm_config {
    struct ke *ke;                      /* mm_create fills ks, nt and nt_base */
    uint64_t ram_size;                  /* multiple of 2 MB, at least 16 MB */
    uint64_t pagefile_size;             /* bytes; 0: no paging file */
    const struct mm_paging_ops *paging; /* NULL: files of the host without a name */
    unsigned maxphyaddr;                /* 36..52 */
    const void *nt_image;               /* file bytes of ntoskrnl.exe */
    size_t nt_image_size;
    const struct mm_ops *ops;
    void *owner;           /* handed to ops */
    const struct log *log; /* NULL: silent */
    /* The second-level cache that page colours are for, in bytes; 0: the processor's. */
    uint32_t cache_size, cache_ways;
    bool no_threads; /* pages are then zeroed, trimmed and written when that is needed */
};

/* ---- machine life -------------------------------------------------------------------------------
 */

/* Make RAM and boot memory management in it: page tables, nt image, PFN database, pools.
 * => STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_IMAGE_FORMAT, STATUS_INVALID_PARAMETER,
 *    STATUS_ENTRYPOINT_NOT_FOUND (the image is not our nt) */
NTSTATUS mm_create(const struct mm_config *config, struct mm **out);
/* => every address space was destroyed */
void mm_destroy(struct mm *mm);
/* Boot leaves most frames off the page lists until they are needed. Have them all there, before
 * somebody looks at guest memory who expects to see a machine that has booted. */
void mm_await_boot(struct mm *mm);
/* Have the host back the frame that the next demand-zero fault will take. It is what a first touch
 * takes longest for, and can be done beside the program. Any thread, no lock; nothing that a guest
 * could see changes. */
void mm_prepare_frame(struct mm *mm);

/* Say in a processor's block which cache it has, and which colour its next page. => before ke knows
 * of it */
void mm_initialize_processor(struct mm *mm, KPCR *pcr);

/* One more paging file of `minimum` bytes (rounded down to pages), which raises the commit limit;
 * it grows up to `maximum` when more is to be committed. So much more may all files have.
 * => STATUS_INVALID_PARAMETER_2 (the minimum is too small or large), _3 (the maximum is),
 *    STATUS_TOO_MANY_PAGING_FILES (16), STATUS_INSUFFICIENT_RESOURCES, what the storage says
 * Source: NtCreatePagingFile; Windows Internals 6, part 2, ch. 10 "Page Files". */
NTSTATUS mm_create_paging_file(struct mm *mm, uint64_t minimum, uint64_t maximum);

/* The same at the wish of a program: as `name` of `length` characters says, a paging file that is
 * there and becomes larger, or another one. All files together stay within what the maxima of
 * those that mm_create_paging_file made add up to.
 * => as mm_create_paging_file, with at least 1 MB; _2, _3: less than the file has already;
 *    STATUS_DISK_FULL (it would pass that limit), STATUS_OBJECT_NAME_INVALID (empty or longer than
 *    MM_PAGING_NAME_MOST) */
NTSTATUS mm_add_paging_file(struct mm *mm, const WCHAR *name, size_t length, uint64_t minimum,
                            uint64_t maximum);

#define MM_PAGING_NAME_MOST 255u /* characters */
struct mm_paging_file {
    uint64_t size, in_use, peak, minimum, maximum; /* pages */
    size_t name_length;                            /* characters */
    WCHAR name[MM_PAGING_NAME_MOST];
};
/* What is known of paging file `number`. => false: there are fewer */
bool mm_query_paging_file(struct mm *mm, unsigned number, struct mm_paging_file *out);

/* Write up to `most` modified pages, as the modified and mapped page writers do. => how many */
size_t mm_write_modified_pages(struct mm *mm, size_t most);

/* Finish what is deferred: frames waiting for the engine and pool pages kept for growth are
 * released, free pages zeroed. Page lists before some work and after it was undone are then equal.
 */
void mm_settle(struct mm *mm);

/* Somebody outside, such as a debugger, has written to RAM: what was derived from structures there
 * is not believed any more. Any thread. */
void mm_memory_edited(struct mm *mm);

int mm_ram_fd(const struct mm *mm);   /* memfd; stays owned by mm */
uint8_t *mm_ram(const struct mm *mm); /* host view of physical address 0 */
uint64_t mm_ram_size(const struct mm *mm);

/* ---- system memory ------------------------------------------------------------------------------
 */

/* Pool block of `size` bytes, NULL when there is no more. Contents undefined. Tag as in 'Proc'
 * (mm_tag("Proc")). ex_free_pool checks the header; a bad one is a bugcheck (BAD_POOL_HEADER). */
void *ex_allocate_pool(struct mm *mm, enum _POOL_TYPE type, size_t size, uint32_t tag);
void ex_free_pool(struct mm *mm, void *block);
#define mm_tag(s)                                                                                  \
    ((uint32_t)(s)[0] | (uint32_t)(s)[1] << 8 | (uint32_t)(s)[2] << 16 | (uint32_t)(s)[3] << 24)

/* `pages` zeroed, nonpageable pages in the system PTE area, mapped read/write for supervisor (with
 * `executable`, also executable). 0 when there are none. */
uint64_t mm_allocate_system_pages(struct mm *mm, size_t pages, bool executable);
void mm_free_system_pages(struct mm *mm, uint64_t va, size_t pages);

/* A process becomes one of session `id`, which is made when it is its first (session.c).
 * => it is in none; STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS mm_session_join(struct mm *mm, EPROCESS *process, uint32_t id);
/* It ends; nothing when it is in none. The session goes with its last process. */
void mm_session_leave(struct mm *mm, EPROCESS *process);

/* ---- address spaces -----------------------------------------------------------------------------
 */

/* Give `process` (in nonpaged pool, zeroed) an empty address space: page directory, VAD root,
 * working set list, KUSER_SHARED_DATA at 0x7FFE0000. Fills its Pcb.DirectoryTableBase, VadRoot, Vm,
 * HighestUserAddress. For the System process, `system` takes the page directory made at boot, and
 * has nothing in user space.
 * => STATUS_INSUFFICIENT_RESOURCES, STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT; nothing is left */
NTSTATUS mm_space_create(struct mm *mm, EPROCESS *process, bool system, struct mm_space **out);
/* Delete all user memory (process exit). No thread runs in it any more. */
void mm_space_clean(struct mm_space *space);
/* Give back the rest, page directory included. => mm_space_clean was called */
void mm_space_destroy(struct mm_space *space);
/* The commit charge of the process counts in that of its job, and is held against JobMemoryLimit,
 * from now on; with NULL no more. Nothing when its memory is gone already. */
void mm_space_set_job(struct mm_space *space, EJOB *job);
EPROCESS *mm_space_process(const struct mm_space *space);
struct mm *mm_space_mm(const struct mm_space *space);
void mm_space_set_owner(struct mm_space *space, void *owner); /* for ops and the rows above */
void *mm_space_owner(const struct mm_space *space);
uint64_t mm_space_directory(const struct mm_space *space); /* physical, as in CR3 */

/* ---- user memory: the work behind Nt*VirtualMemory
 * ----------------------------------------------- */
/* Arguments are already captured; *base and *size change only on success. Statuses are those of the
 * services of the same name, each documented in mm's files. */

NTSTATUS mm_allocate_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t zero_bits,
                                    uint64_t *size, uint32_t type, uint32_t protect);
NTSTATUS mm_free_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t *size,
                                uint32_t type);
NTSTATUS mm_protect_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t *size,
                                   uint32_t protect, uint32_t *old_protect);
NTSTATUS mm_query_virtual_memory(struct mm_space *space, uint64_t address,
                                 MEMORY_BASIC_INFORMATION *information);
/* Physical pages for a process to own, zeroed: their frame numbers go to `pfn`.
 * => *count: how many there were, which may be fewer than asked for; STATUS_COMMITMENT_LIMIT,
 *    STATUS_INSUFFICIENT_RESOURCES (none), STATUS_PROCESS_IS_TERMINATING */
NTSTATUS mm_allocate_physical_pages(struct mm_space *space, uint64_t *pfn, size_t *count);
/* Give them back; those that are mapped no longer are.
 * => *count: how many; STATUS_CONFLICTING_ADDRESSES: the next is not the process's */
NTSTATUS mm_free_physical_pages(struct mm_space *space, const uint64_t *pfn, size_t *count);
/* Map each page at the address of the same number, in place of what was mapped there; with `pfn`
 * NULL, unmap. Nothing changes on failure.
 * => STATUS_INVALID_PARAMETER_1    an address is not in memory made with MEM_PHYSICAL
 *    STATUS_INVALID_PARAMETER_3    a page is mapped already, or named twice
 *    STATUS_CONFLICTING_ADDRESSES  a page is not the process's
 *    STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT: no page tables */
NTSTATUS mm_map_physical_pages(struct mm_space *space, const uint64_t *va, const uint64_t *pfn,
                               size_t count);
/* The pages of start .. end (in one allocation with MEM_WRITE_WATCH; start < end) that were written
 * since it was made, or since their watch was reset, in order and at most `room`; with `reset` the
 * watch of those that are told begins anew.
 * => STATUS_INVALID_PARAMETER_1: not such memory; STATUS_PROCESS_IS_TERMINATING */
NTSTATUS mm_get_write_watch(struct mm_space *space, uint64_t start, uint64_t end, bool reset,
                            uint64_t *addresses, size_t room, size_t *count);
NTSTATUS mm_reset_write_watch(struct mm_space *space, uint64_t start, uint64_t end);
/* MemoryRegionInformation: the whole allocation that `address` lies in.
 * => STATUS_INVALID_ADDRESS: nothing is there; STATUS_INVALID_PARAMETER: not of user space;
 *    STATUS_PROCESS_IS_TERMINATING */
NTSTATUS mm_query_region(struct mm_space *space, uint64_t address,
                         MEMORY_REGION_INFORMATION *information);
/* The file behind the view that `address` lies in, referenced (mm_ops.dereference_file).
 * => STATUS_INVALID_ADDRESS (no view is there), STATUS_FILE_INVALID (a view of no file),
 *    STATUS_INVALID_PARAMETER (not of user space), STATUS_PROCESS_IS_TERMINATING
 * Source: GetMappedFileName, documentation, and the errors it gives. */
NTSTATUS mm_reference_mapped_file(struct mm_space *space, uint64_t address, FILE_OBJECT **file);
/* NtAreMappedFilesTheSame: do two addresses lie in views of the same section or file?
 * => STATUS_SUCCESS, STATUS_NOT_SAME_DEVICE (no), STATUS_INVALID_ADDRESS (nothing there),
 *    STATUS_CONFLICTING_ADDRESSES (private memory) */
NTSTATUS mm_are_mapped_files_the_same(struct mm_space *space, uint64_t a, uint64_t b);
/* Copy between two address spaces as Nt{Read,Write}VirtualMemory do: faults pages in on both sides,
 * stops at the first page that cannot be had: STATUS_PARTIAL_COPY with *copied so far.
 * => also STATUS_PROCESS_IS_TERMINATING: the memory of one was deleted already */
NTSTATUS mm_copy_virtual_memory(struct mm_space *from, uint64_t from_va, struct mm_space *to,
                                uint64_t to_va, uint64_t size, uint64_t *copied);
/* Probed copies between a caller's user memory and host memory (system call arguments), with the
 * rights user mode has. STATUS_ACCESS_VIOLATION (also for kernel addresses),
 * STATUS_GUARD_PAGE_VIOLATION, STATUS_IN_PAGE_ERROR. Nothing is promised about a partial write. */
NTSTATUS mm_copy_from_user(struct mm_space *space, void *to, uint64_t from_va, size_t size);
NTSTATUS mm_copy_to_user(struct mm_space *space, uint64_t to_va, const void *from, size_t size);

/* A variable of a program, and where its copy is. */
struct mm_variable {
    uint64_t va;
    void *copy;
    size_t size; /* bytes; at most MM_VARIABLE_MOST */
};
enum { MM_VARIABLE_MOST = 16 };
/* Copy variables that are read and written by a service: each must be writable already.
 * => as mm_copy_to_user */
NTSTATUS mm_capture_variables(struct mm_space *space, const struct mm_variable *variables,
                              size_t count);
/* Write captured variables back. What did not change is not written, so that its line of memory
 * stays with the program's processor. => as mm_copy_to_user */
NTSTATUS mm_return_variables(struct mm_space *space, const struct mm_variable *variables,
                             size_t count);

/* A fault of user code, or of a probed copy. `error_code` is the CPU's (hw/fault bits).
 * => STATUS_SUCCESS: run on. Else the status of the exception to raise: STATUS_ACCESS_VIOLATION,
 *    STATUS_GUARD_PAGE_VIOLATION, STATUS_STACK_OVERFLOW, STATUS_IN_PAGE_ERROR, ... */
NTSTATUS mm_access_fault(struct mm_space *space, uint64_t va, uint32_t error_code);
/* The same, but a page that cannot be had is the status that says why, which is the third parameter
 * of the exception STATUS_IN_PAGE_ERROR: STATUS_IO_DEVICE_ERROR, STATUS_END_OF_FILE (a mapped file
 * was cut off from outside), STATUS_NO_MEMORY, ...
 * Source: EXCEPTION_RECORD, documentation. */
NTSTATUS mm_page_fault(struct mm_space *space, uint64_t va, uint32_t error_code);

/* Take all pages that can be paged out of a working set. => how many
 * Source: EmptyWorkingSet, documentation. */
size_t mm_empty_working_set(struct mm_space *space);

/* NtLockVirtualMemory, NtUnlockVirtualMemory: `type` is MAP_*. The statuses are in wslock.c. */
NTSTATUS mm_lock_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t *size,
                                uint32_t type);
NTSTATUS mm_unlock_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t *size,
                                  uint32_t type);

/* Limits of the working set, in bytes; flags are QUOTA_LIMITS_HARDWS_*. Both limits all ones: empty
 * it, and leave them as they are.
 * => STATUS_BAD_WORKING_SET_LIMIT   a minimum of 0 or above the maximum, a maximum below 13 pages,
 *                                   a minimum too small for what is locked
 *    STATUS_INVALID_PARAMETER       unknown flags, or such as exclude each other
 *    STATUS_INSUFFICIENT_RESOURCES  there is not so much memory available for a larger minimum
 *    STATUS_PROCESS_IS_TERMINATING  its memory was deleted already */
NTSTATUS mm_set_working_set_limits(struct mm_space *space, uint64_t minimum, uint64_t maximum,
                                   uint32_t flags);
void mm_get_working_set_limits(struct mm_space *space, uint64_t *minimum, uint64_t *maximum,
                               uint32_t *flags);
/* The pages of user space in the working set, the first `most` into `blocks`. => *count: how many
 * there are; STATUS_PROCESS_IS_TERMINATING */
NTSTATUS mm_query_working_set(struct mm_space *space, MEMORY_WORKING_SET_BLOCK *blocks,
                              uint64_t most, uint64_t *count);
/* What is known of the page at each VirtualAddress. => STATUS_PROCESS_IS_TERMINATING */
NTSTATUS mm_query_working_set_ex(struct mm_space *space, MEMORY_WORKING_SET_EX_INFORMATION *items,
                                 size_t count);

/* ---- sections -------------------------------------------------------------------------------- */

/* A section is known here by its SEGMENT, which a SECTION_OBJECT leads to. Who makes one has a
 * reference to it, given back with mm_close_section; each view keeps it alive as well. */

/* The section of an image file: the one that there is for `file`, or a new one. It keeps a
 * reference to `file`, while which lasts image's bytes must stay. With `file` NULL a section of the
 * caller's own, whose bytes outlive it.
 * => STATUS_INVALID_IMAGE_FORMAT  base not on 64 KB, or contents that contradict the headers
 *    STATUS_COMMITMENT_LIMIT, STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS mm_create_image_section(struct mm *mm, const struct pe_image *image, FILE_OBJECT *file,
                                 SEGMENT **out);
/* Memory that views share, of `size` bytes, with SEC_COMMIT or SEC_RESERVE in `attributes`, and
 * perhaps SEC_LARGE_PAGES: then it is there at once, and never paged.
 * => STATUS_INVALID_PARAMETER_4 (size 0, no whole large pages), STATUS_SECTION_TOO_BIG,
 * STATUS_INVALID_PAGE_PROTECTION, STATUS_COMMITMENT_LIMIT, STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS mm_create_page_file_section(struct mm *mm, uint64_t size, uint32_t protect,
                                     uint32_t attributes, SEGMENT **out);
/* The one section of a data file, whose cached pages views, reads and writes share: the one that
 * there is for `file`, or a new one; it covers at least the `size` bytes that the file has. Who
 * calls keeps the file's size from changing meanwhile.
 * => STATUS_MAPPED_FILE_SIZE_ZERO, STATUS_SECTION_TOO_BIG, STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS mm_create_file_section(struct mm *mm, FILE_OBJECT *file, uint64_t size, SEGMENT **out);
/* Read or write a file through its cached pages, as far as there is a section that covers them. The
 * file reaches that far already (mm_set_file_size).
 * => *done bytes, and the file itself has the rest; STATUS_IN_PAGE_ERROR, STATUS_NO_MEMORY, ... */
NTSTATUS mm_copy_file(struct mm *mm, SECTION_OBJECT_POINTERS *sections, uint64_t offset,
                      void *buffer, size_t size, bool write, size_t *done);
/* The file is `size` bytes long: already when it grew, and before it is cut, for which
 * mm_can_file_be_truncated was asked. What cached pages have behind the end is zero then. */
void mm_set_file_size(struct mm *mm, SECTION_OBJECT_POINTERS *sections, uint64_t size);
/* MmCanFileBeTruncated: not while it is an image, or its pages behind `size` are in sections that
 * are open or mapped. */
bool mm_can_file_be_truncated(struct mm *mm, SECTION_OBJECT_POINTERS *sections, uint64_t size);
enum mm_flush_type { MM_FLUSH_FOR_DELETE, MM_FLUSH_FOR_WRITE };
/* MmFlushImageSection: may the file be deleted, or opened for writing? Not while it is an image,
 * nor deleted while a section of it is open or mapped. */
bool mm_flush_image_section(struct mm *mm, SECTION_OBJECT_POINTERS *sections,
                            enum mm_flush_type why);
/* Write what was modified in a file's cached pages by processes that do not map them any more, or
 * told us (mm_flush_virtual_memory). => the first error; all that can be written is */
NTSTATUS mm_flush_file(struct mm *mm, SECTION_OBJECT_POINTERS *sections);
void mm_close_section(struct mm *mm, SEGMENT *segment);
CONTROL_AREA *mm_section_control_area(struct mm *mm, const SEGMENT *segment);
/* The file behind a section, NULL: none. */
FILE_OBJECT *mm_section_file(struct mm *mm, const SEGMENT *segment);
/* => it is an image's */
void mm_query_image_section(struct mm *mm, const SEGMENT *segment,
                            SECTION_IMAGE_INFORMATION *information);

struct mm_view {
    SEGMENT *segment;
    uint64_t base;   /* 0: where there is room (an image: at its preferred base, if it can) */
    uint64_t size;   /* bytes; 0: to the end */
    uint64_t offset; /* bytes */
    uint64_t zero_bits;
    uint32_t inherit;         /* SECTION_INHERIT */
    uint32_t type;            /* MEM_TOP_DOWN */
    uint32_t protect;         /* PAGE_*; images have their own */
    uint64_t section_size;    /* bytes that the section object gives; 0: all */
    uint32_t section_protect; /* PAGE_* of the section object; 0: as the section was made */
    bool prefetch;            /* bring in what the file has, as far as there is memory */
};
/* NtMapViewOfSection. base, size and offset tell where and what it became.
 * => STATUS_SUCCESS, STATUS_IMAGE_NOT_AT_BASE (a success: relocated)
 *    STATUS_INVALID_PARAMETER_3, _4, _9  base, ZeroBits, allocation type
 *    STATUS_MAPPED_ALIGNMENT       base or offset not on 64 KB (on 2 MB: large pages)
 *    STATUS_INVALID_VIEW_SIZE      not within the section, or a part of a large page
 *    STATUS_SECTION_PROTECTION     more rights than the section gives
 *    STATUS_INVALID_PAGE_PROTECTION
 *    STATUS_CONFLICTING_ADDRESSES  the place is taken, or an image cannot be relocated
 *    STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT, STATUS_INSUFFICIENT_RESOURCES; nothing is left */
NTSTATUS mm_map_view(struct mm_space *space, struct mm_view *view);
/* `base` may be any address in the view. => STATUS_NOT_MAPPED_VIEW, STATUS_PROCESS_IS_TERMINATING
 */
NTSTATUS mm_unmap_view(struct mm_space *space, uint64_t base);
/* Map what `parent` maps with ViewShare into a new process, at the same addresses (inherit.c).
 * => STATUS_CONFLICTING_ADDRESSES, STATUS_COMMITMENT_LIMIT, STATUS_INSUFFICIENT_RESOURCES; the
 *    views that were mapped before that stay */
NTSTATUS mm_inherit_views(struct mm_space *parent, struct mm_space *child);
/* Give a new process, which has nothing yet, a copy of what `parent` has in user space (fork.c).
 * The pages are shared until one of them writes.
 * => STATUS_PROCESS_IS_TERMINATING, STATUS_COMMITMENT_LIMIT, STATUS_NO_MEMORY,
 *    STATUS_INSUFFICIENT_RESOURCES; the parent is as it was, and what the child has goes with it */
NTSTATUS mm_clone_address_space(struct mm_space *parent, struct mm_space *child);
/* NtFlushVirtualMemory: write what this process modified in a view of a data file. A size of 0
 * means to the end of the view. *base and *size tell which pages it was.
 * => STATUS_NOT_MAPPED_VIEW, STATUS_NOT_MAPPED_DATA (not of a file), STATUS_INVALID_PARAMETER_2
 *    (base, or beyond the view), _3 (size beyond user space), STATUS_PROCESS_IS_TERMINATING,
 *    or the first error in writing; all that can be written is */
NTSTATUS mm_flush_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t *size);

/* A region the kernel makes for a process (TEB, PEB): committed private memory, at the highest free
 * pages of user space, at page (not 64 KB) granularity.
 * => STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT, STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS mm_create_peb_or_teb(struct mm_space *space, uint64_t size, uint64_t *base);

/* ---- looking
 * -------------------------------------------------------------------------------------- */

/* Physical address behind a user or kernel address, without faulting; false when not valid. */
bool mm_translate(struct mm_space *space, uint64_t va, uint64_t *pa);

struct mm_statistics {
    uint64_t total_pages, available_pages;
    uint64_t zeroed, free, standby[8], modified, modified_no_write, bad, active;
    uint64_t committed_pages, commit_limit, peak_commit; /* pages */
    uint64_t nonpaged_pool_bytes, paged_pool_bytes;
    uint64_t resident_paged_pool; /* pages */
    uint64_t page_table_pages;
    uint64_t faults, demand_zero_faults, copy_on_write_faults, transition_faults;
    uint64_t pages_read, reads; /* from files and paging files */
    uint64_t pages_written, writes, mapped_pages_written, mapped_writes; /* by the two writers */
};
void mm_get_statistics(struct mm *mm, struct mm_statistics *out);

/* Whole-state checkers: PFN lists against PFN states, PTEs against share counts, VADs against
 * commit charge, page-table counts, pool blocks. Logs each violation; returns how many.
 * => no other thread is in mm meanwhile (the zero-page thread is held off) */
size_t mm_check(struct mm *mm);
