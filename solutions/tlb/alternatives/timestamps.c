/*
 * timestamps.c - one row of lines for all sets.  Each line remembers when it
 * was last touched, by a counter of 64 bits, which never comes round.  The tree
 * of TLB_PLRU follows from the same times: a bit points away from the half that
 * was touched last.
 */
#include "tlb/tlb.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct line {
    uint64_t touched; /* 0: never                                             */
    bool used;
    struct tlb_entry entry;
};

struct tlb {
    uint64_t sets, ways, now;
    enum tlb_policy policy;
    struct tlb_stats stats;
    struct line *lines;
};

struct tlb *
tlb_create(uint64_t sets, uint64_t ways, enum tlb_policy policy)
{
    errno = EINVAL;
    if (sets == 0 || sets > TLB_MOST_SETS || (sets & (sets - 1)) != 0)
        return NULL;
    if (ways == 0 || ways > TLB_MOST_WAYS)
        return NULL;
    if (policy != TLB_LRU && (policy != TLB_PLRU || (ways & (ways - 1)) != 0))
        return NULL;
    struct tlb *t = malloc(sizeof *t);
    struct line *lines = calloc(sets * ways, sizeof *lines);
    if (t == NULL || lines == NULL) {
        free(t);
        free(lines);
        errno = ENOMEM;
        return NULL;
    }
    *t = (struct tlb){sets, ways, 0, policy, {0}, lines};
    return t;
}

int
tlb_destroy(struct tlb *t)
{
    if (t == NULL)
        return TLB_BAD_ARGUMENT;
    free(t->lines);
    free(t);
    return TLB_OK;
}

static bool
covers(const struct line *l, uint64_t asid, uint64_t va)
{
    return l->used && va >= l->entry.va &&
           va - l->entry.va < l->entry.page_bytes &&
           (l->entry.global == 1 || l->entry.asid == asid);
}

/* Looks at every line there is. */
static struct line *
smallest(struct tlb *t, uint64_t asid, uint64_t va)
{
    struct line *found = NULL;
    for (uint64_t i = 0; i < t->sets * t->ways; i++)
        if (covers(&t->lines[i], asid, va) &&
            (found == NULL ||
             t->lines[i].entry.page_bytes < found->entry.page_bytes))
            found = &t->lines[i];
    return found;
}

static uint64_t
last_touch(const struct line *l, uint64_t count)
{
    uint64_t last = 0;
    for (; count > 0; count--, l++)
        if (l->touched > last)
            last = l->touched;
    return last;
}

static struct line *
victim(const struct tlb *t, struct line *set)
{
    if (t->policy == TLB_LRU) {
        struct line *v = set;
        for (uint64_t w = 1; w < t->ways; w++)
            if (set[w].touched < v->touched)
                v = &set[w];
        return v;
    }
    for (uint64_t n = t->ways / 2; n >= 1; n /= 2)
        if (last_touch(set, n) > last_touch(set + n, n))
            set += n;
    return set;
}

static void
fill(struct tlb *t, struct tlb_entry entry)
{
    struct line *set =
        t->lines + entry.va / entry.page_bytes % t->sets * t->ways;
    struct line *to = NULL;
    for (uint64_t w = 0; w < t->ways; w++) {
        struct line *l = &set[w];
        const bool same =
            l->entry.va == entry.va && l->entry.page_bytes == entry.page_bytes;
        if (same && (l->entry.asid == entry.asid || l->entry.global == 1 ||
                     entry.global == 1))
            l->used = false;
        if (to == NULL && !l->used)
            to = l;
    }
    if (to == NULL) {
        to = victim(t, set);
        t->stats.evictions++;
    }
    *to = (struct line){++t->now, true, entry};
}

int
tlb_insert(struct tlb *t, const struct tlb_entry *e)
{
    if (t == NULL || e == NULL)
        return TLB_BAD_ARGUMENT;
    switch (e->page_bytes) {
    case 0x1000:
    case 0x200000:
    case 0x400000:
    case 0x40000000:
        break;
    default:
        return TLB_BAD_ARGUMENT;
    }
    if (((e->va | e->pa) & (e->page_bytes - 1)) != 0)
        return TLB_BAD_ARGUMENT;
    if ((e->writable | e->user | e->no_execute | e->global | e->dirty) > 1)
        return TLB_BAD_ARGUMENT;
    fill(t, *e);
    return TLB_OK;
}

int
tlb_probe(struct tlb *t, uint64_t asid, uint64_t va, struct tlb_entry *entry)
{
    if (t == NULL || entry == NULL)
        return TLB_BAD_ARGUMENT;
    const struct line *l = smallest(t, asid, va);
    if (l != NULL)
        memcpy(entry, &l->entry, sizeof *entry);
    return l != NULL ? TLB_OK : TLB_MISS;
}

int
tlb_translate(struct tlb *t, struct space *space, uint64_t asid, uint64_t va,
              uint32_t access, struct tlb_result *result)
{
    if (t == NULL || space == NULL || result == NULL)
        return TLB_BAD_ARGUMENT;
    if (access > 15 || (access & 3) == 3 || (access & 10) == 10)
        return TLB_BAD_ARGUMENT;

    enum { NOTHING, HIT, DIRTY_WALK, REFUSED } found = NOTHING;
    struct line *l = smallest(t, asid, va);
    if (l != NULL) {
        found = HIT;
        if ((access & PW_WRITE) != 0) {
            if (l->entry.dirty == 0)
                found = DIRTY_WALK;
            if (l->entry.writable == 0)
                found = REFUSED;
        }
        if (((access & PW_USER) != 0 && l->entry.user == 0) ||
            ((access & PW_EXECUTE) != 0 && l->entry.no_execute == 1))
            found = REFUSED;
    }
    if (found == HIT) {
        t->stats.hits++;
        l->touched = ++t->now;
        result->pa = l->entry.pa | (va & (l->entry.page_bytes - 1));
        result->hit = 1;
        return TLB_OK;
    }
    if (found == DIRTY_WALK) {
        t->stats.hits++;
        t->stats.dirty_walks++;
    } else {
        t->stats.misses++;
    }
    if (l != NULL)
        l->used = false;

    struct pw_result walk = {0};
    const int status = pw_walk(space, va, access, &walk);
    if (status != PW_OK) {
        t->stats.faults++;
        result->walk = status;
        result->fault = walk.fault;
        return TLB_FAULT;
    }
    const uint64_t mask = walk.page_bytes - 1;
    fill(t, (struct tlb_entry){asid, va & ~mask, walk.pa & ~mask,
                               walk.page_bytes, walk.writable, walk.user,
                               walk.no_execute, walk.global, walk.dirty});
    result->pa = walk.pa;
    result->hit = found == DIRTY_WALK;
    return TLB_OK;
}

int
tlb_stat(struct tlb *t, struct tlb_stats *stats)
{
    if (t == NULL || stats == NULL)
        return TLB_BAD_ARGUMENT;
    *stats = t->stats;
    return TLB_OK;
}

int
tlb_invalidate(struct tlb *t, uint64_t asid, uint64_t va)
{
    if (t == NULL)
        return TLB_BAD_ARGUMENT;
    for (uint64_t i = 0; i < t->sets * t->ways; i++)
        if (covers(&t->lines[i], asid, va))
            t->lines[i].used = false;
    return TLB_OK;
}

int
tlb_flush(struct tlb *t, enum tlb_flush what, uint64_t asid)
{
    if (t == NULL || (unsigned)what > TLB_ASID_LOCAL)
        return TLB_BAD_ARGUMENT;
    for (uint64_t i = 0; i < t->sets * t->ways; i++) {
        struct line *l = &t->lines[i];
        if (what != TLB_ALL && l->entry.global == 1)
            continue;
        if (what == TLB_ASID_LOCAL && l->entry.asid != asid)
            continue;
        l->used = false;
    }
    return TLB_OK;
}

int
tlb_switch(struct tlb *t, uint64_t asid, enum tlb_switch how)
{
    if (t == NULL || (unsigned)how > TLB_SAME_ID)
        return TLB_BAD_ARGUMENT;
    if (how == TLB_SAME_ID)
        return TLB_OK;
    return tlb_flush(t, how == TLB_NEW_ID ? TLB_ASID_LOCAL : TLB_ALL_LOCAL,
                     asid);
}

int
tlb_needed(const struct tlb_change *c, uint32_t *action)
{
    if (c == NULL || action == NULL)
        return TLB_BAD_ARGUMENT;
    /* What may not be lost, what may not be gained, what may not change. */
    uint64_t lost = PW_P | PW_W | PW_U | PW_A;
    const uint64_t gained = PW_NX, changed = UINT64_C(0xFFFFFFF000);
    switch (c->kind) {
    case TLB_LEAF:
        lost |= PW_D | PW_G;
        *action = TLB_DO_PAGE;
        break;
    case TLB_TABLE:
        *action = c->global == 1 ? TLB_DO_ALL : TLB_DO_ASID;
        break;
    case TLB_REUSE:
        *action = TLB_DO_ASID;
        return TLB_OK;
    default:
        return TLB_BAD_ARGUMENT;
    }
    const uint64_t off = c->before & ~c->after, on = c->after & ~c->before;
    const bool cached = (~c->before & (PW_P | PW_A)) == 0;
    if (!cached || ((off & lost) | (on & gained) | ((off | on) & changed)) == 0)
        *action = TLB_DO_NOTHING;
    return TLB_OK;
}

int
tlb_time(const struct tlb_stats *s, const struct tlb_costs *c, uint64_t *total)
{
    if (s == NULL || c == NULL || total == NULL)
        return TLB_BAD_ARGUMENT;
    if ((s->hits | s->misses | s->dirty_walks | s->faults | s->evictions) >> 40)
        return TLB_BAD_ARGUMENT;
    if ((c->lookup | c->memory) >> 16 || c->walk_reads - 1 > 3)
        return TLB_BAD_ARGUMENT;
    if (s->dirty_walks > s->hits || s->faults > s->misses + s->dirty_walks)
        return TLB_BAD_ARGUMENT;
    *total = s->hits * (c->lookup + c->memory) +
             s->misses * (c->lookup + (c->walk_reads + 1) * c->memory) +
             s->dirty_walks * c->walk_reads * c->memory - s->faults * c->memory;
    return TLB_OK;
}
