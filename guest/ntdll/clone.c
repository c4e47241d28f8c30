/* guest/ntdll/clone.c: RtlCloneUserProcess: the process becomes two, as fork does.
 *
 * The kernel copies the address space and the calling thread, which comes back from
 * NtCreateUserProcess twice. Other threads are not there in the child, so locks that they hold
 * would never be free: the loader's, the PEB's and those of all heaps are taken before, and are the
 * new thread's after. Handles that waiters of the parent sleep on are not the child's.
 *
 *      parent   locks taken -- NtCreateUserProcess -- locks released, STATUS_SUCCESS
 *      child                        '---------------- locks made its own, released,
 *                                                     STATUS_PROCESS_CLONED
 */
#include "ntdllp.h"

#define KNOWN_FLAGS                                                                                \
    (RTL_CLONE_PROCESS_FLAGS_CREATE_SUSPENDED | RTL_CLONE_PROCESS_FLAGS_INHERIT_HANDLES |          \
     RTL_CLONE_PROCESS_FLAGS_NO_SYNCHRONIZE)

/* A section that the caller's parent held when it was cloned is the caller's. */
NTSTATUS RtlUpdateClonedCriticalSection(RTL_CRITICAL_SECTION *section)
{
    section->LockSemaphore = NULL;
    section->LockCount = -2; /* owned, no waiter */
    section->OwningThread = current_teb()->ClientId.UniqueThread;
    return STATUS_SUCCESS;
}

/* Of a heap; NULL: it has none. */
static RTL_CRITICAL_SECTION *lock_of(const HEAP *heap)
{
    return heap->LockVariable ? &heap->LockVariable->Lock.CriticalSection : NULL;
}

/* What is done to each lock, in the order in which they are taken. */
static void for_each_lock(NTSTATUS (*action)(RTL_CRITICAL_SECTION *section))
{
    PEB *peb = current_peb();
    action(&LdrpLoaderLock);
    action(&FastPebLock);
    for (ULONG i = 0; i < peb->NumberOfHeaps; i++) {
        RTL_CRITICAL_SECTION *lock = lock_of(peb->ProcessHeaps[i]);
        if (lock) {
            action(lock);
        }
    }
}

/* In the opposite order; nobody else adds heaps before the last step. */
static void release_locks(void)
{
    PEB *peb = current_peb();
    for (ULONG i = peb->NumberOfHeaps; i > 0; i--) {
        RTL_CRITICAL_SECTION *lock = lock_of(peb->ProcessHeaps[i - 1]);
        if (lock) {
            RtlLeaveCriticalSection(lock);
        }
    }
    RtlLeaveCriticalSection(&FastPebLock);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
}

static NTSTATUS clone(ULONG flags, OBJECT_ATTRIBUTES *process_attributes,
                      OBJECT_ATTRIBUTES *thread_attributes, RTL_USER_PROCESS_INFORMATION *out)
{
    PS_CREATE_INFO info = {.Size = sizeof info};
    PS_ATTRIBUTE_LIST list = {
        .TotalLength = offsetof(PS_ATTRIBUTE_LIST, Attributes[2]),
        .Attributes = {
            {.Attribute = PS_ATTRIBUTE_CLIENT_ID, .Size = sizeof out->ClientId},
            {.Attribute = PS_ATTRIBUTE_IMAGE_INFO, .Size = sizeof out->ImageInformation}}};
    ULONG process_flags =
        flags & RTL_CLONE_PROCESS_FLAGS_INHERIT_HANDLES ? PROCESS_CREATE_FLAGS_INHERIT_HANDLES : 0;
    ULONG thread_flags =
        flags & RTL_CLONE_PROCESS_FLAGS_CREATE_SUSPENDED ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0;
    list.Attributes[0].ValuePtr = &out->ClientId;
    list.Attributes[1].ValuePtr = &out->ImageInformation;
    return NtCreateUserProcess(&out->ProcessHandle, &out->ThreadHandle, PROCESS_ALL_ACCESS,
                               THREAD_ALL_ACCESS, process_attributes, thread_attributes,
                               process_flags, thread_flags, NULL, &info, &list);
}

/* => STATUS_SUCCESS in the parent, which has handles to the child in *out; STATUS_PROCESS_CLONED in
 *    the child, where *out is zero; STATUS_INVALID_PARAMETER: unknown flags, or a debug port */
NTSTATUS RtlCloneUserProcess(ULONG flags, void *process_security, void *thread_security,
                             HANDLE debug_port, RTL_USER_PROCESS_INFORMATION *out)
{
    OBJECT_ATTRIBUTES process = {.Length = sizeof process, .SecurityDescriptor = process_security};
    OBJECT_ATTRIBUTES thread = {.Length = sizeof thread, .SecurityDescriptor = thread_security};
    bool synchronize = !(flags & RTL_CLONE_PROCESS_FLAGS_NO_SYNCHRONIZE);
    if ((flags & ~KNOWN_FLAGS) || debug_port) {
        return STATUS_INVALID_PARAMETER;
    }
    *out = (RTL_USER_PROCESS_INFORMATION){.Length = sizeof *out};
    if (synchronize) {
        for_each_lock(RtlEnterCriticalSection);
    }
    NTSTATUS status = clone(flags, &process, &thread, out);
    if (synchronize && status == STATUS_PROCESS_CLONED) {
        for_each_lock(RtlUpdateClonedCriticalSection);
    }
    if (synchronize) {
        release_locks();
    }
    return status;
}
