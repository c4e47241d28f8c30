/* src/base/log.h: messages from inside, for whoever runs the machine.
 *
 * A log is a level and a sink; each machine has its own, handed down with its context. A NULL log
 * swallows everything, so library code never asks. What to show is the command's decision (it reads
 * NTMM_LOG); nothing here looks at the environment.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_ERROR,   /* something is broken */
    LOG_WARNING, /* something is missing or odd, and what was asked for goes on without it */
    LOG_INFO,    /* milestones */
    LOG_DEBUG,   /* every step */
};

struct log {
    enum log_level level; /* messages above it are dropped */
    /* Take one message, without newline. Any thread. NULL: standard error. */
    void (*write)(void *context, enum log_level level, const char *message);
    void *context;
};

static inline bool log_enabled(const struct log *log, enum log_level level)
{
    return log && level <= log->level;
}

/* "error", "warning", "info", "debug". */
const char *log_level_name(enum log_level level);
/* The level of that name; false when there is none. */
bool log_level_parse(const char *name, enum log_level *level);

void log_message(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_message_va(const struct log *log, enum log_level level, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#define log_error(log, ...) log_message(log, LOG_ERROR, __VA_ARGS__)
#define log_warning(log, ...) log_message(log, LOG_WARNING, __VA_ARGS__)
#define log_info(log, ...) log_message(log, LOG_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_message(log, LOG_DEBUG, __VA_ARGS__)
