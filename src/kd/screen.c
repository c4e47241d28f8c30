/* screen.c: see screen.h. */
#include "kd/screen.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kd/kdi.h"

#define SECOND 1000000000ull
#define UPDATE_EVERY (SECOND / 5)

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void put(struct kd *kd, const char *text, size_t length)
{
    if (length == 0) {
        return;
    }
    kd->output(kd->output_owner, text, length);
}

static void wipe(struct kd *kd)
{
    static const char line_start_and_clear[] = "\r\033[K";
    if (kd->screen.progress_on_screen) {
        put(kd, line_start_and_clear, sizeof line_start_and_clear - 1);
        kd->screen.progress_on_screen = false;
    }
}

void kd_screen_begin(struct kd *kd)
{
    kd->screen.lines = 0;
    kd->screen.stopped = false;
    kd->screen.started = kd->screen.told = kd->screen.on ? now() : 0;
}

void kd_screen_end(struct kd *kd)
{
    wipe(kd);
}

void kd_progress(struct kd *kd, uint64_t done, uint64_t all)
{
    struct kd_screen *screen = &kd->screen;
    if (!screen->on || all == 0) {
        return;
    }
    uint64_t time = now();
    if (time - screen->started < SECOND || time - screen->told < UPDATE_EVERY) {
        return;
    }
    char text[64];
    int length = snprintf(text, sizeof text, "\r%3u%% (Ctrl-C stops)",
                          (unsigned)(100.0 * (double)done / (double)all));
    put(kd, text, (size_t)length);
    screen->told = time;
    screen->progress_on_screen = true;
}

const char *kd_style_on(const struct kd *kd, enum kd_style style)
{
    static const char *const codes[] = {[KD_STYLE_ERROR] = "\033[31m",
                                        [KD_STYLE_PROMPT] = "\033[1m",
                                        [KD_STYLE_EVENT] = "\033[33m"};
    return kd->screen.colours ? codes[style] : "";
}

const char *kd_style_off(const struct kd *kd)
{
    return kd->screen.colours ? "\033[0m" : "";
}

void kd_style_begin(struct kd *kd, enum kd_style style)
{
    const char *code = kd_style_on(kd, style);
    wipe(kd);
    put(kd, code, strlen(code));
}

void kd_style_end(struct kd *kd)
{
    const char *code = kd_style_off(kd);
    put(kd, code, strlen(code));
}

/* A full screen: ask, and have room for as much as is wanted. */
static bool ask(struct kd *kd)
{
    struct kd_screen *screen = &kd->screen;
    switch (screen->more(screen->context)) {
    case KD_MORE_PAGE:
        screen->lines = 0;
        return true;
    case KD_MORE_LINE:
        screen->lines--;
        return true;
    case KD_MORE_ALL:
        screen->rows = 0;
        return true;
    case KD_MORE_STOP:
        screen->stopped = true;
        break;
    }
    return false;
}

bool kd_screen_write(struct kd *kd, const char *text, size_t length)
{
    struct kd_screen *screen = &kd->screen;
    wipe(kd);
    while (length > 0 && !screen->stopped) {
        const char *end = memchr(text, '\n', length);
        size_t piece = end != NULL ? (size_t)(end - text) + 1 : length;
        if (screen->rows > 1 && screen->lines + 1 >= screen->rows && !ask(kd)) {
            return false;
        }
        put(kd, text, piece);
        screen->lines += end != NULL;
        text += piece;
        length -= piece;
    }
    return !screen->stopped;
}
