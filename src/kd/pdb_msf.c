/* pdb_msf.c: the file system inside a PDB.
 *
 *      block 0          superblock: block size, where the block map is
 *      block map        block numbers of the directory
 *      directory        number of streams, size of each, then block numbers of each
 *      block n ...      pieces of streams
 *
 * In a sound file no block belongs to two streams, so all streams together are not larger than the
 * file. A hostile directory may name one block a million times; `copy_budget` holds what we copy to
 * twice the file's size.
 */
#include "kd/pdb_int.h"
#include <stdlib.h>

static const char msf_magic[32] = "Microsoft C/C++ MSF 7.00\r\n\032DS\0\0";

#define MSF_NIL_SIZE 0xffffffffu
#define MSF_MIN_BLOCK 512
#define MSF_MAX_BLOCK (64 * 1024)

static uint32_t blocks_for(const struct msf *msf, uint32_t bytes)
{
    return bytes / msf->block_size + (bytes % msf->block_size != 0);
}

/* Bytes `start` .. of the file that block `number` covers, at most `want`; NULL: outside. */
static const uint8_t *block_bytes(const struct msf *msf, uint32_t number, size_t want)
{
    uint64_t start = (uint64_t)number * msf->block_size;
    if (number >= msf->block_count || start > msf->file_size || want > msf->file_size - start)
        return NULL;
    return msf->file + start;
}

/* Put together `size` bytes from the blocks whose numbers stand in `numbers`. */
static bool gather(struct msf *msf, struct pdb_bytes numbers, uint32_t size, struct pdb_bytes *out,
                   bool *owned)
{
    struct pdb_cursor c = pdb_cursor_at(numbers, 0);
    uint32_t count = blocks_for(msf, size);
    uint32_t first = pdb_u32(&c);
    uint32_t i = 1;
    while (i < count && pdb_u32(&c) == first + i)
        i++;
    if (c.bad || size > msf->file_size)
        return false;
    *owned = false;
    if (i == count) {
        const uint8_t *start = block_bytes(msf, first, size);
        *out = (struct pdb_bytes){start, size};
        return start && first + count > first;
    }
    if (size > msf->copy_budget)
        return false;
    uint8_t *copy = malloc(size);
    if (!copy)
        return false;
    c = pdb_cursor_at(numbers, 0);
    for (uint32_t done = 0; done < size; done += msf->block_size) {
        uint32_t piece = size - done < msf->block_size ? size - done : msf->block_size;
        const uint8_t *from = block_bytes(msf, pdb_u32(&c), piece);
        if (!from || c.bad) {
            free(copy);
            return false;
        }
        memcpy(copy + done, from, piece);
    }
    msf->copy_budget -= size;
    *out = (struct pdb_bytes){copy, size};
    *owned = true;
    return true;
}

/* Sizes of the streams, and where the block numbers of each begin in the directory. */
static enum pdb_status read_directory(struct msf *msf)
{
    struct pdb_cursor c = pdb_cursor_at(msf->directory, 0);
    uint32_t count = pdb_u32(&c);
    if (c.bad || count > pdb_left(&c) / 4)
        return PDB_CORRUPT;
    msf->streams = calloc(count + 1u, sizeof *msf->streams);
    if (!msf->streams)
        return PDB_NO_MEMORY;
    msf->stream_count = count;
    uint64_t blocks = 4 + 4ull * count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = pdb_u32(&c);
        msf->streams[i].size = size == MSF_NIL_SIZE ? 0 : size;
        msf->streams[i].blocks = blocks;
        blocks += 4ull * blocks_for(msf, msf->streams[i].size);
    }
    return PDB_OK;
}

enum pdb_status msf_init(struct msf *msf, const void *file, size_t size)
{
    *msf = (struct msf){.file = file, .file_size = size, .copy_budget = 2ull * size};
    struct pdb_bytes whole = {file, size};
    struct pdb_cursor c = pdb_cursor_at(whole, 0);
    struct pdb_bytes magic = pdb_run(&c, sizeof msf_magic);
    if (c.bad || memcmp(magic.data, msf_magic, sizeof msf_magic) != 0)
        return PDB_CORRUPT;
    msf->block_size = pdb_u32(&c);
    pdb_skip(&c, 4); /* free block map */
    msf->block_count = pdb_u32(&c);
    uint32_t directory_size = pdb_u32(&c);
    pdb_skip(&c, 4);
    uint32_t map_block = pdb_u32(&c);
    bool power = (msf->block_size & (msf->block_size - 1)) == 0;
    if (c.bad || !power || msf->block_size < MSF_MIN_BLOCK || msf->block_size > MSF_MAX_BLOCK ||
        map_block >= msf->block_count || directory_size < 4)
        return PDB_CORRUPT;

    c = pdb_cursor_at(whole, 0);
    pdb_skip(&c, (size_t)map_block * msf->block_size);
    struct pdb_bytes numbers = pdb_run(&c, 4ull * blocks_for(msf, directory_size));
    if (c.bad || !gather(msf, numbers, directory_size, &msf->directory, &msf->directory_owned))
        return PDB_CORRUPT;
    return read_directory(msf);
}

void msf_deinit(struct msf *msf)
{
    for (uint32_t i = 0; i < msf->stream_count; i++) {
        if (msf->streams[i].owned)
            free((void *)msf->streams[i].data.data);
    }
    free(msf->streams);
    if (msf->directory_owned)
        free((void *)msf->directory.data);
    *msf = (struct msf){0};
}

struct pdb_bytes msf_stream(struct msf *msf, uint32_t index)
{
    if (index >= msf->stream_count)
        return (struct pdb_bytes){NULL, 0};
    struct msf_stream *s = &msf->streams[index];
    if (s->loaded)
        return s->data;
    s->loaded = true;
    if (s->size == 0 || s->blocks > msf->directory.size)
        return s->data;
    struct pdb_cursor c = pdb_cursor_at(msf->directory, s->blocks);
    struct pdb_bytes numbers = pdb_run(&c, 4ull * blocks_for(msf, s->size));
    if (c.bad || !gather(msf, numbers, s->size, &s->data, &s->owned))
        s->data = (struct pdb_bytes){NULL, 0};
    return s->data;
}
