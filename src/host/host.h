/* src/host/host.h: what the rows above need from Linux, with NT's units and statuses.
 *
 * errno ends here: everything returns an NTSTATUS, by one translator. Times are NT's, 100 ns units.
 * File descriptors are close-on-exec. Nothing is kept between calls; all functions may be called by
 * any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "nt/status.h"

/* ---- errors ------------------------------------------------------------------------------- */

/* The status of an errno value (not of 0). An unknown one is STATUS_UNSUCCESSFUL. */
NTSTATUS host_status(int error);

/* ---- clocks ------------------------------------------------------------------------------- */

#define HOST_TICKS_PER_SECOND 10000000ll /* NT's unit of time: 100 ns */

/* Now, since 1601-01-01 00:00 UTC. */
uint64_t host_system_time(void);
/* Since some moment before the program began; never goes back. */
uint64_t host_monotonic_time(void);
/* Between Unix time and NT's. Times that NT cannot express (before 1601) become 0. */
uint64_t host_time_from_unix(struct timespec time);
struct timespec host_time_to_unix(uint64_t time);

/* ---- memory ------------------------------------------------------------------------------- */

/* A memory file of `size` bytes, zeroed; pages come when touched. `name` is what /proc shows.
 * => STATUS_INSUFFICIENT_RESOURCES; *fd is the caller's to close */
NTSTATUS host_memory_create(const char *name, uint64_t size, int *fd);
/* Map `size` bytes at `offset` of a memory file, for reading and writing. */
NTSTATUS host_memory_map(int fd, uint64_t offset, uint64_t size, void **address);
void host_memory_unmap(void *address, uint64_t size);
/* Where the first page at or behind `offset` (of a page) begins that was ever touched, in a memory
 * file of `size` bytes; `size` when there is none. All before it reads as zeroes. Where the host
 * cannot tell, `offset`. */
uint64_t host_memory_next_data(int fd, uint64_t offset, uint64_t size);
/* Address space without memory, to map pieces into. */
NTSTATUS host_memory_reserve(uint64_t size, void **address);

/* ---- windows ------------------------------------------------------------------------------ */

/* Address space of this process whose pages are put there when they are touched. */
struct host_window {
    void *start;
    size_t size;
    void *owner;
    /* A thread reads (writes) at `address` and may not: make that possible, and it is done again.
     * Called by that thread, in a handler of SIGSEGV, with whatever locks it holds.
     * => false: it should not have touched that */
    bool (*touched)(void *owner, void *address, bool write);
};

/* From the first to the second, that is so. Opening one takes the signal, unless it is ours
 * already; what is in no window is passed on to whoever had it before, and it is never given back.
 * `window` stays where it is meanwhile, and nobody touches its pages any more when it is closed.
 * => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS host_window_open(const struct host_window *window);
void host_window_close(const struct host_window *window);
/* To be asked before pages leave a window: if somebody took the signal meanwhile, it is ours again.
 * => false: they should stay. So it is in a build with the thread sanitizer, always */
bool host_windows_ready(void);

/* ---- processor ---------------------------------------------------------------------------- */

struct host_cache {
    uint32_t size; /* bytes; 0: not known */
    uint32_t ways;
};
/* The second-level cache of the processors of this host. */
struct host_cache host_second_level_cache(void);

/* ---- temporary files ---------------------------------------------------------------------- */

#define HOST_PARTS_MOST 64

/* A sparse file of `size` bytes without a name, in $TMPDIR or /var/tmp: it is gone when it is
 * closed, and when the process ends however it does. */
NTSTATUS host_temporary_create(uint64_t size, int *fd);
/* Read or write all of at most HOST_PARTS_MOST parts, at a place in a file.
 * => STATUS_END_OF_FILE, STATUS_DISK_FULL, ...; how much was done is then unknown */
NTSTATUS host_read_at(int fd, uint64_t offset, const struct iovec *parts, int count);
NTSTATUS host_write_at(int fd, uint64_t offset, const struct iovec *parts, int count);

/* ---- whole files -------------------------------------------------------------------------- */

struct host_file_bytes {
    void *bytes;
    size_t size;
};

/* A private, read-only copy of an open file's contents: what another process does to the file later
 * neither changes nor faults it.
 * => STATUS_FILE_TOO_LARGE above `limit` bytes; host_free_bytes gives it back */
NTSTATUS host_read_fd(int fd, size_t limit, struct host_file_bytes *out);
NTSTATUS host_read_file(const char *path, size_t limit, struct host_file_bytes *out);
void host_free_bytes(struct host_file_bytes *file);

/* ---- files under a root ------------------------------------------------------------------- *
 *
 * A guest's directory is a host directory that nothing can be named outside of: not by "..", not by
 * absolute or outward symbolic links, not by magic links. Only regular files and directories can be
 * opened; devices, pipes and sockets are STATUS_ACCESS_DENIED.
 *
 * Paths are relative, in UTF-8, with '/' between components, and compare as on Windows: without
 * regard to case. A name with the very same case is preferred; else the first that matches in byte
 * order. "" is the root itself. Components "." and ".." are STATUS_OBJECT_NAME_INVALID.
 */

#define HOST_PATH_MAX 4096 /* bytes, terminator included */

/* Open with O_* `flags` (O_RDONLY .. O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY).
 * => STATUS_OBJECT_NAME_NOT_FOUND: all but the last component exist
 *    STATUS_OBJECT_PATH_NOT_FOUND: a directory on the way does not
 *    STATUS_OBJECT_NAME_COLLISION: O_CREAT | O_EXCL and it exists, also in another case
 *    STATUS_FILE_IS_A_DIRECTORY, STATUS_NOT_A_DIRECTORY, STATUS_ACCESS_DENIED, ... */
NTSTATUS host_open_beneath(int root, const char *path, int flags, int *fd);
/* What is there under this name: the path in its true case, and stat of it (of the link's target).
 * `resolved` has HOST_PATH_MAX bytes; with STATUS_OBJECT_NAME_NOT_FOUND it is the path at which the
 * name could be created. */
NTSTATUS host_resolve_beneath(int root, const char *path, char *resolved, struct stat *info);
NTSTATUS host_make_directory_beneath(int root, const char *path);
/* Remove a file or an empty directory. */
NTSTATUS host_remove_beneath(int root, const char *path);
/* Rename; an existing target is STATUS_OBJECT_NAME_COLLISION unless `replace` and it is a file. */
NTSTATUS host_rename_beneath(int root, const char *from, const char *to, bool replace);

/* Another name for a file. `to` must not exist: STATUS_OBJECT_NAME_COLLISION.
 * => STATUS_FILE_IS_A_DIRECTORY: `from` is one; STATUS_TOO_MANY_LINKS */
NTSTATUS host_link_beneath(int root, const char *from, const char *to);

/* Compare two UTF-8 names as Windows' file systems do: -1, 0, 1. */
int host_compare_names(const char *a, const char *b);
