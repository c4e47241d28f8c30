/* Files along a symbol path: local stores, and a server (server.py) in a process of its own.
 *
 *      ROOT/remote    what the server serves      ROOT/log    what it was asked for
 *      ROOT/near      the nearest store
 */
#define _GNU_SOURCE 1

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kd/symbols.h"
#include "kd/symfind.h"

#define CONTENT "the right file"
#define KEY "0123456789ABCDEF1"

struct world {
    char root[64];
    int port;
    pid_t server;
    int server_input;
    struct kd_symbols_host host;
    struct symfind *find;
    char told[8192]; /* warnings and notes, one after the other */
    unsigned accepted, refused;
    char found[256];
    bool interrupt;
};

static void hear(void *context, const char *line)
{
    struct world *w = context;
    strncat(w->told, line, sizeof w->told - strlen(w->told) - 1);
}

static bool is_interrupted(void *context)
{
    return ((struct world *)context)->interrupt;
}

/* The first sign of life of a download interrupts it. */
static void interrupt_it(void *context, const char *url, uint64_t done, uint64_t all)
{
    struct world *w = context;
    (void)url, (void)all;
    w->interrupt = w->interrupt || (strstr(url, "/stuck/") && done > 0);
}

static bool accept(void *context, const char *path)
{
    struct world *w = context;
    char content[64] = "";
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(content, 1, sizeof content - 1, file);
    fclose(file);
    content[length] = 0;
    snprintf(w->found, sizeof w->found, "%s", path);
    bool right = strcmp(content, CONTENT) == 0;
    w->accepted += right;
    w->refused += !right;
    return right;
}

/* ---- set-up ---- */

static void start_server(struct world *w)
{
    int in[2], out[2];
    char line[32] = "", folder[128], log[128];
    snprintf(folder, sizeof folder, "%s/remote", w->root);
    snprintf(log, sizeof log, "%s/log", w->root);
    assert_int_equal(pipe(in) | pipe(out), 0);
    w->server = fork();
    assert_true(w->server >= 0);
    if (w->server == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[1]);
        execlp("python3", "python3", SERVER, folder, log, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    w->server_input = in[1];
    assert_true(read(out[0], line, sizeof line - 1) > 0);
    close(out[0]);
    w->port = atoi(line);
    assert_int_not_equal(w->port, 0);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    strcpy(w->root, "/tmp/ntmm-symfind-XXXXXX");
    assert_non_null(mkdtemp(w->root));
    char path[128];
    snprintf(path, sizeof path, "%s/remote", w->root);
    assert_int_equal(mkdir(path, 0700), 0);
    unsetenv("http_proxy"); /* the developer's own */
    w->host = (struct kd_symbols_host){
        .warn = hear, .note = hear, .interrupted = is_interrupted, .context = w};
    start_server(w);
    w->find = symfind_create(&w->host);
    assert_non_null(w->find);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char command[128];
    int status;
    symfind_destroy(w->find);
    close(w->server_input);
    waitpid(w->server, &status, 0);
    snprintf(command, sizeof command, "rm -r %s", w->root);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

/* Write ROOT/PATH and the folders above it. */
static void put(struct world *w, const char *relative, const void *bytes, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", w->root, relative);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, size, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

static void put_text(struct world *w, const char *relative, const char *text)
{
    put(w, relative, text, strlen(text));
}

/* A cabinet with one file that is stored as it is. Source: [MS-CAB]. */
static size_t make_cabinet(uint8_t *out, const char *content)
{
    const uint8_t length = (uint8_t)strlen(content);
    const uint8_t header[] = {'M', 'S', 'C', 'F', 0, 0, 0, 0, (uint8_t)(75 + length),
                              0,   0,   0,   0,   0, 0, 0,    /* size of the cabinet */
                              44,  0,   0,   0,   0, 0, 0, 0, /* first file */
                              3,   1,   1,   0,   1, 0, 0, 0, /* 1.3, 1 folder, 1 file */
                              0,   0,   0,   0};
    const uint8_t folder[] = {67, 0, 0, 0, 1, 0, 0, 0}; /* data at 67, 1 block, not compressed */
    const uint8_t file[] = {length, 0, 0, 0, 0,   0,   0,   0,   0,   0,   0, 0,
                            0,      0, 0, 0, 'n', 't', '.', 'p', 'd', 'b', 0};
    const uint8_t data[] = {0, 0, 0, 0, length, 0, length, 0};
    uint8_t *p = out;
    p = mempcpy(p, header, sizeof header);
    p = mempcpy(p, folder, sizeof folder);
    p = mempcpy(p, file, sizeof file);
    p = mempcpy(p, data, sizeof data);
    p = mempcpy(p, content, length);
    return (size_t)(p - out);
}

/* Search for nt.pdb along `format`, where %d is the port and %s the root. */
static bool search(struct world *w, const char *format, ...)
{
    char path[512];
    va_list list;
    va_start(list, format);
    vsnprintf(path, sizeof path, format, list);
    va_end(list);
    w->told[0] = 0;
    w->accepted = w->refused = 0;
    assert_true(symfind_set_path(w->find, path));
    return symfind_file(w->find, "nt.pdb", KEY, accept, w);
}

/* Lines of the server's log. */
static unsigned requests(const struct world *w)
{
    char path[128];
    unsigned lines = 0;
    snprintf(path, sizeof path, "%s/log", w->root);
    FILE *file = fopen(path, "r");
    for (int c; file && (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

static void assert_found(const struct world *w, const char *relative)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", w->root, relative);
    assert_string_equal(w->found, path);
}

/* Nothing half is left behind. */
static void assert_empty(const struct world *w, const char *folder)
{
    char command[256];
    snprintf(command, sizeof command, "test -z \"$(find %s/%s -type f 2>/dev/null)\"", w->root,
             folder);
    assert_int_equal(system(command), 0);
}

/* ---- folders and stores ---- */

static void test_folders(void **state)
{
    struct world *w = *state;
    assert_false(search(w, "%s/near", w->root));
    put_text(w, "near/nt.pdb", "another");
    put_text(w, "store/nt.pdb/" KEY "/nt.pdb", CONTENT);
    assert_true(search(w, "%s/near;%s/store", w->root, w->root));
    assert_int_equal(w->refused, 1);
    assert_found(w, "store/nt.pdb/" KEY "/nt.pdb");
    assert_true(search(w, "srv*%s/store", w->root));
    put_text(w, "store/index2.txt", " ");
    assert_false(search(w, "srv*%s/store", w->root));
    put_text(w, "store/nt/nt.pdb/" KEY "/nt.pdb", CONTENT);
    assert_true(search(w, "srv*%s/store", w->root));
    assert_int_equal(requests(w), 0);
}

static void test_copy_into_nearest(void **state)
{
    struct world *w = *state;
    put_text(w, "far/nt.pdb/" KEY "/nt.pdb", CONTENT);
    assert_true(search(w, "srv*%s/near*%s/far", w->root, w->root));
    assert_found(w, "near/nt.pdb/" KEY "/nt.pdb");
}

static void test_capital_letters(void **state)
{
    struct world *w = *state;
    put_text(w, "near/nt.pdb", CONTENT);
    assert_true(symfind_set_path(w->find, w->root));
    char path[128];
    snprintf(path, sizeof path, "%s/near", w->root);
    assert_true(symfind_set_path(w->find, path));
    assert_true(symfind_file(w->find, "NT.pdb", KEY, accept, w));
}

static void test_compressed(void **state)
{
    struct world *w = *state;
    uint8_t cabinet[256];
    size_t size = make_cabinet(cabinet, CONTENT);
    put(w, "far/nt.pdb/" KEY "/nt.pd_", cabinet, size);
    assert_true(search(w, "srv*%s/near*%s/far", w->root, w->root));
    assert_found(w, "near/nt.pdb/" KEY "/nt.pdb");

    put(w, "cut/nt.pdb/" KEY "/nt.pd_", cabinet, size - 5);
    assert_false(search(w, "srv*%s/two*%s/cut", w->root, w->root));
    assert_non_null(strstr(w->told, "nt.pd_: the cabinet is damaged"));
    put_text(w, "no/nt.pdb/" KEY "/nt.pd_", "no cabinet at all");
    assert_false(search(w, "srv*%s/two*%s/no", w->root, w->root));
    assert_non_null(strstr(w->told, "nt.pd_: not a cabinet"));
    assert_empty(w, "two");
}

static void test_pointer(void **state)
{
    struct world *w = *state;
    char text[128];
    put_text(w, "elsewhere/nt.pdb", CONTENT);
    snprintf(text, sizeof text, "PATH:%s/elsewhere/nt.pdb", w->root);
    put_text(w, "near/nt.pdb/" KEY "/file.ptr", text);
    assert_true(search(w, "srv*%s/near", w->root));
    assert_found(w, "elsewhere/nt.pdb");
    put_text(w, "near/nt.pdb/" KEY "/file.ptr", "PATH:\\\\server\\nt.pdb");
    assert_false(search(w, "srv*%s/near", w->root));
    assert_non_null(strstr(w->told, "leads to \\\\server\\nt.pdb, which this host cannot reach"));
}

/* ---- servers ---- */

static void test_download(void **state)
{
    struct world *w = *state;
    put_text(w, "remote/nt.pdb/" KEY "/nt.pdb", CONTENT);
    assert_true(search(w, "srv*%s/near*http://127.0.0.1:%d", w->root, w->port));
    assert_found(w, "near/nt.pdb/" KEY "/nt.pdb");
    assert_int_equal(requests(w), 2); /* index2.txt, the file */
    assert_true(search(w, "srv*%s/near*http://127.0.0.1:%d", w->root, w->port));
    assert_int_equal(requests(w), 2);

    put_text(w, "remote/index2.txt", " ");
    put_text(w, "remote/nt/nt.pdb/" KEY "/nt.pdb", CONTENT);
    assert_true(search(w, "srv*%s/two*http://127.0.0.1:%d/", w->root, w->port));
    assert_true(search(w, "srv*%s/three*http://127.0.0.1:%d/moved/", w->root, w->port));
}

static void test_download_other_forms(void **state)
{
    struct world *w = *state;
    uint8_t cabinet[256];
    char text[128];
    put(w, "remote/nt.pdb/" KEY "/nt.pd_", cabinet, make_cabinet(cabinet, CONTENT));
    assert_true(search(w, "srv*%s/near*http://127.0.0.1:%d", w->root, w->port));
    assert_found(w, "near/nt.pdb/" KEY "/nt.pdb");

    put_text(w, "remote/other/file", CONTENT);
    snprintf(text, sizeof text, "PATH:http://127.0.0.1:%d/other/file", w->port);
    put_text(w, "remote/p/nt.pdb/" KEY "/file.ptr", text);
    assert_true(search(w, "srv*%s/two*http://127.0.0.1:%d/p", w->root, w->port));
    /* A server does not choose which of our own files are opened. */
    put_text(w, "remote/q/nt.pdb/" KEY "/file.ptr", "PATH:/etc/passwd");
    assert_false(search(w, "srv*%s/three*http://127.0.0.1:%d/q", w->root, w->port));
    assert_int_equal(w->refused, 0);
    assert_empty(w, "three");
}

static void test_not_there(void **state)
{
    struct world *w = *state;
    assert_false(search(w, "srv*%s/near*http://127.0.0.1:%d", w->root, w->port));
    assert_non_null(strstr(w->told, "/nt.pdb - file not found\n"));
    unsigned asked = requests(w);
    assert_int_equal(asked, 4); /* index2.txt and three forms */
    assert_false(symfind_file(w->find, "nt.pdb", KEY, accept, w));
    assert_int_equal(requests(w), asked);
    assert_empty(w, "near");
    put_text(w, "remote/nt.pdb/" KEY "/nt.pdb", CONTENT);
    symfind_forget(w->find);
    assert_true(symfind_file(w->find, "nt.pdb", KEY, accept, w));
}

static void test_wrong_file(void **state)
{
    struct world *w = *state;
    put_text(w, "remote/nt.pdb/" KEY "/nt.pdb", "<html>please log in</html>");
    assert_false(search(w, "srv*%s/near*http://127.0.0.1:%d", w->root, w->port));
    assert_int_equal(w->refused, 1);
    assert_empty(w, "near");
    assert_false(search(w, "srv*%s/near*http://127.0.0.1:%d/broken", w->root, w->port));
    assert_non_null(strstr(w->told, "the server answers with status 500\n"));
}

static void test_unreachable(void **state)
{
    struct world *w = *state;
    put_text(w, "store/nt.pdb/" KEY "/nt.pdb", CONTENT);
    assert_true(search(w, "srv*%s/near*http://127.0.0.1:1/x;%s/store", w->root, w->root));
    assert_non_null(strstr(w->told, "SYMSRV:  http://127.0.0.1:1/x: "));
    assert_non_null(strstr(w->told, "; not asked again until .reload\n"));
    w->told[0] = 0;
    assert_true(symfind_file(w->find, "nt.pdb", KEY, accept, w));
    assert_null(strstr(w->told, "HTTPGET"));
}

static void test_nowhere_to_keep(void **state)
{
    struct world *w = *state;
    put_text(w, "remote/nt.pdb/" KEY "/nt.pdb", CONTENT);
    assert_false(search(w, "srv*http://127.0.0.1:%d", w->port));
    assert_non_null(strstr(w->told, "no folder to keep nt.pdb in"));
    assert_false(search(w, "srv*/dev/null/store*http://127.0.0.1:%d", w->port));
    assert_non_null(strstr(w->told, "/dev/null/store cannot be written to: Not a directory"));
    char store[128];
    snprintf(store, sizeof store, "%s/default", w->root);
    w->host.store = store;
    assert_true(search(w, "srv*http://127.0.0.1:%d", w->port));
    assert_found(w, "default/nt.pdb/" KEY "/nt.pdb");
}

static void test_interrupted(void **state)
{
    struct world *w = *state;
    w->host.progress = interrupt_it;
    assert_false(search(w, "srv*%s/near*http://127.0.0.1:%d/stuck;%s", w->root, w->port, w->root));
    assert_true(w->interrupt);
    assert_non_null(strstr(w->told, "nt.pdb: cancelled\n"));
    assert_empty(w, "near");
}

static void test_proxy(void **state)
{
    struct world *w = *state;
    char proxy[64];
    snprintf(proxy, sizeof proxy, "127.0.0.1:%d", w->port);
    w->host.proxy = proxy;
    /* The server stands for a proxy: it is asked for a name that nobody else could resolve. */
    assert_false(search(w, "srv*%s/near*http://symbols.invalid/x", w->root));
    assert_int_equal(requests(w), 4);
}

static void test_odd_names(void **state)
{
    struct world *w = *state;
    put_text(w, "remote/a%b c#.pdb/" KEY "/a%b c#.pdb", CONTENT);
    char path[256];
    snprintf(path, sizeof path, "srv*%s/near*http://127.0.0.1:%d", w->root, w->port);
    assert_true(symfind_set_path(w->find, path));
    assert_true(symfind_file(w->find, "a%b c#.pdb", KEY, accept, w));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_folders),
        WITH_WORLD(test_copy_into_nearest),
        WITH_WORLD(test_capital_letters),
        WITH_WORLD(test_compressed),
        WITH_WORLD(test_pointer),
        WITH_WORLD(test_download),
        WITH_WORLD(test_download_other_forms),
        WITH_WORLD(test_not_there),
        WITH_WORLD(test_wrong_file),
        WITH_WORLD(test_unreachable),
        WITH_WORLD(test_nowhere_to_keep),
        WITH_WORLD(test_interrupted),
        WITH_WORLD(test_proxy),
        WITH_WORLD(test_odd_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
