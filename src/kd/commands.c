/* src/kd/commands.c: every command is a row of a table in cmd/; here the tables meet. */
#include "kd/commands.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kd/kdi.h"

#define NEAR_LONGEST 24 /* characters compared; names are shorter */
#define NEAR_MOST 3     /* suggestions */

static const struct kd_command *const tables[] = {
    kd_commands_expression, kd_commands_memory,    kd_commands_string,    kd_commands_edit,
    kd_commands_search,     kd_commands_paging,    kd_commands_pfn,       kd_commands_vad,
    kd_commands_pte,        kd_commands_process,   kd_commands_thread,    kd_commands_user,
    kd_commands_handle,     kd_commands_registers, kd_commands_execution, kd_commands_breakpoint,
    kd_commands_filter,     kd_commands_stack,     kd_commands_script,    kd_commands_pool,
    kd_commands_vm,         kd_commands_ssdt,      kd_commands_address,   kd_commands_transfer,
    kd_commands_image,      kd_commands_object,    kd_commands_system,    kd_commands_mmcheck,
    kd_commands_symbols,    kd_commands_types,     kd_commands_code,      kd_commands_control,
    kd_commands_crash,      kd_commands_physical,  kd_commands_list,      kd_commands_unwind,
    kd_commands_cpu,        kd_commands_sympath,   kd_commands_dump,      kd_commands_program,
    kd_commands_wt,         kd_commands_analyze,   kd_commands_heap,      kd_commands_job,
    kd_commands_schedule,   kd_commands_section,   kd_commands_token,     kd_commands_foreach,
    kd_commands_wsle,       kd_commands_memusage,  kd_commands_locks,     kd_commands_registry,
};

#define TABLES (sizeof tables / sizeof tables[0])

const struct kd_command *kd_command_get(size_t i)
{
    for (size_t t = 0; t < TABLES; t++) {
        for (const struct kd_command *row = tables[t]; row->name != NULL; row++) {
            if (i-- == 0) {
                return row;
            }
        }
    }
    return NULL;
}

static bool same_name(const struct kd_command *row, const char *name, size_t length)
{
    if (strlen(row->name) != length) {
        return false;
    }
    bool exact = isalpha((unsigned char)name[0]);
    return (exact ? strncmp : strncasecmp)(row->name, name, length) == 0;
}

const struct kd_command *kd_command_find(const char *name, size_t length)
{
    const struct kd_command *row;
    for (size_t i = 0; (row = kd_command_get(i)) != NULL; i++) {
        if (same_name(row, name, length)) {
            return row;
        }
    }
    return NULL;
}

/* Levenshtein distance: how many characters to insert, delete or replace. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned row[NEAR_LONGEST + 1];
    if (a_length > NEAR_LONGEST || b_length > NEAR_LONGEST) {
        return NEAR_LONGEST;
    }
    for (size_t j = 0; j <= b_length; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            unsigned best = diagonal + !same;
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b_length];
}

bool kd_command_near(const char *name, size_t length, char *out, size_t size)
{
    const struct kd_command *row;
    unsigned found = 0;
    *out = '\0';
    for (unsigned wanted = 1; wanted <= 2 && found == 0; wanted++) {
        if (2 * wanted > length) { /* everything is near a short name */
            break;
        }
        for (size_t i = 0; (row = kd_command_get(i)) != NULL && found < NEAR_MOST; i++) {
            if (distance(name, length, row->name, strlen(row->name)) == wanted) {
                size_t used = strlen(out);
                snprintf(out + used, size - used, "%s%s", found > 0 ? ", " : "", row->name);
                found++;
            }
        }
    }
    return found > 0;
}
