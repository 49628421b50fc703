/*
 * toy.h - a module that misbehaves in every way that the bridge must survive:
 * the tests of the bridge judge it instead of a stage.
 */
#ifndef TESTS_TOY_H
#define TESTS_TOY_H

#include "machine/machine.h"

enum toy_status { TOY_NOT_IMPLEMENTED = -1, TOY_OK = 0, TOY_BAD = 1 };

struct toy_pair {
    uint32_t a, b;
};
struct toy_box;
struct toy_thing; /* the judge's                                            */

/* Sound functions. */
int toy_swap(struct toy_pair *pair);
struct toy_box *toy_create(uint64_t value);
uint64_t toy_value(struct toy_box *box);
int toy_destroy(struct toy_box *box);
int toy_add_on_machine(struct mach *mach, uint64_t pa, uint64_t *sum);
int toy_ask_judge(uint32_t a, struct toy_pair *doubled);
int toy_errno(int number);
int toy_print(uint64_t lines);
uint64_t toy_call_machine(struct mach *mach, uint64_t times);
uint64_t toy_count(void); /* how often it was called in this process */

/* Each does one thing that no module may do; see toy.c. */
enum toy_sin {
    TOY_NULL_WRITE,
    TOY_WILD_READ,
    TOY_DEEP_RECURSION,
    TOY_DIVIDE_BY_ZERO,
    TOY_ABORT,
    TOY_EXIT,
    TOY_EXIT_100,
    TOY_SPIN,
    TOY_SPIN_IGNORING_SIGNALS,
    TOY_SYSTEM_CALL,
    TOY_EAT_MEMORY,
    TOY_BUS_ERROR,
    TOY_FALSE_TOKEN,
    TOY_NULL_TOKEN,
    TOY_FOREIGN_POINTER,
    TOY_HANG_UP,
    TOY_FORGE_REPLY,
    TOY_FORGE_END,
    TOY_SEND_GARBAGE,
    TOY_UNKNOWN_FUNCTION,
    TOY_FREE_TWICE,
    TOY_SCRIBBLE_ARENA,
    TOY_LEAK,
    TOY_READ_FREED,
    TOY_USE_UNSET,
    TOY_WRITE_UNSET,
    TOY_READ_AT_UNSET,
    TOY_LOOK_AROUND,
};
int toy_sin(struct mach *mach, enum toy_sin sin);
int toy_overrun(char *text);
int toy_break(struct toy_thing *thing); /* destroys what is not its own       */
int toy_missing(void);
uint64_t toy_missing_count(void);
struct toy_box *toy_missing_state(void);

/* Served by the judge beside the machine. */
int toy_double(const struct toy_pair *pair, struct toy_pair *doubled);
struct toy_thing *toy_thing_make(uint64_t value);
uint64_t toy_thing_value(struct toy_thing *thing);
int toy_thing_destroy(struct toy_thing *thing);

#endif
