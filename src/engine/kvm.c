/* src/engine/kvm.c: the KVM engine: user code in a virtual machine's ring 3.
 *
 * One VM per machine. Its memory slot is guest RAM, its CR3 the page directory base of the process
 * that runs, so the CPU walks the very page tables that the kernel wrote, and sets their A and D
 * bits. The kernel itself is host code: whatever needs it leads to a `hlt` (kvm_tables.c), that
 * ends KVM_RUN, and comes back as a trap (kvm_decode.c).
 *
 * The RAM memfd is mapped once more for KVM alone. Dropping a page of that mapping makes KVM forget
 * every translation to it (kvm_invalidate.c), and costs the kernel's own view nothing.
 */
#include "engine/kvm_gate.h"
#include "engine/kvm_vm.h"
#include "engine/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RAM_SLOT = 0, CPUID_ENTRIES_MAX = 1024 };

enum {
    CPUID_FEATURES = 1,
    CPUID_FEATURES_ECX_XSAVE = 1 << 26,
    CPUID_FEATURES_ECX_HYPERVISOR = 1u << 31,
    CPUID_XSTATE = 0xD,
    CPUID_HYPERVISOR = 0x40000000,
    CPUID_HYPERVISOR_END = 0x50000000,
    CPUID_ADDRESS_SIZES = 0x80000008,
    CPUID_PHYSICAL_BITS_MASK = 0xFF,
    XSTATE_X87_SSE = 3,
    XSTATE_X87_SSE_AVX = 7, /* what Windows 7 SP1 enables */
};

static struct kvm_cpuid_entry2 *find_cpuid(struct kvm_cpuid2 *cpuid, uint32_t leaf)
{
    for (uint32_t i = 0; i < cpuid->nent; i++) {
        if (cpuid->entries[i].function == leaf && cpuid->entries[i].index == 0) {
            return &cpuid->entries[i];
        }
    }
    return NULL;
}

/* Guest code sees the host's CPU, without KVM's own leaves, and as many physical address bits as
 * the machine has (never more than the host: the CPU would not honour them). */
static int read_cpuid(struct engine *engine, unsigned maxphyaddr)
{
    struct kvm_cpuid2 *cpuid =
        calloc(1, sizeof(*cpuid) + CPUID_ENTRIES_MAX * sizeof(cpuid->entries[0]));
    if (!cpuid) {
        return -ENOMEM;
    }
    engine->cpuid = cpuid;
    cpuid->nent = CPUID_ENTRIES_MAX;
    if (ioctl(engine->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid)) {
        return -errno;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < cpuid->nent; i++) {
        uint32_t leaf = cpuid->entries[i].function;
        if (leaf < CPUID_HYPERVISOR || leaf >= CPUID_HYPERVISOR_END) {
            cpuid->entries[kept++] = cpuid->entries[i];
        }
    }
    cpuid->nent = kept;

    struct kvm_cpuid_entry2 *sizes = find_cpuid(cpuid, CPUID_ADDRESS_SIZES);
    if (sizes && (sizes->eax & CPUID_PHYSICAL_BITS_MASK) > maxphyaddr) {
        sizes->eax = (sizes->eax & ~(uint32_t)CPUID_PHYSICAL_BITS_MASK) | maxphyaddr;
    }
    struct kvm_cpuid_entry2 *xstate = find_cpuid(cpuid, CPUID_XSTATE);
    engine->xstate = xstate ? xstate->eax & XSTATE_X87_SSE_AVX : XSTATE_X87_SSE;
    struct kvm_cpuid_entry2 *features = find_cpuid(cpuid, CPUID_FEATURES);
    if (features) {
        features->ecx &= ~(uint32_t)CPUID_FEATURES_ECX_HYPERVISOR;
        engine->guest_xsave = features->ecx & CPUID_FEATURES_ECX_XSAVE && xstate;
    }
    return 0;
}

static int check_capabilities(int kvm_fd)
{
    const int needed_registers = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
    if (ioctl(kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
        return -ENOTTY;
    }
    int sync = ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS);
    if (sync < 0 || (sync & needed_registers) != needed_registers ||
        ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0) {
        return -EOPNOTSUPP;
    }
    return 0;
}

/* KVM would otherwise patch the guest's own code when it executes the other vendor's hypercall. */
static void disable_hypercall_patching(struct engine *engine)
{
    struct kvm_enable_cap cap = {.cap = KVM_CAP_DISABLE_QUIRKS2,
                                 .args = {KVM_X86_QUIRK_FIX_HYPERCALL_INSN}};
    int quirks = ioctl(engine->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_DISABLE_QUIRKS2);
    if (quirks > 0 && quirks & KVM_X86_QUIRK_FIX_HYPERCALL_INSN) {
        ioctl(engine->vm_fd, KVM_ENABLE_CAP, &cap);
    }
}

static int open_vm(struct engine *engine)
{
    engine->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (engine->kvm_fd < 0) {
        return -errno;
    }
    int rc = check_capabilities(engine->kvm_fd);
    if (rc) {
        return rc;
    }
    int size = ioctl(engine->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (size < (int)sizeof(struct kvm_run)) {
        return size < 0 ? -errno : -EOPNOTSUPP;
    }
    engine->vcpu_mmap_size = (size_t)size;
    do {
        engine->vm_fd = ioctl(engine->kvm_fd, KVM_CREATE_VM, 0);
    } while (engine->vm_fd < 0 && errno == EINTR);
    if (engine->vm_fd < 0) {
        return -errno;
    }
    disable_hypercall_patching(engine);
    return 0;
}

static int add_ram(struct engine *engine, int ram_fd)
{
    void *ram =
        mmap(NULL, engine->ram_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, ram_fd, 0);
    if (ram == MAP_FAILED) {
        return -errno;
    }
    engine->ram = ram;
    struct kvm_userspace_memory_region region = {
        .slot = RAM_SLOT,
        .memory_size = engine->ram_size,
        .userspace_addr = (uint64_t)ram,
    };
    if (ioctl(engine->vm_fd, KVM_SET_USER_MEMORY_REGION, &region)) {
        return -errno;
    }
    return kvm_spare_slot_init(engine);
}

static bool config_valid(const struct engine_config *config)
{
    if (!config->ram_size || config->ram_size % KVM_PAGE_SIZE || !config->cpus ||
        config->trap_area_va % KVM_PAGE_SIZE ||
        config->trap_area_pages < kvm_trap_area_pages(config->cpus)) {
        return false;
    }
    for (size_t i = 0; i < config->trap_area_pages; i++) {
        if (config->trap_area_pa[i] >= config->ram_size) {
            return false;
        }
    }
    return true;
}

static void kvm_destroy(struct engine *engine)
{
    if (engine->vm_fd >= 0) {
        close(engine->vm_fd);
    }
    if (engine->kvm_fd >= 0) {
        close(engine->kvm_fd);
    }
    if (engine->spare) {
        munmap(engine->spare, KVM_PAGE_SIZE);
    }
    if (engine->ram) {
        munmap(engine->ram, engine->ram_size);
    }
    kvm_gate_slot_deinit(engine);
    pthread_mutex_destroy(&engine->spaces_lock);
    pthread_mutex_destroy(&engine->slot_lock);
    free(engine->cpu);
    free(engine->trap_host);
    free(engine->cpuid);
    free(engine);
}

static int init_engine(struct engine *engine, const struct engine_config *config)
{
    size_t pages = kvm_trap_area_pages(config->cpus);
    engine->trap_host = calloc(pages, sizeof(*engine->trap_host));
    engine->cpu = calloc(config->cpus, sizeof(*engine->cpu));
    if (!engine->trap_host || !engine->cpu) {
        return -ENOMEM;
    }
    memcpy(engine->trap_host, config->trap_area_host, pages * sizeof(*engine->trap_host));
    int rc = open_vm(engine);
    if (!rc) {
        rc = read_cpuid(engine, config->maxphyaddr);
    }
    if (!rc) {
        rc = add_ram(engine, config->ram_fd);
    }
    if (!rc) {
        rc = kvm_gate_slot_init(engine, config->maxphyaddr);
    }
    if (!rc) {
        kvm_tables_init(engine);
    }
    return rc;
}

static int kvm_create(const struct engine_config *config, struct engine **out)
{
    if (!config_valid(config)) {
        return -EINVAL;
    }
    struct engine *engine = calloc(1, sizeof(*engine));
    if (!engine) {
        return -ENOMEM;
    }
    *engine = (struct engine){
        .kvm_fd = -1,
        .vm_fd = -1,
        .ram_size = config->ram_size,
        .cpus = config->cpus,
        .trap_va = config->trap_area_va,
        .spin = engine_spin_measure(),
    };
    pthread_mutex_init(&engine->slot_lock, NULL);
    pthread_mutex_init(&engine->spaces_lock, NULL);
    int rc = init_engine(engine, config);
    if (rc) {
        kvm_destroy(engine);
        return rc;
    }
    *out = engine;
    return 0;
}

static int kvm_space_create(struct engine *engine, uint64_t cr3, struct engine_space **out)
{
    if (cr3 % KVM_PAGE_SIZE || cr3 >= engine->ram_size) {
        return -EINVAL;
    }
    struct engine_space *space = calloc(1, sizeof(*space));
    if (!space) {
        return -ENOMEM;
    }
    *space = (struct engine_space){.engine = engine, .cr3 = cr3};
    kvm_gate_add_space(space);
    *out = space;
    return 0;
}

static void kvm_space_destroy(struct engine_space *space)
{
    kvm_gate_retire_space(space);
    kvm_gate_remove_space(space);
    free(space);
}

void kvm_probe(struct engine_probe *out)
{
    *out = (struct engine_probe){0};
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        snprintf(out->why, sizeof(out->why), "/dev/kvm: %s%s", strerror(errno),
                 errno == ENOENT   ? " (no virtualisation here, or kvm modules not loaded)"
                 : errno == EACCES ? " (add the user to group kvm)"
                                   : "");
        return;
    }
    int rc = check_capabilities(fd);
    close(fd);
    if (rc) {
        snprintf(out->why, sizeof(out->why), "/dev/kvm: %s",
                 rc == -ENOTTY ? "not a KVM device"
                               : "this kernel's KVM is too old (4.17 or later)");
        return;
    }
    engine_trial(&engine_kvm, kvm_cpu_measure_exit, out);
}

const struct engine_ops engine_kvm = {
    .name = "kvm",
    .gate = KVM_GATE_BASE,
    .probe = kvm_probe,
    .trap_area_pages = kvm_trap_area_pages,
    .create = kvm_create,
    .destroy = kvm_destroy,
    .space_create = kvm_space_create,
    .space_destroy = kvm_space_destroy,
    .space_retire = kvm_gate_retire_space,
    .cpu_create = kvm_cpu_create,
    .cpu_destroy = kvm_cpu_destroy,
    .run = kvm_cpu_run,
    .sync_context = kvm_cpu_sync_context,
    .kick = kvm_cpu_kick,
    .invalidate = kvm_invalidate,
    .invalidate_tables = kvm_invalidate_tables,
};
