/* bench/hello.c: the least that a console program does; its exit code says that it ran. */
#include <stdio.h>

int main(void)
{
    puts("hello, world");
    return 7;
}
