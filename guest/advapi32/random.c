/* guest/advapi32/random.c: random bytes, and the CryptoAPI provider through which most programs ask
 * for them. The bytes are the kernel's (\Device\KsecDD). No key is ever kept: a context without
 * CRYPT_VERIFYCONTEXT, that is one on a key container, does not exist and cannot be made.
 * Source: CryptAcquireContext, CryptGenRandom, RtlGenRandom, documentation. */
#include "advapi.h"

#define CRYPT_VERIFYCONTEXT 0xF0000000u
#define CRYPT_NEWKEYSET 0x8u
#define CRYPT_DELETEKEYSET 0x10u
#define CRYPT_MACHINE_KEYSET 0x20u
#define CRYPT_SILENT 0x40u
#define NTE_BAD_FLAGS 0x80090009u
#define NTE_BAD_PROV_TYPE 0x80090014u
#define NTE_BAD_KEYSET 0x80090016u
#define NTE_PROV_TYPE_NOT_DEF 0x80090017u
#define NTE_KEYSET_NOT_DEF 0x80090019u
#define NTE_FAIL 0x80090020u
#define PROV_TYPE_LAST 999u

#define PROVIDER_TAG 0x70637970u

struct provider {
    ULONG tag;
    LONG references;
};

/* The providers of Windows 7 and their types: PROV_RSA_FULL, PROV_DSS, PROV_RSA_SCHANNEL ... */
static const struct {
    ULONG type;
    const WCHAR *name;
} known[] = {
    {1, u"Microsoft Base Cryptographic Provider v1.0"},
    {1, u"Microsoft Enhanced Cryptographic Provider v1.0"},
    {1, u"Microsoft Strong Cryptographic Provider"},
    {3, u"Microsoft Base DSS Cryptographic Provider"},
    {12, u"Microsoft RSA SChannel Cryptographic Provider"},
    {13, u"Microsoft Base DSS and Diffie-Hellman Cryptographic Provider"},
    {13, u"Microsoft Enhanced DSS and Diffie-Hellman Cryptographic Provider"},
    {18, u"Microsoft DH SChannel Cryptographic Provider"},
    {24, u"Microsoft Enhanced RSA and AES Cryptographic Provider"},
};

/* => 0, or why there is no such provider */
static ULONG look_up(const WCHAR *name, ULONG type)
{
    BOOL type_known = FALSE;
    if (type == 0 || type > PROV_TYPE_LAST)
        return NTE_BAD_PROV_TYPE;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].type != type)
            continue;
        type_known = TRUE;
        if (!name || CompareStringOrdinal(name, -1, known[i].name, -1, TRUE) == CSTR_EQUAL)
            return 0;
    }
    return type_known ? NTE_KEYSET_NOT_DEF : NTE_PROV_TYPE_NOT_DEF;
}

static NTSTATUS random_bytes(void *buffer, ULONG size)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes = {
        .Length = sizeof attributes, .ObjectName = &name, .Attributes = OBJ_CASE_INSENSITIVE};
    IO_STATUS_BLOCK iosb;
    HANDLE device;
    RtlInitUnicodeString(&name, u"\\Device\\KsecDD");
    NTSTATUS status = NtOpenFile(&device, FILE_READ_DATA | SYNCHRONIZE, &attributes, &iosb,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT);
    if (!NT_SUCCESS(status))
        return status;
    for (ULONG at = 0; at < size && NT_SUCCESS(status); at += (ULONG)iosb.Information)
        status = NtReadFile(device, NULL, NULL, NULL, &iosb, (UCHAR *)buffer + at, size - at, NULL,
                            NULL);
    NtClose(device);
    return status;
}

/* RtlGenRandom, which is exported by this name only. */
BOOLEAN SystemFunction036(void *buffer, ULONG size)
{
    return NT_SUCCESS(random_bytes(buffer, size));
}

static struct provider *provider_of(ULONG64 handle)
{
    struct provider *provider = (struct provider *)handle;
    if (provider && provider->tag == PROVIDER_TAG)
        return provider;
    fail_error(ERROR_INVALID_PARAMETER);
    return NULL;
}

BOOL CryptAcquireContextW(ULONG64 *out, const WCHAR *container, const WCHAR *name, ULONG type,
                          ULONG flags)
{
    const ULONG all = CRYPT_VERIFYCONTEXT | CRYPT_NEWKEYSET | CRYPT_DELETEKEYSET |
                      CRYPT_MACHINE_KEYSET | CRYPT_SILENT;
    const BOOL verify = (flags & CRYPT_VERIFYCONTEXT) == CRYPT_VERIFYCONTEXT;
    if (!out)
        return fail_error(ERROR_INVALID_PARAMETER);
    *out = 0;
    if (flags & ~all || (verify && (container || flags & (CRYPT_NEWKEYSET | CRYPT_DELETEKEYSET))))
        return fail_error(NTE_BAD_FLAGS);
    ULONG error = look_up(name, type);
    if (error)
        return fail_error(error);
    if (!verify)
        return fail_error(flags & CRYPT_NEWKEYSET ? NTE_FAIL : NTE_BAD_KEYSET);
    struct provider *provider =
        RtlAllocateHeap(current_peb()->ProcessHeap, 0, sizeof(struct provider));
    if (!provider)
        return fail_error(ERROR_NOT_ENOUGH_MEMORY);
    *provider = (struct provider){PROVIDER_TAG, 1};
    *out = (ULONG64)provider;
    return TRUE;
}

BOOL CryptAcquireContextA(ULONG64 *out, const char *container, const char *name, ULONG type,
                          ULONG flags)
{
    WCHAR wide_container[MAX_PATH], wide_name[MAX_PATH];
    if ((container && !MultiByteToWideChar(CP_ACP, 0, container, -1, wide_container, MAX_PATH)) ||
        (name && !MultiByteToWideChar(CP_ACP, 0, name, -1, wide_name, MAX_PATH)))
        return fail_error(ERROR_INVALID_PARAMETER);
    return CryptAcquireContextW(out, container ? wide_container : NULL, name ? wide_name : NULL,
                                type, flags);
}

BOOL CryptContextAddRef(ULONG64 handle, ULONG *reserved, ULONG flags)
{
    struct provider *provider = provider_of(handle);
    if (!provider)
        return FALSE;
    if (reserved || flags)
        return fail_error(ERROR_INVALID_PARAMETER);
    __atomic_add_fetch(&provider->references, 1, __ATOMIC_ACQ_REL);
    return TRUE;
}

BOOL CryptReleaseContext(ULONG64 handle, ULONG flags)
{
    struct provider *provider = provider_of(handle);
    if (!provider)
        return FALSE;
    if (__atomic_sub_fetch(&provider->references, 1, __ATOMIC_ACQ_REL) == 0) {
        provider->tag = 0;
        RtlFreeHeap(current_peb()->ProcessHeap, 0, provider);
    }
    return flags ? fail_error(NTE_BAD_FLAGS) : TRUE; /* released all the same, as documented */
}

BOOL CryptGenRandom(ULONG64 handle, ULONG size, UCHAR *buffer)
{
    return provider_of(handle) && done(random_bytes(buffer, size));
}
