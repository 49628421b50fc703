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
has_huge_pages(const struct mach *mach)
{
    return mach->bytes >= 2 * HUGE_PAGE && mach->bytes <= 32 * HUGE_PAGE;
}

static uint64_t
mapped_bytes(const struct mach *mach)
{
    return has_huge_pages(mach)
               ? (mach->bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1)
               : mach->bytes;
}

struct mach *
mach_create(uint64_t frames)
{
    if (frames == 0 || frames > UINT64_C(1) << MACH_MAX_FRAME_SHIFT) {
        errno = EINVAL;
        return NULL;
    }
    struct mach *mach = calloc(1, sizeof *mach);
    if (mach == NULL)
        return NULL;
    mach->frames = frames;
    mach->bytes = frames << MACH_FRAME_SHIFT;
    if (mach_frames_begin(mach) != 0) {
        free(mach);
        return NULL;
    }
    void *memory = mmap(NULL, mapped_bytes(mach), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        const int why = errno;
        mach_frames_end(mach);
        free(mach);
        errno = why;
        return NULL;
    }
    mach->memory = memory;
    if (has_huge_pages(mach))
        madvise(memory, mapped_bytes(mach), MADV_HUGEPAGE);
    return mach;
}

void
mach_destroy(struct mach *mach)
{
    if (mach == NULL)
        return;
    munmap(mach->memory, mapped_bytes(mach));
    mach_frames_end(mach);
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
    return mach->counts;
}

int
mach_invalidate(struct mach *mach, uint64_t asid, uint64_t va)
{
    const uint64_t place = mach->counts.invalidations++ % INVALIDATIONS_KEPT;
    mach->invalidated[place] = (struct mach_invalidation){asid, va};
    return 0;
}

unsigned
mach_invalidated(const struct mach *mach, struct mach_invalidation *list,
                 unsigned room)
{
    const uint64_t all = mach->counts.invalidations;
    const unsigned kept =
        all < INVALIDATIONS_KEPT ? (unsigned)all : INVALIDATIONS_KEPT;
    for (unsigned i = 0; i < kept && i < room; i++)
        list[i] = mach->invalidated[(all - 1 - i) % INVALIDATIONS_KEPT];
    return kept;
}
