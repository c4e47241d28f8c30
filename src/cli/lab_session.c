/* src/cli/lab_session.c: the debugger of an experiment, without a person at the prompt.
 *
 *      script --- command ---> kd ----.
 *                                     +--> answer, compared by the script
 *      programs --- output --> pipe --'
 *
 * What the programs print while a command runs belongs to the command's answer, in front of what
 * the debugger prints after it: a program that prints and then breaks in is read in this order.
 *
 * A program that never breaks in must not hold the script for ever, so a second thread watches the
 * clock while a command runs, and interrupts it. It also keeps the pipe from filling up.
 */
#include "cli/lab_session.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kd/kd.h"

enum { COMMAND_SECONDS = 60, DRAIN_MS = 20 };

struct session {
    struct kd *kd;
    int programs;           /* their output */
    pthread_mutex_t mutex;  /* protects what follows, and what is written to `answer` */
    FILE *answer;           /* of the command that runs; NULL between two */
    pthread_cond_t changed; /* done */
    bool done, expired;
};

/* => mutex held */
static void drain(struct session *session)
{
    char text[4096];
    ssize_t count;
    while ((count = read(session->programs, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < count; i++) {
            if (text[i] != '\r') { /* lines end as the debugger's do */
                fputc(text[i], session->answer ? session->answer : stdout);
            }
        }
    }
}

static bool earlier(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static void *watch(void *argument)
{
    struct session *session = argument;
    struct timespec now, deadline;
    clock_gettime(CLOCK_REALTIME, &now);
    deadline = now;
    deadline.tv_sec += COMMAND_SECONDS;
    pthread_mutex_lock(&session->mutex);
    while (!session->done && earlier(&now, &deadline)) {
        now.tv_nsec += DRAIN_MS * 1000000l;
        now.tv_sec += now.tv_nsec / 1000000000;
        now.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&session->changed, &session->mutex, &now);
        drain(session);
        clock_gettime(CLOCK_REALTIME, &now);
    }
    if (!session->done) {
        session->expired = true;
        kd_interrupt(session->kd);
    }
    pthread_mutex_unlock(&session->mutex);
    return NULL;
}

static void output(void *owner, const char *text, size_t length)
{
    struct session *session = owner;
    pthread_mutex_lock(&session->mutex);
    drain(session);
    fwrite(text, 1, length, session->answer ? session->answer : stdout);
    pthread_mutex_unlock(&session->mutex);
}

static const char *prompt(void *owner)
{
    return kd_prompt(((struct session *)owner)->kd);
}

static bool execute(void *owner, const char *command, FILE *answer, const char **why)
{
    struct session *session = owner;
    pthread_t thread;
    session->done = session->expired = false;
    session->answer = answer;
    if (pthread_create(&thread, NULL, watch, session) != 0) {
        session->answer = NULL;
        *why = "out of host resources";
        return false;
    }
    enum kd_verdict verdict = kd_execute(session->kd, command);
    pthread_mutex_lock(&session->mutex);
    drain(session);
    session->done = true;
    session->answer = NULL;
    pthread_cond_signal(&session->changed);
    pthread_mutex_unlock(&session->mutex);
    pthread_join(thread, NULL);
    if (session->expired) {
        *why = "no answer within a minute";
        return false;
    }
    *why = "it leaves the debugger before the script's end";
    return verdict == KD_NEXT;
}

struct lab_result lab_session_run(const struct lab_script *script, const char *symbols,
                                  struct kd_target *target, int programs)
{
    struct session session = {.programs = programs,
                              .mutex = PTHREAD_MUTEX_INITIALIZER,
                              .changed = PTHREAD_COND_INITIALIZER};
    struct kd_config config = {
        .target = target, .output = output, .owner = &session, .symbol_path = symbols};
    const struct lab_debugger debugger = {.owner = &session, .prompt = prompt, .execute = execute};
    struct lab_result result = {.failed = true};
    int error = kd_create(&config, &session.kd);
    if (error) {
        cli_error("the debugger cannot start: %s", strerror(-error));
        return result;
    }
    kd_show_event(session.kd);
    result = lab_script_run(script, &debugger, stdout);
    kd_destroy(session.kd);
    return result;
}
