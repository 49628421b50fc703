/*
 * gradescope_results.h - a record as the results.json that Gradescope reads.
 *
 * The record is `vmlab.result/1` (json.h), made with the visibility of hidden
 * tests that the settings ask for: what it leaves out is not here either.  The
 * metadata is the platform's submission_metadata.json.
 *
 * What was not graded through trouble of the grader is no score of 0.  The
 * platform takes whatever results.json says, so in that case it repeats what
 * the submission before had, or, when there is none, is not written at all,
 * which the platform shows as an autograder that failed.
 */
#ifndef VMLAB_GRADESCOPE_RESULTS_H
#define VMLAB_GRADESCOPE_RESULTS_H

#include <jansson.h>

#include "gradescope_settings.h"

/* What one field of results.json may hold.  The platform cuts each output at
 * 100,000 characters; these keep a page of all of them readable. */
enum {
    GRADESCOPE_NAME_BYTES = 200,
    GRADESCOPE_OUTPUT_BYTES = 8000,
    GRADESCOPE_ALL_BYTES = 400000, /* then each output has the next           */
    GRADESCOPE_SHORT_BYTES = 200,
};

/* The results of a record in which no stage is ungraded; `metadata` may be
 * NULL.  A new reference. */
json_t *gradescope_results(const json_t *record, const json_t *metadata,
                           const struct gradescope_settings *settings);

/* The results of the latest earlier submission that was graded, with a note of
 * why this one is not; NULL when there is none.  A new reference. */
json_t *gradescope_earlier_results(const json_t *metadata, const char *why);

#endif
