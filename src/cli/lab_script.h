/* src/cli/lab_script.h: the language of experiments (labs/NAME/lab.kd); docs/labs.md describes it.
 *
 * A script is debugger commands and what their answers must be. It knows the debugger only as a
 * function from a command to its answer, so that tests can put canned answers in its place.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct lab_script;

/* Read and check a script. NULL: `error` says in one line what is wrong and where. */
struct lab_script *lab_script_load(const char *path, char *error, size_t error_size);
void lab_script_free(struct lab_script *script);

/* What the `title`, `program` and `option` lines say. */
const char *lab_script_title(const struct lab_script *script);
size_t lab_script_program_count(const struct lab_script *script);
const char *lab_script_program(const struct lab_script *script, size_t index);
size_t lab_script_option_count(const struct lab_script *script);
const char *lab_script_option(const struct lab_script *script, size_t index);

/* Where a script's commands go. */
struct lab_debugger {
    void *owner;
    const char *(*prompt)(void *owner);
    /* Run one command; its answer goes to `answer`, complete. False: the machine can do no more,
     * and *why (a constant) says in a few words why not. */
    bool (*execute)(void *owner, const char *command, FILE *answer, const char **why);
};

struct lab_result {
    unsigned passed; /* checks that held */
    bool failed;     /* one did not, and the rest was not tried */
};

/* Run the steps; the session and the reason of a failure are printed to `out`. A script that checks
 * nothing fails. */
struct lab_result lab_script_run(const struct lab_script *script,
                                 const struct lab_debugger *debugger, FILE *out);
