/* src/base/reader.h: bounded reading of bytes that nobody vouches for.
 *
 * A reader is a range of bytes with a known size. PE files, PDBs, dumps and whatever a guest left
 * in its memory are read through one, and every access is checked against the size without
 * overflow: an offset and a length taken from the bytes themselves can be passed on as they are.
 *
 * The bytes are either in host memory, or fetched by a function (guest memory seen by the debugger,
 * where single pages may be missing). Code that only uses reader_read and the accessors on top of
 * it serves both.
 *
 *      source:   |-----------------------------------------------|
 *      reader:            |------------------------|
 *                       start                 start + size        offsets count from start
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct byte_reader {
    const uint8_t *bytes; /* the source in host memory, or NULL */
    /* Fetch `size` bytes at `offset` of the source; false when they cannot all be had. */
    bool (*fetch)(void *context, uint64_t offset, void *buffer, size_t size);
    void *context;
    uint64_t start; /* offset of the range in its source */
    uint64_t size;  /* bytes */
};

static inline struct byte_reader reader_of_bytes(const void *bytes, size_t size)
{
    return (struct byte_reader){.bytes = bytes, .size = bytes ? size : 0};
}

static inline struct byte_reader reader_of_source(bool (*fetch)(void *context, uint64_t offset,
                                                                void *buffer, size_t size),
                                                  void *context, uint64_t start, uint64_t size)
{
    if (size > UINT64_MAX - start)
        size = UINT64_MAX - start;
    return (struct byte_reader){.fetch = fetch, .context = context, .start = start, .size = size};
}

/* Whether `size` bytes at `offset` lie inside. */
static inline bool reader_has(const struct byte_reader *reader, uint64_t offset, uint64_t size)
{
    return offset <= reader->size && size <= reader->size - offset;
}

/* Copy `size` bytes at `offset`. => false: `buffer` is undefined */
static inline bool reader_read(const struct byte_reader *reader, uint64_t offset, void *buffer,
                               size_t size)
{
    if (!reader_has(reader, offset, size))
        return false;
    if (size == 0)
        return true;
    if (reader->bytes) {
        memcpy(buffer, reader->bytes + reader->start + offset, size);
        return true;
    }
    return reader->fetch && reader->fetch(reader->context, reader->start + offset, buffer, size);
}

/* Little-endian integers. => false: *value is undefined */
static inline bool reader_u8(const struct byte_reader *reader, uint64_t offset, uint8_t *value)
{
    return reader_read(reader, offset, value, sizeof(*value));
}

static inline bool reader_u16(const struct byte_reader *reader, uint64_t offset, uint16_t *value)
{
    return reader_read(reader, offset, value, sizeof(*value));
}

static inline bool reader_u32(const struct byte_reader *reader, uint64_t offset, uint32_t *value)
{
    return reader_read(reader, offset, value, sizeof(*value));
}

static inline bool reader_u64(const struct byte_reader *reader, uint64_t offset, uint64_t *value)
{
    return reader_read(reader, offset, value, sizeof(*value));
}

/* The range `size` bytes long at `offset` as a reader of its own. => false: it is not inside */
static inline bool reader_sub(const struct byte_reader *reader, uint64_t offset, uint64_t size,
                              struct byte_reader *sub)
{
    if (!reader_has(reader, offset, size))
        return false;
    *sub = *reader;
    sub->start += offset;
    sub->size = size;
    return true;
}

/* Host pointer to `size` bytes at `offset`; NULL when they are not inside or not in host memory.
 * Nothing is said about alignment. */
static inline const void *reader_view(const struct byte_reader *reader, uint64_t offset,
                                      uint64_t size)
{
    if (!reader->bytes || !reader_has(reader, offset, size))
        return NULL;
    return reader->bytes + reader->start + offset;
}

/* Copy the NUL-terminated string at `offset` into `buffer` of `capacity` bytes, terminator
 * included.
 * => false: it does not end inside, or is longer than the buffer; the buffer then holds "" */
static inline bool reader_cstr(const struct byte_reader *reader, uint64_t offset, char *buffer,
                               size_t capacity)
{
    for (size_t i = 0; i < capacity; i++) {
        if (offset > UINT64_MAX - i || !reader_read(reader, offset + i, &buffer[i], 1))
            break;
        if (buffer[i] == '\0')
            return true;
    }
    if (capacity > 0)
        buffer[0] = '\0';
    return false;
}
