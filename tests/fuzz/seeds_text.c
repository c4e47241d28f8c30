/* tests/fuzz/seeds_text.c: texts to start from: of scripts, or of what says where symbols are.
 *
 *      fuzz_text_seeds script FOLDER FILES...    each command of golden tests (lines `> COMMAND`)
 *      fuzz_text_seeds symbols FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const symbol_texts[] = {
    "\0/one;/two;srv*",
    "\0srv*/near*https://one.example/symbols;/folder",
    "\0cache*/kept;srv*https://one.example;symsrv*symsrv.dll*/a*/b*http://c",
    "\0srv**https://one.example;C:\\symbols;\\\\server\\share",
    "\1PATH:/store/nt/ntkrnlmp.pdb\r\n",
    "\1/store/nt/ntkrnlmp.pdb",
    "\1MSG: Not indexed",
    "\2ntkrnlmp.pdb",
    "\2a",
};

static const char *const scripts[] = {
    ".for (r $t0 = 0; @$t0 < 3; r $t0 = @$t0 + 1) { .printf \"%d\\n\", @$t0 }",
    ".if (1 == 2) { .echo a } .elsif (poi(@rsp) > 0y101) { .echo b } .else { .echo c }",
    ".while (@$t1 < 5) { r $t1 = @$t1 + 1; .if (@$t1 == 3) { .continue }; ? @$t1 }",
    ".foreach /pS 1 /ps 2 (x { !process 0 0 }) { .block { ? x } }",
    "as /x name @rip; u name L1; ad *; .foreach (y \"a b c\") { .echo y }",
    "? (1 + 2) * 0n10 << 3 & ~0t17 | low(@rip) ^ wo(@rsp) / by(40000000) % 7",
    "? nt!MmPfnDatabase + 30 * 1801; ?? 1",
    "s -[1]u 0 L?80000000 \"helloworld\"; s -[s]b 0 L1000 61; s -[r]a 0 L?1000 a",
    "!for_each_process \"!vad @#Process; !pte 0 70000000\"",
    ".printf \"%p %y %ma %mu %5d %-8x%%\\n\", @rip, nt!KeNumberProcessors, 40000000, 26e7b0, -1, 2",
    "bp nt!KeBugCheckEx \"r; gc\"; bl; bd *; bc 0; sxe -c \"k\" av; sx; g; p; t 3; gu",
};

static FILE *create(const char *folder, unsigned number)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%04u", folder, number);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

static void write_text(const char *folder, unsigned number, const char *text, size_t size)
{
    FILE *file = create(folder, number);
    if (fwrite(text, size, 1, file) != 1 || fclose(file) != 0) {
        perror(folder);
        exit(1);
    }
}

/* All commands of a file as one text, and so for each file: few seeds with much in them. */
static void take_commands(const char *folder, unsigned number, const char *path)
{
    FILE *from = fopen(path, "r"), *to = create(folder, number);
    char *line = NULL;
    size_t room = 0;
    while (from != NULL && getline(&line, &room, from) >= 0) {
        if (strncmp(line, "> ", 2) == 0) {
            fputs(line + 2, to);
        }
    }
    free(line);
    if (from == NULL || fclose(from) != 0 || fclose(to) != 0) {
        perror(path);
        exit(1);
    }
}

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
    unsigned number = 0;
    if (argc < 3) {
        fprintf(stderr, "usage: fuzz_text_seeds script|symbols FOLDER [FILES...]\n");
        return 2;
    }
    make_folders(argv[2]);
    if (strcmp(argv[1], "symbols") == 0) {
        for (size_t i = 0; i < sizeof symbol_texts / sizeof symbol_texts[0]; i++) {
            const char *text = symbol_texts[i];
            write_text(argv[2], number++, text, 1 + strlen(text + 1));
        }
        return 0;
    }
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        write_text(argv[2], number++, scripts[i], strlen(scripts[i]));
    }
    for (int i = 3; i < argc; i++) {
        take_commands(argv[2], number++, argv[i]);
    }
    return 0;
}
