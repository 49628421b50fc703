/*
 * own_tests.h - a student's own tests against implementations: their own
 * module, the right ones, and the bugs of the bank.
 *
 * Tests and implementations are zygotes (judge/tester.h, subjects.h).  For each
 * pair a fresh child of both is joined by a fresh socket, so no two pairs share
 * anything, and the test sees of the implementation only its behaviour.
 *
 * A test that fails by chance, by a clock or by an address says nothing of a
 * module, although it may pass on all right ones and fail on a bug; with enough
 * of them every bug would be "caught".  So the hunt for bugs meets right modules
 * again and again, and whoever rejects one of them is out.
 *
 * On each bug a scout goes first: all tests one after the other in one process,
 * on one child of the bug, until one fails.  That is a hint which test to try
 * first, and no more; without a hint they are tried in their order, as if there
 * had been no scout.  It saves nearly half of the pairs.
 */
#ifndef VMLAB_OWN_TESTS_H
#define VMLAB_OWN_TESTS_H

#include <stdbool.h>

#include "catalogue.h"
#include "result.h"
#include "subjects.h"

/* How one test ended on one implementation. */
struct own_outcome {
    enum verdict verdict; /* VERDICT_NONE: our own trouble                    */
    char *message;        /* of a failure; or NULL                            */
    char *where;          /* file:line of the test, or NULL                   */
    bool slept;           /* waited for nothing until its time was over,      */
    bool looped;          /* or computed until then                           */
    uint64_t cpu_ns;      /* processor time of the test                       */
    struct own_need {
        uint64_t calls;  /* between test and module                           */
        unsigned cpu_ms; /* of the module                                     */
    } need; /* as the test claims: nothing to rely on but for its own speed   */
};

/* A program under test. */
struct own_implementation {
    const struct subject_request *subject;
    bool own_module; /* the student's: may say where it crashed, and has no   */
                     /* limit of memory, for coverage                         */
};

struct own_run {
    char *const *tester_argv;
    const struct sandbox *tester_sandbox;
    bool tester_is_ours; /* no limit on its memory: its machines may be large;
                          * and after a test that passed its process takes
                          * another, as an implementation's may               */
    const struct stage *stage; /* its limits                                  */
    uint64_t seed;
};

/* The names "suite/test" of the tester's tests in the order of their numbers,
 * cleaned.  Returns false when the program does not tell them: *trouble is then
 * why, and *ours whether the grader is to blame and not the tests. */
bool own_tests_list(const struct own_run *run, struct strings *names, bool *ours,
                    char **trouble);

/* Runs every chosen test (chosen[test], NULL: all) on every implementation.
 * outcome[i * test_count + t] is filled for implementation i and test t; free
 * them with own_outcome_free. */
void own_tests_matrix(const struct own_run *run,
                      const struct own_implementation *implementations,
                      size_t implementation_count, size_t test_count,
                      const bool *chosen, struct own_outcome *outcomes);

/* Hunts bugs: on each, runs the chosen tests, what a scout has found first and
 * then those of few calls, until one catches it: fails four times, passes in
 * between on three of the `right` implementations, and before its first catch on
 * ten.  caught_by[i] is that test's number or -1.  A test that does not pass on
 * a right one here is no longer chosen and has caught nothing.  need[t] is the
 * most that test t needed on a right one: a module that computes many times
 * longer will not come to an end.  Returns false when the processes of a pair
 * could not be run. */
struct own_prey {
    const struct own_implementation *bugs, *rights;
    size_t bug_count, right_count;
};
bool own_tests_hunt(const struct own_run *run, const struct own_prey *prey,
                    size_t test_count, const struct own_need *need,
                    bool *chosen, int *caught_by);

void own_outcome_free(struct own_outcome *outcome);

#endif
