/* Several source files, library calls between them, the order of exit functions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void first(void)
{
    puts("exit function 1");
}

static void second(void)
{
    puts("exit function 2");
}

int main(void)
{
    char text[] = "the quick brown fox jumps over the lazy dog";
    struct list *list = list_new();
    const char *sorted[16];

    atexit(first);
    atexit(second);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        list_add(list, word);
    int count = list_count(list);
    for (int i = 0; i < count; i++)
        sorted[i] = list_word(list, i);
    qsort(sorted, (size_t)count, sizeof *sorted, by_text);
    for (int i = 0; i < count; i++)
        printf("%d: %s\n", i, sorted[i]);
    const char *wanted = "lazy";
    const char **found = bsearch(&wanted, sorted, (size_t)count, sizeof *sorted, by_text);
    printf("lazy is at %d\n", (int)(found - sorted));
    list_free(list);
    printf("%d allocations left\n", list_allocations);
    return 7;
}
