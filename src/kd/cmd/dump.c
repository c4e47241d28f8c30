/* src/kd/cmd/dump.c: .dump: keeping a machine, or a process of it, in a file.
 *
 *      /f    all physical memory: a full dump           /ka   the same with a bitmap of pages
 *      /m    what explains the end: a triage dump       (dump_parts.c chooses)
 *      /ma   the current process, all of it: a minidump (process_parts.c)
 *      /mLETTERS   the same with less: f memory, F regions, h handles, t times, p PEB and TEBs,
 *                  i what stacks point to. Over a minidump, /m is that too
 *
 * Source: debugger documentation, ".dump (Create Dump File)". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/write.h"
#include "kd/cmd/cmd.h"
#include "kd/dump_parts.h"
#include "kd/kdi.h"
#include "kd/process_parts.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define PATH_SIZE 1024
#define USER_SHARED_DATA 0xFFFFF78000000000ull
#define FREE_BUILD 15u
#define CHECKED_BUILD 12u
#define BREAK_INSTRUCTION 0x80000003u

/* ---- the header -------------------------------------------------------------------------------
 */

static bool read_page(void *context, uint64_t pa, void *page)
{
    return kd_read_physical(context, pa, page, DUMP_PAGE_BYTES);
}

static bool next_page(void *context, uint64_t pa, uint64_t *found)
{
    return kd_next_physical(context, pa, found);
}

static bool go_on(void *context, uint64_t done, uint64_t all)
{
    kd_progress(context, done, all);
    return !kd_interrupted(context);
}

/* The exception that stopped the machine; a break in when it was something else. */
static void take_event(struct kd *kd, uint64_t rip, struct dump_info *info)
{
    const struct kd_event *event = &kd->target->last_event;
    bool exception = kd_event_is_exception(event);
    info->exception.ExceptionCode = exception ? event->code : BREAK_INSTRUCTION;
    info->exception.ExceptionAddress = exception ? event->address : rip;
    if (exception && event->parameter_count <= 4) {
        info->exception.NumberParameters = event->parameter_count;
        memcpy(info->exception.ExceptionInformation, event->parameter, sizeof event->parameter);
    }
    kd_get_bugcheck(kd, &info->bugcheck, info->bugcheck_parameter);
}

static void take_kernel(struct kd *kd, struct dump_info *info)
{
    uint64_t build = 0, offset;
    kd_read_global(kd->symbols, "nt!NtBuildNumber", 4, &build);
    info->major = build >> 28 == 0xF ? FREE_BUILD : CHECKED_BUILD;
    info->build = build & UINT16_MAX;
    info->directory_base = kd->target->directory_base;
    info->pfn_database = kd_nt_address(kd, "MmPfnDatabase");
    info->loaded_modules = kd_nt_address(kd, "PsLoadedModuleList");
    info->active_processes = kd_nt_address(kd, "PsActiveProcessHead");
    info->debugger_data = kd_nt_address(kd, "KdDebuggerDataBlock");
    info->processors = kd->target->processor_count;
    info->physical_size = kd->target->physical_size;
    if (kd_offset(kd, "_KUSER_SHARED_DATA", "SystemTime", &offset)) {
        kd_read_u64(kd, USER_SHARED_DATA + offset, &info->system_time);
    }
    if (kd_offset(kd, "_KUSER_SHARED_DATA", "InterruptTime", &offset)) {
        kd_read_u64(kd, USER_SHARED_DATA + offset, &info->up_time);
    }
}

static void take_machine(struct kd *kd, struct dump_info *info)
{
    struct kd_registers registers = {0};
    take_kernel(kd, info);
    if (kd_processor_registers(kd, kd->target->last_event.processor, &registers)) {
        kd_context_of(&registers, &info->context);
    }
    take_event(kd, registers.rip, info);
}

/* ---- the kinds --------------------------------------------------------------------------------
 */

static int write_pages(struct kd *kd, const char *path, const struct dump_info *info)
{
    const struct dump_source source = {
        .read_page = read_page, .next = next_page, .go_on = go_on, .context = kd};
    return dump_write(path, info, &source);
}

static int write_triage(struct kd *kd, const char *path, const struct dump_info *info)
{
    struct kd_dump_parts parts;
    int error =
        kd_dump_parts_collect(kd, &parts) ? dump_write_triage(path, info, &parts.triage) : -ENODATA;
    kd_dump_parts_deinit(&parts);
    return error;
}

static const struct dump_kind {
    const char *option;
    const char *text;
    enum dump_type type;
    int (*write)(struct kd *kd, const char *path, const struct dump_info *info);
} kinds[] = {
    {"/f", "Full kernel", DUMP_TYPE_FULL, write_pages},
    {"/ka", "Kernel bitmap", DUMP_TYPE_BITMAP_FULL, write_pages},
    {"/m", "Small kernel", DUMP_TYPE_TRIAGE, write_triage},
};
#define KINDS (sizeof kinds / sizeof kinds[0])
#define SMALL (&kinds[2]) /* when nothing is said, as in WinDbg */

static const char *explain(int error)
{
    switch (error) {
    case -EINVAL:
        return "this target has no physical memory";
    case -EINTR:
        return "interrupted";
    case -ENODATA:
        return "the current thread is not known";
    case -E2BIG:
        return "memory lies in more pieces than this kind of file can name";
    default:
        return strerror(-error);
    }
}

static bool write_dump(struct kd *kd, const char *path, const struct dump_kind *kind)
{
    struct dump_info *info = calloc(1, sizeof *info);
    if (info == NULL) {
        return kd_error(kd, "Out of memory");
    }
    info->type = kind->type;
    take_machine(kd, info);
    kd_printf(kd, "Creating %s - %s dump\n", path, kind->text);
    int error = kind->write(kd, path, info);
    free(info);
    if (error != 0) {
        return kd_error(kd, "Dump creation failed: %s", explain(error));
    }
    kd_printf(kd, "Dump successfully written\n");
    return true;
}

/* A dump of the current process. */
static bool write_process(struct kd *kd, const char *path, const struct kd_process_wish *wish)
{
    struct kd_process_parts parts;
    struct dump_info *info = calloc(1, sizeof *info);
    if (info == NULL) {
        return kd_error(kd, "Out of memory");
    }
    if (!kd_target_is_process(kd->target)) {
        take_kernel(kd, info);
    }
    take_event(kd, kd->target->last_event.address, info);
    kd_printf(kd, "Creating %s - mini user dump\n", path);
    bool ok = kd_process_parts_collect(kd, wish, info, &parts);
    if (ok) {
        int error = dump_write_minidump(path, info, &parts.minidump);
        ok = error == 0 || kd_error(kd, "Dump creation failed: %s", explain(error));
    }
    kd_process_parts_deinit(&parts);
    free(info);
    if (ok) {
        kd_printf(kd, "Dump successfully written\n");
    }
    return ok;
}

/* The letters behind /m. => false: one of them is not known */
static bool parse_wish(const char *letters, struct kd_process_wish *wish)
{
    for (; *letters != '\0'; letters++) {
        switch (*letters) {
        case 'a':
            wish->full = wish->regions = wish->handles = wish->times = wish->blocks = true;
            break;
        case 'f':
            wish->full = true;
            break;
        case 'F':
            wish->regions = true;
            break;
        case 'h':
            wish->handles = true;
            break;
        case 't':
            wish->times = true;
            break;
        case 'p':
            wish->blocks = true;
            break;
        case 'i':
            wish->referenced = true;
            break;
        default:
            return false;
        }
    }
    return true;
}

static const struct dump_kind *find_kind(const char *option)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(option, kinds[i].option) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

bool kd_write_dump(struct kd *kd, const char *kind, const char *path)
{
    const struct dump_kind *named = find_kind(kind);
    return named != NULL && kd_need_symbols(kd) && write_dump(kd, path, named);
}

struct dump_request {
    const struct dump_kind *kind; /* NULL: of the process */
    struct kd_process_wish wish;
    bool overwrite;
};

static bool parse_option(struct kd *kd, const char *word, struct dump_request *request)
{
    const struct dump_kind *named = find_kind(word);
    if (strcmp(word, "/o") == 0) {
        request->overwrite = true;
    } else if (named != NULL) {
        request->kind = named;
    } else if (strncmp(word, "/m", 2) == 0 && parse_wish(word + 2, &request->wish)) {
        request->kind = NULL;
    } else {
        return kd_error(
            kd, ".dump has /f, /ka, /m, /m with letters of afFhtpi, and /o, and no '%s'", word);
    }
    return true;
}

/* `.dump /f` asks for no file called /f. */
static bool is_option(const char *word)
{
    struct kd_process_wish wish = {.full = false};
    return find_kind(word) != NULL || strcmp(word, "/o") == 0 ||
           (strncmp(word, "/m", 2) == 0 && parse_wish(word + 2, &wish));
}

static bool cmd_dump(struct kd *kd, const char *args)
{
    char word[PATH_SIZE];
    struct dump_request request = {.kind = SMALL};
    /* A path may begin with a slash too; options have one slash and something behind them. */
    while (*args == '/' && args[strcspn(args, " \t")] != '\0' &&
           strcspn(args + 1, "/") > strcspn(args + 1, " \t")) {
        kd_word(&args, word, sizeof word);
        args = kd_skip(args);
        if (!parse_option(kd, word, &request)) {
            return false;
        }
    }
    if (*args == '\0' || is_option(args)) {
        return kd_error(kd, "Syntax error: .dump [/o] [/f|/ka|/m[afFhtpi]] FILE");
    }
    if (!request.overwrite && access(args, F_OK) == 0) {
        return kd_error(kd, "File '%s' exists already; /o overwrites it", args);
    }
    bool process = kd_target_is_process(kd->target);
    if (process && request.kind != NULL && request.kind != SMALL) {
        return kd_error(kd, "This is one process: .dump /m writes it");
    }
    if (process || request.kind == NULL) {
        return (process || kd_need_symbols(kd)) && write_process(kd, args, &request.wish);
    }
    return kd_need_symbols(kd) && write_dump(kd, args, request.kind);
}

const struct kd_command kd_commands_dump[] = {
    {".dump", ".dump [/o] [/f|/ka|/m[afFhtpi]] FILE",
     "write memory to a dump file; with letters behind /m, of the current process", cmd_dump,
     KD_NEEDS_NOTHING},
    {0},
};
