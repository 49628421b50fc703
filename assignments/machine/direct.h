/*
 * direct.h - a machine that two processes have in memory: for who hosts tests,
 * out of a module's and a test's reach.
 *
 * Where no verdict depends on it, most calls of the machine need not cross the
 * bridge: the module's process reads and writes the same memory and the same
 * state (grader/bridge/direct.c).  Neither side relies on what the other has
 * left there.
 */
#ifndef VMLAB_MACHINE_DIRECT_H
#define VMLAB_MACHINE_DIRECT_H

#include "machine.h"

/* What changes while a machine runs, apart from its memory. */
struct mach_state {
    struct mach_counts counts;

    /* One bit per frame, set while it is in use; bits behind the last frame
     * are set for ever.  No word below `first_word` has a clear bit, so that
     * filling memory frame by frame does not search it again each time. */
    uint64_t first_word;
    uint64_t used[];
};

/* Bytes of the state of a machine of `frames` frames. */
size_t mach_state_bytes(uint64_t frames);

/* As mach_create, in memory of the caller's, who keeps it until the machine is
 * destroyed: `memory` has frames * 4096 bytes, all zero, and so is `state`. */
struct mach *mach_create_at(uint64_t frames, void *memory,
                            struct mach_state *state);

#endif
