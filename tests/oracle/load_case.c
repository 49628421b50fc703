/* load_case.c - makes random descriptors and loads. */
#include "load_case.h"

#include "random.h"
#include "report.h"

uint64_t
load_fixed(unsigned index)
{
    /* Base 0, 4 GiB, 32 bits, accessed; rings 0 to 3 in bits 45 and 46. */
    if (index >= LOAD_CODE && index < LOAD_CODE + 4)
        return UINT64_C(0x00CF9B000000FFFF) | (uint64_t)(index - LOAD_CODE)
                                                  << 45;
    if (index >= LOAD_DATA && index < LOAD_DATA + 4)
        return UINT64_C(0x00CF93000000FFFF) | (uint64_t)(index - LOAD_DATA)
                                                  << 45;
    /* The kernel fills in the base. */
    return index == LOAD_TSS ? UINT64_C(0x00008B0000000067) : 0;
}

uint64_t
load_ldt(const struct load_case *c)
{
    const uint64_t base = LOAD_LDT_PA;
    return UINT64_C(0x0000820000000000) | c->ldt_limit |
           (base & 0xFFFFFF) << 16 | (base >> 24) << 56;
}

static uint64_t
choose_descriptor(struct random *r)
{
    uint64_t d = random_bits(r);
    if (!random_once_in(r, 8)) /* S: code or data */
        d |= UINT64_C(1) << 44;
    if (!random_once_in(r, 6)) /* P */
        d |= UINT64_C(1) << 47;
    return d;
}

static int
is_code(uint64_t d)
{
    return (d >> 43 & 3) == 3;
}

/* Makes a segment of code hold the landing place, so that a far jump succeeds
 * unless its descriptor forbids it: limits are another oracle's. */
static uint64_t
hold_landing(struct random *r, uint64_t d)
{
    const uint32_t base = random_below(r, LOAD_LANDING);
    uint64_t field = random_below(r, 0x100000);
    if (field < LOAD_LANDING >> 12)
        field += LOAD_LANDING >> 12;
    d &= UINT64_C(0x0070FF0000000000);
    return d | UINT64_C(1) << 55 | (field & 0xFFFF) | (field >> 16) << 48 |
           (uint64_t)(base & 0xFFFFFF) << 16 | (uint64_t)(base >> 24) << 56;
}

void
load_generate(struct load_case *c, uint64_t seed, uint32_t number)
{
    struct random r = random_for(seed, KIND_LOADS, number);
    *c = (struct load_case){0};
    /* CS has more rules than any other register: it comes more often. */
    c->operation =
        random_once_in(&r, 6) ? SEG_CS : random_below(&r, LOAD_OPERATIONS);
    c->cpl = random_below(&r, 4);
    c->gdt_limit =
        LOAD_FIXED * 8 - 1 + random_below(&r, (LOAD_ENTRIES - LOAD_FIXED) * 8);
    c->ldt_limit =
        random_once_in(&r, 16) ? 0 : random_below(&r, LOAD_ENTRIES * 8);

    const uint32_t local = random_below(&r, 2);
    uint32_t index = random_below(&r, LOAD_ENTRIES);
    const uint32_t limit = local ? c->ldt_limit : c->gdt_limit;
    if (!random_once_in(&r, 4)) /* mostly one that is there */
        index = random_below(&r, limit / 8 + 1);
    if (random_once_in(&r, 24)) /* null; in the LDT it is none */
        index = 0;
    else if (!local && index < LOAD_FIXED && !random_once_in(&r, 4))
        index = LOAD_FIXED + random_below(&r, 8);
    uint32_t rpl = random_below(&r, 4);
    uint32_t dpl = random_below(&r, 4);
    if (random_once_in(&r, 2)) /* or most would be refused for these */
        rpl = dpl = c->cpl;
    c->selector = index << 3 | local << 2 | rpl;
    c->table = local ? LOAD_LDT_PA : LOAD_GDT_PA;
    c->names_fixed = !local && index < LOAD_FIXED;

    c->descriptor = c->names_fixed ? load_fixed(index) : choose_descriptor(&r);
    if (!c->names_fixed) {
        c->descriptor &= ~(UINT64_C(3) << 45);
        c->descriptor |= (uint64_t)dpl << 45;
        if (is_code(c->descriptor))
            c->descriptor = hold_landing(&r, c->descriptor);
    }
    if (c->names_fixed && index == LOAD_LDT)
        c->descriptor = load_ldt(c);
    const uint32_t base = (uint32_t)(c->descriptor >> 16 & 0xFFFFFF) |
                          (uint32_t)(c->descriptor >> 56) << 24;
    c->offset = LOAD_LANDING - base;
}

/* A 32-bit or 16-bit TSS, a call gate or a task gate. */
static int
is_passage(uint64_t descriptor)
{
    const uint32_t type = descriptor >> 40 & 0xF;
    return (descriptor >> 44 & 1) == 0 &&
           (type == 1 || type == 4 || type == 5 || type == 9 || type == 12);
}

int
load_leaves(const struct load_case *c)
{
    const uint32_t limit = c->selector & 4 ? c->ldt_limit : c->gdt_limit;
    return c->operation == SEG_CS && (c->selector & 0xFFFC) != 0 &&
           (c->selector & 0xFFF8) + 7 <= limit && is_passage(c->descriptor);
}
