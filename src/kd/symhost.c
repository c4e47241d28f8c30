/* symhost.c: the debugger as the symbol manager's host: what it prints, and when it gives up. */
#include "kd/symhost.h"

#include <stdlib.h>
#include <string.h>

#include "kd/kdi.h"
#include "kd/symbols.h"

static void print_line(void *context, const char *line)
{
    kd_printf(context, "%s", line);
}

static void show_download(void *context, const char *url, uint64_t done, uint64_t all)
{
    (void)url;
    kd_progress(context, done, all);
}

static bool is_interrupted(void *context)
{
    return kd_interrupted(context);
}

static char *copy(const char *text)
{
    return strdup(text ? text : "");
}

bool kd_symhost_init(struct kd *kd, const struct kd_config *config)
{
    kd->symbol_path = copy(config->symbol_path);
    kd->symbol_store = copy(config->symbol_store);
    kd->symbol_proxy = copy(config->symbol_proxy);
    return kd->symbol_path && kd->symbol_store && kd->symbol_proxy;
}

void kd_symhost_deinit(struct kd *kd)
{
    free(kd->symbol_path);
    free(kd->symbol_store);
    free(kd->symbol_proxy);
}

void kd_symhost_attach(struct kd *kd)
{
    const struct kd_symbols_host host = {
        .own_path = kd->target->symbol_path,
        .store = kd->symbol_store[0] ? kd->symbol_store : NULL,
        .proxy = kd->symbol_proxy[0] ? kd->symbol_proxy : NULL,
        .warn = print_line,
        .progress = show_download,
        .interrupted = is_interrupted,
        .note = kd->symbols_noisy ? print_line : NULL,
        .context = kd,
    };
    kd_symbols_set_host(kd->symbols, &host);
}
