/* guest/ntdll/ldrtls.c: static thread-local storage.
 *
 * Every module with a TLS directory gets an index. Every thread has a vector, TEB's
 * ThreadLocalStoragePointer, whose element [index] is the thread's copy of that module's template:
 *
 *      TEB.ThreadLocalStoragePointer --> [0] [1] [2] ...      (vector[-1] leads back to its owner)
 *                                         |
 *                                         v
 *                                    raw data, zero fill
 *
 * A module that comes later gets its copies in all threads at once. A vector that is too short is
 * replaced; the old one is kept until the thread ends, since its thread may just be reading it. */
#include "ldr.h"

#define VECTOR_GROWTH 16u
#define TLS_MODULES 1024u

struct tls_block { /* in front of each copy */
    void *allocation;
};

struct tls_thread {
    LIST_ENTRY link;
    TEB *teb;
    CLIENT_ID id;
    void **vector;
    ULONG capacity;
    LIST_ENTRY retired; /* vectors replaced */
};

struct tls_vector {
    LIST_ENTRY link; /* tls_thread.retired */
    struct tls_thread *owner;
    void *slots[];
};

static LIST_ENTRY tls_threads = {&tls_threads, &tls_threads};
static struct ldr_module *tls_modules[TLS_MODULES]; /* by index */
static ULONG tls_high;                              /* indices used so far */

static IMAGE_TLS_DIRECTORY64 *tls_directory(const struct ldr_module *module)
{
    IMAGE_NT_HEADERS64 *headers = RtlImageNtHeader(module->entry.DllBase);
    IMAGE_DATA_DIRECTORY *entry = &headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_TLS];
    if (headers->OptionalHeader.NumberOfRvaAndSizes <= IMAGE_DIRECTORY_ENTRY_TLS ||
        entry->Size < sizeof(IMAGE_TLS_DIRECTORY64)) {
        return NULL;
    }
    return ldr_rva(module, entry->VirtualAddress, sizeof(IMAGE_TLS_DIRECTORY64));
}

/* A pointer from the directory, checked to have `size` bytes inside the image. */
static void *inside(const struct ldr_module *module, ULONG64 va, ULONG64 size)
{
    ULONG64 offset = va - (ULONG64)module->entry.DllBase;
    return offset <= 0xFFFFFFFF ? ldr_rva(module, (ULONG)offset, size) : NULL;
}

static ULONG64 template_size(const IMAGE_TLS_DIRECTORY64 *tls)
{
    return tls->EndAddressOfRawData > tls->StartAddressOfRawData
               ? tls->EndAddressOfRawData - tls->StartAddressOfRawData
               : 0;
}

static ULONG64 template_alignment(const IMAGE_TLS_DIRECTORY64 *tls)
{
    ULONG code = tls->Characteristics >> 20 & 0xF; /* IMAGE_SCN_ALIGN_ */
    return code > 5 ? 1ull << (code - 1) : 16;
}

static void *make_copy(const struct ldr_module *module)
{
    const IMAGE_TLS_DIRECTORY64 *tls = tls_directory(module);
    ULONG64 size = template_size(tls), align = template_alignment(tls);
    char *allocation = process_alloc(size + tls->SizeOfZeroFill + align + sizeof(struct tls_block));
    if (!allocation) {
        return NULL;
    }
    char *copy = (char *)(((ULONG64)allocation + sizeof(struct tls_block) + align - 1) & -align);
    ((struct tls_block *)copy)[-1].allocation = allocation;
    if (size) {
        memcpy(copy, (const void *)tls->StartAddressOfRawData, size);
    }
    return copy;
}

static void free_copy(void *copy)
{
    if (copy) {
        process_free(((struct tls_block *)copy)[-1].allocation);
    }
}

static struct tls_vector *vector_of(void **slots)
{
    return CONTAINER(slots, struct tls_vector, slots);
}

/* Give the thread a vector with room for `index`. */
static NTSTATUS grow(struct tls_thread *thread, ULONG index)
{
    ULONG capacity = (index / VECTOR_GROWTH + 1) * VECTOR_GROWTH;
    struct tls_vector *vector = process_alloc(sizeof *vector + capacity * sizeof(void *));
    if (!vector) {
        return STATUS_NO_MEMORY;
    }
    vector->owner = thread;
    if (thread->vector) {
        memcpy(vector->slots, thread->vector, thread->capacity * sizeof(void *));
        list_append(&thread->retired, &vector_of(thread->vector)->link);
    }
    thread->vector = vector->slots;
    thread->capacity = capacity;
    return STATUS_SUCCESS;
}

/* Does the thread still exist? A thread that was terminated leaves its record behind. */
static bool alive(const struct tls_thread *thread)
{
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes};
    CLIENT_ID id = thread->id;
    THREAD_BASIC_INFORMATION information;
    HANDLE handle;
    if (thread->teb == current_teb()) {
        return true;
    }
    if (!NT_SUCCESS(NtOpenThread(&handle, 0x40 /* query information */, &attributes, &id))) {
        return false;
    }
    NTSTATUS status = NtQueryInformationThread(handle, ThreadBasicInformation, &information,
                                               sizeof information, NULL);
    NtClose(handle);
    return NT_SUCCESS(status) && information.ExitStatus == STATUS_PENDING &&
           information.TebBaseAddress == thread->teb;
}

static NTSTATUS add_copy(struct tls_thread *thread, struct ldr_module *module)
{
    bool replaced = false;
    if (module->tls_index >= thread->capacity) {
        NTSTATUS status = grow(thread, module->tls_index);
        if (!NT_SUCCESS(status)) {
            return status;
        }
        replaced = true;
    }
    thread->vector[module->tls_index] = make_copy(module);
    if (!thread->vector[module->tls_index]) {
        return STATUS_NO_MEMORY;
    }
    if (replaced && alive(thread)) {
        thread->teb->ThreadLocalStoragePointer = thread->vector;
    }
    return STATUS_SUCCESS;
}

/* Give the module an index, and existing threads their copies.
 * => STATUS_NO_MEMORY, STATUS_INVALID_IMAGE_FORMAT */
NTSTATUS tls_add_module(struct ldr_module *module)
{
    const IMAGE_TLS_DIRECTORY64 *tls = tls_directory(module);
    if (!tls) {
        return STATUS_SUCCESS;
    }
    ULONG *index = inside(module, tls->AddressOfIndex, sizeof *index);
    ULONG64 size = template_size(tls);
    if (!index || (size && !inside(module, tls->StartAddressOfRawData, size))) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    ULONG free_index = 0;
    while (free_index < TLS_MODULES && tls_modules[free_index]) {
        free_index++;
    }
    if (free_index == TLS_MODULES) {
        return STATUS_NO_MEMORY;
    }
    tls_modules[free_index] = module;
    module->tls_index = free_index;
    module->entry.TlsIndex = 0xFFFF; /* "has TLS", as Windows 7 shows it */
    *index = free_index;
    if (free_index >= tls_high) {
        tls_high = free_index + 1;
    }
    for (LIST_ENTRY *link = tls_threads.Flink; link != &tls_threads; link = link->Flink) {
        NTSTATUS status = add_copy(CONTAINER(link, struct tls_thread, link), module);
        if (!NT_SUCCESS(status)) {
            return status;
        }
    }
    return STATUS_SUCCESS;
}

void tls_remove_module(struct ldr_module *module)
{
    ULONG index = module->tls_index;
    if (index == LDR_NO_TLS) {
        return;
    }
    for (LIST_ENTRY *link = tls_threads.Flink; link != &tls_threads; link = link->Flink) {
        struct tls_thread *thread = CONTAINER(link, struct tls_thread, link);
        if (index < thread->capacity) {
            free_copy(thread->vector[index]);
            thread->vector[index] = NULL;
        }
    }
    tls_modules[index] = NULL;
    module->tls_index = LDR_NO_TLS;
}

static void free_thread(struct tls_thread *thread)
{
    for (ULONG i = 0; i < thread->capacity; i++) {
        free_copy(thread->vector[i]);
    }
    while (!list_empty(&thread->retired)) {
        struct tls_vector *old = CONTAINER(thread->retired.Flink, struct tls_vector, link);
        list_remove(&old->link);
        process_free(old);
    }
    if (thread->vector) {
        process_free(vector_of(thread->vector));
    }
    list_remove(&thread->link);
    process_free(thread);
}

/* Make the calling thread's copies. */
NTSTATUS tls_add_thread(void)
{
    TEB *teb = current_teb();
    struct tls_thread *thread = process_alloc(sizeof *thread);
    if (!thread) {
        return STATUS_NO_MEMORY;
    }
    thread->teb = teb;
    thread->id = teb->ClientId;
    list_init(&thread->retired);
    list_append(&tls_threads, &thread->link);
    NTSTATUS status = grow(thread, tls_high);
    for (ULONG i = 0; i < tls_high && NT_SUCCESS(status); i++) {
        if (tls_modules[i]) {
            status = add_copy(thread, tls_modules[i]);
        }
    }
    if (!NT_SUCCESS(status)) {
        free_thread(thread);
        return status;
    }
    teb->ThreadLocalStoragePointer = thread->vector;
    return STATUS_SUCCESS;
}

void tls_remove_thread(void)
{
    TEB *teb = current_teb();
    void **vector = teb->ThreadLocalStoragePointer;
    if (vector) {
        teb->ThreadLocalStoragePointer = NULL;
        free_thread(vector_of(vector)->owner);
    }
}

void tls_call_callbacks(struct ldr_module *module, ULONG reason)
{
    const IMAGE_TLS_DIRECTORY64 *tls = tls_directory(module);
    if (!tls || !tls->AddressOfCallBacks) {
        return;
    }
    for (ULONG64 va = tls->AddressOfCallBacks;; va += sizeof(void *)) {
        void (**callback)(void *, ULONG, void *) = inside(module, va, sizeof(void *));
        if (!callback || !*callback) {
            return;
        }
        (*callback)(module->entry.DllBase, reason, NULL);
    }
}
