/* Give many objects names, use more memory than there is, and find the objects by their names.
 *
 *      names OBJECTS PAGES
 *
 * What a name takes (text, directory entry, handle) is paged pool of the kernel, which nobody looks
 * at while memory is short. Exit code: 0; 10: a name was not found, 11: it names another object,
 * 12: the memory is wrong; 1: a call failed. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define PAGE 4096u

static void name_of(char *name, unsigned i)
{
    sprintf(name, "an object with a name that is long enough to fill some pages of pool, number %u",
            i);
}

/* Each third event is set, so that they can be told apart. */
static HANDLE *create(unsigned count)
{
    HANDLE *events = malloc(count * sizeof *events);
    char name[128];

    for (unsigned i = 0; i < count; i++) {
        name_of(name, i);
        events[i] = CreateEventA(NULL, TRUE, i % 3 == 0, name);
        if (!events[i])
            exit(1);
    }
    return events;
}

static void find(unsigned count)
{
    char name[128];

    for (unsigned i = 0; i < count; i++) {
        name_of(name, i);
        HANDLE event = OpenEventA(SYNCHRONIZE, FALSE, name);
        if (!event)
            exit(10);
        if ((WaitForSingleObject(event, 0) == WAIT_OBJECT_0) != (i % 3 == 0))
            exit(11);
        CloseHandle(event);
    }
}

static void use_memory(unsigned pages)
{
    volatile unsigned *area =
        VirtualAlloc(NULL, (SIZE_T)pages * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    if (!area)
        exit(1);
    for (unsigned i = 0; i < pages; i++)
        area[i * (PAGE / sizeof *area)] = i;
    for (unsigned i = 0; i < pages; i += 7) {
        if (area[i * (PAGE / sizeof *area)] != i)
            exit(12);
    }
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
    HANDLE *events = create(count);

    use_memory(argc > 2 ? (unsigned)atoi(argv[2]) : 0);
    find(count);
    for (unsigned i = 0; i < count; i++)
        CloseHandle(events[i]);
    return 0;
}
