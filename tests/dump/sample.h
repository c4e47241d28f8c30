/* tests/dump/sample.h: small files of every format that src/dump reads. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum sample_kind {
    SAMPLE_FULL,
    SAMPLE_BITMAP,
    SAMPLE_RANGES,
    SAMPLE_LIME,
    SAMPLE_ELF,
    SAMPLE_RAW,
    SAMPLE_TRIAGE,
    SAMPLE_MINIDUMP,
    SAMPLE_KINDS
};

#define SAMPLE_PAGE 0x1000u
#define SAMPLE_DIRECTORY 0x3000u           /* of the raw image */
#define SAMPLE_STACK 0xFFFF850429890EE8ull /* of the triage dump */
#define SAMPLE_BLOCK 0xFFFFF80400001000ull /* its first block, 0x40 bytes */
#define SAMPLE_THREAD 0xFFFFC08BDE9E1640ull
#define SAMPLE_PROCESS 0xFFFFC08BDCE94180ull

#define SAMPLE_USER 0x140000000ull       /* of the minidump: 0x100 bytes in its MemoryList, */
#define SAMPLE_USER64 0x7FFE0000ull      /* 0x80 and */
#define SAMPLE_USER64_NEXT 0x7FFE0080ull /* 0x40 bytes in its Memory64List */

struct sample {
    uint8_t *bytes;
    size_t size;
};

/* Pages 1, 2 and 5 are there in files by physical address (all 8 of a raw image); byte i of page n
 * is sample_byte. Abort when out of memory. */
struct sample sample_make(enum sample_kind kind);
uint8_t sample_byte(uint64_t address);
const char *sample_name(enum sample_kind kind);
