/*
 * judging.h - runs the judge of a stage against one subject and reads the
 * records that its tests left.
 *
 * The judge is a Criterion program of ours; its exit status and its output
 * decide nothing.  A test's verdict is the record that it wrote as it ended.  A
 * test that should have one and has none, or whose record Criterion
 * contradicts, has VERDICT_NONE: our own trouble, told in `trouble`.
 */
#ifndef VMLAB_JUDGING_H
#define VMLAB_JUDGING_H

#include "catalogue.h"
#include "result.h"
#include "rubric.h"
#include "subjects.h"

struct judging {
    const char *judge;      /* the program                                    */
    const struct subject_request *subject;
    const struct rubric *rubric;
    const struct stage *stage; /* its limits                                  */
    bool public_only;       /* leave hidden tests alone                       */
    const char *only;       /* one test by its id, or NULL                    */
    const bool *chosen;     /* which of the rubric's tests, or NULL: all      */
    uint64_t seed;          /* the course's                                   */
    unsigned patience;      /* factor on processor time: valgrind is slow     */
    bool unlimited_memory;  /* valgrind needs it                              */
    bool direct;            /* machines lie where the module reaches them     */
    const char *work;       /* a folder of ours for the records               */
    unsigned jobs;          /* tests at one time                              */
};

/* Verdicts by test, in the rubric's order: `count` of them, to be freed with
 * judging_free.  A test that was not asked for has `asked` unset. */
struct judged_test {
    bool asked;
    struct test_result result;
    bool used; /* the module's process had served another test before         */
    unsigned memcheck_errors; /* counted by the module's process              */
    char *memcheck_call;      /* the first call that raised one, or NULL      */
};
struct judged {
    struct judged_test *tests;
    size_t count;
    char *trouble; /* why some test has no verdict, or NULL                   */
};
struct judged *judging_run(const struct judging *judging);
void judged_free(struct judged *judged);

#endif
