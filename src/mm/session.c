/* src/mm/session.c: sessions, and whose processes are in them.
 *
 * Each session has an MM_SESSION_SPACE in system pages; EPROCESS.Session leads to it, and its
 * ProcessList chains the processes through SessionProcessLinks. The sessions themselves hang in
 * MiSessionWsList. A session is there from its first process to its last.
 *
 *      MiSessionWsList --> MM_SESSION_SPACE 0 --> MM_SESSION_SPACE 1
 *                            | ProcessList           | ProcessList
 *                          csrss - wininit - ...   csrss - winlogon - explorer - ...
 *
 * Nothing lies in the session's range of addresses yet: that is the window manager's memory.
 *
 * Lock: sessions_lock, with no other lock of mm held.
 * Source: Windows Internals 6, part 2, ch. 10 "Session space"; layout of build 7601.17514.
 */
#include <string.h>

#include "ke/list.h"
#include "mm/mi.h"

#define SESSION_PAGES ((sizeof(MM_SESSION_SPACE) + PAGE_SIZE - 1) / PAGE_SIZE)

/* => sessions_lock held */
static MM_SESSION_SPACE *find_session(struct mm *mm, uint32_t id)
{
    const struct kspace *ks = &mm->ke->ks;
    LIST_ENTRY *head = mm->ke->nt.MiSessionWsList;

    if (head->Flink.va == 0)
        ke_list_init(ks, head); /* there has been none */
    ke_list_for_each(ks, entry, head)
    {
        MM_SESSION_SPACE *session = ke_list_entry(entry, MM_SESSION_SPACE, WsListEntry);

        if (session->SessionId == id)
            return session;
    }
    return NULL;
}

/* => sessions_lock held; NULL: no memory */
static MM_SESSION_SPACE *create_session(struct mm *mm, uint32_t id)
{
    const struct kspace *ks = &mm->ke->ks;
    uint64_t va = mm_allocate_system_pages(mm, SESSION_PAGES, false);
    MM_SESSION_SPACE *session;

    if (!va)
        return NULL;
    session = kspace_host(ks, va);
    session->SessionId = id;
    session->u.Flags.Initialized = 1;
    session->NonPagablePages = SESSION_PAGES;
    session->CommittedPages = SESSION_PAGES;
    ke_list_init(ks, &session->ProcessList);
    ke_list_init(ks, &session->ImageList);
    ke_list_insert_tail(ks, mm->ke->nt.MiSessionWsList, &session->WsListEntry);
    return session;
}

NTSTATUS mm_session_join(struct mm *mm, EPROCESS *process, uint32_t id)
{
    const struct kspace *ks = &mm->ke->ks;
    MM_SESSION_SPACE *session;

    ASSERT(process->Session.va == 0);
    pthread_mutex_lock(&mm->sessions_lock);
    session = find_session(mm, id);
    if (!session)
        session = create_session(mm, id);
    if (session) {
        session->ReferenceCount++;
        session->ProcessReferenceToSession++;
        session->ResidentProcessCount++;
        ke_list_insert_tail(ks, &session->ProcessList, &process->SessionProcessLinks);
        process->Session.va = h2k(ks, session);
        process->ProcessInSession = 1;
    }
    pthread_mutex_unlock(&mm->sessions_lock);
    return session ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

void mm_session_leave(struct mm *mm, EPROCESS *process)
{
    const struct kspace *ks = &mm->ke->ks;
    MM_SESSION_SPACE *session;

    if (!process->Session.va)
        return;
    pthread_mutex_lock(&mm->sessions_lock);
    session = kspace_host(ks, process->Session.va);
    process->Session.va = 0;
    process->ProcessInSession = 0;
    ke_list_remove(ks, &process->SessionProcessLinks);
    session->ProcessReferenceToSession--;
    session->ResidentProcessCount--;
    if (--session->ReferenceCount == 0) {
        ke_list_remove(ks, &session->WsListEntry);
        mm_free_system_pages(mm, h2k(ks, session), SESSION_PAGES);
    }
    pthread_mutex_unlock(&mm->sessions_lock);
}
