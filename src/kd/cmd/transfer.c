/* src/kd/cmd/transfer.c: c, m, .writemem, .readmem: memory against memory, and files.
 *
 * Source: debugger documentation, "c (Compare Memory)", "m (Move Memory)", ".writemem", ".readmem".
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/bits.h"
#include "kd/kdi.h"

#define PIECE 0x10000u
#define PATH_SIZE 512

static bool unreadable(struct kd *kd, uint64_t at)
{
    char text[KD_ADDRESS_TEXT];
    return kd_error(kd, "Memory access error at '%s'", kd_address_text(at, text));
}

/* RANGE ADDRESS */
static bool parse(struct kd *kd, const char *args, const char *usage, struct kd_range *range,
                  uint64_t *other)
{
    if (!kd_evaluate_range(kd, &args, 1, 1, range)) {
        return false;
    }
    if (!range->explicit_end || kd_at_end(args)) {
        return kd_error(kd, "Syntax error: %s", usage);
    }
    return kd_evaluate(kd, &args, other) &&
           (kd_at_end(args) || kd_error(kd, "Extra character error in '%s'", args));
}

/* Every byte that differs, as `c` shows it. */
static bool cmd_compare(struct kd *kd, const char *args)
{
    struct kd_range range;
    uint64_t other;
    if (!parse(kd, args, "c RANGE ADDRESS", &range, &other)) {
        return false;
    }
    for (uint64_t i = 0; i < range.size && !kd_interrupted(kd); i++) {
        char left[KD_ADDRESS_TEXT], right[KD_ADDRESS_TEXT];
        uint8_t a, b;
        if (!kd_read_u8(kd, range.start + i, &a)) {
            return unreadable(kd, range.start + i);
        }
        if (!kd_read_u8(kd, other + i, &b)) {
            return unreadable(kd, other + i);
        }
        if (a != b) {
            kd_printf(kd, "%s  %02x - %s  %02x\n", kd_address_text(range.start + i, left), a,
                      kd_address_text(other + i, right), b);
        }
    }
    return true;
}

/* As memmove: the ranges may overlap. All is read before anything is written. */
static bool cmd_move(struct kd *kd, const char *args)
{
    struct kd_range range;
    uint64_t to;
    if (!parse(kd, args, "m RANGE ADDRESS", &range, &to)) {
        return false;
    }
    uint8_t *bytes = malloc(range.size + 1);
    if (bytes == NULL) {
        return kd_error(kd, "Out of memory");
    }
    size_t got = kd_read_virtual(kd, range.start, bytes, range.size);
    bool ok = got == range.size || unreadable(kd, range.start + got);
    if (ok) {
        size_t written = kd_write_virtual(kd, to, bytes, range.size);
        ok = written == range.size || unreadable(kd, to + written);
    }
    free(bytes);
    return ok;
}

/* FILE RANGE */
static bool parse_file(struct kd *kd, const char *args, const char *usage, char path[PATH_SIZE],
                       struct kd_range *range)
{
    if (!kd_word(&args, path, PATH_SIZE) || !kd_evaluate_range(kd, &args, 1, 1, range)) {
        return kd_error(kd, "Syntax error: %s", usage);
    }
    return (range->explicit_end && kd_at_end(args)) || kd_error(kd, "Syntax error: %s", usage);
}

/* Copy between memory and a file, piece by piece, until one side ends. */
static uint64_t copy_pieces(struct kd *kd, const struct kd_range *range, FILE *file, bool to_file)
{
    uint8_t *piece = malloc(PIECE);
    uint64_t done = 0;
    while (piece != NULL && done < range->size && !kd_interrupted(kd)) {
        size_t size = range->size - done < PIECE ? (size_t)(range->size - done) : PIECE;
        size_t from = to_file ? kd_read_virtual(kd, range->start + done, piece, size)
                              : fread(piece, 1, size, file);
        size_t to = to_file ? fwrite(piece, 1, from, file)
                            : kd_write_virtual(kd, range->start + done, piece, from);
        done += to;
        if (to < size) {
            break;
        }
    }
    free(piece);
    return done;
}

static bool transfer(struct kd *kd, const char *path, const struct kd_range *range, bool to_file)
{
    FILE *file = fopen(path, to_file ? "we" : "re");
    if (file == NULL) {
        return kd_error(kd, "File '%s' cannot be opened: %s", path, strerror(errno));
    }
    kd_printf(kd, "%s %" PRIx64 " bytes", to_file ? "Writing" : "Reading", range->size);
    uint64_t done = copy_pieces(kd, range, file, to_file);
    bool failed = ferror(file) != 0;
    failed |= fclose(file) != 0;
    kd_printf(kd, ".\n");
    if (failed) {
        return kd_error(kd, "File '%s' is not complete", path);
    }
    return done == range->size ||
           kd_error(kd, "Only %" PRIx64 " bytes: %s", done,
                    to_file ? "the rest is not in memory" : "the file or the memory ends there");
}

static bool cmd_writemem(struct kd *kd, const char *args)
{
    char path[PATH_SIZE];
    struct kd_range range;
    return parse_file(kd, args, ".writemem FILE RANGE", path, &range) &&
           transfer(kd, path, &range, true);
}

static bool cmd_readmem(struct kd *kd, const char *args)
{
    char path[PATH_SIZE];
    struct kd_range range;
    return parse_file(kd, args, ".readmem FILE RANGE", path, &range) &&
           transfer(kd, path, &range, false);
}

const struct kd_command kd_commands_transfer[] = {
    {"c", "c RANGE ADDRESS", "compare memory, show bytes that differ", cmd_compare,
     KD_NEEDS_NOTHING},
    {"m", "m RANGE ADDRESS", "move memory", cmd_move, KD_NEEDS_NOTHING},
    {".writemem", ".writemem FILE RANGE", "write memory to a file", cmd_writemem, KD_NEEDS_NOTHING},
    {".readmem", ".readmem FILE RANGE", "read a file into memory", cmd_readmem, KD_NEEDS_NOTHING},
    {0},
};
