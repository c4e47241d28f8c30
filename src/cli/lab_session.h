/* src/cli/lab_session.h: an experiment's script over a machine. */
#pragma once

#include "cli/lab_script.h"

struct kd_target;

/* Run the script over `target`. `symbols`: the folder of the programs, whose COFF symbols or PDBs
 * give names to the commands. `output`: where the programs' output is read, without blocking; it
 * becomes a part of the answer of the command during which it comes. */
struct lab_result lab_session_run(const struct lab_script *script, const char *symbols,
                                  struct kd_target *target, int output);
