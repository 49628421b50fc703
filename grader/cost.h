/*
 * cost.h - what a heap costs: memory and instructions, on the recorded traces.
 *
 * A program that holds the module and tests/heap/trace/replay.c plays all
 * traces natively, under callgrind where instructions are counted.  Nothing
 * here comes from a clock: empty environment, fixed addresses, what the replay
 * itself costs subtracted.
 */
#ifndef VMLAB_COST_H
#define VMLAB_COST_H

#include <stdint.h>

struct cost {
    uint64_t payload_bytes;   /* peaks of payload, of all traces together     */
    uint64_t footprint_bytes; /* peaks of what the kernel gave, together      */
    uint64_t instructions;    /* in the heap's functions and what they call   */
};

/* Plays `traces` (NULL-terminated paths, at least one, all in one folder) to
 * the heap in the program `replay`: with every payload looked at, for memory,
 * and for instructions.  `work` is a folder of ours for temporary files.
 * Returns NULL, or why there is no cost, in words for the student, to be freed:
 * a payload that changed, a crash, a limit. */
char *cost_measure(const char *replay, const char *const *traces,
                   const char *work, unsigned slot, struct cost *cost);

/* The share, 0 to 1, of the points for one figure: all up to `full` times the
 * reference's, none from `none` times on, a straight line between. */
double cost_share(uint64_t own, uint64_t reference, double full, double none);

#endif
