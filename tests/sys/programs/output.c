/* Writes until that fails: exit code 3. With an argument it only sleeps. */
#include <windows.h>

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        Sleep(INFINITE);
    }
    for (int i = 0; i < 100000; i++) {
        DWORD written;
        if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), "0123456789abcde\n", 16, &written, NULL)) {
            return 3;
        }
    }
    return 0;
}
