/* hidden_random.c - long random sequences of calls against a model that is slow
 * and simple.
 *
 * The module works on spaces of one machine; the model makes its walks in twin
 * spaces of another, to which the same is mapped.  What is compared after every
 * call: its result, how many entries of tables were read, the leaf of the page,
 * in both machines, and at times every page of every id.
 */
#include "property.h"
#include "tlb_help.h"

#include <stdio.h>

/* ---- What there is ------------------------------------------------------- */

enum { IDS = 3, PAGES = 14, GLOBALS = 2, LARGES = 3, PLACES = PAGES + LARGES };

struct setting {
    uint64_t sets, ways;
    enum tlb_policy policy;
    bool large; /* the last LARGES places are pages of 4 MiB                  */
    /* Made once per test: */
    struct mach *mach, *twin_mach;
    struct tlb_result *r;
    struct tlb_entry *entry;
    struct tlb_stats *stats;
};

/* Page numbers that share sets and differ in bits of all kinds. */
static uint64_t
place_va(uint64_t place)
{
    if (place >= PAGES)
        return UINT64_C(0x10000000) + (place - PAGES) * UINT64_C(0x800000);
    static const uint64_t pages[] = {0x400, 0x401, 0x402, 0x403, 0x404, 0x406,
                                     0x408, 0x410, 0x420, 0x480, 0x500, 0x600};
    if (place < PAGES - GLOBALS)
        return pages[place] << 12;
    return UINT64_C(0xC0000000) + (place - (PAGES - GLOBALS)) * PAGE;
}

static bool
is_global(uint64_t place)
{
    return place >= PAGES - GLOBALS && place < PAGES;
}

/* ---- Steps --------------------------------------------------------------- */

enum operation {
    TRANSLATE, /* [0] place, [1] id, [2] access, [3] offset                   */
    CHANGE,    /* [0] place, [1] id, [2] rights, [3] frame; 0: unmapped; [4] 1:
                  the TLB is told                                             */
    INVALIDATE,
    FLUSH,  /* [1] id, [2] what                                            */
    SWITCH, /* [1] id, [2] how                                             */
    INSERT, /* [0] place, [1] id, [2] rights and G, [3] frame              */
    PROBE_ALL,
};

static struct property_step
generate(const void *data)
{
    const struct setting *const set = data;
    static const enum operation often[] = {
        TRANSLATE, TRANSLATE, TRANSLATE, TRANSLATE,  TRANSLATE,
        TRANSLATE, TRANSLATE, TRANSLATE, TRANSLATE,  TRANSLATE,
        CHANGE,    CHANGE,    CHANGE,    INVALIDATE, INSERT};
    static const uint32_t accesses[] = {PW_READ,
                                        PW_READ | PW_USER,
                                        PW_WRITE,
                                        PW_WRITE | PW_USER,
                                        PW_EXECUTE | PW_USER,
                                        PW_WRITE | PW_STACK};
    struct property_step s = {
        .operation = often[test_random_below(sizeof often / sizeof *often)]};
    const uint64_t rare = test_random_below(40);
    if (rare == 0)
        s.operation = FLUSH;
    else if (rare == 1)
        s.operation = SWITCH;
    else if (rare == 2)
        s.operation = PROBE_ALL;
    s.number[0] = test_random_below(set->large ? PLACES : PAGES);
    s.number[1] = test_random_below(IDS);
    s.number[3] = 1 + test_random_below(60);
    s.number[4] = test_random_below(3) != 0;
    switch (s.operation) {
    case TRANSLATE:
    case INVALIDATE:
        s.number[2] = accesses[test_random_below(6)];
        s.number[3] = test_random_below(PAGE);
        break;
    case CHANGE:
        s.number[2] = test_random() & RW;
        if (test_random_below(2) == 0)
            s.number[2] = RW;
        if (test_random_below(5) == 0)
            s.number[3] = 0;
        break;
    case INSERT:
        s.number[2] = test_random() & (RW | PW_G | PW_D);
        break;
    case FLUSH:
    case SWITCH:
        s.number[2] = test_random_below(3);
        break;
    default:
        break;
    }
    return s;
}

static void
show(const struct property_step *s, char *to, size_t room, const void *data)
{
    (void)data;
    static const char *const flushes[] = {"TLB_ALL", "TLB_ALL_LOCAL",
                                          "TLB_ASID_LOCAL"};
    static const char *const switches[] = {"TLB_NO_IDS", "TLB_NEW_ID",
                                           "TLB_SAME_ID"};
    static const char *const kinds[] = {"PW_READ", "PW_WRITE", "PW_EXECUTE"};
    const unsigned id = (unsigned)s->number[1];
    const unsigned bits = (unsigned)s->number[2];
    const unsigned frame = (unsigned)s->number[3];
    const unsigned long long va = place_va(s->number[0]);
    switch (s->operation) {
    case TRANSLATE:
        snprintf(to, room,
                 "tlb_translate(tlb, space[%u], %u, 0x%llx, %s%s%s, r)", id, id,
                 va + s->number[3], kinds[bits & 3],
                 (bits & PW_USER) != 0 ? " | PW_USER" : "",
                 (bits & PW_STACK) != 0 ? " | PW_STACK" : "");
        break;
    case CHANGE:
        if (frame == 0)
            snprintf(to, room, "page 0x%llx of space[%u] is unmapped%s", va, id,
                     s->number[4] ? ", tlb_invalidate" : "");
        else
            snprintf(to, room,
                     "page 0x%llx of space[%u] is mapped to frame %u, %s%s%s",
                     va, id, frame, (bits & PW_W) != 0 ? "PW_W" : "read-only",
                     (bits & PW_U) != 0 ? " | PW_U" : "",
                     s->number[4] ? ", tlb_invalidate" : "");
        break;
    case INVALIDATE:
        snprintf(to, room, "tlb_invalidate(tlb, %u, 0x%llx)", id,
                 va + s->number[3]);
        break;
    case FLUSH:
        snprintf(to, room, "tlb_flush(tlb, %s, %u)", flushes[bits], id);
        break;
    case SWITCH:
        snprintf(to, room, "tlb_switch(tlb, %u, %s)", id, switches[bits]);
        break;
    case INSERT:
        snprintf(to, room, "tlb_insert: asid %u, page 0x%llx, frame %u%s%s%s%s",
                 id, va, frame, (bits & PW_W) != 0 ? ", writable" : "",
                 (bits & PW_U) != 0 ? ", user" : "",
                 (bits & PW_G) != 0 ? ", global" : "",
                 (bits & PW_D) != 0 ? ", dirty" : "");
        break;
    default:
        snprintf(to, room, "tlb_probe of every page under every id");
    }
}

/* ---- The model --------------------------------------------------------------
 *
 * A row of lines; each is in a set and a way of it, and remembers when it was
 * last touched.  Everything is found by looking at all of them. */

enum { MOST_LINES = 64 };

struct line {
    bool used;
    uint64_t touched; /* when; by the number of touches so far                */
    struct tlb_entry e;
};

struct model {
    const struct setting *set;
    struct tlb *tlb;
    struct space *space[IDS], *twin[IDS];
    struct line line[MOST_LINES]; /* of set s and way w: s * ways + w         */
    uint64_t touches;
    struct tlb_stats stats;
    char *why;
};

static uint64_t
first_line(const struct model *m, uint64_t va, uint64_t bytes)
{
    return va / bytes % m->set->sets * m->set->ways;
}

static struct line *
look(struct model *m, uint64_t asid, uint64_t va)
{
    struct line *best = NULL;
    for (uint64_t i = 0; i < m->set->sets * m->set->ways; i++) {
        struct line *const l = &m->line[i];
        if (l->used && va >= l->e.va && va - l->e.va < l->e.page_bytes &&
            (l->e.global || l->e.asid == asid) &&
            (best == NULL || l->e.page_bytes < best->e.page_bytes))
            best = l;
    }
    return best;
}

/* When any of the ways `low` to `low + n` - 1 was touched last. */
static uint64_t
latest(const struct line *set, uint64_t low, uint64_t n)
{
    uint64_t at = 0;
    for (uint64_t w = low; w < low + n; w++)
        if (set[w].touched > at)
            at = set[w].touched;
    return at;
}

/* The victim of a full set.  A tree's bit points away from the half that was
 * touched last, so that no bits are needed. */
static struct line *
victim(const struct model *m, struct line *set)
{
    const uint64_t ways = m->set->ways;
    struct line *oldest = set;
    for (uint64_t w = 0; w < ways; w++)
        if (set[w].touched < oldest->touched)
            oldest = &set[w];
    if (m->set->policy == TLB_LRU)
        return oldest;
    uint64_t low = 0;
    for (uint64_t half = ways / 2; half > 0; half /= 2)
        if (latest(set, low, half) > latest(set, low + half, half))
            low += half;
    return &set[low];
}

static void
model_fill(struct model *m, struct tlb_entry e)
{
    struct line *const set = &m->line[first_line(m, e.va, e.page_bytes)];
    struct line *room = NULL;
    for (uint64_t w = m->set->ways; w-- > 0;) {
        struct line *const l = &set[w];
        if (l->used && l->e.va == e.va && l->e.page_bytes == e.page_bytes &&
            (l->e.asid == e.asid || l->e.global || e.global))
            l->used = false;
        if (!l->used)
            room = l;
    }
    if (room == NULL) {
        room = victim(m, set);
        m->stats.evictions++;
    }
    *room = (struct line){true, ++m->touches, e};
}

/* What an access must be; walks in the twin. */
static struct want
model_access(struct model *m, unsigned id, uint64_t va, uint32_t access)
{
    struct line *const l = look(m, id, va);
    const bool write = (access & PW_WRITE) != 0;
    const bool hit = l != NULL && !(write && !l->e.writable) &&
                     !((access & PW_USER) != 0 && !l->e.user) &&
                     !((access & PW_EXECUTE) != 0 && l->e.no_execute);
    m->stats.hits += hit;
    m->stats.misses += !hit;
    if (hit && !(write && !l->e.dirty)) {
        l->touched = ++m->touches;
        return (struct want){.pa = l->e.pa + (va - l->e.va), .hit = 1};
    }
    m->stats.dirty_walks += hit;
    if (l != NULL)
        l->used = false;
    struct pw_result walk = {0};
    const uint64_t before = mach_counts(m->set->twin_mach).reads;
    const int status = pw_walk(m->twin[id], va, access, &walk);
    const uint64_t reads = mach_counts(m->set->twin_mach).reads - before;
    if (status != PW_OK) {
        m->stats.faults++;
        return (struct want){TLB_FAULT, reads,  0,
                             0,         status, walk.fault.error_code};
    }
    const uint64_t offset = va % walk.page_bytes;
    model_fill(m, (struct tlb_entry){id, va - offset, walk.pa - offset,
                                     walk.page_bytes, walk.writable, walk.user,
                                     walk.no_execute, walk.global, walk.dirty});
    return (struct want){TLB_OK, reads, walk.pa, hit, 0, 0};
}

static void
model_drop(struct model *m, bool all, bool one_id, unsigned id)
{
    for (uint64_t i = 0; i < m->set->sets * m->set->ways; i++) {
        struct line *const l = &m->line[i];
        if (all || (!l->e.global && (!one_id || l->e.asid == id)))
            l->used = false;
    }
}

/* ---- Comparing ----------------------------------------------------------- */

static bool
differ(const struct model *m, const char *what, uint64_t got, uint64_t want)
{
    if (got == want)
        return false;
    snprintf(m->why, PROPERTY_WHY,
             "The last call: %s is 0x%llx and must be 0x%llx", what,
             (unsigned long long)got, (unsigned long long)want);
    return true;
}

static bool
translate_well(struct model *m, const struct property_step *s)
{
    const struct setting *const set = m->set;
    const unsigned id = (unsigned)s->number[1];
    const uint64_t va = place_va(s->number[0]) + s->number[3];
    const uint32_t access = (uint32_t)s->number[2];
    *set->r = untouched;
    const uint64_t before = mach_counts(set->mach).reads;
    const int status =
        tlb_translate(m->tlb, m->space[id], id, va, access, set->r);
    const uint64_t reads = mach_counts(set->mach).reads - before;
    const struct tlb_result r = *set->r;
    const struct want want = model_access(m, id, va, access);
    if (differ(m, "the status", (uint64_t)status, (uint64_t)want.status) ||
        differ(m, "the number of table entries read", reads, want.reads))
        return false;
    if (status == TLB_OK
            ? differ(m, "r->pa", r.pa, want.pa) ||
                  differ(m, "r->hit", r.hit, want.hit)
            : differ(m, "r->walk", (uint64_t)r.walk, (uint64_t)want.walk) ||
                  differ(m, "r->fault.error_code", r.fault.error_code,
                         want.error_code))
        return false;
    struct pw_leaf leaf = {0}, twin = {0};
    (void)pw_entry(m->space[id], va, &leaf);
    (void)pw_entry(m->twin[id], va, &twin);
    return !differ(m, "the leaf afterwards", leaf.entry, twin.entry);
}

static bool
probes_well(struct model *m)
{
    for (uint64_t place = 0; place < PLACES; place++)
        for (unsigned id = 0; id < IDS; id++) {
            const uint64_t va = place_va(place);
            const struct line *const l = look(m, id, va);
            *m->set->entry = (struct tlb_entry){0};
            const int status = tlb_probe(m->tlb, id, va, m->set->entry);
            const struct tlb_entry got = *m->set->entry;
            char what[80];
            snprintf(what, sizeof what, "the status of tlb_probe(%u, 0x%llx)",
                     id, (unsigned long long)va);
            if (differ(m, what, (uint64_t)status, l ? TLB_OK : TLB_MISS))
                return false;
            if (l != NULL &&
                (differ(m, "entry->asid", got.asid, l->e.asid) ||
                 differ(m, "entry->va", got.va, l->e.va) ||
                 differ(m, "entry->pa", got.pa, l->e.pa) ||
                 differ(m, "entry->writable", got.writable, l->e.writable) ||
                 differ(m, "entry->user", got.user, l->e.user) ||
                 differ(m, "entry->global", got.global, l->e.global) ||
                 differ(m, "entry->dirty", got.dirty, l->e.dirty)))
                return false;
        }
    return true;
}

static bool
counts_well(struct model *m)
{
    const int status = tlb_stat(m->tlb, m->set->stats);
    const struct tlb_stats got = *m->set->stats;
    return !(differ(m, "the status of tlb_stat", (uint64_t)status, TLB_OK) ||
             differ(m, "stats->hits", got.hits, m->stats.hits) ||
             differ(m, "stats->misses", got.misses, m->stats.misses) ||
             differ(m, "stats->dirty_walks", got.dirty_walks,
                    m->stats.dirty_walks) ||
             differ(m, "stats->faults", got.faults, m->stats.faults) ||
             differ(m, "stats->evictions", got.evictions, m->stats.evictions));
}

/* ---- Replaying ----------------------------------------------------------- */

static bool
drop_page(struct model *m, unsigned id, uint64_t va)
{
    struct line *l;
    while ((l = look(m, id, va)) != NULL)
        l->used = false;
    return !differ(m, "the status", (uint64_t)tlb_invalidate(m->tlb, id, va),
                   TLB_OK);
}

static bool
step_well(struct model *m, const struct property_step *s)
{
    const unsigned id = (unsigned)s->number[1];
    const uint64_t place = s->number[0], va = place_va(place);
    const bool large = place >= PAGES;
    const uint64_t bytes = large ? UINT64_C(1) << 22 : PAGE;
    const uint64_t pa = s->number[3] * bytes;
    switch (s->operation) {
    case TRANSLATE:
        return translate_well(m, s);
    case CHANGE: {
        const uint64_t rights =
            s->number[2] | (is_global(place) ? PW_G : 0) | (large ? PW_PS : 0);
        for (unsigned i = 0; i < 2; i++) {
            struct space *const space = i == 0 ? m->space[id] : m->twin[id];
            (void)pw_unmap(space, va, bytes);
            if (s->number[3] != 0)
                (void)pw_map(space, va, pa, bytes, rights);
        }
        return s->number[4] == 0 || drop_page(m, id, va + bytes / 2);
    }
    case INVALIDATE:
        return drop_page(m, id, va + s->number[3]);
    case FLUSH:
        model_drop(m, s->number[2] == TLB_ALL, s->number[2] == TLB_ASID_LOCAL,
                   id);
        return !differ(
            m, "the status",
            (uint64_t)tlb_flush(m->tlb, (enum tlb_flush)s->number[2], id),
            TLB_OK);
    case SWITCH:
        if (s->number[2] != TLB_SAME_ID)
            model_drop(m, false, s->number[2] == TLB_NEW_ID, id);
        return !differ(
            m, "the status",
            (uint64_t)tlb_switch(m->tlb, id, (enum tlb_switch)s->number[2]),
            TLB_OK);
    case INSERT: {
        const struct tlb_entry e = {id,
                                    va,
                                    pa,
                                    bytes,
                                    (s->number[2] & PW_W) != 0,
                                    (s->number[2] & PW_U) != 0,
                                    0,
                                    (s->number[2] & PW_G) != 0,
                                    (s->number[2] & PW_D) != 0};
        model_fill(m, e);
        *m->set->entry = e;
        return !differ(m, "the status",
                       (uint64_t)tlb_insert(m->tlb, m->set->entry), TLB_OK);
    }
    default:
        return probes_well(m) && counts_well(m);
    }
}

static bool
replay(const struct property_step *step, unsigned count, char *why,
       unsigned *at, const void *data)
{
    const struct setting *const set = data;
    static struct model model;
    struct model *const m = &model;
    *m = (struct model){.set = set, .why = why};
    const uint32_t flags = PW_WP | (set->large ? PW_PSE : 0);
    m->tlb = tlb_create(set->sets, set->ways, set->policy);
    if (m->tlb == NULL) {
        snprintf(why, PROPERTY_WHY, "tlb_create returned NULL");
        return false;
    }
    for (unsigned i = 0; i < IDS; i++) {
        m->space[i] = pw_create(set->mach, PW_TWO_LEVEL, flags);
        m->twin[i] = pw_create(set->twin_mach, PW_TWO_LEVEL, flags);
    }
    bool well = true;
    for (unsigned i = 0; i < count && well; i++) {
        property_step(i);
        *at = i;
        well = step_well(m, &step[i]);
    }
    well = well && probes_well(m) && counts_well(m);
    for (unsigned i = 0; i < IDS; i++) {
        (void)pw_destroy(m->space[i]);
        (void)pw_destroy(m->twin[i]);
    }
    (void)tlb_destroy(m->tlb);
    return well;
}

static void
hold_against_model(struct setting set, const char *about)
{
    set.mach = test_machine(FRAMES);
    set.twin_mach = test_machine(FRAMES);
    set.r = arena_object(struct tlb_result);
    set.entry = arena_entry();
    set.stats = arena_object(struct tlb_stats);
    const struct property property = {.about = about,
                                      .steps = 2000,
                                      .generate = generate,
                                      .show = show,
                                      .replay = replay,
                                      .data = &set};
    check_property(&property);
}

Test(hidden, random_use_of_one_set_agrees_with_a_slow_model)
{
    hold_against_model((struct setting){.sets = 1, .ways = 6},
                       "a TLB of 1 set of 6 ways, TLB_LRU");
}

Test(hidden, random_use_of_four_sets_agrees_with_a_slow_model)
{
    hold_against_model((struct setting){.sets = 4, .ways = 4},
                       "a TLB of 4 sets of 4 ways, TLB_LRU");
}

Test(hidden, random_use_of_single_ways_agrees_with_a_slow_model)
{
    hold_against_model((struct setting){.sets = 16, .ways = 1},
                       "a TLB of 16 sets of 1 way, TLB_LRU");
}

Test(hidden, random_use_of_trees_agrees_with_a_slow_model)
{
    hold_against_model(
        (struct setting){.sets = 2, .ways = 8, .policy = TLB_PLRU},
        "a TLB of 2 sets of 8 ways, TLB_PLRU");
}

Test(hidden, random_use_of_large_pages_agrees_with_a_slow_model)
{
    hold_against_model(
        (struct setting){.sets = 4, .ways = 2, .large = true},
        "a TLB of 4 sets of 2 ways, TLB_LRU, pages of 4 KiB and 4 MiB");
}
