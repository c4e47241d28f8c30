/* http.h: fetching files from symbol servers, through libcurl.
 *
 * libcurl is opened when a server is first asked: it brings thirty libraries, which would double
 * the start-up of every command that needs none of them. Without it everything works but servers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct kd_http;

enum kd_http_result {
    KD_HTTP_OK,
    KD_HTTP_NOT_FOUND,   /* the server has no such file (404, 410) */
    KD_HTTP_REFUSED,     /* it answered something else */
    KD_HTTP_UNREACHABLE, /* no answer, or none that can be used: asking again is of no use */
    KD_HTTP_CANCELLED,   /* go_on said no */
};

struct kd_http_config {
    const char *proxy; /* host:port or URL; NULL or "": what the environment says */
    /* Called several times a second; `all` is 0 when the server does not say. NULL: never */
    bool (*go_on)(void *context, const char *url, uint64_t done, uint64_t all);
    void *context;
};

#define KD_HTTP_REASON_SIZE 256

/* NULL: `reason` says why in one line. The strings of `config` are copied. */
struct kd_http *kd_http_create(const struct kd_http_config *config,
                               char reason[KD_HTTP_REASON_SIZE]);
void kd_http_destroy(struct kd_http *http);

/* Fetch `url` (http or https, with redirections) into `to`. A server that cannot be connected in 15
 * seconds, or delivers less than 100 bytes a second for 30, is unreachable. When the result is not
 * KD_HTTP_OK `reason` says why in one line, and what is in `to` is worthless. */
enum kd_http_result kd_http_get(struct kd_http *http, const char *url, FILE *to,
                                char reason[KD_HTTP_REASON_SIZE]);
