/*
 * record.h - the way back: from a record, `vmlab.result/1`, to what it is a
 * rendering of, so that it can be rendered again: for a student, with less.
 *
 * Titles and rules are the kit's; a record that names a test or a bug that this
 * kit does not have was made with another one, and must be graded again first.
 */
#ifndef VMLAB_RECORD_H
#define VMLAB_RECORD_H

#include <jansson.h>

#include "bank.h"
#include "catalogue.h"
#include "result.h"
#include "rubric.h"

/* A stage of the kit, as records need it; nothing of it is built. */
struct record_stage {
    const struct stage *stage;
    struct rubric *rubric;
    struct bank *bank;
};

struct record_kit {
    struct record_stage *stages; /* in the catalogue's order */
    size_t count;
};

/* Reads rubrics and banks of the kit in the folder `root`; or die().  The
 * catalogue must outlive it. */
struct record_kit record_kit_open(const char *root,
                                  const struct catalogue *catalogue);
void record_kit_free(struct record_kit *kit);

/* The record, to be freed with result_free; NULL when this kit cannot read it,
 * with the reason in `*why`, to be freed.  It holds no more than was shown when
 * it was written; the steps' times are left out. */
struct result *record_read(const json_t *json, const struct record_kit *kit,
                           char **why);

#endif
