/* bench/bench_pdb.c: loading a PDB of more than 10 MB, and looking names up in it.
 *
 * The PDB is that of large.c: 10,000 structures, functions and variables. "Loading" is what the
 * first question costs: mapping the file, sorting all symbols, indexing all types. Look-ups go
 * through all names in an order that jumps. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "kd/pdb.h"
#include "kd/symtab.h"

#define RECORDS 10000u
#define STRIDE 7919u /* prime to RECORDS: every record once */

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_pdb: %s\n", what);
        exit(1);
    }
}

static double since(double from)
{
    return bench_seconds(CLOCK_MONOTONIC) - from;
}

struct loading {
    double symbols, types;
};

static struct pdb *load(const char *path, struct loading *l)
{
    struct pdb *pdb;
    double from = bench_seconds(CLOCK_MONOTONIC);
    must(pdb_open(path, &pdb) == PDB_OK, "large.pdb cannot be opened; it is made by script/bench");
    must(symtab_find(pdb_symbols(pdb), "function_of_record_0000") != NULL, "no such function");
    l->symbols = since(from);
    from = bench_seconds(CLOCK_MONOTONIC);
    must(pdb_type_find(pdb, "record_0000") != 0, "no such type");
    l->types = since(from);
    return pdb;
}

static double find_symbols(struct pdb *pdb)
{
    const struct symtab *table = pdb_symbols(pdb);
    char name[32];
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < RECORDS; i++) {
        snprintf(name, sizeof name, "function_of_record_%04u", i * STRIDE % RECORDS);
        must(symtab_find(table, name) != NULL, name);
    }
    return since(from) / RECORDS;
}

static double find_addresses(struct pdb *pdb)
{
    const struct symtab *table = pdb_symbols(pdb);
    uint32_t start = symtab_find(table, "function_of_record_0000")->rva;
    uint32_t end = symtab_find(table, "function_of_record_9999")->rva;
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < RECORDS; i++) {
        uint32_t rva =
            start + (uint32_t)((uint64_t)(end - start) * (i * STRIDE % RECORDS) / RECORDS);
        must(symtab_at(table, rva) != NULL, "no symbol at an address");
    }
    return since(from) / RECORDS;
}

static double find_types(struct pdb *pdb)
{
    char name[32];
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < RECORDS; i++) {
        snprintf(name, sizeof name, "record_%04u", i * STRIDE % RECORDS);
        must(pdb_type_find(pdb, name) != 0, name);
    }
    return since(from) / RECORDS;
}

/* Members are taken apart when they are first asked for. */
static double first_members(struct pdb *pdb)
{
    char name[32];
    size_t count;
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < RECORDS; i++) {
        snprintf(name, sizeof name, "record_%04u", i * STRIDE % RECORDS);
        must(pdb_type_members(pdb, pdb_type_find(pdb, name), &count) != NULL && count == 7, name);
    }
    return since(from) / RECORDS;
}

static void show(const char *what, double seconds, double scale, const char *unit, double aim)
{
    printf("  %-38s %9.2f %s   aim %g %s: %s\n", what, seconds * scale, unit, aim * scale, unit,
           seconds < aim ? "met" : "MISSED");
}

int main(void)
{
    enum { TRIALS = 9 };
    const double aim_load = 0.5, aim_look_up = 10e-6;
    double symbols[TRIALS], types[TRIALS], all[TRIALS], look_up[4][TRIALS];
    char path[PATH_MAX];
    struct stat status;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof "/bench/large.pdb");
    must(length > 0, "/proc/self/exe cannot be read");
    path[length] = 0;
    strcpy(strrchr(path, '/'), "/bench/large.pdb");
    for (unsigned i = 0; i < TRIALS; i++) {
        struct loading l;
        struct pdb *pdb = load(path, &l);
        symbols[i] = l.symbols;
        types[i] = l.types;
        all[i] = l.symbols + l.types;
        look_up[0][i] = find_symbols(pdb);
        look_up[1][i] = find_addresses(pdb);
        look_up[2][i] = find_types(pdb);
        look_up[3][i] = first_members(pdb);
        pdb_close(pdb);
    }
    must(stat(path, &status) == 0, path);
    printf("a PDB of %.1f MB, %u structures, functions and variables\n",
           (double)status.st_size / (1 << 20), RECORDS);
    printf("  %-38s %9.2f ms\n", "symbols", bench_median(symbols, TRIALS) * 1e3);
    printf("  %-38s %9.2f ms\n", "types", bench_median(types, TRIALS) * 1e3);
    show("loading: both", bench_median(all, TRIALS), 1e3, "ms", aim_load);
    show("a symbol by name", bench_median(look_up[0], TRIALS), 1e6, "us", aim_look_up);
    show("a symbol by address", bench_median(look_up[1], TRIALS), 1e6, "us", aim_look_up);
    show("a type by name", bench_median(look_up[2], TRIALS), 1e6, "us", aim_look_up);
    show("the members of a type, first time", bench_median(look_up[3], TRIALS), 1e6, "us",
         aim_look_up);
    return 0;
}
