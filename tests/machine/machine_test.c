/* machine_test.c - the simulated computer, tested in its own process. */
#include <stdlib.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "machine/direct.h"
#include "machine/machine.h"

/* mach_stop jumps back to the test that expects it; elsewhere it fails. */
static jmp_buf stopped;
static int expecting;
static char message[256];

noreturn void
mach_stop(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(message, sizeof message, format, values);
    va_end(values);
    if (!expecting)
        cr_assert_fail("the machine stopped: %s", message);
    expecting = 0;
    longjmp(stopped, 1);
}

/* Wants `call` to stop the machine with a message that contains `text`. */
#define stops(call, text)                                                      \
    do {                                                                       \
        expecting = 1;                                                         \
        if (setjmp(stopped) == 0) {                                            \
            (void)(call);                                                      \
            cr_assert_fail("%s did not stop", #call);                          \
        }                                                                      \
        cr_assert(strstr(message, text) != NULL,                               \
                  "the message \"%s\" does not say \"%s\"", message, text);    \
    } while (0)

static struct mach *mach;

static void
make(void)
{
    mach = mach_create(4);
    cr_assert(mach != NULL);
}

static void
unmake(void)
{
    mach_destroy(mach);
}

TestSuite(memory, .init = make, .fini = unmake, .timeout = 60);
TestSuite(frames, .init = make, .fini = unmake, .timeout = 60);
TestSuite(machine, .init = make, .fini = unmake, .timeout = 60);

Test(memory, is_zero_and_little_endian)
{
    cr_assert(phys_read64(mach, 0x3FF8) == 0);
    phys_write64(mach, 0x1001, UINT64_C(0x8877665544332211));
    cr_assert(phys_read8(mach, 0x1001) == 0x11);
    cr_assert(phys_read8(mach, 0x1008) == 0x88);
    cr_assert(phys_read32(mach, 0x1003) == 0x66554433);
    phys_write32(mach, 0x1002, 0xAABBCCDD);
    phys_write8(mach, 0x1008, 0x99);
    cr_assert(phys_read64(mach, 0x1001) == UINT64_C(0x997766AABBCCDD11));
}

Test(memory, reads_and_writes_are_counted)
{
    phys_read8(mach, 0);
    phys_read32(mach, 0);
    phys_read64(mach, 0);
    phys_write8(mach, 0, 1);
    phys_write64(mach, 0, 1);
    const struct mach_counts counts = mach_counts(mach);
    cr_assert(counts.reads == 3 && counts.writes == 2 && counts.moves == 0);
}

Test(memory, last_byte_exists_and_the_next_is_a_bus_error)
{
    phys_write8(mach, 0x3FFF, 7);
    cr_assert(phys_read64(mach, 0x3FF8) == UINT64_C(0x0700000000000000));
    stops(phys_read8(mach, 0x4000), "0x4000");
    stops(phys_read64(mach, 0x3FF9), "read of 8 bytes");
    stops(phys_write32(mach, 0x3FFD, 0), "write of 4 bytes");
    stops(phys_read32(mach, UINT64_MAX - 1), "0xfffffffffffffffe");
    stops(phys_write8(mach, UINT64_MAX, 0), "bus error");
    cr_assert(mach_counts(mach).writes == 1, "a bus error is not counted");
}

Test(memory, move_works_for_overlapping_ranges)
{
    phys_write64(mach, 0x100, UINT64_C(0x0807060504030201));
    phys_move(mach, 0x102, 0x100, 8);
    cr_assert(phys_read64(mach, 0x102) == UINT64_C(0x0807060504030201));
    phys_move(mach, 0x100, 0x102, 8);
    cr_assert(phys_read64(mach, 0x100) == UINT64_C(0x0807060504030201));
    phys_move(mach, 0x4000, 0, 0);
    const struct mach_counts counts = mach_counts(mach);
    cr_assert(counts.moves == 3 && counts.moved_bytes == 16);
    stops(phys_move(mach, 0x3FFC, 0, 5), "move to");
    stops(phys_move(mach, 0, 0x3FFC, 5), "move from");
    stops(phys_move(mach, 0, 0, UINT64_MAX), "bus error");
}

Test(memory, zeroed_frame_is_zero_and_its_neighbours_are_not)
{
    phys_write8(mach, 0x0FFF, 1);
    phys_write8(mach, 0x1000, 2);
    phys_write8(mach, 0x1FFF, 3);
    phys_write8(mach, 0x2000, 4);
    phys_zero_frame(mach, 1);
    cr_assert(phys_read8(mach, 0x1000) == 0 && phys_read8(mach, 0x1FFF) == 0);
    cr_assert(phys_read8(mach, 0x0FFF) == 1 && phys_read8(mach, 0x2000) == 4);
    cr_assert(mach_counts(mach).zeroed_frames == 1);
    stops(phys_zero_frame(mach, 4), "frame 0x4");
}

Test(memory, peek_and_poke_do_not_count)
{
    const unsigned char bytes[3] = {1, 2, 3};
    unsigned char back[3] = {0};
    cr_assert(mach_poke(mach, 0x3FFD, bytes, 3) == 0);
    cr_assert(mach_peek(mach, 0x3FFD, back, 3) == 0);
    cr_assert(memcmp(bytes, back, 3) == 0);
    cr_assert(mach_poke(mach, 0x3FFE, bytes, 3) == -1);
    cr_assert(mach_peek(mach, UINT64_MAX, back, 1) == -1);
    const struct mach_counts counts = mach_counts(mach);
    cr_assert(counts.reads == 0 && counts.writes == 0);
}

Test(frames, lowest_is_taken_first)
{
    for (uint64_t f = 0; f < 4; f++)
        cr_assert(frame_alloc(mach) == f);
    cr_assert(frame_alloc(mach) == FRAME_NONE);
    frame_free(mach, 2);
    frame_free(mach, 1);
    cr_assert(frame_alloc(mach) == 1);
    cr_assert(frame_alloc(mach) == 2);
    const struct mach_counts counts = mach_counts(mach);
    cr_assert(counts.frame_allocs == 7 && counts.frames_used == 4);
}

Test(frames, frame_keeps_what_its_last_owner_left)
{
    phys_write8(mach, frame_alloc(mach) << MACH_FRAME_SHIFT, 9);
    frame_free(mach, 0);
    cr_assert(phys_read8(mach, frame_alloc(mach) << MACH_FRAME_SHIFT) == 9);
}

Test(frames, run_lies_at_the_lowest_place_that_fits)
{
    cr_assert(frame_alloc_run(mach, 1) == 0);
    cr_assert(frame_alloc_run(mach, 2) == 1);
    frame_free(mach, 0);
    cr_assert(frame_alloc_run(mach, 2) == FRAME_NONE);
    frame_free(mach, 1);
    cr_assert(frame_alloc_run(mach, 2) == 0);
    cr_assert(frame_alloc_run(mach, 0) == FRAME_NONE);
    cr_assert(frame_alloc_run(mach, UINT64_MAX) == FRAME_NONE);
}

Test(frames, wrong_release_stops)
{
    stops(frame_free(mach, 0), "frame 0x0");
    stops(frame_free(mach, 4), "frame 0x4");
    cr_assert(frame_alloc(mach) == 0);
    frame_free(mach, 0);
    stops(frame_free(mach, 0), "not in use");
}

Test(frames, failure_can_be_arranged)
{
    frame_fail_at(mach, 2);
    cr_assert(frame_alloc(mach) == 0);
    cr_assert(frame_alloc_run(mach, 2) == FRAME_NONE);
    cr_assert(frame_alloc(mach) == 1, "it fails once");
    frame_fail_at(mach, 1);
    frame_fail_at(mach, 0);
    cr_assert(frame_alloc(mach) == 2, "and can be cancelled");
}

Test(frames, use_can_be_looked_at)
{
    frame_alloc_run(mach, 3);
    frame_free(mach, 1);
    cr_assert(frame_in_use(mach, 0) && !frame_in_use(mach, 1));
    cr_assert(!frame_in_use(mach, 4));
    cr_assert(frame_next_used(mach, 1) == 2);
    cr_assert(frame_next_used(mach, 3) == FRAME_NONE);
    cr_assert(frame_next_used(mach, UINT64_MAX) == FRAME_NONE);
}

/* The next number of a fixed sequence. */
static uint64_t
next_number(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *state >> 33;
}

Test(frames, agree_with_a_plain_array)
{
    enum { FRAMES = 333 };
    static unsigned char used[FRAMES];
    struct mach *many = mach_create(FRAMES);
    uint64_t state = 1;
    for (int round = 0; round < 20000; round++) {
        const uint64_t f = next_number(&state) % FRAMES;
        uint64_t count = next_number(&state) % 3;
        if (count == 0 && used[f]) {
            frame_free(many, f);
            used[f] = 0;
            continue;
        }
        count = count < 2 ? 1 : 1 + next_number(&state) % 140;
        uint64_t want = FRAME_NONE;
        for (uint64_t at = 0; at + count <= FRAMES && want > at; at++)
            if (memchr(used + at, 1, count) == NULL)
                want = at;
        const uint64_t got =
            count == 1 ? frame_alloc(many) : frame_alloc_run(many, count);
        cr_assert(got == want, "round %d: %llu frames at %llu, not at %llu",
                  round, (unsigned long long)count, (unsigned long long)got,
                  (unsigned long long)want);
        if (got != FRAME_NONE)
            memset(used + got, 1, count);
    }
    uint64_t in_use = 0;
    for (uint64_t f = 0; f < FRAMES; f++) {
        cr_assert(frame_in_use(many, f) == used[f]);
        in_use += used[f];
    }
    cr_assert(mach_counts(many).frames_used == in_use);
    mach_destroy(many);
}

Test(frames, big_machine_is_cheap)
{
    const uint64_t frames = UINT64_C(1) << 20;
    struct mach *big = mach_create(frames);
    for (uint64_t f = 0; f < frames; f++)
        cr_assert(frame_alloc(big) == f);
    cr_assert(frame_alloc(big) == FRAME_NONE);
    for (uint64_t f = frames - 1024; f < frames; f++)
        frame_free(big, f);
    cr_assert(frame_alloc_run(big, 1024) == frames - 1024);
    mach_destroy(big);
}

Test(machine, sizes_have_bounds)
{
    errno = 0;
    cr_assert(mach_create(0) == NULL && errno == EINVAL);
    errno = 0;
    cr_assert(mach_create((UINT64_C(1) << 28) + 1) == NULL && errno == EINVAL);
    cr_assert(mach_frames(mach) == 4);
    mach_destroy(NULL);
}

Test(machine, several_live_side_by_side)
{
    struct mach *other = mach_create(1);
    phys_write8(mach, 0, 5);
    cr_assert(phys_read8(other, 0) == 0);
    cr_assert(frame_alloc(mach) == 0 && frame_alloc(other) == 0);
    cr_assert(mach_counts(other).writes == 0);
    mach_destroy(other);
}

Test(machine, last_invalidations_are_remembered)
{
    struct mach_invalidation list[70];
    cr_assert(mach_invalidated(mach, list, 70) == 0);
    for (uint64_t i = 0; i < 100; i++)
        mach_invalidate(mach, i % 3, i << 12);
    cr_assert(mach_counts(mach).invalidations == 100);
    cr_assert(mach_invalidated(mach, list, 70) == 64);
    cr_assert(list[0].va == UINT64_C(99) << 12 && list[0].asid == 0);
    cr_assert(list[63].va == UINT64_C(36) << 12 && list[63].asid == 0);
    list[1].va = 1;
    cr_assert(mach_invalidated(mach, list, 1) == 64 && list[1].va == 1);
}

Test(machine, invalidation_remembers_what_was_watched)
{
    struct mach_invalidation list[3];
    phys_write64(mach, 0x1008, 7);
    mach_invalidate(mach, 1, 0);
    mach_watch(mach, 0x1008);
    mach_invalidate(mach, 1, 0);
    phys_write64(mach, 0x1008, 8);
    mach_watch(mach, UINT64_MAX);
    mach_invalidate(mach, 1, 0);
    cr_assert(mach_invalidated(mach, list, 3) == 3);
    cr_assert(list[2].watched == 0, "nothing was watched");
    cr_assert(list[1].watched == 7, "it is what lay there then");
    cr_assert(list[0].watched == 0, "there is no memory at that address");
}

/* Two machines of the same memory and state, as two processes have them. */
Test(machine, direct_machine_lives_in_memory_of_its_maker)
{
    enum { FRAMES = 70 };
    unsigned char *memory = calloc(FRAMES, MACH_FRAME_BYTES);
    struct mach_state *state = calloc(1, mach_state_bytes(FRAMES));
    struct mach *direct = mach_create_at(FRAMES, memory, state);
    cr_assert(direct != NULL && mach_frames(direct) == FRAMES);
    for (uint64_t f = 0; f < FRAMES; f++)
        cr_assert(frame_alloc(direct) == f);
    cr_assert(frame_alloc(direct) == FRAME_NONE, "there is no frame behind");
    phys_write32(direct, 0x2000, 0x12345678);
    cr_assert(memory[0x2000] == 0x78 && state->counts.writes == 1);
    mach_destroy(direct);
    cr_assert(state->counts.frames_used == FRAMES, "the state is its maker's");
    free(memory);
    free(state);
}
