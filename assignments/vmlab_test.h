/*
 * vmlab_test.h - what a test may use: objects in the arena, a machine, checks.
 *
 * Your tests and the module under test run in two processes.
 *
 *     your test                              the module under test
 *     seg_load(cpu, ...)  --- a call -------> your segment.c, or another one
 *                         <-- its result ---
 *               \______ the arena: memory that both see ______/
 *
 * A call looks like any other.  Only what is in the arena can be seen from the
 * other side, so every struct whose address you pass is made there:
 *
 *     #include "vmlab_test.h"
 *     #include "segment.h"
 *
 *     VMLAB_SUITE(segment)
 *
 *     Test(segment, base_is_joined)
 *     {
 *         struct seg_descriptor *d = arena_object(struct seg_descriptor);
 *         check_status(seg_decode(0x00CF9A000000FFFF, d), SEG_OK);
 *         check_eq(d->base, 0);
 *     }
 *
 * Passing the address of a local variable fails the test, with a message that
 * says so.  A crash, an exit or an endless loop of the module fails the test
 * that called it and no other.  Everything is given back when a test ends:
 * nothing is freed by hand but what the contract says must be destroyed.
 */
#ifndef VMLAB_TEST_H
#define VMLAB_TEST_H

#include <criterion/criterion.h>
#include <stdint.h>

#include "machine/kmem.h"
#include "machine/machine.h"
#include "machine/swapdev.h"

/* Declares the suite `name`: before each of its tests a fresh process with the
 * module is ready, after it that process is gone.  Once per suite. */
#define VMLAB_SUITE(name)                                                      \
    TestSuite(name, .init = vmlab_begin, .fini = vmlab_end, .timeout = 120);
void vmlab_begin(void);
void vmlab_end(void);

/* ---- The arena ----------------------------------------------------------- */

/* An object, or `count` of them in a row, in memory that the module can see;
 * all bytes zero, aligned to 16, a red zone behind.  Fails the test when the
 * arena (64 MiB) is full. */
#define arena_object(type) ((type *)arena_bytes(sizeof(type)))
#define arena_array(type, count) ((type *)arena_bytes(sizeof(type) * (count)))
void *arena_bytes(size_t bytes);

/* ---- The machine --------------------------------------------------------- */

/* A machine (machine.h) of `frames` frames that lives until the test ends; at
 * most 64 in a test. */
struct mach *test_machine(uint64_t frames);

/* Kernel memory (machine/kmem.h) that lives until the test ends.  Its first
 * break lies `first_break` bytes above the start of a page; it goes as far as
 * `heap_bytes` above, and mappings find `mapping_bytes`.  A test may have 4,
 * which share the arena.  Payload in it is read and written as if it were the
 * test's own, once kmem_holds has said that it is there. */
struct kmem *test_kmem(uint64_t first_break, uint64_t heap_bytes,
                       uint64_t mapping_bytes);

/* Gives that machine a swap device (swapdev.h) of `slots` slots, at most 1,024,
 * on a fresh file of zero bytes that lives until the test ends. */
void test_swapdev(struct mach *mach, uint64_t slots);

/* ---- Chance -------------------------------------------------------------- */

/* The next 64 random bits, or a number below `limit` (> 0), of a sequence that
 * depends on the course's seed and the test's name alone. */
uint64_t test_random(void);
uint64_t test_random_below(uint64_t limit);

/* ---- Checks ------------------------------------------------------------------
 *
 * Each evaluates its arguments once.  One that does not hold ends the test and
 * shows what was called, what was expected and what came back. */

/* A status: shown by name.  Stages name their own: check_status in segment.h's
 * tests prints SEG_LIMIT, not 5. */
#define check_status(call, expected)                                           \
    vmlab_check_status(__FILE__, __LINE__, #call, (call), (expected), #expected)

/* Integers, up to 64 bits: shown in decimal and in hexadecimal. */
#define check_eq(got, expected)                                                \
    vmlab_check_eq(__FILE__, __LINE__, #got, (uint64_t)(got),                  \
                   (uint64_t)(expected), #expected)

/* A condition, with a message in printf's manner that says what is wrong. */
#define check(condition, ...)                                                  \
    ((condition) ? (void)0                                                     \
                 : vmlab_fail(__FILE__, __LINE__, #condition, __VA_ARGS__))

/* `bytes` bytes at `got` and `expected` are alike; shows the first that is not. */
#define check_bytes(got, expected, bytes)                                      \
    vmlab_check_bytes(__FILE__, __LINE__, #got, (got), (expected), (bytes))

/* No frame of the machine is in use but `count` of them (0: none is). */
#define check_frames_used(mach, count)                                         \
    vmlab_check_frames(__FILE__, __LINE__, (mach), (count))

/* `p` is not NULL, and all of `bytes` bytes there are kernel memory that has been
 * handed out: from then on the test may touch them. */
#define check_memory(kmem, p, bytes)                                           \
    vmlab_check_memory(__FILE__, __LINE__, #p, (kmem), (p), (bytes))

/* Says what the checks that follow are about ("round 17: map 0x4000"): shown
 * with a failure until the next call.  In printf's manner. */
void check_context(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* ---- What the macros above call ------------------------------------------ */

void vmlab_check_status(const char *file, int line, const char *call, int got,
                        int expected, const char *expected_text);
void vmlab_check_eq(const char *file, int line, const char *what, uint64_t got,
                    uint64_t expected, const char *expected_text);
void vmlab_check_bytes(const char *file, int line, const char *what,
                       const void *got, const void *expected, size_t bytes);
void vmlab_check_frames(const char *file, int line, struct mach *mach,
                        uint64_t count);
void vmlab_check_memory(const char *file, int line, const char *what,
                        const struct kmem *kmem, const void *p, size_t bytes);
void vmlab_fail(const char *file, int line, const char *what,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
