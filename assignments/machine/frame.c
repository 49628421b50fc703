/*
 * frame.c - who uses which frame.
 *
 *   used[0]            used[1]                  bit b of word w: frame 64 w + b
 *   1 1 1 1 1 ... 1 1  1 0 0 1 1 0 0 0 ...
 *                      ^ first_word: all words below are full
 *
 * The lowest free frame is the lowest clear bit from first_word on.  A search
 * passes 64 frames in use at a time, so a run in a machine of 2^20 frames looks
 * at no more than 16,384 full words.
 */
#include "mach_private.h"

#include <inttypes.h>

static uint64_t
bit_of(uint64_t frame)
{
    return UINT64_C(1) << (frame % WORD_BITS);
}

static int
is_used(const struct mach *mach, uint64_t frame)
{
    return (mach->state->used[frame / WORD_BITS] & bit_of(frame)) != 0;
}

uint64_t
mach_frame_words(uint64_t frames)
{
    return (frames + WORD_BITS - 1) / WORD_BITS;
}

void
mach_frames_begin(struct mach *mach)
{
    mach->words = mach_frame_words(mach->frames);
    for (uint64_t f = mach->frames; f < mach->words * WORD_BITS; f++)
        mach->state->used[f / WORD_BITS] |= bit_of(f);
}

/* Counts an allocation; whether it is the one that has been arranged to fail.
 */
static int
arranged_to_fail(struct mach *mach)
{
    mach->state->counts.frame_allocs++;
    return mach->fail_at != 0 && --mach->fail_at == 0;
}

static void
take(struct mach *mach, uint64_t first, uint64_t count)
{
    for (uint64_t f = first; f < first + count; f++)
        mach->state->used[f / WORD_BITS] |= bit_of(f);
    mach->state->counts.frames_used += count;
}

/* The first word with a clear bit, mach->words when there is none.  Read once:
 * another process may write the state, too (direct.h). */
static uint64_t
first_word_with_a_free_frame(struct mach *mach)
{
    uint64_t word = mach->state->first_word;
    while (word < mach->words && mach->state->used[word] == UINT64_MAX)
        word++;
    if (word > mach->words)
        word = mach->words;
    mach->state->first_word = word;
    return word;
}

uint64_t
frame_alloc(struct mach *mach)
{
    if (arranged_to_fail(mach))
        return FRAME_NONE;
    const uint64_t word = first_word_with_a_free_frame(mach);
    const uint64_t clear = word < mach->words ? ~mach->state->used[word] : 0;
    if (clear == 0)
        return FRAME_NONE;
    const uint64_t frame = word * WORD_BITS + (uint64_t)__builtin_ctzll(clear);
    take(mach, frame, 1);
    return frame;
}

/* The lowest run of `count` (> 0) free frames, or FRAME_NONE. */
static uint64_t
find_run(struct mach *mach, uint64_t count)
{
    uint64_t length = 0; /* free frames just below f */
    uint64_t f = first_word_with_a_free_frame(mach) * WORD_BITS;
    while (f < mach->frames) {
        const uint64_t word = mach->state->used[f / WORD_BITS];
        const int whole = f % WORD_BITS == 0;
        if (whole && word == UINT64_MAX) {
            length = 0;
            f += WORD_BITS;
        } else if (whole && word == 0 && length + WORD_BITS < count) {
            length += WORD_BITS;
            f += WORD_BITS;
        } else {
            length = is_used(mach, f) ? 0 : length + 1;
            f++;
            if (length == count)
                return f - count;
        }
    }
    return FRAME_NONE;
}

uint64_t
frame_alloc_run(struct mach *mach, uint64_t count)
{
    if (arranged_to_fail(mach) || count == 0 || count > mach->frames)
        return FRAME_NONE;
    const uint64_t first = find_run(mach, count);
    if (first != FRAME_NONE)
        take(mach, first, count);
    return first;
}

int
frame_free(struct mach *mach, uint64_t frame)
{
    if (!frame_in_use(mach, frame))
        mach_stop("frame 0x%" PRIx64 " is given back, but it is not in use",
                  frame);
    const uint64_t word = frame / WORD_BITS;
    mach->state->used[word] &= ~bit_of(frame);
    if (word < mach->state->first_word)
        mach->state->first_word = word;
    mach->state->counts.frames_used--;
    return 0;
}

void
frame_fail_at(struct mach *mach, uint64_t k)
{
    mach->fail_at = k;
}

int
frame_in_use(const struct mach *mach, uint64_t frame)
{
    return frame < mach->frames && is_used(mach, frame);
}

uint64_t
frame_next_used(const struct mach *mach, uint64_t from)
{
    uint64_t f = from;
    while (f < mach->frames && !is_used(mach, f)) {
        const int empty = f % WORD_BITS == 0 && mach->state->used[f / WORD_BITS] == 0;
        f += empty ? WORD_BITS : 1;
    }
    return f < mach->frames ? f : FRAME_NONE;
}
