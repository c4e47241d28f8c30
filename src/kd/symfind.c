/* symfind.c: see symfind.h.
 *
 * A chain of stores is asked from near to far. What a far place has goes into the nearest store
 * first and is looked at there:
 *
 *      srv*NEAR*MIDDLE*URL     NEAR ----- MIDDLE ----- URL
 *                               ^           |           |
 *                               `-- copy ---'           |
 *                               `-- download, expand ---'
 */
#define _GNU_SOURCE 1 /* asprintf */

#include "kd/symfind.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kd/http.h"
#include "kd/symbols.h"
#include "kd/symstore.h"

#define POINTER_SIZE 4096 /* bytes of a file.ptr that are looked at */

enum server_state { SERVER_NEW, SERVER_FLAT, SERVER_TWO_TIERS, SERVER_DOWN };

struct server {
    char *url;
    enum server_state state;
};

struct symfind {
    const struct kd_symbols_host *host;
    struct sympath path;
    struct kd_http *http; /* NULL: not asked for yet, or not to be had */
    struct server *servers;
    size_t server_count;
    char **absent; /* SERVER/NAME/KEY that was asked for in vain */
    size_t absent_count;
};

/* One search. */
struct hunt {
    struct symfind *find;
    const char *name, *key;
    char *lower; /* the name in small letters; NULL: it is so already */
    symfind_accept *accept;
    void *context;
    bool in_chain; /* at a place of a chain, not in a folder of the path */
};

/* ---- telling ---- */

static void tell(void (*say)(void *, const char *), void *context, const char *format, va_list list)
{
    char *line;
    if (say && vasprintf(&line, format, list) >= 0) {
        say(context, line);
        free(line);
    }
}

__attribute__((format(printf, 2, 3))) static void note(const struct symfind *find,
                                                       const char *format, ...)
{
    va_list list;
    va_start(list, format);
    tell(find->host->note, find->host->context, format, list);
    va_end(list);
}

__attribute__((format(printf, 2, 3))) static void warn(const struct symfind *find,
                                                       const char *format, ...)
{
    va_list list;
    va_start(list, format);
    tell(find->host->warn, find->host->context, format, list);
    va_end(list);
}

static bool interrupted(const struct symfind *find)
{
    const struct kd_symbols_host *host = find->host;
    return host->interrupted && host->interrupted(host->context);
}

static bool go_on(void *context, const char *url, uint64_t done, uint64_t all)
{
    const struct symfind *find = context;
    const struct kd_symbols_host *host = find->host;
    if (host->progress)
        host->progress(host->context, url, done, all);
    return !interrupted(find);
}

/* ---- life ---- */

struct symfind *symfind_create(const struct kd_symbols_host *host)
{
    struct symfind *find = calloc(1, sizeof *find);
    if (find)
        find->host = host;
    return find;
}

void symfind_forget(struct symfind *find)
{
    for (size_t i = 0; i < find->server_count; i++)
        free(find->servers[i].url);
    for (size_t i = 0; i < find->absent_count; i++)
        free(find->absent[i]);
    free(find->servers);
    free(find->absent);
    find->servers = NULL;
    find->absent = NULL;
    find->server_count = find->absent_count = 0;
}

void symfind_destroy(struct symfind *find)
{
    if (!find)
        return;
    symfind_forget(find);
    sympath_deinit(&find->path);
    kd_http_destroy(find->http);
    free(find);
}

bool symfind_set_path(struct symfind *find, const char *path)
{
    struct sympath parsed;
    if (!sympath_parse(path, find->host->store, &parsed))
        return false;
    symfind_forget(find);
    sympath_deinit(&find->path);
    find->path = parsed;
    return true;
}

const struct sympath *symfind_path(const struct symfind *find)
{
    return &find->path;
}

/* ---- one file ---- */

/* A store has folders under the names of files. */
static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Takes `path` over. */
static bool try_file(struct hunt *h, char *path)
{
    bool there = path && is_file(path);
    if (path && !there)
        note(h->find, "DBGHELP: %s - file not found\n", path);
    bool fits = there && h->accept(h->context, path);
    free(path);
    return fits;
}

static bool copy_stream(FILE *from, FILE *to)
{
    char buffer[65536];
    size_t got;
    while ((got = fread(buffer, 1, sizeof buffer, from)) > 0) {
        if (fwrite(buffer, 1, got, to) != got)
            return false;
    }
    return !ferror(from);
}

/* Put what has been written into its place, and look at it there. */
static bool commit(struct hunt *h, struct symstore_file *file)
{
    int error = symstore_commit(file);
    bool fits = false;
    if (error)
        warn(h->find, "SYMSRV:  %s cannot be written: %s\n", file->path, strerror(-error));
    else
        fits = h->accept(h->context, file->path);
    if (!error && !fits)
        unlink(file->path); /* a server's error page, or another version: do not keep it */
    symstore_free(file);
    return fits;
}

static bool begin(struct hunt *h, const char *root, struct symstore_file *file)
{
    if (!root || !*root) {
        warn(h->find, "SYMSRV:  no folder to keep %s in; name one: srv*FOLDER*URL\n", h->name);
        return false;
    }
    int error = symstore_begin(root, h->name, h->key, file);
    if (error)
        warn(h->find, "SYMSRV:  %s cannot be written to: %s\n", root, strerror(-error));
    return error == 0;
}

/* The cabinet `from` holds the file: expand it into the store `root`. */
static bool expand(struct hunt *h, const char *from, const char *root)
{
    struct symstore_file file;
    if (!begin(h, root, &file))
        return false;
    const char *wrong = symstore_expand(from, file.temporary);
    if (wrong) {
        warn(h->find, "SYMSRV:  %s: %s\n", from, wrong);
        symstore_abort(&file);
        return false;
    }
    return commit(h, &file);
}

static bool keep_copy(struct hunt *h, const char *from, const char *root)
{
    struct symstore_file file;
    FILE *source = root ? fopen(from, "rbe") : NULL;
    if (!source)
        return false;
    bool open = begin(h, root, &file);
    bool copied = open && copy_stream(source, file.stream);
    fclose(source);
    if (open && !copied)
        symstore_abort(&file);
    return copied && commit(h, &file);
}

/* ---- a store in a folder ---- */

/* What a file.ptr in a store leads to. */
static bool try_pointer(struct hunt *h, const char *path)
{
    char bytes[POINTER_SIZE], target[POINTER_SIZE];
    FILE *file = fopen(path, "rbe");
    if (!file)
        return false;
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    switch (symstore_parse_pointer(bytes, length, target, sizeof target)) {
    case SYMSTORE_POINTER_PATH:
        if (target[0] == '/')
            return try_file(h, strdup(target));
        warn(h->find, "SYMSRV:  %s leads to %s, which this host cannot reach\n", path, target);
        return false;
    case SYMSTORE_POINTER_MESSAGE:
        warn(h->find, "SYMSRV:  %s says: %s\n", path, target);
        return false;
    case SYMSTORE_POINTER_BAD:
        break;
    }
    warn(h->find, "SYMSRV:  %s is damaged\n", path);
    return false;
}

/* `keep` is the nearer store that gets a copy, or NULL. */
static bool try_form(struct hunt *h, const char *root, const char *name, enum symstore_form form,
                     const char *keep)
{
    bool found = false;
    char *path = symstore_path(root, name, h->key, form);
    bool there = path && is_file(path);
    if (path && !there && form == SYMSTORE_PLAIN)
        note(h->find,
             h->in_chain ? "SYMSRV:  UNC: %s - path not found\n" : "DBGHELP: %s - file not found\n",
             path);
    if (there && form == SYMSTORE_PLAIN)
        found = keep_copy(h, path, keep) || h->accept(h->context, path);
    else if (there && form == SYMSTORE_COMPRESSED)
        found = expand(h, path, keep ? keep : h->find->host->store);
    else if (there)
        found = try_pointer(h, path);
    free(path);
    return found;
}

static bool search_store(struct hunt *h, const char *root, const char *keep)
{
    for (int form = SYMSTORE_PLAIN; form < SYMSTORE_FORMS; form++) {
        if (try_form(h, root, h->name, form, keep) ||
            (h->lower && try_form(h, root, h->lower, form, keep)))
            return true;
    }
    return false;
}

/* ---- a server ---- */

/* Percent-encode what a path of a URL cannot hold: names come from guest memory. */
static char *make_url(const char *server, const char *relative)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t length = strlen(server);
    char *url = malloc(length + 1 + 3 * strlen(relative) + 1);
    if (!url)
        return NULL;
    memcpy(url, server, length);
    url[length++] = '/';
    for (const char *p = relative; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (isalnum(c) || strchr("-._~/", c)) {
            url[length++] = (char)c;
        } else {
            url[length++] = '%';
            url[length++] = digits[c >> 4];
            url[length++] = digits[c & 15];
        }
    }
    url[length] = 0;
    return url;
}

static bool need_http(struct symfind *find, struct server *server)
{
    char reason[KD_HTTP_REASON_SIZE];
    const struct kd_http_config config = {
        .proxy = find->host->proxy, .go_on = go_on, .context = find};
    if (!find->http)
        find->http = kd_http_create(&config, reason);
    if (!find->http) {
        warn(find, "SYMSRV:  %s: %s\n", server->url, reason);
        server->state = SERVER_DOWN;
    }
    return find->http != NULL;
}

static bool is_absent(const struct symfind *find, const char *question)
{
    for (size_t i = 0; i < find->absent_count; i++) {
        if (strcmp(find->absent[i], question) == 0)
            return true;
    }
    return false;
}

static void set_absent(struct symfind *find, const char *question)
{
    char **absent = realloc(find->absent, (find->absent_count + 1) * sizeof(*absent));
    char *copy = strdup(question);
    if (absent)
        find->absent = absent;
    if (absent && copy)
        find->absent[find->absent_count++] = copy;
    else
        free(copy);
}

static enum kd_http_result fetch(struct symfind *find, struct server *server, const char *url,
                                 FILE *to)
{
    char reason[KD_HTTP_REASON_SIZE] = "OK";
    enum kd_http_result result = kd_http_get(find->http, url, to, reason);
    note(find, "SYMSRV:  HTTPGET: %s - %s\n", url, reason);
    if (result == KD_HTTP_UNREACHABLE) {
        warn(find, "SYMSRV:  %s: %s; not asked again until .reload\n", server->url, reason);
        server->state = SERVER_DOWN;
    } else if (result == KD_HTTP_REFUSED || result == KD_HTTP_CANCELLED) {
        warn(find, "SYMSRV:  %s: %s\n", url, reason);
    }
    return result;
}

/* The first question to a server: is it there, and how are its folders laid out? */
static void get_acquainted(struct symfind *find, struct server *server)
{
    FILE *nowhere = fopen("/dev/null", "we");
    char *url = make_url(server->url, "index2.txt");
    if (url && nowhere && need_http(find, server)) {
        enum kd_http_result result = fetch(find, server, url, nowhere);
        if (result == KD_HTTP_OK)
            server->state = SERVER_TWO_TIERS;
        else if (result == KD_HTTP_NOT_FOUND || result == KD_HTTP_REFUSED)
            server->state = SERVER_FLAT;
    }
    free(url);
    if (nowhere)
        fclose(nowhere);
}

static struct server *get_server(struct symfind *find, const char *url)
{
    struct server *server = NULL;
    for (size_t i = 0; i < find->server_count; i++) {
        if (strcmp(find->servers[i].url, url) == 0)
            server = &find->servers[i];
    }
    if (!server) {
        struct server *list = realloc(find->servers, (find->server_count + 1) * sizeof(*list));
        char *copy = strdup(url);
        if (list)
            find->servers = list;
        if (!list || !copy) {
            free(copy);
            return NULL;
        }
        server = &list[find->server_count++];
        *server = (struct server){.url = copy};
    }
    if (server->state == SERVER_NEW)
        get_acquainted(find, server);
    return server->state == SERVER_FLAT || server->state == SERVER_TWO_TIERS ? server : NULL;
}

/* Write over whatever an earlier try has left. */
static bool fetch_form(struct hunt *h, struct server *server, enum symstore_form form, FILE *to)
{
    char *relative = symstore_relative(server->state == SERVER_TWO_TIERS, h->name, h->key, form);
    char *url = relative ? make_url(server->url, relative) : NULL;
    bool got = url && fflush(to) == 0 && ftruncate(fileno(to), 0) == 0;
    rewind(to);
    got = got && fetch(h->find, server, url, to) == KD_HTTP_OK && fflush(to) == 0;
    free(url);
    free(relative);
    return got;
}

/* A server's pointer may lead to another server; a path would name a file of this host. */
static bool follow_pointer(struct hunt *h, struct server *server, struct symstore_file *file)
{
    char bytes[POINTER_SIZE], target[POINTER_SIZE];
    FILE *stream = fopen(file->temporary, "rbe");
    size_t length = stream ? fread(bytes, 1, sizeof bytes, stream) : 0;
    if (stream)
        fclose(stream);
    enum symstore_pointer kind = symstore_parse_pointer(bytes, length, target, sizeof target);
    if (kind == SYMSTORE_POINTER_PATH && strncmp(target, "http", 4) == 0) {
        rewind(file->stream);
        return ftruncate(fileno(file->stream), 0) == 0 &&
               fetch(h->find, server, target, file->stream) == KD_HTTP_OK;
    }
    warn(h->find, "SYMSRV:  %s: the pointer to %s %s%s\n", server->url, h->name,
         kind == SYMSTORE_POINTER_MESSAGE ? "says: "
         : kind == SYMSTORE_POINTER_PATH  ? "leads to another system: "
                                          : "is damaged",
         kind == SYMSTORE_POINTER_BAD ? "" : target);
    return false;
}

/* The compressed form has been fetched to where the file itself belongs. */
static bool expand_in_place(struct hunt *h, struct symstore_file *file)
{
    char *expanded;
    if (asprintf(&expanded, "%s.x", file->temporary) < 0)
        return false;
    const char *wrong = symstore_expand(file->temporary, expanded);
    if (wrong)
        warn(h->find, "SYMSRV:  %s: %s\n", h->name, wrong);
    bool done = !wrong && rename(expanded, file->temporary) == 0;
    if (!done)
        unlink(expanded);
    free(expanded);
    return done;
}

static bool download(struct hunt *h, struct server *server, const char *keep)
{
    struct symstore_file file;
    if (!begin(h, keep, &file))
        return false;
    bool got = fetch_form(h, server, SYMSTORE_PLAIN, file.stream);
    if (!got && server->state != SERVER_DOWN && !interrupted(h->find))
        got = fetch_form(h, server, SYMSTORE_COMPRESSED, file.stream) && expand_in_place(h, &file);
    if (!got && server->state != SERVER_DOWN && !interrupted(h->find))
        got = fetch_form(h, server, SYMSTORE_POINTER, file.stream) &&
              follow_pointer(h, server, &file);
    if (got)
        return commit(h, &file);
    symstore_abort(&file);
    return false;
}

static bool search_server(struct hunt *h, const char *url, const char *keep)
{
    struct server *server = get_server(h->find, url);
    char *question = NULL;
    if (!server || asprintf(&question, "%s/%s/%s", url, h->name, h->key) < 0)
        return false;
    bool found = !is_absent(h->find, question) && download(h, server, keep);
    if (!found)
        set_absent(h->find, question);
    free(question);
    return found;
}

/* ---- the path ---- */

/* The store that keeps what place `i` has: the nearest before it. */
static const char *store_before(const struct sympath_element *element, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (!element->places[k].remote && element->places[k].where[0])
            return element->places[k].where;
    }
    return NULL;
}

static bool search_chain(struct hunt *h, const struct sympath_element *element)
{
    for (size_t i = 0; i < element->count && !interrupted(h->find); i++) {
        const struct sympath_place *place = &element->places[i];
        const char *keep = store_before(element, i);
        if (place->remote ? search_server(h, place->where, keep ? keep : h->find->host->store)
                          : search_store(h, place->where, keep))
            return true;
    }
    return false;
}

static bool search_folder(struct hunt *h, const char *folder)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, h->name) >= 0 && try_file(h, path))
        return true;
    if (h->lower && asprintf(&path, "%s/%s", folder, h->lower) >= 0 && try_file(h, path))
        return true;
    return h->key && search_store(h, folder, NULL);
}

/* NULL when there is no capital letter in it, or no memory. */
static char *lower_name(const char *name)
{
    char *lower = strdup(name);
    for (char *p = lower; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    if (lower && strcmp(lower, name) == 0) {
        free(lower);
        lower = NULL;
    }
    return lower;
}

bool symfind_file(struct symfind *find, const char *name, const char *key, symfind_accept *accept,
                  void *context)
{
    struct hunt h = {find, name, key, lower_name(name), accept, context, false};
    bool found = false;
    for (size_t i = 0; i < find->path.count && !found && !interrupted(find); i++) {
        const struct sympath_element *element = &find->path.elements[i];
        h.in_chain = element->chain;
        if (!element->chain)
            found = search_folder(&h, element->places[0].where);
        else if (key)
            found = search_chain(&h, element);
    }
    free(h.lower);
    return found;
}
