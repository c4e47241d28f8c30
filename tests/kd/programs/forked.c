/* forked.c: a page, '1', and a clone of the process, which waits. It breaks in, writes '2', breaks
 * in again, and lets the clone look at the page: it ends with what it finds. */
#include <windows.h>

#define CREATE_CLONE_SUSPENDED 1
#define PROCESS_CLONED 0x129

struct clone {
    ULONG length;
    HANDLE process, thread;
    char rest[128];
};

NTSYSAPI LONG NTAPI RtlCloneUserProcess(ULONG, void *, void *, HANDLE, struct clone *);

int main(void)
{
    enum { PAGE = 0x1000 };
    struct clone clone;
    DWORD code = 0;
    volatile char *page =
        VirtualAlloc((void *)0x40000000, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!page) {
        return 1;
    }
    page[0] = '1';
    if (RtlCloneUserProcess(CREATE_CLONE_SUSPENDED, NULL, NULL, NULL, &clone) == PROCESS_CLONED) {
        return page[0];
    }
    __debugbreak();
    page[0] = '2';
    __debugbreak();
    ResumeThread(clone.thread);
    WaitForSingleObject(clone.process, INFINITE);
    GetExitCodeProcess(clone.process, &code);
    return code == '1' ? page[0] : 2;
}
