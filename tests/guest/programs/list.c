#include "list.h"

#include <stdlib.h>
#include <string.h>

struct list {
    char **words;
    int count;
};

int list_allocations;

struct list *list_new(void)
{
    list_allocations++;
    return calloc(1, sizeof(struct list));
}

void list_add(struct list *list, const char *word)
{
    list->words = realloc(list->words, (size_t)(list->count + 1) * sizeof *list->words);
    list->words[list->count++] = strdup(word);
    list_allocations++;
}

int list_count(const struct list *list)
{
    return list->count;
}

const char *list_word(const struct list *list, int index)
{
    return list->words[index];
}

void list_free(struct list *list)
{
    for (int i = 0; i < list->count; i++, list_allocations--)
        free(list->words[i]);
    free(list->words);
    free(list);
    list_allocations--;
}
