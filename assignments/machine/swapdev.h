/*
 * swapdev.h - the machine's swap device: a file cut into slots of 4 KiB.
 *
 *   physical memory                      the file
 *   +--------+--------+--------+--       +--------+--------+--------+--
 *   | frame 0| frame 1| frame 2| ..      | slot 0 | slot 1 | slot 2 | ..
 *   +--------+--------+--------+--       +--------+--------+--------+--
 *                 \__ swapdev_write(mach, 1, 1) __^
 *
 * The device moves whole frames and knows nothing of who uses a slot: that is
 * for a module to remember.  A machine may have no device; then it has 0 slots.
 *
 * A transfer may fail, as on a worn disk, and then it stops in the middle: the
 * first half of the target is new, the second half is as it was.
 *
 * A slot or frame that does not exist is a bus error: no correct module ever
 * asks for one, so it ends the test and names it.
 */
#ifndef VMLAB_SWAPDEV_H
#define VMLAB_SWAPDEV_H

#include <stdint.h>

#include "machine/machine.h"

enum swapdev_status {
    SWAPDEV_OK = 0,
    SWAPDEV_ERROR, /* the transfer stopped in the middle                      */
};

/* ---- For modules and tests ------------------------------------------------- */

/* Number of slots; 0 when the machine has no swap device. */
uint64_t swapdev_slots(struct mach *mach);

/* Writes frame number `frame` to slot number `slot`, or the other way round.
 * Each call counts as one write or read, a failed one too.  Returns SWAPDEV_OK
 * or SWAPDEV_ERROR. */
int swapdev_write(struct mach *mach, uint64_t slot, uint64_t frame);
int swapdev_read(struct mach *mach, uint64_t slot, uint64_t frame);

/* ---- Controls: for tests alone, out of a module's reach -------------------- */

struct swapdev_counts {
    uint64_t reads;  /* calls of swapdev_read                                 */
    uint64_t writes; /* calls of swapdev_write                                */
};

/* Gives the machine a device of `slots` slots (1 to 2^20) on the open file
 * `file`, whose size becomes slots * 4 KiB.  The file stays the caller's, who
 * closes it after mach_destroy.  Returns 0, or -1 with errno: EINVAL for a bad
 * number of slots, EEXIST when there is a device already, or that of the file.
 * In a test: test_swapdev of vmlab_test.h. */
int swapdev_attach(struct mach *mach, int file, uint64_t slots);

/* Makes the k-th read or write from now on fail once (k = 1: the next one), or
 * every one from the k-th on when `for_ever` is not 0; k = 0 cancels. */
void swapdev_fail_read_at(struct mach *mach, uint64_t k, int for_ever);
void swapdev_fail_write_at(struct mach *mach, uint64_t k, int for_ever);

/* A copy of the counters. */
struct swapdev_counts swapdev_counts(const struct mach *mach);

/* Copies the 4 KiB of a slot without counting.  Returns 0, or -1 when there is
 * no such slot. */
int swapdev_peek(const struct mach *mach, uint64_t slot, void *to);

#endif
