/*
 * property.c - generates, replays and shrinks sequences (property.h).
 *
 * Shrinking leaves out parts: first all behind the step that showed the
 * difference, then halves, quarters, and so on down to single steps, and the
 * single steps again until none can be left out.
 */
#include "property.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/events.h"
#include "judge/run.h"
#include "vmlab_test.h"

enum {
    MOST_STEPS = 4096,
    SHOWN = 12,     /* steps of a failure that was not shrunk                 */
    TAIL = 4,       /* steps of a context                                     */
    TEXT = 960,     /* what fits into a context                               */
    MESSAGE = 8000, /* ... and into a message                                 */
    STEP_TEXT = 200,
};

/* The replay that is under way, for property_step. */
static const struct property *running;
static const struct property_step *running_step;

/* Appends to a text of `room` bytes. */
static void
add(char *text, size_t room, const char *more)
{
    const size_t length = strlen(text);
    snprintf(text + length, room - length, "%s", more != NULL ? more : "");
}

/* Writes the steps `first` to `end` - 1, a line each. */
static void
add_steps(char *text, size_t room, const struct property *p,
          const struct property_step *step, unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        char line[STEP_TEXT];
        p->show(&step[i], line, sizeof line, p->data);
        add(text, room, "\n  ");
        add(text, room, line);
        add(text, room, ";");
    }
}

void
property_step(unsigned at)
{
    char text[TEXT];
    const unsigned first = at + 1 > TAIL ? at + 1 - TAIL : 0;
    snprintf(text, sizeof text, "%s, step %u; the last steps:", running->about,
             at + 1);
    add_steps(text, sizeof text, running, running_step, first, at + 1);
    check_context("%s", text);
}

/* ---- Replaying ---------------------------------------------------------- */

/* A sequence that fails, and how. */
struct sequence {
    struct property_step *step;
    unsigned count;
    bool at_end; /* all its steps went well, and what came then did not   */
    char why[PROPERTY_WHY];
};

/* Whether a replay of the first `count` of the steps differs; `s` is then as
 * long as it needs to be, and says how. */
static bool
differs(const struct property *p, const struct property_step *step,
        unsigned count, struct sequence *s)
{
    char why[PROPERTY_WHY] = "";
    unsigned at = count - 1;
    running = p;
    running_step = step;
    if (p->replay(step, count, why, &at, p->data))
        return false;
    s->at_end = at >= count;
    s->count = s->at_end ? count : at + 1;
    memcpy(s->why, why, sizeof s->why);
    return true;
}

/* Tries the sequence without `length` steps from `first` on, and keeps it when
 * it still differs. */
static bool
leave_out(const struct property *p, struct sequence *s, unsigned first,
          unsigned length, unsigned *patience)
{
    const unsigned rest = s->count - length;
    if (!run_has_time())
        *patience = 0;
    if (rest == 0 || rest > *patience)
        return false;
    *patience -= rest;
    struct property_step *trial = malloc(rest * sizeof *trial);
    if (trial == NULL)
        return false;
    memcpy(trial, s->step, first * sizeof *trial);
    memcpy(trial + first, s->step + first + length,
           (rest - first) * sizeof *trial);
    const bool still = differs(p, trial, rest, s);
    if (still)
        memcpy(s->step, trial, rest * sizeof *trial);
    free(trial);
    return still;
}

/* Returns what is left of the patience: 0 when it ran out. */
static unsigned
shrink(const struct property *p, struct sequence *s)
{
    unsigned patience = p->patience != 0 ? p->patience : 4 * p->steps;
    unsigned length = (s->count + 1) / 2;
    bool again = true;
    while (again && patience >= s->count) {
        again = false;
        /* From the end: what comes last depends on what came before. */
        for (unsigned end = s->count; end > 0 && s->count > 1;) {
            if (end > s->count)
                end = s->count;
            const unsigned first = end > length ? end - length : 0;
            if (leave_out(p, s, first, end - first, &patience))
                again = true;
            end = first;
        }
        if (length > 1) {
            length = (length + 1) / 2;
            again = true;
        }
    }
    return again && s->count > 1 ? 0 : patience;
}

/* ---- The check ---------------------------------------------------------- */

static void
tell(const char *file, int line, const struct property *p,
     const struct sequence *s, bool shrunk)
{
    char text[MESSAGE];
    const unsigned first = !shrunk && s->count > SHOWN ? s->count - SHOWN : 0;
    snprintf(text, sizeof text, "%s: %s. %s", p->about, s->why,
             shrunk ? "No call of these can be left out:"
                    : "The calls, of which some may not matter:");
    add(text, sizeof text, p->before);
    if (first > 0)
        add(text, sizeof text, "\n  ...");
    add_steps(text, sizeof text, p, s->step, first, s->count);
    if (s->at_end)
        add(text, sizeof text, p->after);
    check_context("%s", "");
    vmlab_fail(file, line, p->about, "%s", text);
}

void
property_check(const char *file, int line, const struct property *property)
{
    const unsigned count =
        property->steps < MOST_STEPS ? property->steps : MOST_STEPS;
    struct sequence s = {.count = count};
    s.step = malloc(count * sizeof *s.step);
    check(s.step != NULL && count > 0, "no memory for %u steps", count);
    for (unsigned i = 0; i < count; i++)
        s.step[i] = property->generate(property->data);

    if (differs(property, s.step, count, &s)) {
        bool shrunk = false;
        if (host_explains())
            shrunk = shrink(property, &s) > 0;
        /* Once more: the events that are shown are then of these steps. */
        if (host_explains() && run_has_time()) {
            events_reset(run.name);
            differs(property, s.step, s.count, &s);
        }
        tell(file, line, property, &s, shrunk);
    }
    check_context("%s", "");
    free(s.step);
}
