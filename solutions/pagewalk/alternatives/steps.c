/*
 * steps.c - each format written out, without a table of levels: a cursor knows
 * how to take one step down, and entries are taken apart into fields.
 *
 * Pages are mapped, unmapped and changed one at a time by functions that know
 * nothing of ranges.
 */
#include "pagewalk/pagewalk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct space {
    struct mach *mach;
    enum pw_format format;
    uint32_t flags;
    uint32_t root_frame;
    uint64_t table_bytes;
};

/* An entry, in whichever format. */
struct fields {
    unsigned p : 1, w : 1, u : 1, a : 1, d : 1, ps : 1, g : 1, cow : 1, nx : 1;
    uint64_t raw;
};

static struct fields
take_apart(uint64_t raw)
{
    return (struct fields){
        .p = raw & 1,
        .w = raw >> 1 & 1,
        .u = raw >> 2 & 1,
        .a = raw >> 5 & 1,
        .d = raw >> 6 & 1,
        .ps = raw >> 7 & 1,
        .g = raw >> 8 & 1,
        .cow = raw >> 9 & 1,
        .nx = (raw & PW_NX) != 0,
        .raw = raw,
    };
}

/* ---- A cursor: one entry on the way to an address ----------------------- */

struct cursor {
    const struct space *s;
    uint64_t va;
    unsigned level;
    unsigned shift;  /* of the index                                          */
    uint64_t table;  /* where the table begins                                */
    uint64_t at;     /* where the entry lies                                  */
    struct fields e; /* the entry                                             */
};

static int
is_long(const struct space *s)
{
    return s->format == PW_FOUR_LEVEL;
}

static uint64_t
read_at(const struct space *s, uint64_t at)
{
    if (is_long(s))
        return phys_read64(s->mach, at);
    return phys_read32(s->mach, at);
}

static void
write_at(const struct space *s, uint64_t at, uint64_t raw)
{
    if (is_long(s))
        phys_write64(s->mach, at, raw);
    else
        phys_write32(s->mach, at, (uint32_t)raw);
}

static uint64_t
table_in(const struct space *s, uint64_t raw)
{
    if (is_long(s))
        return raw << 24 >> 36 << 12;
    return (uint32_t)raw >> 12 << 12;
}

/* Sets shift and at for the level. */
static void
aim(struct cursor *c)
{
    const uint64_t va = c->va;
    switch (c->s->format) {
    case PW_FLAT:
        c->shift = 12;
        c->at = c->table + (va >> 12) * 4;
        break;
    case PW_TWO_LEVEL:
        c->shift = c->level == 0 ? 22 : 12;
        c->at = c->table + (va >> c->shift) % 1024 * 4;
        break;
    case PW_SEGMENTED:
        c->shift = c->level == 0 ? 24 : 12;
        c->at =
            c->table + (c->level == 0 ? va >> 24 : (va & 0xFFFFFF) >> 12) * 4;
        break;
    default:
        c->shift = 12 + 9 * (3 - c->level);
        c->at = c->table + (va >> c->shift) % 512 * 8;
    }
}

static struct cursor
start(const struct space *s, uint64_t va)
{
    struct cursor c = {.s = s, .va = va};
    c.table = (uint64_t)s->root_frame * 4096;
    aim(&c);
    c.e = take_apart(read_at(s, c.at));
    return c;
}

static int
is_lowest(const struct cursor *c)
{
    return c->shift == 12;
}

static int
is_large(const struct cursor *c)
{
    if (!c->e.ps || is_lowest(c))
        return 0;
    return is_long(c->s) ? c->level != 0 : (c->s->flags & PW_PSE) != 0;
}

static int
is_end(const struct cursor *c)
{
    return is_lowest(c) || is_large(c);
}

/* To the table that the entry leads to, without reading there. */
static void
go_down(struct cursor *c)
{
    c->table = table_in(c->s, c->e.raw);
    c->level++;
    aim(c);
}

static void
descend(struct cursor *c)
{
    go_down(c);
    c->e = take_apart(read_at(c->s, c->at));
}

static uint64_t
bytes_here(const struct cursor *c)
{
    return UINT64_C(1) << c->shift;
}

/* ---- Tables ------------------------------------------------------------- */

static uint64_t
frames_needed(const struct space *s, unsigned level)
{
    if (s->format == PW_FLAT)
        return 1024;
    return s->format == PW_SEGMENTED && level == 1 ? 4 : 1;
}

/* Returns the first frame, cleared, or FRAME_NONE. */
static uint64_t
get_table(struct space *s, unsigned level)
{
    const uint64_t n = frames_needed(s, level);
    const uint64_t frame = frame_alloc_run(s->mach, n);
    if (frame != FRAME_NONE) {
        for (uint64_t i = 0; i < n; i++)
            phys_zero_frame(s->mach, frame + i);
        s->table_bytes += n * 4096;
    }
    return frame;
}

static void
put_table(struct space *s, unsigned level, uint64_t table)
{
    uint64_t n = frames_needed(s, level);
    s->table_bytes -= n * 4096;
    while (n-- > 0)
        frame_free(s->mach, table / 4096 + n);
}

/* Finds the highest level whose table has nothing but `c->va`'s way in it, and
 * gives that table and all below it back.  The leaf has just been emptied. */
static void
give_back(struct space *s, uint64_t va)
{
    for (;;) {
        struct cursor c = start(s, va), above = {0};
        while (c.e.raw != 0 && !is_end(&c)) {
            above = c;
            descend(&c);
        }
        if (c.level == 0)
            return;
        const uint64_t bytes =
            is_lowest(&c) && s->format == PW_SEGMENTED ? 16384 : 4096;
        for (uint64_t i = 0; i < bytes; i += 8)
            if (phys_read64(s->mach, c.table + i) != 0)
                return;
        put_table(s, c.level, c.table);
        write_at(s, above.at, 0);
    }
}

struct space *
pw_create(struct mach *mach, enum pw_format format, uint32_t flags)
{
    int sound = mach != NULL;
    switch (format) {
    case PW_FLAT:
    case PW_SEGMENTED:
        sound = sound && flags <= PW_WP;
        break;
    case PW_TWO_LEVEL:
        sound = sound && flags <= (PW_WP | PW_PSE);
        break;
    case PW_FOUR_LEVEL:
        sound = sound && (flags & PW_PSE) == 0 && flags <= (PW_WP | PW_NXE);
        break;
    default:
        sound = 0;
    }
    if (!sound) {
        errno = EINVAL;
        return NULL;
    }
    struct space *const s = malloc(sizeof *s);
    if (s == NULL)
        return NULL;
    memset(s, 0, sizeof *s);
    s->mach = mach;
    s->format = format;
    s->flags = flags;
    const uint64_t frame = get_table(s, 0);
    if (frame == FRAME_NONE) {
        free(s);
        errno = ENOMEM;
        return NULL;
    }
    s->root_frame = (uint32_t)frame;
    return s;
}

static void
put_below(struct space *s, unsigned level, uint64_t table)
{
    static const uint64_t entries[] = {[PW_FLAT] = 0,
                                       [PW_TWO_LEVEL] = 1024,
                                       [PW_SEGMENTED] = 256,
                                       [PW_FOUR_LEVEL] = 512};
    const unsigned lowest = is_long(s) ? 3 : s->format == PW_FLAT ? 0 : 1;
    const uint64_t size = is_long(s) ? 8 : 4;
    for (uint64_t i = 0; level < lowest && i < entries[s->format]; i++) {
        const struct fields e = take_apart(read_at(s, table + i * size));
        const int large =
            e.ps && (is_long(s) ? level > 0 : (s->flags & PW_PSE) != 0);
        if (e.raw != 0 && !large)
            put_below(s, level + 1, table_in(s, e.raw));
    }
    put_table(s, level, table);
}

int
pw_destroy(struct space *space)
{
    if (space == NULL)
        return PW_BAD_ARGUMENT;
    put_below(space, 0, pw_root(space));
    free(space);
    return PW_OK;
}

uint64_t
pw_root(struct space *space)
{
    return space == NULL ? 0 : (uint64_t)space->root_frame << 12;
}

uint64_t
pw_table_bytes(struct space *space)
{
    return space == NULL ? 0 : space->table_bytes;
}

/* ---- One page ----------------------------------------------------------- */

static struct cursor
find(const struct space *s, uint64_t va)
{
    struct cursor c = start(s, va);
    while (c.e.raw != 0 && !is_end(&c))
        descend(&c);
    return c;
}

/* Whether a page of 2^shift bytes can be mapped at `va`. */
static int
may_map(const struct space *s, uint64_t va, unsigned shift)
{
    struct cursor c = start(s, va);
    while (c.shift > shift) {
        if (c.e.raw == 0)
            return PW_OK;
        if (is_end(&c))
            return PW_CONFLICT;
        descend(&c);
    }
    if (c.e.raw == 0)
        return PW_OK;
    return is_end(&c) ? PW_EXISTS : PW_CONFLICT;
}

static int
map_one(struct space *s, uint64_t va, unsigned shift, uint64_t leaf)
{
    struct cursor c = start(s, va);
    while (c.shift > shift) {
        if (c.e.raw == 0) {
            const uint64_t frame = get_table(s, c.level + 1);
            if (frame == FRAME_NONE) {
                give_back(s, va);
                return PW_NO_MEMORY;
            }
            c.e = take_apart(frame << 12 | PW_P | PW_W | PW_U);
            write_at(s, c.at, c.e.raw);
        }
        descend(&c);
    }
    write_at(s, c.at, leaf);
    return PW_OK;
}

static void
unmap_one(struct space *s, uint64_t va)
{
    const struct cursor c = find(s, va);
    write_at(s, c.at, 0);
    give_back(s, va);
}

/* ---- Ranges of pages ---------------------------------------------------- */

static int
is_canonical(uint64_t va)
{
    return va < UINT64_C(1) << 47 || va >= UINT64_MAX << 47;
}

/* The range in whole pages, or 0. */
static uint64_t
rounded(const struct space *s, uint64_t va, uint64_t bytes)
{
    const uint64_t top = !is_long(s)              ? UINT64_C(1) << 32
                         : va < UINT64_C(1) << 47 ? UINT64_C(1) << 47
                                                  : 0; /* 2^64 */
    if (va % 4096 != 0 || (is_long(s) ? !is_canonical(va) : va >= top))
        return 0;
    /* The range from va to top never is 2^64 bytes, so it has a size. */
    return bytes <= top - va ? (bytes + 4095) / 4096 * 4096 : 0;
}

static int
are_rights(const struct space *s, uint64_t rights, uint64_t more)
{
    uint64_t known = PW_W | PW_U | more;
    if (s->flags & PW_NXE)
        known |= PW_NX;
    return (rights | known) == known;
}

int
pw_map(struct space *space, uint64_t va, uint64_t pa, uint64_t bytes,
       uint64_t rights)
{
    if (space == NULL ||
        !are_rights(space, rights, PW_G | PW_COW | PW_SHARED | PW_PS | PW_HUGE))
        return PW_BAD_ARGUMENT;
    unsigned shift = 12;
    switch (rights & (PW_PS | PW_HUGE)) {
    case 0:
        break;
    case PW_PS:
        if (!is_long(space) && !(space->flags & PW_PSE))
            return PW_BAD_ARGUMENT;
        shift = is_long(space) ? 21 : 22;
        break;
    case PW_HUGE:
        if (!is_long(space))
            return PW_BAD_ARGUMENT;
        shift = 30;
        break;
    default:
        return PW_BAD_ARGUMENT;
    }
    const uint64_t page = UINT64_C(1) << shift;
    const uint64_t size = rounded(space, va, bytes);
    const uint64_t pa_top = UINT64_C(1)
                            << (shift == 12 && !is_long(space) ? 32 : 40);
    if (size == 0 || va % page || pa % page || size > pa_top ||
        pa > pa_top - size || (shift != 12 && bytes % page))
        return PW_BAD_ARGUMENT;
    for (uint64_t i = 0; i < size; i += page) {
        const int status = may_map(space, va + i, shift);
        if (status != PW_OK)
            return status;
    }
    uint64_t flags = (rights & ~PW_HUGE) | PW_P;
    if (shift != 12)
        flags |= PW_PS;
    for (uint64_t i = 0; i < size; i += page) {
        uint64_t address = pa + i;
        if (shift == 22)
            address = (uint32_t)address | (address >> 32) << 13;
        if (map_one(space, va + i, shift, address | flags) != PW_OK) {
            while (i > 0)
                unmap_one(space, va + (i -= page));
            return PW_NO_MEMORY;
        }
    }
    return PW_OK;
}

static int
are_used(const struct space *s, uint64_t va, uint64_t size)
{
    for (uint64_t i = 0; i < size;) {
        const struct cursor c = find(s, va + i);
        if (c.e.raw == 0)
            return PW_NOT_MAPPED;
        if ((va + i) % bytes_here(&c) != 0 || size - i < bytes_here(&c))
            return PW_CONFLICT;
        i += bytes_here(&c);
    }
    return PW_OK;
}

int
pw_unmap(struct space *space, uint64_t va, uint64_t bytes)
{
    const uint64_t size = space == NULL ? 0 : rounded(space, va, bytes);
    if (size == 0)
        return PW_BAD_ARGUMENT;
    const int status = are_used(space, va, size);
    if (status != PW_OK)
        return status;
    for (uint64_t i = 0; i < size;) {
        const struct cursor c = find(space, va + i);
        unmap_one(space, va + i);
        i += bytes_here(&c);
    }
    return PW_OK;
}

int
pw_protect(struct space *space, uint64_t va, uint64_t bytes, uint64_t rights)
{
    const uint64_t size = space == NULL ? 0 : rounded(space, va, bytes);
    if (size == 0 || !are_rights(space, rights, 0))
        return PW_BAD_ARGUMENT;
    const int status = are_used(space, va, size);
    if (status != PW_OK)
        return status;
    const uint64_t keep =
        ~(PW_W | PW_U | (space->flags & PW_NXE ? PW_NX : UINT64_C(0)));
    for (uint64_t i = 0; i < size;) {
        const struct cursor c = find(space, va + i);
        uint64_t leaf = (c.e.raw & keep) | rights;
        if (c.e.cow)
            leaf &= ~PW_W;
        write_at(space, c.at, leaf);
        i += bytes_here(&c);
    }
    return PW_OK;
}

/* ---- Finding ------------------------------------------------------------ */

static int
is_address(const struct space *s, uint64_t va)
{
    return is_long(s) || (va >> 32) == 0;
}

static void
tell(const struct cursor *c, struct pw_leaf *leaf)
{
    leaf->va = c->va >> c->shift << c->shift;
    leaf->page_bytes = bytes_here(c);
    leaf->entry_pa = c->at;
    leaf->entry = c->e.raw;
}

int
pw_entry(struct space *space, uint64_t va, struct pw_leaf *leaf)
{
    if (space == NULL || leaf == NULL || !is_address(space, va))
        return PW_BAD_ARGUMENT;
    if (is_long(space) && !is_canonical(va))
        return PW_NOT_CANONICAL;
    const struct cursor c = find(space, va);
    if (c.e.raw == 0)
        return PW_NOT_MAPPED;
    tell(&c, leaf);
    return PW_OK;
}

int
pw_next(struct space *space, uint64_t va, struct pw_leaf *leaf)
{
    if (space == NULL || leaf == NULL || !is_address(space, va))
        return PW_BAD_ARGUMENT;
    for (;;) {
        if (is_long(space) && !is_canonical(va))
            va = UINT64_MAX << 47;
        const struct cursor c = find(space, va);
        if (c.e.raw != 0) {
            tell(&c, leaf);
            return PW_OK;
        }
        const uint64_t next = ((va >> c.shift) + 1) << c.shift;
        if (next < va || !is_address(space, next))
            return PW_NOT_MAPPED;
        va = next;
    }
}

/* ---- Walking ------------------------------------------------------------ */

static int
has_reserved(const struct cursor *c)
{
    const uint64_t raw = c->e.raw;
    if (!is_long(c->s))
        return is_large(c) && (raw >> 21 & 1) != 0;
    if ((raw >> 40 & 0xFFF) != 0 || (c->e.nx && !(c->s->flags & PW_NXE)))
        return 1;
    if (c->level == 0)
        return c->e.ps;
    return is_large(c) && raw % bytes_here(c) / 8192 != 0;
}

int
pw_walk(struct space *space, uint64_t va, uint32_t access,
        struct pw_result *result)
{
    if (space == NULL || result == NULL || !is_address(space, va))
        return PW_BAD_ARGUMENT;
    const uint32_t what = access & 3;
    if (access > 15 || what == 3 || (what == PW_EXECUTE && access & PW_STACK))
        return PW_BAD_ARGUMENT;
    struct mach_fault fault = {0, 0, 0};
    if (is_long(space) && !is_canonical(va)) {
        fault.vector = access & PW_STACK ? FAULT_SS : FAULT_GP;
        result->fault = fault;
        return PW_NOT_CANONICAL;
    }
    fault.vector = FAULT_PF;
    fault.address = va;
    fault.error_code = access & 1 ? PW_FAULT_W : 0;
    if (access & PW_USER)
        fault.error_code |= PW_FAULT_U;
    if (what == PW_EXECUTE && (space->flags & PW_NXE))
        fault.error_code |= PW_FAULT_I;

    struct cursor way[4];
    unsigned n = 0;
    int w = 1, u = 1, nx = 0;
    for (struct cursor c = start(space, va);; descend(&c)) {
        way[n++] = c;
        if (!c.e.p) {
            result->fault = fault;
            return PW_NOT_PRESENT;
        }
        if (has_reserved(&c)) {
            fault.error_code |= PW_FAULT_R | PW_FAULT_P;
            result->fault = fault;
            return PW_RESERVED;
        }
        w = w && c.e.w;
        u = u && c.e.u;
        nx = nx || c.e.nx;
        if (is_end(&c))
            break;
    }
    int allowed = u || !(access & PW_USER);
    if (what == PW_WRITE && !w)
        allowed = allowed && !(access & PW_USER) && !(space->flags & PW_WP);
    if (what == PW_EXECUTE && nx)
        allowed = 0;
    if (!allowed) {
        fault.error_code |= PW_FAULT_P;
        result->fault = fault;
        return PW_RIGHTS;
    }
    for (unsigned l = 0; l < n; l++) {
        const int dirties = what == PW_WRITE && l + 1 == n;
        if (way[l].e.a && (way[l].e.d || !dirties))
            continue;
        way[l].e = take_apart(way[l].e.raw | PW_A | (dirties ? PW_D : 0));
        write_at(space, way[l].at, way[l].e.raw);
    }
    const struct cursor *const leaf = &way[n - 1];
    const uint64_t page = bytes_here(leaf);
    result->pa = table_in(space, leaf->e.raw) / page * page + va % page;
    if (leaf->shift == 22)
        result->pa += (leaf->e.raw >> 13 & 0xFF) << 32;
    result->page_bytes = page;
    result->entry_pa = leaf->at;
    result->entry = leaf->e.raw;
    result->writable = (uint32_t)w;
    result->user = (uint32_t)u;
    result->no_execute = (uint32_t)nx;
    result->global = leaf->e.g;
    result->dirty = leaf->e.d;
    result->reads = n;
    return PW_OK;
}

int
pw_walk_segmented(struct seg_cpu *cpu, struct space *space, enum seg_reg reg,
                  uint32_t offset, uint32_t access, struct pw_result *result)
{
    if (cpu == NULL || space == NULL || result == NULL || access > 2 ||
        is_long(space))
        return PW_BAD_ARGUMENT;
    static const enum seg_access of[] = {SEG_READ, SEG_WRITE, SEG_EXECUTE};
    struct seg_result linear;
    const int status = seg_translate(cpu, reg, offset, 1, of[access], &linear);
    if (status == SEG_BAD_ARGUMENT)
        return PW_BAD_ARGUMENT;
    if (status == SEG_OK)
        return pw_walk(space, linear.linear,
                       access | (cpu->cpl == 3) * (uint32_t)PW_USER, result);
    result->fault = linear.fault;
    return PW_SEGMENT;
}
