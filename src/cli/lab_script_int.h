/* src/cli/lab_script_int.h: a script as lab_script.c read it and lab_run.c runs it. */
#pragma once

#include "cli/lab_script.h"

enum { LAB_LINE_SIZE = 2048, LAB_NAME_SIZE = 32 };

enum lab_word {
    WORD_TITLE,
    WORD_PROGRAM,
    WORD_OPTION,
    WORD_SAY,
    WORD_COMMAND,
    WORD_EXPECT,
    WORD_REJECT,
    WORD_LET,
    WORD_CHECK,
};

struct lab_line {
    enum lab_word word;
    unsigned number;
    char *text; /* what follows the word */
};

struct lab_script {
    char *path;
    struct lab_line *lines;
    size_t count, capacity;
};

/* A `let` line's text: NAME = \DIGIT. False: it is none. */
bool lab_parse_let(const char *text, char name[LAB_NAME_SIZE], unsigned *group);
