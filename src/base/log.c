/* src/base/log.c: format once, hand to the sink. */
#include "base/log.h"

#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX 1024 /* bytes; longer ones are cut */

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARNING] = "warning",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};
#define LEVEL_COUNT (sizeof(level_names) / sizeof(level_names[0]))

const char *log_level_name(enum log_level level)
{
    return (size_t)level < LEVEL_COUNT ? level_names[level] : "?";
}

bool log_level_parse(const char *name, enum log_level *level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_message_va(const struct log *log, enum log_level level, const char *format, va_list args)
{
    if (!log_enabled(log, level))
        return;
    char message[MESSAGE_MAX];
    vsnprintf(message, sizeof(message), format, args);
    if (log->write)
        log->write(log->context, level, message);
    else
        fprintf(stderr, "ntmm: %s: %s\n", log_level_name(level), message);
}

void log_message(const struct log *log, enum log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_message_va(log, level, format, args);
    va_end(args);
}
