/* phys.c - physical memory.  Bytes are put together by hand, least significant
 * first, so that the machine is little-endian on every host. */
#include "mach_private.h"

#include <inttypes.h>
#include <string.h>

/* Whether the `bytes` bytes from `pa` on all exist.  pa + bytes may wrap, so
 * it is never formed. */
static int
exists(const struct mach *mach, uint64_t pa, uint64_t bytes)
{
    return pa <= mach->bytes && bytes <= mach->bytes - pa;
}

static void
must_exist(const struct mach *mach, uint64_t pa, uint64_t bytes,
           const char *what)
{
    if (!exists(mach, pa, bytes))
        mach_stop("bus error: %s of %" PRIu64 " bytes at physical address "
                  "0x%" PRIx64 "; memory ends before 0x%" PRIx64,
                  what, bytes, pa, mach->bytes);
}

static uint64_t
read_bytes(struct mach *mach, uint64_t pa, unsigned bytes)
{
    must_exist(mach, pa, bytes, "read");
    mach->state->counts.reads++;
    const unsigned char *from = mach->memory + pa;
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

static int
write_bytes(struct mach *mach, uint64_t pa, uint64_t value, unsigned bytes)
{
    must_exist(mach, pa, bytes, "write");
    mach->state->counts.writes++;
    unsigned char *to = mach->memory + pa;
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (unsigned char)(value >> (8 * i));
    return 0;
}

uint8_t
phys_read8(struct mach *mach, uint64_t pa)
{
    return (uint8_t)read_bytes(mach, pa, 1);
}

uint32_t
phys_read32(struct mach *mach, uint64_t pa)
{
    return (uint32_t)read_bytes(mach, pa, 4);
}

uint64_t
phys_read64(struct mach *mach, uint64_t pa)
{
    return read_bytes(mach, pa, 8);
}

int
phys_write8(struct mach *mach, uint64_t pa, uint8_t value)
{
    return write_bytes(mach, pa, value, 1);
}

int
phys_write32(struct mach *mach, uint64_t pa, uint32_t value)
{
    return write_bytes(mach, pa, value, 4);
}

int
phys_write64(struct mach *mach, uint64_t pa, uint64_t value)
{
    return write_bytes(mach, pa, value, 8);
}

int
phys_move(struct mach *mach, uint64_t to, uint64_t from, uint64_t bytes)
{
    must_exist(mach, from, bytes, "move from");
    must_exist(mach, to, bytes, "move to");
    mach->state->counts.moves++;
    mach->state->counts.moved_bytes += bytes;
    memmove(mach->memory + to, mach->memory + from, bytes);
    return 0;
}

int
phys_zero_frame(struct mach *mach, uint64_t frame)
{
    if (frame >= mach->frames)
        mach_stop("bus error: zeroing of frame 0x%" PRIx64
                  "; the machine has 0x%" PRIx64 " frames",
                  frame, mach->frames);
    mach->state->counts.zeroed_frames++;
    memset(mach->memory + (frame << MACH_FRAME_SHIFT), 0, MACH_FRAME_BYTES);
    return 0;
}

int
mach_peek(const struct mach *mach, uint64_t pa, void *to, uint64_t bytes)
{
    if (!exists(mach, pa, bytes))
        return -1;
    if (bytes > 0)
        memcpy(to, mach->memory + pa, bytes);
    return 0;
}

int
mach_poke(struct mach *mach, uint64_t pa, const void *from, uint64_t bytes)
{
    if (!exists(mach, pa, bytes))
        return -1;
    if (bytes > 0)
        memcpy(mach->memory + pa, from, bytes);
    return 0;
}
