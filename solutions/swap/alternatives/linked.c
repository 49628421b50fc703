/*
 * linked.c - frames are nodes: free ones in a sorted chain, pages on two
 * queues, and the hand is a pointer into a ring.  Each node remembers where the
 * leaf of its page lies, which cannot change while the page is present.  Free
 * slots wait in a heap, the lowest on top.
 */
#include "swap/swap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct node {
    uint64_t frame;
    struct node *round;        /* the ring of all frames                      */
    struct node *next_free;    /* while free                                  */
    struct node *newer, *older; /* while in use: in its queue                 */
    struct queue *queue;
    struct space *space;
    uint64_t va, leaf_pa;
    int64_t slot; /* or -1 */
    uint32_t pins, banned, second_chance;
};

struct queue {
    struct node *newest, *oldest;
    uint64_t length;
};

struct swap {
    struct mach *mach;
    uint32_t policy;
    uint64_t frames;
    struct node *node, *hand, *free;
    struct queue active, inactive;
    uint64_t slots, heap_size;
    uint64_t *users, *heap;
};

/* ---- The heap of free slots ---- */

static void
heap_add(struct swap *s, uint64_t slot)
{
    uint64_t at = s->heap_size++;
    for (; at > 0 && s->heap[(at - 1) / 2] > slot; at = (at - 1) / 2)
        s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = slot;
}

static uint64_t
heap_take(struct swap *s)
{
    const uint64_t lowest = s->heap[0];
    const uint64_t last = s->heap[--s->heap_size];
    uint64_t at = 0;
    for (uint64_t child; (child = 2 * at + 1) < s->heap_size; at = child) {
        if (child + 1 < s->heap_size && s->heap[child + 1] < s->heap[child])
            child++;
        if (s->heap[child] >= last)
            break;
        s->heap[at] = s->heap[child];
    }
    s->heap[at] = last;
    return lowest;
}

int
slot_alloc(struct swap *s, uint64_t *slot)
{
    if (!s || !slot)
        return SWAP_BAD_ARGUMENT;
    if (s->heap_size == 0)
        return SWAP_NO_SLOT;
    *slot = heap_take(s);
    s->users[*slot] = 1;
    return SWAP_OK;
}

int
slot_get(struct swap *s, uint64_t slot)
{
    if (!s || slot >= s->slots)
        return SWAP_BAD_ARGUMENT;
    return s->users[slot] ? (s->users[slot]++, SWAP_OK) : SWAP_NOT_IN_USE;
}

int
slot_put(struct swap *s, uint64_t slot)
{
    if (!s || slot >= s->slots)
        return SWAP_BAD_ARGUMENT;
    if (!s->users[slot])
        return SWAP_NOT_IN_USE;
    if (--s->users[slot] == 0)
        heap_add(s, slot);
    return SWAP_OK;
}

uint64_t
slot_count(struct swap *s, uint64_t slot)
{
    return !s || slot >= s->slots ? 0 : s->users[slot];
}

/* ---- Beginning and end ---- */

int
swap_destroy(struct swap *s)
{
    if (!s)
        return SWAP_BAD_ARGUMENT;
    free(s->heap);
    free(s->users);
    free(s->node);
    free(s);
    return SWAP_OK;
}

struct swap *
swap_create(struct mach *mach, const struct swap_config *config)
{
    errno = EINVAL;
    if (!mach || !config || !config->frame_count || config->policy > SWAP_LISTS)
        return NULL;
    struct swap *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->mach = mach;
    s->policy = config->policy;
    s->frames = config->frame_count;
    s->slots = swapdev_slots(mach);
    s->node = calloc(s->frames, sizeof *s->node);
    s->users = calloc(s->slots + 1, sizeof *s->users);
    s->heap = calloc(s->slots + 1, sizeof *s->heap);
    if (!s->node || !s->users || !s->heap) {
        swap_destroy(s);
        errno = ENOMEM;
        return NULL;
    }
    for (uint64_t i = 0; i < s->slots; i++)
        heap_add(s, i);
    for (uint64_t i = s->frames; i-- > 0;) {
        struct node *n = &s->node[i];
        n->frame = config->first_frame + i;
        n->round = &s->node[(i + 1) % s->frames];
        n->next_free = s->free;
        s->free = n;
    }
    s->hand = s->node;
    return s;
}

/* ---- Queues ---- */

static void
enqueue(struct queue *q, struct node *n)
{
    n->queue = q;
    n->newer = NULL;
    n->older = q->newest;
    *(q->newest ? &q->newest->newer : &q->oldest) = n;
    q->newest = n;
    q->length++;
}

static void
dequeue(struct node *n)
{
    struct queue *q = n->queue;
    *(n->newer ? &n->newer->older : &q->newest) = n->older;
    *(n->older ? &n->older->newer : &q->oldest) = n->newer;
    n->queue = NULL;
    q->length--;
}

static void
requeue(struct queue *to, struct node *n)
{
    dequeue(n);
    enqueue(to, n);
}

/* ---- Victims ---- */

static uint32_t
entry(struct swap *s, const struct node *n)
{
    return phys_read32(s->mach, n->leaf_pa);
}

static void
changed(struct swap *s, const struct node *n)
{
    mach_invalidate(s->mach, pw_root(n->space) >> 12, n->va);
}

static int
can_go(struct swap *s, const struct node *n)
{
    if (!n->space || n->pins || n->banned)
        return 0;
    if (s->heap_size || (n->slot >= 0 && s->users[n->slot] == 1))
        return 1;
    return !(entry(s, n) & PW_D);
}

static int
test_and_clear(struct swap *s, const struct node *n)
{
    const uint32_t e = entry(s, n);
    if (!(e & PW_A))
        return 0;
    phys_write32(s->mach, n->leaf_pa, e ^ (uint32_t)PW_A);
    changed(s, n);
    return 1;
}

static struct node *
from_queues(struct swap *s)
{
    struct node *n;
    for (;;) {
        int cold = 0;
        for (n = s->inactive.oldest; n && !cold; n = n->newer)
            cold = can_go(s, n);
        if (!cold || s->inactive.length < s->active.length) {
            n = s->active.oldest;
            if (can_go(s, n))
                test_and_clear(s, n);
            n->second_chance = 0;
            requeue(&s->inactive, n);
            continue;
        }
        n = s->inactive.oldest;
        if (!can_go(s, n)) {
            requeue(&s->inactive, n);
        } else if (!test_and_clear(s, n)) {
            return n;
        } else {
            requeue(n->second_chance ? &s->active : &s->inactive, n);
            n->second_chance ^= 1;
        }
    }
}

static struct node *
choose(struct swap *s)
{
    struct node *n = s->hand;
    while (!can_go(s, n))
        if ((n = n->round) == s->hand)
            return NULL;
    if (s->policy == SWAP_LISTS)
        return from_queues(s);
    /* n is the first candidate at or after the hand, so turns may begin here;
     * what is passed on the way there is left alone anyway. */
    struct node *const begin = n;
    for (unsigned turn = 0;; turn++)
        do {
            struct node *const at = n;
            n = n->round;
            if (!can_go(s, at))
                continue;
            const uint32_t bits = entry(s, at) & (PW_A | PW_D);
            const int plain = s->policy == SWAP_CLOCK;
            if (plain ? !(bits & PW_A) : bits == (turn & 1 ? PW_D : 0)) {
                s->hand = n;
                return at;
            }
            if (plain || turn & 1)
                test_and_clear(s, at);
        } while (n != begin);
}

int
swap_victim(struct swap *s, uint64_t *frame)
{
    if (!s || !frame)
        return SWAP_BAD_ARGUMENT;
    const struct node *n = choose(s);
    if (!n)
        return SWAP_NO_MEMORY;
    *frame = n->frame;
    return SWAP_OK;
}

/* ---- Coming and going ---- */

static struct node *
node_of(struct swap *s, uint64_t frame)
{
    const uint64_t first = s ? s->node->frame : 0;
    return s && frame >= first && frame - first < s->frames
               ? &s->node[frame - first]
               : NULL;
}

static void
vacate(struct swap *s, struct node *n)
{
    struct node **link = &s->free;
    dequeue(n);
    n->space = NULL;
    n->pins = n->second_chance = 0;
    while (*link && *link < n)
        link = &(*link)->next_free;
    n->next_free = *link;
    *link = n;
}

static int
save(struct swap *s, struct node *n)
{
    uint64_t to = (uint64_t)n->slot;
    const int fresh = n->slot < 0 || s->users[to] != 1;
    if (fresh && slot_alloc(s, &to) != SWAP_OK)
        return SWAP_NO_SLOT;
    if (swapdev_write(s->mach, to, n->frame) != SWAPDEV_OK) {
        if (fresh)
            slot_put(s, to);
        return SWAP_WRITE_ERROR;
    }
    if (fresh && n->slot >= 0)
        slot_put(s, (uint64_t)n->slot);
    n->slot = (int64_t)to;
    return SWAP_OK;
}

enum { STAYS = PW_W | PW_U | PW_COW | PW_SHARED };

static int
expel(struct swap *s, struct node *n)
{
    const uint32_t e = entry(s, n);
    const int status = e & PW_D ? save(s, n) : SWAP_OK;
    if (status != SWAP_OK)
        return status;
    if (n->slot < 0)
        pw_unmap(n->space, n->va, 4096);
    else
        phys_write32(s->mach, n->leaf_pa,
                     (uint32_t)n->slot << 12 | (uint32_t)PW_SWAPPED |
                         (e & STAYS));
    changed(s, n);
    vacate(s, n);
    return SWAP_OK;
}

int
swap_evict(struct swap *s, uint64_t frame)
{
    struct node *n = node_of(s, frame);
    if (!n)
        return SWAP_BAD_ARGUMENT;
    return !n->space ? SWAP_NOT_IN_USE : n->pins ? SWAP_PINNED : expel(s, n);
}

int
swap_pin(struct swap *s, uint64_t frame, uint32_t on)
{
    struct node *n = node_of(s, frame);
    if (!n || on > 1)
        return SWAP_BAD_ARGUMENT;
    if (!n->space)
        return SWAP_NOT_IN_USE;
    n->pins = on;
    return SWAP_OK;
}

static int
gather(struct swap *s)
{
    int status = SWAP_NO_MEMORY;
    while (!s->free) {
        struct node *n = choose(s);
        if (!n)
            break;
        status = expel(s, n);
        n->banned = status != SWAP_OK;
    }
    for (uint64_t i = 0; i < s->frames; i++)
        s->node[i].banned = 0;
    return s->free ? SWAP_OK : status;
}

int
swap_fault(struct swap *s, struct space *space, uint64_t va, uint32_t access,
           struct swap_result *result)
{
    if (!s || !space || !result || va > 0xFFFFFFFF ||
        access & ~(uint32_t)(PW_WRITE | PW_USER))
        return SWAP_BAD_ARGUMENT;
    struct pw_leaf leaf;
    const int was_empty = pw_entry(space, va, &leaf) == PW_NOT_MAPPED;
    if (!was_empty) {
        if (((access & PW_WRITE) && !(leaf.entry & PW_W)) ||
            ((access & PW_USER) && !(leaf.entry & PW_U)))
            return SWAP_RIGHTS;
        if (leaf.entry & PW_P) {
            result->kind = SWAP_PRESENT;
            result->frame = leaf.entry >> 12;
            return SWAP_OK;
        }
    }
    const int status = gather(s);
    if (status != SWAP_OK)
        return status;
    struct node *n = s->free;
    n->va = va >> 12 << 12;
    n->slot = -1;
    if (was_empty) {
        phys_zero_frame(s->mach, n->frame);
        if (pw_map(space, n->va, n->frame << 12, 4096, PW_W | PW_U) != PW_OK)
            return SWAP_NO_MEMORY;
        pw_entry(space, va, &leaf);
    } else {
        n->slot = (int64_t)(leaf.entry >> 12);
        if (swapdev_read(s->mach, leaf.entry >> 12, n->frame) != SWAPDEV_OK)
            return SWAP_READ_ERROR;
        phys_write32(s->mach, leaf.entry_pa,
                     (uint32_t)(n->frame << 12 | PW_P |
                                (leaf.entry & STAYS)));
    }
    s->free = n->next_free;
    n->space = space;
    n->leaf_pa = leaf.entry_pa;
    enqueue(&s->inactive, n);
    result->kind = was_empty ? SWAP_ZEROED : SWAP_READ;
    result->frame = n->frame;
    return SWAP_OK;
}

int
swap_release(struct swap *s, struct space *space, uint64_t va)
{
    if (!s || !space || va > 0xFFFFFFFF)
        return SWAP_BAD_ARGUMENT;
    struct pw_leaf leaf;
    if (pw_entry(space, va, &leaf) != PW_OK)
        return SWAP_NOT_IN_USE;
    struct node *n =
        leaf.entry & PW_P ? node_of(s, leaf.entry >> 12) : NULL;
    const int64_t slot = n ? n->slot : (int64_t)(leaf.entry >> 12);
    if (n && n->pins)
        return SWAP_PINNED;
    pw_unmap(space, leaf.va, 4096);
    if (n) {
        assert(n->leaf_pa == leaf.entry_pa);
        changed(s, n);
        vacate(s, n);
    }
    if (slot >= 0)
        slot_put(s, (uint64_t)slot);
    return SWAP_OK;
}
