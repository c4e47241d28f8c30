/* Imports a function that is not there: linked against unknown_import.def it is missing in
 * kernel32, against missing_dll.def the DLL is missing too. */
__declspec(dllimport) int NtmmNoSuchFunction(int);

int start(void)
{
    return NtmmNoSuchFunction(1);
}
