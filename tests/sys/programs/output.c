/* Writes until that fails: exit code 3. With an argument it says that it is ready, and sleeps. */
#include <windows.h>

int main(int argc, char **argv)
{
    DWORD written;
    (void)argv;
    if (argc > 1) {
        WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), "ready\n", 6, &written, NULL);
        Sleep(INFINITE);
    }
    for (int i = 0; i < 100000; i++) {
        if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), "0123456789abcde\n", 16, &written, NULL)) {
            return 3;
        }
    }
    return 0;
}
