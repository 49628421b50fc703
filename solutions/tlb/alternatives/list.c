/*
 * list.c - each set is a list of nodes, the most recently used one in front; a
 * node is allocated when an entry is filled and freed when it is dropped.  Ways
 * are numbers that the nodes carry, for the tree of TLB_PLRU alone.
 */
#include "tlb/tlb.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct node {
    struct node *next;
    unsigned way;
    struct tlb_entry entry;
};

struct list {
    struct node *first;
    uint64_t taken; /* bit w: way w is in use                                 */
    bool upper[TLB_MOST_WAYS]; /* the tree, level by level: [0] is b0         */
};

struct tlb {
    uint64_t sets;
    unsigned ways;
    bool is_tree;
    struct tlb_stats stats;
    struct list *list;
};

struct tlb *
tlb_create(uint64_t sets, uint64_t ways, enum tlb_policy policy)
{
    bool good = false;
    for (uint64_t n = 1; n <= TLB_MOST_SETS; n *= 2)
        good = good || n == sets;
    good = good && ways >= 1 && ways <= TLB_MOST_WAYS;
    if (policy == TLB_PLRU)
        good = good && __builtin_popcountll(ways) == 1;
    else
        good = good && policy == TLB_LRU;
    if (!good) {
        errno = EINVAL;
        return NULL;
    }
    struct tlb *tlb = malloc(sizeof *tlb);
    if (tlb == NULL)
        return NULL;
    *tlb = (struct tlb){.sets = sets,
                        .ways = (unsigned)ways,
                        .is_tree = policy == TLB_PLRU,
                        .list = calloc(sets, sizeof(struct list))};
    if (tlb->list == NULL) {
        free(tlb);
        return NULL;
    }
    return tlb;
}

/* Unlinks and frees what *at points to. */
static void
drop(struct list *list, struct node **at)
{
    struct node *gone = *at;
    list->taken &= ~(UINT64_C(1) << gone->way);
    *at = gone->next;
    free(gone);
}

int
tlb_destroy(struct tlb *tlb)
{
    if (tlb == NULL)
        return TLB_BAD_ARGUMENT;
    for (uint64_t s = 0; s < tlb->sets; s++)
        while (tlb->list[s].first != NULL)
            drop(&tlb->list[s], &tlb->list[s].first);
    free(tlb->list);
    free(tlb);
    return TLB_OK;
}

/* ---- Order --------------------------------------------------------------- */

static void
turn_away(struct tlb *tlb, struct list *list, unsigned way)
{
    unsigned node = 0;
    for (unsigned half = tlb->ways / 2; half > 0; half /= 2) {
        const bool in_upper = (way & half) != 0;
        list->upper[node] = !in_upper;
        node = 2 * node + 1 + in_upper;
    }
}

static void
to_front(struct tlb *tlb, struct list *list, struct node **at)
{
    struct node *moved = *at;
    *at = moved->next;
    moved->next = list->first;
    list->first = moved;
    turn_away(tlb, list, moved->way);
}

static unsigned
pointed_way(const struct tlb *tlb, const struct list *list)
{
    unsigned way = 0, node = 0;
    for (unsigned half = tlb->ways / 2; half > 0; half /= 2) {
        const bool up = list->upper[node];
        way += up ? half : 0;
        node = 2 * node + 1 + up;
    }
    return way;
}

static void
evict(struct tlb *tlb, struct list *list)
{
    struct node **at = &list->first;
    const unsigned way = tlb->is_tree ? pointed_way(tlb, list) : 0;
    while (tlb->is_tree ? (*at)->way != way : (*at)->next != NULL)
        at = &(*at)->next;
    drop(list, at);
    tlb->stats.evictions++;
}

/* ---- Entries ------------------------------------------------------------- */

static const unsigned shifts[] = {12, 21, 22, 30};

/* The link to the node that matches with a page of that size; *link is NULL
 * when there is none. */
static struct node **
link_to(struct tlb *tlb, uint64_t asid, uint64_t va, unsigned shift,
        struct list **list)
{
    *list = &tlb->list[(va >> shift) & (tlb->sets - 1)];
    struct node **at = &(*list)->first;
    for (; *at != NULL; at = &(*at)->next) {
        const struct tlb_entry *e = &(*at)->entry;
        if (e->page_bytes == UINT64_C(1) << shift &&
            e->va >> shift == va >> shift &&
            (e->global != 0 || e->asid == asid))
            break;
    }
    return at;
}

static struct node **
find(struct tlb *tlb, uint64_t asid, uint64_t va, struct list **list)
{
    struct node **at = NULL;
    for (unsigned i = 0; i < 4; i++) {
        at = link_to(tlb, asid, va, shifts[i], list);
        if (*at != NULL)
            break;
    }
    return at;
}

static void
fill(struct tlb *tlb, const struct tlb_entry *entry)
{
    struct list *list =
        &tlb->list[entry->va / entry->page_bytes & (tlb->sets - 1)];
    struct node **at = &list->first;
    while (*at != NULL) {
        const struct tlb_entry *e = &(*at)->entry;
        if (e->va == entry->va && e->page_bytes == entry->page_bytes &&
            (e->asid == entry->asid || e->global + entry->global > 0))
            drop(list, at);
        else
            at = &(*at)->next;
    }
    unsigned way = 0;
    while (way < tlb->ways && (list->taken >> way & 1) != 0)
        way++;
    if (way == tlb->ways) {
        evict(tlb, list);
        way = 0;
        while ((list->taken >> way & 1) != 0)
            way++;
    }
    struct node *node = malloc(sizeof *node);
    if (node == NULL)
        return; /* not cached, which is never wrong */
    *node = (struct node){list->first, way, *entry};
    list->first = node;
    list->taken |= UINT64_C(1) << way;
    turn_away(tlb, list, way);
}

int
tlb_insert(struct tlb *tlb, const struct tlb_entry *entry)
{
    if (tlb == NULL || entry == NULL)
        return TLB_BAD_ARGUMENT;
    bool sized = false;
    for (unsigned i = 0; i < 4; i++)
        sized = sized || entry->page_bytes == UINT64_C(1) << shifts[i];
    if (!sized || entry->va % entry->page_bytes != 0 ||
        entry->pa % entry->page_bytes != 0)
        return TLB_BAD_ARGUMENT;
    const uint32_t flags[] = {entry->writable, entry->user, entry->no_execute,
                              entry->global, entry->dirty};
    for (unsigned i = 0; i < 5; i++)
        if (flags[i] > 1)
            return TLB_BAD_ARGUMENT;
    fill(tlb, entry);
    return TLB_OK;
}

int
tlb_probe(struct tlb *tlb, uint64_t asid, uint64_t va, struct tlb_entry *entry)
{
    if (tlb == NULL || entry == NULL)
        return TLB_BAD_ARGUMENT;
    struct list *list;
    struct node *const node = *find(tlb, asid, va, &list);
    if (node == NULL)
        return TLB_MISS;
    *entry = node->entry;
    return TLB_OK;
}

/* Walks; `hit` is what the result says when all is well. */
static int
walk(struct tlb *tlb, struct space *space, uint64_t asid, uint64_t va,
     uint32_t access, uint32_t hit, struct tlb_result *result)
{
    struct pw_result w = {0};
    const int status = pw_walk(space, va, access, &w);
    if (status != PW_OK) {
        tlb->stats.faults++;
        result->walk = status;
        result->fault = w.fault;
        return TLB_FAULT;
    }
    struct tlb_entry e = {.asid = asid, .page_bytes = w.page_bytes};
    e.va = va / w.page_bytes * w.page_bytes;
    e.pa = w.pa / w.page_bytes * w.page_bytes;
    e.writable = w.writable;
    e.user = w.user;
    e.no_execute = w.no_execute;
    e.global = w.global;
    e.dirty = w.dirty;
    fill(tlb, &e);
    result->pa = w.pa;
    result->hit = hit;
    return TLB_OK;
}

int
tlb_translate(struct tlb *tlb, struct space *space, uint64_t asid, uint64_t va,
              uint32_t access, struct tlb_result *result)
{
    const uint32_t known = PW_WRITE | PW_EXECUTE | PW_USER | PW_STACK;
    const bool write = (access & PW_WRITE) != 0;
    const bool fetch = (access & PW_EXECUTE) != 0;
    if (tlb == NULL || space == NULL || result == NULL ||
        (access | known) != known ||
        (fetch && (write || (access & PW_STACK) != 0)))
        return TLB_BAD_ARGUMENT;
    struct list *list;
    struct node **at = find(tlb, asid, va, &list);
    if (*at == NULL) {
        tlb->stats.misses++;
        return walk(tlb, space, asid, va, access, 0, result);
    }
    const struct tlb_entry e = (*at)->entry;
    if ((write && !e.writable) || (fetch && e.no_execute) ||
        ((access & PW_USER) != 0 && !e.user)) {
        tlb->stats.misses++;
        drop(list, at);
        return walk(tlb, space, asid, va, access, 0, result);
    }
    tlb->stats.hits++;
    if (write && !e.dirty) {
        tlb->stats.dirty_walks++;
        drop(list, at);
        return walk(tlb, space, asid, va, access, 1, result);
    }
    to_front(tlb, list, at);
    result->pa = e.pa + (va - e.va);
    result->hit = 1;
    return TLB_OK;
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
    for (unsigned i = 0; i < 4; i++) {
        struct list *list;
        struct node **at = link_to(tlb, asid, va, shifts[i], &list);
        if (*at != NULL)
            drop(list, at);
    }
    return TLB_OK;
}

static int
drop_many(struct tlb *tlb, bool globals, bool every_id, uint64_t asid)
{
    for (uint64_t s = 0; s < tlb->sets; s++) {
        struct node **at = &tlb->list[s].first;
        while (*at != NULL) {
            const struct tlb_entry *e = &(*at)->entry;
            if ((globals || e->global == 0) && (every_id || e->asid == asid))
                drop(&tlb->list[s], at);
            else
                at = &(*at)->next;
        }
    }
    return TLB_OK;
}

int
tlb_flush(struct tlb *tlb, enum tlb_flush what, uint64_t asid)
{
    if (tlb != NULL && what == TLB_ALL)
        return drop_many(tlb, true, true, asid);
    if (tlb != NULL && what == TLB_ALL_LOCAL)
        return drop_many(tlb, false, true, asid);
    if (tlb != NULL && what == TLB_ASID_LOCAL)
        return drop_many(tlb, false, false, asid);
    return TLB_BAD_ARGUMENT;
}

int
tlb_switch(struct tlb *tlb, uint64_t asid, enum tlb_switch how)
{
    if (tlb != NULL && how == TLB_NO_IDS)
        return drop_many(tlb, false, true, asid);
    if (tlb != NULL && how == TLB_NEW_ID)
        return drop_many(tlb, false, false, asid);
    return tlb != NULL && how == TLB_SAME_ID ? TLB_OK : TLB_BAD_ARGUMENT;
}

/* ---- Questions ----------------------------------------------------------- */

static bool
falls(const struct tlb_change *c, uint64_t bit)
{
    return (c->before & bit) != 0 && (c->after & bit) == 0;
}

int
tlb_needed(const struct tlb_change *c, uint32_t *action)
{
    if (c == NULL || action == NULL || c->kind > TLB_REUSE)
        return TLB_BAD_ARGUMENT;
    if (c->kind == TLB_REUSE) {
        *action = TLB_DO_ASID;
        return TLB_OK;
    }
    bool needed =
        falls(c, PW_P) || falls(c, PW_W) || falls(c, PW_U) || falls(c, PW_A);
    needed = needed || (c->before << 24 >> 36) != (c->after << 24 >> 36);
    needed = needed || ((c->before & PW_NX) == 0 && (c->after & PW_NX) != 0);
    if (c->kind == TLB_LEAF)
        needed = needed || falls(c, PW_D) || falls(c, PW_G);
    if ((c->before & PW_P) == 0 || (c->before & PW_A) == 0)
        needed = false;
    *action = !needed               ? TLB_DO_NOTHING
              : c->kind == TLB_LEAF ? TLB_DO_PAGE
              : c->global           ? TLB_DO_ALL
                                    : TLB_DO_ASID;
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
