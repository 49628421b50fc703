/*
 * report.h - what all renderings of a record have in common: how much of a
 * hidden test may be seen, and the words that only the program knows.
 */
#ifndef VMLAB_REPORT_H
#define VMLAB_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bank.h"
#include "result.h"
#include "rubric.h"

/* What is shown of a hidden test; each shows what the ones before it show.
 * Public tests are always shown whole. */
enum visibility {
    SHOW_NOTHING,    /* how many there are, and the score                     */
    SHOW_TITLE,      /* id, title, clause, verdict, points; memory errors at  */
                     /* lines of the submission                               */
    SHOW_INPUTS,     /* what was called, in which situation, the seed, what   */
                     /* the module printed                                    */
    SHOW_EVERYTHING, /* values expected and got, messages, the picture        */
};
const char *visibility_name(enum visibility visibility);
/* Returns whether there is one of that name. */
bool visibility_of_name(const char *name, enum visibility *visibility);

struct report_options {
    const char *kit_version;
    enum visibility hidden;
    bool uncaught_bugs; /* also name the bugs that own tests did not catch */

    /* For the terminal; other renderings ignore them. */
    bool colour;
    unsigned width; /* columns, 80 to 100 */

    /* Lines of the first failure that depend on the program and on what is
     * installed: how to repeat the test, how to debug it, the next hint.  Each
     * returns a new string, or NULL for no such line; the function itself may
     * be NULL. */
    char *(*repeat)(const struct stage_result *stage,
                    const struct test_result *test, void *context);
    char *(*debug)(const struct stage_result *stage,
                   const struct test_result *test, void *context);
    char *(*hint)(const struct stage_result *stage,
                  const struct test_result *test, void *context);
    void *context;
};

/* The options for `out`, which may be a terminal: colour there unless NO_COLOR
 * is set, its width within 80 to 100, everything shown. */
struct report_options report_for_terminal(FILE *out);

/* A `hint` for report_options: where the handout helps with such a test. */
char *report_hint(const struct stage_result *stage,
                  const struct test_result *test, void *context);

/* Whether a stage needs no line of its own: it was not submitted, and another
 * was. */
bool report_leaves_out(const struct result *result,
                       const struct stage_result *stage);

/* What may be shown of this test. */
enum visibility report_visibility(const struct report_options *options,
                                  const struct test_result *test);

/* The first test in teaching order that has a verdict, did not pass and may be
 * named; or NULL. */
const struct test_result *
report_first_failure(const struct report_options *options,
                     const struct stage_result *stage);

/* How many tests of the stage ended in each way; `suite` NULL: of both. */
struct verdict_counts {
    size_t of[VERDICT_COUNT];
    size_t all;
};
struct verdict_counts report_count(const struct stage_result *stage,
                                   const enum suite *suite);

/* Bugs of a part that own tests were run against, and caught. */
struct bug_counts {
    size_t caught, all;
};
struct bug_counts report_bugs(const struct stage_result *stage, enum part part);

/* A sentence that says what of the hidden tests is not shown, to be freed; NULL
 * when nothing is left out. */
char *report_withheld(const struct report_options *options,
                      const struct stage_result *stage);

/* Points for people: one decimal at most, and rounded down, so that only a full
 * score looks full.  To be freed. */
char *report_points(double points);

#endif
