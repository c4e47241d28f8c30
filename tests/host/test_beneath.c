/* tests/host/test_beneath.c: names beneath a root: any case, and never outside.
 *
 *      DIR/outside/secret.txt
 *      DIR/root/Docs/ReadMe.txt      plain
 *      DIR/root/Docs/README.TXT      the same name in another case
 *      DIR/root/Docs/Größe.txt       letters beyond ASCII
 *      DIR/root/in  -> Docs          a link inside
 *      DIR/root/out -> ../outside    links that lead out
 *      DIR/root/abs -> /
 *      DIR/root/pipe                 a FIFO
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/host.h"

struct tree {
    char path[64];
    int root;
};

static void make_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void in_tree(char *path, size_t size, const struct tree *tree, const char *name)
{
    snprintf(path, size, "%s/%s", tree->path, name);
}

static int setup(void **state)
{
    struct tree *tree = malloc(sizeof(*tree));
    char path[256];
    snprintf(tree->path, sizeof(tree->path), "%s", "/tmp/ntmm-host-XXXXXX");
    assert_non_null(mkdtemp(tree->path));
    static const char *const folders[] = {"outside", "root", "root/Docs"};
    for (size_t i = 0; i < 3; i++) {
        in_tree(path, sizeof(path), tree, folders[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    make_file(tree->path, "outside/secret.txt", "secret");
    make_file(tree->path, "root/Docs/ReadMe.txt", "mixed");
    make_file(tree->path, "root/Docs/README.TXT", "upper");
    make_file(tree->path, "root/Docs/Größe.txt", "size");
    static const char *const links[][2] = {
        {"Docs", "root/in"}, {"../outside", "root/out"}, {"/", "root/abs"}};
    for (size_t i = 0; i < 3; i++) {
        in_tree(path, sizeof(path), tree, links[i][1]);
        assert_int_equal(symlink(links[i][0], path), 0);
    }
    in_tree(path, sizeof(path), tree, "root/pipe");
    assert_int_equal(mkfifo(path, 0644), 0);
    in_tree(path, sizeof(path), tree, "root");
    tree->root = open(path, O_RDONLY | O_DIRECTORY);
    assert_true(tree->root >= 0);
    *state = tree;
    return 0;
}

static int teardown(void **state)
{
    struct tree *tree = *state;
    char command[128];
    close(tree->root);
    snprintf(command, sizeof(command), "rm -rf '%s'", tree->path);
    assert_int_equal(system(command), 0);
    free(tree);
    return 0;
}

static void expect_text(struct tree *tree, const char *path, const char *text)
{
    char buffer[32] = "";
    int fd;
    assert_int_equal(host_open_beneath(tree->root, path, O_RDONLY, &fd), STATUS_SUCCESS);
    assert_true(read(fd, buffer, sizeof(buffer) - 1) >= 0);
    assert_string_equal(buffer, text);
    close(fd);
}

static void expect_status(struct tree *tree, const char *path, int flags, NTSTATUS expected)
{
    int fd = -1;
    NTSTATUS status = host_open_beneath(tree->root, path, flags, &fd);
    if (status == STATUS_SUCCESS)
        close(fd);
    assert_int_equal(status, expected);
}

static void test_case(void **state)
{
    struct tree *tree = *state;
    char resolved[HOST_PATH_MAX];
    struct stat info;

    expect_text(tree, "Docs/ReadMe.txt", "mixed"); /* exact names come first */
    expect_text(tree, "Docs/README.TXT", "upper");
    expect_text(tree, "docs/readme.txt", "upper"); /* else the first in byte order */
    expect_text(tree, "DOCS/GRÖßE.TXT", "size");
    expect_status(tree, "docs/grosse.txt", O_RDONLY, STATUS_OBJECT_NAME_NOT_FOUND);

    assert_int_equal(host_resolve_beneath(tree->root, "dOCS/readme.TXT", resolved, &info),
                     STATUS_SUCCESS);
    assert_string_equal(resolved, "Docs/README.TXT");
    assert_int_equal(info.st_size, 5);
    assert_int_equal(host_resolve_beneath(tree->root, "docs/New.txt", resolved, &info),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    assert_string_equal(resolved, "Docs/New.txt");
    assert_int_equal(host_resolve_beneath(tree->root, "", resolved, &info), STATUS_SUCCESS);
    assert_true(S_ISDIR(info.st_mode));
}

static void test_outside(void **state)
{
    struct tree *tree = *state;
    static const char *const invalid[] = {"..",    "../outside/secret.txt", "Docs/../../outside",
                                          ".",     "/etc/passwd",           "Docs//ReadMe.txt",
                                          "Docs/", "Docs/./ReadMe.txt"};
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        expect_status(tree, invalid[i], O_RDONLY, STATUS_OBJECT_NAME_INVALID);
    expect_status(tree, "out/secret.txt", O_RDONLY, STATUS_ACCESS_DENIED);
    expect_status(tree, "OUT/SECRET.TXT", O_RDONLY, STATUS_ACCESS_DENIED);
    expect_status(tree, "abs/etc/passwd", O_RDONLY, STATUS_ACCESS_DENIED);
    expect_status(tree, "out/new.txt", O_RDWR | O_CREAT, STATUS_ACCESS_DENIED);
    expect_status(tree, "pipe", O_RDONLY, STATUS_ACCESS_DENIED);
    expect_status(tree, "pipe", O_RDWR, STATUS_ACCESS_DENIED);
    expect_text(tree, "in/ReadMe.txt", "mixed"); /* inside is fine */
    expect_text(tree, "IN/readme.txt", "upper");

    char secret[128];
    struct host_file_bytes file;
    in_tree(secret, sizeof(secret), tree, "outside/new.txt");
    assert_int_equal(access(secret, F_OK), -1);
    in_tree(secret, sizeof(secret), tree, "outside/secret.txt");
    assert_int_equal(host_remove_beneath(tree->root, "out/secret.txt"), STATUS_ACCESS_DENIED);
    assert_int_equal(host_rename_beneath(tree->root, "Docs/ReadMe.txt", "out/x", true),
                     STATUS_ACCESS_DENIED);
    assert_int_equal(host_read_file(secret, 100, &file), STATUS_SUCCESS);
    host_free_bytes(&file);
}

static void test_statuses(void **state)
{
    struct tree *tree = *state;
    char path_too_long[HOST_PATH_MAX + 8], name_too_long[300];
    memset(path_too_long, 'x', sizeof(path_too_long));
    for (size_t i = 100; i < sizeof(path_too_long); i += 100)
        path_too_long[i] = '/';
    path_too_long[sizeof(path_too_long) - 1] = '\0';
    memset(name_too_long, 'x', sizeof(name_too_long));
    name_too_long[sizeof(name_too_long) - 1] = '\0';

    expect_status(tree, path_too_long, O_RDONLY, STATUS_OBJECT_NAME_INVALID);
    expect_status(tree, name_too_long, O_RDONLY, STATUS_OBJECT_NAME_INVALID);
    expect_status(tree, "none", O_RDONLY, STATUS_OBJECT_NAME_NOT_FOUND);
    expect_status(tree, "none/none", O_RDONLY, STATUS_OBJECT_PATH_NOT_FOUND);
    expect_status(tree, "none/none", O_RDWR | O_CREAT, STATUS_OBJECT_PATH_NOT_FOUND);
    expect_status(tree, "Docs/ReadMe.txt/x", O_RDONLY, STATUS_OBJECT_PATH_NOT_FOUND);
    expect_status(tree, "docs/readme.txt", O_RDWR | O_CREAT | O_EXCL, STATUS_OBJECT_NAME_COLLISION);
    expect_status(tree, "docs", O_RDWR, STATUS_FILE_IS_A_DIRECTORY);
    expect_status(tree, "docs", O_RDONLY | O_DIRECTORY, STATUS_SUCCESS);
    expect_status(tree, "docs", O_RDONLY, STATUS_SUCCESS);
    expect_status(tree, "", O_RDONLY | O_DIRECTORY, STATUS_SUCCESS);
    expect_status(tree, "Docs/ReadMe.txt", O_RDONLY | O_DIRECTORY, STATUS_NOT_A_DIRECTORY);
}

static void test_changes(void **state)
{
    struct tree *tree = *state;
    int fd;
    assert_int_equal(host_open_beneath(tree->root, "docs/New.txt", O_RDWR | O_CREAT | O_EXCL, &fd),
                     STATUS_SUCCESS);
    assert_int_equal(write(fd, "new", 3), 3);
    close(fd);
    expect_text(tree, "Docs/NEW.TXT", "new");
    expect_status(tree, "DOCS/new.txt", O_RDWR | O_CREAT | O_TRUNC, STATUS_SUCCESS);
    expect_text(tree, "Docs/New.txt", "");

    assert_int_equal(host_make_directory_beneath(tree->root, "docs/Sub"), STATUS_SUCCESS);
    assert_int_equal(host_make_directory_beneath(tree->root, "Docs/SUB"),
                     STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(host_rename_beneath(tree->root, "docs/new.txt", "docs/sub/Old.txt", false),
                     STATUS_SUCCESS);
    expect_text(tree, "Docs/Sub/Old.txt", "");
    assert_int_equal(host_rename_beneath(tree->root, "docs/sub/old.txt", "docs/readme.txt", false),
                     STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(host_rename_beneath(tree->root, "docs/sub/old.txt", "docs/sub", true),
                     STATUS_ACCESS_DENIED);

    /* Only the case changes: the new one is what is seen. */
    char resolved[HOST_PATH_MAX];
    struct stat info;
    assert_int_equal(host_rename_beneath(tree->root, "docs/sub/old.txt", "docs/sub/OLD.txt", false),
                     STATUS_SUCCESS);
    assert_int_equal(host_resolve_beneath(tree->root, "docs/sub/old.TXT", resolved, &info),
                     STATUS_SUCCESS);
    assert_string_equal(resolved, "Docs/Sub/OLD.txt");

    assert_int_equal(host_remove_beneath(tree->root, "docs/sub"), STATUS_DIRECTORY_NOT_EMPTY);
    assert_int_equal(host_rename_beneath(tree->root, "docs/sub/old.txt", "docs/readme.txt", true),
                     STATUS_SUCCESS);
    expect_text(tree, "Docs/README.TXT", "");
    assert_int_equal(host_remove_beneath(tree->root, "docs/sub"), STATUS_SUCCESS);
    assert_int_equal(host_remove_beneath(tree->root, "docs/sub"), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(host_remove_beneath(tree->root, ""), STATUS_ACCESS_DENIED);
    /* A link is removed itself, not what it leads to. */
    assert_int_equal(host_remove_beneath(tree->root, "in"), STATUS_SUCCESS);
    expect_text(tree, "Docs/ReadMe.txt", "mixed");
}

static void test_compare(void **state)
{
    (void)state;
    assert_int_equal(host_compare_names("KERNEL32.dll", "kernel32.DLL"), 0);
    assert_int_equal(host_compare_names("a", "B"), -1);
    assert_int_equal(host_compare_names("_", "a"), 1); /* upcased: 'A' is before '_' */
    assert_int_equal(host_compare_names("ab", "a"), 1);
    assert_int_equal(host_compare_names("Ωμέγα", "ωΜΈΓΑ"), 0);
    assert_int_equal(host_compare_names("Привет", "пРИВЕТ"), 0);
    assert_int_equal(host_compare_names("ß", "ẞ") != 0, 1);
    assert_int_equal(host_compare_names("\xC3", "\xE3") != 0, 1);  /* no UTF-8: bytes */
    assert_int_equal(host_compare_names("\xC1\x81", "A") != 0, 1); /* overlong */
}

/* ---- without openat2 ---- */

/* Make openat2 fail as on kernels that do not have it, for the rest of this process. */
static int hide_openat2(void **state)
{
    (void)state;
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void test_nofollow(void **state)
{
    struct tree *tree = *state;
    int fd;
    expect_text(tree, "docs/readme.txt", "upper");
    expect_status(tree, "", O_RDONLY | O_DIRECTORY, STATUS_SUCCESS);
    assert_int_equal(host_open_beneath(tree->root, "DOCS/new.txt", O_RDWR | O_CREAT, &fd),
                     STATUS_SUCCESS);
    close(fd);
    /* Every link is refused, wherever it leads. */
    static const char *const links[] = {"in/ReadMe.txt", "out/secret.txt", "abs/etc/passwd"};
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        expect_status(tree, links[i], O_RDONLY, STATUS_OBJECT_PATH_NOT_FOUND);
    expect_status(tree, "abs", O_RDONLY, STATUS_ACCESS_DENIED);
    expect_status(tree, "out", O_RDONLY | O_DIRECTORY, STATUS_ACCESS_DENIED);
    expect_status(tree, "..", O_RDONLY, STATUS_OBJECT_NAME_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_case, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_statuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
        cmocka_unit_test(test_compare),
    };
    const struct CMUnitTest tests_without_openat2[] = {
        cmocka_unit_test_setup_teardown(test_nofollow, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) +
           cmocka_run_group_tests(tests_without_openat2, hide_openat2, NULL);
}
