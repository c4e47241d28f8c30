/* An ordinary mingw program: COFF symbols, no PDB. */
#include <stdio.h>

int answer_of_program = 42;

int ask_program(int x);
int ask_program(int x)
{
    return x + answer_of_program;
}

int main(void)
{
    printf("%d\n", ask_program(1));
    return 0;
}
