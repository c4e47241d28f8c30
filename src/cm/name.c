/* src/cm/name.c: names as keys, values and control blocks store them.
 *
 * A name whose characters are all below 256 is stored with a byte for each ("compressed"). Names
 * compare in upper case. */
#include "base/upcase.h"
#include "cm/cmi.h"

ULONG cmp_name_length(struct cmp_stored_name name)
{
    return name.compressed ? name.length * (ULONG)sizeof(WCHAR) : name.length;
}

WCHAR cmp_name_char(struct cmp_stored_name name, unsigned i)
{
    const UCHAR *bytes = name.text;

    if (name.compressed)
        return bytes[i];
    return (WCHAR)(bytes[2 * i] | bytes[2 * i + 1] << 8);
}

struct cm_text cmp_widen_name(struct cmp_stored_name name, WCHAR text[CMP_MAX_NAME / sizeof(WCHAR)])
{
    ULONG length = cmp_name_length(name);

    ASSERT(length <= CMP_MAX_NAME);
    for (unsigned i = 0; i < length / sizeof(WCHAR); i++)
        text[i] = cmp_name_char(name, i);
    return cmp_text(text, length);
}

int cmp_compare_name(struct cm_text a, struct cmp_stored_name b)
{
    ULONG length = cmp_name_length(b), common = a.length < length ? a.length : length;

    for (unsigned i = 0; i < common / sizeof(WCHAR); i++) {
        int difference = upcase(a.text[i]) - upcase(cmp_name_char(b, i));
        if (difference)
            return difference;
    }
    return a.length == length ? 0 : a.length < length ? -1 : 1;
}

bool cmp_is_compressible(struct cm_text name)
{
    for (unsigned i = 0; i < name.length / sizeof(WCHAR); i++) {
        if (name.text[i] > UINT8_MAX)
            return false;
    }
    return true;
}

USHORT cmp_stored_size(struct cm_text name)
{
    return (USHORT)(cmp_is_compressible(name) ? name.length / sizeof(WCHAR) : name.length);
}

void cmp_store_name(void *to, struct cm_text name)
{
    UCHAR *bytes = to;

    if (!cmp_is_compressible(name)) {
        if (name.length)
            memcpy(to, name.text, name.length);
        return;
    }
    for (unsigned i = 0; i < name.length / sizeof(WCHAR); i++)
        bytes[i] = (UCHAR)name.text[i];
}

ULONG cmp_hash_name(ULONG hash, struct cm_text name)
{
    const ULONG factor = 37; /* Source: "lh" leaves of registry files, published format */

    for (unsigned i = 0; i < name.length / sizeof(WCHAR); i++)
        hash = hash * factor + upcase(name.text[i]);
    return hash;
}
