/* answer.c: the DLL that two programs share. See README.md.
 *
 * The function has a page of its own, so that nothing else in this process runs in the page that
 * the experiment changes.
 */
__declspec(dllexport) int answer(void);

__attribute__((section(".shared"), aligned(4096))) int answer(void)
{
    return 0x2a;
}
