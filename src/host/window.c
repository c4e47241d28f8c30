/* src/host/window.c: memory whose pages come when the host touches them.
 *
 *      a thread touches a page of a window that is not there, or writes one that is read-only
 *            |
 *         SIGSEGV --> in a window? --yes--> its owner brings the page in; the access is done again
 *                          |
 *                          '--no, or the owner says no--> whoever had the signal before
 *
 * The signal comes from the very instruction that touched the page, so the owner's function runs as
 * if that instruction had called it: it may take locks, wait and do I/O, as far as what the thread
 * is in the middle of allows. It runs on the thread's own stack, not on an alternate one, which
 * could be too small for it.
 *
 * The thread sanitizer does atomic operations itself, with its own locks held, and a handler that
 * does one more would wait for them: in such a build pages should stay where they are.
 *
 * The table of windows is the one thing here that belongs to the process rather than to a machine,
 * because signal handlers do. It only ever grows, and its entries are used again, so that a handler
 * needs no lock to look at it: who touches a window knows that its owner lives.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

#include "host/host.h"

#define ENTRIES 16
#define PASSED_ON (-0x6D6D) /* as si_errno, which Linux leaves 0: it was here before */

struct entry {
    uintptr_t start, size; /* (A) size 0: free */
    const struct host_window *window;
};

struct block {
    struct entry entry[ENTRIES];
    struct block *next; /* (A) */
};

static struct block first_block;
static struct sigaction previous;                        /* who had the signal before */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* whoever changes any of these */

static const struct host_window *find_window(uintptr_t address)
{
    for (struct block *b = &first_block; b; b = __atomic_load_n(&b->next, __ATOMIC_ACQUIRE)) {
        for (size_t i = 0; i < ENTRIES; i++) {
            struct entry *e = &b->entry[i];
            uintptr_t size = __atomic_load_n(&e->size, __ATOMIC_ACQUIRE);
            if (address - __atomic_load_n(&e->start, __ATOMIC_RELAXED) < size)
                return e->window;
        }
    }
    return NULL;
}

/* Not ours: what would have happened without us. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    sigset_t before;
    bool nobody = !(previous.sa_flags & SA_SIGINFO) &&
                  (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN);

    if (nobody || info->si_errno == PASSED_ON) { /* or he passed it on to us in turn */
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigaction(number, &action, NULL); /* and the instruction is done again */
        return;
    }
    sigset_t mask = previous.sa_mask;
    if (!(previous.sa_flags & SA_NODEFER))
        sigaddset(&mask, number);
    pthread_sigmask(SIG_BLOCK, &mask, &before);
    info->si_errno = PASSED_ON;
    if (previous.sa_flags & SA_SIGINFO)
        previous.sa_sigaction(number, info, context);
    else
        previous.sa_handler(number);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Whether the access was a write, by the processor's error code. */
static bool is_write(const void *context)
{
    const ucontext_t *c = context;
    const greg_t write_bit = 2;

    return c->uc_mcontext.gregs[REG_ERR] & write_bit;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    int error = errno;
    const struct host_window *window =
        info->si_code > 0 ? find_window((uintptr_t)info->si_addr) : NULL;

    if (!window || !window->touched(window->owner, info->si_addr, is_write(context)))
        pass_on(number, info, context);
    errno = error;
}

/* Somebody else may have taken the signal since. => lock held */
static NTSTATUS install(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER}, now;

    if (sigaction(SIGSEGV, NULL, &now) != 0)
        return host_status(errno);
    if (now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_fault)
        return STATUS_SUCCESS;
    previous = now;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSEGV, &action, NULL) == 0 ? STATUS_SUCCESS : host_status(errno);
}

/* => lock held; NULL: no memory */
static struct entry *free_entry(void)
{
    struct block *b = &first_block;

    for (;; b = b->next) {
        for (size_t i = 0; i < ENTRIES; i++) {
            if (b->entry[i].size == 0)
                return &b->entry[i];
        }
        if (!b->next)
            break;
    }
    struct block *more = calloc(1, sizeof(*more));
    if (!more)
        return NULL;
    __atomic_store_n(&b->next, more, __ATOMIC_RELEASE);
    return &more->entry[0];
}

/* Whether any instruction may touch a window. */
static bool can_work(void)
{
#if defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
    return false;
#else
    return true;
#endif
#else
    return true;
#endif
}

bool host_windows_ready(void)
{
    if (!can_work())
        return false;
    pthread_mutex_lock(&lock);
    NTSTATUS status = install();
    pthread_mutex_unlock(&lock);
    return NT_SUCCESS(status);
}

NTSTATUS host_window_open(const struct host_window *window)
{
    pthread_mutex_lock(&lock);
    NTSTATUS status = install();
    struct entry *entry = NT_SUCCESS(status) ? free_entry() : NULL;
    if (entry) {
        entry->window = window;
        __atomic_store_n(&entry->start, (uintptr_t)window->start, __ATOMIC_RELAXED);
        __atomic_store_n(&entry->size, window->size, __ATOMIC_RELEASE);
    } else if (NT_SUCCESS(status)) {
        status = STATUS_INSUFFICIENT_RESOURCES;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

void host_window_close(const struct host_window *window)
{
    pthread_mutex_lock(&lock);
    for (struct block *b = &first_block; b; b = b->next) {
        for (size_t i = 0; i < ENTRIES; i++) {
            if (b->entry[i].size > 0 && b->entry[i].window == window)
                __atomic_store_n(&b->entry[i].size, 0, __ATOMIC_RELEASE);
        }
    }
    pthread_mutex_unlock(&lock);
}
