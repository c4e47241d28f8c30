/* src/kd/cmd/foreach.c: !for_each_process, !for_each_thread: commands for everything that runs.
 *
 *      !for_each_process "!vad @#Process"      @#Process stands for the address of the EPROCESS
 *
 * The commands may let another process be current; what was current is so again afterwards.
 *
 * Source: debugger documentation, "!for_each_process", "!for_each_thread". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/script.h"

struct each {
    const char *commands;
    bool threads;
    uint64_t process; /* that `thread` belongs to */
};

/* `text` with each `name` replaced by `value`. NULL: out of memory. */
static char *replace(const char *text, const char *name, uint64_t value)
{
    char *out = NULL;
    size_t size;
    FILE *stream = open_memstream(&out, &size);
    if (stream == NULL) {
        return NULL;
    }
    for (const char *at; (at = strstr(text, name)) != NULL; text = at + strlen(name)) {
        fprintf(stream, "%.*s0x%" PRIx64, (int)(at - text), text, value);
    }
    fputs(text, stream);
    if (fclose(stream) != 0) {
        free(out);
        return NULL;
    }
    return out;
}

static bool run_for(struct kd *kd, const struct each *each, uint64_t thread)
{
    char *with_process = replace(each->commands, "@#Process", each->process);
    char *text = with_process != NULL ? replace(with_process, "@#Thread", thread) : NULL;
    if (text != NULL) {
        kd_run_text(kd, text);
    } else {
        kd_error(kd, "Out of memory");
    }
    free(text);
    free(with_process);
    return !kd_interrupted(kd) && !kd->quit;
}

static bool visit_thread(struct kd *kd, uint64_t thread, void *context)
{
    return run_for(kd, context, thread);
}

static bool visit_process(struct kd *kd, uint64_t process, void *context)
{
    struct each *each = context;
    each->process = process;
    if (each->threads) {
        kd_threads_each(kd, process, visit_thread, each);
        return !kd_interrupted(kd);
    }
    return run_for(kd, each, 0);
}

static bool run_each(struct kd *kd, const char *args, struct each each)
{
    char *given = NULL;
    if (!kd_at_end(args)) {
        given = kd_take_string(&args);
        if (given == NULL || !kd_at_end(args)) {
            free(given);
            return kd_error(kd, "Syntax error: the commands belong in quotes");
        }
        each.commands = given;
    }
    uint64_t process = kd->implicit_process, thread = kd->implicit_thread;
    bool ok = kd_need_symbols(kd) && kd_processes_each(kd, visit_process, &each);
    if (kd->implicit_process != process) {
        kd_set_process(kd, process != 0 ? process : kd->target->last_event.process);
        kd->implicit_process = process;
    }
    kd->implicit_thread = thread;
    free(given);
    return ok;
}

static bool cmd_each_process(struct kd *kd, const char *args)
{
    return run_each(kd, args, (struct each){.commands = "!process @#Process 0"});
}

static bool cmd_each_thread(struct kd *kd, const char *args)
{
    return run_each(kd, args, (struct each){.commands = "!thread @#Thread", .threads = true});
}

const struct kd_command kd_commands_foreach[] = {
    {"!for_each_process", "!for_each_process [\"COMMANDS\"]",
     "run commands for each process; @#Process is its address", cmd_each_process, KD_NEEDS_MACHINE},
    {"!for_each_thread", "!for_each_thread [\"COMMANDS\"]",
     "run commands for each thread; @#Thread and @#Process are addresses", cmd_each_thread,
     KD_NEEDS_MACHINE},
    {0},
};
