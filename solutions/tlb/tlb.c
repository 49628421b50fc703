/*
 * tlb.c - a cache of translations: the reference.
 *
 * How it works
 *
 *   find       the one place that searches: the way whose entry matches an
 *              address, size by size from the smallest
 *   fill       the one place that puts an entry in: drop the same page, choose
 *              a way, touch it
 *   translate  find, decide whether the entry will do, else walk and fill
 *
 * The ways of a set lie beside each other.  Recency is kept as ranks: the ages
 * of a set's ways are always the numbers 0 to ways - 1, each once, and 0 is the
 * way touched last.  Unlike a clock, ranks cannot run over:
 *
 *   way    0  1  2  3              0  1  2  3
 *   age    2  0  3  1   touch 2    3  1  0  2
 *
 * The tree of TLB_PLRU is a word per set.  Node 1 is its root and node n has
 * the children 2n and 2n + 1, so that way w hangs below as "node" ways + w:
 * going up from there is a shift.
 */
#include "tlb/tlb.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Sizes of pages, in the order in which an address is looked up. */
static const uint64_t page_sizes[] = {
    UINT64_C(1) << 12,
    UINT64_C(1) << 21,
    UINT64_C(1) << 22,
    UINT64_C(1) << 30,
};
enum { SIZES = sizeof page_sizes / sizeof page_sizes[0] };

struct way {
    bool used;
    unsigned age; /* rank in its set: 0 is the most recently used             */
    struct tlb_entry entry;
};

struct set {
    struct way *way;
    uint64_t tree; /* TLB_PLRU: bit n is node n, 1 points to the upper half   */
};

struct tlb {
    uint64_t sets, ways;
    enum tlb_policy policy;
    struct tlb_stats stats;
    struct way *all_ways; /* of all sets, in a row                            */
    struct set set[];
};

/* ---- Making -------------------------------------------------------------- */

static bool
is_power_of_two(uint64_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

struct tlb *
tlb_create(uint64_t sets, uint64_t ways, enum tlb_policy policy)
{
    if (!is_power_of_two(sets) || sets > TLB_MOST_SETS || ways == 0 ||
        ways > TLB_MOST_WAYS || (policy != TLB_LRU && policy != TLB_PLRU) ||
        (policy == TLB_PLRU && !is_power_of_two(ways))) {
        errno = EINVAL;
        return NULL;
    }
    struct tlb *tlb = calloc(1, sizeof *tlb + sets * sizeof tlb->set[0]);
    if (tlb == NULL)
        return NULL;
    tlb->all_ways = calloc(sets * ways, sizeof *tlb->all_ways);
    if (tlb->all_ways == NULL) {
        free(tlb);
        errno = ENOMEM;
        return NULL;
    }
    tlb->sets = sets;
    tlb->ways = ways;
    tlb->policy = policy;
    for (uint64_t s = 0; s < sets; s++) {
        tlb->set[s].way = &tlb->all_ways[s * ways];
        for (unsigned w = 0; w < ways; w++)
            tlb->set[s].way[w].age = w;
    }
    return tlb;
}

int
tlb_destroy(struct tlb *tlb)
{
    if (tlb == NULL)
        return TLB_BAD_ARGUMENT;
    free(tlb->all_ways);
    free(tlb);
    return TLB_OK;
}

/* ---- Recency ------------------------------------------------------------- */

static void
touch(const struct tlb *tlb, struct set *set, struct way *touched)
{
    for (uint64_t w = 0; w < tlb->ways; w++)
        if (set->way[w].age < touched->age)
            set->way[w].age++;
    touched->age = 0;

    const uint64_t leaf = tlb->ways + (uint64_t)(touched - set->way);
    for (uint64_t node = leaf; node > 1; node /= 2) {
        const uint64_t bit = UINT64_C(1) << node / 2;
        if (node % 2 == 0)
            set->tree |= bit;
        else
            set->tree &= ~bit;
    }
}

static struct way *
least_recent(const struct tlb *tlb, struct set *set)
{
    struct way *oldest = &set->way[0];
    for (uint64_t w = 1; w < tlb->ways; w++)
        if (set->way[w].age > oldest->age)
            oldest = &set->way[w];
    return oldest;
}

static struct way *
pointed_at(const struct tlb *tlb, struct set *set)
{
    uint64_t node = 1;
    while (node < tlb->ways)
        node = 2 * node + (set->tree >> node & 1);
    return &set->way[node - tlb->ways];
}

/* ---- Finding ------------------------------------------------------------- */

static struct set *
set_of(struct tlb *tlb, uint64_t va, uint64_t page_bytes)
{
    return &tlb->set[va / page_bytes % tlb->sets];
}

static bool
matches(const struct tlb_entry *e, uint64_t asid, uint64_t va)
{
    return va / e->page_bytes == e->va / e->page_bytes &&
           (e->global != 0 || e->asid == asid);
}

/* The way whose entry matches with a page of that size, or NULL; *set is where
 * it would be. */
static struct way *
find_sized(struct tlb *tlb, uint64_t asid, uint64_t va, uint64_t page_bytes,
           struct set **set)
{
    *set = set_of(tlb, va, page_bytes);
    for (uint64_t w = 0; w < tlb->ways; w++) {
        struct way *const way = &(*set)->way[w];
        if (way->used && way->entry.page_bytes == page_bytes &&
            matches(&way->entry, asid, va))
            return way;
    }
    return NULL;
}

static struct way *
find(struct tlb *tlb, uint64_t asid, uint64_t va, struct set **set)
{
    for (unsigned i = 0; i < SIZES; i++) {
        struct way *const way = find_sized(tlb, asid, va, page_sizes[i], set);
        if (way != NULL)
            return way;
    }
    return NULL;
}

/* ---- Filling ------------------------------------------------------------- */

/* Whether no access may find both. */
static bool
are_rivals(const struct tlb_entry *a, const struct tlb_entry *b)
{
    return a->va == b->va && a->page_bytes == b->page_bytes &&
           (a->global != 0 || b->global != 0 || a->asid == b->asid);
}

/* The way that the next entry of the set goes into. */
static struct way *
make_room(struct tlb *tlb, struct set *set)
{
    for (uint64_t w = 0; w < tlb->ways; w++)
        if (!set->way[w].used)
            return &set->way[w];
    tlb->stats.evictions++;
    if (tlb->policy == TLB_PLRU)
        return pointed_at(tlb, set);
    return least_recent(tlb, set);
}

static void
fill(struct tlb *tlb, const struct tlb_entry *entry)
{
    struct set *const set = set_of(tlb, entry->va, entry->page_bytes);
    for (uint64_t w = 0; w < tlb->ways; w++)
        if (set->way[w].used && are_rivals(&set->way[w].entry, entry))
            set->way[w].used = false;
    struct way *const way = make_room(tlb, set);
    way->used = true;
    way->entry = *entry;
    touch(tlb, set, way);
}

static bool
is_page_size(uint64_t bytes)
{
    for (unsigned i = 0; i < SIZES; i++)
        if (bytes == page_sizes[i])
            return true;
    return false;
}

int
tlb_insert(struct tlb *tlb, const struct tlb_entry *entry)
{
    if (tlb == NULL || entry == NULL || !is_page_size(entry->page_bytes) ||
        entry->va % entry->page_bytes != 0 ||
        entry->pa % entry->page_bytes != 0 || entry->writable > 1 ||
        entry->user > 1 || entry->no_execute > 1 || entry->global > 1 ||
        entry->dirty > 1)
        return TLB_BAD_ARGUMENT;
    fill(tlb, entry);
    return TLB_OK;
}

int
tlb_probe(struct tlb *tlb, uint64_t asid, uint64_t va, struct tlb_entry *entry)
{
    if (tlb == NULL || entry == NULL)
        return TLB_BAD_ARGUMENT;
    struct set *set;
    const struct way *const way = find(tlb, asid, va, &set);
    if (way == NULL)
        return TLB_MISS;
    *entry = way->entry;
    return TLB_OK;
}

/* ---- Translating --------------------------------------------------------- */

static bool
is_access(uint32_t access)
{
    if ((access & ~(uint32_t)(PW_WRITE | PW_EXECUTE | PW_USER | PW_STACK)) != 0)
        return false;
    return (access & PW_EXECUTE) == 0 || (access & (PW_WRITE | PW_STACK)) == 0;
}

static bool
suffices(const struct tlb_entry *e, uint32_t access)
{
    if ((access & PW_USER) != 0 && e->user == 0)
        return false;
    if ((access & PW_WRITE) != 0 && e->writable == 0)
        return false;
    if ((access & PW_EXECUTE) != 0 && e->no_execute != 0)
        return false;
    return true;
}

static int
walk_and_fill(struct tlb *tlb, struct space *space, uint64_t asid, uint64_t va,
              uint32_t access, struct tlb_result *result)
{
    struct pw_result walk = {0};
    const int status = pw_walk(space, va, access, &walk);
    if (status != PW_OK) {
        tlb->stats.faults++;
        result->walk = status;
        result->fault = walk.fault;
        return TLB_FAULT;
    }
    const uint64_t offset = va % walk.page_bytes;
    const struct tlb_entry entry = {
        .asid = asid,
        .va = va - offset,
        .pa = walk.pa - offset,
        .page_bytes = walk.page_bytes,
        .writable = walk.writable,
        .user = walk.user,
        .no_execute = walk.no_execute,
        .global = walk.global,
        .dirty = walk.dirty,
    };
    fill(tlb, &entry);
    result->pa = walk.pa;
    return TLB_OK;
}

int
tlb_translate(struct tlb *tlb, struct space *space, uint64_t asid, uint64_t va,
              uint32_t access, struct tlb_result *result)
{
    if (tlb == NULL || space == NULL || result == NULL || !is_access(access))
        return TLB_BAD_ARGUMENT;
    struct set *set;
    struct way *const way = find(tlb, asid, va, &set);
    const bool hit = way != NULL && suffices(&way->entry, access);
    const bool sets_dirty =
        hit && (access & PW_WRITE) != 0 && way->entry.dirty == 0;
    tlb->stats.hits += hit;
    tlb->stats.misses += !hit;
    tlb->stats.dirty_walks += sets_dirty;

    if (hit && !sets_dirty) {
        touch(tlb, set, way);
        result->pa = way->entry.pa + va % way->entry.page_bytes;
        result->hit = 1;
        return TLB_OK;
    }
    if (way != NULL)
        way->used = false;
    const int status = walk_and_fill(tlb, space, asid, va, access, result);
    if (status == TLB_OK)
        result->hit = hit;
    return status;
}

int
tlb_stat(struct tlb *tlb, struct tlb_stats *stats)
{
    if (tlb == NULL || stats == NULL)
        return TLB_BAD_ARGUMENT;
    *stats = tlb->stats;
    return TLB_OK;
}

/* ---- Dropping ------------------------------------------------------------ */

int
tlb_invalidate(struct tlb *tlb, uint64_t asid, uint64_t va)
{
    if (tlb == NULL)
        return TLB_BAD_ARGUMENT;
    for (unsigned i = 0; i < SIZES; i++) {
        struct set *set;
        struct way *const way = find_sized(tlb, asid, va, page_sizes[i], &set);
        if (way != NULL)
            way->used = false;
    }
    return TLB_OK;
}

int
tlb_flush(struct tlb *tlb, enum tlb_flush what, uint64_t asid)
{
    if (tlb == NULL ||
        (what != TLB_ALL && what != TLB_ALL_LOCAL && what != TLB_ASID_LOCAL))
        return TLB_BAD_ARGUMENT;
    for (uint64_t i = 0; i < tlb->sets * tlb->ways; i++) {
        struct way *const way = &tlb->all_ways[i];
        const bool is_local = way->entry.global == 0;
        if (what == TLB_ALL || (what == TLB_ALL_LOCAL && is_local) ||
            (what == TLB_ASID_LOCAL && is_local && way->entry.asid == asid))
            way->used = false;
    }
    return TLB_OK;
}

int
tlb_switch(struct tlb *tlb, uint64_t asid, enum tlb_switch how)
{
    if (tlb == NULL)
        return TLB_BAD_ARGUMENT;
    switch (how) {
    case TLB_NO_IDS:
        return tlb_flush(tlb, TLB_ALL_LOCAL, asid);
    case TLB_NEW_ID:
        return tlb_flush(tlb, TLB_ASID_LOCAL, asid);
    case TLB_SAME_ID:
        return TLB_OK;
    default:
        return TLB_BAD_ARGUMENT;
    }
}

/* ---- What a change needs ------------------------------------------------- */

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
