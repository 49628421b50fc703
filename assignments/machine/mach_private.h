/*
 * mach_private.h - what is inside a machine: for the files of machine/ alone.
 *
 *   mach.c    making, counting, looking from outside, the processor's side
 *   phys.c    physical memory
 *   frame.c   who uses which frame
 *   swapdev.c the swap device
 */
#ifndef VMLAB_MACH_PRIVATE_H
#define VMLAB_MACH_PRIVATE_H

#include "machine.h"
#include "swapdev.h"

enum {
    MACH_MAX_FRAME_SHIFT = 28, /* a machine has at most 2^28 frames: 1 TiB */
    INVALIDATIONS_KEPT = 64,   /* as promised at mach_invalidated          */
    WORD_BITS = 64,            /* frames in one word of the bitmap         */
};

/* Which transfer of the swap device shall fail. */
struct swap_failure {
    uint64_t at;  /* transfers until then; 0: none                          */
    int for_ever; /* all that follow fail, too                              */
};

struct mach {
    uint64_t frames; /* number of frames                              */
    uint64_t bytes;  /* frames * MACH_FRAME_BYTES                     */

    /* Physical memory: one anonymous mapping without reservation, so that the
     * host gives a page only when a byte of it is touched. */
    unsigned char *memory;

    /* One bit per frame, set while it is in use; bits behind the last frame
     * are set for ever.  No word below `first_word` has a clear bit, so that
     * filling memory frame by frame does not search it again each time. */
    uint64_t *used;
    uint64_t words;
    uint64_t first_word;

    uint64_t fail_at; /* allocations until the arranged failure; 0: none */

    struct mach_counts counts;

    /* The swap device; there is none while `slots` is 0. */
    struct {
        uint64_t slots;
        int file; /* not closed here                                        */
        struct swap_failure fail_read, fail_write;
        struct swapdev_counts counts;
    } swap;

    /* A ring: the k-th invalidation (from 0) is in place k % its size. */
    struct mach_invalidation invalidated[INVALIDATIONS_KEPT];
};

/* The bitmap of `mach->frames` frames, all free.  0, or -1 with errno set. */
int mach_frames_begin(struct mach *mach);
void mach_frames_end(struct mach *mach);

#endif
