/*
 * collect.c - first collect, then decide, then act.
 *
 * A walk reads all entries of the way into an array and asks its questions of
 * the array.  pw_map takes all frames that it will need before it writes the
 * first entry, so that a missing frame leaves nothing to undo.  The module has
 * no count of its tables: pw_table_bytes goes through them.
 */
#include "pagewalk/pagewalk.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct step {
    unsigned shift;
    unsigned count; /* entries of the table                                   */
    bool large;     /* a leaf may stand here                                  */
};

struct space {
    struct mach *mach;
    enum pw_format format;
    uint32_t flags;
    unsigned depth;
    unsigned wide; /* 1: entries of 8 bytes                                   */
    struct step step[4];
    uint64_t root;
};

/* ---- Memory ------------------------------------------------------------- */

static uint64_t
load(const struct space *s, uint64_t pa)
{
    if (s->wide)
        return phys_read64(s->mach, pa);
    return phys_read32(s->mach, pa);
}

static void
store(const struct space *s, uint64_t pa, uint64_t entry)
{
    if (s->wide)
        (void)phys_write64(s->mach, pa, entry);
    else
        (void)phys_write32(s->mach, pa, (uint32_t)entry);
}

static uint64_t
address_of(const struct space *s, uint64_t entry)
{
    const uint64_t below_40 = (UINT64_C(1) << 40) - 4096;
    return entry & (s->wide ? below_40 : below_40 & UINT32_MAX);
}

static unsigned
frames_at(const struct space *s, unsigned level)
{
    const unsigned bytes = s->step[level].count * (s->wide ? 8 : 4);
    return bytes < 4096 ? 1 : bytes / 4096;
}

static uint64_t
page_at(const struct space *s, unsigned level)
{
    return UINT64_C(1) << s->step[level].shift;
}

/* ---- The way of an address ---------------------------------------------- */

struct way {
    unsigned count; /* entries read                                           */
    uint64_t pa[4];
    uint64_t entry[4];
    bool leaf; /* the last of them ends the way                               */
};

/* Reads entries until one ends the way or `stop` says that it does. */
static struct way
collect(const struct space *s, uint64_t va,
        bool (*stop)(const struct space *, unsigned, uint64_t))
{
    struct way w = {0};
    uint64_t table = s->root;
    for (unsigned l = 0; l < s->depth; l++) {
        const uint64_t index =
            (va >> s->step[l].shift) & (s->step[l].count - 1);
        const uint64_t pa = table + (index << (2 + s->wide));
        const uint64_t entry = load(s, pa);
        w.pa[l] = pa;
        w.entry[l] = entry;
        w.count = l + 1;
        if (stop(s, l, entry))
            return w;
        w.leaf =
            l + 1 == s->depth || (s->step[l].large && (entry & PW_PS) != 0);
        if (w.leaf)
            return w;
        table = address_of(s, entry);
    }
    return w;
}

static bool
is_empty(const struct space *s, unsigned level, uint64_t entry)
{
    (void)s, (void)level;
    return entry == 0;
}

static unsigned
low(const struct way *w)
{
    return w->count - 1;
}

/* ---- Making ------------------------------------------------------------- */

static uint64_t
take(const struct space *s, unsigned level)
{
    return frames_at(s, level) == 1
               ? frame_alloc(s->mach)
               : frame_alloc_run(s->mach, frames_at(s, level));
}

static void
wipe(const struct space *s, unsigned level, uint64_t frame)
{
    for (unsigned i = 0; i < frames_at(s, level); i++)
        phys_zero_frame(s->mach, frame + i);
}

static void
give(const struct space *s, unsigned level, uint64_t frame)
{
    for (unsigned i = frames_at(s, level); i-- > 0;)
        frame_free(s->mach, frame + i);
}

static void
set_steps(struct space *s)
{
    static const struct {
        unsigned depth;
        struct step step[4];
    } shapes[] = {
        {1, {{12, 1u << 20, false}}},
        {2, {{22, 1024, false}, {12, 1024, false}}},
        {2, {{24, 256, false}, {12, 4096, false}}},
        {4,
         {{39, 512, false},
          {30, 512, true},
          {21, 512, true},
          {12, 512, false}}},
    };
    s->depth = shapes[s->format].depth;
    memcpy(s->step, shapes[s->format].step, sizeof s->step);
    s->wide = s->format == PW_FOUR_LEVEL;
    if ((s->flags & PW_PSE) != 0)
        s->step[0].large = true;
}

struct space *
pw_create(struct mach *mach, enum pw_format format, uint32_t flags)
{
    uint32_t possible = PW_WP;
    if (format == PW_TWO_LEVEL)
        possible |= PW_PSE;
    if (format == PW_FOUR_LEVEL)
        possible |= PW_NXE;
    if (mach == NULL || (unsigned)format > 3 ||
        (flags | possible) != possible) {
        errno = EINVAL;
        return NULL;
    }
    struct space *const s = malloc(sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct space){.mach = mach, .format = format, .flags = flags};
    set_steps(s);
    const uint64_t frame = take(s, 0);
    if (frame == FRAME_NONE) {
        free(s);
        errno = ENOMEM;
        return NULL;
    }
    wipe(s, 0, frame);
    s->root = frame * 4096;
    return s;
}

/* Goes through all tables, the lower ones first, and gives them back when
 * `giving`; returns how many frames they have. */
static uint64_t
all_tables(const struct space *s, unsigned level, uint64_t table, bool giving)
{
    uint64_t frames = frames_at(s, level);
    for (uint64_t i = 0; level + 1 < s->depth && i < s->step[level].count;
         i++) {
        const uint64_t entry = load(s, table + (i << (2 + s->wide)));
        if (entry == 0 || (s->step[level].large && (entry & PW_PS) != 0))
            continue;
        frames += all_tables(s, level + 1, address_of(s, entry), giving);
    }
    if (giving)
        give(s, level, table / 4096);
    return frames;
}

int
pw_destroy(struct space *space)
{
    if (space == NULL)
        return PW_BAD_ARGUMENT;
    (void)all_tables(space, 0, space->root, true);
    free(space);
    return PW_OK;
}

uint64_t
pw_root(struct space *space)
{
    return space != NULL ? space->root : 0;
}

uint64_t
pw_table_bytes(struct space *space)
{
    return space != NULL ? 4096 * all_tables(space, 0, space->root, false) : 0;
}

/* ---- Ranges ------------------------------------------------------------- */

/* Pages of 4 KiB in the range, or 0 when it is none. */
static uint64_t
pages_of(const struct space *s, uint64_t va, uint64_t bytes)
{
    const uint64_t pages = bytes / 4096 + (bytes % 4096 != 0);
    const unsigned bits = s->wide ? 47 : 32;
    const uint64_t upper = va >> bits;
    if (va % 4096 != 0 || (upper != 0 && !(s->wide && upper == 0x1FFFF)))
        return 0;
    const uint64_t first = (va & ((UINT64_C(1) << bits) - 1)) / 4096;
    const uint64_t room = (UINT64_C(1) << (bits - 12)) - first;
    return pages <= room ? pages : 0;
}

static uint64_t
settable(const struct space *s)
{
    uint64_t bits = PW_W | PW_U;
    if ((s->flags & PW_NXE) != 0)
        bits |= PW_NX;
    return bits;
}

/* Which level has pages of the size that is asked for; the depth: none. */
static unsigned
level_for(const struct space *s, uint64_t rights)
{
    uint64_t bytes = 4096;
    if ((rights & PW_PS) != 0)
        bytes = s->wide ? 2 << 20 : 4 << 20;
    if ((rights & PW_HUGE) != 0)
        bytes = (rights & PW_PS) != 0 ? 0 : 1 << 30;
    for (unsigned l = 0; l < s->depth; l++)
        if (page_at(s, l) == bytes && (bytes == 4096 || s->step[l].large))
            return l;
    return s->depth;
}

/* ---- Mapping ------------------------------------------------------------ */

/* The frames of tables that a call of pw_map will need, in the order in which
 * it will need them. */
struct stock {
    uint64_t *frame;
    unsigned *level;
    size_t count, next;
};

static void
empty_stock(const struct space *s, struct stock *stock, bool giving)
{
    for (size_t i = 0; giving && i < stock->count; i++)
        give(s, stock->level[i], stock->frame[i]);
    free(stock->frame);
    free(stock->level);
    *stock = (struct stock){0};
}

static bool
add_to_stock(const struct space *s, struct stock *stock, unsigned level)
{
    uint64_t *const frame =
        realloc(stock->frame, (stock->count + 1) * sizeof *frame);
    if (frame == NULL)
        return false;
    stock->frame = frame;
    unsigned *const levels =
        realloc(stock->level, (stock->count + 1) * sizeof *levels);
    if (levels == NULL)
        return false;
    stock->level = levels;
    stock->frame[stock->count] = take(s, level);
    if (stock->frame[stock->count] == FRAME_NONE)
        return false;
    stock->level[stock->count++] = level;
    return true;
}

/* Looks at the range; counts in `missing` the tables of each level. */
static int
survey(const struct space *s, uint64_t va, uint64_t size, unsigned level,
       struct stock *stock, bool taking)
{
    const uint64_t step = page_at(s, level);
    uint64_t seen[4] = {
        0}; /* number + 1 of the last table found missing      */
    for (uint64_t at = 0; at < size; at += step) {
        const struct way w = collect(s, va + at, is_empty);
        const unsigned l = low(&w);
        if (l > level)
            return PW_CONFLICT;
        if (w.entry[l] != 0 && l < level)
            return PW_CONFLICT;
        if (w.entry[l] != 0)
            return w.leaf ? PW_EXISTS : PW_CONFLICT;
        for (unsigned t = l + 1; taking && t <= level; t++) {
            const uint64_t number = ((va + at) >> s->step[t - 1].shift) + 1;
            if (seen[t] == number)
                continue;
            seen[t] = number;
            if (!add_to_stock(s, stock, t))
                return PW_NO_MEMORY;
        }
    }
    return PW_OK;
}

/* Makes the tables of one page from the stock and fills its leaf. */
static void
enter(const struct space *s, uint64_t va, unsigned level, uint64_t leaf,
      struct stock *stock)
{
    const struct way w = collect(s, va, is_empty);
    uint64_t pa = w.pa[low(&w)];
    for (unsigned l = low(&w); l < level; l++) {
        assert(stock->next < stock->count &&
               stock->level[stock->next] == l + 1);
        const uint64_t frame = stock->frame[stock->next++];
        wipe(s, l + 1, frame);
        store(s, pa, frame * 4096 | PW_P | PW_W | PW_U);
        const uint64_t index =
            (va >> s->step[l + 1].shift) & (s->step[l + 1].count - 1);
        pa = frame * 4096 + (index << (2 + s->wide));
    }
    store(s, pa, leaf);
}

int
pw_map(struct space *space, uint64_t va, uint64_t pa, uint64_t bytes,
       uint64_t rights)
{
    if (space == NULL)
        return PW_BAD_ARGUMENT;
    const struct space *const s = space;
    const unsigned level = level_for(s, rights);
    const uint64_t bits = rights & ~(PW_PS | PW_HUGE);
    const uint64_t size = pages_of(s, va, bytes) * 4096;
    if (level == s->depth || size == 0 ||
        (bits & ~(settable(s) | PW_G | PW_COW | PW_SHARED)) != 0)
        return PW_BAD_ARGUMENT;
    const bool large = level + 1 != s->depth;
    const uint64_t page = page_at(s, level);
    if (va % page != 0 || pa % page != 0 || (large && bytes % page != 0))
        return PW_BAD_ARGUMENT;
    const uint64_t end = UINT64_C(1) << (large || s->wide ? 40 : 32);
    if (pa >= end || size > end - pa)
        return PW_BAD_ARGUMENT;

    struct stock stock = {0};
    int status = survey(s, va, size, level, &stock, false);
    if (status == PW_OK)
        status = survey(s, va, size, level, &stock, true);
    if (status != PW_OK) {
        empty_stock(s, &stock, true);
        return status;
    }
    for (uint64_t at = 0; at < size; at += page) {
        uint64_t address = pa + at;
        if (large && !s->wide)
            address = (address & 0xFFC00000) | (address >> 32) << 13;
        enter(s, va + at, level, address | bits | PW_P | (large ? PW_PS : 0),
              &stock);
    }
    empty_stock(s, &stock, false);
    return PW_OK;
}

/* ---- Changing ----------------------------------------------------------- */

/* Calls `act` for every leaf of the range, when it is a range of whole pages in
 * use. */
static int
for_all(const struct space *s, uint64_t va, uint64_t size,
        void (*act)(const struct space *, const struct way *, uint64_t),
        uint64_t rights)
{
    for (unsigned round = 0; round < 2; round++) {
        for (uint64_t at = 0; at < size;) {
            const struct way w = collect(s, va + at, is_empty);
            if (w.entry[low(&w)] == 0)
                return PW_NOT_MAPPED;
            const uint64_t page = page_at(s, low(&w));
            if ((va + at) % page != 0 || size - at < page)
                return PW_CONFLICT;
            if (round == 1)
                act(s, &w, rights);
            at += page;
        }
    }
    return PW_OK;
}

static bool
is_bare(const struct space *s, unsigned level, uint64_t table)
{
    const uint64_t bytes = (uint64_t)s->step[level].count << (2 + s->wide);
    for (uint64_t at = 0; at < bytes; at += 8)
        if (phys_read64(s->mach, table + at) != 0)
            return false;
    return true;
}

static void
erase(const struct space *s, const struct way *w, uint64_t rights)
{
    (void)rights;
    store(s, w->pa[low(w)], 0);
    for (unsigned l = low(w); l > 0; l--) {
        const uint64_t table = address_of(s, w->entry[l - 1]);
        if (!is_bare(s, l, table))
            return;
        give(s, l, table / 4096);
        store(s, w->pa[l - 1], 0);
    }
}

static void
reset(const struct space *s, const struct way *w, uint64_t rights)
{
    uint64_t entry = w->entry[low(w)] & ~settable(s);
    entry |= rights;
    if ((entry & PW_COW) != 0)
        entry &= ~PW_W;
    store(s, w->pa[low(w)], entry);
}

int
pw_unmap(struct space *space, uint64_t va, uint64_t bytes)
{
    const uint64_t pages = space != NULL ? pages_of(space, va, bytes) : 0;
    return pages == 0 ? PW_BAD_ARGUMENT
                      : for_all(space, va, pages * 4096, erase, 0);
}

int
pw_protect(struct space *space, uint64_t va, uint64_t bytes, uint64_t rights)
{
    const uint64_t pages = space != NULL ? pages_of(space, va, bytes) : 0;
    if (pages == 0 || (rights | settable(space)) != settable(space))
        return PW_BAD_ARGUMENT;
    return for_all(space, va, pages * 4096, reset, rights);
}

/* ---- Finding ------------------------------------------------------------ */

static bool
is_bent(uint64_t va)
{
    return (va + (UINT64_C(1) << 47)) >> 48 != 0;
}

static bool
is_too_long(const struct space *s, uint64_t va)
{
    return !s->wide && va > UINT32_MAX;
}

static void
report(const struct space *s, const struct way *w, uint64_t va,
       struct pw_leaf *leaf)
{
    leaf->page_bytes = page_at(s, low(w));
    leaf->va = va - va % leaf->page_bytes;
    leaf->entry_pa = w->pa[low(w)];
    leaf->entry = w->entry[low(w)];
}

int
pw_entry(struct space *space, uint64_t va, struct pw_leaf *leaf)
{
    if (space == NULL || leaf == NULL || is_too_long(space, va))
        return PW_BAD_ARGUMENT;
    if (space->wide && is_bent(va))
        return PW_NOT_CANONICAL;
    const struct way w = collect(space, va, is_empty);
    if (w.entry[low(&w)] == 0)
        return PW_NOT_MAPPED;
    report(space, &w, va, leaf);
    return PW_OK;
}

int
pw_next(struct space *space, uint64_t va, struct pw_leaf *leaf)
{
    if (space == NULL || leaf == NULL || is_too_long(space, va))
        return PW_BAD_ARGUMENT;
    do {
        if (space->wide && is_bent(va))
            va = UINT64_C(0xFFFF800000000000);
        const struct way w = collect(space, va, is_empty);
        if (w.entry[low(&w)] != 0) {
            report(space, &w, va, leaf);
            return PW_OK;
        }
        va = (va / page_at(space, low(&w)) + 1) * page_at(space, low(&w));
    } while (va != 0 && !is_too_long(space, va));
    return PW_NOT_MAPPED;
}

/* ---- Walking ------------------------------------------------------------ */

static uint64_t
must_be_0(const struct space *s, unsigned level, uint64_t entry)
{
    const bool large = s->step[level].large && (entry & PW_PS) != 0;
    uint64_t bits = 0;
    if (large) /* between bit 12 and the address */
        bits = s->wide ? page_at(s, level) - 0x2000 : 1 << 21;
    if (s->wide)
        bits |= UINT64_C(0x000FFF0000000000) | (level == 0 ? PW_PS : 0) |
                (s->flags & PW_NXE ? 0 : PW_NX);
    return bits;
}

/* An entry that is not fit to be followed. */
static bool
is_unfit(const struct space *s, unsigned level, uint64_t entry)
{
    return (entry & PW_P) == 0 || (entry & must_be_0(s, level, entry)) != 0;
}

static unsigned
how_many(const struct way *w, uint64_t bit)
{
    unsigned count = 0;
    for (unsigned l = 0; l < w->count; l++)
        count += (w->entry[l] & bit) != 0;
    return count;
}

static int
judge(const struct space *s, const struct way *w, uint32_t access)
{
    const uint64_t last = w->entry[low(w)];
    if ((last & PW_P) == 0)
        return PW_NOT_PRESENT;
    if (is_unfit(s, low(w), last))
        return PW_RESERVED;
    const bool user = (access & PW_USER) != 0;
    const bool strict = user || (s->flags & PW_WP) != 0;
    if (user && how_many(w, PW_U) < w->count)
        return PW_RIGHTS;
    if ((access & PW_WRITE) != 0 && strict && how_many(w, PW_W) < w->count)
        return PW_RIGHTS;
    if ((access & PW_EXECUTE) != 0 && how_many(w, PW_NX) > 0)
        return PW_RIGHTS;
    return PW_OK;
}

static struct mach_fault
page_fault(const struct space *s, uint64_t va, uint32_t access, int status)
{
    static const uint32_t why[] = {
        [PW_NOT_PRESENT] = 0, [PW_RESERVED] = 9, [PW_RIGHTS] = 1};
    struct mach_fault f = {FAULT_PF, why[status], va};
    if ((access & PW_WRITE) != 0)
        f.error_code += 2;
    if ((access & PW_USER) != 0)
        f.error_code += 4;
    if ((access & PW_EXECUTE) != 0 && (s->flags & PW_NXE) != 0)
        f.error_code += 16;
    return f;
}

int
pw_walk(struct space *space, uint64_t va, uint32_t access,
        struct pw_result *result)
{
    static const uint32_t sound[] = {0, 1, 2, 4, 5, 6, 8, 9, 12, 13};
    bool known = false;
    for (unsigned i = 0; i < sizeof sound / sizeof *sound; i++)
        known = known || access == sound[i];
    if (space == NULL || result == NULL || !known || is_too_long(space, va))
        return PW_BAD_ARGUMENT;
    if (space->wide && is_bent(va)) {
        memset(&result->fault, 0, sizeof result->fault);
        result->fault.vector = (access & PW_STACK) != 0 ? FAULT_SS : FAULT_GP;
        return PW_NOT_CANONICAL;
    }
    struct way w = collect(space, va, is_unfit);
    const int status = judge(space, &w, access);
    if (status != PW_OK) {
        result->fault = page_fault(space, va, access, status);
        return status;
    }
    for (unsigned l = 0; l < w.count; l++) {
        const uint64_t old = w.entry[l];
        w.entry[l] |= PW_A;
        if (l == low(&w) && (access & PW_WRITE) != 0)
            w.entry[l] |= PW_D;
        if (w.entry[l] != old)
            store(space, w.pa[l], w.entry[l]);
    }
    const uint64_t leaf = w.entry[low(&w)], page = page_at(space, low(&w));
    uint64_t pa = address_of(space, leaf) / page * page;
    if (!space->wide && page > 4096)
        pa += (leaf >> 13 & 0xFF) << 32;
    const struct mach_fault fault = result->fault;
    *result = (struct pw_result){
        .pa = pa + va % page,
        .page_bytes = page,
        .entry_pa = w.pa[low(&w)],
        .entry = leaf,
        .writable = how_many(&w, PW_W) == w.count,
        .user = how_many(&w, PW_U) == w.count,
        .no_execute = how_many(&w, PW_NX) > 0,
        .global = (leaf & PW_G) != 0,
        .dirty = (leaf & PW_D) != 0,
        .reads = w.count,
        .fault = fault,
    };
    return PW_OK;
}

int
pw_walk_segmented(struct seg_cpu *cpu, struct space *space, enum seg_reg reg,
                  uint32_t offset, uint32_t access, struct pw_result *result)
{
    struct seg_result linear = {0};
    enum seg_access what = SEG_READ;
    if (access == PW_WRITE)
        what = SEG_WRITE;
    else if (access == PW_EXECUTE)
        what = SEG_EXECUTE;
    else if (access != PW_READ)
        return PW_BAD_ARGUMENT;
    if (cpu == NULL || space == NULL || result == NULL || space->wide)
        return PW_BAD_ARGUMENT;
    const int status = seg_translate(cpu, reg, offset, 1, what, &linear);
    if (status == SEG_BAD_ARGUMENT)
        return PW_BAD_ARGUMENT;
    if (status != SEG_OK) {
        result->fault = linear.fault;
        return PW_SEGMENT;
    }
    if (cpu->cpl == 3)
        access |= PW_USER;
    return pw_walk(space, linear.linear, access, result);
}
