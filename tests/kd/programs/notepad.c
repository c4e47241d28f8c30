/* notepad.c: in place of the editor of the seeds: "helloworld" has been typed into it. It breaks
 * in, and goes on living until somebody changes the first character. */
#include <wchar.h>
#include <windows.h>

int main(void)
{
    /* Two halves, so that the only whole word is the one in the heap. */
    static const wchar_t *const halves[] = {L"hello", L"world"};
    volatile wchar_t *note = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, 64 * sizeof *note);
    if (!note) {
        return 1;
    }
    wcscpy((wchar_t *)note, halves[0]);
    wcscat((wchar_t *)note, halves[1]);
    __debugbreak();
    while (note[0] == L'h') {
        Sleep(1);
    }
    return note[0];
}
