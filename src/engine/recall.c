/* src/engine/recall.c: what the last trials of the engines found.
 *
 * Trying all engines takes some milliseconds, more than all else that it takes to start a small
 * program, and says the same as a minute ago. So the figures are kept in memory, in a file of one
 * line for each engine:
 *
 *      ntmm-engines 1 DEVICE INODE MTIME        of the executable: another may have other engines
 *      kvm usable debug-registers syscall fault touch forget exit
 *
 * It is believed for ten minutes, since hosts change (another load, a migration), and when nobody
 * else can have written it. A wrong figure costs time and nothing else.
 */
#define _GNU_SOURCE
#include "engine/recall.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TEXT_SIZE = 1024,
    NAME_SIZE = 128,
    BELIEVED_SECONDS = 600,
};

/* Identifies the executable whose trials they were. */
static bool write_heading(char *text, size_t size)
{
    struct stat self;
    if (stat("/proc/self/exe", &self)) {
        return false;
    }
    snprintf(text, size, "ntmm-engines 1 %" PRIu64 " %" PRIu64 " %" PRId64 ".%09ld\n",
             (uint64_t)self.st_dev, (uint64_t)self.st_ino, (int64_t)self.st_mtim.tv_sec,
             self.st_mtim.tv_nsec);
    return true;
}

static void name_of(const char *file, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%s%u", file, (unsigned)geteuid());
}

/* ---- reading ---- */

static bool is_trusted(int fd)
{
    struct stat info;
    struct timespec now;
    if (fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
        (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return false;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    return info.st_mtim.tv_sec <= now.tv_sec && now.tv_sec - info.st_mtim.tv_sec < BELIEVED_SECONDS;
}

static bool read_text(const char *file, char text[TEXT_SIZE])
{
    char name[NAME_SIZE];
    name_of(file, name);
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    ssize_t size = is_trusted(fd) ? read(fd, text, TEXT_SIZE - 1) : -1;
    close(fd);
    text[size > 0 ? size : 0] = 0;
    return size > 0;
}

/* One engine's line. => behind it, NULL: something else is there */
static const char *parse(const char *line, const char *engine, struct engine_probe *out)
{
    char name[16 + 1];
    unsigned usable, debug;
    int length = 0;
    *out = (struct engine_probe){0};
    if (sscanf(line, "%16s %1u %1u %lf %lf %lf %lf %lf%n", name, &usable, &debug, &out->syscall_us,
               &out->fault_us, &out->touch_us, &out->forget_us, &out->exit_us, &length) != 8 ||
        line[length] != '\n' || strcmp(name, engine)) {
        return NULL;
    }
    out->usable = usable;
    out->debug_registers = debug;
    return line + length + 1;
}

bool engine_recall(const char *file, struct engine_probe probes[ENGINE_COUNT])
{
    char text[TEXT_SIZE], heading[NAME_SIZE];
    if (!read_text(file, text) || !write_heading(heading, sizeof(heading)) ||
        strncmp(text, heading, strlen(heading))) {
        return false;
    }
    const char *line = text + strlen(heading);
    for (unsigned i = 0; line && i < ENGINE_COUNT; i++) {
        line = parse(line, engine_list[i]->name, &probes[i]);
    }
    return line && !*line;
}

/* ---- writing ---- */

static size_t write_text(char text[TEXT_SIZE], const struct engine_probe probes[ENGINE_COUNT])
{
    if (!write_heading(text, TEXT_SIZE)) {
        return 0;
    }
    size_t length = strlen(text);
    for (unsigned i = 0; i < ENGINE_COUNT; i++) {
        const struct engine_probe *p = &probes[i];
        length += (size_t)snprintf(text + length, TEXT_SIZE - length,
                                   "%s %u %u %.3f %.3f %.3f %.3f %.3f\n", engine_list[i]->name,
                                   p->usable, p->debug_registers, p->syscall_us, p->fault_us,
                                   p->touch_us, p->forget_us, p->exit_us);
        if (length >= TEXT_SIZE) {
            return 0;
        }
    }
    return length;
}

void engine_remember(const char *file, const struct engine_probe probes[ENGINE_COUNT])
{
    char text[TEXT_SIZE], name[NAME_SIZE], fresh[NAME_SIZE + 16];
    size_t length = write_text(text, probes);
    name_of(file, name);
    snprintf(fresh, sizeof(fresh), "%s.%d", name, (int)getpid());
    int fd = length ? open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    if (fd < 0) {
        return;
    }
    bool written = write(fd, text, length) == (ssize_t)length;
    close(fd);
    /* Whole or not at all, whoever reads it meanwhile. */
    if (!written || rename(fresh, name)) {
        unlink(fresh);
    }
}
