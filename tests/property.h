/*
 * property.h - long random sequences of calls, held against a simple model and
 * shrunk before they are shown.
 *
 *     generate a sequence -> replay it -> all well: passed
 *                                \
 *                                 something differs -> leave steps out, replay
 *                                 again, as long as it still differs -> fail,
 *                                 and show the few steps that are left
 *
 * A step is abstract (operation 2 with the numbers 7 and 1), so that any part
 * of a sequence is a sequence, too.  replay() begins from nothing each time,
 * brings the module and the model through the steps, gives all back, and
 * compares for itself: a check of vmlab_test.h would end the test at once and
 * show the whole sequence.
 *
 * A module that crashes, or does not return, ends the test in the middle of a
 * replay.  The context then shows the steps that led there, the last ones of
 * them: replay() calls property_step before each.
 */
#ifndef TESTS_PROPERTY_H
#define TESTS_PROPERTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROPERTY_NUMBERS = 5, PROPERTY_WHY = 256 };

struct property_step {
    unsigned operation; /* of the property's own numbering                    */
    uint64_t number[PROPERTY_NUMBERS];
};

struct property {
    /* What the sequence is about, for messages: "a PW_TWO_LEVEL space". */
    const char *about;
    unsigned steps; /* how many are generated, at most 4096                   */
    /* The next step, from test_random() alone. */
    struct property_step (*generate)(const void *data);
    /* Writes a step as a call in C, without a newline. */
    void (*show)(const struct property_step *step, char *to, size_t room,
                 const void *data);
    /* Lines of C, each after a newline, that stand before the steps shown, and
     * behind them when the end of the replay showed the difference, so that the
     * whole can be pasted into a test.  NULL: none. */
    const char *before, *after;
    /* Replays; false when something differs, with `why` (PROPERTY_WHY bytes)
     * in words and *at the number of the step that showed it: `count` for the
     * end. */
    bool (*replay)(const struct property_step *step, unsigned count, char *why,
                   unsigned *at, const void *data);
    const void *data; /* handed to all three                                  */
    /* How many steps shrinking may replay in all; 0: four times `steps`. */
    unsigned patience;
};

/* Generates one sequence and wants its replay to be all well; fails the test
 * otherwise. */
#define check_property(property) property_check(__FILE__, __LINE__, (property))
void property_check(const char *file, int line,
                    const struct property *property);

/* Says that the replay is at step `at` of the sequence it was given. */
void property_step(unsigned at);

#endif
