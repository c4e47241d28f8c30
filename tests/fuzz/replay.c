/* tests/fuzz/replay.c: a fuzz target without libFuzzer.
 *
 * Runs the target over each file of a folder, whole, cut short, and with a few bytes changed by a
 * fixed sequence. No coverage guides it; it keeps targets building and their corpus passing under
 * every compiler and sanitizer. Each file has a share of time; slow targets get fewer changes. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 500      /* changed inputs made of each file */
#define MOST_CHANGES 8u /* bytes changed in one */
#define FILE_LIMIT (16u << 20)
#define SHARE 1 /* seconds after which a file is changed no more */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* On a copy of the exact size, where the address sanitizer sees every byte too far. */
static void run(const uint8_t *bytes, size_t size, unsigned *seed, unsigned changes)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, size);
    for (unsigned i = 0; i < changes && size > 0; i++)
        copy[(size_t)rand_r(seed) % size] = (uint8_t)rand_r(seed);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void replay(const uint8_t *bytes, size_t size, time_t end)
{
    unsigned seed = 1;
    run(bytes, size, &seed, 0);
    for (int round = 0; round < ROUNDS && time(NULL) < end; round++) {
        size_t cut = round % 4 == 0 && size > 0 ? (size_t)rand_r(&seed) % size : size;
        run(bytes, cut, &seed, 1 + (unsigned)rand_r(&seed) % MOST_CHANGES);
    }
}

int main(int argc, char **argv)
{
    uint8_t *buffer = malloc(FILE_LIMIT);
    unsigned files = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder || !buffer) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (!file)
            continue;
        /* Each file has its share of the time. */
        replay(buffer, fread(buffer, 1, FILE_LIMIT, file), time(NULL) + SHARE);
        fclose(file);
        files++;
    }
    closedir(folder);
    free(buffer);
    printf("%u files\n", files);
    return files > 0 ? 0 : 1;
}
