/*
 * cost_test.c - what a heap costs: the same each time, and not what it says.
 * The heaps in cost/ are the reference with a trick each.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cost.h"
#include "sandbox/sandbox.h"
#include "text.h"
#include "work.h"

#define TRACES "build/kit/heap/traces/"

static const char *const graded[] = {TRACES "git.trace", TRACES "awk.trace",
                                     TRACES "sqlite3.trace", NULL};
static const char *const small[] = {TRACES "sqlite3.trace", NULL};

static enum cost_end
measure(const char *program, const char *const *traces, bool sandboxed,
        struct cost *cost, char **why)
{
    char *const work = work_make();
    struct cost_base base;
    cr_assert(cost_base_read("build/kit/heap/cost", &base));
    const struct cost_request request = {
        .replay = program,
        .traces = traces,
        .work = work,
        .sandboxed = sandboxed,
        .slot = sandboxed ? sandbox_claim_slots(1) : 0};
    const enum cost_end end =
        cost_measure(&request, base.replay_instructions, cost, why);
    work_remove(work);
    free(work);
    return end;
}

static struct cost
cost_of(const char *program, const char *const *traces, bool sandboxed)
{
    struct cost cost;
    char *why;
    cr_assert_eq(measure(program, traces, sandboxed, &cost, &why),
                 COST_MEASURED, "%s", why);
    return cost;
}

static void
expect_near(uint64_t one, uint64_t other, double part)
{
    cr_expect((double)one <= (double)other * (1 + part) &&
                  (double)other <= (double)one * (1 + part),
              "%llu and %llu instructions differ by more than %g",
              (unsigned long long)one, (unsigned long long)other, part);
}

Test(cost, of_a_file_is_the_same_in_every_grading, .timeout = 120)
{
    struct cost_base base;
    cr_assert(cost_base_read("build/kit/heap/cost", &base));
    const struct cost first = cost_of("build/tests/cost/same", graded, true);
    const struct cost again = cost_of("build/tests/cost/same", graded, true);
    cr_expect_eq(first.payload_bytes, again.payload_bytes);
    cr_expect_eq(first.footprint_bytes, again.footprint_bytes);
    expect_near(first.instructions, again.instructions, 0.0001);
    /* It is the reference, measured when the kit was built. */
    cr_expect_eq(first.footprint_bytes, base.reference.footprint_bytes);
    expect_near(first.instructions, base.reference.instructions, 0.0001);
}

Test(cost, is_not_what_the_heap_prints, .timeout = 120)
{
    const struct cost honest = cost_of("build/tests/cost/same", small, false);
    const struct cost cost = cost_of("build/tests/cost/prints", small, false);
    cr_expect_eq(cost.payload_bytes, honest.payload_bytes);
    cr_expect_eq(cost.footprint_bytes, honest.footprint_bytes);
    expect_near(cost.instructions, honest.instructions, 0.0001);
}

Test(cost, does_not_end_where_the_heap_says_so, .timeout = 120)
{
    const struct cost honest = cost_of("build/tests/cost/same", small, false);
    const struct cost cost = cost_of("build/tests/cost/hides", small, false);
    cr_expect_geq(cost.instructions, honest.instructions);
}

Test(cost, of_damaged_contents_has_no_figures, .timeout = 120)
{
    struct cost cost;
    char *why;
    cr_assert_eq(measure("build/tests/cost/damages", small, true, &cost, &why),
                 COST_NO_FIGURES);
    cr_expect_not_null(strstr(why, "byte 0 of "), "%s", why);
    cr_expect_not_null(strstr(why, " has changed"), "%s", why);
    cr_expect_eq(cost.footprint_bytes, 0);
    cr_expect_eq(cost.instructions, 0);
    free(why);
}

Test(cost, of_a_crash_has_no_figures, .timeout = 120)
{
    struct cost cost;
    char *why;
    cr_assert_eq(measure("build/tests/cost/crashes", small, true, &cost, &why),
                 COST_NO_FIGURES);
    cr_expect_str_eq(why, "it crashed while a trace was played");
    free(why);
}

Test(cost, of_what_is_not_there_is_trouble_of_ours)
{
    struct cost cost;
    char *why;
    cr_assert_eq(measure("build/tests/cost/absent", small, false, &cost, &why),
                 COST_TROUBLE);
    free(why);
}

Test(cost, share_is_a_straight_line_between_full_and_none)
{
    const struct cost_rule rule = {.points = 4, .full = 1.5, .none = 2.5};
    cr_expect_eq(cost_share(&rule, 50, 100), 1);
    cr_expect_eq(cost_share(&rule, 150, 100), 1);
    cr_expect_eq(cost_share(&rule, 200, 100), 0.5);
    cr_expect_eq(cost_share(&rule, 250, 100), 0);
    cr_expect_eq(cost_share(&rule, 1000, 100), 0);
}
