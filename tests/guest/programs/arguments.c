/* argc and argv, and what the program's name is. */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '\\');
    printf("argc %d\n", argc);
    printf("argv[0] ends in %s\n", name ? name + 1 : argv[0]);
    for (int i = 1; i < argc; i++)
        printf("argv[%d] = [%s]\n", i, argv[i]);
    printf("argv[argc] is %s\n", argv[argc] ? "something" : "NULL");
    return argc;
}
