/* Threads, locks, events, semaphores, thread-local storage, waits. */
#include <errno.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define WORKERS 4
#define ROUNDS 20000

static CRITICAL_SECTION lock;
static long guarded, interlocked;
static DWORD slot;
static __thread int own;
static HANDLE gate, finished;

static DWORD WINAPI worker(void *argument)
{
    int number = (int)(INT_PTR)argument;
    TlsSetValue(slot, argument);
    own = number * 10;
    WaitForSingleObject(gate, INFINITE);
    for (int i = 0; i < ROUNDS; i++) {
        EnterCriticalSection(&lock);
        guarded++;
        LeaveCriticalSection(&lock);
        InterlockedIncrement(&interlocked);
    }
    int same = (int)(INT_PTR)TlsGetValue(slot) == number && own == number * 10;
    ReleaseSemaphore(finished, 1, NULL);
    return same ? (DWORD)(100 + number) : 0;
}

static unsigned __stdcall extended(void *argument)
{
    *(int *)argument = errno = 5;
    _endthreadex(77);
    return 0;
}

int main(void)
{
    HANDLE threads[WORKERS];
    DWORD code;
    int value = 0;

    InitializeCriticalSection(&lock);
    slot = TlsAlloc();
    gate = CreateEventA(NULL, TRUE, FALSE, NULL);
    finished = CreateSemaphoreA(NULL, 0, WORKERS, NULL);
    for (int i = 0; i < WORKERS; i++)
        threads[i] = CreateThread(NULL, 0, worker, (void *)(INT_PTR)(i + 1), 0, NULL);
    printf("waiting: %lu\n", WaitForMultipleObjects(WORKERS, threads, TRUE, 20));
    SetEvent(gate);
    printf("all: %lu\n", WaitForMultipleObjects(WORKERS, threads, TRUE, INFINITE));
    for (int i = 0; i < WORKERS; i++) {
        GetExitCodeThread(threads[i], &code);
        printf("thread %d ended with %lu\n", i, code);
        CloseHandle(threads[i]);
    }
    printf("guarded %ld interlocked %ld\n", guarded, interlocked);
    for (int i = 0; i < WORKERS; i++)
        WaitForSingleObject(finished, INFINITE);
    printf("semaphore empty: %d\n", WaitForSingleObject(finished, 0) == WAIT_TIMEOUT);

    errno = 0;
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, extended, &value, CREATE_SUSPENDED, NULL);
    printf("suspended: %d %d\n", WaitForSingleObject(thread, 10) == WAIT_TIMEOUT, value);
    printf("count was %lu\n", ResumeThread(thread));
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    printf("value %d code %lu errno here %d\n", value, code, errno);
    CloseHandle(thread);

    HANDLE mutex = CreateMutexA(NULL, TRUE, NULL);
    printf("recursive %d\n", WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0);
    printf("release %d", ReleaseMutex(mutex));
    printf(" %d", ReleaseMutex(mutex));
    printf(" %d", ReleaseMutex(mutex));
    printf(" error %lu\n", GetLastError());
    printf("no handle: %d", CloseHandle((HANDLE)0x7654320));
    printf(" error %lu\n", GetLastError());
    return 0;
}
