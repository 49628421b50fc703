/*
 * swapdev.c - the swap device.  Bytes go between the file and physical memory
 * by pread and pwrite, so the file's own position is never used.
 *
 * What the host refuses (a full disk) is not the module's failure: it ends the
 * test with the host's reason.
 */
#include "swapdev.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "mach_private.h"

enum {
    MAX_SLOT_SHIFT = 20, /* as promised at swapdev_attach: 4 GiB              */
    HALF = MACH_FRAME_BYTES / 2, /* what a failing transfer brings across     */
};

int
swapdev_attach(struct mach *mach, int file, uint64_t slots)
{
    if (slots == 0 || slots > UINT64_C(1) << MAX_SLOT_SHIFT) {
        errno = EINVAL;
        return -1;
    }
    if (mach->swap.slots != 0) {
        errno = EEXIST;
        return -1;
    }
    if (ftruncate(file, (off_t)(slots << MACH_FRAME_SHIFT)) != 0)
        return -1;
    mach->swap.file = file;
    mach->swap.slots = slots;
    return 0;
}

uint64_t
swapdev_slots(struct mach *mach)
{
    return mach->swap.slots;
}

void
swapdev_fail_read_at(struct mach *mach, uint64_t k, int for_ever)
{
    mach->swap.fail_read = (struct swap_failure){k, for_ever};
}

void
swapdev_fail_write_at(struct mach *mach, uint64_t k, int for_ever)
{
    mach->swap.fail_write = (struct swap_failure){k, for_ever};
}

struct swapdev_counts
swapdev_counts(const struct mach *mach)
{
    return mach->swap.counts;
}

/* ---- Transfers -------------------------------------------------------------- */

static void
must_exist(const struct mach *mach, uint64_t slot, uint64_t frame,
           const char *what)
{
    if (slot >= mach->swap.slots)
        mach_stop("bus error: swap device: %s slot 0x%" PRIx64
                  "; it has 0x%" PRIx64 " slots",
                  what, slot, mach->swap.slots);
    if (frame >= mach->frames)
        mach_stop("bus error: swap device: %s slot 0x%" PRIx64
                  ", frame 0x%" PRIx64 "; the machine has 0x%" PRIx64 " frames",
                  what, slot, frame, mach->frames);
}

/* Whether the transfer that begins now is one that has been arranged to fail. */
static int
arranged_to_fail(struct swap_failure *failure)
{
    if (failure->at == 0)
        return 0;
    if (failure->at > 1) {
        failure->at--;
        return 0;
    }
    if (!failure->for_ever)
        failure->at = 0;
    return 1;
}

static off_t
place(uint64_t slot)
{
    return (off_t)(slot << MACH_FRAME_SHIFT);
}

static unsigned char *
bytes_of(const struct mach *mach, uint64_t frame)
{
    return mach->memory + (frame << MACH_FRAME_SHIFT);
}

int
swapdev_write(struct mach *mach, uint64_t slot, uint64_t frame)
{
    must_exist(mach, slot, frame, "write to");
    mach->swap.counts.writes++;
    const int fails = arranged_to_fail(&mach->swap.fail_write);
    const size_t bytes = fails ? HALF : MACH_FRAME_BYTES;
    if (pwrite(mach->swap.file, bytes_of(mach, frame), bytes, place(slot)) !=
        (ssize_t)bytes)
        mach_stop("the file of the swap device cannot be written: %s",
                  strerror(errno));
    return fails ? SWAPDEV_ERROR : SWAPDEV_OK;
}

int
swapdev_read(struct mach *mach, uint64_t slot, uint64_t frame)
{
    must_exist(mach, slot, frame, "read from");
    mach->swap.counts.reads++;
    const int fails = arranged_to_fail(&mach->swap.fail_read);
    const size_t bytes = fails ? HALF : MACH_FRAME_BYTES;
    if (pread(mach->swap.file, bytes_of(mach, frame), bytes, place(slot)) !=
        (ssize_t)bytes)
        mach_stop("the file of the swap device cannot be read: %s",
                  strerror(errno));
    return fails ? SWAPDEV_ERROR : SWAPDEV_OK;
}

int
swapdev_peek(const struct mach *mach, uint64_t slot, void *to)
{
    if (slot >= mach->swap.slots)
        return -1;
    return pread(mach->swap.file, to, MACH_FRAME_BYTES, place(slot)) ==
                   MACH_FRAME_BYTES
               ? 0
               : -1;
}
