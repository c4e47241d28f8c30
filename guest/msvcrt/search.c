/* guest/msvcrt/search.c: linear search, and sorting and searching with a context for the
 * comparison. Source: _lsearch, qsort_s, bsearch_s, _lfind_s, documentation. */
#include "crt.h"
#include "msvcrt.h"

/* A comparison with a context becomes one without by a step through the thread's data, where the
 * innermost call is. */
struct comparison_context {
    context_comparison *compare;
    void *context;
    struct comparison_context *outer;
};

static int compare_in_context(const void *a, const void *b)
{
    const struct comparison_context *now = crt_thread()->comparison;
    return now->compare(now->context, a, b);
}

static void enter(struct comparison_context *now, context_comparison *compare, void *context)
{
    struct crt_thread *thread = crt_thread();
    *now = (struct comparison_context){compare, context, thread->comparison};
    thread->comparison = now;
}

static void leave(const struct comparison_context *now)
{
    crt_thread()->comparison = now->outer;
}

void qsort_s(void *base, size_t count, size_t size, context_comparison *compare, void *context)
{
    struct comparison_context now;
    if ((!base && count) || !size || !compare) {
        crt_invalid_parameter(EINVAL);
        return;
    }
    enter(&now, compare, context);
    qsort(base, count, size, compare_in_context);
    leave(&now);
}

void *bsearch_s(const void *key, const void *base, size_t count, size_t size,
                context_comparison *compare, void *context)
{
    struct comparison_context now;
    if ((!base && count) || !size || !compare) {
        crt_invalid_parameter(EINVAL);
        return NULL;
    }
    enter(&now, compare, context);
    void *found = bsearch(key, base, count, size, compare_in_context);
    leave(&now);
    return found;
}

void *_lfind_s(const void *key, const void *base, unsigned *count, size_t size,
               context_comparison *compare, void *context)
{
    if (!key || !count || (!base && *count) || !size || !compare) {
        crt_invalid_parameter(EINVAL);
        return NULL;
    }
    for (unsigned i = 0; i < *count; i++)
        if (!compare(context, key, (const char *)base + i * size))
            return (char *)base + i * size;
    return NULL;
}

/* What is not found is added at the end; the caller has room for it. */
static void *add(const void *key, void *base, unsigned *count, size_t size)
{
    return memcpy((char *)base + (*count)++ * size, key, size);
}

void *_lsearch(const void *key, void *base, unsigned *count, unsigned size, comparison *compare)
{
    void *found = _lfind(key, base, count, size, compare);
    return found ? found : add(key, base, count, size);
}

void *_lsearch_s(const void *key, void *base, unsigned *count, size_t size,
                 context_comparison *compare, void *context)
{
    if (!key || !count || !base || !size || !compare) {
        crt_invalid_parameter(EINVAL);
        return NULL;
    }
    void *found = _lfind_s(key, base, count, size, compare, context);
    return found ? found : add(key, base, count, size);
}
