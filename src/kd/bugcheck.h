/* bugcheck.h: what bug check codes are called and what their parameters say. => bugcheck.c */
#pragma once

#include <stdint.h>

#define KD_BUGCHECK_PARAMETERS 4

struct kd_bugcheck {
    uint32_t code;
    const char *name;
    const char *meaning[KD_BUGCHECK_PARAMETERS]; /* NULL: reserved, or not told here */
    unsigned instruction; /* 1..4: which parameter is the address of the instruction; 0: none */
    unsigned exception;   /* 1..4: which is an exception code; 0: none */
};

/* NULL: a code that is not known. */
const struct kd_bugcheck *kd_bugcheck_find(uint32_t code);
