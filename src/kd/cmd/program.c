/* src/kd/cmd/program.c: .create, .kill, .restart: programs that begin and end from the prompt.
 *
 * A created program waits for the target to run, and is stopped before its first instruction. A
 * killed one ends as soon as the target runs. A restart is another machine with the same programs;
 * breakpoints go over to its first process.
 *
 * Source: debugger documentation, ".create (Create Process)", ".kill (Kill Process)", ".restart
 * (Restart Target Application)". */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kd/breakpoints.h"
#include "kd/kdi.h"
#include "kd/symbols.h"

#define PATH_SIZE 1024

/* What NtTerminateProcess would be given by a debugger that ends its program. */
#define KILLED_STATUS 0xC000013Au /* STATUS_CONTROL_C_EXIT */

static bool cmd_create(struct kd *kd, const char *args)
{
    char path[PATH_SIZE], error[512] = "";
    if (*args == '"') {
        const char *end = strchr(args + 1, '"');
        size_t length = end != NULL ? (size_t)(end - args - 1) : PATH_SIZE;
        if (length >= sizeof path) {
            return kd_error(kd, "Syntax error: the path has no closing quote, or is too long");
        }
        memcpy(path, args + 1, length);
        path[length] = '\0';
        args = end + 1;
    } else if (!kd_word(&args, path, sizeof path)) {
        return kd_error(kd, "Which program? .create PROGRAM.exe ARGUMENTS");
    }
    args = kd_skip(args);
    if (kd->target->ops->create_program(kd->target, path, args, error, sizeof error) != 0) {
        return kd_error(kd, "Could not create process '%s': %s", path, error);
    }
    kd_printf(kd, "Create will proceed with next execution\n");
    return true;
}

static bool cmd_kill(struct kd *kd, const char *args)
{
    uint64_t process = 0;
    bool given;
    if (!kd_evaluate_optional(kd, &args, &process, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    process = given ? process : kd_current_process(kd);
    int error = kd->target->ops->kill_process(kd->target, process, KILLED_STATUS);
    if (error == -ESRCH) {
        return kd_error(kd, "%016" PRIx64 ": no process that could be ended", process);
    }
    if (error != 0) {
        return kd_error(kd, "No runnable debuggees: this target is a %s", kd->target->ops->name);
    }
    kd_printf(kd, "Terminated.  Exit will proceed with next execution\n");
    return true;
}

static bool cmd_restart(struct kd *kd, const char *args)
{
    (void)args;
    if (kd->restart == NULL) {
        return kd_error(kd, "This target cannot be started again: it is a %s",
                        kd->target->ops->name);
    }
    struct kd_target *target = kd->restart(kd->restart_owner);
    if (target == NULL) {
        kd->quit = true; /* the machine has gone */
        return kd_error(kd, "The target could not be started again");
    }
    kd->target = target;
    kd->kernel_base = 0;
    kd->directory_base = target->directory_base;
    kd->implicit_process = kd->implicit_thread = 0;
    kd->hit = -1;
    if (kd->symbols != NULL) {
        kd_modules_clear(kd->symbols);
    }
    kd_find_kernel(kd);
    kd_follow_event(kd);
    kd_breakpoints_rebind(kd, kd_current_process(kd));
    kd_show_event(kd);
    return true;
}

const struct kd_command kd_commands_program[] = {
    {".create", ".create PROGRAM.exe ARGUMENTS", "start another program of the host", cmd_create,
     KD_NEEDS_NOTHING},
    {".kill", ".kill [PROCESS]", "end a process, the current one by default", cmd_kill,
     KD_NEEDS_RUN},
    {".restart", ".restart", "start all programs again, in a new machine", cmd_restart,
     KD_NEEDS_NOTHING},
    {0},
};
