/*
 * pagewalk.c - paging: the reference.
 *
 * How it works
 *
 * A format is data: how an address is cut, how long an entry is, at which
 * levels a leaf may stand.  Everything else is written once for all formats.
 *
 *   pw_walk              the processor: reads entry by entry, keeps the way in
 *                        a trail, judges at the end, marks A and D at last
 *   look_up              the operating system: where is the leaf of this page,
 *                        or at which level does the way to it end?
 *   check_map,           may all of the range be changed?  Asked for the whole
 *   check_range          range first, so that a refusal has nothing to undo
 *   prune                gives back the tables on a trail that have become
 *                        empty, from the lowest up
 *
 * The only failure that comes after a change is a frame that is not to be had.
 * pw_map then unmaps what it has mapped: an entry that it filled was empty
 * before, so emptying it, and pruning, is exactly the way back.
 */
#include "pagewalk/pagewalk.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* ---- Formats ------------------------------------------------------------ */

enum { LEVELS = 4 };

struct format {
    unsigned levels;
    unsigned entry_bytes;
    unsigned shift[LEVELS]; /* lowest bit of the index of each level          */
    unsigned bits[LEVELS];  /* how many bits it has                           */
    uint64_t address;       /* the address bits of an entry                   */
    uint32_t flags;         /* settings that the format has                   */
};

static const struct format formats[] = {
    [PW_FLAT] = {1, 4, {12}, {20}, 0xFFFFF000, PW_WP},
    [PW_TWO_LEVEL] = {2, 4, {22, 12}, {10, 10}, 0xFFFFF000, PW_WP | PW_PSE},
    [PW_SEGMENTED] = {2, 4, {24, 12}, {8, 12}, 0xFFFFF000, PW_WP},
    [PW_FOUR_LEVEL] = {4,
                       8,
                       {39, 30, 21, 12},
                       {9, 9, 9, 9},
                       UINT64_C(0xFFFFFFF000),
                       PW_WP | PW_NXE},
};

struct space {
    struct mach *mach;
    const struct format *format;
    uint32_t flags;
    uint64_t root;        /* physical address                                 */
    uint64_t table_bytes; /* of all tables                                    */
};

static bool
is_64_bit(const struct space *s)
{
    return s->format->entry_bytes == 8;
}

/* Bytes of virtual memory that one entry of a level stands for. */
static uint64_t
span(const struct space *s, unsigned level)
{
    return UINT64_C(1) << s->format->shift[level];
}

static unsigned
last_level(const struct space *s)
{
    return s->format->levels - 1;
}

/* Whether an entry of that level with PS is a leaf. */
static bool
may_be_large(const struct space *s, unsigned level)
{
    if (is_64_bit(s))
        return level == 1 || level == 2;
    return (s->flags & PW_PSE) != 0 && level == 0;
}

/* Whether `entry`, which is not empty, leads to no further table. */
static bool
is_leaf(const struct space *s, unsigned level, uint64_t entry)
{
    return level == last_level(s) ||
           ((entry & PW_PS) != 0 && may_be_large(s, level));
}

/* The bits in which the address of a page of that level stands below 4 GiB. */
static uint64_t
page_mask(const struct space *s, unsigned level)
{
    return s->format->address & ~(span(s, level) - 1);
}

/* A 4 MiB page lies below 2^40, though its entry has 32 bits: bits 20..13 are
 * bits 39..32 of the address (PSE-36). */
static bool
is_folded(const struct space *s, unsigned level)
{
    return !is_64_bit(s) && level != last_level(s);
}

static uint64_t
page_address(const struct space *s, unsigned level, uint64_t leaf)
{
    const uint64_t high = is_folded(s, level) ? (leaf >> 13 & 0xFF) << 32 : 0;
    return (leaf & page_mask(s, level)) | high;
}

/* The other way round. */
static uint64_t
address_bits(const struct space *s, unsigned level, uint64_t pa)
{
    if (!is_folded(s, level))
        return pa;
    return (pa & page_mask(s, level)) | (pa >> 32) << 13;
}

/* ---- Entries in memory -------------------------------------------------- */

static uint64_t
read_entry(const struct space *s, uint64_t pa)
{
    return is_64_bit(s) ? phys_read64(s->mach, pa) : phys_read32(s->mach, pa);
}

static void
write_entry(const struct space *s, uint64_t pa, uint64_t entry)
{
    if (is_64_bit(s))
        phys_write64(s->mach, pa, entry);
    else
        phys_write32(s->mach, pa, (uint32_t)entry);
}

static uint64_t
entry_address(const struct space *s, unsigned level, uint64_t table,
              uint64_t va)
{
    const uint64_t index = va >> s->format->shift[level] &
                           ((UINT64_C(1) << s->format->bits[level]) - 1);
    return table + index * s->format->entry_bytes;
}

/* ---- Tables ------------------------------------------------------------- */

/* Bytes of the entries of a table of that level. */
static uint64_t
used_bytes(const struct space *s, unsigned level)
{
    return (uint64_t)s->format->entry_bytes << s->format->bits[level];
}

static uint64_t
table_frames(const struct space *s, unsigned level)
{
    return (used_bytes(s, level) + MACH_FRAME_BYTES - 1) / MACH_FRAME_BYTES;
}

/* A table of empty entries; FRAME_NONE when there is no frame. */
static uint64_t
make_table(struct space *s, unsigned level)
{
    const uint64_t frames = table_frames(s, level);
    const uint64_t first =
        frames == 1 ? frame_alloc(s->mach) : frame_alloc_run(s->mach, frames);
    if (first == FRAME_NONE)
        return FRAME_NONE;
    for (uint64_t i = 0; i < frames; i++)
        phys_zero_frame(s->mach, first + i);
    s->table_bytes += frames * MACH_FRAME_BYTES;
    return first << MACH_FRAME_SHIFT;
}

static void
free_table(struct space *s, unsigned level, uint64_t table)
{
    const uint64_t frames = table_frames(s, level);
    for (uint64_t i = 0; i < frames; i++)
        frame_free(s->mach, (table >> MACH_FRAME_SHIFT) + i);
    s->table_bytes -= frames * MACH_FRAME_BYTES;
}

/* Looks at eight bytes at a time, whatever the size of an entry. */
static bool
is_empty_table(const struct space *s, unsigned level, uint64_t table)
{
    for (uint64_t at = 0; at < used_bytes(s, level); at += 8)
        if (phys_read64(s->mach, table + at) != 0)
            return false;
    return true;
}

/* ---- The way to a leaf -------------------------------------------------- */

/* The entries on the way to a page.  `level` is that of the last one read: the
 * leaf, or an empty entry. */
struct trail {
    unsigned level;
    uint64_t table[LEVELS];
    uint64_t pa[LEVELS];
    uint64_t entry[LEVELS];
};

/* Reads the entry of level t->level, whose table is known. */
static uint64_t
look_at(const struct space *s, struct trail *t, uint64_t va)
{
    const unsigned l = t->level;
    t->pa[l] = entry_address(s, l, t->table[l], va);
    t->entry[l] = read_entry(s, t->pa[l]);
    return t->entry[l];
}

/* Goes one level down. */
static void
follow(const struct space *s, struct trail *t)
{
    t->table[t->level + 1] = t->entry[t->level] & s->format->address;
    t->level++;
}

static void
look_up(const struct space *s, uint64_t va, struct trail *t)
{
    t->level = 0;
    t->table[0] = s->root;
    while (look_at(s, t, va) != 0 && !is_leaf(s, t->level, t->entry[t->level]))
        follow(s, t);
}

static bool
is_found(const struct trail *t)
{
    return t->entry[t->level] != 0;
}

/* Gives back the tables on the trail that are empty, from level `lowest` up. */
static void
prune(struct space *s, const struct trail *t, unsigned lowest)
{
    for (unsigned l = lowest; l > 0 && is_empty_table(s, l, t->table[l]); l--) {
        free_table(s, l, t->table[l]);
        write_entry(s, t->pa[l - 1], 0);
    }
}

/* ---- Addresses and ranges ----------------------------------------------- */

static bool
is_canonical(uint64_t va)
{
    const uint64_t top = va >> 47;
    return top == 0 || top == 0x1FFFF;
}

/* Whether an address of the space can have this value at all. */
static bool
is_address(const struct space *s, uint64_t va)
{
    return is_64_bit(s) || va <= UINT32_MAX;
}

/* Rounds up to whole pages; 0 when `bytes` is 0 or the result has no room. */
static uint64_t
whole_pages(uint64_t bytes)
{
    return (bytes + PW_PAGE_BYTES - 1) & ~(uint64_t)(PW_PAGE_BYTES - 1);
}

/* Whether `bytes` (> 0) bytes from `first` on lie below `limit`. */
static bool
is_below(uint64_t first, uint64_t bytes, uint64_t limit)
{
    return bytes <= limit && first <= limit - bytes;
}

/* Whether a range of whole pages is one of addresses of the space. */
static bool
is_range(const struct space *s, uint64_t va, uint64_t bytes)
{
    if (va % PW_PAGE_BYTES != 0 || bytes == 0)
        return false;
    if (!is_64_bit(s))
        return is_below(va, bytes, UINT64_C(1) << 32);
    /* Within its half, so that the upper half begins at 0, too. */
    return is_canonical(va) &&
           is_below(va & ((UINT64_C(1) << 47) - 1), bytes, UINT64_C(1) << 47);
}

/* ---- Making and destroying ---------------------------------------------- */

struct space *
pw_create(struct mach *mach, enum pw_format format, uint32_t flags)
{
    if (mach == NULL || format > PW_FOUR_LEVEL ||
        (flags & ~formats[format].flags) != 0) {
        errno = EINVAL;
        return NULL;
    }
    struct space *s = malloc(sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct space){
        .mach = mach, .format = &formats[format], .flags = flags};
    s->root = make_table(s, 0);
    if (s->root == FRAME_NONE) {
        free(s);
        errno = ENOMEM;
        return NULL;
    }
    return s;
}

static void
free_tree(struct space *s, unsigned level, uint64_t table)
{
    if (level != last_level(s)) {
        for (uint64_t at = 0; at < used_bytes(s, level);
             at += s->format->entry_bytes) {
            const uint64_t entry = read_entry(s, table + at);
            if (entry != 0 && !is_leaf(s, level, entry))
                free_tree(s, level + 1, entry & s->format->address);
        }
    }
    free_table(s, level, table);
}

int
pw_destroy(struct space *space)
{
    if (space == NULL)
        return PW_BAD_ARGUMENT;
    free_tree(space, 0, space->root);
    free(space);
    return PW_OK;
}

uint64_t
pw_root(struct space *space)
{
    return space == NULL ? 0 : space->root;
}

uint64_t
pw_table_bytes(struct space *space)
{
    return space == NULL ? 0 : space->table_bytes;
}

/* ---- Mapping ------------------------------------------------------------ */

/* The rights that a leaf of the space can hold, apart from the software's. */
static uint64_t
access_rights(const struct space *s)
{
    return PW_W | PW_U | (s->flags & PW_NXE ? PW_NX : 0);
}

/* The level at which `rights` asks for pages; LEVELS when there are none. */
static unsigned
level_of_pages(const struct space *s, uint64_t rights)
{
    switch (rights & (PW_PS | PW_HUGE)) {
    case 0:
        return last_level(s);
    case PW_PS:
        if (is_64_bit(s))
            return 2;
        return s->flags & PW_PSE ? 0 : LEVELS;
    case PW_HUGE:
        return is_64_bit(s) ? 1 : LEVELS;
    default:
        return LEVELS;
    }
}

/* Whether every page of the range can be mapped at `level`.  All that an empty
 * entry stands for is passed over at once. */
static int
check_map(const struct space *s, uint64_t va, uint64_t bytes, unsigned level)
{
    uint64_t step;
    for (uint64_t done = 0; done < bytes; done += step) {
        struct trail t;
        look_up(s, va + done, &t);
        if (t.level > level)
            return PW_CONFLICT;
        if (is_found(&t))
            return t.level == level ? PW_EXISTS : PW_CONFLICT;
        step = span(s, t.level) - (va + done) % span(s, t.level);
    }
    return PW_OK;
}

/* Fills the leaf of one page, with the tables above it. */
static int
map_page(struct space *s, uint64_t va, unsigned level, uint64_t leaf)
{
    struct trail t;
    look_up(s, va, &t);
    while (t.level < level) {
        const uint64_t table = make_table(s, t.level + 1);
        if (table == FRAME_NONE) {
            prune(s, &t, t.level);
            return PW_NO_MEMORY;
        }
        t.entry[t.level] = table | PW_U | PW_W | PW_P;
        write_entry(s, t.pa[t.level], t.entry[t.level]);
        follow(s, &t);
        t.pa[t.level] = entry_address(s, t.level, t.table[t.level], va);
    }
    write_entry(s, t.pa[level], leaf);
    return PW_OK;
}

/* Empties leaves that are in use and lie in the range all. */
static void
unmap_pages(struct space *s, uint64_t va, uint64_t bytes)
{
    struct trail t;
    uint64_t page_bytes;
    for (uint64_t done = 0; done < bytes; done += page_bytes) {
        look_up(s, va + done, &t);
        page_bytes = span(s, t.level);
        write_entry(s, t.pa[t.level], 0);
        /* A table is looked through once, when the range leaves it. */
        const uint64_t end = va + done + page_bytes;
        if (done + page_bytes >= bytes ||
            (t.level > 0 && end % span(s, t.level - 1) == 0))
            prune(s, &t, t.level);
    }
}

int
pw_map(struct space *space, uint64_t va, uint64_t pa, uint64_t bytes,
       uint64_t rights)
{
    if (space == NULL)
        return PW_BAD_ARGUMENT;
    const unsigned level = level_of_pages(space, rights);
    const uint64_t allowed =
        access_rights(space) | PW_G | PW_COW | PW_SHARED | PW_PS | PW_HUGE;
    if (level == LEVELS || (rights & ~allowed) != 0)
        return PW_BAD_ARGUMENT;
    const uint64_t page_bytes = span(space, level);
    const uint64_t size =
        level == last_level(space) ? whole_pages(bytes) : bytes;
    const bool wide = is_64_bit(space) || is_folded(space, level);
    if (!is_range(space, va, size) ||
        !is_below(pa, size, UINT64_C(1) << (wide ? PW_PA_BITS : 32)) ||
        (va | pa | size) % page_bytes != 0)
        return PW_BAD_ARGUMENT;

    int status = check_map(space, va, size, level);
    const uint64_t bits = (rights & ~(PW_PS | PW_HUGE)) | PW_P |
                          (level == last_level(space) ? 0 : PW_PS);
    for (uint64_t done = 0; done < size && status == PW_OK;
         done += page_bytes) {
        status = map_page(space, va + done, level,
                          address_bits(space, level, pa + done) | bits);
        if (status != PW_OK)
            unmap_pages(space, va, done);
    }
    return status;
}

/* ---- Finding ------------------------------------------------------------ */

static void
fill_leaf(const struct space *s, const struct trail *t, uint64_t va,
          struct pw_leaf *leaf)
{
    *leaf = (struct pw_leaf){
        .va = va & ~(span(s, t->level) - 1),
        .page_bytes = span(s, t->level),
        .entry_pa = t->pa[t->level],
        .entry = t->entry[t->level],
    };
}

int
pw_entry(struct space *space, uint64_t va, struct pw_leaf *leaf)
{
    if (space == NULL || leaf == NULL || !is_address(space, va))
        return PW_BAD_ARGUMENT;
    if (is_64_bit(space) && !is_canonical(va))
        return PW_NOT_CANONICAL;
    struct trail t;
    look_up(space, va, &t);
    if (!is_found(&t))
        return PW_NOT_MAPPED;
    fill_leaf(space, &t, va, leaf);
    return PW_OK;
}

int
pw_next(struct space *space, uint64_t va, struct pw_leaf *leaf)
{
    if (space == NULL || leaf == NULL || !is_address(space, va))
        return PW_BAD_ARGUMENT;
    const uint64_t upper_half = ~UINT64_C(0) << 47;
    const uint64_t top = is_64_bit(space) ? UINT64_MAX : UINT32_MAX;
    for (;;) {
        struct trail t;
        if (is_64_bit(space) && !is_canonical(va))
            va = upper_half;
        look_up(space, va, &t);
        if (is_found(&t)) {
            fill_leaf(space, &t, va, leaf);
            return PW_OK;
        }
        /* All that the empty entry stands for is passed over. */
        va |= span(space, t.level) - 1;
        if (va == top)
            return PW_NOT_MAPPED;
        va++;
    }
}

/* ---- Changing ----------------------------------------------------------- */

/* Whether every page of the range is in use and lies in it all. */
static int
check_range(const struct space *s, uint64_t va, uint64_t bytes)
{
    uint64_t page_bytes;
    for (uint64_t done = 0; done < bytes; done += page_bytes) {
        struct trail t;
        look_up(s, va + done, &t);
        if (!is_found(&t))
            return PW_NOT_MAPPED;
        page_bytes = span(s, t.level);
        if ((va + done) % page_bytes != 0 || bytes - done < page_bytes)
            return PW_CONFLICT;
    }
    return PW_OK;
}

int
pw_unmap(struct space *space, uint64_t va, uint64_t bytes)
{
    const uint64_t size = whole_pages(bytes);
    if (space == NULL || !is_range(space, va, size))
        return PW_BAD_ARGUMENT;
    const int status = check_range(space, va, size);
    if (status == PW_OK)
        unmap_pages(space, va, size);
    return status;
}

int
pw_protect(struct space *space, uint64_t va, uint64_t bytes, uint64_t rights)
{
    const uint64_t size = whole_pages(bytes);
    if (space == NULL || !is_range(space, va, size) ||
        (rights & ~access_rights(space)) != 0)
        return PW_BAD_ARGUMENT;
    const int status = check_range(space, va, size);
    uint64_t page_bytes;
    for (uint64_t done = 0; done < size && status == PW_OK;
         done += page_bytes) {
        struct trail t;
        look_up(space, va + done, &t);
        page_bytes = span(space, t.level);
        const uint64_t old = t.entry[t.level];
        const uint64_t given = old & PW_COW ? rights & ~PW_W : rights;
        write_entry(space, t.pa[t.level],
                    (old & ~access_rights(space)) | given);
    }
    return status;
}

/* ---- Walking ------------------------------------------------------------ */

/* The reserved bits of an entry that is present. */
static uint64_t
reserved_bits(const struct space *s, unsigned level, uint64_t entry)
{
    const bool large = level != last_level(s) && is_leaf(s, level, entry);
    if (!is_64_bit(s))
        return large ? UINT64_C(1) << 21 : 0;
    uint64_t bits = UINT64_C(0xFFF) << PW_PA_BITS;
    if ((s->flags & PW_NXE) == 0)
        bits |= PW_NX;
    if (level == 0)
        bits |= PW_PS;
    if (large) /* below the page's address, but for bit 12 */
        bits |= (span(s, level) - 1) & ~UINT64_C(0x1FFF);
    return bits;
}

/* What all entries of a way together say. */
struct sum {
    uint64_t all; /* bits that are set in all of them                         */
    uint64_t any; /* bits that are set in one at least                        */
};

/* Follows `va` down to its leaf. */
static int
descend(const struct space *s, uint64_t va, struct trail *t, struct sum *sum)
{
    t->level = 0;
    t->table[0] = s->root;
    *sum = (struct sum){.all = UINT64_MAX, .any = 0};
    for (;;) {
        const uint64_t entry = look_at(s, t, va);
        if ((entry & PW_P) == 0)
            return PW_NOT_PRESENT;
        if ((entry & reserved_bits(s, t->level, entry)) != 0)
            return PW_RESERVED;
        sum->all &= entry;
        sum->any |= entry;
        if (is_leaf(s, t->level, entry))
            return PW_OK;
        follow(s, t);
    }
}

static bool
is_allowed(const struct space *s, uint32_t access, const struct sum *sum)
{
    if ((access & PW_USER) != 0 && (sum->all & PW_U) == 0)
        return false;
    if ((access & PW_WRITE) != 0 && (sum->all & PW_W) == 0)
        return (access & PW_USER) == 0 && (s->flags & PW_WP) == 0;
    return (access & PW_EXECUTE) == 0 || (sum->any & PW_NX) == 0;
}

static uint32_t
error_code(const struct space *s, int status, uint32_t access)
{
    uint32_t code = status == PW_NOT_PRESENT ? 0 : PW_FAULT_P;
    if ((access & PW_WRITE) != 0)
        code |= PW_FAULT_W;
    if ((access & PW_USER) != 0)
        code |= PW_FAULT_U;
    if (status == PW_RESERVED)
        code |= PW_FAULT_R;
    if ((access & PW_EXECUTE) != 0 && (s->flags & PW_NXE) != 0)
        code |= PW_FAULT_I;
    return code;
}

/* Sets A on the way, and D in the leaf by a write. */
static void
mark(const struct space *s, struct trail *t, uint32_t access)
{
    for (unsigned l = 0; l <= t->level; l++) {
        uint64_t marks = PW_A;
        if (l == t->level && (access & PW_WRITE) != 0)
            marks |= PW_D;
        if ((t->entry[l] & marks) == marks)
            continue;
        t->entry[l] |= marks;
        write_entry(s, t->pa[l], t->entry[l]);
    }
}

static bool
is_access(uint32_t access)
{
    const uint32_t known = PW_WRITE | PW_EXECUTE | PW_USER | PW_STACK;
    if ((access & ~known) != 0)
        return false;
    return (access & PW_EXECUTE) == 0 || (access & (PW_WRITE | PW_STACK)) == 0;
}

int
pw_walk(struct space *space, uint64_t va, uint32_t access,
        struct pw_result *result)
{
    if (space == NULL || result == NULL || !is_access(access) ||
        !is_address(space, va))
        return PW_BAD_ARGUMENT;
    if (is_64_bit(space) && !is_canonical(va)) {
        result->fault = (struct mach_fault){
            .vector = access & PW_STACK ? FAULT_SS : FAULT_GP};
        return PW_NOT_CANONICAL;
    }
    struct trail t;
    struct sum sum;
    int status = descend(space, va, &t, &sum);
    if (status == PW_OK && !is_allowed(space, access, &sum))
        status = PW_RIGHTS;
    if (status != PW_OK) {
        result->fault = (struct mach_fault){
            .vector = FAULT_PF,
            .error_code = error_code(space, status, access),
            .address = va,
        };
        return status;
    }
    mark(space, &t, access);
    const uint64_t leaf = t.entry[t.level];
    const uint64_t offset = va & (span(space, t.level) - 1);
    result->pa = page_address(space, t.level, leaf) | offset;
    result->page_bytes = span(space, t.level);
    result->entry_pa = t.pa[t.level];
    result->entry = leaf;
    result->writable = (sum.all & PW_W) != 0;
    result->user = (sum.all & PW_U) != 0;
    result->no_execute = (sum.any & PW_NX) != 0;
    result->global = (leaf & PW_G) != 0;
    result->dirty = (leaf & PW_D) != 0;
    result->reads = t.level + 1;
    return PW_OK;
}

int
pw_walk_segmented(struct seg_cpu *cpu, struct space *space, enum seg_reg reg,
                  uint32_t offset, uint32_t access, struct pw_result *result)
{
    static const enum seg_access kinds[] = {[PW_READ] = SEG_READ,
                                            [PW_WRITE] = SEG_WRITE,
                                            [PW_EXECUTE] = SEG_EXECUTE};
    if (cpu == NULL || space == NULL || result == NULL || access > PW_EXECUTE ||
        is_64_bit(space))
        return PW_BAD_ARGUMENT;
    struct seg_result found;
    const int status =
        seg_translate(cpu, reg, offset, 1, kinds[access], &found);
    if (status == SEG_BAD_ARGUMENT)
        return PW_BAD_ARGUMENT;
    if (status != SEG_OK) {
        result->fault = found.fault;
        return PW_SEGMENT;
    }
    return pw_walk(space, found.linear,
                   access | (cpu->cpl == 3 ? (uint32_t)PW_USER : 0), result);
}
