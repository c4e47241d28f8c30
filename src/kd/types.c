/* types.c: types of modules by name, members by path.
 *
 * A path is members separated by dots, with indices where they are arrays: "Pcb.Header.Lock",
 * "DirectoryTableBase[1]". Commands ask for the same few paths for every process and page, so
 * answers are kept by "module!type.path" in a table that starts over when modules change.
 */
#define _GNU_SOURCE 1 /* asprintf */

#include "kd/types.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kd/symbols_int.h"

/* ---- types ---- */

static bool find_in_module(struct kd_symbols *symbols, const struct kd_module *module,
                           const char *name, struct kd_type *type)
{
    struct pdb *pdb = module ? kd_module_pdb(symbols, module) : NULL;
    uint32_t index = pdb ? pdb_type_find(pdb, name) : 0;
    *type = (struct kd_type){pdb, index};
    return index != 0;
}

bool kd_type_find(struct kd_symbols *symbols, const char *name, struct kd_type *type)
{
    const char *bang = strchr(name, '!');
    if (bang) {
        char module[64];
        snprintf(module, sizeof module, "%.*s", (int)(bang - name), name);
        return find_in_module(symbols, kd_module_find(symbols, module), bang + 1, type);
    }
    if (find_in_module(symbols, kd_module_find(symbols, "nt"), name, type))
        return true;
    for (size_t i = 0; i < kd_module_count(symbols); i++) {
        if (find_in_module(symbols, kd_module_get(symbols, i), name, type))
            return true;
    }
    return false;
}

uint64_t kd_type_size(struct kd_symbols *symbols, const char *module, const char *type)
{
    struct kd_type found;
    struct pdb_type details;
    return find_in_module(symbols, kd_module_find(symbols, module), type, &found) &&
                   pdb_type_get(found.pdb, found.index, &details)
               ? details.size
               : 0;
}

/* ---- paths ---- */

static const struct pdb_member *find_member(struct kd_type type, const char *name, size_t length)
{
    size_t count;
    const struct pdb_member *members = pdb_type_members(type.pdb, type.index, &count);
    const struct pdb_member *loose = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *m = members[i].name;
        if (strlen(m) != length || strncasecmp(m, name, length) != 0)
            continue;
        if (strncmp(m, name, length) == 0)
            return &members[i];
        if (!loose)
            loose = &members[i];
    }
    return loose;
}

static bool is_aggregate(const struct pdb_type *type)
{
    return type->kind == PDB_TYPE_STRUCT || type->kind == PDB_TYPE_UNION;
}

/* "[n]" at *path: go to that element. */
static bool step_index(struct kd_field *field, const char **path)
{
    struct pdb_type type;
    char *end;
    unsigned long long index = strtoull(*path + 1, &end, 0);
    if (*end != ']' || end == *path + 1 ||
        !pdb_type_get(field->type.pdb, field->type.index, &type) || type.kind != PDB_TYPE_ARRAY ||
        index >= type.count)
        return false;
    struct pdb_type element;
    if (!pdb_type_get(field->type.pdb, type.target, &element))
        return false;
    field->type.index = type.target;
    field->offset += index * element.size;
    *path = end + 1;
    return true;
}

/* A member's name at *path: go to it. */
static bool step_member(struct kd_field *field, const char **path)
{
    struct pdb_type type;
    size_t length = strcspn(*path, ".[");
    if (!pdb_type_get(field->type.pdb, field->type.index, &type) || !is_aggregate(&type))
        return false;
    const struct pdb_member *member = find_member(field->type, *path, length);
    if (!member)
        return false;
    field->type.index = member->type;
    field->offset += member->offset;
    *path += length;
    return true;
}

bool kd_type_path(struct kd_type type, const char *path, struct kd_field *field)
{
    struct pdb_type last;
    *field = (struct kd_field){.type = type};
    while (*path) {
        bool ok = *path == '[' ? step_index(field, &path) : step_member(field, &path);
        if (!ok)
            return false;
        if (*path == '.' && path[1])
            path++;
        else if (*path && *path != '[')
            return false;
    }
    if (!pdb_type_get(type.pdb, field->type.index, &last))
        return false;
    field->size = last.size;
    if (last.kind == PDB_TYPE_BITFIELD) {
        field->bit_position = last.bit_position;
        field->bit_count = last.bit_count;
    }
    return true;
}

/* ---- the cache ---- */

#define CACHE_SLOTS 4096 /* a power of two, many more than the paths that commands use */
#define CACHE_MOST (CACHE_SLOTS / 2)

struct cached_field {
    char *key; /* NULL: free */
    bool found;
    struct kd_field field;
};

struct kd_field_cache {
    unsigned generation;
    size_t count;
    struct cached_field slot[CACHE_SLOTS];
};

static void clear_cache(struct kd_field_cache *cache)
{
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        free(cache->slot[i].key);
    memset(cache, 0, sizeof *cache);
}

void kd_types_deinit(struct kd_symbols *symbols)
{
    if (symbols->fields)
        clear_cache(symbols->fields);
    free(symbols->fields);
    symbols->fields = NULL;
}

static struct kd_field_cache *get_cache(struct kd_symbols *symbols)
{
    if (!symbols->fields)
        symbols->fields = calloc(1, sizeof *symbols->fields);
    struct kd_field_cache *cache = symbols->fields;
    if (cache && (cache->generation != symbols->generation || cache->count >= CACHE_MOST)) {
        clear_cache(cache);
        cache->generation = symbols->generation;
    }
    return cache;
}

/* The slot that has the key or is free for it. FNV-1a: keys are the commands' own strings. */
static struct cached_field *cache_slot(struct kd_field_cache *cache, const char *key)
{
    enum { FNV_BASIS = 0x811c9dc5u, FNV_PRIME = 0x01000193u };
    uint32_t hash = FNV_BASIS;
    for (const char *p = key; *p; p++)
        hash = (hash ^ (uint8_t)*p) * FNV_PRIME;
    for (uint32_t i = hash;; i++) {
        struct cached_field *slot = &cache->slot[i % CACHE_SLOTS];
        if (!slot->key || strcmp(slot->key, key) == 0)
            return slot;
    }
}

static bool look_up(struct kd_symbols *symbols, const char *module, const char *type,
                    const char *path, struct kd_field *field)
{
    struct kd_type found;
    return find_in_module(symbols, kd_module_find(symbols, module), type, &found) &&
           kd_type_path(found, path, field);
}

bool kd_type_field_get(struct kd_symbols *symbols, const char *module, const char *type,
                       const char *path, struct kd_field *field)
{
    char key[256];
    int length = snprintf(key, sizeof key, "%s!%s.%s", module, type, path);
    struct kd_field_cache *cache = get_cache(symbols);
    if (!cache || length < 0 || (size_t)length >= sizeof key)
        return look_up(symbols, module, type, path, field);
    struct cached_field *slot = cache_slot(cache, key);
    if (slot->key) {
        *field = slot->field;
        return slot->found;
    }
    bool found = look_up(symbols, module, type, path, field);
    cache = get_cache(symbols); /* the look-up may have loaded symbols */
    slot = cache ? cache_slot(cache, key) : NULL;
    char *copy = slot ? strdup(key) : NULL;
    if (copy) {
        *slot = (struct cached_field){copy, found, *field};
        cache->count++;
    }
    return found;
}

bool kd_type_field(struct kd_symbols *symbols, const char *module, const char *type,
                   const char *path, uint64_t *offset, uint64_t *size)
{
    struct kd_field field;
    if (!kd_type_field_get(symbols, module, type, path, &field))
        return false;
    if (offset)
        *offset = field.offset;
    if (size)
        *size = field.size;
    return true;
}

/* ---- values ---- */

bool kd_field_read(struct kd_symbols *symbols, const struct kd_field *field, uint64_t address,
                   uint64_t *value)
{
    *value = 0;
    if (field->size > sizeof *value ||
        !kd_symbols_read(symbols, address + field->offset, value, field->size)) {
        *value = 0;
        return false;
    }
    if (field->bit_count) {
        *value >>= field->bit_position;
        if (field->bit_count < 64)
            *value &= (1ull << field->bit_count) - 1;
    }
    return true;
}

bool kd_read_field(struct kd_symbols *symbols, const char *type, uint64_t address, const char *path,
                   uint64_t *value)
{
    char module[64] = "nt";
    struct kd_field field;
    const char *bang = strchr(type, '!');
    if (bang)
        snprintf(module, sizeof module, "%.*s", (int)(bang - type), type);
    *value = 0;
    return kd_type_field_get(symbols, module, bang ? bang + 1 : type, path, &field) &&
           kd_field_read(symbols, &field, address, value);
}

bool kd_read_global(struct kd_symbols *symbols, const char *name, size_t size, uint64_t *value)
{
    uint64_t address;
    *value = 0;
    return size <= sizeof *value && kd_symbol_address(symbols, name, &address) &&
           kd_symbols_read(symbols, address, value, size);
}

/* ---- enumerations ---- */

const char *kd_type_enumerator(struct kd_type type, int64_t value)
{
    size_t count;
    const struct pdb_member *values = pdb_type_members(type.pdb, type.index, &count);
    for (size_t i = 0; i < count; i++) {
        if (values[i].value == value)
            return values[i].name;
    }
    return NULL;
}

const char *kd_enum_name(struct kd_symbols *symbols, const char *module, const char *type,
                         int64_t value)
{
    struct kd_type found;
    return find_in_module(symbols, kd_module_find(symbols, module), type, &found)
               ? kd_type_enumerator(found, value)
               : NULL;
}

bool kd_enum_value(struct kd_symbols *symbols, const char *module, const char *type,
                   const char *name, int64_t *value)
{
    struct kd_type found;
    if (!find_in_module(symbols, kd_module_find(symbols, module), type, &found))
        return false;
    const struct pdb_member *member = find_member(found, name, strlen(name));
    if (!member)
        return false;
    *value = member->value;
    return true;
}

/* ---- strings ---- */

/* Append a character as UTF-8; what a terminal would obey, or is no character, becomes '.'. */
static size_t put_utf8(char *to, size_t room, uint32_t c)
{
    unsigned char bytes[4];
    size_t n = 0;
    if (c < 0x20 || c == 0x7f || (c >= 0xd800 && c < 0xe000))
        c = '.';
    if (c < 0x80) {
        bytes[n++] = (unsigned char)c;
    } else if (c < 0x800) {
        bytes[n++] = (unsigned char)(0xc0 | c >> 6);
        bytes[n++] = (unsigned char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        bytes[n++] = (unsigned char)(0xe0 | c >> 12);
        bytes[n++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
        bytes[n++] = (unsigned char)(0x80 | (c & 0x3f));
    } else {
        bytes[n++] = (unsigned char)(0xf0 | c >> 18);
        bytes[n++] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
        bytes[n++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
        bytes[n++] = (unsigned char)(0x80 | (c & 0x3f));
    }
    if (n > room)
        return 0;
    memcpy(to, bytes, n);
    return n;
}

void kd_utf16_text(const uint16_t *from, size_t count, char *buffer, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < count && from[i]; i++) {
        uint32_t c = from[i];
        bool pair = c >= 0xd800 && c < 0xdc00 && i + 1 < count && from[i + 1] >= 0xdc00 &&
                    from[i + 1] < 0xe000;
        if (pair)
            c = 0x10000 + ((c - 0xd800) << 10) + (from[++i] - 0xdc00u);
        size_t added = size ? put_utf8(buffer + n, size - 1 - n, c) : 0;
        if (!added)
            break;
        n += added;
    }
    if (size)
        buffer[n] = 0;
}

bool kd_read_unicode_string(struct kd_symbols *symbols, uint64_t address, char *buffer, size_t size)
{
    /* UNICODE_STRING, the same on every 64-bit Windows */
    struct {
        uint16_t length; /* bytes */
        uint16_t maximum;
        uint32_t padding;
        uint64_t buffer;
    } string;
    uint16_t text[1024];
    if (size)
        buffer[0] = 0;
    if (!kd_symbols_read(symbols, address, &string, sizeof string))
        return false;
    size_t bytes = string.length < sizeof text ? string.length & ~1u : sizeof text;
    if (!kd_symbols_read(symbols, string.buffer, text, bytes))
        return false;
    kd_utf16_text(text, bytes / sizeof *text, buffer, size);
    return true;
}
