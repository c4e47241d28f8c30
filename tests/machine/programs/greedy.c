/* Take memory until there is no more, touch all of it, and say how that ended.
 *
 *      exit code 0   the system said no, and what we have works
 *                1   memory that was given lost what was in it
 *                2   it never said no */
#include <windows.h>

static char *chunk[4096];

int main(int argc, char **argv)
{
    const size_t size = 1 << 20, page = 4096;
    const int most = sizeof chunk / sizeof *chunk;
    int count = 0;
    (void)argv;
    while (count < most) {
        chunk[count] = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (!chunk[count]) {
            break;
        }
        /* With an argument: commit all of it before anything is touched. */
        for (size_t at = 0; at < size && argc == 1; at += page) {
            chunk[count][at] = (char)count;
        }
        count++;
    }
    if (count == most || GetLastError() != ERROR_COMMITMENT_LIMIT) {
        return 2;
    }
    for (int i = 0; i < count; i++) {
        for (size_t at = 0; at < size && argc == 1; at += page) {
            if (chunk[i][at] != (char)i) {
                return 1;
            }
        }
    }
    for (int i = 0; i < count; i++) {
        for (size_t at = 0; at < size; at += page) {
            chunk[i][at] = 1; /* without a page file to write to, RAM may run out here */
        }
    }
    return 0;
}
