/* guest/msvcrt/thread.c: per-thread data, errno, locks, and starting threads.
 *
 * The per-thread block hangs on an FLS index, whose callback frees it when the thread ends. A
 * thread that cannot get one shares a last resort: errno must always have an address. */
#include "crt.h"
#include "msvcrt.h"

static ULONG thread_index;
static struct crt_thread last_resort;
static RTL_CRITICAL_SECTION locks[LOCK_COUNT];

static void free_thread(void *block)
{
    if (block != &last_resort)
        HeapFree(GetProcessHeap(), 0, block);
}

BOOL crt_threads_init(void)
{
    thread_index = FlsAlloc(free_thread);
    return thread_index != FLS_OUT_OF_INDEXES;
}

/* The calling thread's data. The thread's last error survives. */
struct crt_thread *crt_thread(void)
{
    ULONG error = GetLastError();
    struct crt_thread *thread = FlsGetValue(thread_index);
    if (!thread) {
        thread = RtlAllocateHeap(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *thread);
        if (thread && FlsSetValue(thread_index, thread))
            thread->random = 1;
        else
            thread = &last_resort;
    }
    SetLastError(error);
    return thread;
}

BOOL crt_locks_init(void)
{
    for (ULONG i = 0; i < LOCK_COUNT; i++)
        InitializeCriticalSection(&locks[i]);
    return TRUE;
}

void _lock(int number)
{
    RtlEnterCriticalSection(&locks[number]);
}

void _unlock(int number)
{
    RtlLeaveCriticalSection(&locks[number]);
}

int *_errno(void)
{
    return &crt_thread()->error;
}

ULONG *__doserrno(void)
{
    return &crt_thread()->dos_error;
}

int _set_errno(int error)
{
    *_errno() = error;
    return 0;
}

int _get_errno(int *error)
{
    if (!error)
        return EINVAL;
    *error = *_errno();
    return 0;
}

int crt_fail_errno(int error)
{
    *_errno() = error;
    return -1;
}

errno_t crt_invalid_parameter(int error)
{
    *_errno() = error;
    return error;
}

/* Win32 errors that have an errno of their own; the others are EINVAL. Source: _dosmaperr's table
 * as documented under "errno, _doserrno". */
int crt_fail(ULONG dos_error)
{
    static const struct {
        USHORT dos;
        UCHAR error;
    } map[] = {
        {ERROR_FILE_NOT_FOUND, ENOENT},      {ERROR_PATH_NOT_FOUND, ENOENT},
        {ERROR_TOO_MANY_OPEN_FILES, EMFILE}, {ERROR_ACCESS_DENIED, EACCES},
        {ERROR_INVALID_HANDLE, EBADF},       {ERROR_ARENA_TRASHED, ENOMEM},
        {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},   {ERROR_INVALID_BLOCK, ENOMEM},
        {ERROR_BAD_ENVIRONMENT, E2BIG},      {ERROR_BAD_FORMAT, ENOEXEC},
        {ERROR_INVALID_DRIVE, ENOENT},       {ERROR_CURRENT_DIRECTORY, EACCES},
        {ERROR_NOT_SAME_DEVICE, EXDEV},      {ERROR_NO_MORE_FILES, ENOENT},
        {ERROR_WRITE_PROTECT, EACCES},       {ERROR_SHARING_VIOLATION, EACCES},
        {ERROR_LOCK_VIOLATION, EACCES},      {ERROR_BAD_NETPATH, ENOENT},
        {ERROR_FILE_EXISTS, EEXIST},         {ERROR_CANNOT_MAKE, EACCES},
        {ERROR_BROKEN_PIPE, EPIPE},          {ERROR_DISK_FULL, ENOSPC},
        {ERROR_DIR_NOT_EMPTY, ENOTEMPTY},    {ERROR_BAD_PATHNAME, ENOENT},
        {ERROR_ALREADY_EXISTS, EEXIST},      {ERROR_FILENAME_EXCED_RANGE, ENOENT},
        {ERROR_BAD_EXE_FORMAT, ENOEXEC},     {ERROR_NO_DATA, EPIPE},
    };
    struct crt_thread *thread = crt_thread();
    thread->dos_error = dos_error;
    thread->error = EINVAL;
    for (ULONG i = 0; i < sizeof map / sizeof *map; i++)
        if (map[i].dos == dos_error)
            thread->error = map[i].error;
    return -1;
}

/* Threads. */
struct start {
    void (*plain)(void *);
    unsigned (*extended)(void *);
    void *argument;
};

static ULONG thread_main(void *parameter)
{
    struct start start = *(struct start *)parameter;
    free(parameter);
    if (start.extended)
        return start.extended(start.argument);
    start.plain(start.argument);
    return 0;
}

static HANDLE start_thread(const SECURITY_ATTRIBUTES *security, unsigned stack, struct start start,
                           unsigned flags, unsigned *id)
{
    struct start *copy = malloc(sizeof *copy);
    if (!copy) {
        crt_fail_errno(EAGAIN);
        return NULL;
    }
    *copy = start;
    ULONG thread_id;
    HANDLE thread = CreateThread(security, stack, thread_main, copy, flags, &thread_id);
    if (!thread) {
        free(copy);
        crt_fail(GetLastError());
        return NULL;
    }
    if (id)
        *id = thread_id;
    return thread;
}

ULONG64 _beginthreadex(const SECURITY_ATTRIBUTES *security, unsigned stack,
                       unsigned (*start)(void *), void *argument, unsigned flags, unsigned *id)
{
    if (!start) {
        crt_fail_errno(EINVAL);
        return 0;
    }
    return (ULONG64)start_thread(security, stack, (struct start){NULL, start, argument}, flags, id);
}

/* The thread of _beginthread closes its own handle at its end: here it is closed at once, and what
 * the caller gets back identifies the thread no longer than Windows promises. */
static void plain_main(void *parameter)
{
    struct start start = *(struct start *)parameter;
    free(parameter);
    start.plain(start.argument);
    _endthread();
}

ULONG64 _beginthread(void (*start)(void *), unsigned stack, void *argument)
{
    struct start *inner = malloc(sizeof *inner);
    if (!start || !inner) {
        free(inner);
        crt_fail_errno(start ? EAGAIN : EINVAL);
        return (ULONG64)-1;
    }
    *inner = (struct start){start, NULL, argument};
    HANDLE thread = start_thread(NULL, stack, (struct start){plain_main, NULL, inner}, 0, NULL);
    if (!thread)
        free(inner);
    return thread ? (ULONG64)thread : (ULONG64)-1;
}

void _endthread(void)
{
    ExitThread(0);
    __builtin_unreachable();
}

void _endthreadex(unsigned code)
{
    ExitThread(code);
    __builtin_unreachable();
}
