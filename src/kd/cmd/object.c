/* src/kd/cmd/object.c: !object: one object, or what a path of the namespace leads to.
 *
 *      OBJECT_HEADER_NAME_INFO ... | OBJECT_HEADER | body    <- the object's address
 *                                     InfoMask says which parts lie before the header
 *
 *      OBJECT_DIRECTORY.HashBuckets[37] -> OBJECT_DIRECTORY_ENTRY { ChainLink, Object }
 *
 * Source: debugger documentation, "!object"; Windows Internals 6, part 1, ch. 3 "Object Manager".
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define TYPE_INDICES 256u
#define NAME_INFO 2u    /* OBJECT_HEADER.InfoMask */
#define CREATOR_INFO 1u /* comes between name and header */
#define BUCKETS 37u
#define CHAIN_LIMIT 4096u
#define UNREADABLE "????????"

static uint64_t header_of(struct kd *kd, uint64_t object)
{
    uint64_t body = 0;
    kd_offset(kd, "_OBJECT_HEADER", "Body", &body);
    return object - body;
}

static bool type_name(struct kd *kd, uint64_t header, uint64_t *type, char *name, size_t size)
{
    uint64_t offset, index = kd_field(kd, "_OBJECT_HEADER", header, "TypeIndex");
    uint64_t types = kd_nt_address(kd, "ObTypeIndexTable");
    *type = 0;
    snprintf(name, size, "????");
    return types != 0 && index < TYPE_INDICES &&
           kd_read_u64(kd, types + index * sizeof *type, type) && *type != 0 &&
           kd_offset(kd, "_OBJECT_TYPE", "Name", &offset) &&
           kd_read_unicode_string(kd->symbols, *type + offset, name, size);
}

bool kd_object_type_name(struct kd *kd, uint64_t header, char *name, size_t size)
{
    uint64_t type;
    return type_name(kd, header, &type, name, size);
}

void kd_show_object_type(struct kd *kd, uint64_t header)
{
    char name[128];
    uint64_t type;
    type_name(kd, header, &type, name, sizeof name);
    kd_printf(kd, "  Type: (%016" PRIx64 ") %s\n", type, name);
}

/* Files are named by their own member, not in the namespace. */
static bool file_name(struct kd *kd, uint64_t header, char *name, size_t size)
{
    uint64_t type, body, offset;
    return type_name(kd, header, &type, name, size) && strcmp(name, "File") == 0 &&
           kd_offset(kd, "_OBJECT_HEADER", "Body", &body) &&
           kd_offset(kd, "_FILE_OBJECT", "FileName", &offset) &&
           kd_read_unicode_string(kd->symbols, header + body + offset, name, size) &&
           name[0] != '\0';
}

bool kd_object_name(struct kd *kd, uint64_t header, char *name, size_t size)
{
    uint8_t distance;
    uint64_t offset, mask = kd_field(kd, "_OBJECT_HEADER", header, "InfoMask");
    uint64_t distances = kd_nt_address(kd, "ObpInfoMaskToOffset");
    if ((mask & NAME_INFO) != 0 && distances != 0 &&
        kd_read_u8(kd, distances + (mask & (NAME_INFO | CREATOR_INFO)), &distance) &&
        kd_offset(kd, "_OBJECT_HEADER_NAME_INFO", "Name", &offset) &&
        kd_read_unicode_string(kd->symbols, header - distance + offset, name, size) &&
        name[0] != '\0') {
        return true;
    }
    return file_name(kd, header, name, size);
}

/* ---- directories ------------------------------------------------------------------------------
 */

/* Visit the objects of a directory, bucket by bucket, until `visit` returns false.
 * => false: some of it is not in memory */
static bool each_entry(struct kd *kd, uint64_t directory,
                       bool (*visit)(struct kd *kd, unsigned bucket, uint64_t object,
                                     void *context),
                       void *context)
{
    const char type[] = "_OBJECT_DIRECTORY_ENTRY";
    bool more = true, whole = true;
    for (unsigned i = 0; i < BUCKETS && more && !kd_interrupted(kd); i++) {
        uint64_t entry, object;
        if (!kd_read_u64(kd, directory + i * sizeof entry, &entry)) {
            return false;
        }
        for (unsigned n = 0; n < CHAIN_LIMIT && entry != 0 && more; n++) {
            if (!kd_read_nt(kd, type, entry, "Object", &object)) {
                whole = false;
                break;
            }
            more = visit(kd, i, object, context);
            entry = kd_field(kd, type, entry, "ChainLink");
        }
    }
    return whole;
}

static bool show_entry(struct kd *kd, unsigned bucket, uint64_t object, void *context)
{
    char type[128], name[512];
    uint64_t ignored;
    (void)context;
    type_name(kd, header_of(kd, object), &ignored, type, sizeof type);
    if (!kd_object_name(kd, header_of(kd, object), name, sizeof name)) {
        strcpy(name, UNREADABLE);
    }
    kd_printf(kd, "     %02u  %016" PRIx64 " %-13s %s\n", bucket, object, type, name);
    return true;
}

struct lookup {
    const char *name;
    size_t length;
    uint64_t object;
    bool whole; /* nothing was met that is not in memory */
};

static bool compare_entry(struct kd *kd, unsigned bucket, uint64_t object, void *context)
{
    struct lookup *l = context;
    char name[512];
    (void)bucket;
    if (!kd_object_name(kd, header_of(kd, object), name, sizeof name)) {
        l->whole = false;
        return true;
    }
    if (strlen(name) == l->length && strncasecmp(name, l->name, l->length) == 0) {
        l->object = object;
        return false;
    }
    return true;
}

bool kd_object_find(struct kd *kd, const char *path, uint64_t *object)
{
    const char *rest = path;
    uint64_t count;
    *object = kd_nt_pointer(kd, "ObpRootDirectoryObject");
    if (!kd_read_nt(kd, "_OBJECT_HEADER", header_of(kd, *object), "PointerCount", &count)) {
        return kd_error(kd, "The root of the object namespace is not in memory");
    }
    while (*rest != '\0') {
        rest += *rest == '\\';
        struct lookup l = {.name = rest, .length = strcspn(rest, "\\"), .whole = true};
        if (l.length == 0) {
            break;
        }
        bool whole = each_entry(kd, *object, compare_entry, &l);
        if (l.object == 0) {
            return kd_error(kd,
                            whole && l.whole ? "Object %s not found"
                                             : "Object %s not found; not all names are in memory",
                            path);
        }
        *object = l.object;
        rest += l.length;
    }
    return true;
}

static bool cmd_object(struct kd *kd, const char *args)
{
    uint64_t object, type, count;
    char path[512], name[512] = "";
    if (!kd_need_symbols(kd)) {
        return false;
    }
    if (*args == '\\') {
        kd_word(&args, path, sizeof path);
        if (!kd_object_find(kd, path, &object)) {
            return false;
        }
    } else if (!kd_evaluate(kd, &args, &object)) {
        return false;
    }
    uint64_t header = header_of(kd, object);
    if (!kd_read_nt(kd, "_OBJECT_HEADER", header, "PointerCount", &count) ||
        !type_name(kd, header, &type, name, sizeof name)) {
        return kd_error(kd, "%016" PRIx64 ": not a valid object", object);
    }
    bool directory = strcmp(name, "Directory") == 0;
    kd_printf(kd, "Object: %016" PRIx64, object);
    kd_show_object_type(kd, header);
    kd_printf(kd,
              "    ObjectHeader: %016" PRIx64 " (new version)\n    HandleCount: %" PRIu64
              "  PointerCount: %" PRIu64 "\n",
              header, kd_field(kd, "_OBJECT_HEADER", header, "HandleCount"), count);
    if (kd_object_name(kd, header, name, sizeof name)) {
        kd_printf(kd, "    Name: %s\n", name);
    }
    if (directory) {
        kd_printf(kd, "\n    Hash Address          Type          Name\n"
                      "    ---- -------          ----          ----\n");
        if (!each_entry(kd, object, show_entry, NULL)) {
            kd_printf(kd, "    Some entries are not in memory\n");
        }
    }
    return true;
}

const struct kd_command kd_commands_object[] = {
    {"!object", "!object ADDRESS|\\PATH", "an object, and what a directory holds", cmd_object,
     KD_NEEDS_MACHINE},
    {0},
};
