/* bench/wine.c: see wine.h. Wine gets a prefix of its own, made before and removed after. */
#include "wine.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* All that is written to `fd`, as text. */
static void read_text(int fd, char *text, size_t size)
{
    size_t length = 0;
    ssize_t n = 1;
    while (n > 0 && length + 1 < size) {
        n = read(fd, text + length, size - 1 - length);
        length += n > 0 ? (size_t)n : 0;
    }
    text[length] = 0;
}

int bench_run(char *const arguments[], char *output, size_t output_size)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = -1, ends[2] = {-1, -1};
    if (output && pipe2(ends, O_CLOEXEC)) {
        return -1;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (output) {
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    } else {
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    }
    if (getenv("NTMM_LOG") == NULL) {
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    bool running = posix_spawn(&pid, arguments[0], &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    if (output) {
        close(ends[1]);
        read_text(ends[0], output, output_size);
        close(ends[0]);
    }
    return running && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                           : -1;
}

static const char *first_of(const char *const *paths)
{
    while (*paths && access(*paths, X_OK) != 0) {
        paths++;
    }
    return *paths;
}

bool bench_find_commands(struct bench_commands *c)
{
    static const char *const wines[] = {"/usr/lib/wine/wine64", "/usr/bin/wine64",
                                        "/usr/local/bin/wine64", "/usr/bin/wine", NULL};
    static const char *const servers[] = {"/usr/lib/wine/wineserver64", "/usr/lib/wine/wineserver",
                                          "/usr/bin/wineserver", "/usr/local/bin/wineserver", NULL};
    char self[PATH_MAX - sizeof "/bench"];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) {
        return false;
    }
    self[length] = 0;
    *strrchr(self, '/') = 0;
    *c = (struct bench_commands){.wine = first_of(wines), .server = first_of(servers)};
    snprintf(c->ntmm, sizeof c->ntmm, "%s/ntmm", self);
    snprintf(c->folder, sizeof c->folder, "%s/bench", self);
    if (access(c->ntmm, X_OK) != 0) {
        fprintf(stderr, "bench: %s is needed\n", c->ntmm);
        return false;
    }
    return true;
}

bool bench_warm_wine(struct bench_commands *c, const char *program, int exit_code)
{
    strcpy(c->prefix, "/tmp/ntmm-wine-XXXXXX");
    if (!mkdtemp(c->prefix)) {
        return false;
    }
    setenv("WINEPREFIX", c->prefix, 1);
    setenv("WINEDEBUG", "-all", 1);
    setenv("WINEDLLOVERRIDES", "mscoree,mshtml=", 1); /* asks for nothing, starts sooner */
    unsetenv("DISPLAY");
    (void)bench_run((char *[]){strdupa(c->server), (char[]){"-p"}, NULL}, NULL, 0);
    return bench_run((char *[]){strdupa(c->wine), strdupa(program), NULL}, NULL, 0) == exit_code;
}

void bench_remove_wine(struct bench_commands *c)
{
    (void)bench_run((char *[]){strdupa(c->server), (char[]){"-k"}, NULL}, NULL, 0);
    (void)bench_run((char *[]){strdupa(c->server), (char[]){"-w"}, NULL}, NULL, 0);
    (void)bench_run((char *[]){(char[]){"/bin/rm"}, (char[]){"-rf"}, c->prefix, NULL}, NULL, 0);
}
