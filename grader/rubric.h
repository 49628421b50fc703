/*
 * rubric.h - what each test of a stage is worth and which rule it states, as
 * tests/M/rubric.yaml gives it (the format is in tests/README.md).
 *
 * The rubric is also the list of the tests that must appear: a test without a
 * record is our trouble, not a test that was not there.
 */
#ifndef VMLAB_RUBRIC_H
#define VMLAB_RUBRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "catalogue.h"
#include "text.h"

/* Whether a test is seen by students and worth nothing, or graded. */
enum suite {
    SUITE_PUBLIC,
    SUITE_HIDDEN,
};
const char *suite_name(enum suite suite);

/* The part of a stage that a test or a bug belongs to.  The must part has 100
 * points; the bonus part is scored and shown apart. */
enum part {
    PART_MUST,
    PART_BONUS,
};
const char *part_name(enum part part);

struct rubric_group {
    char *id;
    char *title;
    char *handout; /* heading in the stage's handout */
};

struct rubric_test {
    char *id; /* the name of the Criterion test */
    enum suite suite;
    char *group; /* id of a group, and the group itself */
    const struct rubric_group *in;
    enum part part;
    double points; /* 0 for public tests */
    char *title;
    char *clause;  /* the rule of the contract that it states */
    char *why;     /* NULL, or why it is there although no bug fails it */
    unsigned line; /* in the file, for messages */
};

/* What one figure of the cost is worth: all points up to `full` times the
 * reference's, none from `none` times on. */
struct cost_rule {
    double points, full, none;
};

/* Bonus points for what a solution costs on recorded traces. */
struct cost_rules {
    char **traces; /* names of those that are played */
    unsigned trace_count;
    struct cost_rule space;        /* peak of memory from the kernel */
    struct cost_rule instructions;
};

struct rubric {
    char *path;  /* of the file, for messages */
    char *stage; /* its name */
    struct rubric_group *groups;
    unsigned group_count;
    struct rubric_test *tests; /* in teaching order */
    unsigned test_count;
    struct cost_rules *cost; /* NULL: this stage's cost is not measured */
};

/* Reads and checks the rubric of a stage of the catalogue.  A valid one is
 * returned, to be freed with rubric_free; otherwise NULL, with every problem
 * added to `errors` as "PATH:LINE: what to do". */
struct rubric *rubric_read(const char *path, const struct catalogue *catalogue,
                           const struct stage *stage, struct strings *errors);

/* The same, but problems are printed and end the program (EX_CONFIG). */
struct rubric *rubric_load(const char *path, const struct catalogue *catalogue,
                           const struct stage *stage);

void rubric_free(struct rubric *rubric);

/* The test of that name, or NULL. */
const struct rubric_test *rubric_find(const struct rubric *rubric,
                                      const char *id);

/* A learner's kit has public tests alone. */
bool rubric_has_hidden_tests(const struct rubric *rubric);

/* Whether the test counts for the must part: hidden, and not bonus. */
bool rubric_counts(const struct rubric_test *test);

#endif
