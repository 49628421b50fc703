/*
 * criterion_shim.h - runs the tests of a Criterion test object without
 * libcriterion, one per process.
 *
 * Criterion's macros leave descriptions of tests in a section of the object
 * and call a handful of functions at run time; criterion_shim.c supplies those
 * functions.  Which symbols that are is pinned by a test of the kit.  Suites,
 * .init and .fini work as in the library; a test that is disabled, skipped,
 * parameterized, or expects a signal or an exit status fails with a message
 * that says so, because none of these would say anything about a module.
 */
#ifndef VMLAB_JUDGE_CRITERION_SHIM_H
#define VMLAB_JUDGE_CRITERION_SHIM_H

#include <stdbool.h>
#include <stdnoreturn.h>

struct shim_outcome {
    bool failed;
    const char *message; /* of the first failure, or ""                       */
    const char *where;   /* "file:line", or ""                                */
};

/* The tests of the program, in the order of their names. */
unsigned shim_count(void);
const char *shim_name(unsigned number); /* "suite/test" */

/* Runs one test with its fixtures. */
struct shim_outcome shim_run(unsigned number);

/* Fails the running test and leaves its body; or only notes the failure. */
noreturn void shim_fail(const char *message, const char *where);
void shim_note_failure(const char *message, const char *where);

#endif
