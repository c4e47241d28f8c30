/* modules.c: which images are in memory.
 *
 * Two lists in guest memory say it, and both have elements of the same type:
 *
 *      nt!PsLoadedModuleList                             kernel images
 *      PEB.Ldr -> PEB_LDR_DATA.InLoadOrderModuleList     images of a process
 *                        |
 *                        `-> LDR_DATA_TABLE_ENTRY: DllBase, SizeOfImage, FullDllName, BaseDllName
 *
 * Where the fields are comes from nt's PDB. Before its loader has run a process has no list: then
 * there is the program itself (PEB.ImageBaseAddress). Pages of an image may not be in memory, so
 * what its headers do not tell is taken from the list.
 *
 * The user's half is walked again whenever the debugger stops or changes process. Entries that are
 * still there keep their symbols; the others go ("stale").
 */
#include "kd/symbols_int.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kd/target.h"
#include "kd/types.h"

/* More modules than any system loads: ends the walk of a damaged list. */
#define MOST_MODULES 4096
#define MOST_IMAGE_BYTES 0x80000000u
#define FIRST_KERNEL_ADDRESS 0xffff800000000000u

/* What a loader's list tells about an image. */
struct found_image {
    uint64_t base;
    uint64_t size;    /* 0: not told */
    const char *name; /* file name, with or without folder; "": not told */
    bool kernel;
};

/* ---- images ---- */

static bool fetch_image(void *context, uint64_t offset, void *buffer, size_t size)
{
    return kd_symbols_read(context, offset, buffer, size);
}

enum pe_status kd_image_open(const struct kd_symbols *symbols, uint64_t base,
                             struct pe_image *image)
{
    struct byte_reader reader =
        reader_of_source(fetch_image, (void *)symbols, base, MOST_IMAGE_BYTES);
    return pe_open_reader(image, reader, PE_LAYOUT_MAPPED);
}

static const char *file_part(const char *path)
{
    const char *name = path;
    for (const char *p = path; *p; p++) {
        if (*p == '\\' || *p == '/')
            name = p + 1;
    }
    return name;
}

/* The name before '!': no extension, and nothing that an expression would read as an operator. */
static void set_name(struct kd_module *module, const char *file)
{
    size_t n = 0;
    const char *dot = strrchr(file, '.');
    for (const char *p = file; *p && p != dot && n < sizeof module->name - 1; p++)
        module->name[n++] = isalnum((unsigned char)*p) ? *p : '_';
    module->name[n] = 0;
}

static void copy_text(char *to, size_t size, const char *from)
{
    size_t length = strlen(from);
    if (length >= size)
        length = size - 1;
    memcpy(to, from, length);
    to[length] = 0;
}

static void read_debug_record(const struct pe_image *image, struct kd_module *module)
{
    struct pe_debug_id id;
    if (pe_debug_id(image, &id) != PE_OK)
        return;
    module->has_debug_record = true;
    memcpy(module->id.guid, id.guid, sizeof id.guid);
    module->id.age = id.age;
    copy_text(module->pdb_name, sizeof module->pdb_name, file_part(id.pdb));
}

/* Name the image: as the list says, else as its exports or its PDB call it. */
static void name_module(const struct pe_image *image, const char *told, struct kd_module *module)
{
    char own[PE_NAME_MAX] = "";
    const char *name = told;
    if (!told[0] && image && pe_export_module_name(image, own, sizeof own) == PE_OK)
        name = own;
    if (!name[0] && module->has_debug_record)
        name = module->pdb_name;
    if (!name[0])
        name = "image";
    copy_text(module->image, sizeof module->image, name);
    set_name(module, file_part(name));
}

/* What headers and list say about the image together; false when neither says enough. */
static bool describe(const struct kd_symbols *symbols, const struct found_image *found,
                     struct kd_module *module)
{
    struct pe_image image;
    *module = (struct kd_module){.base = found->base, .size = found->size, .kernel = found->kernel};
    bool readable = kd_image_open(symbols, found->base, &image) == PE_OK;
    if (readable) {
        module->size = pe_size_of_image(&image);
        module->timestamp = image.file.TimeDateStamp;
        module->checksum = image.optional.CheckSum;
        read_debug_record(&image, module);
    }
    if (module->size == 0 || module->size > UINT64_MAX - module->base)
        return false;
    name_module(readable ? &image : NULL, found->name, module);
    return true;
}

/* ---- the list ---- */

static void free_entry(struct kd_symbols *symbols, struct kd_module_entry *entry)
{
    kd_module_forget(symbols, entry);
    free(entry);
    symbols->generation++;
}

static void remove_at(struct kd_symbols *symbols, size_t i)
{
    free_entry(symbols, symbols->modules[i]);
    symbols->module_count--;
    memmove(&symbols->modules[i], &symbols->modules[i + 1],
            (symbols->module_count - i) * sizeof *symbols->modules);
}

/* Index of the first module that begins above `address`. */
static size_t slot_above(const struct kd_symbols *symbols, uint64_t address)
{
    size_t low = 0;
    size_t high = symbols->module_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->modules[middle]->public.base <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct kd_module_entry *insert(struct kd_symbols *symbols, const struct kd_module *module)
{
    if (symbols->module_count == symbols->module_room) {
        size_t room = symbols->module_room ? 2 * symbols->module_room : 32;
        struct kd_module_entry **list = realloc(symbols->modules, room * sizeof(*list));
        if (!list)
            return NULL;
        symbols->modules = list;
        symbols->module_room = room;
    }
    struct kd_module_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    entry->public = *module;
    size_t at = slot_above(symbols, module->base);
    memmove(&symbols->modules[at + 1], &symbols->modules[at],
            (symbols->module_count - at) * sizeof *symbols->modules);
    symbols->modules[at] = entry;
    symbols->module_count++;
    symbols->generation++;
    return entry;
}

/* Is what we know of the module still what memory says? A debug record that was not in memory
 * before is a reason to look again. */
static bool is_same(const struct kd_module *old, const struct kd_module *now)
{
    return old->size == now->size && old->timestamp == now->timestamp &&
           strcasecmp(old->image, now->image) == 0 &&
           (!now->has_debug_record ||
            (old->has_debug_record && memcmp(&old->id, &now->id, sizeof old->id) == 0));
}

static struct kd_module_entry *add_image(struct kd_symbols *symbols,
                                         const struct found_image *found)
{
    struct kd_module module;
    if (!describe(symbols, found, &module))
        return NULL;
    size_t at = slot_above(symbols, found->base);
    struct kd_module_entry *old = at ? symbols->modules[at - 1] : NULL;
    if (old && old->public.base == found->base) {
        if (is_same(&old->public, &module)) {
            old->stale = false;
            return old;
        }
        remove_at(symbols, at - 1);
    }
    return insert(symbols, &module);
}

struct kd_module *kd_module_add(struct kd_symbols *symbols, uint64_t base, const char *name,
                                bool kernel)
{
    struct pe_image image;
    struct found_image found = {.base = base, .name = name ? name : "", .kernel = kernel};
    if (kd_image_open(symbols, base, &image) != PE_OK)
        return NULL;
    struct kd_module_entry *entry = add_image(symbols, &found);
    return entry ? &entry->public : NULL;
}

void kd_modules_clear(struct kd_symbols *symbols)
{
    while (symbols->module_count)
        remove_at(symbols, symbols->module_count - 1);
}

/* ---- loader lists ---- */

struct loader_layout {
    uint64_t links, base, size, full_name, base_name;
};

static bool get_layout(struct kd_symbols *symbols, struct loader_layout *layout)
{
    static const char type[] = "_LDR_DATA_TABLE_ENTRY";
    return kd_type_field(symbols, "nt", type, "InLoadOrderLinks", &layout->links, NULL) &&
           kd_type_field(symbols, "nt", type, "DllBase", &layout->base, NULL) &&
           kd_type_field(symbols, "nt", type, "SizeOfImage", &layout->size, NULL) &&
           kd_type_field(symbols, "nt", type, "FullDllName", &layout->full_name, NULL) &&
           kd_type_field(symbols, "nt", type, "BaseDllName", &layout->base_name, NULL);
}

static void add_loader_entry(struct kd_symbols *symbols, const struct loader_layout *layout,
                             uint64_t entry, bool kernel)
{
    char name[260] = "";
    uint32_t size = 0;
    struct found_image found = {.name = name, .kernel = kernel};
    if (!kd_symbols_read(symbols, entry + layout->base, &found.base, sizeof found.base))
        return;
    if (kd_symbols_read(symbols, entry + layout->size, &size, sizeof size))
        found.size = size;
    if (!kd_read_unicode_string(symbols, entry + layout->full_name, name, sizeof name) || !name[0])
        kd_read_unicode_string(symbols, entry + layout->base_name, name, sizeof name);
    if (kernel != (found.base >= FIRST_KERNEL_ADDRESS))
        return;
    const struct kd_module *nt = kd_module_find(symbols, "nt");
    if (!nt || nt->base != found.base)
        add_image(symbols, &found);
}

static void walk_loader_list(struct kd_symbols *symbols, uint64_t head, bool kernel)
{
    struct loader_layout layout;
    uint64_t link;
    if (!get_layout(symbols, &layout) || !kd_symbols_read(symbols, head, &link, sizeof link))
        return;
    for (unsigned i = 0; i < MOST_MODULES && link != head && link; i++) {
        add_loader_entry(symbols, &layout, link - layout.links, kernel);
        if (!kd_symbols_read(symbols, link, &link, sizeof link))
            return;
    }
}

static void mark_stale(struct kd_symbols *symbols, bool kernel)
{
    for (size_t i = 0; i < symbols->module_count; i++) {
        if (symbols->modules[i]->public.kernel == kernel)
            symbols->modules[i]->stale = true;
    }
}

static void drop_stale(struct kd_symbols *symbols)
{
    for (size_t i = symbols->module_count; i-- > 0;) {
        if (symbols->modules[i]->stale)
            remove_at(symbols, i);
    }
}

void kd_modules_load_kernel(struct kd_symbols *symbols, uint64_t nt_base)
{
    uint64_t head;
    struct found_image nt = {.base = nt_base, .name = "ntoskrnl.exe", .kernel = true};
    mark_stale(symbols, true);
    struct kd_module_entry *entry = add_image(symbols, &nt);
    if (entry)
        copy_text(entry->public.name, sizeof entry->public.name, "nt");
    if (entry && kd_symbol_address(symbols, "nt!PsLoadedModuleList", &head))
        walk_loader_list(symbols, head, true);
    drop_stale(symbols);
}

void kd_modules_add_listed(struct kd_symbols *symbols, const struct kd_target_module *listed,
                           bool is_nt)
{
    struct found_image found = {
        .base = listed->base,
        .size = listed->size,
        .name = listed->name,
        .kernel = listed->base >= FIRST_KERNEL_ADDRESS,
    };
    struct kd_module_entry *entry = listed->base ? add_image(symbols, &found) : NULL;
    if (!entry)
        return;
    if (entry->public.timestamp == 0) {
        entry->public.timestamp = listed->timestamp;
        entry->public.checksum = listed->checksum;
    }
    if (listed->has_debug_record && !entry->public.has_debug_record) {
        entry->public.has_debug_record = true;
        memcpy(entry->public.id.guid, listed->guid, sizeof listed->guid);
        entry->public.id.age = listed->age;
        copy_text(entry->public.pdb_name, sizeof entry->public.pdb_name, file_part(listed->pdb));
    }
    if (is_nt)
        copy_text(entry->public.name, sizeof entry->public.name, "nt");
}

/* The program itself, for a process whose loader has not made a list yet. */
static void add_program(struct kd_symbols *symbols, uint64_t peb)
{
    char name[260] = "";
    uint64_t parameters;
    uint64_t path;
    struct found_image found = {.name = name};
    if (kd_read_field(symbols, "_PEB", peb, "ProcessParameters", &parameters) && parameters &&
        kd_type_field(symbols, "nt", "_RTL_USER_PROCESS_PARAMETERS", "ImagePathName", &path, NULL))
        kd_read_unicode_string(symbols, parameters + path, name, sizeof name);
    if (!kd_read_field(symbols, "_PEB", peb, "ImageBaseAddress", &found.base) || !found.base)
        return;
    const struct kd_module *there = kd_module_at(symbols, found.base);
    if (!there || kd_module_entry(there)->stale)
        add_image(symbols, &found);
}

void kd_modules_load_user(struct kd_symbols *symbols, uint64_t peb)
{
    uint64_t ldr = 0;
    uint64_t list;
    mark_stale(symbols, false);
    if (peb) {
        if (kd_read_field(symbols, "_PEB", peb, "Ldr", &ldr) && ldr &&
            kd_type_field(symbols, "nt", "_PEB_LDR_DATA", "InLoadOrderModuleList", &list, NULL))
            walk_loader_list(symbols, ldr + list, false);
        add_program(symbols, peb);
    }
    drop_stale(symbols);
}

/* ---- looking up ---- */

size_t kd_module_count(const struct kd_symbols *symbols)
{
    return symbols->module_count;
}

const struct kd_module *kd_module_get(const struct kd_symbols *symbols, size_t i)
{
    return i < symbols->module_count ? &symbols->modules[i]->public : NULL;
}

static const struct kd_module *find_module(const struct kd_symbols *symbols, const char *name)
{
    for (size_t i = 0; i < symbols->module_count; i++) {
        if (strcasecmp(symbols->modules[i]->public.name, name) == 0)
            return &symbols->modules[i]->public;
    }
    return NULL;
}

const struct kd_module *kd_module_find(const struct kd_symbols *symbols, const char *name)
{
    const struct kd_module *module = find_module(symbols, name);
    bool user_side = !module && strcasecmp(name, "nt") == 0;
    return user_side ? find_module(symbols, "ntdll") : module;
}

const struct kd_module *kd_module_at(const struct kd_symbols *symbols, uint64_t address)
{
    size_t above = slot_above(symbols, address);
    if (above == 0)
        return NULL;
    const struct kd_module *module = &symbols->modules[above - 1]->public;
    return address - module->base < module->size ? module : NULL;
}
