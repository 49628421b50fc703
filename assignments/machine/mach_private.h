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

#include "direct.h"
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

    /* Physical memory: the caller's, or one anonymous mapping without
     * reservation, so that the host gives a page only when a byte of it is
     * touched. */
    unsigned char *memory;
    struct mach_state *state;
    int is_direct; /* both are the caller's                                */

    uint64_t words; /* of the bitmap of frames in use                       */

    uint64_t fail_at; /* allocations until the arranged failure; 0: none */

    /* The swap device; there is none while `slots` is 0. */
    struct {
        uint64_t slots;
        int file; /* not closed here                                        */
        struct swap_failure fail_read, fail_write;
        struct swapdev_counts counts;
    } swap;

    int watches; /* whether there is an address at which to look             */
    uint64_t watched_pa;
    /* A ring: the k-th invalidation (from 0) is in place k % its size. */
    struct mach_invalidation invalidated[INVALIDATIONS_KEPT];
};

/* Makes all `mach->frames` frames free; the state is zero. */
void mach_frames_begin(struct mach *mach);

/* Words of a bitmap of that many frames. */
uint64_t mach_frame_words(uint64_t frames);

#endif
