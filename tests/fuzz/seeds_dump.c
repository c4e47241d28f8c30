/* tests/fuzz/seeds_dump.c: one file of each format, to start from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sample.h"

/* The folder and the ones above it. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    mkdir(path, 0755);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: fuzz_dump_seeds FOLDER\n");
        return 2;
    }
    make_folders(argv[1]);
    for (int kind = 0; kind < SAMPLE_KINDS; kind++) {
        char path[4096];
        struct sample s = sample_make(kind);
        snprintf(path, sizeof path, "%s/%s", argv[1], sample_name(kind));
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(s.bytes, s.size, 1, file) != 1 || fclose(file)) {
            perror(path);
            return 1;
        }
        free(s.bytes);
    }
    return 0;
}
