/*
 * tally.h - what became of the attacks, by family: the table that a run ends
 * with.  Two runs of the same attacks, here and in a container, have the same
 * table, which holds no time.
 */
#ifndef VMLAB_ATTACKS_TALLY_H
#define VMLAB_ATTACKS_TALLY_H

#include <stdbool.h>
#include <stddef.h>

/* How an attack ends, from the first step of grading to the last. */
enum tally_end {
    END_NOT_SUBMITTED,
    END_DOES_NOT_COMPILE,
    END_REFUSED,  /* by the gate                                              */
    END_UNGRADED, /* it has spoilt its own grading, for a person to look at   */
    END_NO_POINT, /* graded                                                   */
    END_POINTS,   /* graded: the few that its line of the table allows        */
    END_WRONG,    /* not what its line demands                                */
    TALLY_ENDS,
};

struct tally {
    struct tally_family {
        const char *name; /* not owned */
        unsigned ends[TALLY_ENDS];
    } * families;
    size_t count;
};

/* `good`: it got what its line demands; `status` is the stage's.  Attacks of a
 * family come one after the other. */
void tally_add(struct tally *tally, const char *family, bool good,
               const char *status, double points);
/* As a table of Markdown, to standard output. */
void tally_print(const struct tally *tally);
void tally_free(struct tally *tally);

#endif
