/* A student's own tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmlab_test.h"
#include <criterion/new/assert.h>

int module(int);

VMLAB_SUITE(own)

static uint64_t *
make(void)
{
    return arena_object(uint64_t);
}

Test(own, adds, .description = "it adds")
{
    uint64_t *const made = make();
    struct mach *mach = test_machine(8);
    struct mach_counts before = mach_counts(mach);
    char text[20];
    frame_fail_at(mach, 1);
    check_status(module(1), 2);
    check_eq(*made, 0);
    check(before.reads == 0, "%d reads", (int)before.reads);
    check_bytes(made, made, 8);
    check_frames_used(mach, 0);
    check_context("round %d", 1);
    cr_assert_eq(module(1), 2, "message %d", 1);
    cr_expect(module(1) == 2);
    cr_assert(eq(int, module(1), 2));
    snprintf(text, sizeof text, "%d", (int)test_random_below(5));
    cr_assert_str_neq(text, "");
    char *first = text, *second = (char *)"5";
    cr_assert(not(zero(str, first)));
    cr_expect(any(lt(str, first, second), eq(str, first, second)));
    struct cr_mem bytes = {text, 2};
    cr_assert(all(eq(mem, bytes, bytes), ne(ptr, first, NULL)));
    cr_assert(ge(u64, *made, 0));
    for (int i = 0; i < 3; i++)
        fprintf(stderr, "round %d\n", i);
}

TestSuite(plain);
Test(plain, one)
{
    cr_assert_neq(strtol("3", NULL, 10), 4);
}
