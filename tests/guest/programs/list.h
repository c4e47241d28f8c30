/* A list of words, in a source file of its own: what several translation units need of each other.
 */
#pragma once

struct list;

struct list *list_new(void);
void list_add(struct list *list, const char *word);
int list_count(const struct list *list);
const char *list_word(const struct list *list, int index);
void list_free(struct list *list);

extern int list_allocations;
