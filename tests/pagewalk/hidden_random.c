/* hidden_random.c - long random sequences of calls against a model that is slow
 * and simple: the value that each of 48 leaves must have. */
#include "property.h"
#include "pw_help.h"

#include <stdio.h>

/* ---- 48 pages ------------------------------------------------------------
 *
 *     0 .. 3 | 4 .. 31        32 .. 47
 *            ^ where tables of every level end; the last 16 lie elsewhere
 *
 * Few lie below the boundary, because a module that looks whether a table is
 * empty may read it from its first entry on.
 */

enum { PAGES = 48, RANGE = 32, BELOW = 4 };

struct world {
    enum pw_format format;
    uint32_t flags;
    struct mach *mach;
    struct pw_result *r;
    struct pw_leaf *leaf;
};

static uint64_t
page_va(const struct world *w, unsigned page)
{
    const uint64_t middle =
        w->format == PW_FOUR_LEVEL ? UINT64_C(0x8000000000) : 0x08000000;
    const uint64_t apart =
        w->format == PW_FOUR_LEVEL ? UINT64_C(0x40000000) : 0x05000000;
    return page < RANGE ? middle - BELOW * 4096 + page * UINT64_C(4096)
                        : middle + apart + (page - RANGE) * UINT64_C(4096);
}

/* ---- Steps -------------------------------------------------------------- */

enum operation { MAP, UNMAP, PROTECT, WALK, SWAP_OUT, FIND, OPERATIONS };

/* number[0]: page, [1]: pages, [2]: rights, access or slot, [3]: address,
 * [4]: which allocation fails, or 0 */
static struct property_step
generate(const void *data)
{
    const struct world *const w = data;
    static const enum operation often[] = {MAP,  MAP,  MAP,     UNMAP, UNMAP,
                                           WALK, WALK, WALK,    WALK,  PROTECT,
                                           FIND, FIND, SWAP_OUT};
    struct property_step s = {
        .operation = often[test_random_below(sizeof often / sizeof *often)]};
    const uint64_t page = test_random_below(PAGES);
    const uint64_t room = (page < RANGE ? RANGE : PAGES) - page;
    const uint64_t most = test_random_below(8) == 0 ? 16 : 3;
    s.number[0] = page;
    s.number[1] = 1 + test_random_below(room < most ? room : most);
    s.number[3] = test_random_below(1 << 20) << 12;
    switch (s.operation) {
    case MAP:
        s.number[2] = test_random() & (PW_W | PW_U | PW_G | PW_COW | PW_SHARED);
        s.number[4] = test_random_below(4) == 0 ? 1 + test_random_below(3) : 0;
        break;
    case PROTECT:
        s.number[2] = test_random() & (PW_W | PW_U);
        break;
    case WALK:
        s.number[2] = kinds[test_random_below(6)].access;
        s.number[3] = test_random_below(4096);
        break;
    default:
        s.number[2] = test_random_below(64);
    }
    if ((w->flags & PW_NXE) != 0 && s.operation <= PROTECT &&
        test_random_below(4) == 0)
        s.number[2] |= PW_NX;
    return s;
}

/* "PW_W | PW_U", or 0. */
static const char *
rights_text(uint64_t rights, char *to, size_t room)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } bits[] = {{PW_W, "PW_W"},     {PW_U, "PW_U"},   {PW_G, "PW_G"},
                {PW_COW, "PW_COW"}, {PW_NX, "PW_NX"}, {PW_SHARED, "PW_SHARED"}};
    snprintf(to, room, "0");
    size_t length = 0;
    for (unsigned i = 0; i < sizeof bits / sizeof *bits; i++)
        if ((rights & bits[i].bit) != 0)
            length += (size_t)snprintf(to + length, room - length, "%s%s",
                                       length > 0 ? " | " : "", bits[i].name);
    return to;
}

static const char *
access_text(uint64_t access)
{
    static const char *const text[] = {
        "PW_READ",           "PW_WRITE",           "PW_EXECUTE",          "",
        "PW_READ | PW_USER", "PW_WRITE | PW_USER", "PW_EXECUTE | PW_USER"};
    return text[access];
}

static void
show(const struct property_step *s, char *to, size_t room, const void *data)
{
    const unsigned long long va = page_va(data, (unsigned)s->number[0]);
    const unsigned long long bytes = s->number[1] * 4096;
    char rights[80], fails[40] = "";
    switch (s->operation) {
    case MAP:
        if (s->number[4] != 0)
            snprintf(fails, sizeof fails, "frame_fail_at(mach, %u), ",
                     (unsigned)s->number[4]);
        snprintf(to, room, "%spw_map(space, 0x%llx, 0x%llx, %llu, %s)", fails,
                 va, (unsigned long long)s->number[3], bytes,
                 rights_text(s->number[2], rights, sizeof rights));
        break;
    case UNMAP:
        snprintf(to, room, "pw_unmap(space, 0x%llx, %llu)", va, bytes);
        break;
    case PROTECT:
        snprintf(to, room, "pw_protect(space, 0x%llx, %llu, %s)", va, bytes,
                 rights_text(s->number[2], rights, sizeof rights));
        break;
    case WALK:
        snprintf(to, room, "pw_walk(space, 0x%llx, %s, r)", va + s->number[3],
                 access_text(s->number[2]));
        break;
    case SWAP_OUT:
        snprintf(to, room, "page 0x%llx is swapped out, if it is there", va);
        break;
    default:
        snprintf(to, room, "pw_entry and pw_next of 0x%llx", va);
    }
}

/* ---- The model ---------------------------------------------------------- */

struct model {
    const struct world *w;
    struct space *space;
    uint64_t leaf[PAGES]; /* the value that it must have; 0: not in use       */
    char *why;
};

/* Tables that the pages in use need, without the root; weighed with the frames
 * of each, or 1. */
static unsigned
tables(const struct model *m, bool in_frames)
{
    const struct shape *const s = &shapes[m->w->format];
    unsigned count = 0;
    for (unsigned l = 1; l < s->levels; l++) {
        for (unsigned p = 0; p < PAGES; p++) {
            bool first = m->leaf[p] != 0;
            for (unsigned q = 0; q < p && first; q++)
                first =
                    m->leaf[q] == 0 || page_va(m->w, q) >> s->shift[l - 1] !=
                                           page_va(m->w, p) >> s->shift[l - 1];
            if (first)
                count += in_frames ? s->frames[l] : 1;
        }
    }
    return count;
}

/* Notes that `what` is `got` where `want` was expected. */
static bool
same(const struct model *m, const char *what, uint64_t got, uint64_t want)
{
    if (got == want)
        return true;
    snprintf(m->why, PROPERTY_WHY, "%s is 0x%llx where 0x%llx was expected",
             what, (unsigned long long)got, (unsigned long long)want);
    return false;
}

static bool
same_status(const struct model *m, const char *call, int got, int want)
{
    static const char *const names[] = {
        "PW_OK",          "PW_BAD_ARGUMENT", "PW_SEGMENT",  "PW_NOT_CANONICAL",
        "PW_NOT_PRESENT", "PW_RESERVED",     "PW_RIGHTS",   "PW_NOT_MAPPED",
        "PW_EXISTS",      "PW_CONFLICT",     "PW_NO_MEMORY"};
    if (got == want)
        return true;
    snprintf(m->why, PROPERTY_WHY,
             "the last %s returned %s where %s was expected", call,
             got >= 0 && got <= PW_NO_MEMORY ? names[got] : "no status at all",
             names[want]);
    return false;
}

/* The first page of the step's range that is in use (or is not), or PAGES. */
static unsigned
first_page(const struct model *m, const struct property_step *s, bool in_use)
{
    for (uint64_t p = s->number[0]; p < s->number[0] + s->number[1]; p++)
        if ((m->leaf[p] != 0) == in_use)
            return (unsigned)p;
    return PAGES;
}

static bool
do_map(struct model *m, const struct property_step *s)
{
    const uint64_t page = s->number[0], count = s->number[1];
    const unsigned before = tables(m, false);
    int want = PW_OK;
    struct model after = *m;
    if (first_page(m, s, true) != PAGES) {
        want = PW_EXISTS;
    } else if (s->number[3] + count * 4096 > UINT64_C(1) << 32 &&
               m->w->format != PW_FOUR_LEVEL) {
        want = PW_BAD_ARGUMENT;
    } else {
        for (uint64_t i = 0; i < count; i++)
            after.leaf[page + i] =
                (s->number[3] + i * 4096) | s->number[2] | PW_P;
        if (s->number[4] != 0 && s->number[4] <= tables(&after, false) - before)
            want = PW_NO_MEMORY;
        else
            *m = after;
    }
    if (want == PW_EXISTS && s->number[3] + count * 4096 > UINT64_C(1) << 32 &&
        m->w->format != PW_FOUR_LEVEL)
        want = PW_BAD_ARGUMENT;
    frame_fail_at(m->w->mach, s->number[4]);
    const int got = pw_map(m->space, page_va(m->w, (unsigned)page),
                           s->number[3], count * 4096, s->number[2]);
    frame_fail_at(m->w->mach, 0);
    return same_status(m, "pw_map", got, want);
}

static bool
do_unmap(struct model *m, const struct property_step *s)
{
    const int want = first_page(m, s, false) == PAGES ? PW_OK : PW_NOT_MAPPED;
    for (uint64_t i = 0; want == PW_OK && i < s->number[1]; i++)
        m->leaf[s->number[0] + i] = 0;
    const int got = pw_unmap(m->space, page_va(m->w, (unsigned)s->number[0]),
                             s->number[1] * 4096);
    return same_status(m, "pw_unmap", got, want);
}

static bool
do_protect(struct model *m, const struct property_step *s)
{
    const int want = first_page(m, s, false) == PAGES ? PW_OK : PW_NOT_MAPPED;
    const uint64_t all = PW_W | PW_U | (m->w->flags & PW_NXE ? PW_NX : 0);
    for (uint64_t i = 0; want == PW_OK && i < s->number[1]; i++) {
        uint64_t *const leaf = &m->leaf[s->number[0] + i];
        *leaf = (*leaf & ~all) | s->number[2];
        if ((*leaf & PW_COW) != 0)
            *leaf &= ~PW_W;
    }
    const int got = pw_protect(m->space, page_va(m->w, (unsigned)s->number[0]),
                               s->number[1] * 4096, s->number[2]);
    return same_status(m, "pw_protect", got, want);
}

static bool
do_walk(struct model *m, const struct property_step *s)
{
    struct pw_result *const r = m->w->r;
    uint64_t *const leaf = &m->leaf[s->number[0]];
    const uint32_t access = (uint32_t)s->number[2];
    const uint64_t va = page_va(m->w, (unsigned)s->number[0]) + s->number[3];
    const bool user = (access & PW_USER) != 0, write = (access & PW_WRITE) != 0;
    const bool fetch = (access & PW_EXECUTE) != 0;
    int want = PW_OK;
    if ((*leaf & PW_P) == 0)
        want = PW_NOT_PRESENT;
    else if ((user && (*leaf & PW_U) == 0) ||
             (write && (*leaf & PW_W) == 0 &&
              (user || (m->w->flags & PW_WP) != 0)) ||
             (fetch && (*leaf & PW_NX) != 0))
        want = PW_RIGHTS;
    if (want == PW_OK)
        *leaf |= PW_A | (write ? PW_D : 0);
    if (!same_status(m, "pw_walk", pw_walk(m->space, va, access, r), want))
        return false;
    if (want != PW_OK)
        return same(m, "the error code", r->fault.error_code,
                    (want == PW_RIGHTS ? 1u : 0) | (write ? 2u : 0) |
                        (user ? 4u : 0) |
                        (fetch && (m->w->flags & PW_NXE) ? 16u : 0)) &&
               same(m, "the fault's address", r->fault.address, va);
    return same(m, "pa", r->pa,
                (*leaf & UINT64_C(0xFFFFFFF000)) | s->number[3]) &&
           same(m, "entry", r->entry, *leaf) &&
           same(m, "writable", r->writable, (*leaf & PW_W) != 0) &&
           same(m, "user", r->user, (*leaf & PW_U) != 0) &&
           same(m, "no_execute", r->no_execute, (*leaf & PW_NX) != 0) &&
           same(m, "global", r->global, (*leaf & PW_G) != 0) &&
           same(m, "dirty", r->dirty, (*leaf & PW_D) != 0);
}

/* What stage swap will do: it is not the module that changes the leaf. */
static bool
do_swap_out(struct model *m, const struct property_step *s)
{
    uint64_t *const leaf = &m->leaf[s->number[0]];
    if ((*leaf & PW_P) == 0)
        return true;
    *leaf = (*leaf & (PW_W | PW_U | PW_NX | PW_COW | PW_SHARED)) | PW_SWAPPED |
            s->number[2] << 12;
    const struct sight at = look(m->w->mach, m->space, m->w->format, 0,
                                 page_va(m->w, (unsigned)s->number[0]));
    poke_entry(m->w->mach, m->w->format, at.at[at.level], *leaf);
    return true;
}

static bool
do_find(struct model *m, const struct property_step *s)
{
    struct pw_leaf *const leaf = m->w->leaf;
    const unsigned page = (unsigned)s->number[0];
    const uint64_t va = page_va(m->w, page) + (s->number[3] & 0xFFF);
    int want = m->leaf[page] != 0 ? PW_OK : PW_NOT_MAPPED;
    if (!same_status(m, "pw_entry", pw_entry(m->space, va, leaf), want) ||
        (want == PW_OK && !same(m, "entry", leaf->entry, m->leaf[page])))
        return false;
    unsigned next = page;
    while (next < PAGES && m->leaf[next] == 0)
        next++;
    /* Looking through gibibytes costs time: not often, and not in one table of
     * a million entries. */
    if ((next == PAGES || (page < RANGE) != (next < RANGE)) &&
        (s->number[2] >= 4 || m->w->format == PW_FLAT))
        return true;
    want = next < PAGES ? PW_OK : PW_NOT_MAPPED;
    return same_status(m, "pw_next", pw_next(m->space, va, leaf), want) &&
           (want != PW_OK ||
            (same(m, "va of the next page", leaf->va, page_va(m->w, next)) &&
             same(m, "entry of the next page", leaf->entry, m->leaf[next])));
}

/* Every leaf, and the frames of the tables; what the module says of them only
 * when `asking`, because it may have to go through all its tables to say it. */
static bool
is_as_modelled(const struct model *m, bool asking)
{
    const struct world *const w = m->w;
    const uint64_t root = pw_root(m->space);
    for (unsigned p = 0; p < PAGES; p++) {
        const uint64_t got = leaf_from(w->mach, root, w->format, page_va(w, p));
        char what[40];
        snprintf(what, sizeof what, "the leaf of 0x%llx",
                 (unsigned long long)page_va(w, p));
        if (got != m->leaf[p])
            return same(m, what, got, m->leaf[p]);
    }
    const uint64_t frames = shapes[w->format].frames[0] + tables(m, true);
    return same(m, "the number of frames in use",
                mach_counts(w->mach).frames_used, frames) &&
           (!asking ||
            same(m, "pw_table_bytes", pw_table_bytes(m->space), frames * 4096));
}

static bool
replay(const struct property_step *step, unsigned count, char *why,
       unsigned *at, const void *data)
{
    const struct world *const w = data;
    /* What a replay that failed has left behind. */
    for (uint64_t f = frame_next_used(w->mach, 0); f != FRAME_NONE;
         f = frame_next_used(w->mach, f + 1))
        frame_free(w->mach, f);
    struct model m = {.w = w, .why = why};
    m.space = new_space(w->mach, w->format, w->flags);
    for (unsigned i = 0; i < count; i++) {
        static bool (*const run[OPERATIONS])(struct model *,
                                             const struct property_step *) = {
            do_map, do_unmap, do_protect, do_walk, do_swap_out, do_find};
        property_step(i);
        *at = i;
        if (!run[step[i].operation](&m, &step[i]) ||
            !is_as_modelled(&m, i % 64 == 63))
            return false;
    }
    return is_as_modelled(&m, true) &&
           same_status(&m, "pw_destroy", pw_destroy(m.space), PW_OK) &&
           same(&m, "after pw_destroy the number of frames in use",
                mach_counts(w->mach).frames_used, 0);
}

static void
check_random(enum pw_format format, uint32_t flags, const char *about,
             unsigned steps)
{
    struct world w = {.format = format, .flags = flags};
    w.mach = test_machine(format == PW_FLAT ? 1100 : 128);
    w.r = new_result();
    w.leaf = arena_object(struct pw_leaf);
    litter(w.mach);
    const struct property property = {.about = about,
                                      .steps = steps,
                                      .generate = generate,
                                      .show = show,
                                      .replay = replay,
                                      .data = &w};
    check_property(&property);
}

Test(hidden, random_calls_agree_with_a_model_in_one_level)
{
    check_random(PW_FLAT, PW_WP, "a PW_FLAT space with PW_WP", 500);
}

Test(hidden, random_calls_agree_with_a_model_in_two_levels)
{
    check_random(PW_TWO_LEVEL, 0, "a PW_TWO_LEVEL space", 1000);
}

Test(hidden, random_calls_agree_with_a_model_in_segments)
{
    check_random(PW_SEGMENTED, PW_WP, "a PW_SEGMENTED space with PW_WP", 600);
}

Test(hidden, random_calls_agree_with_a_model_in_four_levels)
{
    check_random(PW_FOUR_LEVEL, PW_NXE | PW_WP,
                 "a PW_FOUR_LEVEL space with PW_NXE and PW_WP", 800);
}

/* ---- Entries that nobody would write ------------------------------------ */

/* What the manual says of a walk over these entries, word by word. */
struct verdict_of_manual {
    int status;
    uint32_t error_code;
    unsigned reads;
    uint64_t pa;
};

static struct verdict_of_manual
by_the_manual(const struct path *p, uint32_t flags, const uint64_t *entry,
              uint32_t access)
{
    const bool wide = p->format == PW_FOUR_LEVEL;
    const bool user = access & PW_USER, write = access & PW_WRITE;
    const bool fetch = access & PW_EXECUTE;
    struct verdict_of_manual v = {.status = PW_OK};
    bool may_write = true, may_user = true, may_fetch = true;
    for (unsigned l = 0; v.status == PW_OK; l++) {
        const uint64_t e = entry[l];
        const bool last = l + 1 == shapes[p->format].levels;
        const bool large = !last && (e & PW_PS) != 0 &&
                           (wide ? l != 0 : (flags & PW_PSE) != 0);
        v.reads = l + 1;
        bool reserved = false;
        if (wide) {
            reserved = (e >> 40 & 0xFFF) != 0;
            reserved |= (e >> 63) != 0 && (flags & PW_NXE) == 0;
            reserved |= l == 0 && (e & PW_PS) != 0;
            reserved |= large && l == 1 && (e >> 13 & 0x1FFFF) != 0;
            reserved |= large && l == 2 && (e >> 13 & 0xFF) != 0;
        } else {
            reserved = large && (e >> 21 & 1) != 0;
        }
        may_write &= (e & PW_W) != 0;
        may_user &= (e & PW_U) != 0;
        may_fetch &= (e & PW_NX) == 0;
        if ((e & PW_P) == 0) {
            v.status = PW_NOT_PRESENT;
        } else if (reserved) {
            v.status = PW_RESERVED;
            v.error_code = 9;
        } else if (last || large) {
            const uint64_t size = UINT64_C(1) << shapes[p->format].shift[l];
            v.pa = address_in(p->format, e) / size * size + p->va % size;
            if (large && !wide)
                v.pa += (e >> 13 & 0xFF) << 32;
            break;
        }
    }
    if (v.status == PW_OK &&
        ((user && !may_user) || (fetch && !may_fetch) ||
         (write && !may_write && (user || (flags & PW_WP) != 0)))) {
        v.status = PW_RIGHTS;
        v.error_code = 1;
    }
    v.error_code |= (write ? 2u : 0) | (user ? 4u : 0) |
                    (fetch && (flags & PW_NXE) != 0 ? 16u : 0);
    return v;
}

/* Bits that are often as they should be, sometimes not, so that a walk gets
 * far. */
static uint64_t
random_bits(const struct path *p, unsigned level)
{
    static const uint64_t seldom[] = {PW_PS,
                                      PW_NX,
                                      UINT64_C(1) << 13,
                                      UINT64_C(1) << 20,
                                      UINT64_C(1) << 21,
                                      UINT64_C(1) << 29,
                                      UINT64_C(1) << 40,
                                      UINT64_C(1) << 51,
                                      UINT64_C(1) << 12};
    uint64_t bits = PW_P | (test_random() & (PW_A | PW_D | PW_G | 0xE18));
    if (test_random_below(12) == 0)
        bits &= ~PW_P;
    bits |= test_random_below(4) != 0 ? PW_W : 0;
    bits |= test_random_below(4) != 0 ? PW_U : 0;
    for (unsigned i = 0; i < sizeof seldom / sizeof *seldom; i++)
        if (test_random_below(i < 2 ? 5 : 20) == 0)
            bits |= seldom[i];
    /* An entry that leads to a table keeps its address: all else is another
     * test's matter. */
    const bool leads = level + 1 < shapes[p->format].levels &&
                       ((bits & PW_PS) == 0 || level == 0);
    if (leads && p->format == PW_FOUR_LEVEL)
        bits &= ~UINT64_C(0x3FFFF000);
    return bits;
}

static void
check_hostile(enum pw_format format, uint32_t flags, unsigned rounds)
{
    const struct path p = new_path(
        format, flags,
        format == PW_FOUR_LEVEL ? UINT64_C(0x7ABCDE654321) : 0x87654321,
        format == PW_FOUR_LEVEL ? UINT64_C(0x4440000000) : 0x44400000);
    for (unsigned round = 0; round < rounds; round++) {
        uint64_t entry[MOST_LEVELS] = {0};
        for (unsigned l = 0; l <= p.leaf; l++) {
            uint64_t bits = random_bits(&p, l);
            if (format != PW_FOUR_LEVEL)
                bits &= (bits & PW_PS) != 0 && l == 0 && (flags & PW_PSE) != 0
                            ? 0xFFFFFFFF
                            : 0xFFF;
            entry[l] = p.address[l] | bits;
            /* A large leaf above has an address of its own. */
            if (l < p.leaf && (bits & PW_PS) != 0 &&
                (format == PW_FOUR_LEVEL ? l > 0 : (flags & PW_PSE) != 0))
                entry[l] = UINT64_C(0x40000000) | bits;
            poke_entry(p.mach, format, p.at[l], entry[l]);
        }
        const uint32_t access = kinds[test_random_below(6)].access;
        const struct verdict_of_manual want =
            by_the_manual(&p, flags, entry, access);
        check_context(
            "round %u: %s, flags %u, access %u, entries 0x%llx 0x%llx "
            "0x%llx 0x%llx",
            round, format_name(format), flags, access,
            (unsigned long long)entry[0], (unsigned long long)entry[1],
            (unsigned long long)entry[2], (unsigned long long)entry[3]);
        const uint64_t reads = mach_counts(p.mach).reads;
        check_walk(&p, access, want.status);
        check_eq(mach_counts(p.mach).reads - reads, want.reads);
        if (want.status == PW_OK) {
            check_eq(p.r->pa, want.pa);
            check_eq(p.r->reads, want.reads);
        } else {
            check_fault(p.r, FAULT_PF, want.error_code, p.va);
        }
    }
    end_path(&p);
}

Test(hidden, random_entries_are_walked_by_the_manual_in_two_levels)
{
    check_hostile(PW_TWO_LEVEL, 0, 400);
    check_hostile(PW_TWO_LEVEL, PW_WP, 400);
}

Test(hidden, random_entries_are_walked_by_the_manual_with_pse)
{
    check_hostile(PW_TWO_LEVEL, PW_PSE, 400);
    check_hostile(PW_TWO_LEVEL, PW_PSE | PW_WP, 400);
}

Test(hidden, random_entries_are_walked_by_the_manual_in_four_levels)
{
    check_hostile(PW_FOUR_LEVEL, 0, 300);
    check_hostile(PW_FOUR_LEVEL, PW_WP, 300);
    check_hostile(PW_FOUR_LEVEL, PW_NXE, 300);
    check_hostile(PW_FOUR_LEVEL, PW_NXE | PW_WP, 300);
}
