/*
 * swap_lab.h - for tests: a processor that faults, and other policies to
 * compare the clock with.  Given, never edited.
 *
 * Fault counts of a reference string (a list of page numbers, in the order of
 * the accesses) under FIFO, LRU and OPT are computed here on paper, so to
 * speak: no machine, no module.  The clock's are counted by running your
 * module.
 *
 *     static const unsigned string[] = {1, 2, 3, 4, 1, 2, 5};
 *     lab_faults(LAB_FIFO, string, 7, 3)      7 faults with 3 frames
 */
#ifndef VMLAB_SWAP_LAB_H
#define VMLAB_SWAP_LAB_H

#include "swap/swap.h"

/* ---- The processor ------------------------------------------------------- */

/*
 * lab_access - one access, as a processor does it: walks the tables; on a page
 *              that is not present calls swap_fault and tries again.
 *   access  as for swap_fault
 *   result  in the arena; filled by swap_fault
 *   pa      where the byte lies, untouched unless SWAP_OK; may be NULL
 * Returns what swap_fault returned, SWAP_OK when there was no fault, and
 * SWAP_RIGHTS when the page is present and forbids the access.
 */
static inline int
lab_access(struct swap *swap, struct space *space, uint64_t va, uint32_t access,
           struct swap_result *result, uint64_t *pa)
{
    struct pw_result walk;
    int status = pw_walk(space, va, access, &walk);
    if (status == PW_NOT_PRESENT) {
        const int served = swap_fault(swap, space, va, access, result);
        if (served != SWAP_OK)
            return served;
        status = pw_walk(space, va, access, &walk);
    }
    if (status != PW_OK)
        return SWAP_RIGHTS;
    if (pa != NULL)
        *pa = walk.pa;
    return SWAP_OK;
}

/* ---- Other policies ------------------------------------------------------ */

enum lab_policy {
    LAB_FIFO, /* the page that came in first goes                             */
    LAB_LRU,  /* the page that was used least recently goes                   */
    LAB_OPT,  /* the page that will be used last, or never again, goes: of    */
              /* several never used again the one in the lowest frame         */
};

enum { LAB_FRAMES = 64 };

/* When page `page` is used next after access `now`; `length` when never. */
static inline unsigned
lab_next_use(const unsigned *string, unsigned length, unsigned now,
             unsigned page)
{
    unsigned next = now + 1;
    while (next < length && string[next] != page)
        next++;
    return next;
}

/*
 * lab_faults - how many faults a reference string of `length` accesses causes
 *              with `frames` (1 to LAB_FRAMES) frames, all free at first.
 */
static inline unsigned
lab_faults(enum lab_policy policy, const unsigned *string, unsigned length,
           unsigned frames)
{
    unsigned page[LAB_FRAMES];  /* in each frame                              */
    unsigned since[LAB_FRAMES]; /* access that brought it in, or used it last */
    unsigned used = 0, faults = 0;
    for (unsigned now = 0; now < length; now++) {
        unsigned f = 0;
        while (f < used && page[f] != string[now])
            f++;
        if (f < used) {
            if (policy == LAB_LRU)
                since[f] = now;
            continue;
        }
        faults++;
        if (used < frames) {
            f = used++;
        } else {
            f = 0;
            for (unsigned g = 1; g < frames; g++)
                if (policy == LAB_OPT
                        ? lab_next_use(string, length, now, page[g]) >
                              lab_next_use(string, length, now, page[f])
                        : since[g] < since[f])
                    f = g;
        }
        page[f] = string[now];
        since[f] = now;
    }
    return faults;
}

#endif
