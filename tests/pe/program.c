/* tests/pe/program.c: a Windows program for test_program.c to read. */
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("%s %d\n", argv[0], argc);
    return 0;
}
