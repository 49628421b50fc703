/*
 * public.c - what the bridge carries, and what it survives.  The first word of
 * a test's name is the verdict that it must get; tests/grader/bridge_test.c
 * compares.
 */
#include "toy/toy.h"
#include "vmlab_test.h"

#include <errno.h>

VMLAB_SUITE(public)

/* ---- What is carried ----------------------------------------------------- */

Test(public, passed_objects_are_seen_by_both)
{
    struct toy_pair *pair = arena_object(struct toy_pair);
    *pair = (struct toy_pair){1, 2};
    check_status(toy_swap(pair), TOY_OK);
    check_eq(pair->a, 2);
    check_eq(pair->b, 1);
}

Test(public, passed_state_stays_with_the_module)
{
    struct toy_box *const box = toy_create(0xFEDCBA9876543210);
    check(box != NULL, "no box");
    check_eq(toy_value(box), 0xFEDCBA9876543210);
    check_status(toy_destroy(box), TOY_OK);
}

Test(public, passed_the_machine_is_served_and_counts)
{
    struct mach *const mach = test_machine(2);
    uint64_t *const sum = arena_object(uint64_t);
    phys_write64(mach, 16, 40);
    phys_write64(mach, 24, 2);
    const struct mach_counts before = mach_counts(mach);
    check_status(toy_add_on_machine(mach, 16, sum), TOY_OK);
    check_eq(*sum, 42);
    check_eq(mach_counts(mach).reads - before.reads, 2);
}

Test(public, passed_structs_on_the_modules_stack_travel)
{
    struct toy_pair *const pair = arena_object(struct toy_pair);
    check_status(toy_ask_judge(20, pair), TOY_OK);
    check_eq(pair->a, 40);
    check_eq(pair->b, 42);
}

Test(public, passed_errno_travels)
{
    errno = 0;
    check_status(toy_errno(ENOMEM), TOY_BAD);
    check_eq(errno, ENOMEM);
}

Test(public, passed_null_is_an_object_that_is_not_there)
{
    check_eq(toy_count(), 1);
    check_eq(toy_count(), 2);
}

Test(public, passed_each_test_has_a_fresh_process)
{
    check_eq(toy_count(), 1);
}

Test(public, passed_random_numbers_stay_below_their_limit)
{
    for (int i = 0; i < 1000; i++) {
        check(test_random_below(7) < 7, "too large");
    }
}

Test(public, passed_much_output_is_cut_and_no_crime)
{
    check_status(toy_print(100000), TOY_OK);
}

/* ---- What fails, and how ------------------------------------------------- */

Test(public, failed_wrong_value)
{
    struct toy_pair *const pair = arena_object(struct toy_pair);
    *pair = (struct toy_pair){1, 2};
    check_context("round %d", 3);
    check_status(toy_print(1), TOY_OK);
    check_status(toy_swap(pair), TOY_BAD);
}

Test(public, failed_local_variable_is_not_in_the_arena)
{
    struct toy_pair local = {1, 2};
    toy_swap(&local);
}

Test(public, failed_write_behind_an_object)
{
    toy_overrun(arena_object(char));
}

/* What the module has destroyed may be used by nobody: not by the test, */
Test(public, failed_use_of_a_destroyed_thing)
{
    struct toy_thing *const thing = toy_thing_make(7);
    check_status(toy_break(thing), TOY_OK);
    check_eq(toy_thing_value(thing), 7);
}

/* not by the test when it destroys it again, */
Test(public, failed_end_of_a_destroyed_thing)
{
    struct toy_thing *const thing = toy_thing_make(7);
    check_status(toy_break(thing), TOY_OK);
    check_status(toy_thing_destroy(thing), TOY_OK);
}

/* and not by the module, when it is handed over again. */
Test(public, failed_destroyed_thing_is_handed_over)
{
    struct toy_thing *const thing = toy_thing_make(7);
    check_status(toy_break(thing), TOY_OK);
    check_status(toy_break(thing), TOY_OK);
}

/* But malloc may give its address to the next one. */
Test(public, passed_thing_where_a_destroyed_one_was)
{
    for (uint64_t i = 0; i < 20; i++) {
        struct toy_thing *const thing = toy_thing_make(i);
        check_eq(toy_thing_value(thing), i);
        check_status(toy_break(thing), TOY_OK);
    }
    check_status(toy_thing_destroy(toy_thing_make(7)), TOY_OK);
}

#define SIN(name, sin)                                                         \
    Test(public, name)                                                         \
    {                                                                          \
        struct toy_pair *const pair = arena_object(struct toy_pair);           \
        struct mach *const mach = test_machine(1);                             \
        check_status(toy_swap(pair), TOY_OK);                                  \
        check_status(toy_sin(mach, (sin)), TOY_OK);                            \
        check_status(toy_swap(pair), TOY_OK);                                  \
    }

SIN(crashed_null_write, TOY_NULL_WRITE)
SIN(crashed_wild_read, TOY_WILD_READ)
SIN(crashed_deep_recursion, TOY_DEEP_RECURSION)
SIN(crashed_divide_by_zero, TOY_DIVIDE_BY_ZERO)
SIN(crashed_abort, TOY_ABORT)
SIN(crashed_free_twice, TOY_FREE_TWICE)
SIN(exited_early, TOY_EXIT)
SIN(exited_early_as_if_by_the_bridge, TOY_EXIT_100)
SIN(timed_out_spin, TOY_SPIN)
SIN(forbidden_ignoring_signals, TOY_SPIN_IGNORING_SIGNALS)
SIN(timed_out_hanging_up, TOY_HANG_UP)
SIN(forbidden_call, TOY_SYSTEM_CALL)
SIN(out_of_memory, TOY_EAT_MEMORY)
SIN(failed_bus_error, TOY_BUS_ERROR)
SIN(failed_false_token, TOY_FALSE_TOKEN)
SIN(failed_null_token, TOY_NULL_TOKEN)
SIN(failed_foreign_pointer, TOY_FOREIGN_POINTER)
SIN(failed_forged_reply, TOY_FORGE_REPLY)
SIN(failed_forged_end, TOY_FORGE_END)
SIN(failed_garbage, TOY_SEND_GARBAGE)
SIN(failed_unknown_function, TOY_UNKNOWN_FUNCTION)
SIN(failed_scribbled_arena, TOY_SCRIBBLE_ARENA)

Test(public, not_implemented_status)
{
    toy_missing();
}

Test(public, not_implemented_count)
{
    (void)toy_missing_count();
}

Test(public, not_implemented_state)
{
    (void)toy_missing_state();
}

/* ---- What memcheck sees -------------------------------------------------- */

SIN(passed_leak, TOY_LEAK)
SIN(passed_read_of_freed_memory, TOY_READ_FREED)
SIN(passed_use_of_unset_memory, TOY_USE_UNSET)
SIN(passed_unset_value_for_the_machine, TOY_WRITE_UNSET)
SIN(passed_unset_address_for_the_machine, TOY_READ_AT_UNSET)
SIN(passed_look_around_in_the_arena, TOY_LOOK_AROUND)
