/* dt.h: showing types and structures as `dt` does. */
#pragma once

#include "kd/kdi.h"
#include "kd/types.h"

#define KD_DT_FILTERS 32 /* most filters of one command */

struct kd_dt {
    struct kd *kd;
    uint64_t address;           /* of the structure */
    bool has_address;           /* else layout only */
    bool omit_offsets;          /* -o */
    bool verbose;               /* -v: sizes and counts of elements */
    bool blocks;                /* -b: embedded structures and all array elements, never pointers */
    bool arrays;                /* -a: array elements on lines of their own */
    unsigned depth;             /* -r: levels still to open below this one */
    const char *const *filters; /* member paths or patterns; none: everything */
    size_t filter_count;
};

/* Show a structure, union or enumeration, indented by `level` steps.
 * => false: nothing printed: the filters name no member */
bool kd_dt_show(const struct kd_dt *dt, struct kd_type type, unsigned level);

/* Does a filter name a member of the type (first component only)? */
bool kd_dt_names_member(struct kd_type type, const char *filter);

/* One value of a type on one line, without a newline: "0x12", "_LIST_ENTRY [ ... ]". Unreadable
 * memory shows as "????". => false: it was unreadable */
bool kd_dt_value(struct kd *kd, struct kd_type type, uint64_t address);

/* The type's name as dt prints it: "Uint4B", "Ptr64 _KTHREAD", "[15] UChar". */
void kd_dt_type_text(struct kd_type type, bool verbose, char *buffer, size_t size);

/* What is known of some structures (strings, lists, large integers), with a blank before it.
 * => false: it is none of them, nothing printed. *readable: the memory could be read */
bool kd_dt_known(struct kd *kd, const struct pdb_type *type, uint64_t address, bool *readable);
