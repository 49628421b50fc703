/* walk_case.c - makes random page walks.  Nothing here knows what becomes of
 * them: rights, reserved bits and absence are dealt out by chance. */
#include "walk_case.h"

#include "random.h"
#include "report.h"

/* Above 4 GiB, so that bits 39 to 32 of an address are worth something; the
 * script `run` plugs memory in there. */
static const uint64_t modules[] = {
    UINT64_C(0x0240000000),
    UINT64_C(0x5555400000),
    UINT64_C(0xAAAA800000),
};

uint64_t
walk_frame(unsigned n)
{
    if (n < WALK_LOW_FRAMES)
        return UINT64_C(0x800000) + (uint64_t)n * 0x35000;
    n -= WALK_LOW_FRAMES;
    return modules[n / 8] + (uint64_t)(n % 8) * 0x6F000;
}

static int
is_long(const struct walk_case *c)
{
    return c->format == PW_FOUR_LEVEL;
}

/* Lowest address bit that the index of a level takes. */
static unsigned
shift(const struct walk_case *c, unsigned level)
{
    return is_long(c) ? 39 - 9 * level : 22 - 10 * level;
}

static uint32_t
index_of(const struct walk_case *c, unsigned level)
{
    return (uint32_t)(c->va >> shift(c, level)) & (is_long(c) ? 511 : 1023);
}

static uint32_t
choose_settings(struct random *r, enum pw_format format)
{
    const uint32_t wp = random_once_in(r, 2) ? PW_WP : 0;
    if (format == PW_TWO_LEVEL)
        return wp | (random_once_in(r, 4) ? 0 : PW_PSE);
    return wp | (random_once_in(r, 4) ? 0 : PW_NXE);
}

static uint32_t
choose_access(struct random *r, enum pw_format format)
{
    const uint32_t access = random_below(r, 3) | (random_below(r, 2) * PW_USER);
    if (format == PW_FOUR_LEVEL && (access & PW_EXECUTE) == 0 &&
        random_once_in(r, 4))
        return access | PW_STACK;
    return access;
}

/* The level at which the case means to have its leaf. */
static unsigned
choose_leaf(struct random *r, const struct walk_case *c)
{
    if (!is_long(c))
        return (c->flags & PW_PSE) != 0 && random_once_in(r, 2) ? 0 : 1;
    return random_once_in(r, 2) ? 3 : 1 + random_below(r, 2);
}

/* An address whose offset, in a page of the leaf's size, is that of `target`,
 * and whose last bits choose the part of a block that the access wants. */
static uint64_t
choose_address(struct random *r, const struct walk_case *c, unsigned leaf,
               uint64_t target)
{
    const uint64_t page = UINT64_C(1) << shift(c, leaf);
    uint64_t va = (random_bits(r) & ~(page - 1)) | (target & (page - 1));
    va = (va & ~UINT64_C(0xFFF)) | random_below(r, 256) * WALK_BLOCK;
    if ((c->access & PW_WRITE) != 0)
        va |= WALK_BLOCK_WRITE;
    else if ((c->access & PW_EXECUTE) == 0)
        va |= WALK_BLOCK_READ;
    /* Not through entry 0 of the root, which is the kernel's. */
    if ((va >> shift(c, 0) & (is_long(c) ? 511 : 1023)) == 0)
        va |= UINT64_C(1) << (shift(c, 0) + random_below(r, 9));
    if (!is_long(c))
        return (uint32_t)va;
    const uint64_t upper = ~UINT64_C(0) << 48;
    va = va & UINT64_C(1) << 47 ? va | upper : va & ~upper;
    if (!random_once_in(r, 16))
        return va;
    /* Not canonical: by one bit, or by all that could be. */
    return va ^
           (random_once_in(r, 2) ? upper
                                 : UINT64_C(1) << (48 + random_below(r, 16)));
}

/* A table for level `level` in which the entry that the address selects is not
 * taken by a level above.  Levels may share a table, the root, too. */
static uint64_t
choose_table(struct random *r, const struct walk_case *c, unsigned level)
{
    const uint64_t offset = index_of(c, level) * (is_long(c) ? 8u : 4u);
    for (;;) {
        const uint32_t n = random_below(r, WALK_TABLES);
        const uint64_t table = WALK_TABLES_PA + (uint64_t)n * PW_PAGE_BYTES;
        int taken = n == 0 && offset == 0;
        for (unsigned l = 0; l < level; l++)
            taken |= c->way[l].pa == table + offset;
        if (!taken)
            return table;
    }
}

/* All bits of an entry but the address: what the processor looks at, what it
 * marks, and what it shall leave alone. */
static uint64_t
choose_bits(struct random *r, const struct walk_case *c)
{
    uint64_t bits = random_bits(r) & (PW_A | PW_D | PW_G | PW_COW | PW_SHARED |
                                      PW_SWAPPED | 0x18);
    if (!random_once_in(r, 32))
        bits |= PW_P;
    if (!random_once_in(r, 6))
        bits |= PW_W;
    if (!random_once_in(r, 6))
        bits |= PW_U;
    if (is_long(c)) {
        bits |= random_bits(r) & UINT64_C(0x7FF) << 52;
        if (random_once_in(r, c->flags & PW_NXE ? 12 : 48))
            bits |= PW_NX;
    }
    return bits;
}

/* The address bits and PS of a leaf that reaches `target`. */
static uint64_t
leaf_address(struct random *r, const struct walk_case *c, unsigned level,
             uint64_t target)
{
    const int last = level == c->levels - 1;
    const uint64_t base = target & ~((UINT64_C(1) << shift(c, level)) - 1);
    if (last) /* PS is one of the bits of the memory type there */
        return base | (random_once_in(r, 2) ? PW_PS : 0);
    const uint64_t type = random_once_in(r, 2) ? 1u << 12 : 0;
    if (is_long(c))
        return base | PW_PS | type;
    return (uint32_t)base | (base >> 32) << 13 | PW_PS | type;
}

/* One or several bits that are reserved in some entries; in others they are
 * part of an address, which then may lead anywhere, so those are left out. */
static uint64_t
choose_reserved(struct random *r, const struct walk_case *c, unsigned level,
                unsigned leaf)
{
    const int large = level == leaf && level != c->levels - 1;
    if (!is_long(c))
        return large ? 1u << 21 : 0;
    uint64_t bits = UINT64_C(1) << (40 + random_below(r, 12));
    if (large && random_once_in(r, 2))
        bits = UINT64_C(1) << (13 + random_below(r, shift(c, level) - 13));
    if (level == 0 && random_once_in(r, 2))
        bits = PW_PS;
    return random_once_in(r, 4) ? bits | PW_NX : bits;
}

void
walk_generate(struct walk_case *c, enum pw_format format, uint64_t seed,
              uint32_t number)
{
    const int is_four = format == PW_FOUR_LEVEL;
    struct random r = random_for(
        seed, is_four ? KIND_WALKS_FOUR_LEVEL : KIND_WALKS_TWO_LEVEL, number);
    *c = (struct walk_case){.format = format, .levels = is_four ? 4 : 2};
    c->flags = choose_settings(&r, format);
    c->access = choose_access(&r, format);

    const unsigned leaf = choose_leaf(&r, c);
    /* In four bytes an entry of 4 KiB pages has no room for more address. */
    const int high = is_four || leaf == 0;
    const uint64_t target =
        walk_frame(random_below(&r, high ? WALK_FRAMES : WALK_LOW_FRAMES));
    c->va = choose_address(&r, c, leaf, target);

    uint64_t table = WALK_TABLES_PA;
    for (unsigned l = 0; l < c->levels; l++) {
        struct walk_entry *e = &c->way[l];
        e->pa = table + index_of(c, l) * (is_four ? 8u : 4u);
        e->entry = choose_bits(&r, c);
        if (l > leaf) /* never reached: no entry at all */
            e->entry = 0;
        else if (l == leaf)
            e->entry |= leaf_address(&r, c, l, target);
        if (l + 1 < c->levels) {
            table = choose_table(&r, c, l + 1);
            if (l < leaf)
                e->entry |= table | (random_once_in(&r, 24) ? PW_PS : 0);
        }
    }
    if (random_once_in(&r, 12)) {
        const unsigned l = random_below(&r, leaf + 1);
        c->way[l].entry |= choose_reserved(&r, c, l, leaf);
    }
}
