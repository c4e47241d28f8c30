/* guest/ntdll/unwind.c: undoing one frame, from a function's unwind data.
 *
 * Source: "x64 exception handling" (documentation): RUNTIME_FUNCTION, UNWIND_INFO, unwind codes,
 * epilogues.
 *
 * A function without an entry is a leaf: its return address is at rsp. Otherwise the code at pc is
 * in the prologue (undo only the codes whose instruction has been executed), in an epilogue (carry
 * out the rest of it) or in the body (undo all codes). */
#include "ntdllp.h"

struct unwind_code {
    UCHAR offset; /* of the end of its instruction in the prologue */
    UCHAR op : 4;
    UCHAR info : 4;
};

struct unwind_info {
    UCHAR version : 3;
    UCHAR flags : 5;
    UCHAR prologue;
    UCHAR count;
    UCHAR frame_register : 4;
    UCHAR frame_offset : 4; /* 16 bytes */
    struct unwind_code codes[];
};

#define UWOP_EPILOG 6 /* version 2; not undone */
#define UWOP_SPARE 7
#define CHAIN_LIMIT 32

struct dynamic_table {
    LIST_ENTRY link;
    IMAGE_RUNTIME_FUNCTION_ENTRY *table; /* also the identifier; callbacks: address | 3 */
    ULONG count;
    ULONG64 base;
    ULONG64 length; /* callbacks: the range it serves */
    IMAGE_RUNTIME_FUNCTION_ENTRY *(*callback)(ULONG64 pc, void *context);
    void *context;
};

static LIST_ENTRY dynamic_tables = {&dynamic_tables, &dynamic_tables};
static RTL_SRWLOCK dynamic_lock;

/* ---- finding the function ---- */

static IMAGE_RUNTIME_FUNCTION_ENTRY *search(IMAGE_RUNTIME_FUNCTION_ENTRY *table, ULONG count,
                                            ULONG rva)
{
    for (ULONG low = 0, high = count; low < high;) {
        ULONG middle = low + (high - low) / 2;
        if (rva < table[middle].BeginAddress) {
            high = middle;
        } else if (rva >= table[middle].EndAddress) {
            low = middle + 1;
        } else {
            return &table[middle];
        }
    }
    return NULL;
}

static IMAGE_RUNTIME_FUNCTION_ENTRY *search_dynamic(ULONG64 pc, ULONG64 *base)
{
    IMAGE_RUNTIME_FUNCTION_ENTRY *found = NULL;
    if (list_empty(&dynamic_tables)) {
        return NULL;
    }
    RtlAcquireSRWLockShared(&dynamic_lock);
    for (LIST_ENTRY *link = dynamic_tables.Flink; link != &dynamic_tables && !found;
         link = link->Flink) {
        struct dynamic_table *t = CONTAINER(link, struct dynamic_table, link);
        if (t->callback ? pc - t->base < t->length : pc >= t->base) {
            *base = t->base;
            found = t->callback ? t->callback(pc, t->context)
                                : search(t->table, t->count, (ULONG)(pc - t->base));
        }
    }
    RtlReleaseSRWLockShared(&dynamic_lock);
    return found;
}

/* The unwind entry of the function around pc; NULL for leaf functions. */
IMAGE_RUNTIME_FUNCTION_ENTRY *RtlLookupFunctionEntry(ULONG64 pc, ULONG64 *image_base, void *history)
{
    ULONG size;
    void *base;
    (void)history;
    *image_base = 0;
    if (!RtlPcToFileHeader((void *)pc, &base)) {
        return search_dynamic(pc, image_base);
    }
    *image_base = (ULONG64)base;
    IMAGE_RUNTIME_FUNCTION_ENTRY *table =
        RtlImageDirectoryEntryToData(base, 1, IMAGE_DIRECTORY_ENTRY_EXCEPTION, &size);
    if (!table) {
        return NULL;
    }
    IMAGE_RUNTIME_FUNCTION_ENTRY *found =
        search(table, size / sizeof *table, (ULONG)(pc - *image_base));
    if (found && (found->UnwindInfoAddress & 1)) { /* leads to another entry */
        found = (IMAGE_RUNTIME_FUNCTION_ENTRY *)(*image_base + found->UnwindInfoAddress - 1);
    }
    return found;
}

static BOOLEAN add_table(struct dynamic_table table)
{
    struct dynamic_table *entry = process_alloc(sizeof *entry);
    if (!entry) {
        return 0;
    }
    *entry = table;
    RtlAcquireSRWLockExclusive(&dynamic_lock);
    list_append(&dynamic_tables, &entry->link);
    RtlReleaseSRWLockExclusive(&dynamic_lock);
    return 1;
}

BOOLEAN RtlAddFunctionTable(IMAGE_RUNTIME_FUNCTION_ENTRY *table, ULONG count, ULONG64 base)
{
    return add_table((struct dynamic_table){.table = table, .count = count, .base = base});
}

BOOLEAN RtlInstallFunctionTableCallback(ULONG64 id, ULONG64 base, ULONG length, void *callback,
                                        void *context, const WCHAR *dll)
{
    (void)dll; /* for debuggers outside of the process */
    return (id & 3) == 3 &&
           add_table((struct dynamic_table){
               .table = (IMAGE_RUNTIME_FUNCTION_ENTRY *)id,
               .base = base,
               .length = length,
               .callback = (IMAGE_RUNTIME_FUNCTION_ENTRY * (*)(ULONG64, void *)) callback,
               .context = context});
}

BOOLEAN RtlDeleteFunctionTable(IMAGE_RUNTIME_FUNCTION_ENTRY *table)
{
    struct dynamic_table *found = NULL;
    RtlAcquireSRWLockExclusive(&dynamic_lock);
    for (LIST_ENTRY *link = dynamic_tables.Flink; link != &dynamic_tables && !found;
         link = link->Flink) {
        struct dynamic_table *t = CONTAINER(link, struct dynamic_table, link);
        found = t->table == table ? t : NULL;
    }
    if (found) {
        list_remove(&found->link);
    }
    RtlReleaseSRWLockExclusive(&dynamic_lock);
    process_free(found);
    return found != NULL;
}

/* ---- registers ---- */

static ULONG64 *reg(CONTEXT *context, ULONG number)
{
    return &context->Rax +
           number; /* Rax Rcx Rdx Rbx Rsp Rbp Rsi Rdi R8 .. R15, in encoding order */
}
NT_OFFSET(CONTEXT, R15, 0x78 + 15 * 8);

static ULONG64 pop(CONTEXT *context)
{
    ULONG64 value = *(ULONG64 *)context->Rsp;
    context->Rsp += 8;
    return value;
}

/* ---- epilogues ---- */

#define REX_W 0x48
#define REX_B 0x41

/* If pc stands in an epilogue - [add rsp,n | lea rsp,[fp+n]] pop* (ret | jmp) - carry out the rest.
 */
static bool run_epilogue(ULONG64 pc, ULONG64 base, const IMAGE_RUNTIME_FUNCTION_ENTRY *function,
                         const struct unwind_info *info, CONTEXT *context)
{
    const UCHAR *p = (const UCHAR *)pc;
    CONTEXT after = {.Rsp = context->Rsp};
    ULONG64 popped[16];
    ULONG popped_mask = 0;

    if ((p[0] & 0xFE) == REX_W && p[1] == 0x83 && p[2] == 0xC4) { /* add rsp, imm8 */
        after.Rsp += (ULONG64)(signed char)p[3];
        p += 4;
    } else if ((p[0] & 0xFE) == REX_W && p[1] == 0x81 && p[2] == 0xC4) { /* add rsp, imm32 */
        after.Rsp += (ULONG64) * (const LONG *)(p + 3);
        p += 7;
    } else if ((p[0] & 0xFE) == REX_W && p[1] == 0x8D && info->frame_register &&
               ((p[2] & 7) | (p[0] & 1) << 3) == info->frame_register && (p[2] & 0x38) == 0x20) {
        ULONG64 frame = *reg(context, info->frame_register);
        if (p[2] >> 6 == 1) { /* lea rsp, disp8[fp] */
            after.Rsp = frame + (ULONG64)(signed char)p[3];
            p += 4;
        } else if (p[2] >> 6 == 2) {
            after.Rsp = frame + (ULONG64) * (const LONG *)(p + 3);
            p += 7;
        } else {
            return false;
        }
    }
    for (;;) { /* pop reg */
        ULONG number;
        if ((p[0] & 0xF8) == 0x58) {
            number = p[0] & 7;
            p += 1;
        } else if ((p[0] & 0xF1) == REX_B && (p[1] & 0xF8) == 0x58) {
            number = (p[1] & 7) + 8;
            p += 2;
        } else {
            break;
        }
        popped[number] = pop(&after);
        popped_mask |= 1u << number;
    }
    if (p[0] == 0xF3) { /* rep ret */
        p++;
    }
    bool end = p[0] == 0xC3 || p[0] == 0xC2;
    if (p[0] == 0xEB ||
        p[0] == 0xE9) { /* a jump is an epilogue's end when it leaves the function */
        ULONG64 target = p[0] == 0xEB ? (ULONG64)(p + 2) + (ULONG64)(signed char)p[1]
                                      : (ULONG64)(p + 5) + (ULONG64) * (const LONG *)(p + 1);
        end = target - base < function->BeginAddress || target - base >= function->EndAddress;
    } else if ((p[0] == 0xFF && p[1] == 0x25) ||
               ((p[0] & 0xF8) == REX_W && p[1] == 0xFF && (p[2] & 0x38) == 0x20)) {
        end = true; /* jmp [rip+n], rex.w jmp r/m */
    }
    if (!end) {
        return false;
    }
    for (ULONG i = 0; i < 16; i++) {
        if (popped_mask >> i & 1) {
            *reg(context, i) = popped[i];
        }
    }
    context->Rsp = after.Rsp;
    context->Rip = pop(context);
    return true;
}

/* ---- unwind codes ---- */

static ULONG slots(const struct unwind_code *code)
{
    switch (code->op) {
    case UWOP_ALLOC_LARGE:
        return code->info ? 3 : 2;
    case UWOP_SAVE_NONVOL:
    case UWOP_SAVE_XMM128:
    case UWOP_EPILOG:
        return 2;
    case UWOP_SAVE_NONVOL_FAR:
    case UWOP_SAVE_XMM128_FAR:
    case UWOP_SPARE:
        return 3;
    default:
        return 1;
    }
}

static ULONG operand16(const struct unwind_code *code)
{
    return *(const USHORT *)(code + 1);
}

static ULONG operand32(const struct unwind_code *code)
{
    return operand16(code) | operand16(code + 1) << 16;
}

/* Undo one code. => true: it was a machine frame, which sets Rip itself */
static bool undo(const struct unwind_info *info, const struct unwind_code *code, ULONG64 frame,
                 CONTEXT *context)
{
    switch (code->op) {
    case UWOP_PUSH_NONVOL:
        *reg(context, code->info) = pop(context);
        break;
    case UWOP_ALLOC_LARGE:
        context->Rsp += code->info ? operand32(code) : operand16(code) * 8;
        break;
    case UWOP_ALLOC_SMALL:
        context->Rsp += code->info * 8u + 8;
        break;
    case UWOP_SET_FPREG:
        context->Rsp = *reg(context, info->frame_register) - info->frame_offset * 16u;
        break;
    case UWOP_SAVE_NONVOL:
        *reg(context, code->info) = *(ULONG64 *)(frame + operand16(code) * 8);
        break;
    case UWOP_SAVE_NONVOL_FAR:
        *reg(context, code->info) = *(ULONG64 *)(frame + operand32(code));
        break;
    case UWOP_SAVE_XMM128:
        (&context->Xmm0)[code->info] = *(M128A *)(frame + operand16(code) * 16);
        break;
    case UWOP_SAVE_XMM128_FAR:
        (&context->Xmm0)[code->info] = *(M128A *)(frame + operand32(code));
        break;
    case UWOP_PUSH_MACHFRAME: {
        const ULONG64 *machine = (const ULONG64 *)(context->Rsp + (code->info ? 8 : 0));
        context->Rip = machine[0];
        context->Rsp = machine[3];
        return true;
    }
    default:
        break;
    }
    return false;
}

/* The chained entry, or the language handler's RVA with its data, lie behind the codes. */
static const ULONG *tail(const struct unwind_info *info)
{
    return (const ULONG *)(info->codes + ((info->count + 1u) & ~1u));
}

/* Undo the frame of the function around pc in `context`, which then is the caller's.
 * => *establisher_frame; the language handler when the function has one of handler_type (and pc is
 * not in prologue or epilogue), with its data */
EXCEPTION_ROUTINE *RtlVirtualUnwind(ULONG handler_type, ULONG64 image_base, ULONG64 pc,
                                    IMAGE_RUNTIME_FUNCTION_ENTRY *function, CONTEXT *context,
                                    void **handler_data, ULONG64 *establisher_frame, void *pointers)
{
    const struct unwind_info *first =
        function ? (const struct unwind_info *)(image_base + function->UnwindInfoAddress) : NULL;
    const struct unwind_info *info = first;
    (void)pointers;
    *establisher_frame = context->Rsp;
    if (!function) {
        context->Rip = pop(context);
        return NULL;
    }
    ULONG64 offset = pc - image_base - function->BeginAddress;
    bool prologue = offset < first->prologue;
    if (first->frame_register) {
        bool established = !prologue || (first->flags & UNW_FLAG_CHAININFO);
        for (ULONG i = 0; i < first->count && !established; i += slots(&first->codes[i])) {
            established = first->codes[i].op == UWOP_SET_FPREG && first->codes[i].offset <= offset;
        }
        if (established) {
            *establisher_frame = *reg(context, first->frame_register) - first->frame_offset * 16u;
        }
    }
    if (!prologue && run_epilogue(pc, image_base, function, first, context)) {
        return NULL;
    }
    bool machine = false;
    for (ULONG depth = 0; depth < CHAIN_LIMIT; depth++) {
        for (ULONG i = 0; i < info->count; i += slots(&info->codes[i])) {
            if (info != first || offset >= info->codes[i].offset) {
                machine |= undo(info, &info->codes[i], *establisher_frame, context);
            }
        }
        if (!(info->flags & UNW_FLAG_CHAININFO)) {
            break;
        }
        const IMAGE_RUNTIME_FUNCTION_ENTRY *chained =
            (const IMAGE_RUNTIME_FUNCTION_ENTRY *)tail(info);
        info = (const struct unwind_info *)(image_base + chained->UnwindInfoAddress);
    }
    if (!machine) {
        context->Rip = pop(context);
    }
    if (prologue || !(info->flags & handler_type & (UNW_FLAG_EHANDLER | UNW_FLAG_UHANDLER))) {
        return NULL;
    }
    if (handler_data) {
        *handler_data = (void *)(tail(info) + 1);
    }
    return (EXCEPTION_ROUTINE *)(image_base + tail(info)[0]);
}

/* Return addresses of the callers, from the `skip`th on. */
USHORT RtlCaptureStackBackTrace(ULONG skip, ULONG count, void **addresses, ULONG *hash)
{
    CONTEXT context __attribute__((aligned(16)));
    const NT_TIB *tib = &current_teb()->NtTib;
    ULONG stored = 0, sum = 0;
    RtlCaptureContext(&context);
    for (ULONG frame = 0; stored < count; frame++) {
        ULONG64 base, establisher;
        void *data;
        if (context.Rsp < (ULONG64)tib->StackLimit || context.Rsp >= (ULONG64)tib->StackBase) {
            break;
        }
        IMAGE_RUNTIME_FUNCTION_ENTRY *function = RtlLookupFunctionEntry(context.Rip, &base, NULL);
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context.Rip, function, &context, &data,
                         &establisher, NULL);
        if (!context.Rip) {
            break;
        }
        if (frame >= skip) {
            addresses[stored++] = (void *)context.Rip;
            sum += (ULONG)context.Rip;
        }
    }
    if (hash) {
        *hash = sum;
    }
    return (USHORT)stored;
}
