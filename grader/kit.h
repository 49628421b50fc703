/*
 * kit.h - where the kit's parts are, and what is known of its stages.
 */
#ifndef VMLAB_KIT_H
#define VMLAB_KIT_H

#include <stdbool.h>

#include "bank.h"
#include "catalogue.h"
#include "cost.h"
#include "rubric.h"

/* A stage with everything that does not depend on a submission. */
struct kit_stage {
    const struct stage *stage;
    struct rubric *rubric;
    struct bank *bank;
    char *folder; /* build/kit/M                                       */
    char *judge;  /* programs and objects in it, see the Makefile      */
    char *subject_object;
    char *tester_object;
    char *replay_object; /* NULL when the rubric has no cost; and so below    */
    struct strings traces; /* those that are played for it                    */
    struct cost_base cost_base;
    struct strings functions; /* the contract's                               */
    struct strings served;    /* what the judge serves to it                  */
    struct strings allow;     /* what it may use of the C library             */
    struct strings rights;    /* programs of reference and alternatives       */
    struct strings bugs;      /* programs of the bugs, in the bank's order    */
    struct strings right_names; /* "reference", "alternative table_driven"    */
};

struct kit {
    char *root;
    char *headers; /* what a module includes: ROOT/assignments, or its copy   */
    struct catalogue *catalogue;
    struct kit_stage *stages; /* in the catalogue's order                     */
    size_t stage_count;
};

/* The folder of the kit around the running program, to be freed; or the end of
 * the program, with what to do. */
char *kit_find_root(void);

/* What of a kit is opened.  A learner's has no more than the first: judges of
 * the public tests, without rights, bugs, bank and cost. */
enum kit_part { KIT_PUBLIC, KIT_WHOLE };

/* Finds the kit around the running program and reads its data; a kit that is
 * damaged or not built ends the program with what to do. */
struct kit *kit_open(enum kit_part part);
void kit_free(struct kit *kit);

/* Copies what steps with users of their own need, when these users cannot get
 * at the kit (a clone below /root), to where they can; the copy goes when the
 * program ends.  Own tests' reference, alternatives and bugs are among it when
 * `bank` is set. */
void kit_make_reachable(struct kit *kit, bool bank);

/* The stage of that name, or NULL. */
const struct kit_stage *kit_stage(const struct kit *kit, const char *name);

/* A path below the kit's root, to be freed. */
char *kit_path(const struct kit *kit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
