/* guest/kernel32/pagefiles.c: EnumPageFiles: which paging files there are, and how full.
 * Source: psapi.h, documentation. Names are those of Win32, without the \??\ of NT's. */
#include "processes.h"
#include "psapi.h"

#define NT_PREFIX_LENGTH 4u

static const WCHAR *win32_name(const UNICODE_STRING *name)
{
    const WCHAR *text = name->Buffer;
    BOOL prefixed = name->Length >= NT_PREFIX_LENGTH * sizeof(WCHAR) && text[0] == '\\' &&
                    text[1] == '?' && text[2] == '?' && text[3] == '\\';
    return prefixed ? text + NT_PREFIX_LENGTH : text;
}

BOOL K32EnumPageFilesW(enum_page_files_w *visit, void *context)
{
    ULONG length;
    void *list = system_list(SystemPageFileInformation, &length);
    const SYSTEM_PAGEFILE_INFORMATION *file = length ? list : NULL;
    if (!list)
        return FALSE;
    while (file) {
        ENUM_PAGE_FILE_INFORMATION info = {.cb = sizeof info,
                                           .TotalSize = file->TotalSize,
                                           .TotalInUse = file->TotalInUse,
                                           .PeakUsage = file->PeakUsage};
        if (!visit(context, &info, win32_name(&file->PageFileName)))
            break;
        file = file->NextEntryOffset ? (const void *)((const char *)file + file->NextEntryOffset)
                                     : NULL;
    }
    heap_free(list);
    return TRUE;
}

struct ansi_visit {
    enum_page_files_a *visit;
    void *context;
};

static BOOL visit_ansi(void *context, ENUM_PAGE_FILE_INFORMATION *info, const WCHAR *name)
{
    const struct ansi_visit *ansi = context;
    char text[2 * MAX_PATH];
    copy_out_ansi(name, wide_length(name), text, sizeof text);
    return ansi->visit(ansi->context, info, text);
}

BOOL K32EnumPageFilesA(enum_page_files_a *visit, void *context)
{
    struct ansi_visit ansi = {visit, context};
    return K32EnumPageFilesW(visit_ansi, &ansi);
}
