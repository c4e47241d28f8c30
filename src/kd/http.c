/* http.c: see http.h. */
#include "kd/http.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"
#define CONNECT_SECONDS 15L
#define SLOW_BYTES 100L /* a second, for this long: */
#define SLOW_SECONDS 30L
#define MOST_REDIRECTIONS 5L
#define MOST_BYTES ((curl_off_t)1 << 32)
/* Some servers answer to debuggers only, and know them by this. */
#define USER_AGENT "Microsoft-Symbol-Server/10.0.0.0"

struct kd_http {
    void *library;
    CURL *curl;
    bool (*go_on)(void *context, const char *url, uint64_t done, uint64_t all);
    void *context;
    const char *url; /* of the transfer that runs */
    char error[CURL_ERROR_SIZE];
    __typeof__(curl_easy_init) *init;
    __typeof__(curl_easy_setopt) *setopt;
    __typeof__(curl_easy_perform) *perform;
    __typeof__(curl_easy_getinfo) *getinfo;
    __typeof__(curl_easy_cleanup) *cleanup;
    __typeof__(curl_easy_strerror) *strerror;
};

/* POSIX lets a pointer to an object hold one to a function; C does not say how to convert it. */
static bool find(struct kd_http *http, const char *name, void *function)
{
    void *symbol = dlsym(http->library, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool open_library(struct kd_http *http)
{
    http->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    return http->library && find(http, "curl_easy_init", &http->init) &&
           find(http, "curl_easy_setopt", &http->setopt) &&
           find(http, "curl_easy_perform", &http->perform) &&
           find(http, "curl_easy_getinfo", &http->getinfo) &&
           find(http, "curl_easy_cleanup", &http->cleanup) &&
           find(http, "curl_easy_strerror", &http->strerror);
}

static int on_progress(void *context, curl_off_t all, curl_off_t done, curl_off_t up_all,
                       curl_off_t up_done)
{
    struct kd_http *http = context;
    (void)up_all, (void)up_done;
    return http->go_on && !http->go_on(http->context, http->url, (uint64_t)done, (uint64_t)all);
}

static void set_protocols(struct kd_http *http)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    http->setopt(http->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    http->setopt(http->curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    http->setopt(http->curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    http->setopt(http->curl, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_options(struct kd_http *http, const char *proxy)
{
    CURL *curl = http->curl;
    set_protocols(http);
    http->setopt(curl, CURLOPT_NOSIGNAL, 1L);
    http->setopt(curl, CURLOPT_FAILONERROR, 1L);
    http->setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    http->setopt(curl, CURLOPT_MAXREDIRS, MOST_REDIRECTIONS);
    http->setopt(curl, CURLOPT_MAXFILESIZE_LARGE, MOST_BYTES);
    http->setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    http->setopt(curl, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
    http->setopt(curl, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
    http->setopt(curl, CURLOPT_USERAGENT, USER_AGENT);
    http->setopt(curl, CURLOPT_ERRORBUFFER, http->error);
    http->setopt(curl, CURLOPT_NOPROGRESS, 0L);
    http->setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    http->setopt(curl, CURLOPT_XFERINFODATA, http);
    if (proxy && *proxy)
        http->setopt(curl, CURLOPT_PROXY, proxy);
}

struct kd_http *kd_http_create(const struct kd_http_config *config,
                               char reason[KD_HTTP_REASON_SIZE])
{
    struct kd_http *http = calloc(1, sizeof *http);
    if (!http) {
        snprintf(reason, KD_HTTP_REASON_SIZE, "out of memory");
        return NULL;
    }
    http->go_on = config->go_on;
    http->context = config->context;
    if (!open_library(http)) {
        snprintf(reason, KD_HTTP_REASON_SIZE,
                 LIBRARY " is missing; on Debian it is in the package libcurl4");
        kd_http_destroy(http);
        return NULL;
    }
    http->curl = http->init();
    if (!http->curl) {
        snprintf(reason, KD_HTTP_REASON_SIZE, LIBRARY " cannot be used");
        kd_http_destroy(http);
        return NULL;
    }
    set_options(http, config->proxy);
    return http;
}

void kd_http_destroy(struct kd_http *http)
{
    if (!http)
        return;
    if (http->curl)
        http->cleanup(http->curl);
    /* The library stays: what its libraries registered to run at exit would be gone. */
    free(http);
}

static enum kd_http_result explain_status(long status, char reason[KD_HTTP_REASON_SIZE])
{
    if (status == 404 || status == 410) {
        snprintf(reason, KD_HTTP_REASON_SIZE, "file not found");
        return KD_HTTP_NOT_FOUND;
    }
    snprintf(reason, KD_HTTP_REASON_SIZE, "the server answers with status %ld", status);
    return KD_HTTP_REFUSED;
}

enum kd_http_result kd_http_get(struct kd_http *http, const char *url, FILE *to,
                                char reason[KD_HTTP_REASON_SIZE])
{
    long status = 0;
    http->url = url;
    http->error[0] = 0;
    http->setopt(http->curl, CURLOPT_URL, url);
    http->setopt(http->curl, CURLOPT_WRITEDATA, to);
    CURLcode code = http->perform(http->curl);
    switch (code) {
    case CURLE_OK:
        return KD_HTTP_OK;
    case CURLE_HTTP_RETURNED_ERROR:
        http->getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
        return explain_status(status, reason);
    case CURLE_ABORTED_BY_CALLBACK:
        snprintf(reason, KD_HTTP_REASON_SIZE, "cancelled");
        return KD_HTTP_CANCELLED;
    default:
        snprintf(reason, KD_HTTP_REASON_SIZE, "%s",
                 http->error[0] ? http->error : http->strerror(code));
        return code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED ? KD_HTTP_REFUSED
                                                                            : KD_HTTP_UNREACHABLE;
    }
}
