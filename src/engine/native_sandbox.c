/* src/engine/native_sandbox.c: a space's Linux process.
 *
 * The process is a fresh exec of the stub: nothing of the engine's memory is in it. It dies with
 * the engine, because the watcher's read() then ends.
 *
 * Nobody waits for its birth. The engine goes on beside it, and what it orders meanwhile is in the
 * mapper's book when there is a mapper; so is, from the start, the task for the first processor.
 * Who waits for such an order finds out when the process never got there.
 */
#define _GNU_SOURCE
#include "engine/native.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_FREE_FD = 16, BIRTH_STACK = 16 << 10, FIRST_TASK = 0 };

/* What a new process needs until it has executed the stub. */
struct native_birth {
    int fds[STUB_FD_COUNT + 1];
    _Alignas(16) uint8_t stack[BIRTH_STACK];
};

#define GUEST_TASK_FLAGS (CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* ---- tasks ---- */

static uint64_t task_area_offset(unsigned index)
{
    return (uint64_t)STUB_AREA_SIZE * (1 + index);
}

static int map_area(struct engine_space *space, uint64_t offset, size_t size, int protection)
{
    const uint64_t arguments[NATIVE_ARGUMENTS] = {STUB_AREAS + offset,  size,
                                                  (uint64_t)protection, MAP_SHARED | MAP_FIXED,
                                                  STUB_FD_AREAS,        offset};
    return native_order(space, &space->sandbox.mapper, SYS_mmap, arguments);
}

/* The stack on which all signals of the task arrive. */
static void write_control(uint8_t *area, uint64_t va)
{
    const stack_t stack = {
        .ss_sp = (void *)(va + STUB_STACK), // NOLINT: an address of the sandbox
        .ss_size = STUB_AREA_SIZE - STUB_STACK,
    };
    memset(area, 0, STUB_CONTROL_SIZE);
    memcpy(area + STUB_STACK_T, &stack, sizeof(stack));
}

static int order_task(struct engine_space *space, uint64_t offset)
{
    const uint64_t arguments[NATIVE_ARGUMENTS] = {GUEST_TASK_FLAGS, STUB_AREAS + offset};
    int rc = map_area(space, offset, STUB_CONTROL_SIZE, PROT_READ);
    if (!rc) {
        rc = map_area(space, offset + STUB_MAILBOX, STUB_AREA_SIZE - STUB_MAILBOX,
                      PROT_READ | PROT_WRITE);
    }
    if (!rc) {
        rc = native_order(space, &space->sandbox.mapper, SYS_clone, arguments);
    }
    if (!rc) {
        native_orders_post(&space->sandbox.mapper);
    }
    return rc;
}

/* Have the mapper make a task. */
static int begin_task(struct engine_space *space, unsigned index)
{
    struct native_sandbox *s = &space->sandbox;
    struct native_task *task = &space->tasks[index];
    uint64_t offset = task_area_offset(index);
    *task = (struct native_task){.area = s->areas + offset, .image_loaded = true};
    write_control(task->area, STUB_AREAS + offset);
    s->task_begun = index;
    return order_task(space, offset);
}

/* Wait for the one that was begun. */
static int finish_task(struct engine_space *space)
{
    struct native_sandbox *s = &space->sandbox;
    struct native_task *task = &space->tasks[s->task_begun];
    int rc = native_orders_flush(space, &s->mapper);
    s->task_begun = NATIVE_NO_TASK;
    if (!rc) {
        uint32_t tid = atomic_load((_Atomic uint32_t *)(s->areas + STUB_RESULT));
        memcpy(task->area + STUB_TID, &tid, sizeof(tid));
        task->book = (struct native_book){
            .at = task->area + STUB_TASK_BOOK,
            .orders = task->area + STUB_TASK_BOOK + STUB_TASK_ORDERS,
            .capacity = (NATIVE_PAGE_SIZE - STUB_TASK_ORDERS) / STUB_ORDER_SIZE,
            .task = task,
        };
        atomic_store(&task->tid, (pid_t)tid);
    }
    return rc;
}

int native_sandbox_add_task(struct engine_space *space, unsigned index)
{
    struct native_sandbox *s = &space->sandbox;
    int rc = s->task_begun != NATIVE_NO_TASK ? finish_task(space) : 0;
    if (!rc && !atomic_load(&space->tasks[index].tid)) {
        rc = begin_task(space, index);
        if (!rc) {
            rc = finish_task(space);
        }
    }
    return rc;
}

/* ---- userfaultfd ---- */

/* The descriptor that the process sent before it had a task. -1: it had none to send. */
static int receive_descriptor(int line)
{
    char byte;
    struct iovec data = {&byte, sizeof(byte)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int fd = -1;
    if (recvmsg(line, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) > 0 && CMSG_FIRSTHDR(&message)) {
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    }
    return fd;
}

int native_sandbox_userfault(struct engine_space *space)
{
    struct native_sandbox *s = &space->sandbox;
    struct uffdio_api api = {.api = UFFD_API,
                             .features = UFFD_FEATURE_SIGBUS | UFFD_FEATURE_MISSING_SHMEM |
                                         UFFD_FEATURE_MINOR_SHMEM};
    if (!s->asked_userfault) {
        s->asked_userfault = true;
        s->userfault = receive_descriptor(s->line);
        if (s->userfault >= 0 && ioctl(s->userfault, UFFDIO_API, &api)) {
            close_fd(&s->userfault);
        }
    }
    return s->userfault;
}

/* ---- birth ---- */

/* The new process shares our memory until it has executed the stub, and our thread runs beside it:
 * so it keeps off everything that belongs to the thread, as errno does, and to sanitizers. */
#define IN_NEW_PROCESS __attribute__((no_sanitize("address", "thread", "undefined")))

IN_NEW_PROCESS static long call(long number, long a, long b, long c, long d, long e)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

/* Give descriptors their numbers in the sandbox. None of them may be overwritten before it was
 * moved, so that all go above the target range first. => in the new process */
IN_NEW_PROCESS static bool place_descriptors(int fds[STUB_FD_COUNT + 1])
{
    for (int i = 0; i <= STUB_FD_COUNT; i++) {
        fds[i] = (int)call(SYS_fcntl, fds[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD, 0, 0);
        if (fds[i] < 0) {
            return false;
        }
    }
    for (int i = 0; i < STUB_FD_COUNT; i++) {
        if (call(SYS_dup2, fds[i], i, 0, 0, 0) < 0) {
            return false;
        }
    }
    return true;
}

/* => in the new process */
IN_NEW_PROCESS static int become_sandbox(void *context)
{
    struct native_birth *birth = context;
    char name[] = "ntmm-sandbox", nothing[] = "";
    char *const arguments[] = {name, NULL}, *const environment[] = {NULL};
    if (call(SYS_setsid, 0, 0, 0, 0, 0) >= 0 && place_descriptors(birth->fds)) {
        call(SYS_execveat, birth->fds[STUB_FD_COUNT], (long)nothing, (long)arguments,
             (long)environment, AT_EMPTY_PATH);
    }
    return EXIT_FAILURE;
}

/* No signal handler may run in the new process: it would run in memory that both share. */
static pid_t spawn(struct native_birth *birth)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = clone(become_sandbox, birth->stack + BIRTH_STACK, CLONE_VM | SIGCHLD, birth);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid < 0 ? -error : pid;
}

static int create_areas(struct native_sandbox *s, unsigned cpus)
{
    s->areas_size = task_area_offset(cpus);
    s->areas_fd = memfd_create("ntmm-areas", MFD_CLOEXEC);
    if (s->areas_fd < 0 || ftruncate(s->areas_fd, (off_t)s->areas_size)) {
        return -errno;
    }
    void *areas = mmap(NULL, s->areas_size, PROT_READ | PROT_WRITE, MAP_SHARED, s->areas_fd, 0);
    if (areas == MAP_FAILED) {
        return -errno;
    }
    s->areas = areas;
    s->mapper = (struct native_book){
        .at = s->areas,
        .orders = s->areas + STUB_ORDERS,
        .capacity = (STUB_ORDERS_END - STUB_ORDERS) / STUB_ORDER_SIZE,
    };
    for (unsigned i = 0; i <= UINT8_MAX; i++) {
        s->areas[STUB_BYTES + i] = (uint8_t)i;
    }
    return 0;
}

static int start_process(struct engine_space *space)
{
    struct native_sandbox *s = &space->sandbox;
    int line[2];
    s->birth = malloc(sizeof(*s->birth));
    if (!s->birth) {
        return -ENOMEM;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line)) {
        return -errno;
    }
    s->line = line[0];
    s->birth->fds[STUB_FD_RAM] = space->engine->ram_fd;
    s->birth->fds[STUB_FD_AREAS] = s->areas_fd;
    s->birth->fds[STUB_FD_LINE] = line[1];
    s->birth->fds[STUB_FD_COUNT] = space->engine->stub_fd;
    pid_t pid = spawn(s->birth);
    close(line[1]);
    if (pid < 0) {
        return pid;
    }
    s->pid = pid;
    return begin_task(space, FIRST_TASK);
}

int native_sandbox_start(struct engine_space *space)
{
    space->sandbox = (struct native_sandbox){
        .line = -1, .userfault = -1, .areas_fd = -1, .task_begun = NATIVE_NO_TASK};
    int rc = create_areas(&space->sandbox, space->engine->cpus);
    return rc ? rc : start_process(space);
}

static void wait_for_end(const struct native_sandbox *s, int options)
{
    siginfo_t info;
    while (waitid(P_PID, (id_t)s->pid, &info, WEXITED | options) < 0 && errno == EINTR) {
    }
}

void native_sandbox_kill(struct engine_space *space)
{
    native_sandbox_retire(space);
    wait_for_end(&space->sandbox, WNOWAIT);
}

void native_sandbox_retire(struct engine_space *space)
{
    atomic_store(&space->dead, true);
    kill(space->sandbox.pid, SIGKILL);
}

void native_sandbox_stop(struct engine_space *space)
{
    struct native_sandbox *s = &space->sandbox;
    if (s->pid) {
        kill(s->pid, SIGKILL);
        wait_for_end(s, 0);
    }
    if (s->areas) {
        munmap(s->areas, s->areas_size);
    }
    close_fd(&s->areas_fd);
    close_fd(&s->userfault); /* would open what is closed, if anybody were left */
    close_fd(&s->line);
    free(s->birth);
    s->birth = NULL;
    s->pid = 0;
}

bool native_sandbox_ended(const struct engine_space *space)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)space->sandbox.pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
           info.si_pid != 0;
}
