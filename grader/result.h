/*
 * result.h - what is known of one submission: the record that the steps fill
 * in and that every report is a rendering of.
 *
 * The steps of the pipeline (pipeline.h) each fill in their own part, once and
 * in order; nothing reads a part before its step has run.  All strings are
 * owned by the record and freed with it; bytes that come from a submission are
 * made valid UTF-8 without control characters (text.h) before they enter it.
 */
#ifndef VMLAB_RESULT_H
#define VMLAB_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cost.h"

/* How one test ended.  In the order in which causes are looked for; a name as
 * in `vmlab.result/1` stands beside each. */
enum verdict {
    VERDICT_NONE,            /* "ungraded": no record, our own trouble        */
    VERDICT_PASSED,          /* "passed"                                      */
    VERDICT_FAILED,          /* "failed": a wrong value came back             */
    VERDICT_CRASHED,         /* "crashed": signal                             */
    VERDICT_TIMED_OUT,       /* "timed out": processor or wall time           */
    VERDICT_OUT_OF_MEMORY,   /* "out of memory"                               */
    VERDICT_EXITED,          /* "exited early"                                */
    VERDICT_FORBIDDEN,       /* "forbidden call": refused by the sandbox      */
    VERDICT_NOT_IMPLEMENTED, /* "not implemented"                             */
};
enum { VERDICT_COUNT = VERDICT_NOT_IMPLEMENTED + 1 };
const char *verdict_name(enum verdict verdict);
/* The verdict of that name, or VERDICT_NONE. */
enum verdict verdict_of_name(const char *name);

/* How far a stage has come. */
enum stage_status {
    STAGE_NOT_SUBMITTED, /* "not submitted": the submission has no M.c       */
    STAGE_NOT_COMPILED,  /* "does not compile"                               */
    STAGE_REFUSED,       /* "refused": by the gate                           */
    STAGE_GRADED,        /* "graded"                                         */
    STAGE_UNGRADED,      /* "ungraded": trouble of the grader, see `trouble` */
};
const char *stage_status_name(enum stage_status status);

/* One memcheck error, at the student's line nearest to it. */
struct memory_error {
    char *kind;     /* memcheck's, such as "InvalidRead"                       */
    char *what;     /* one sentence                                            */
    char *where;    /* "segment.c:41 (seg_load)", or "" when outside it        */
    char *call;     /* the contract call during which it came, or ""           */
};

/* One judge test. */
struct test_result {
    const struct rubric_test *rubric; /* title, points, clause; not owned      */
    enum verdict verdict;
    char *call;     /* what was called, "seg_load(cpu, SEG_DS, 0x10, fault)"   */
    char *expected; /* both NULL unless a value was compared                   */
    char *got;
    char *message;  /* one line; what went wrong in words                      */
    char *context;  /* what check_context said, or NULL                        */
    char *trace;    /* the last events, a line each; the picture; or NULL      */
    char *output;   /* what the module printed, shortened; or NULL             */
    char *where;    /* file:line of the check that did not hold                */
    uint64_t seed;
    double cpu_ms;  /* of the module; shown only                               */
    int child;      /* process id of the module's process, to find its XML     */

    bool memory_checked; /* ran under memcheck too                             */
    bool memory_clean;   /* ... gave the same answers and no error             */
    struct memory_error *errors;
    size_t error_count;
};

/* One of the student's own tests. */
struct own_test {
    char *name;        /* "suite/test"                                         */
    enum verdict on_own_module;
    char *message;     /* of its failure there; or NULL                        */
    bool valid;        /* passes on every right implementation                 */
    char *rejects;     /* the right behaviour that it rejects, or NULL         */
    size_t caught;     /* bugs that it catches, of any part                    */
};

/* One bug of the bank against the student's own tests. */
struct bug_result {
    const struct bug *bug; /* not owned                                        */
    bool caught;
    char *by;              /* the first own test that catches it, or NULL      */
};

struct coverage {
    bool measured;
    unsigned lines, lines_covered, branches, branches_covered;
    char *missed;          /* "41-43, 57": lines that no own test reaches      */
};

/* What the module costs on recorded traces (cost.h). */
struct cost_result {
    bool asked;    /* this stage's is measured, and was to be                  */
    char *trouble; /* why there are no figures, in words; or NULL              */
    struct cost own, reference;
};

/* A refusal of the gate, or a message of the compiler. */
struct finding {
    unsigned line;         /* in the student's file; 0 when it has none        */
    char *rule;            /* short name, "asm", "call", "section"; "" if none */
    char *message;         /* friendly, names the way out                      */
};

/* Points.  `of` is the maximum; nothing is rounded before it is shown. */
struct points {
    double got, of;
};

struct stage_score {
    struct points tests, memory, bugs, coverage; /* the must part              */
    struct points must;                          /* their sum: 100             */
    struct points bonus;                         /* shown apart; in it:        */
    struct points space, instructions;           /* ... what it costs          */
};

struct stage_result {
    const struct stage *stage; /* of the catalogue; not owned                  */
    enum stage_status status;
    char *trouble;             /* why it is ungraded, or NULL                  */

    struct finding *findings;  /* why it does not compile or was refused       */
    size_t finding_count;
    char *warnings;            /* the compiler's, shortened; or NULL           */

    struct test_result *tests; /* in the rubric's order                        */
    size_t test_count;

    bool own_tests_submitted;
    char *own_tests_trouble;   /* why they did not build; or NULL              */
    struct own_test *own_tests;
    size_t own_test_count;
    struct bug_result *bugs;   /* in the bank's order                          */
    size_t bug_count;
    struct coverage coverage;
    struct cost_result cost;

    const struct bug **diagnosis; /* bugs whose failures are exactly these     */
    size_t diagnosis_count;

    struct stage_score score;
    struct step_time {
        const char *step;
        double seconds;
    } *times;                  /* of the steps; shown, never scored            */
    size_t time_count;
};

/* Why an intake left a file out. */
struct ignored_file {
    char *name;
    char *why;
};

struct result {
    char *submission;        /* the name that it goes by                       */
    char *digest;            /* SHA-256 of the files taken, in hexadecimal     */
    char *intake_trouble;    /* "broken archive ...": the submission's; or NULL*/
    struct ignored_file *ignored;
    size_t ignored_count;
    uint64_t seed;
    char **sandbox;          /* layers that were active, "seccomp", ...        */
    size_t sandbox_count;
    char **uncovered;        /* what the submission could do all the same,     */
    size_t uncovered_count;  /* "read files"; empty unless that was allowed    */
    struct stage_result *stages; /* in the catalogue's order                   */
    size_t stage_count;
};

/* An empty record, and its end.  Allocation failures of the grader end the
 * program (die), so neither these nor anything that fills it returns NULL. */
struct result *result_create(const char *submission, uint64_t seed);
void result_free(struct result *result);

/* Whether any stage is ungraded. */
bool result_has_trouble(const struct result *result);

#endif
