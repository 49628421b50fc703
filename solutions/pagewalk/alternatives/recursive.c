/*
 * recursive.c - every task is a function that does its part in one table and
 * calls itself for the tables below.
 *
 * A range is given by its first and last address, so that one that ends at the
 * top of the address space needs no exception.
 */
#include "pagewalk/pagewalk.h"

#include <errno.h>
#include <stdlib.h>

struct space {
    struct mach *mach;
    enum pw_format format;
    uint32_t flags;
    unsigned last; /* level of the page tables                                */
    uint64_t root;
    uint64_t frames; /* of all tables                                         */
};

static unsigned
shift_of(const struct space *s, unsigned level)
{
    if (s->format == PW_FOUR_LEVEL)
        return 39 - 9 * level;
    if (level == s->last)
        return 12;
    return s->format == PW_SEGMENTED ? 24 : 22;
}

static uint64_t
span_of(const struct space *s, unsigned level)
{
    return UINT64_C(1) << shift_of(s, level);
}

static uint64_t
entries_of(const struct space *s, unsigned level)
{
    switch (s->format) {
    case PW_FLAT:
        return 1 << 20;
    case PW_TWO_LEVEL:
        return 1024;
    case PW_SEGMENTED:
        return level == 0 ? 256 : 4096;
    default:
        return 512;
    }
}

static uint64_t
size_of(const struct space *s)
{
    return s->format == PW_FOUR_LEVEL ? 8 : 4;
}

static uint64_t
frames_of(const struct space *s, unsigned level)
{
    return (entries_of(s, level) * size_of(s) + 4095) >> 12;
}

static uint64_t
get(const struct space *s, uint64_t at)
{
    return size_of(s) == 8 ? phys_read64(s->mach, at)
                           : phys_read32(s->mach, at);
}

static void
put(const struct space *s, uint64_t at, uint64_t entry)
{
    if (size_of(s) == 8)
        phys_write64(s->mach, at, entry);
    else
        phys_write32(s->mach, at, (uint32_t)entry);
}

static uint64_t
slot(const struct space *s, unsigned level, uint64_t table, uint64_t va)
{
    return table +
           (va >> shift_of(s, level)) % entries_of(s, level) * size_of(s);
}

static int
large_at(const struct space *s, unsigned level)
{
    if (s->format == PW_FOUR_LEVEL)
        return level == 1 || level == 2;
    return s->format == PW_TWO_LEVEL && level == 0 && (s->flags & PW_PSE);
}

static int
ends(const struct space *s, unsigned level, uint64_t entry)
{
    return level == s->last || (large_at(s, level) && (entry & PW_PS));
}

static uint64_t
below(const struct space *s, uint64_t entry)
{
    return entry & (s->format == PW_FOUR_LEVEL ? UINT64_C(0xFFFFFFF000)
                                               : UINT64_C(0xFFFFF000));
}

/* ---- Tables ------------------------------------------------------------- */

static uint64_t
new_table(struct space *s, unsigned level)
{
    const uint64_t count = frames_of(s, level);
    const uint64_t first = frame_alloc_run(s->mach, count);
    if (first == FRAME_NONE)
        return 0;
    for (uint64_t f = first; f < first + count; f++)
        phys_zero_frame(s->mach, f);
    s->frames += count;
    /* Frame 0 can be a table, so 0 is told from "none" by bit 0. */
    return first << 12 | 1;
}

static void
drop_table(struct space *s, unsigned level, uint64_t table)
{
    const uint64_t count = frames_of(s, level);
    for (uint64_t f = 0; f < count; f++)
        frame_free(s->mach, (table >> 12) + f);
    s->frames -= count;
}

static int
holds_nothing(const struct space *s, unsigned level, uint64_t table)
{
    uint64_t e = entries_of(s, level);
    while (e > 0 && get(s, table + (e - 1) * size_of(s)) == 0)
        e--;
    return e == 0;
}

static void
drop_if_empty(struct space *s, unsigned level, uint64_t at, uint64_t table)
{
    if (!holds_nothing(s, level + 1, table))
        return;
    drop_table(s, level + 1, table);
    put(s, at, 0);
}

static void
drop_all(struct space *s, unsigned level, uint64_t table)
{
    for (uint64_t e = 0; level < s->last && e < entries_of(s, level); e++) {
        const uint64_t entry = get(s, table + e * size_of(s));
        if (entry != 0 && !ends(s, level, entry))
            drop_all(s, level + 1, below(s, entry));
    }
    drop_table(s, level, table);
}

struct space *
pw_create(struct mach *mach, enum pw_format format, uint32_t flags)
{
    static const uint32_t known[] = {PW_WP, PW_WP | PW_PSE, PW_WP,
                                     PW_WP | PW_NXE};
    static const unsigned last[] = {0, 1, 1, 3};
    if (mach == NULL || format > PW_FOUR_LEVEL || (flags & ~known[format])) {
        errno = EINVAL;
        return NULL;
    }
    struct space *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->mach = mach;
    s->format = format;
    s->flags = flags;
    s->last = last[format];
    s->root = new_table(s, 0);
    if (s->root == 0) {
        free(s);
        errno = ENOMEM;
        return NULL;
    }
    s->root &= ~UINT64_C(1);
    return s;
}

int
pw_destroy(struct space *s)
{
    if (s == NULL)
        return PW_BAD_ARGUMENT;
    drop_all(s, 0, s->root);
    free(s);
    return PW_OK;
}

uint64_t
pw_root(struct space *s)
{
    return s ? s->root : 0;
}

uint64_t
pw_table_bytes(struct space *s)
{
    return s ? s->frames << 12 : 0;
}

/* ---- Ranges ------------------------------------------------------------- */

/* The last address of what `bytes` bytes from `va` on touch, in whole pages;
 * 0 when the range is none (which no range ends at). */
static uint64_t
range_end(const struct space *s, uint64_t va, uint64_t bytes)
{
    if (bytes == 0 || va % 4096 != 0 || bytes - 1 > UINT64_MAX - va)
        return 0;
    const uint64_t end = (va + (bytes - 1)) | 4095;
    if (s->format != PW_FOUR_LEVEL)
        return end >> 32 ? 0 : end;
    const uint64_t half = va >> 47;
    return (half == 0 || half == 0x1FFFF) && end >> 47 == half ? end : 0;
}

/* The last address that the entry for `a` stands for, but not behind `last`. */
static uint64_t
part_end(const struct space *s, unsigned level, uint64_t a, uint64_t last)
{
    const uint64_t end = a | (span_of(s, level) - 1);
    return end < last ? end : last;
}

static int
check_free(const struct space *s, unsigned l, uint64_t table, uint64_t first,
           uint64_t last, unsigned level)
{
    for (uint64_t a = first, end;; a = end + 1) {
        const uint64_t entry = get(s, slot(s, l, table, a));
        end = part_end(s, l, a, last);
        if (entry != 0 && ends(s, l, entry))
            return l == level ? PW_EXISTS : PW_CONFLICT;
        if (entry != 0 && l == level)
            return PW_CONFLICT;
        if (entry != 0) {
            const int r = check_free(s, l + 1, below(s, entry), a, end, level);
            if (r != PW_OK)
                return r;
        }
        if (end == last)
            return PW_OK;
    }
}

static int
check_used(const struct space *s, unsigned l, uint64_t table, uint64_t first,
           uint64_t last)
{
    for (uint64_t a = first, end;; a = end + 1) {
        const uint64_t entry = get(s, slot(s, l, table, a));
        end = part_end(s, l, a, last);
        if (entry == 0)
            return PW_NOT_MAPPED;
        if (!ends(s, l, entry)) {
            const int r = check_used(s, l + 1, below(s, entry), a, end);
            if (r != PW_OK)
                return r;
        } else if (end - a != span_of(s, l) - 1) {
            return PW_CONFLICT;
        }
        if (end == last)
            return PW_OK;
    }
}

static void
clear(struct space *s, unsigned l, uint64_t table, uint64_t first,
      uint64_t last)
{
    for (uint64_t a = first, end;; a = end + 1) {
        const uint64_t at = slot(s, l, table, a), entry = get(s, at);
        end = part_end(s, l, a, last);
        if (ends(s, l, entry)) {
            put(s, at, 0);
        } else {
            clear(s, l + 1, below(s, entry), a, end);
            drop_if_empty(s, l, at, below(s, entry));
        }
        if (end == last)
            return;
    }
}

/* Fills leaves; returns how many bytes it has got on. */
static uint64_t
fill(struct space *s, unsigned l, uint64_t table, uint64_t first, uint64_t last,
     unsigned level, uint64_t pa, uint64_t bits)
{
    for (uint64_t a = first, end;; a = end + 1) {
        const uint64_t at = slot(s, l, table, a), pa_here = pa + (a - first);
        uint64_t entry;
        end = part_end(s, l, a, last);
        if (l == level) {
            const int pse = size_of(s) == 4 && l != s->last;
            put(s, at,
                (pse ? (pa_here & 0xFFC00000) | pa_here >> 32 << 13 : pa_here) |
                    bits);
        } else {
            entry = get(s, at);
            if (entry == 0) {
                entry = new_table(s, l + 1);
                if (entry == 0)
                    return a - first;
                entry |= PW_P | PW_W | PW_U;
                put(s, at, entry);
            }
            const uint64_t got =
                fill(s, l + 1, below(s, entry), a, end, level, pa_here, bits);
            if (got != end - a + 1) {
                drop_if_empty(s, l, at, below(s, entry));
                return a - first + got;
            }
        }
        if (end == last)
            return last - first + 1;
    }
}

static void
change(const struct space *s, unsigned l, uint64_t table, uint64_t first,
       uint64_t last, uint64_t mask, uint64_t rights)
{
    for (uint64_t a = first, end;; a = end + 1) {
        const uint64_t at = slot(s, l, table, a), entry = get(s, at);
        end = part_end(s, l, a, last);
        if (ends(s, l, entry))
            put(s, at,
                (entry & ~mask) | (entry & PW_COW ? rights & ~PW_W : rights));
        else
            change(s, l + 1, below(s, entry), a, end, mask, rights);
        if (end == last)
            return;
    }
}

static uint64_t
changeable(const struct space *s)
{
    return PW_W | PW_U | (s->flags & PW_NXE ? PW_NX : 0);
}

int
pw_map(struct space *s, uint64_t va, uint64_t pa, uint64_t bytes,
       uint64_t rights)
{
    if (s == NULL)
        return PW_BAD_ARGUMENT;
    const uint64_t sizes = rights & (PW_PS | PW_HUGE);
    uint64_t bits = rights & ~sizes;
    unsigned level = s->last;
    if (sizes == PW_PS)
        level = s->format == PW_FOUR_LEVEL ? 2 : 0;
    else if (sizes == PW_HUGE)
        level = 1;
    else if (sizes != 0)
        return PW_BAD_ARGUMENT;
    if (sizes != 0 &&
        (!large_at(s, level) || (sizes == PW_HUGE && size_of(s) == 4)))
        return PW_BAD_ARGUMENT;
    if (bits & ~(changeable(s) | PW_G | PW_COW | PW_SHARED))
        return PW_BAD_ARGUMENT;
    const uint64_t last = range_end(s, va, bytes), page = span_of(s, level);
    if (last == 0 || va % page || pa % page || (sizes && bytes % page))
        return PW_BAD_ARGUMENT;
    const unsigned pa_bits = sizes != 0 || size_of(s) == 8 ? 40 : 32;
    if (pa >> pa_bits || (pa + (last - va)) >> pa_bits)
        return PW_BAD_ARGUMENT;
    const int status = check_free(s, 0, s->root, va, last, level);
    if (status != PW_OK)
        return status;
    bits |= PW_P | (sizes ? PW_PS : 0);
    const uint64_t got = fill(s, 0, s->root, va, last, level, pa, bits);
    if (got == last - va + 1)
        return PW_OK;
    if (got != 0)
        clear(s, 0, s->root, va, va + got - 1);
    return PW_NO_MEMORY;
}

int
pw_unmap(struct space *s, uint64_t va, uint64_t bytes)
{
    const uint64_t last = s ? range_end(s, va, bytes) : 0;
    if (last == 0)
        return PW_BAD_ARGUMENT;
    const int status = check_used(s, 0, s->root, va, last);
    if (status == PW_OK)
        clear(s, 0, s->root, va, last);
    return status;
}

int
pw_protect(struct space *s, uint64_t va, uint64_t bytes, uint64_t rights)
{
    const uint64_t last = s ? range_end(s, va, bytes) : 0;
    if (last == 0 || (rights & ~changeable(s)))
        return PW_BAD_ARGUMENT;
    const int status = check_used(s, 0, s->root, va, last);
    if (status == PW_OK)
        change(s, 0, s->root, va, last, changeable(s), rights);
    return status;
}

/* ---- Finding ------------------------------------------------------------ */

/* The first leaf in use in a table whose first address is `base`, at or behind
 * `from`. */
static int
search(const struct space *s, unsigned l, uint64_t table, uint64_t base,
       uint64_t from, struct pw_leaf *leaf)
{
    const uint64_t mask = entries_of(s, l) - 1;
    uint64_t e = from > base ? from >> shift_of(s, l) & mask : 0;
    for (; e <= mask; e++) {
        const uint64_t at = table + e * size_of(s), entry = get(s, at);
        uint64_t va = base + (e << shift_of(s, l));
        if (s->format == PW_FOUR_LEVEL && l == 0 && e >= 256)
            va |= ~UINT64_C(0) << 48;
        if (entry == 0)
            continue;
        if (ends(s, l, entry)) {
            *leaf = (struct pw_leaf){va, span_of(s, l), at, entry};
            return PW_OK;
        }
        if (search(s, l + 1, below(s, entry), va, from, leaf) == PW_OK)
            return PW_OK;
    }
    return PW_NOT_MAPPED;
}

static int
straight(uint64_t va)
{
    return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

int
pw_next(struct space *s, uint64_t va, struct pw_leaf *leaf)
{
    if (s == NULL || leaf == NULL ||
        (s->format != PW_FOUR_LEVEL && va > 0xFFFFFFFF))
        return PW_BAD_ARGUMENT;
    if (s->format == PW_FOUR_LEVEL && !straight(va))
        va = ~UINT64_C(0) << 47;
    return search(s, 0, s->root, 0, va, leaf);
}

int
pw_entry(struct space *s, uint64_t va, struct pw_leaf *leaf)
{
    if (s == NULL || leaf == NULL ||
        (s->format != PW_FOUR_LEVEL && va > 0xFFFFFFFF))
        return PW_BAD_ARGUMENT;
    if (s->format == PW_FOUR_LEVEL && !straight(va))
        return PW_NOT_CANONICAL;
    uint64_t table = s->root;
    for (unsigned l = 0;; l++) {
        const uint64_t at = slot(s, l, table, va), entry = get(s, at);
        if (entry == 0)
            return PW_NOT_MAPPED;
        if (ends(s, l, entry)) {
            const uint64_t size = span_of(s, l);
            *leaf = (struct pw_leaf){va & ~(size - 1), size, at, entry};
            return PW_OK;
        }
        table = below(s, entry);
    }
}

/* ---- Walking ------------------------------------------------------------ */

static int
is_reserved(const struct space *s, unsigned l, uint64_t entry)
{
    const int large = l != s->last && ends(s, l, entry);
    if (size_of(s) == 4)
        return large && (entry >> 21 & 1);
    if ((entry >> 40 & 0xFFF) || ((entry & PW_NX) && !(s->flags & PW_NXE)) ||
        (l == 0 && (entry & PW_PS)))
        return 1;
    return large && (entry & (span_of(s, l) - 1) & ~UINT64_C(0x1FFF));
}

/* Walks from the entry of level `l` down.  `all` and `any` are what the entries
 * above say together.  Marks are set on the way back. */
static int
step(const struct space *s, unsigned l, uint64_t table, uint64_t va,
     uint32_t access, uint64_t all, uint64_t any, struct pw_result *r)
{
    const uint64_t at = slot(s, l, table, va), entry = get(s, at);
    if (!(entry & PW_P))
        return PW_NOT_PRESENT;
    if (is_reserved(s, l, entry))
        return PW_RESERVED;
    all &= entry;
    any |= entry;
    uint64_t marked = entry | PW_A;
    if (!ends(s, l, entry)) {
        const int status =
            step(s, l + 1, below(s, entry), va, access, all, any, r);
        if (status != PW_OK)
            return status;
    } else {
        const int super = !(access & PW_USER) && !(s->flags & PW_WP);
        if (((access & PW_USER) && !(all & PW_U)) ||
            ((access & PW_WRITE) && !(all & PW_W) && !super) ||
            ((access & PW_EXECUTE) && (any & PW_NX) && size_of(s) == 8))
            return PW_RIGHTS;
        if (access & PW_WRITE)
            marked |= PW_D;
        const uint64_t size = span_of(s, l);
        r->pa = (below(s, entry) & ~(size - 1)) + (va & (size - 1));
        if (size_of(s) == 4 && l != s->last)
            r->pa |= (entry >> 13 & 0xFF) << 32;
        r->page_bytes = size;
        r->entry_pa = at;
        r->entry = marked;
        r->writable = (all & PW_W) != 0;
        r->user = (all & PW_U) != 0;
        r->no_execute = (any & PW_NX) != 0;
        r->global = (entry & PW_G) != 0;
        r->dirty = (marked & PW_D) != 0;
        r->reads = l + 1;
    }
    if (marked != entry)
        put(s, at, marked);
    return PW_OK;
}

int
pw_walk(struct space *s, uint64_t va, uint32_t access, struct pw_result *r)
{
    if (s == NULL || r == NULL || access > 15 || (access & 3) == 3 ||
        (access & (PW_EXECUTE | PW_STACK)) == (PW_EXECUTE | PW_STACK) ||
        (s->format != PW_FOUR_LEVEL && va > 0xFFFFFFFF))
        return PW_BAD_ARGUMENT;
    if (s->format == PW_FOUR_LEVEL && !straight(va)) {
        r->fault =
            (struct mach_fault){access & PW_STACK ? FAULT_SS : FAULT_GP, 0, 0};
        return PW_NOT_CANONICAL;
    }
    const int status = step(s, 0, s->root, va, access, UINT64_MAX, 0, r);
    if (status != PW_OK) {
        uint32_t code =
            (access & PW_WRITE ? 2 : 0) | (access & PW_USER ? 4 : 0);
        code |= status == PW_RESERVED ? 9 : status == PW_RIGHTS ? 1 : 0;
        code |= (access & PW_EXECUTE) && (s->flags & PW_NXE) ? 16 : 0;
        r->fault = (struct mach_fault){FAULT_PF, code, va};
    }
    return status;
}

int
pw_walk_segmented(struct seg_cpu *cpu, struct space *s, enum seg_reg reg,
                  uint32_t offset, uint32_t access, struct pw_result *r)
{
    if (cpu == NULL || s == NULL || r == NULL || access > PW_EXECUTE ||
        s->format == PW_FOUR_LEVEL)
        return PW_BAD_ARGUMENT;
    struct seg_result t;
    switch (seg_translate(cpu, reg, offset, 1, (enum seg_access)access, &t)) {
    case SEG_OK:
        return pw_walk(s, t.linear, cpu->cpl < 3 ? access : access | PW_USER,
                       r);
    case SEG_BAD_ARGUMENT:
        return PW_BAD_ARGUMENT;
    default:
        r->fault = t.fault;
        return PW_SEGMENT;
    }
}
