/* tests/host/test_window.c: windows, and the handlers of others for the same signal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/host.h"

#define PAGE 4096u
#define PAGES 8u

struct window {
    struct host_window window;
    char *bytes;
    volatile unsigned reads, writes; /* a touch is no call that the compiler knows of */
    volatile bool refuses;
};

static bool touched(void *owner, void *address, bool write)
{
    struct window *w = owner;
    char *page = (char *)address - (uintptr_t)address % PAGE;

    errno = E2BIG; /* nobody's business */
    __atomic_fetch_add(write ? &w->writes : &w->reads, 1, __ATOMIC_RELAXED);
    return !w->refuses && mprotect(page, PAGE, write ? PROT_READ | PROT_WRITE : PROT_READ) == 0;
}

static void open_window(struct window *w)
{
    void *bytes;

    assert_int_equal(host_memory_reserve(PAGES * PAGE, &bytes), STATUS_SUCCESS);
    *w = (struct window){.bytes = bytes};
    w->window =
        (struct host_window){.start = bytes, .size = PAGES * PAGE, .owner = w, .touched = touched};
    assert_int_equal(host_window_open(&w->window), STATUS_SUCCESS);
}

static void close_window(struct window *w)
{
    host_window_close(&w->window);
    host_memory_unmap(w->bytes, PAGES * PAGE);
}

static char peek(const volatile char *at)
{
    return *at;
}

static void reads_and_writes(void **state)
{
    struct window w;
    (void)state;

    open_window(&w);
    errno = 0;
    assert_int_equal(peek(w.bytes + 5), 0);
    assert_int_equal(errno, 0);
    assert_int_equal(w.reads, 1);
    assert_int_equal(peek(w.bytes + 6), 0);
    assert_int_equal(w.reads, 1);
    *(volatile char *)(w.bytes + 5) = 7;
    assert_int_equal(w.writes, 1);
    *(volatile char *)(w.bytes + PAGES * PAGE - 1) = 8;
    assert_int_equal(w.writes, 2);
    assert_int_equal(peek(w.bytes + 5), 7);
    close_window(&w);
}

/* More than one block of the table, opened and closed in any order. */
static void many(void **state)
{
    enum { MANY = 40 };
    struct window w[MANY];
    (void)state;

    for (unsigned i = 0; i < MANY; i++)
        open_window(&w[i]);
    for (unsigned i = 0; i < MANY; i += 2)
        close_window(&w[i]);
    for (unsigned i = 0; i < MANY; i += 4)
        open_window(&w[i]);
    for (unsigned i = 0; i < MANY; i++) {
        if (i % 4 == 2)
            continue;
        assert_int_equal(peek(w[i].bytes + PAGE), 0);
        assert_int_equal(w[i].reads, 1);
        close_window(&w[i]);
    }
}

static void *touch_all(void *context)
{
    struct window *w = context;

    for (unsigned i = 0; i < PAGES; i++)
        (void)peek(w->bytes + i * PAGE);
    return NULL;
}

static void threads(void **state)
{
    pthread_t thread[4];
    struct window w;
    (void)state;

    open_window(&w);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, touch_all, &w), 0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    assert_in_range(w.reads, PAGES, 4 * PAGES);
    close_window(&w);
}

/* ---- handlers of others ---------------------------------------------------------------------- */

static sigjmp_buf back;
static volatile int others;
static struct sigaction ours;

static void other_handler(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    others++;
    siglongjmp(back, 1);
}

/* An embedding program's handler that came later, and passes on what it does not know. */
static void later_handler(int number, siginfo_t *info, void *context)
{
    others++;
    ours.sa_sigaction(number, info, context);
}

static void take(void (*handler)(int, siginfo_t *, void *), struct sigaction *before)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGSEGV, &action, before), 0);
}

static bool faults(const volatile char *at)
{
    if (sigsetjmp(back, 1))
        return true;
    (void)peek(at);
    return false;
}

/* What is in no window, or is refused, goes to who had the signal before. */
static void passed_on(void **state)
{
    struct window w;
    struct sigaction before;
    void *elsewhere;
    (void)state;

    take(other_handler, &before);
    open_window(&w);
    others = 0;
    assert_int_equal(host_memory_reserve(PAGE, &elsewhere), STATUS_SUCCESS);
    assert_true(faults(elsewhere));
    assert_int_equal(others, 1);
    assert_false(faults(w.bytes));
    assert_int_equal(others, 1);
    w.refuses = true;
    assert_true(faults(w.bytes + PAGE));
    assert_int_equal(others, 2);
    host_window_close(&w.window);
    assert_true(faults(w.bytes + 2 * PAGE)); /* it is no window any more */
    assert_int_equal(others, 3);
    host_memory_unmap(w.bytes, PAGES * PAGE);
    host_memory_unmap(elsewhere, PAGE);
    assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
}

/* Who takes the signal later and passes on what is not his keeps windows going, also when another
 * is opened then: the signal is ours again, and there is no circle. */
static void taken_later(void **state)
{
    struct window first, second;
    void *elsewhere;
    int status;
    (void)state;

    assert_int_equal(host_memory_reserve(PAGE, &elsewhere), STATUS_SUCCESS);
    open_window(&first);
    take(later_handler, &ours);
    others = 0;
    assert_false(faults(first.bytes));
    assert_int_equal(others, 1);
    open_window(&second);
    assert_false(faults(second.bytes));
    assert_int_equal(others, 1);
    take(later_handler, &ours); /* and he takes it once more */
    assert_true(host_windows_ready());
    others = 0;
    assert_false(faults(first.bytes + PAGE));
    assert_int_equal(others, 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)peek(elsewhere);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close_window(&first);
    close_window(&second);
    host_memory_unmap(elsewhere, PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes), cmocka_unit_test(many),
        cmocka_unit_test(threads),          cmocka_unit_test(passed_on),
        cmocka_unit_test(taken_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
