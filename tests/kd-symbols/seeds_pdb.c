/* seeds_pdb.c: the corpus of fuzz_pdb: the sample's PDB. Argument: the folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support.h"

/* Make the folder and those above it. */
static void make_folders(char *folder)
{
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(folder, 0755);
        *slash = '/';
    }
    mkdir(folder, 0755);
}

int main(int argc, char **argv)
{
    char path[600];
    size_t size;
    if (argc != 2) {
        fprintf(stderr, "usage: fuzz_pdb_seeds FOLDER\n");
        return 1;
    }
    char *bytes = read_whole_file(SAMPLES "/sample.pdb", &size);
    make_folders(argv[1]);
    snprintf(path, sizeof path, "%s/sample", argv[1]);
    FILE *file = fopen(path, "wb");
    bool ok = bytes && file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0;
    free(bytes);
    if (!ok)
        perror(path);
    return ok ? 0 : 1;
}
