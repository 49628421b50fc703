/*
 * denials.c - what is forbidden adds up: missing rights are kept in one
 * mask, so that every level only ever adds to it.
 *
 * A walk turns the access into a mask of bits that must not be forbidden.  The
 * operating system's half remembers its tables in a list: the newest first, so
 * that a pw_map that fails takes its tables off the head again.
 */
#include "pagewalk/pagewalk.h"

#include <errno.h>
#include <stdlib.h>

/* A table that this module has made, and the entry that leads to it. */
struct table {
    struct table *older;
    uint64_t pa;
    uint64_t frames;
    uint64_t led_by; /* physical address of that entry; of the root: 0        */
};

struct space {
    struct mach *mach;
    int wide;
    int levels;
    int pse, nxe, wp;
    const unsigned char
        *cut; /* lowest bit of the index of each level         */
    struct table *newest;
    uint64_t root;
};

static const unsigned char flat_cut[] = {12};
static const unsigned char two_cut[] = {22, 12};
static const unsigned char segment_cut[] = {24, 12};
static const unsigned char four_cut[] = {39, 30, 21, 12};

/* Bits of the index of a level. */
static int
index_bits(const struct space *s, int level)
{
    const int above = level > 0 ? s->cut[level - 1] : s->wide ? 48 : 32;
    return above - s->cut[level];
}

static uint64_t
entry_bytes(const struct space *s)
{
    return s->wide ? 8 : 4;
}

static uint64_t
page_size(const struct space *s, int level)
{
    return (uint64_t)1 << s->cut[level];
}

static uint64_t
where(const struct space *s, int level, uint64_t table, uint64_t va)
{
    uint64_t index = va >> s->cut[level];
    index &= ((uint64_t)1 << index_bits(s, level)) - 1;
    return table + index * entry_bytes(s);
}

static uint64_t
fetch(const struct space *s, uint64_t pa)
{
    return s->wide ? phys_read64(s->mach, pa) : phys_read32(s->mach, pa);
}

static void
place(const struct space *s, uint64_t pa, uint64_t value)
{
    s->wide ? phys_write64(s->mach, pa, value)
            : phys_write32(s->mach, pa, (uint32_t)value);
}

static uint64_t
target(const struct space *s, uint64_t entry)
{
    return entry & (s->wide ? ((uint64_t)1 << 40) - 4096 : 0xFFFFF000u);
}

static int
stops(const struct space *s, int level, uint64_t entry)
{
    if (level == s->levels - 1)
        return 1;
    if (!(entry & PW_PS))
        return 0;
    return s->wide ? level > 0 : s->pse;
}

/* ---- Tables ------------------------------------------------------------- */

static struct table *
make(struct space *s, int level, uint64_t led_by)
{
    const uint64_t bytes = entry_bytes(s) << index_bits(s, level);
    struct table *const t = malloc(sizeof *t);
    if (t == NULL)
        return NULL;
    t->frames = bytes > 4096 ? bytes >> 12 : 1;
    t->led_by = led_by;
    const uint64_t first = frame_alloc_run(s->mach, t->frames);
    if (first == FRAME_NONE) {
        free(t);
        return NULL;
    }
    for (uint64_t i = 0; i < t->frames; i++)
        phys_zero_frame(s->mach, first + i);
    t->pa = first << 12;
    t->older = s->newest;
    s->newest = t;
    return t;
}

/* Takes the table that *link points to out of the list. */
static void
unmake(struct space *s, struct table **link)
{
    struct table *const t = *link;
    *link = t->older;
    for (uint64_t i = 0; i < t->frames; i++)
        frame_free(s->mach, (t->pa >> 12) + i);
    free(t);
}

static void
unmake_at(struct space *s, uint64_t pa)
{
    struct table **link = &s->newest;
    while ((*link)->pa != pa)
        link = &(*link)->older;
    unmake(s, link);
}

struct space *
pw_create(struct mach *mach, enum pw_format format, uint32_t flags)
{
    static const struct {
        const unsigned char *cut;
        int levels;
        uint32_t flags;
    } kinds[4] = {{flat_cut, 1, PW_WP},
                  {two_cut, 2, PW_WP | PW_PSE},
                  {segment_cut, 2, PW_WP},
                  {four_cut, 4, PW_WP | PW_NXE}};
    if (!mach || format > 3 || (flags & kinds[format].flags) != flags) {
        errno = EINVAL;
        return NULL;
    }
    struct space *const s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->mach = mach;
    s->wide = format == PW_FOUR_LEVEL;
    s->levels = kinds[format].levels;
    s->cut = kinds[format].cut;
    s->wp = (flags & PW_WP) != 0;
    s->pse = (flags & PW_PSE) != 0;
    s->nxe = (flags & PW_NXE) != 0;
    if (!make(s, 0, 0)) {
        free(s);
        errno = ENOMEM;
        return NULL;
    }
    s->root = s->newest->pa;
    return s;
}

int
pw_destroy(struct space *s)
{
    if (!s)
        return PW_BAD_ARGUMENT;
    while (s->newest)
        unmake(s, &s->newest);
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
    uint64_t frames = 0;
    for (const struct table *t = s ? s->newest : NULL; t; t = t->older)
        frames += t->frames;
    return frames << 12;
}

/* ---- Addresses ---------------------------------------------------------- */

/* Whether bits 63..47 of an address of four levels differ. */
static int
is_odd(const struct space *s, uint64_t va)
{
    return s->wide && va + ((uint64_t)1 << 47) >= (uint64_t)1 << 48;
}

static int
is_out(const struct space *s, uint64_t va)
{
    return !s->wide && (va >> 32) != 0;
}

/* Whole pages of the range in bytes, or 0. */
static uint64_t
extent(const struct space *s, uint64_t va, uint64_t bytes)
{
    const uint64_t whole = ((bytes - 1) | 4095) + 1; /* 0 for 0 and too much */
    if (bytes == 0 || whole == 0 || (va & 4095) || is_odd(s, va) ||
        is_out(s, va))
        return 0;
    const uint64_t last = va + (whole - 1);
    if (last < va || is_odd(s, last) || is_out(s, last))
        return 0;
    return whole > (uint64_t)1 << 47 ? 0 : whole;
}

/* The entry that ends the way of `va`: a leaf, or an empty one.  Returns its
 * level. */
static int
seek(const struct space *s, uint64_t va, uint64_t *pa, uint64_t *entry)
{
    uint64_t table = s->root;
    int level = 0;
    for (;;) {
        *pa = where(s, level, table, va);
        *entry = fetch(s, *pa);
        if (*entry == 0 || stops(s, level, *entry))
            return level;
        table = target(s, *entry);
        level++;
    }
}

/* ---- Mapping ------------------------------------------------------------ */

static uint64_t
grants(const struct space *s)
{
    return PW_W | PW_U | (s->nxe ? PW_NX : 0);
}

static int
pick_level(const struct space *s, uint64_t rights)
{
    const int big = (rights & PW_PS) != 0, huge = (rights & PW_HUGE) != 0;
    if (!big && !huge)
        return s->levels - 1;
    if (big && huge)
        return -1;
    if (s->wide)
        return big ? 2 : 1;
    return big && s->pse ? 0 : -1;
}

static int
is_free(const struct space *s, uint64_t va, uint64_t size, int level)
{
    for (uint64_t at = 0; at < size; at += page_size(s, level)) {
        uint64_t pa, entry;
        const int l = seek(s, va + at, &pa, &entry);
        if (l > level || (entry != 0 && l < level))
            return PW_CONFLICT;
        if (entry != 0)
            return PW_EXISTS;
    }
    return PW_OK;
}

/* The address of the entry of `level` for `va`, with the tables above; 0 when a
 * table is missing.  (No entry lies at 0 that this could be mistaken for: *ok
 * says.) */
static uint64_t
reach(struct space *s, uint64_t va, int level, int *ok)
{
    uint64_t pa, entry;
    int l = seek(s, va, &pa, &entry);
    for (*ok = 1; l < level; l++) {
        const struct table *const t = make(s, l + 1, pa);
        if (!t) {
            *ok = 0;
            return 0;
        }
        place(s, pa, t->pa | PW_P | PW_W | PW_U);
        pa = where(s, l + 1, t->pa, va);
    }
    return pa;
}

int
pw_map(struct space *s, uint64_t va, uint64_t pa, uint64_t bytes,
       uint64_t rights)
{
    if (!s)
        return PW_BAD_ARGUMENT;
    const int level = pick_level(s, rights);
    const uint64_t plain = rights & ~(PW_PS | PW_HUGE);
    const uint64_t size = extent(s, va, bytes);
    if (level < 0 || size == 0 ||
        (plain & ~(grants(s) | PW_G | PW_COW | PW_SHARED)))
        return PW_BAD_ARGUMENT;
    const int large = level < s->levels - 1;
    const uint64_t page = page_size(s, level);
    if ((va | pa | (large ? bytes : 0)) & (page - 1))
        return PW_BAD_ARGUMENT;
    const int pa_bits = large || s->wide ? 40 : 32;
    if (pa >> pa_bits || ((pa + size - 1) >> pa_bits))
        return PW_BAD_ARGUMENT;
    const int status = is_free(s, va, size, level);
    if (status != PW_OK)
        return status;

    struct table *const before = s->newest;
    for (uint64_t at = 0; at < size; at += page) {
        int ok;
        const uint64_t entry_pa = reach(s, va + at, level, &ok);
        if (!ok) {
            /* Back: the leaves, then the tables, the newest first. */
            while (at > 0) {
                uint64_t leaf_pa, leaf;
                at -= page;
                seek(s, va + at, &leaf_pa, &leaf);
                place(s, leaf_pa, 0);
            }
            while (s->newest != before) {
                place(s, s->newest->led_by, 0);
                unmake(s, &s->newest);
            }
            return PW_NO_MEMORY;
        }
        uint64_t leaf = pa + at;
        if (large && !s->wide)
            leaf = (leaf & 0xFFFFFFFF) | leaf >> 32 << 13;
        place(s, entry_pa, leaf | plain | PW_P | (large ? PW_PS : 0));
    }
    return PW_OK;
}

/* ---- Changing ----------------------------------------------------------- */

static int
is_used(const struct space *s, uint64_t va, uint64_t size)
{
    uint64_t page;
    for (uint64_t at = 0; at < size; at += page) {
        uint64_t pa, entry;
        const int level = seek(s, va + at, &pa, &entry);
        page = page_size(s, level);
        if (entry == 0)
            return PW_NOT_MAPPED;
        if (((va + at) & (page - 1)) || size - at < page)
            return PW_CONFLICT;
    }
    return PW_OK;
}

/* Looks from the table of the leaf upwards for tables that are empty. */
static void
tidy(struct space *s, uint64_t va)
{
    uint64_t table[4] = {s->root}, led_by[4] = {0};
    int level = 0;
    for (;;) {
        const uint64_t pa = where(s, level, table[level], va);
        const uint64_t entry = fetch(s, pa);
        if (entry == 0 || stops(s, level, entry))
            break;
        level++;
        table[level] = target(s, entry);
        led_by[level] = pa;
    }
    for (; level > 0; level--) {
        const uint64_t bytes = entry_bytes(s) << index_bits(s, level);
        uint64_t at = bytes;
        while (at > 0 && phys_read64(s->mach, table[level] + at - 8) == 0)
            at -= 8;
        if (at != 0)
            return;
        unmake_at(s, table[level]);
        place(s, led_by[level], 0);
    }
}

int
pw_unmap(struct space *s, uint64_t va, uint64_t bytes)
{
    const uint64_t size = s ? extent(s, va, bytes) : 0;
    if (size == 0)
        return PW_BAD_ARGUMENT;
    const int status = is_used(s, va, size);
    for (uint64_t at = 0, page; status == PW_OK && at < size; at += page) {
        uint64_t pa, entry;
        page = page_size(s, seek(s, va + at, &pa, &entry));
        place(s, pa, 0);
        tidy(s, va + at);
    }
    return status;
}

int
pw_protect(struct space *s, uint64_t va, uint64_t bytes, uint64_t rights)
{
    const uint64_t size = s ? extent(s, va, bytes) : 0;
    if (size == 0 || (rights & ~grants(s)))
        return PW_BAD_ARGUMENT;
    const int status = is_used(s, va, size);
    for (uint64_t at = 0, page; status == PW_OK && at < size; at += page) {
        uint64_t pa, entry;
        page = page_size(s, seek(s, va + at, &pa, &entry));
        entry = (entry & ~grants(s)) | rights;
        if (entry & PW_COW)
            entry &= ~PW_W;
        place(s, pa, entry);
    }
    return status;
}

/* ---- Finding ------------------------------------------------------------ */

int
pw_entry(struct space *s, uint64_t va, struct pw_leaf *leaf)
{
    if (!s || !leaf || is_out(s, va))
        return PW_BAD_ARGUMENT;
    if (is_odd(s, va))
        return PW_NOT_CANONICAL;
    uint64_t pa, entry;
    const uint64_t page = page_size(s, seek(s, va, &pa, &entry));
    if (entry == 0)
        return PW_NOT_MAPPED;
    *leaf = (struct pw_leaf){va & -page, page, pa, entry};
    return PW_OK;
}

/* Keeps the tables on the way, and goes up when one is read to its end. */
int
pw_next(struct space *s, uint64_t va, struct pw_leaf *leaf)
{
    if (!s || !leaf || is_out(s, va))
        return PW_BAD_ARGUMENT;
    if (is_odd(s, va))
        va = -((uint64_t)1 << 47);
    uint64_t table[4] = {s->root};
    int level = 0;
    for (;;) {
        const uint64_t pa = where(s, level, table[level], va);
        const uint64_t entry = fetch(s, pa), page = page_size(s, level);
        if (entry != 0 && stops(s, level, entry)) {
            *leaf = (struct pw_leaf){va & -page, page, pa, entry};
            return PW_OK;
        }
        if (entry != 0) {
            table[++level] = target(s, entry);
            continue;
        }
        const uint64_t old = va;
        va = (va | (page - 1)) + 1;
        if (va == 0 || is_out(s, va))
            return PW_NOT_MAPPED;
        if (is_odd(s, va))
            va = -((uint64_t)1 << 47);
        while (level > 0 && (old ^ va) >> s->cut[level - 1] != 0)
            level--;
    }
}

/* ---- Walking ------------------------------------------------------------ */

static int
is_broken(const struct space *s, int level, uint64_t entry)
{
    const int large = level < s->levels - 1 && stops(s, level, entry);
    if (!s->wide)
        return large && (entry & 0x200000);
    if (entry & ((uint64_t)0xFFF << 40))
        return 1;
    if (!s->nxe && (entry & PW_NX))
        return 1;
    if (level == 0 && (entry & PW_PS))
        return 1;
    return large && (entry & (page_size(s, level) - 1)) >> 13 != 0;
}

int
pw_walk(struct space *s, uint64_t va, uint32_t access, struct pw_result *r)
{
    const int write = (access & PW_WRITE) != 0, user = (access & PW_USER) != 0;
    const int code = (access & PW_EXECUTE) != 0,
              stack = (access & PW_STACK) != 0;
    if (!s || !r || access >= 16 || (write && code) || (code && stack) ||
        is_out(s, va))
        return PW_BAD_ARGUMENT;
    if (is_odd(s, va)) {
        r->fault.vector = stack ? FAULT_SS : FAULT_GP;
        r->fault.error_code = 0;
        r->fault.address = 0;
        return PW_NOT_CANONICAL;
    }

    /* Bits that must not be denied. */
    uint64_t needed = 0;
    if (user)
        needed |= PW_U;
    if (write && (user || s->wp))
        needed |= PW_W;
    if (code)
        needed |= PW_NX;

    uint64_t pas[4], entries[4], denied = 0, table = s->root;
    int level = 0, status = PW_OK;
    for (;; level++) {
        pas[level] = where(s, level, table, va);
        const uint64_t entry = entries[level] = fetch(s, pas[level]);
        if (!(entry & PW_P))
            status = PW_NOT_PRESENT;
        else if (is_broken(s, level, entry))
            status = PW_RESERVED;
        denied |= (~entry & (PW_W | PW_U)) | (entry & PW_NX);
        if (status != PW_OK || stops(s, level, entry))
            break;
        table = target(s, entry);
    }
    if (status == PW_OK && (denied & needed))
        status = PW_RIGHTS;
    if (status != PW_OK) {
        r->fault.vector = FAULT_PF;
        r->fault.error_code =
            (uint32_t)((status != PW_NOT_PRESENT) | write << 1 | user << 2 |
                       (status == PW_RESERVED) << 3 | (code && s->nxe) << 4);
        r->fault.address = va;
        return status;
    }
    for (int l = level; l >= 0; l--) {
        const uint64_t marked =
            entries[l] | PW_A | (write && l == level ? PW_D : 0);
        if (marked != entries[l])
            place(s, pas[l], marked);
        entries[l] = marked;
    }
    const uint64_t page = page_size(s, level), leaf = entries[level];
    r->pa = (target(s, leaf) & -page) | (va & (page - 1));
    if (!s->wide && page != 4096)
        r->pa |= (leaf & 0x1FE000) << 19;
    r->page_bytes = page;
    r->entry_pa = pas[level];
    r->entry = leaf;
    r->writable = !(denied & PW_W);
    r->user = !(denied & PW_U);
    r->no_execute = (denied & PW_NX) != 0;
    r->global = (leaf & PW_G) != 0;
    r->dirty = (leaf & PW_D) != 0;
    r->reads = (uint32_t)level + 1;
    return PW_OK;
}

int
pw_walk_segmented(struct seg_cpu *cpu, struct space *s, enum seg_reg reg,
                  uint32_t offset, uint32_t access, struct pw_result *r)
{
    if (!cpu || !s || !r || s->wide || access > 2 || reg >= SEG_REG_COUNT)
        return PW_BAD_ARGUMENT;
    struct seg_result t;
    const int status =
        seg_translate(cpu, reg, offset, 1, (enum seg_access)access, &t);
    if (status != SEG_OK) {
        r->fault = t.fault;
        return PW_SEGMENT;
    }
    if (cpu->cpl > 2)
        access += PW_USER;
    return pw_walk(s, t.linear, access, r);
}
