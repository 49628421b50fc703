/* mach.c - a machine from its making to its end, its counters, and the part of
 * the processor that modules can speak to. */
#include "mach_private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* The host gives memory when it is first touched: page by page for a flat table
 * of 4 MiB takes longer than most tests.  A large machine is touched here and
 * there, a small one has no use for 2 MiB. */
#define HUGE_PAGE (UINT64_C(2) << 20)

static int
has_huge_pages(uint64_t frames)
{
    const uint64_t bytes = frames << MACH_FRAME_SHIFT;
    return bytes >= 2 * HUGE_PAGE && bytes <= 32 * HUGE_PAGE;
}

static uint64_t
mapped_bytes(uint64_t frames)
{
    const uint64_t bytes = frames << MACH_FRAME_SHIFT;
    return has_huge_pages(frames) ? (bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1)
                                  : bytes;
}

size_t
mach_state_bytes(uint64_t frames)
{
    return sizeof(struct mach_state) +
           mach_frame_words(frames) * sizeof(uint64_t);
}

struct mach *
mach_create_at(uint64_t frames, void *memory, struct mach_state *state)
{
    struct mach *mach = calloc(1, sizeof *mach);
    if (mach == NULL)
        return NULL;
    mach->frames = frames;
    mach->bytes = frames << MACH_FRAME_SHIFT;
    mach->memory = memory;
    mach->state = state;
    mach->is_direct = 1;
    mach_frames_begin(mach);
    return mach;
}

struct mach *
mach_create(uint64_t frames)
{
    if (frames == 0 || frames > UINT64_C(1) << MACH_MAX_FRAME_SHIFT) {
        errno = EINVAL;
        return NULL;
    }
    const uint64_t bytes = mapped_bytes(frames);
    struct mach_state *state = calloc(1, mach_state_bytes(frames));
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct mach *mach = NULL;
    if (state != NULL && memory != MAP_FAILED)
        mach = mach_create_at(frames, memory, state);
    if (mach == NULL) {
        const int why = errno;
        if (memory != MAP_FAILED)
            munmap(memory, bytes);
        free(state);
        errno = why;
        return NULL;
    }
    mach->is_direct = 0;
    if (has_huge_pages(frames))
        madvise(memory, bytes, MADV_HUGEPAGE);
    return mach;
}

void
mach_destroy(struct mach *mach)
{
    if (mach == NULL)
        return;
    if (!mach->is_direct) {
        munmap(mach->memory, mapped_bytes(mach->frames));
        free(mach->state);
    }
    free(mach);
}

uint64_t
mach_frames(const struct mach *mach)
{
    return mach->frames;
}

struct mach_counts
mach_counts(const struct mach *mach)
{
    return mach->state->counts;
}

int
mach_invalidate(struct mach *mach, uint64_t asid, uint64_t va)
{
    const uint64_t place = mach->state->counts.invalidations++ % INVALIDATIONS_KEPT;
    struct mach_invalidation told = {.asid = asid, .va = va};
    if (mach->watches)
        (void)mach_peek(mach, mach->watched_pa, &told.watched,
                        sizeof told.watched);
    mach->invalidated[place] = told;
    return 0;
}

void
mach_watch(struct mach *mach, uint64_t pa)
{
    mach->watches = 1;
    mach->watched_pa = pa;
}

unsigned
mach_invalidated(const struct mach *mach, struct mach_invalidation *list,
                 unsigned room)
{
    const uint64_t all = mach->state->counts.invalidations;
    const unsigned kept =
        all < INVALIDATIONS_KEPT ? (unsigned)all : INVALIDATIONS_KEPT;
    for (unsigned i = 0; i < kept && i < room; i++)
        list[i] = mach->invalidated[(all - 1 - i) % INVALIDATIONS_KEPT];
    return kept;
}
