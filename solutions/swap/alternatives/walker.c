/*
 * walker.c - looks leaves up by hand, in the two tables that pw_root leads to,
 * makes and frees tables with the functions of pagewalk, and tells the
 * processor of every resident page after each change, which is more than need
 * be.  The lists are one row of frames, the inactive ones first; the slots are
 * a bitmap of the free ones beside the counts.
 */
#include "swap/swap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PINNED = 1, BROKEN = 2, SEEN = 4, HAS_SLOT = 8, IN_USE = 16 };

struct swap {
    struct mach *mach;
    struct swap_config config;
    struct space **space; /* of each frame's page                             */
    uint32_t *va;
    uint32_t *slot;
    unsigned char *flags;
    uint32_t *row;        /* frames: row[0 .. cold) inactive, the head first, */
    uint32_t cold, total; /* row[cold .. total) active, the head first        */
    uint64_t hand;
    uint64_t slots;
    uint64_t *free_words; /* a bit per free slot                              */
    uint64_t *count;
};

int
swap_destroy(struct swap *s)
{
    if (s == NULL)
        return SWAP_BAD_ARGUMENT;
    free(s->space), free(s->va), free(s->slot), free(s->flags), free(s->row);
    free(s->free_words), free(s->count), free(s);
    return SWAP_OK;
}

struct swap *
swap_create(struct mach *mach, const struct swap_config *config)
{
    if (mach == NULL || config == NULL || config->frame_count < 1 ||
        (config->policy != SWAP_CLOCK && config->policy != SWAP_ENHANCED &&
         config->policy != SWAP_LISTS)) {
        errno = EINVAL;
        return NULL;
    }
    struct swap *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    const size_t n = config->frame_count;
    s->mach = mach;
    s->config = *config;
    s->slots = swapdev_slots(mach);
    s->space = calloc(n, sizeof *s->space);
    s->va = calloc(n, sizeof *s->va);
    s->slot = calloc(n, sizeof *s->slot);
    s->flags = calloc(n, 1);
    s->row = calloc(n, sizeof *s->row);
    s->free_words = calloc(s->slots / 64 + 1, 8);
    s->count = calloc(s->slots + 1, 8);
    if (!s->space || !s->va || !s->slot || !s->flags || !s->row ||
        !s->free_words || !s->count) {
        swap_destroy(s);
        errno = ENOMEM;
        return NULL;
    }
    for (uint64_t i = 0; i < s->slots; i++)
        s->free_words[i / 64] |= UINT64_C(1) << i % 64;
    return s;
}

/* ---- Slots ---- */

static bool
lowest(const struct swap *s, uint64_t *slot)
{
    for (uint64_t w = 0; w <= s->slots / 64; w++)
        for (unsigned b = 0; s->free_words[w] != 0 && b < 64; b++)
            if (s->free_words[w] >> b & 1) {
                *slot = w * 64 + b;
                return true;
            }
    return false;
}

static void
set_count(struct swap *s, uint64_t slot, uint64_t count)
{
    const uint64_t bit = UINT64_C(1) << slot % 64;
    s->count[slot] = count;
    if (count == 0)
        s->free_words[slot / 64] |= bit;
    else
        s->free_words[slot / 64] &= ~bit;
}

int
slot_alloc(struct swap *s, uint64_t *slot)
{
    if (s == NULL || slot == NULL)
        return SWAP_BAD_ARGUMENT;
    if (!lowest(s, slot))
        return SWAP_NO_SLOT;
    set_count(s, *slot, 1);
    return SWAP_OK;
}

int
slot_get(struct swap *s, uint64_t slot)
{
    if (s == NULL || slot >= s->slots)
        return SWAP_BAD_ARGUMENT;
    if (slot_count(s, slot) == 0)
        return SWAP_NOT_IN_USE;
    set_count(s, slot, s->count[slot] + 1);
    return SWAP_OK;
}

int
slot_put(struct swap *s, uint64_t slot)
{
    if (s == NULL || slot >= s->slots)
        return SWAP_BAD_ARGUMENT;
    if (slot_count(s, slot) == 0)
        return SWAP_NOT_IN_USE;
    set_count(s, slot, s->count[slot] - 1);
    return SWAP_OK;
}

uint64_t
slot_count(struct swap *s, uint64_t slot)
{
    if (s == NULL || slot >= s->slots)
        return 0;
    return s->count[slot];
}

/* ---- Leaves ---- */

/* Where the leaf of `va` lies; 0 when there is no table for it. */
static uint64_t
where(struct swap *s, struct space *space, uint64_t va)
{
    const uint32_t top =
        phys_read32(s->mach, pw_root(space) + (va >> 22) * 4);
    return (top & PW_P) == 0 ? 0
                             : (top & 0xFFFFF000u) + (va >> 12 & 0x3FF) * 4;
}

static uint32_t
leaf(struct swap *s, uint64_t i)
{
    return phys_read32(s->mach, where(s, s->space[i], s->va[i]));
}

static void
tell_of_all(struct swap *s)
{
    for (uint64_t i = 0; i < s->config.frame_count; i++)
        if (s->flags[i] & IN_USE)
            mach_invalidate(s->mach, pw_root(s->space[i]) >> 12, s->va[i]);
}

static bool
stuck(struct swap *s, uint64_t i)
{
    uint64_t any;
    if (s->flags[i] & (PINNED | BROKEN))
        return true;
    if (!(leaf(s, i) & PW_D) || lowest(s, &any))
        return false;
    return !(s->flags[i] & HAS_SLOT) || s->count[s->slot[i]] != 1;
}

static bool
eligible(struct swap *s, uint64_t i)
{
    return (s->flags[i] & IN_USE) && !stuck(s, i);
}

/* Returns the leaf as it was. */
static uint32_t
forget_access(struct swap *s, uint64_t i)
{
    const uint32_t was = leaf(s, i);
    if (was & PW_A) {
        phys_write32(s->mach, where(s, s->space[i], s->va[i]),
                     was & ~(uint32_t)PW_A);
        tell_of_all(s);
    }
    return was;
}

/* ---- Victims ---- */

static uint64_t
clock_victim(struct swap *s)
{
    uint64_t i;
    do {
        i = s->hand;
        s->hand = i + 1 < s->config.frame_count ? i + 1 : 0;
    } while (!eligible(s, i) || (forget_access(s, i) & PW_A));
    return i;
}

/* One turn; frame_count when it finds nothing. */
static uint64_t
turn(struct swap *s, bool second)
{
    const uint64_t n = s->config.frame_count;
    for (uint64_t k = 0; k < n; k++) {
        const uint64_t i = (s->hand + k) % n;
        if (!eligible(s, i))
            continue;
        const uint32_t bits = leaf(s, i) & (PW_A | PW_D);
        if (bits == (second ? PW_D : 0)) {
            s->hand = (i + 1) % n;
            return i;
        }
        if (second)
            forget_access(s, i);
    }
    return n;
}

/* Moves the frame at place `from` of the row to place `to` <= from. */
static void
move_up(struct swap *s, uint32_t from, uint32_t to)
{
    const uint32_t i = s->row[from];
    memmove(s->row + to + 1, s->row + to, (from - to) * sizeof *s->row);
    s->row[to] = i;
}

static bool
cold_are_stuck(struct swap *s)
{
    uint32_t k = 0;
    while (k < s->cold && stuck(s, s->row[k]))
        k++;
    return k == s->cold;
}

static uint64_t
list_victim(struct swap *s)
{
    for (;;) {
        while (s->total - s->cold > s->cold || cold_are_stuck(s)) {
            const uint32_t i = s->row[s->total - 1];
            if (!stuck(s, i))
                forget_access(s, i);
            s->flags[i] &= (unsigned char)~SEEN;
            move_up(s, s->total - 1, 0);
            s->cold++;
        }
        const uint32_t i = s->row[s->cold - 1];
        if (stuck(s, i)) {
            move_up(s, s->cold - 1, 0);
        } else if (!(forget_access(s, i) & PW_A)) {
            return i;
        } else if (s->flags[i] & SEEN) {
            s->cold--; /* it is the head of the active ones where it stands */
            s->flags[i] ^= SEEN;
        } else {
            move_up(s, s->cold - 1, 0);
            s->flags[i] ^= SEEN;
        }
    }
}

static bool
find(struct swap *s, uint64_t *i)
{
    const uint64_t n = s->config.frame_count;
    uint64_t k = 0;
    while (k < n && !eligible(s, k))
        k++;
    if (k == n)
        return false;
    if (s->config.policy == SWAP_LISTS)
        *i = list_victim(s);
    else if (s->config.policy == SWAP_CLOCK)
        *i = clock_victim(s);
    else
        for (unsigned t = 0; (*i = turn(s, t % 2)) == n; t++)
            ;
    return true;
}

int
swap_victim(struct swap *s, uint64_t *frame)
{
    uint64_t i;
    if (s == NULL || frame == NULL)
        return SWAP_BAD_ARGUMENT;
    if (!find(s, &i))
        return SWAP_NO_MEMORY;
    *frame = s->config.first_frame + i;
    return SWAP_OK;
}

/* ---- Coming and going ---- */

static void
come(struct swap *s, uint64_t i, struct space *space, uint32_t va)
{
    s->space[i] = space;
    s->va[i] = va;
    s->flags[i] = IN_USE;
    s->row[s->total++] = (uint32_t)i;
    move_up(s, s->total - 1, 0);
    s->cold++;
}

static void
leave(struct swap *s, uint64_t i)
{
    uint32_t k = 0;
    while (s->row[k] != i)
        k++;
    memmove(s->row + k, s->row + k + 1, (s->total - k - 1) * sizeof *s->row);
    s->total--;
    if (k < s->cold)
        s->cold--;
    s->flags[i] = 0;
}

static int
write_out(struct swap *s, uint64_t i)
{
    const bool has = (s->flags[i] & HAS_SLOT) != 0;
    uint64_t to = s->slot[i];
    if ((!has || s->count[to] != 1) && !lowest(s, &to))
        return SWAP_NO_SLOT;
    if (swapdev_write(s->mach, to, s->config.first_frame + i))
        return SWAP_WRITE_ERROR;
    if (has)
        slot_put(s, s->slot[i]);
    set_count(s, to, 1);
    s->slot[i] = (uint32_t)to;
    s->flags[i] |= HAS_SLOT;
    return SWAP_OK;
}

static int
go(struct swap *s, uint64_t i)
{
    const uint32_t was = leaf(s, i);
    if (was & PW_D) {
        const int status = write_out(s, i);
        if (status != SWAP_OK)
            return status;
    }
    if (s->flags[i] & HAS_SLOT)
        phys_write32(s->mach, where(s, s->space[i], s->va[i]),
                     s->slot[i] << 12 | (uint32_t)PW_SWAPPED |
                         (was & (uint32_t)(PW_W | PW_U | PW_COW | PW_SHARED)));
    else
        pw_unmap(s->space[i], s->va[i], 4096);
    tell_of_all(s);
    leave(s, i);
    return SWAP_OK;
}

int
swap_evict(struct swap *s, uint64_t frame)
{
    if (s == NULL || frame < s->config.first_frame ||
        frame >= s->config.first_frame + s->config.frame_count)
        return SWAP_BAD_ARGUMENT;
    const uint64_t i = frame - s->config.first_frame;
    if (!(s->flags[i] & IN_USE))
        return SWAP_NOT_IN_USE;
    return s->flags[i] & PINNED ? SWAP_PINNED : go(s, i);
}

int
swap_pin(struct swap *s, uint64_t frame, uint32_t on)
{
    if (s == NULL || frame < s->config.first_frame ||
        frame >= s->config.first_frame + s->config.frame_count || on > 1)
        return SWAP_BAD_ARGUMENT;
    unsigned char *flags = &s->flags[frame - s->config.first_frame];
    if (!(*flags & IN_USE))
        return SWAP_NOT_IN_USE;
    *flags = (unsigned char)(on ? *flags | PINNED : *flags & ~PINNED);
    return SWAP_OK;
}

/* A free frame, by force if need be. */
static int
obtain(struct swap *s, uint64_t *i)
{
    for (*i = 0; *i < s->config.frame_count; ++*i)
        if (!(s->flags[*i] & IN_USE))
            return SWAP_OK;
    int status = SWAP_NO_MEMORY;
    while (find(s, i) && (status = go(s, *i)) != SWAP_OK)
        s->flags[*i] |= BROKEN;
    for (uint64_t k = 0; k < s->config.frame_count; k++)
        s->flags[k] &= (unsigned char)~BROKEN;
    return status;
}

int
swap_fault(struct swap *s, struct space *space, uint64_t va, uint32_t access,
           struct swap_result *result)
{
    if (s == NULL || space == NULL || result == NULL || va >= 1ull << 32 ||
        (access != PW_READ && access != PW_WRITE && access != PW_USER &&
         access != (PW_WRITE | PW_USER)))
        return SWAP_BAD_ARGUMENT;
    uint64_t at = where(s, space, va);
    const uint32_t was = at != 0 ? phys_read32(s->mach, at) : 0;
    if (was != 0 && (access & PW_WRITE) && !(was & PW_W))
        return SWAP_RIGHTS;
    if (was != 0 && (access & PW_USER) && !(was & PW_U))
        return SWAP_RIGHTS;
    if (was & PW_P) {
        result->kind = SWAP_PRESENT;
        result->frame = was >> 12;
        return SWAP_OK;
    }
    uint64_t i;
    const int status = obtain(s, &i);
    if (status != SWAP_OK)
        return status;
    const uint64_t frame = s->config.first_frame + i;
    const uint32_t page = (uint32_t)va & 0xFFFFF000u;
    if (was == 0) {
        if (pw_map(space, page, frame << 12, 4096, PW_W | PW_U) != PW_OK)
            return SWAP_NO_MEMORY;
        phys_zero_frame(s->mach, frame);
        come(s, i, space, page);
    } else {
        if (swapdev_read(s->mach, was >> 12, frame))
            return SWAP_READ_ERROR;
        at = where(s, space, va);
        phys_write32(s->mach, at,
                     (uint32_t)(frame << 12) | (uint32_t)PW_P |
                         (was & (uint32_t)(PW_W | PW_U | PW_COW | PW_SHARED)));
        come(s, i, space, page);
        s->flags[i] |= HAS_SLOT;
        s->slot[i] = was >> 12;
    }
    result->kind = was == 0 ? SWAP_ZEROED : SWAP_READ;
    result->frame = frame;
    return SWAP_OK;
}

int
swap_release(struct swap *s, struct space *space, uint64_t va)
{
    if (s == NULL || space == NULL || va >= 1ull << 32)
        return SWAP_BAD_ARGUMENT;
    const uint64_t at = where(s, space, va);
    const uint32_t was = at != 0 ? phys_read32(s->mach, at) : 0;
    if (was == 0)
        return SWAP_NOT_IN_USE;
    if (was & PW_P) {
        const uint64_t i = (was >> 12) - s->config.first_frame;
        if (s->flags[i] & PINNED)
            return SWAP_PINNED;
        if (s->flags[i] & HAS_SLOT)
            slot_put(s, s->slot[i]);
        pw_unmap(space, s->va[i], 4096);
        tell_of_all(s);
        leave(s, i);
    } else {
        slot_put(s, was >> 12);
        pw_unmap(space, va & ~UINT64_C(4095), 4096);
    }
    return SWAP_OK;
}
