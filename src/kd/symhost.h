/* symhost.h: what the debugger is to its symbol manager (struct kd_symbols_host). */
#pragma once

#include <stdbool.h>

struct kd;
struct kd_config;

/* Keep what the configuration says of symbols. => false: out of memory; kd_symhost_deinit frees */
bool kd_symhost_init(struct kd *kd, const struct kd_config *config);
void kd_symhost_deinit(struct kd *kd);

/* Connect kd->symbols with the debugger: again whenever kd->symbols_noisy has changed. */
void kd_symhost_attach(struct kd *kd);
