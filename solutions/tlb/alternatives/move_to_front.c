/*
 * move_to_front.c - each set is an array of way numbers in the order of their
 * use, the most recent one in front; a touch moves a number to the front and
 * the ones before it one place on.  Rights are a mask of the accesses that an
 * entry allows, made when it is filled.  The tree of TLB_PLRU is recursive.
 */
#include "tlb/tlb.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAY_ALL = 1, MAY_USER = 2, MAY_WRITE = 4, MAY_FETCH = 8 };

struct slot {
    struct tlb_entry entry;
    unsigned may; /* 0: the way is free                                       */
};

struct set {
    unsigned char order[TLB_MOST_WAYS];
    unsigned char bit[TLB_MOST_WAYS]; /* between ways low .. high: [middle]   */
    struct slot *slot;
};

struct tlb {
    struct set *set;
    struct tlb_stats stats;
    uint64_t sets;
    unsigned ways;
    enum tlb_policy policy;
};

int
tlb_destroy(struct tlb *tlb)
{
    if (tlb == NULL)
        return TLB_BAD_ARGUMENT;
    for (uint64_t i = 0; tlb->set != NULL && i < tlb->sets; i++)
        free(tlb->set[i].slot);
    free(tlb->set);
    free(tlb);
    return TLB_OK;
}

struct tlb *
tlb_create(uint64_t sets, uint64_t ways, enum tlb_policy policy)
{
    const bool powers = (sets & (sets - 1)) == 0 &&
                        (policy == TLB_LRU || (ways & (ways - 1)) == 0);
    if (sets - 1 >= TLB_MOST_SETS || ways - 1 >= TLB_MOST_WAYS || !powers ||
        (unsigned)policy > TLB_PLRU) {
        errno = EINVAL;
        return NULL;
    }
    struct tlb *tlb = calloc(1, sizeof *tlb);
    if (tlb == NULL)
        return NULL;
    tlb->sets = sets;
    tlb->ways = (unsigned)ways;
    tlb->policy = policy;
    tlb->set = calloc(sets, sizeof *tlb->set);
    bool whole = tlb->set != NULL;
    for (uint64_t i = 0; whole && i < sets; i++) {
        struct set *s = &tlb->set[i];
        s->slot = calloc(ways, sizeof *s->slot);
        whole = s->slot != NULL;
        for (unsigned w = 0; w < ways; w++)
            s->order[w] = (unsigned char)w;
    }
    if (!whole) {
        tlb_destroy(tlb);
        errno = ENOMEM;
        return NULL;
    }
    return tlb;
}

/* Turns the bits of ways low to high - 1 away from `way`. */
static void
turn(struct set *s, unsigned low, unsigned high, unsigned way)
{
    if (high - low < 2)
        return;
    const unsigned middle = (low + high) / 2;
    s->bit[middle] = way < middle;
    if (way < middle)
        turn(s, low, middle, way);
    else
        turn(s, middle, high, way);
}

static unsigned
follow(const struct set *s, unsigned low, unsigned high)
{
    if (high - low < 2)
        return low;
    const unsigned middle = (low + high) / 2;
    return s->bit[middle] != 0 ? follow(s, middle, high)
                               : follow(s, low, middle);
}

static void
touch(struct tlb *tlb, struct set *s, unsigned way)
{
    if (tlb->policy == TLB_PLRU) {
        turn(s, 0, tlb->ways, way);
        return;
    }
    unsigned char *const place = memchr(s->order, (int)way, tlb->ways);
    memmove(s->order + 1, s->order, (size_t)(place - s->order));
    s->order[0] = (unsigned char)way;
}

static struct set *
set_for(struct tlb *tlb, uint64_t va, uint64_t bytes)
{
    return tlb->set + (va / bytes) % tlb->sets;
}

/* The slot that matches, in *set, or NULL: sizes from *bytes on are tried;
 * *bytes becomes the next one. */
static struct slot *
next_match(struct tlb *tlb, uint64_t asid, uint64_t va, uint64_t *bytes,
           struct set **set)
{
    while (*bytes <= UINT64_C(1) << 30) {
        const uint64_t size = *bytes;
        *bytes = size == UINT64_C(1) << 12   ? UINT64_C(1) << 21
                 : size == UINT64_C(1) << 21 ? UINT64_C(1) << 22
                 : size == UINT64_C(1) << 22 ? UINT64_C(1) << 30
                                             : UINT64_MAX;
        *set = set_for(tlb, va, size);
        for (unsigned i = 0; i < tlb->ways; i++) {
            struct slot *const t = &(*set)->slot[(*set)->order[i]];
            if (t->may != 0 && t->entry.page_bytes == size &&
                t->entry.va == va - va % size &&
                (t->entry.asid == asid || t->entry.global != 0))
                return t;
        }
    }
    return NULL;
}

static void
fill(struct tlb *tlb, const struct tlb_entry *e)
{
    struct set *const s = set_for(tlb, e->va, e->page_bytes);
    unsigned way = tlb->ways;
    for (unsigned w = tlb->ways; w > 0; w--) {
        struct slot *const t = &s->slot[w - 1];
        if (t->entry.va == e->va && t->entry.page_bytes == e->page_bytes &&
            (t->entry.global != 0 || e->global != 0 ||
             t->entry.asid == e->asid))
            t->may = 0;
        if (t->may == 0)
            way = w - 1;
    }
    if (way == tlb->ways) {
        tlb->stats.evictions++;
        way = tlb->policy == TLB_PLRU ? follow(s, 0, tlb->ways)
                                      : s->order[tlb->ways - 1];
    }
    s->slot[way].entry = *e;
    s->slot[way].may = MAY_ALL | (e->user != 0 ? MAY_USER : 0u) |
                       (e->writable != 0 ? MAY_WRITE : 0u) |
                       (e->no_execute == 0 ? MAY_FETCH : 0u);
    touch(tlb, s, way);
}

int
tlb_insert(struct tlb *tlb, const struct tlb_entry *e)
{
    if (tlb == NULL || e == NULL)
        return TLB_BAD_ARGUMENT;
    const bool size = e->page_bytes == 4096 || e->page_bytes == 512 * 4096 ||
                      e->page_bytes == 1024 * 4096 ||
                      e->page_bytes == 512 * 512 * 4096;
    if (!size || e->va % e->page_bytes + e->pa % e->page_bytes != 0 ||
        e->writable > 1 || e->user > 1 || e->no_execute > 1 || e->global > 1 ||
        e->dirty > 1)
        return TLB_BAD_ARGUMENT;
    fill(tlb, e);
    return TLB_OK;
}

int
tlb_probe(struct tlb *tlb, uint64_t asid, uint64_t va, struct tlb_entry *entry)
{
    if (tlb == NULL || entry == NULL)
        return TLB_BAD_ARGUMENT;
    uint64_t bytes = 4096;
    struct set *s;
    const struct slot *const t = next_match(tlb, asid, va, &bytes, &s);
    if (t == NULL)
        return TLB_MISS;
    *entry = t->entry;
    return TLB_OK;
}

int
tlb_translate(struct tlb *tlb, struct space *space, uint64_t asid, uint64_t va,
              uint32_t access, struct tlb_result *result)
{
    static const unsigned char allowed[16] = {1, 1, 1, 0, 1, 1, 1, 0,
                                              1, 1, 0, 0, 1, 1, 0, 0};
    if (tlb == NULL || space == NULL || result == NULL || access > 15 ||
        allowed[access] == 0)
        return TLB_BAD_ARGUMENT;
    unsigned must = MAY_ALL;
    must |= (access & PW_USER) != 0 ? MAY_USER : 0u;
    must |= (access & PW_WRITE) != 0 ? MAY_WRITE : 0u;
    must |= (access & PW_EXECUTE) != 0 ? MAY_FETCH : 0u;

    uint64_t bytes = 4096;
    struct set *s;
    struct slot *const t = next_match(tlb, asid, va, &bytes, &s);
    const bool hit = t != NULL && (t->may & must) == must;
    if (hit)
        tlb->stats.hits++;
    else
        tlb->stats.misses++;
    if (hit && ((access & PW_WRITE) == 0 || t->entry.dirty != 0)) {
        touch(tlb, s, (unsigned)(t - s->slot));
        result->pa = t->entry.pa + va % t->entry.page_bytes;
        result->hit = 1;
        return TLB_OK;
    }
    tlb->stats.dirty_walks += hit ? 1 : 0;
    if (t != NULL)
        t->may = 0;
    struct pw_result w;
    const int status = pw_walk(space, va, access, &w);
    if (status != PW_OK) {
        tlb->stats.faults++;
        result->fault = w.fault;
        result->walk = status;
        return TLB_FAULT;
    }
    struct tlb_entry e = {
        asid,   va - va % w.page_bytes, 0,        w.page_bytes, w.writable,
        w.user, w.no_execute,           w.global, w.dirty};
    e.pa = w.pa - va % w.page_bytes;
    fill(tlb, &e);
    result->hit = hit ? 1 : 0;
    result->pa = w.pa;
    return TLB_OK;
}

int
tlb_stat(struct tlb *tlb, struct tlb_stats *stats)
{
    if (tlb == NULL || stats == NULL)
        return TLB_BAD_ARGUMENT;
    memcpy(stats, &tlb->stats, sizeof *stats);
    return TLB_OK;
}

int
tlb_invalidate(struct tlb *tlb, uint64_t asid, uint64_t va)
{
    if (tlb == NULL)
        return TLB_BAD_ARGUMENT;
    uint64_t bytes = 4096;
    struct set *s;
    struct slot *t;
    while ((t = next_match(tlb, asid, va, &bytes, &s)) != NULL)
        t->may = 0;
    return TLB_OK;
}

int
tlb_flush(struct tlb *tlb, enum tlb_flush what, uint64_t asid)
{
    if (tlb == NULL || (int)what < 0 || what > TLB_ASID_LOCAL)
        return TLB_BAD_ARGUMENT;
    for (uint64_t i = 0; i < tlb->sets * tlb->ways; i++) {
        struct slot *const t = &tlb->set[i / tlb->ways].slot[i % tlb->ways];
        bool gone = true;
        if (what != TLB_ALL)
            gone = t->entry.global == 0;
        if (what == TLB_ASID_LOCAL)
            gone = gone && t->entry.asid == asid;
        if (gone)
            t->may = 0;
    }
    return TLB_OK;
}

int
tlb_switch(struct tlb *tlb, uint64_t asid, enum tlb_switch how)
{
    static const enum tlb_flush flush[] = {TLB_ALL_LOCAL, TLB_ASID_LOCAL};
    if (tlb == NULL || (int)how < 0 || how > TLB_SAME_ID)
        return TLB_BAD_ARGUMENT;
    return how == TLB_SAME_ID ? TLB_OK : tlb_flush(tlb, flush[how], asid);
}

/* Whether something that was cached through the entry is wrong now. */
static bool
is_harmful(uint32_t kind, uint64_t before, uint64_t after)
{
    const uint64_t address =
        ((UINT64_C(1) << PW_PA_BITS) - 1) & ~UINT64_C(0xFFF);
    if ((before & PW_P) == 0 || (before & PW_A) == 0)
        return false;
    if ((after & PW_P) == 0)
        return true;
    if (((before ^ after) & address) != 0)
        return true;
    uint64_t kept = PW_W | PW_U | PW_A;
    if (kind == TLB_LEAF)
        kept |= PW_D | PW_G;
    if ((before & ~after & kept) != 0)
        return true;
    return (after & ~before & PW_NX) != 0;
}

int
tlb_needed(const struct tlb_change *change, uint32_t *action)
{
    if (change == NULL || action == NULL || change->kind > TLB_REUSE)
        return TLB_BAD_ARGUMENT;
    if (change->kind == TLB_REUSE)
        *action = TLB_DO_ASID;
    else if (!is_harmful(change->kind, change->before, change->after))
        *action = TLB_DO_NOTHING;
    else if (change->kind == TLB_LEAF)
        *action = TLB_DO_PAGE;
    else
        *action = change->global != 0 ? TLB_DO_ALL : TLB_DO_ASID;
    return TLB_OK;
}

/* ---- Time ---------------------------------------------------------------- */

int
tlb_time(const struct tlb_stats *stats, const struct tlb_costs *costs,
         uint64_t *total)
{
    if (stats == NULL || costs == NULL || total == NULL)
        return TLB_BAD_ARGUMENT;
    const uint64_t end = UINT64_C(1) << 40;
    if (stats->hits >= end || stats->misses >= end ||
        stats->dirty_walks >= end || stats->faults >= end ||
        stats->evictions >= end || costs->lookup > UINT16_MAX ||
        costs->memory > UINT16_MAX || costs->walk_reads < 1 ||
        costs->walk_reads > 4)
        return TLB_BAD_ARGUMENT;
    const uint64_t translations = stats->hits + stats->misses;
    const uint64_t walks = stats->misses + stats->dirty_walks;
    if (stats->dirty_walks > stats->hits || stats->faults > walks)
        return TLB_BAD_ARGUMENT;
    const uint64_t references =
        walks * costs->walk_reads + translations - stats->faults;
    *total = translations * costs->lookup + references * costs->memory;
    return TLB_OK;
}
