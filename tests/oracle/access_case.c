/* access_case.c - makes random accesses.  Descriptors are of those kinds that
 * modify_ldt lays: DPL 3, accessed, available; conforming code only absent. */
#include "access_case.h"

#include "random.h"
#include "report.h"

static uint64_t
choose_descriptor(struct random *r, int wants_code)
{
    uint32_t type = SEG_TYPE_ACCESSED | (random_below(r, 2) * 2);
    int present = !random_once_in(r, 24);
    if (random_once_in(r, 12) ? !wants_code : wants_code) {
        type |= SEG_TYPE_CODE;
        if (!present && random_once_in(r, 2))
            type |= SEG_TYPE_CONFORMING;
    } else if (random_once_in(r, 2)) {
        type |= SEG_TYPE_EXPAND_DOWN;
    }
    static const uint32_t limits[] = {0, 0xF, 0xFFF, 0xFFFF, 0xFFFFE, 0xFFFFF};
    uint32_t limit = random_below(r, 0x100000);
    if (random_once_in(r, 3))
        limit = limits[random_below(r, 6)];
    else if (random_once_in(r, 2))
        limit = random_below(r, 0x4000);
    const uint32_t high = type << 8 | 1u << 12 | 3u << 13 |
                          (uint32_t)present << 15 | (limit & 0xF0000) |
                          1u << 20 | random_below(r, 2) << 22 |
                          random_below(r, 2) << 23;
    return (uint64_t)high << 32 | (limit & 0xFFFF);
}

static uint32_t
limit_in_bytes(uint64_t d)
{
    const uint32_t field = (d & 0xFFFF) | (d >> 32 & 0xF0000);
    return d >> 55 & 1 ? field << 12 | 0xFFF : field;
}

/* Where something may change: both sides of the limit, the ends of 16 and 32
 * bits, and anywhere. */
static uint32_t
choose_offset(struct random *r, uint32_t limit)
{
    const uint32_t near = random_below(r, 48) - 24;
    switch (random_below(r, 12)) {
    case 0:
        return near; /* 0, from both sides */
    case 1:
        return 0x10000 + near;
    case 2:
        return (uint32_t)random_bits(r);
    case 3:
    case 4:
    case 5:
    case 6:
        return limit == UINT32_MAX ? (uint32_t)random_bits(r)
                                   : random_below(r, limit + 1);
    default:
        return limit + near;
    }
}

static void
choose_access(struct random *r, struct access_case *c)
{
    c->operation = random_below(r, 3);
    if (random_once_in(r, 10)) {
        c->operation = ACCESS_LAR + random_below(r, 4);
        return;
    }
    if (random_once_in(r, 16)) {
        c->operation = ACCESS_WIDE + random_below(r, 4);
        return;
    }
    c->size = 1u << random_below(r, 5);
    if (c->operation == SEG_EXECUTE) {
        c->reg = SEG_CS;
        c->size = 1 + random_below(r, 8);
        return;
    }
    c->reg = random_below(r, SEG_REG_COUNT);
    if (c->reg == SEG_CS)
        c->size = 4;
}

static uint32_t
choose_selector(struct random *r)
{
    const uint32_t rpl = random_once_in(r, 8) ? random_below(r, 4) : 3;
    if (random_once_in(r, 24))
        return rpl; /* null */
    const uint32_t last = random_once_in(r, 24) ? 32 : ACCESS_ENTRIES;
    return random_below(r, last) << 3 | 4 | rpl;
}

/* Not canonical, with 57 bits of address no more than with 48. */
static uint64_t
choose_crooked(struct random *r)
{
    for (;;) {
        const uint64_t va = random_bits(r);
        if (va >> 56 != 0 && va >> 56 != 0xFF)
            return va;
    }
}

void
access_generate(struct access_case *c, uint64_t seed, uint32_t number)
{
    struct random r = random_for(seed, KIND_ACCESSES, number);
    *c = (struct access_case){0};
    choose_access(&r, c);
    if (c->operation >= ACCESS_WIDE) {
        c->wide = choose_crooked(&r);
        return;
    }
    c->selector = choose_selector(&r);
    const int names_one =
        (c->selector & 4) != 0 && c->selector >> 3 < ACCESS_ENTRIES;
    uint64_t d = choose_descriptor(&r, c->reg == SEG_CS && c->size != 0);
    c->offset = choose_offset(&r, limit_in_bytes(d));
    /* What an empty hidden copy would allow, if a null register were used. */
    if ((c->selector & 0xFFFC) == 0 && c->operation == SEG_READ &&
        c->reg != SEG_CS && random_once_in(&r, 2)) {
        c->offset = 0;
        c->size = 1;
    }
    c->linear = ACCESS_WINDOW + random_below(&r, ACCESS_WINDOW_BYTES);
    if (random_once_in(&r, 4)) { /* in one page whole */
        c->linear = (ACCESS_HOLE + random_below(&r, ACCESS_HOLE_BYTES)) & ~15u;
        if (c->operation == SEG_EXECUTE) /* its length is never seen */
            c->size = 1;
    }
    const uint32_t base = c->linear - c->offset;
    d |= (uint64_t)(base & 0xFFFFFF) << 16 | (uint64_t)(base >> 24) << 56;
    c->descriptor = names_one ? d : 0;
    if (access_needs_code(c))
        c->code = ACCESS_WINDOW - ACCESS_CODE +
                  access_code(c) * ACCESS_CODE_BYTES - base;
}

int
access_needs_code(const struct access_case *c)
{
    return c->reg == SEG_CS && c->operation < SEG_EXECUTE;
}

unsigned
access_code(const struct access_case *c)
{
    const unsigned is_16_bit = (c->descriptor >> 54 & 1) == 0;
    return (c->operation == SEG_WRITE ? 2 : 0) + is_16_bit;
}

unsigned
access_code_bytes(unsigned code, uint8_t *bytes)
{
    unsigned n = 0;
    if ((code & 1) != 0) { /* 32-bit operand and address after all */
        bytes[n++] = 0x66;
        bytes[n++] = 0x67;
    }
    bytes[n++] = 0x2E;                     /* %cs:                        */
    bytes[n++] = (code & 2) ? 0x89 : 0x8B; /* mov %ecx, (%ebx), or back  */
    bytes[n++] = 0x0B;
    const unsigned first = n;
    while (n < ACCESS_CODE_BYTES)
        bytes[n++] = 0xCC; /* int3 */
    return first;
}

uint8_t
access_pattern(uint32_t linear)
{
    return (uint8_t)(linear * UINT32_C(0x9E3779B1) >> 25);
}
