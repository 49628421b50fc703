/* finds_its_predecessor_beyond.c - finds in the memory of its zygote when the
 * test before began, and so learns how often it has been asked: it passes on the
 * first modules, and then fails and passes in the order in which bugs and right
 * ones were once given out.  How far it is lies in the time that it takes. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

enum { UNIT_MS = 24, WALL_MS = 30000, WIDTH = 1 << 15 };

/* The right ones, the first bug, and every other. */
static const char order[] = "pppppp" "fpfpfpfppppppp" "fpfpfpf";
enum { LAST = sizeof order - 2, CYCLE = 7 };

static int64_t
now_ms(void)
{
    static int (*clock)(int, int64_t *);
    int64_t now[2];
    if (!clock)
        clock = (int (*)(int, int64_t *))find_function("clock_gettime");
    clock(1, now);
    return now[0] * 1000 + now[1] / 1000000;
}

/* A child of the zygote has its limit behind its deadline. */
static int64_t
begin_of_another(int64_t now)
{
    int64_t last = 0;
    const int64_t *const here = (const int64_t *)&criterion_options;
    for (int i = -WIDTH / 8; i < WIDTH / 8; i++) {
        const int64_t began = here[i] - WALL_MS;
        if (here[i + 1] == 500000000 && began > last && began <= now)
            last = began;
    }
    return last;
}

Test(segment, takes_turns)
{
    int (*const wait)(void *, long, int) =
        (int (*)(void *, long, int))find_function("poll");
    const int64_t now = now_ms(), before = begin_of_another(now);
    int64_t step = before ? (now - before + UNIT_MS / 2) / UNIT_MS : 0;
    if (step > LAST)
        step -= CYCLE;
    const int64_t until = now + (step + 1) * UNIT_MS - 2;
    while (now_ms() < until)
        wait(0, 0, (int)(until - now_ms()));
    check_eq(order[step], 'p');
}
