/* tests/fuzz/fuzz_pe.c: the PE reader on any bytes, in both layouts. */
#include "sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    volatile uint64_t result = sample_exercise(data, size); /* everything read has to be readable */
    (void)result;
    return 0;
}
