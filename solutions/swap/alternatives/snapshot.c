/*
 * snapshot.c - plans on paper: copies all leaves first, works out the victim
 * and what has to be cleared, and only then touches memory.
 *
 * The order of the two lists is a rank per frame, the highest at the head.  All
 * of the tables are one allocation.
 */
#include "swap/swap.h"

#include <errno.h>
#include <stdlib.h>

struct place {
    struct space *space;
    uint64_t va;
    uint64_t slot_plus_1; /* 0: none */
    uint64_t rank;
    uint32_t leaf; /* the snapshot */
    unsigned char pinned, tried, found, active, clear, stuck;
};

struct swap {
    struct mach *mach;
    uint64_t first, frames, slots;
    uint32_t policy;
    uint64_t hand, next_rank;
    uint32_t *count;
    struct place place[];
};

struct swap *
swap_create(struct mach *mach, const struct swap_config *config)
{
    errno = EINVAL;
    if (!mach || !config || !config->frame_count || config->policy > 2)
        return NULL;
    struct swap *s = calloc(1, sizeof *s + config->frame_count *
                                               sizeof(struct place));
    if (!s)
        return NULL;
    s->mach = mach;
    s->first = config->first_frame;
    s->frames = config->frame_count;
    s->policy = config->policy;
    s->slots = swapdev_slots(mach);
    s->count = calloc(s->slots + 1, sizeof *s->count);
    if (!s->count) {
        free(s);
        errno = ENOMEM;
        return NULL;
    }
    return s;
}

int
swap_destroy(struct swap *s)
{
    if (!s)
        return SWAP_BAD_ARGUMENT;
    free(s->count);
    free(s);
    return SWAP_OK;
}

static uint64_t
lowest_free(const struct swap *s)
{
    uint64_t slot = 0;
    while (slot < s->slots && s->count[slot])
        slot++;
    return slot; /* s->slots: none */
}

int
slot_alloc(struct swap *s, uint64_t *slot)
{
    if (!s || !slot)
        return SWAP_BAD_ARGUMENT;
    const uint64_t found = lowest_free(s);
    if (found == s->slots)
        return SWAP_NO_SLOT;
    s->count[*slot = found] = 1;
    return SWAP_OK;
}

static int
add_to(struct swap *s, uint64_t slot, int more)
{
    if (!s || slot >= s->slots)
        return SWAP_BAD_ARGUMENT;
    if (!s->count[slot])
        return SWAP_NOT_IN_USE;
    s->count[slot] += (uint32_t)more;
    return SWAP_OK;
}

int
slot_get(struct swap *s, uint64_t slot)
{
    return add_to(s, slot, 1);
}

int
slot_put(struct swap *s, uint64_t slot)
{
    return add_to(s, slot, -1);
}

uint64_t
slot_count(struct swap *s, uint64_t slot)
{
    return s && slot < s->slots ? s->count[slot] : 0;
}

/* ---- Plan ---- */

static void
take_snapshot(struct swap *s)
{
    const int room = lowest_free(s) < s->slots;
    for (struct place *p = s->place; p < s->place + s->frames; p++) {
        p->clear = 0;
        p->stuck = 1;
        if (!p->space)
            continue;
        struct pw_leaf leaf;
        pw_entry(p->space, p->va, &leaf);
        p->leaf = (uint32_t)leaf.entry;
        const int own = p->slot_plus_1 && s->count[p->slot_plus_1 - 1] == 1;
        p->stuck = p->pinned || p->tried ||
                   ((p->leaf & PW_D) && !own && !room);
    }
}

static void
plan_clear(struct place *p)
{
    if (p->leaf & PW_A) {
        p->leaf &= ~(uint32_t)PW_A;
        p->clear = 1;
    }
}

/* The clock is a row of turns; the plain one clears in each and takes any D. */
static struct place *
plan_turns(struct swap *s)
{
    const int plain = s->policy == SWAP_CLOCK;
    for (unsigned turn = 0; turn < 4; turn++) {
        const int clears = plain || turn % 2;
        for (uint64_t i = 0; i < s->frames; i++) {
            const uint64_t at = (s->hand + i) % s->frames;
            struct place *p = &s->place[at];
            if (p->stuck)
                continue;
            const int dirty = (p->leaf & PW_D) != 0;
            if (!(p->leaf & PW_A) && (plain || dirty == (int)(turn % 2))) {
                s->hand = (at + 1) % s->frames;
                return p;
            }
            if (clears)
                plan_clear(p);
        }
    }
    return NULL;
}

/* The last frame of a list and its length; *all_stuck says so. */
static struct place *
last_of(struct swap *s, int active, uint64_t *length, int *all_stuck)
{
    struct place *last = NULL;
    *length = 0;
    *all_stuck = 1;
    for (struct place *p = s->place; p < s->place + s->frames; p++) {
        if (!p->space || p->active != active)
            continue;
        ++*length;
        *all_stuck &= p->stuck;
        if (!last || p->rank < last->rank)
            last = p;
    }
    return last;
}

static struct place *
plan_lists(struct swap *s)
{
    for (;;) {
        uint64_t cold, hot;
        int cold_stuck, hot_stuck;
        struct place *p = last_of(s, 0, &cold, &cold_stuck);
        struct place *old = last_of(s, 1, &hot, &hot_stuck);
        if (cold < hot || (cold_stuck && hot)) {
            if (!old->stuck)
                plan_clear(old);
            old->active = old->found = 0;
            old->rank = s->next_rank++;
            continue;
        }
        if (!p->stuck && !(p->leaf & PW_A))
            return p;
        p->rank = s->next_rank++;
        if (p->stuck)
            continue;
        plan_clear(p);
        p->active = p->found;
        p->found = !p->found;
    }
}

static uint64_t
asid(const struct place *p)
{
    return pw_root(p->space) / 4096;
}

static struct place *
find(struct swap *s)
{
    take_snapshot(s);
    int any = 0;
    for (uint64_t i = 0; i < s->frames; i++)
        any |= !s->place[i].stuck;
    if (!any)
        return NULL;
    struct place *victim =
        s->policy == SWAP_LISTS ? plan_lists(s) : plan_turns(s);
    for (struct place *p = s->place; p < s->place + s->frames; p++)
        if (p->clear) {
            struct pw_leaf leaf;
            pw_entry(p->space, p->va, &leaf);
            phys_write32(s->mach, leaf.entry_pa, p->leaf);
            mach_invalidate(s->mach, asid(p), p->va);
        }
    return victim;
}

int
swap_victim(struct swap *s, uint64_t *frame)
{
    if (!s || !frame)
        return SWAP_BAD_ARGUMENT;
    const struct place *p = find(s);
    if (!p)
        return SWAP_NO_MEMORY;
    *frame = s->first + (uint64_t)(p - s->place);
    return SWAP_OK;
}

/* ---- Do ---- */

static struct place *
ours(struct swap *s, uint64_t frame)
{
    return s && frame - s->first < s->frames ? &s->place[frame - s->first]
                                             : NULL;
}

int
swap_evict(struct swap *s, uint64_t frame)
{
    struct place *p = ours(s, frame);
    if (!p)
        return SWAP_BAD_ARGUMENT;
    if (!p->space)
        return SWAP_NOT_IN_USE;
    if (p->pinned)
        return SWAP_PINNED;
    struct pw_leaf leaf;
    pw_entry(p->space, p->va, &leaf);
    uint64_t slot = p->slot_plus_1 - 1;
    if (leaf.entry & PW_D) {
        if (!p->slot_plus_1 || s->count[slot] > 1)
            slot = lowest_free(s);
        if (slot == s->slots)
            return SWAP_NO_SLOT;
        if (swapdev_write(s->mach, slot, frame) != SWAPDEV_OK)
            return SWAP_WRITE_ERROR;
        if (slot + 1 != p->slot_plus_1) {
            s->count[slot] = 1;
            if (p->slot_plus_1)
                s->count[p->slot_plus_1 - 1]--;
            p->slot_plus_1 = slot + 1;
        }
    }
    if (p->slot_plus_1)
        phys_write32(s->mach, leaf.entry_pa,
                     (uint32_t)(slot * 4096 + PW_SWAPPED +
                                (leaf.entry & 0x606)));
    else
        pw_unmap(p->space, p->va, 1);
    mach_invalidate(s->mach, asid(p), p->va);
    *p = (struct place){0};
    return SWAP_OK;
}

int
swap_pin(struct swap *s, uint64_t frame, uint32_t on)
{
    struct place *p = ours(s, frame);
    if (!p || on > 1)
        return SWAP_BAD_ARGUMENT;
    if (!p->space)
        return SWAP_NOT_IN_USE;
    p->pinned = (unsigned char)on;
    return SWAP_OK;
}

static struct place *
vacant(struct swap *s)
{
    for (uint64_t i = 0; i < s->frames; i++)
        if (!s->place[i].space)
            return &s->place[i];
    return NULL;
}

int
swap_fault(struct swap *s, struct space *space, uint64_t va, uint32_t access,
           struct swap_result *result)
{
    if (!s || !space || !result || va >> 32 ||
        (access | PW_WRITE | PW_USER) != (PW_WRITE | PW_USER))
        return SWAP_BAD_ARGUMENT;
    struct pw_leaf leaf = {0};
    const int used = pw_entry(space, va, &leaf) == PW_OK;
    const uint64_t needs =
        (access & PW_WRITE ? PW_W : 0) | (access & PW_USER ? PW_U : 0);
    if (used && (leaf.entry & needs) != needs)
        return SWAP_RIGHTS;
    if (leaf.entry & PW_P) {
        *result = (struct swap_result){SWAP_PRESENT, leaf.entry >> 12};
        return SWAP_OK;
    }
    int status = SWAP_NO_MEMORY;
    for (struct place *p; !vacant(s) && (p = find(s));) {
        status = swap_evict(s, s->first + (uint64_t)(p - s->place));
        p->tried = status != SWAP_OK;
    }
    for (uint64_t i = 0; i < s->frames; i++)
        s->place[i].tried = 0;
    struct place *p = vacant(s);
    if (!p)
        return status;
    const uint64_t frame = s->first + (uint64_t)(p - s->place);
    va &= 0xFFFFF000;
    if (!used) {
        phys_zero_frame(s->mach, frame);
        if (pw_map(space, va, frame * 4096, 1, PW_W | PW_U) != PW_OK)
            return SWAP_NO_MEMORY;
    } else {
        if (swapdev_read(s->mach, leaf.entry >> 12, frame) != SWAPDEV_OK)
            return SWAP_READ_ERROR;
        p->slot_plus_1 = (leaf.entry >> 12) + 1;
        phys_write32(s->mach, leaf.entry_pa,
                     (uint32_t)(frame * 4096 + PW_P + (leaf.entry & 0x606)));
    }
    p->space = space;
    p->va = va;
    p->rank = s->next_rank++;
    *result = (struct swap_result){used ? SWAP_READ : SWAP_ZEROED, frame};
    return SWAP_OK;
}

int
swap_release(struct swap *s, struct space *space, uint64_t va)
{
    if (!s || !space || va >> 32)
        return SWAP_BAD_ARGUMENT;
    struct pw_leaf leaf;
    if (pw_entry(space, va, &leaf) != PW_OK)
        return SWAP_NOT_IN_USE;
    uint64_t slot_plus_1 = (leaf.entry >> 12) + 1;
    if (leaf.entry & PW_P) {
        struct place *p = &s->place[(leaf.entry >> 12) - s->first];
        if (p->pinned)
            return SWAP_PINNED;
        slot_plus_1 = p->slot_plus_1;
        *p = (struct place){0};
    }
    if (slot_plus_1)
        s->count[slot_plus_1 - 1]--;
    pw_unmap(space, leaf.va, 4096);
    mach_invalidate(s->mach, pw_root(space) / 4096, leaf.va);
    return SWAP_OK;
}
