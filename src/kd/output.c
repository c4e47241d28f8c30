/* src/kd/output.c: what commands say, on its way to the callback. */
#include "kd/kdi.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void kd_write(struct kd *kd, const char *text, size_t length)
{
    if (length > 0 && !kd_screen_write(kd, text, length)) {
        atomic_store(&kd->interrupt, true); /* the person has seen enough: as Ctrl-C */
    }
    if (length > 0 && kd->log != NULL) {
        fwrite(text, 1, length, kd->log);
    }
}

/* Nearly all pieces are short; for the others a second time with room from the heap. */
static void print_list(struct kd *kd, const char *format, va_list list)
{
    char text[512];
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(text, sizeof text, format, list);
    if (length > 0 && (size_t)length < sizeof text) {
        kd_write(kd, text, (size_t)length);
    } else if (length > 0) {
        char *all = NULL;
        length = vasprintf(&all, format, again);
        if (length > 0) {
            kd_write(kd, all, (size_t)length);
        }
        if (length >= 0) {
            free(all);
        }
    }
    va_end(again);
}

void kd_printf(struct kd *kd, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    print_list(kd, format, list);
    va_end(list);
}

bool kd_error(struct kd *kd, const char *format, ...)
{
    va_list list;
    kd_style_begin(kd, KD_STYLE_ERROR);
    va_start(list, format);
    print_list(kd, format, list);
    va_end(list);
    kd_style_end(kd);
    kd_write(kd, "\n", 1);
    kd->failures++;
    return false;
}

char *kd_address_text(uint64_t va, char out[KD_ADDRESS_TEXT])
{
    snprintf(out, KD_ADDRESS_TEXT, "%08" PRIx64 "`%08" PRIx64, va >> 32, va & UINT32_MAX);
    return out;
}

bool kd_interrupted(const struct kd *kd)
{
    return atomic_load_explicit(&kd->interrupt, memory_order_relaxed);
}
