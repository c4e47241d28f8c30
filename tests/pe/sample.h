/* tests/pe/sample.h: a small PE with one of everything, made by the tests themselves.
 *
 *      rva     file    what
 *      0       0       headers
 *      0x1000  0x400   .text    code
 *      0x2000  0x600   .rdata   exports, imports, debug, exception and TLS directories
 *      0x3000  0x1000  .data    pointers to relocate, one across the page edge at 0x4000; vsize
 * 0x1800 0x5000  0x2200  .reloc 0x2400  COFF symbols
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "nt/image.h"

#define SAMPLE_BASE 0x140000000ull
#define SAMPLE_SIZE 0x2500u
#define SAMPLE_IMAGE_SIZE 0x6000u
#define SAMPLE_NT_HEADERS 0x80u
#define SAMPLE_POINTER_RVA 0x3010u  /* holds SAMPLE_BASE + 0x1000 */
#define SAMPLE_STRADDLE_RVA 0x3FFCu /* holds SAMPLE_BASE + 0x2000 */
#define SAMPLE_LOW_RVA 0x3020u      /* 32 bits: the low half of SAMPLE_BASE + 0x1000 */
#define SAMPLE_RELOC_FILE 0x2200u

/* Fill `file`, SAMPLE_SIZE bytes. */
void sample_make(uint8_t *file);

static inline IMAGE_NT_HEADERS64 *sample_headers(uint8_t *file)
{
    return (IMAGE_NT_HEADERS64 *)(file + SAMPLE_NT_HEADERS);
}

static inline IMAGE_SECTION_HEADER *sample_sections(uint8_t *file)
{
    return (IMAGE_SECTION_HEADER *)(sample_headers(file) + 1);
}

/* Call every function of the reader on an image in these bytes and use what it returns; the answer
 * depends on all of it. For hostile bytes: nothing is asserted. */
uint64_t sample_exercise(const uint8_t *bytes, size_t size);
