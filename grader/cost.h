/*
 * cost.h - what a solution costs: memory and instructions, on recorded traces.
 *
 * A program that holds the module and the replay (tests/heap/trace/replay.c)
 * plays the traces natively, under callgrind where instructions are counted.
 * Nothing here comes from a clock: empty environment, fixed addresses, one
 * choice of glibc's variants on every processor, and what the replay itself
 * needs is subtracted.
 */
#ifndef VMLAB_COST_H
#define VMLAB_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "rubric.h"

struct cost {
    uint64_t payload_bytes;   /* peaks of payload, of all traces together     */
    uint64_t footprint_bytes; /* peaks of what the kernel gave, together      */
    uint64_t instructions;    /* in the module's functions and what they      */
                              /* call; 0: more than could be counted          */
};

/* What does not depend on a submission: `measure_cost` writes it when the kit
 * is built. */
struct cost_base {
    struct cost reference;
    uint64_t replay_instructions; /* of the replay itself, in `instructions`  */
};

struct cost_request {
    const char *replay;        /* program                                     */
    const char *const *traces; /* NULL-terminated, at least one, all in one   */
                               /* folder                                      */
    const char *work;          /* folder for valgrind's temporary files       */
    bool sandboxed;
    unsigned slot;
};

enum cost_end {
    COST_MEASURED,
    COST_NO_FIGURES, /* the module's fault: a payload that changed, a crash,  */
                     /* a limit                                               */
    COST_TROUBLE,    /* ours                                                  */
};

/* Plays the traces with every payload looked at, and once more for
 * instructions.  Unless measured, *why says in words why not, to be freed. */
enum cost_end cost_measure(const struct cost_request *request,
                           uint64_t replay_instructions, struct cost *cost,
                           char **why);

/* Measures a reference and the replay itself; its program is trusted.  Returns
 * NULL or why it could not, to be freed. */
char *cost_measure_base(const struct cost_request *request,
                        struct cost_base *base);

/* The file of a kit that holds a base.  Returns whether it could. */
bool cost_base_read(const char *path, struct cost_base *base);

/* The share, 0 to 1, of the points for one figure: all up to `full` times the
 * reference's, none from `none` times on, a straight line between. */
double cost_share(const struct cost_rule *rule, uint64_t own,
                  uint64_t reference);

#endif
