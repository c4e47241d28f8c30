/* A kernel of a few lines: every kind of type that a PDB can describe, with values that the golden
 * files know. Code is assembler, so that no compiler's taste changes what `u` shows. */
struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
};

union _LARGE_INTEGER {
    struct {
        unsigned int LowPart;
        int HighPart;
    } u;
    long long QuadPart;
};

struct _UNICODE_STRING {
    unsigned short Length;
    unsigned short MaximumLength;
    unsigned short *Buffer;
};

enum _COLOUR { ColourRed = 1, ColourGreen = 2, ColourNone = -5 };

struct _BITS {
    unsigned long long Valid : 1;
    unsigned long long Protection : 5;
    unsigned long long Zero : 6;
    unsigned long long Frame : 36;
    unsigned long long Rest : 16;
};

struct _KPROCESS {
    struct _LIST_ENTRY ProfileList;
    unsigned long long DirectoryTableBase;
    signed char BasePriority;
    unsigned char Flag;
};

struct _EPROCESS {
    struct _KPROCESS Pcb;
    union _LARGE_INTEGER CreateTime;
    union _LARGE_INTEGER ExitTime;
    struct _LIST_ENTRY ActiveProcessLinks;
    void *UniqueProcessId;
    void *DebugPort;
    struct _EPROCESS *Parent;
    int (*Routine)(int);
    struct _BITS Bits;
    enum _COLOUR Colour;
    enum _COLOUR NoColour;
    unsigned char ImageFileName[15];
    int ExitStatus;
    unsigned short Wide;
    unsigned int Table[2][3];
    struct _UNICODE_STRING Name;
    struct {
        int A;
        int B;
    } Pair[2];
    double Ratio;
    float Half;
    unsigned int *Counter;
    union {
        unsigned int Inside;
        unsigned char Bytes[4];
    };
};

struct _LDR_DATA_TABLE_ENTRY {
    struct _LIST_ENTRY InLoadOrderLinks;
    struct _LIST_ENTRY InMemoryOrderLinks;
    void *DllBase;
    unsigned int SizeOfImage;
    struct _UNICODE_STRING FullDllName;
    struct _UNICODE_STRING BaseDllName;
};

struct _PEB_LDR_DATA {
    unsigned int Length;
    struct _LIST_ENTRY InLoadOrderModuleList;
};

struct _RTL_USER_PROCESS_PARAMETERS {
    unsigned int Length;
    struct _UNICODE_STRING ImagePathName;
};

struct _PEB {
    unsigned char BeingDebugged;
    void *ImageBaseAddress;
    struct _PEB_LDR_DATA *Ldr;
    struct _RTL_USER_PROCESS_PARAMETERS *ProcessParameters;
};

struct _PEB *PebType;
struct _LDR_DATA_TABLE_ENTRY *LoaderEntryType;

int KiTailRoutine(int x);

unsigned int MmCounter = 0x1234;
static unsigned short name_text[] = {'S', 'y', 's', 't', 'e', 'm', 0};

struct _EPROCESS PsSystem = {
    .Pcb = {{&PsSystem.Pcb.ProfileList, &PsSystem.Pcb.ProfileList}, 0x187000, 8, 'A'},
    .CreateTime = {.QuadPart = 0x01cb8c5e5f2c8c7a},
    .ActiveProcessLinks = {&PsSystem.ActiveProcessLinks, &PsSystem.ActiveProcessLinks},
    .UniqueProcessId = (void *)4,
    .Parent = &PsSystem,
    .Routine = KiTailRoutine,
    .Bits = {1, 6, 0, 0x12345, 0x8000},
    .Colour = ColourGreen,
    .NoColour = (enum _COLOUR)9,
    .ImageFileName = "System",
    .ExitStatus = -2,
    .Wide = 0xffff,
    .Table = {{7, 8, 9}, {10, 11, 12}},
    .Name = {12, 14, name_text},
    .Pair = {{1, 2}, {3, 4}},
    .Ratio = 1.5,
    .Half = 0.25f,
    .Counter = &MmCounter,
    .Inside = 0x64636261,
};

struct _LIST_ENTRY PsActiveProcessHead = {&PsSystem.ActiveProcessLinks,
                                          &PsSystem.ActiveProcessLinks};
static volatile int hidden_static = 5;

int UseStatic(void);
int UseStatic(void)
{
    return hidden_static;
}

__asm__(".text\n"
        ".globl KiSampleRoutine\n"
        ".def KiSampleRoutine; .scl 2; .type 32; .endef\n"
        ".p2align 8, 0x90\n"
        "KiSampleRoutine:\n"
        "    .byte 0x4c, 0x8b, 0xd1\n"                               /* mov r10,rcx */
        "    .byte 0x48, 0x89, 0x5c, 0x24, 0x08\n"                   /* mov [rsp+8],rbx */
        "    .byte 0x48, 0x83, 0xec, 0x28\n"                         /* sub rsp,28h */
        "    .byte 0x65, 0x48, 0x8b, 0x04, 0x25, 0x88, 0x01, 0, 0\n" /* mov rax,gs:[188h] */
        "    .byte 0x83, 0xc8, 0xff\n"                               /* or eax,-1 */
        "    .byte 0xb9, 0x05, 0, 0, 0xc0\n"                         /* mov ecx,0C0000005h */
        "    .byte 0x8b, 0x4c, 0x90, 0xf0\n"                         /* mov ecx,[rax+rdx*4-10h] */
        "    .byte 0xf3, 0x48, 0xab\n"                               /* rep stos */
        "    .byte 0xf0, 0x0f, 0xb1, 0x0a\n"                         /* lock cmpxchg */
        "    .byte 0x0f, 0x94, 0xc0\n"                               /* sete al */
        "    .byte 0x48, 0x0f, 0x45, 0xc1\n"                         /* cmovne rax,rcx */
        "    .byte 0x75, 0x09\n"                                     /* jne +9 */
        "    .byte 0x48, 0xb8, 0, 0, 0, 0, 0x80, 0xf7, 0xff, 0xff\n" /* mov rax,imm64 */
        "    .byte 0xcc\n"                                           /* int 3 */
        "    .byte 0x0f, 0x05\n"                                     /* syscall */
        "    .byte 0x48, 0x83, 0xc4, 0x28\n"                         /* add rsp,28h */
        "    .byte 0xc3\n"                                           /* ret */
        "    .byte 0x06\n"                                           /* not an instruction */
        ".globl KiCallRoutine\n"
        ".def KiCallRoutine; .scl 2; .type 32; .endef\n"
        ".p2align 8, 0x90\n"
        "KiCallRoutine:\n"
        "    call KiTailRoutine\n"
        "    movl KiCodeData(%rip), %ecx\n"
        "    leaq KiCodeData(%rip), %rdx\n"
        "    test %ecx, %ecx\n"
        "    jz 1f\n"
        "    jmp KiTailRoutine\n"
        "    int3\n"
        "1:  ret\n"
        ".globl KiCodeData\n"
        ".p2align 4, 0x90\n"
        "KiCodeData: .long 0\n"
        ".globl KiTailRoutine\n"
        ".def KiTailRoutine; .scl 2; .type 32; .endef\n"
        ".p2align 8, 0x90\n"
        "KiTailRoutine:\n"
        "    xorl %eax, %eax\n"
        "    ret\n");
