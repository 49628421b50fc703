/*
 * fixture.c - what surrounds every test: its subject, its machines, its random
 * numbers.
 */
#include "vmlab_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bridge/events.h"
#include "judge/endings.h"
#include "judge/run.h"

enum { MACHINES = 64 };

struct run run;
static struct mach *machine[MACHINES];
static unsigned machines;

/* ---- Random numbers: splitmix64 (Steele, Lea, Flood 2014) ---------------- */

static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

uint64_t
run_seed(uint64_t course, const char *name)
{
    uint64_t seed = mix(course + 0x9E3779B97F4A7C15U);
    for (; *name != '\0'; name++) {
        seed = mix(seed ^ (unsigned char)*name);
    }
    return seed;
}

uint64_t
test_random(void)
{
    run.random_state += 0x9E3779B97F4A7C15U;
    return mix(run.random_state);
}

uint64_t
test_random_below(uint64_t limit)
{
    /* Rejects the uneven rest, so that every number is equally likely. */
    const uint64_t uneven = UINT64_MAX - UINT64_MAX % limit;
    uint64_t number;
    do {
        number = test_random();
    } while (number >= uneven);
    return number % limit;
}

/* ---- Begin and end ------------------------------------------------------- */

void
vmlab_begin(void)
{
    struct bridge_session session;
    memset(&run, 0, sizeof run);
    snprintf(run.name, sizeof run.name, "%s/%s",
             criterion_current_test->category, criterion_current_test->name);
    run.seed = run_seed(host_seed(), run.name);
    run.random_state = run.seed;
    events_reset(run.name);

    const char *trouble = host_session(&session);
    if (trouble == NULL) {
        trouble = bridge_open(&session);
    }
    if (trouble != NULL) {
        host_trouble(trouble);
    }
}

void
vmlab_end(void)
{
    if (bridge_is_open()) {
        run.end = bridge_close();
        if (!run.over) {
            judge_quiet_end();
        }
    }
    for (unsigned i = 0; i < machines; i++) {
        mach_destroy(machine[i]);
    }
    machines = 0;
    host_test_over();
}

noreturn void
run_fail(const struct failure *failure)
{
    if (!run.over) {
        run.over = true;
        run.failure = *failure;
    }
    host_leave_test();
}

/* ---- What a test makes --------------------------------------------------- */

void *
arena_bytes(size_t bytes)
{
    void *const object = bridge_object(bytes);
    if (object == NULL) {
        bridge_misused("arena_object",
                       bridge_is_open()
                           ? "the arena is full: a test has 64 MiB and 4096 "
                             "objects"
                           : "no arena is there: declare the suite with "
                             "VMLAB_SUITE(name)");
    }
    return object;
}

struct mach *
test_machine(uint64_t frames)
{
    struct mach *const mach =
        machines < MACHINES ? mach_create(frames) : NULL;
    if (mach == NULL) {
        bridge_misused("test_machine",
                       machines < MACHINES
                           ? strerror(errno)
                           : "a test may have at most 64 machines");
    }
    machine[machines++] = mach;
    bridge_lend(mach, "mach");
    return mach;
}
