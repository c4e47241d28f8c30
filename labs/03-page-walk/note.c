/* note.c: a note with "helloworld" in it, in memory of its own, as 16-bit characters: what the
 * Windows editor keeps when one types the word. See README.md.
 */
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

int main(int argc, char **argv)
{
    /* The word is put together from two halves, so that the only whole one is the copy in the heap
     * (the program's constants hold halves). */
    static const wchar_t *const halves[] = {L"hello", L"world"};
    wchar_t *note = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, 64 * sizeof *note);
    if (note == NULL) {
        printf("no memory for the note\n");
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        wcscat(note, halves[i]);
    }
    printf("the note has %lu characters\n", (unsigned long)wcslen(note));
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "stop") == 0) {
        __debugbreak();
    }
    HeapFree(GetProcessHeap(), 0, note);
    return 0;
}
