/*
 * bank.h - the bug bank of a stage: wrong solutions, one misconception each.
 *
 * A bug serves twice.  Applied to the reference it is an implementation that
 * the student's own tests should catch; and the hidden tests that it fails are
 * the fingerprint by which the same mistake is known in a submission
 * (diagnose.h).  The format of a bug is in solutions/README.md.
 */
#ifndef VMLAB_BANK_H
#define VMLAB_BANK_H

#include <stddef.h>

#include "rubric.h"
#include "text.h"

struct bug {
    char *name;          /* of the file: "limit_is_a_size"               */
    char *title;         /* "the limit is taken for a size"              */
    char *misconception; /* "You treat the limit as a length, ..."       */
    char *clause;        /* the rule of the contract that it breaks      */
    char *handout;       /* where the handout speaks of it               */
    enum part part;
    const struct rubric_test **fails; /* the hidden tests that it fails,  */
    size_t fail_count;                /* in the rubric's order; never 0   */
    char *patch;                      /* path of the file                 */
};

struct bank {
    struct bug *bugs; /* sorted by name */
    size_t bug_count;
};

/* Reads all bugs in `directory` (solutions/M/bugs) and checks them against the
 * rubric of the same stage, which must outlive the bank.  A valid bank is
 * returned, to be freed with bank_free; otherwise NULL, with every problem
 * added to `errors` as "PATH:LINE: what to do".  Whether the patches apply and
 * fail what they say is for `make check-kit` to find out. */
struct bank *bank_read(const char *directory, const struct rubric *rubric,
                       struct strings *errors);

/* The same, but problems are printed and end the program (EX_CONFIG). */
struct bank *bank_load(const char *directory, const struct rubric *rubric);

void bank_free(struct bank *bank);

/* Adds a problem for every hidden test that no bug fails and that does not say
 * why it is there, and for every one that says why though a bug fails it. */
void bank_check_rubric(const struct bank *bank, const struct rubric *rubric,
                       struct strings *errors);

#endif
