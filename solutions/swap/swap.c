/*
 * swap.c - page replacement: the reference.
 *
 * How it works
 *
 * Two tables are all the state there is: what is in each frame, and how many
 * pages have each slot.
 *
 *   frames                                       slots
 *   [0] space, va, slot, pinned                  [0] count
 *   [1] space NULL: free                         [1] count
 *
 * Everything else stands in the leaves and is read there each time, because A
 * and D change without a word to us.
 *
 *   swap_fault     get_frame, then fill_zero or fill_from_slot
 *   get_frame      a free frame, or victims until one can be turned out
 *   swap_victim    asks the policy: find_by_clock, find_enhanced or
 *                  find_by_lists, all of which skip what is_stuck
 *   turn_out       write what must be written, then change the leaf, then tell
 *                  the processor, then free the frame: a failure leaves nothing
 *                  to undo but a slot
 */
#include "swap/swap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NO_SLOT UINT64_MAX /* a page that has none */

enum { KEPT = PW_W | PW_U | PW_COW | PW_SHARED }; /* in a swapped leaf */

/* A frame and the page in it. */
struct frame {
    struct space *space; /* NULL: the frame is free                           */
    uint64_t va;         /* of the page's first byte                          */
    uint64_t slot;       /* the page's, or NO_SLOT                            */
    bool pinned;
    bool failed;     /* could not be written in the fault under way           */
    bool referenced; /* SWAP_LISTS: its A was found set before                */
};

/* A list of frames, by their index in swap->frames; the head is index 0. */
struct list {
    uint64_t *frame;
    uint64_t count;
};

struct swap {
    struct mach *mach;
    struct swap_config config;
    struct frame *frames; /* config.frame_count of them                       */
    uint64_t hand;        /* index of the frame that is looked at next        */
    struct list active, inactive; /* SWAP_LISTS                               */
    uint64_t *counts;             /* of each slot                             */
    uint64_t slots;
};

/* ---- Beginning and end --------------------------------------------------- */

/* Zero bytes for `count` things; never NULL for want of things. */
static void *
zeroed(uint64_t count, size_t bytes)
{
    return calloc(count > 0 ? count : 1, bytes);
}

struct swap *
swap_create(struct mach *mach, const struct swap_config *config)
{
    if (mach == NULL || config == NULL || config->frame_count == 0 ||
        config->policy > SWAP_LISTS) {
        errno = EINVAL;
        return NULL;
    }
    struct swap *swap = zeroed(1, sizeof *swap);
    if (swap == NULL)
        return NULL;
    const uint64_t frames = config->frame_count;
    swap->mach = mach;
    swap->config = *config;
    swap->slots = swapdev_slots(mach);
    swap->frames = zeroed(frames, sizeof *swap->frames);
    swap->counts = zeroed(swap->slots, sizeof *swap->counts);
    swap->active.frame = zeroed(frames, sizeof *swap->active.frame);
    swap->inactive.frame = zeroed(frames, sizeof *swap->inactive.frame);
    if (swap->frames == NULL || swap->counts == NULL ||
        swap->active.frame == NULL || swap->inactive.frame == NULL) {
        swap_destroy(swap);
        errno = ENOMEM;
        return NULL;
    }
    return swap;
}

int
swap_destroy(struct swap *swap)
{
    if (swap == NULL)
        return SWAP_BAD_ARGUMENT;
    free(swap->inactive.frame);
    free(swap->active.frame);
    free(swap->counts);
    free(swap->frames);
    free(swap);
    return SWAP_OK;
}

/* ---- Slots --------------------------------------------------------------- */

/* The lowest free slot, or NO_SLOT. */
static uint64_t
free_slot(const struct swap *swap)
{
    for (uint64_t slot = 0; slot < swap->slots; slot++)
        if (swap->counts[slot] == 0)
            return slot;
    return NO_SLOT;
}

int
slot_alloc(struct swap *swap, uint64_t *slot)
{
    if (swap == NULL || slot == NULL)
        return SWAP_BAD_ARGUMENT;
    const uint64_t found = free_slot(swap);
    if (found == NO_SLOT)
        return SWAP_NO_SLOT;
    swap->counts[found] = 1;
    *slot = found;
    return SWAP_OK;
}

int
slot_get(struct swap *swap, uint64_t slot)
{
    if (swap == NULL || slot >= swap->slots)
        return SWAP_BAD_ARGUMENT;
    if (swap->counts[slot] == 0)
        return SWAP_NOT_IN_USE;
    swap->counts[slot]++;
    return SWAP_OK;
}

int
slot_put(struct swap *swap, uint64_t slot)
{
    if (swap == NULL || slot >= swap->slots)
        return SWAP_BAD_ARGUMENT;
    if (swap->counts[slot] == 0)
        return SWAP_NOT_IN_USE;
    swap->counts[slot]--;
    return SWAP_OK;
}

uint64_t
slot_count(struct swap *swap, uint64_t slot)
{
    return swap != NULL && slot < swap->slots ? swap->counts[slot] : 0;
}

/* ---- Leaves -------------------------------------------------------------- */

/* Finds the leaf of the page in a frame. */
static struct pw_leaf
leaf_of(const struct frame *frame)
{
    struct pw_leaf leaf = {0};
    pw_entry(frame->space, frame->va, &leaf);
    return leaf;
}

static void
write_leaf(struct swap *swap, const struct pw_leaf *leaf, uint64_t entry)
{
    phys_write32(swap->mach, leaf->entry_pa, (uint32_t)entry);
}

/* Says that what the processor remembers of the page is out of date. */
static void
invalidate(struct swap *swap, const struct frame *frame)
{
    mach_invalidate(swap->mach, pw_root(frame->space) >> MACH_FRAME_SHIFT,
                    frame->va);
}

static void
clear_accessed(struct swap *swap, const struct frame *frame)
{
    const struct pw_leaf leaf = leaf_of(frame);
    write_leaf(swap, &leaf, leaf.entry & ~PW_A);
    invalidate(swap, frame);
}

/* ---- Lists --------------------------------------------------------------- */

static void
push_head(struct list *list, uint64_t index)
{
    memmove(list->frame + 1, list->frame, list->count * sizeof *list->frame);
    list->frame[0] = index;
    list->count++;
}

static uint64_t
pop_tail(struct list *list)
{
    return list->frame[--list->count];
}

/* Takes a frame off the list if it is there. */
static void
take_off(struct list *list, uint64_t index)
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < list->count; i++)
        if (list->frame[i] != index)
            list->frame[kept++] = list->frame[i];
    list->count = kept;
}

/* ---- Frames -------------------------------------------------------------- */

static uint64_t
number_of(const struct swap *swap, const struct frame *frame)
{
    return swap->config.first_frame + (uint64_t)(frame - swap->frames);
}

/* The frame of that number, or NULL when it is not ours. */
static struct frame *
frame_of(const struct swap *swap, uint64_t number)
{
    const uint64_t first = swap->config.first_frame;
    if (number < first || number - first >= swap->config.frame_count)
        return NULL;
    return &swap->frames[number - first];
}

/* The free frame of the lowest number, or NULL. */
static struct frame *
free_frame(const struct swap *swap)
{
    for (uint64_t i = 0; i < swap->config.frame_count; i++)
        if (swap->frames[i].space == NULL)
            return &swap->frames[i];
    return NULL;
}

static void
fill(struct swap *swap, struct frame *frame, struct space *space, uint64_t va,
     uint64_t slot)
{
    *frame = (struct frame){.space = space, .va = va, .slot = slot};
    push_head(&swap->inactive, (uint64_t)(frame - swap->frames));
}

/* The page has left; its slot is not our business here. */
static void
empty(struct swap *swap, struct frame *frame)
{
    const uint64_t index = (uint64_t)(frame - swap->frames);
    take_off(&swap->active, index);
    take_off(&swap->inactive, index);
    *frame = (struct frame){.space = NULL};
}

/* ---- Turning out --------------------------------------------------------- */

/* Whether the page may be written to the slot that it has. */
static bool
owns_slot(const struct swap *swap, const struct frame *frame)
{
    return frame->slot != NO_SLOT && swap->counts[frame->slot] == 1;
}

/* Whether a resident page with that leaf could be written somewhere, if it had
 * to be. */
static bool
has_room(const struct swap *swap, const struct frame *frame, uint64_t leaf)
{
    return (leaf & PW_D) == 0 || owns_slot(swap, frame) ||
           free_slot(swap) != NO_SLOT;
}

/* Writes a dirty page; its slot is then the one that holds it. */
static int
write_page(struct swap *swap, struct frame *frame)
{
    uint64_t slot = frame->slot;
    const bool moves = !owns_slot(swap, frame);
    if (moves && slot_alloc(swap, &slot) != SWAP_OK)
        return SWAP_NO_SLOT;
    if (swapdev_write(swap->mach, slot, number_of(swap, frame)) != SWAPDEV_OK) {
        if (moves)
            slot_put(swap, slot);
        return SWAP_WRITE_ERROR;
    }
    if (moves && frame->slot != NO_SLOT)
        slot_put(swap, frame->slot);
    frame->slot = slot;
    return SWAP_OK;
}

static int
turn_out(struct swap *swap, struct frame *frame)
{
    const struct pw_leaf leaf = leaf_of(frame);
    if ((leaf.entry & PW_D) != 0) {
        const int status = write_page(swap, frame);
        if (status != SWAP_OK)
            return status;
    }
    if (frame->slot == NO_SLOT)
        pw_unmap(frame->space, frame->va, PW_PAGE_BYTES);
    else
        write_leaf(swap, &leaf,
                   frame->slot << MACH_FRAME_SHIFT | PW_SWAPPED |
                       (leaf.entry & KEPT));
    invalidate(swap, frame);
    empty(swap, frame);
    return SWAP_OK;
}

int
swap_evict(struct swap *swap, uint64_t number)
{
    struct frame *frame = swap != NULL ? frame_of(swap, number) : NULL;
    if (frame == NULL)
        return SWAP_BAD_ARGUMENT;
    if (frame->space == NULL)
        return SWAP_NOT_IN_USE;
    if (frame->pinned)
        return SWAP_PINNED;
    return turn_out(swap, frame);
}

/* ---- Victims ------------------------------------------------------------- */

/* Whether a frame with a page cannot be a victim. */
static bool
is_stuck(const struct swap *swap, const struct frame *frame)
{
    return frame->pinned || frame->failed ||
           !has_room(swap, frame, leaf_of(frame).entry);
}

/* Whether the frame can be a victim at all. */
static bool
is_candidate(const struct swap *swap, const struct frame *frame)
{
    return frame->space != NULL && !is_stuck(swap, frame);
}

static bool
any_candidate(const struct swap *swap)
{
    for (uint64_t i = 0; i < swap->config.frame_count; i++)
        if (is_candidate(swap, &swap->frames[i]))
            return true;
    return false;
}

/* The frame under the hand, which goes on. */
static struct frame *
under_hand(struct swap *swap)
{
    struct frame *frame = &swap->frames[swap->hand];
    swap->hand = (swap->hand + 1) % swap->config.frame_count;
    return frame;
}

/* There is a candidate, so the second turn ends at the latest at the first one
 * whose A the first turn has cleared. */
static struct frame *
find_by_clock(struct swap *swap)
{
    for (;;) {
        struct frame *frame = under_hand(swap);
        if (!is_candidate(swap, frame))
            continue;
        if ((leaf_of(frame).entry & PW_A) == 0)
            return frame;
        clear_accessed(swap, frame);
    }
}

/* After the second turn no candidate has A, so the third or fourth ends. */
static struct frame *
find_enhanced(struct swap *swap)
{
    for (unsigned turn = 1;; turn++) {
        const uint64_t wanted = turn % 2 == 1 ? 0 : PW_D;
        for (uint64_t i = 0; i < swap->config.frame_count; i++) {
            struct frame *frame = under_hand(swap);
            if (!is_candidate(swap, frame))
                continue;
            const uint64_t leaf = leaf_of(frame).entry;
            if ((leaf & (PW_A | PW_D)) == wanted)
                return frame;
            if (wanted == PW_D && (leaf & PW_A) != 0)
                clear_accessed(swap, frame);
        }
    }
}

static bool
all_inactive_are_stuck(const struct swap *swap)
{
    for (uint64_t i = 0; i < swap->inactive.count; i++)
        if (!is_stuck(swap, &swap->frames[swap->inactive.frame[i]]))
            return false;
    return true;
}

static void
refill(struct swap *swap)
{
    while (swap->inactive.count < swap->active.count ||
           all_inactive_are_stuck(swap)) {
        const uint64_t index = pop_tail(&swap->active);
        struct frame *frame = &swap->frames[index];
        frame->referenced = false;
        if (!is_stuck(swap, frame) && (leaf_of(frame).entry & PW_A) != 0)
            clear_accessed(swap, frame);
        push_head(&swap->inactive, index);
    }
}

static struct frame *
find_by_lists(struct swap *swap)
{
    for (;;) {
        refill(swap);
        const uint64_t index = swap->inactive.frame[swap->inactive.count - 1];
        struct frame *frame = &swap->frames[index];
        const bool stuck = is_stuck(swap, frame);
        if (!stuck && (leaf_of(frame).entry & PW_A) == 0)
            return frame;
        pop_tail(&swap->inactive);
        if (stuck) {
            push_head(&swap->inactive, index);
            continue;
        }
        clear_accessed(swap, frame);
        push_head(frame->referenced ? &swap->active : &swap->inactive, index);
        frame->referenced = !frame->referenced;
    }
}

/* The victim, or NULL with nothing changed. */
static struct frame *
find_victim(struct swap *swap)
{
    if (!any_candidate(swap))
        return NULL;
    switch (swap->config.policy) {
    case SWAP_CLOCK:
        return find_by_clock(swap);
    case SWAP_ENHANCED:
        return find_enhanced(swap);
    default:
        return find_by_lists(swap);
    }
}

int
swap_victim(struct swap *swap, uint64_t *number)
{
    if (swap == NULL || number == NULL)
        return SWAP_BAD_ARGUMENT;
    const struct frame *victim = find_victim(swap);
    if (victim == NULL)
        return SWAP_NO_MEMORY;
    *number = number_of(swap, victim);
    return SWAP_OK;
}

int
swap_pin(struct swap *swap, uint64_t number, uint32_t on)
{
    struct frame *frame = swap != NULL ? frame_of(swap, number) : NULL;
    if (frame == NULL || on > 1)
        return SWAP_BAD_ARGUMENT;
    if (frame->space == NULL)
        return SWAP_NOT_IN_USE;
    frame->pinned = on == 1;
    return SWAP_OK;
}

/* ---- Faults -------------------------------------------------------------- */

/* Turns victims out until one frame is free. */
static int
make_room(struct swap *swap)
{
    int status = SWAP_NO_MEMORY; /* when there is no victim at all */
    struct frame *victim;
    while ((victim = find_victim(swap)) != NULL) {
        status = turn_out(swap, victim);
        if (status == SWAP_OK)
            break;
        victim->failed = true;
    }
    for (uint64_t i = 0; i < swap->config.frame_count; i++)
        swap->frames[i].failed = false;
    return status;
}

static int
fill_zero(struct swap *swap, struct frame *frame, struct space *space,
          uint64_t va)
{
    const uint64_t number = number_of(swap, frame);
    phys_zero_frame(swap->mach, number);
    if (pw_map(space, va, number << MACH_FRAME_SHIFT, PW_PAGE_BYTES,
               PW_W | PW_U) != PW_OK)
        return SWAP_NO_MEMORY;
    fill(swap, frame, space, va, NO_SLOT);
    return SWAP_OK;
}

static int
fill_from_slot(struct swap *swap, struct frame *frame, struct space *space,
               const struct pw_leaf *leaf)
{
    const uint64_t number = number_of(swap, frame);
    const uint64_t slot = leaf->entry >> MACH_FRAME_SHIFT;
    if (swapdev_read(swap->mach, slot, number) != SWAPDEV_OK)
        return SWAP_READ_ERROR;
    write_leaf(swap, leaf,
               number << MACH_FRAME_SHIFT | PW_P | (leaf->entry & KEPT));
    fill(swap, frame, space, leaf->va, slot);
    return SWAP_OK;
}

static bool
forbids(uint64_t leaf, uint32_t access)
{
    return ((access & PW_WRITE) != 0 && (leaf & PW_W) == 0) ||
           ((access & PW_USER) != 0 && (leaf & PW_U) == 0);
}

int
swap_fault(struct swap *swap, struct space *space, uint64_t va, uint32_t access,
           struct swap_result *result)
{
    if (swap == NULL || space == NULL || result == NULL || va > UINT32_MAX ||
        (access & ~(uint32_t)(PW_WRITE | PW_USER)) != 0)
        return SWAP_BAD_ARGUMENT;
    struct pw_leaf leaf;
    const bool is_empty = pw_entry(space, va, &leaf) != PW_OK;
    if (!is_empty && forbids(leaf.entry, access))
        return SWAP_RIGHTS;
    if (!is_empty && (leaf.entry & PW_P) != 0) {
        result->kind = SWAP_PRESENT;
        result->frame = leaf.entry >> MACH_FRAME_SHIFT;
        return SWAP_OK;
    }
    struct frame *frame = free_frame(swap);
    if (frame == NULL) {
        const int status = make_room(swap);
        if (status != SWAP_OK)
            return status;
        frame = free_frame(swap);
    }
    const uint64_t page = va & ~(uint64_t)(PW_PAGE_BYTES - 1);
    const int status = is_empty ? fill_zero(swap, frame, space, page)
                                : fill_from_slot(swap, frame, space, &leaf);
    if (status != SWAP_OK)
        return status;
    result->kind = is_empty ? SWAP_ZEROED : SWAP_READ;
    result->frame = number_of(swap, frame);
    return SWAP_OK;
}

int
swap_release(struct swap *swap, struct space *space, uint64_t va)
{
    if (swap == NULL || space == NULL || va > UINT32_MAX)
        return SWAP_BAD_ARGUMENT;
    struct pw_leaf leaf;
    if (pw_entry(space, va, &leaf) != PW_OK)
        return SWAP_NOT_IN_USE;
    uint64_t slot = leaf.entry >> MACH_FRAME_SHIFT;
    if ((leaf.entry & PW_P) != 0) {
        struct frame *frame = frame_of(swap, leaf.entry >> MACH_FRAME_SHIFT);
        if (frame->pinned)
            return SWAP_PINNED;
        slot = frame->slot;
        empty(swap, frame);
    }
    if (slot != NO_SLOT)
        slot_put(swap, slot);
    pw_unmap(space, leaf.va, PW_PAGE_BYTES);
    mach_invalidate(swap->mach, pw_root(space) >> MACH_FRAME_SHIFT, leaf.va);
    return SWAP_OK;
}
