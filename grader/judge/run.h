/*
 * run.h - one test while it runs, shared by everything behind vmlab_test.h.
 *
 * Two programs host tests: the judge, which is an ordinary Criterion program
 * and writes a record per test (criterion_host.c), and the tester, which runs a
 * student's own tests without libcriterion (tester.c).  Each supplies the
 * functions of the second half; fixture.c, checks.c and endings.c are the same
 * in both.
 */
#ifndef VMLAB_JUDGE_RUN_H
#define VMLAB_JUDGE_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "bridge/judge.h"
#include "result.h"

enum {
    RUN_TEXT = 1024,
    RUN_MESSAGE = 8192, /* a message may hold a whole sequence of calls        */
};

/* Why a test did not pass.  Empty strings say nothing. */
struct failure {
    enum verdict verdict;
    char call[RUN_TEXT];
    char expected[RUN_TEXT];
    char got[RUN_TEXT];
    char message[RUN_MESSAGE];
    char where[256];
};

/* The running test. */
struct run {
    char name[256]; /* "suite/test"                                           */
    uint64_t seed;  /* of this test                                           */
    uint64_t random_state;
    char context[RUN_TEXT]; /* check_context                                  */
    bool over;              /* `failure` is the reason                        */
    struct failure failure;
    struct bridge_end end;  /* how the subject ended, after it has            */
};
extern struct run run;

/* Ends the running test with that reason; the first one counts.  Does not
 * return when called from the body of a test. */
noreturn void run_fail(const struct failure *failure);

/* Runs `body` with a subject of its own, as if it were a test: true when it comes
 * to its end.  Otherwise false, with the reason, and the test goes on; but what
 * takes long, and what is not implemented, ends the test at once, and so does
 * every failure where the host has no second subject. */
bool run_trial(void (*body)(const void *data), const void *data,
               struct failure *failure);

/* Whether the test may still spend time on what only makes its failure easier to
 * read: less than a quarter of what a subject may live has gone by.  Else a
 * module that is slow in every trial would keep the test until the host's
 * runner ends it, and it would have no verdict.  Decides over no verdict. */
bool run_has_time(void);

/* What an address in the kernel memory of the running test is, in brackets with
 * a space before; "" when there is nothing to say. */
const char *run_kind_of_memory(uint64_t address);

/* The seed of test `name` in a course with seed `course`: a function of the
 * two alone. */
uint64_t run_seed(uint64_t course, const char *name);

/* ---- Supplied by the host ------------------------------------------------ */

/* A subject for this test; NULL, or our own trouble. */
const char *host_session(struct bridge_session *session);

/* Whether host_session has a second subject for the same test. */
bool host_has_more(void);

/* Whether somebody will read why a test failed.  Where the verdict alone counts,
 * no failure is made easier to read at the price of more calls. */
bool host_explains(void);

/* Whether the subject reaches the memory of machines without a call: only where
 * no verdict depends on it (bridge/direct.c). */
bool host_is_direct(void);

/* Whether a test that has passed leaves its subject to the next. */
bool host_keeps_subject(void);

/* The course's seed. */
uint64_t host_seed(void);

/* Leaves the body of the running test, which has failed with run.failure. */
noreturn void host_leave_test(void);

/* The test, its fixture included, is over: `run` says how. */
void host_test_over(void);

/* Our own trouble: there will be no verdict for this test. */
noreturn void host_trouble(const char *what);

#endif
