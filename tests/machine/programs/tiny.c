/* The least a process can be: its exit code says that it ran. No C library start-up. */
__declspec(dllimport) void ExitProcess(unsigned code);

void start(void)
{
    ExitProcess(42);
}
