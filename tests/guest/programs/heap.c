/* malloc under load: random sizes, contents checked, several threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define BLOCKS 400
#define STEPS 20000

struct block {
    unsigned char *data;
    size_t size;
    unsigned char mark;
};

static int intact(const struct block *b)
{
    for (size_t i = 0; i < b->size; i++)
        if (b->data[i] != b->mark)
            return 0;
    return 1;
}

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 8;
}

static DWORD WINAPI stress(void *argument)
{
    static __thread struct block blocks[BLOCKS];
    unsigned seed = (unsigned)(UINT_PTR)argument;
    DWORD damaged = 0;
    for (int step = 0; step < STEPS; step++) {
        struct block *b = &blocks[next(&seed) % BLOCKS];
        damaged += !intact(b);
        size_t size = next(&seed) % 64 ? next(&seed) % 600 : next(&seed) % 200000;
        unsigned char *data = realloc(b->data, size + 1);
        size_t kept = size < b->size ? size : b->size;
        for (size_t i = 0; i < kept; i++)
            damaged += data[i] != b->mark;
        *b = (struct block){data, size, (unsigned char)next(&seed)};
        memset(data, b->mark, size);
        if (next(&seed) % 3 == 0) {
            free(b->data);
            *b = (struct block){0};
        }
    }
    for (int i = 0; i < BLOCKS; i++) {
        damaged += !intact(&blocks[i]);
        free(blocks[i].data);
    }
    return damaged;
}

int main(void)
{
    HANDLE threads[3];
    DWORD damaged;
    for (int i = 0; i < 3; i++)
        threads[i] = CreateThread(NULL, 0, stress, (void *)(UINT_PTR)(i + 1), 0, NULL);
    WaitForMultipleObjects(3, threads, TRUE, INFINITE);
    for (int i = 0; i < 3; i++) {
        GetExitCodeThread(threads[i], &damaged);
        printf("thread %d: %lu damaged\n", i, damaged);
    }
    unsigned char *zeros = calloc(1000, 100);
    int dirty = 0;
    for (int i = 0; i < 100000; i++)
        dirty += zeros[i];
    printf("calloc dirty %d, msize %d\n", dirty, (int)_msize(zeros));
    free(zeros);
    void *aligned = _aligned_malloc(100, 256);
    printf("aligned %d\n", ((UINT_PTR)aligned & 255) == 0);
    _aligned_free(aligned);
    printf("huge %d\n", malloc((size_t)1 << 60) == NULL);
    printf("valid %d\n", HeapValidate(GetProcessHeap(), 0, NULL) != 0);
    return 0;
}
