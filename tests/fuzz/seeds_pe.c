/* tests/fuzz/seeds_pe.c: write the corpus that fuzzing of the PE reader starts from: the sample
 * with one of everything, without its symbols, and aligned below a page. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sample.h"

/* Make the folder and those above it. */
static void make_folders(const char *folder)
{
    char path[4096];
    for (size_t i = 1; folder[i - 1] != '\0' && i < sizeof(path); i++) {
        if (folder[i] == '/' || folder[i] == '\0') {
            memcpy(path, folder, i);
            path[i] = '\0';
            mkdir(path, 0755);
        }
    }
}

static int write_seed(const char *folder, const char *name, const uint8_t *bytes, size_t size)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    uint8_t file[SAMPLE_SIZE];
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    make_folders(argv[1]);
    sample_make(file);
    int failed = write_seed(argv[1], "sample", file, sizeof(file));
    sample_headers(file)->FileHeader.NumberOfSymbols = 0;
    failed |= write_seed(argv[1], "no-symbols", file, SAMPLE_RELOC_FILE + 0x200);
    sample_headers(file)->OptionalHeader.SectionAlignment = 0x200;
    failed |= write_seed(argv[1], "single-range", file, sizeof(file));
    return failed;
}
