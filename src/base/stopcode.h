/* src/base/stopcode.h: what bug check codes are called and what their parameters say. => stopcode.c
 */
#pragma once

#include <stdint.h>

#define STOP_CODE_PARAMETERS 4

struct stop_code {
    uint32_t code;
    const char *name;
    const char *meaning[STOP_CODE_PARAMETERS]; /* NULL: reserved, or not told here */
    unsigned instruction; /* 1..4: which parameter is the address of the instruction; 0: none */
    unsigned exception;   /* 1..4: which is an exception code; 0: none */
};

/* NULL: a code that is not known. */
const struct stop_code *stop_code_find(uint32_t code);
