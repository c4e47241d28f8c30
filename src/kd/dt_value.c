/* dt_value.c: one type or one value on one line, in WinDbg's words.
 *
 *      Uint4B   0x12        Int4B   0n-1       UChar   0x41 'A'      Char   65 'A'
 *      Ptr64    0xfffffa80`01234560 _KTHREAD, (null), with the text of strings and lists behind it
 *      bits     0y0, 0y00101 (0x5)             enum    0n2 ( Name )
 *      arrays   [4] and the first element; characters as a string
 *
 * A few structures have a value of their own: strings, LARGE_INTEGER, LIST_ENTRY, GUID. They are
 * known by their names, as WinDbg's built-in extensions know them.
 */
#include "kd/dt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MOST 260  /* characters shown of a string */
#define MOST_LEVELS 12 /* of arrays of arrays, pointers to pointers */
#define LONG_BITS 4    /* bit fields wider than this show a number too */

/* ---- types ---- */

static const char *basic_text(const struct pdb_type *type)
{
    switch (type->basic) {
    case PDB_VOID:
        return "Void";
    case PDB_CHAR:
        return "Char";
    case PDB_UCHAR:
        return "UChar";
    case PDB_WCHAR:
        return "Wchar";
    case PDB_BOOL:
        return "Bool";
    case PDB_HRESULT:
        return "HRESULT";
    case PDB_FLOAT:
        return type->size == 8 ? "Double" : "Float";
    case PDB_SIGNED:
        return type->size == 2   ? "Int2B"
               : type->size == 4 ? "Int4B"
               : type->size == 8 ? "Int8B"
                                 : "Int16B";
    case PDB_UNSIGNED:
        return type->size == 2   ? "Uint2B"
               : type->size == 4 ? "Uint4B"
               : type->size == 8 ? "Uint8B"
                                 : "Uint16B";
    }
    return "";
}

/* The return type of a function pointer is written in C. */
static const char *c_text(struct pdb *pdb, const struct pdb_type *function, char name[80])
{
    struct pdb_type type;
    const char *text = "";
    if (!pdb_type_get(pdb, function->target, &type))
        return "";
    switch (type.kind) {
    case PDB_TYPE_POINTER:
        return "void* ";
    case PDB_TYPE_BASIC:
        break;
    default:
        snprintf(name, 80, "%s ", type.name);
        return name;
    }
    switch (type.basic) {
    case PDB_VOID:
        text = "void ";
        break;
    case PDB_CHAR:
        text = "char ";
        break;
    case PDB_UCHAR:
        text = "unsigned char ";
        break;
    case PDB_WCHAR:
        text = "wchar_t ";
        break;
    case PDB_SIGNED:
        text = type.size == 2 ? "short " : type.size == 8 ? "int64 " : "long ";
        break;
    case PDB_UNSIGNED:
        text = type.size == 2   ? "unsigned short "
               : type.size == 8 ? "unsigned int64 "
                                : "unsigned long ";
        break;
    case PDB_BOOL:
        text = "bool ";
        break;
    case PDB_FLOAT:
        text = type.size == 8 ? "double " : "float ";
        break;
    case PDB_HRESULT:
        text = "HRESULT ";
        break;
    }
    return text;
}

/* Some compilers put the enclosing structure before the name of an unnamed one. */
static const char *short_name(const struct pdb_type *type)
{
    const char *unnamed = strstr(type->name, "::<unnamed");
    return unnamed ? unnamed + 2 : type->name;
}

static void named_text(const struct pdb_type *type, struct pdb *pdb, bool verbose, char *buffer,
                       size_t size)
{
    size_t count = 0;
    if (!verbose) {
        snprintf(buffer, size, "%s", short_name(type));
        return;
    }
    pdb_type_members(pdb, type->index, &count);
    if (type->kind == PDB_TYPE_ENUM)
        snprintf(buffer, size, "Enum %s,  %zu total enums", type->name, count);
    else
        snprintf(buffer, size, "%s %s, %zu elements, 0x%" PRIx64 " bytes",
                 type->kind == PDB_TYPE_UNION ? "union" : "struct", type->name, count, type->size);
}

static void type_text(struct kd_type at, bool verbose, unsigned level, char *buffer, size_t size)
{
    struct pdb_type type;
    char rest[300] = "";
    char name[80];
    struct kd_type target = {at.pdb, 0};
    if (!pdb_type_get(at.pdb, at.index, &type) || level > MOST_LEVELS) {
        snprintf(buffer, size, "<unknown>");
        return;
    }
    target.index = type.target;
    switch (type.kind) {
    case PDB_TYPE_BASIC:
        snprintf(buffer, size, "%s", basic_text(&type));
        break;
    case PDB_TYPE_POINTER:
        type_text(target, verbose, level + 1, rest, sizeof rest);
        snprintf(buffer, size, "Ptr%u%s %s", 8 * (unsigned)type.size, verbose ? " to" : "", rest);
        break;
    case PDB_TYPE_ARRAY:
        type_text(target, verbose, level + 1, rest, sizeof rest);
        snprintf(buffer, size, "[%" PRIu64 "] %s", type.count, rest);
        break;
    case PDB_TYPE_BITFIELD:
        snprintf(buffer, size, "%sPos %u, %u Bit%s", verbose ? "Bitfield " : "", type.bit_position,
                 type.bit_count, type.bit_count == 1 ? "" : "s");
        break;
    case PDB_TYPE_FUNCTION:
        snprintf(buffer, size, "    %s", c_text(at.pdb, &type, name));
        break;
    default:
        named_text(&type, at.pdb, verbose, buffer, size);
        break;
    }
}

void kd_dt_type_text(struct kd_type type, bool verbose, char *buffer, size_t size)
{
    type_text(type, verbose, 0, buffer, size);
}

/* ---- numbers ---- */

static void print_hex(struct kd *kd, uint64_t value)
{
    char text[KD_ADDRESS_TEXT];
    if (value > UINT32_MAX)
        kd_printf(kd, "0x%s", kd_address_text(value, text));
    else
        kd_printf(kd, "0x%" PRIx64, value);
}

static void print_unsigned(struct kd *kd, uint64_t value)
{
    if (value)
        print_hex(kd, value);
    else
        kd_printf(kd, "0");
}

static void print_address(struct kd *kd, uint64_t value)
{
    char text[KD_ADDRESS_TEXT];
    kd_printf(kd, "0x%s", kd_address_text(value, text));
}

static int64_t sign_extend(uint64_t value, uint64_t size)
{
    unsigned shift = size < 8 ? 64 - 8 * (unsigned)size : 0;
    return (int64_t)(value << shift) >> shift;
}

static void print_character(struct kd *kd, uint64_t c)
{
    if (c >= 0x20 && c < 0x7f)
        kd_printf(kd, " '%c'", (int)c);
    else
        kd_printf(kd, " ''");
}

static void print_float(struct kd *kd, const void *bytes, uint64_t size)
{
    float single;
    double twice;
    memcpy(&single, bytes, sizeof single);
    memcpy(&twice, bytes, sizeof twice);
    kd_printf(kd, "%.10g", size == 8 ? twice : (double)single);
}

static void print_basic(struct kd *kd, const struct pdb_type *type, uint64_t value)
{
    switch (type->basic) {
    case PDB_CHAR:
        kd_printf(kd, "%" PRId64, sign_extend(value, type->size));
        print_character(kd, value);
        break;
    case PDB_UCHAR:
    case PDB_WCHAR:
        print_unsigned(kd, value);
        print_character(kd, value);
        break;
    case PDB_SIGNED:
        kd_printf(kd, "0n%" PRId64, sign_extend(value, type->size));
        break;
    case PDB_FLOAT:
        print_float(kd, &value, type->size);
        break;
    default:
        print_unsigned(kd, value);
        break;
    }
}

static void print_bits(struct kd *kd, const struct pdb_type *type, uint64_t value)
{
    kd_printf(kd, "0y");
    for (unsigned bit = type->bit_count; bit-- > 0;)
        kd_printf(kd, "%u", (unsigned)(value >> bit & 1));
    if (type->bit_count > LONG_BITS)
        kd_printf(kd, value ? "" : " (0)");
    if (type->bit_count > LONG_BITS && value)
        kd_printf(kd, " (0x%" PRIx64 ")", value);
}

static void print_enum(struct kd *kd, struct kd_type at, const struct pdb_type *type,
                       uint64_t value)
{
    struct pdb_type underlying;
    int64_t number = (int64_t)value;
    if (pdb_type_get(at.pdb, type->target, &underlying) && underlying.basic != PDB_UNSIGNED &&
        underlying.basic != PDB_UCHAR)
        number = sign_extend(value, type->size);
    const char *name = kd_type_enumerator((struct kd_type){at.pdb, type->index}, number);
    if (name)
        kd_printf(kd, "0n%" PRId64 " ( %s )", number, name);
    else
        kd_printf(kd, "0n%" PRId64 " (No matching name)", number);
}

/* ---- structures with a value of their own ---- */

static bool print_list_entry(struct kd *kd, uint64_t address)
{
    uint64_t links[2];
    if (!kd_read(kd, address, links, sizeof links))
        return false;
    kd_printf(kd, " [ ");
    print_address(kd, links[0]);
    kd_printf(kd, " - ");
    print_address(kd, links[1]);
    kd_printf(kd, " ]");
    return true;
}

static bool print_unicode_string(struct kd *kd, uint64_t address)
{
    char text[3 * TEXT_MOST];
    if (!kd_read_unicode_string(kd->symbols, address, text, sizeof text)) {
        kd_printf(kd, " \"--- memory read error at address ---\"");
        return true;
    }
    kd_printf(kd, " \"%s\"", text);
    return true;
}

/* Print up to `most` bytes of text; control characters end up as '.'. */
static void print_bytes(struct kd *kd, const uint8_t *text, size_t most)
{
    kd_printf(kd, " \"");
    for (size_t i = 0; i < most && text[i]; i++)
        kd_printf(kd, "%c", text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '.');
    kd_printf(kd, "\"");
}

static bool print_ansi_string(struct kd *kd, uint64_t address)
{
    struct {
        uint16_t length;
        uint16_t maximum;
        uint32_t padding;
        uint64_t buffer;
    } string;
    uint8_t text[TEXT_MOST];
    if (!kd_read(kd, address, &string, sizeof string))
        return false;
    size_t length = string.length < sizeof text ? string.length : sizeof text;
    if (!kd_read(kd, string.buffer, text, length))
        kd_printf(kd, " \"--- memory read error at address ---\"");
    else
        print_bytes(kd, text, length);
    return true;
}

static bool print_large_integer(struct kd *kd, uint64_t address)
{
    uint64_t value;
    if (!kd_read_u64(kd, address, &value))
        return false;
    kd_printf(kd, " ");
    print_hex(kd, value);
    return true;
}

static bool print_guid(struct kd *kd, uint64_t address)
{
    struct {
        uint32_t data1;
        uint16_t data2, data3;
        uint8_t data4[8];
    } guid;
    if (!kd_read(kd, address, &guid, sizeof guid))
        return false;
    kd_printf(kd, " {%08x-%04x-%04x-%02x%02x-", guid.data1, guid.data2, guid.data3, guid.data4[0],
              guid.data4[1]);
    for (size_t i = 2; i < sizeof guid.data4; i++)
        kd_printf(kd, "%02x", guid.data4[i]);
    kd_printf(kd, "}");
    return true;
}

static const struct known_structure {
    const char *name;
    bool (*print)(struct kd *kd, uint64_t address);
} known_structures[] = {
    {"_LIST_ENTRY", print_list_entry},        {"_UNICODE_STRING", print_unicode_string},
    {"_STRING", print_ansi_string},           {"_LARGE_INTEGER", print_large_integer},
    {"_ULARGE_INTEGER", print_large_integer}, {"_GUID", print_guid},
};

bool kd_dt_known(struct kd *kd, const struct pdb_type *type, uint64_t address, bool *readable)
{
    for (size_t i = 0; i < sizeof known_structures / sizeof *known_structures; i++) {
        if (strcmp(type->name, known_structures[i].name) == 0) {
            *readable = known_structures[i].print(kd, address);
            return true;
        }
    }
    return false;
}

/* ---- pointers, arrays, everything ---- */

static bool print_value(struct kd *kd, struct kd_type at, uint64_t address, unsigned level);

static bool is_character(const struct pdb_type *type)
{
    return type->kind == PDB_TYPE_BASIC && (type->basic == PDB_CHAR || type->basic == PDB_UCHAR);
}

static void print_text_at(struct kd *kd, uint64_t address, bool wide)
{
    uint8_t bytes[2 * TEXT_MOST] = {0};
    char text[3 * TEXT_MOST];
    size_t size = kd_read_virtual(kd, address, bytes, wide ? sizeof bytes : TEXT_MOST);
    if (size == 0) {
        kd_printf(kd, " \"--- memory read error at address ---\"");
    } else if (wide) {
        uint16_t units[TEXT_MOST];
        memcpy(units, bytes, sizeof units);
        kd_utf16_text(units, size / 2, text, sizeof text);
        kd_printf(kd, " \"%s\"", text);
    } else {
        print_bytes(kd, bytes, size);
    }
}

/* What a pointer leads to: its type, and what can be said in a few words. */
static void print_target(struct kd *kd, struct kd_type at, uint64_t value, unsigned level)
{
    struct pdb_type type;
    char text[400];
    bool readable;
    if (!pdb_type_get(at.pdb, at.index, &type))
        return;
    bool wide = type.kind == PDB_TYPE_BASIC && type.basic == PDB_WCHAR;
    kd_printf(kd, " ");
    switch (type.kind) {
    case PDB_TYPE_FUNCTION:
        kd_dt_type_text(at, false, text, sizeof text);
        kd_printf(kd, "%s ", text);
        if (kd_symbol_name(kd->symbols, value, text, sizeof text))
            kd_printf(kd, "%s%s", text, strchr(text, '+') ? "" : "+0");
        break;
    case PDB_TYPE_BASIC:
    case PDB_TYPE_ENUM:
    case PDB_TYPE_POINTER:
        if (type.kind == PDB_TYPE_BASIC && type.basic == PDB_VOID) {
            kd_printf(kd, "Void");
        } else if (wide || is_character(&type)) {
            print_text_at(kd, value, wide);
        } else {
            kd_printf(kd, "-> ");
            print_value(kd, at, value, level + 1);
        }
        break;
    default:
        kd_printf(kd, "%s", short_name(&type));
        kd_dt_known(kd, &type, value, &readable);
        break;
    }
}

static bool print_array(struct kd *kd, struct kd_type at, const struct pdb_type *type,
                        uint64_t address, unsigned level)
{
    uint8_t text[TEXT_MOST];
    struct pdb_type element;
    struct kd_type target = {at.pdb, type->target};
    kd_printf(kd, "[%" PRIu64 "] ", type->count);
    if (!pdb_type_get(at.pdb, type->target, &element) || type->count == 0)
        return true;
    size_t size = type->size < sizeof text ? (size_t)type->size : sizeof text;
    if (is_character(&element)) {
        if (!kd_read(kd, address, text, size)) {
            kd_printf(kd, "????");
            return false;
        }
        print_bytes(kd, text, size);
        return true;
    }
    if (element.kind == PDB_TYPE_BASIC && element.basic == PDB_WCHAR) {
        print_text_at(kd, address, true);
        return true;
    }
    return print_value(kd, target, address, level + 1);
}

static bool print_scalar(struct kd *kd, struct kd_type at, const struct pdb_type *type,
                         uint64_t address, unsigned level)
{
    uint64_t value;
    struct kd_field field = {at, 0, type->size, type->bit_position, type->bit_count};
    if (type->kind == PDB_TYPE_BASIC && type->size == 0) {
        kd_printf(kd, "Void");
        return true;
    }
    if (type->size > 8 || !kd_field_read(kd->symbols, &field, address, &value)) {
        kd_printf(kd, "????");
        return false;
    }
    if (type->kind == PDB_TYPE_BITFIELD) {
        print_bits(kd, type, value);
    } else if (type->kind == PDB_TYPE_ENUM) {
        print_enum(kd, at, type, value);
    } else if (type->kind == PDB_TYPE_BASIC) {
        print_basic(kd, type, value);
    } else if (value == 0) {
        kd_printf(kd, "(null) ");
    } else {
        print_address(kd, value);
        print_target(kd, (struct kd_type){at.pdb, type->target}, value, level);
    }
    return true;
}

static bool print_value(struct kd *kd, struct kd_type at, uint64_t address, unsigned level)
{
    struct pdb_type type;
    bool readable = true;
    if (level > MOST_LEVELS || !pdb_type_get(at.pdb, at.index, &type)) {
        kd_printf(kd, "????");
        return true;
    }
    switch (type.kind) {
    case PDB_TYPE_STRUCT:
    case PDB_TYPE_UNION:
        kd_printf(kd, "%s", short_name(&type));
        kd_dt_known(kd, &type, address, &readable);
        return readable;
    case PDB_TYPE_ARRAY:
        return print_array(kd, at, &type, address, level);
    case PDB_TYPE_FUNCTION:
        return true;
    default:
        return print_scalar(kd, at, &type, address, level);
    }
}

bool kd_dt_value(struct kd *kd, struct kd_type type, uint64_t address)
{
    return print_value(kd, type, address, 0);
}
