/*
 * tables.c - every decision is looked up.
 *
 * What a type of segment is good for stands in one table; which registers take
 * what in another.  Regions are an array of segments in address order; holes
 * are not stored, they are what lies between.
 */
#include "segment/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What can be done with a type, one letter each: r, w, x; d: expands down;
 * c: conforming. */
static const char *const abilities[16] = {
    "r", "r", "rw", "rw", "rd", "rd", "rwd", "rwd",
    "x", "x", "xr", "xr", "xc", "xc", "xrc", "xrc",
};

static int
can(uint32_t type, int what)
{
    for (const char *letter = abilities[type]; *letter; letter++)
        if (*letter == what)
            return 1;
    return 0;
}

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    static const struct {
        unsigned char from, count, to;
        size_t member;
    } piece[] = {
        {16, 24, 0, offsetof(struct seg_descriptor, base)},
        {56, 8, 24, offsetof(struct seg_descriptor, base)},
        {0, 16, 0, offsetof(struct seg_descriptor, limit)},
        {48, 4, 16, offsetof(struct seg_descriptor, limit)},
        {40, 4, 0, offsetof(struct seg_descriptor, type)},
        {44, 1, 0, offsetof(struct seg_descriptor, s)},
        {45, 2, 0, offsetof(struct seg_descriptor, dpl)},
        {47, 1, 0, offsetof(struct seg_descriptor, present)},
        {54, 1, 0, offsetof(struct seg_descriptor, big)},
        {55, 1, 0, offsetof(struct seg_descriptor, granular)},
    };
    if (descriptor == NULL)
        return SEG_BAD_ARGUMENT;
    memset(descriptor, 0, sizeof *descriptor);
    for (size_t i = 0; i < sizeof piece / sizeof *piece; i++) {
        char *member = (char *)descriptor + piece[i].member;
        uint32_t value;
        memcpy(&value, member, sizeof value);
        value |= (uint32_t)(raw >> piece[i].from & ((1u << piece[i].count) - 1))
                 << piece[i].to;
        memcpy(member, &value, sizeof value);
    }
    if (descriptor->granular)
        descriptor->limit = descriptor->limit * 0x1000 + 0xFFF;
    return SEG_OK;
}

/* What each register needs, and the vector when the segment is absent. */
static const struct {
    const char *needs;
    int takes_null;
    uint32_t absent;
} rule[SEG_REG_COUNT] = {
    [SEG_ES] = {"r", 1, FAULT_NP},  [SEG_CS] = {"x", 0, FAULT_NP},
    [SEG_SS] = {"rw", 0, FAULT_SS}, [SEG_DS] = {"r", 1, FAULT_NP},
    [SEG_FS] = {"r", 1, FAULT_NP},  [SEG_GS] = {"r", 1, FAULT_NP},
};

static int
fail(struct mach_fault *fault, uint32_t vector, uint32_t code, int status)
{
    fault->vector = vector;
    fault->error_code = code;
    fault->address = 0;
    return status;
}

static int
allowed(enum seg_reg reg, uint32_t type, uint32_t cpl, uint32_t rpl,
        uint32_t dpl)
{
    const uint32_t worse = cpl > rpl ? cpl : rpl;
    switch (reg) {
    case SEG_CS:
        return can(type, 'c') ? dpl <= cpl : worse == cpl && dpl == cpl;
    case SEG_SS:
        return rpl == cpl && cpl == dpl;
    default:
        return can(type, 'c') || worse <= dpl;
    }
}

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    if (!cpu || !fault || reg >= SEG_REG_COUNT)
        return SEG_BAD_ARGUMENT;
    const uint32_t code = selector & ~3u, rpl = selector & 3u;
    struct seg_register *r = &cpu->reg[reg];
    if (code == 0) {
        if (!rule[reg].takes_null)
            return fail(fault, FAULT_GP, 0, SEG_NULL);
        r->selector = selector;
        r->usable = 0;
        return SEG_OK;
    }
    const struct seg_table tables[2] = {cpu->gdt, cpu->ldt};
    const struct seg_table t = tables[selector >> 2 & 1];
    if ((code | 7) > t.limit)
        return fail(fault, FAULT_GP, code, SEG_TABLE_LIMIT);
    const uint64_t pa = t.base + (uint64_t)(code & ~7u);
    const uint32_t low = phys_read32(cpu->mach, pa);
    const uint32_t high = phys_read32(cpu->mach, pa + 4);
    struct seg_descriptor d;
    seg_decode((uint64_t)high << 32 | low, &d);
    int suits = (int)d.s;
    for (const char *need = rule[reg].needs; suits && *need; need++)
        suits = can(d.type, *need);
    if (!suits)
        return fail(fault, FAULT_GP, code, SEG_WRONG_TYPE);
    if (!allowed(reg, d.type, cpu->cpl, rpl, d.dpl))
        return fail(fault, FAULT_GP, code, SEG_PRIVILEGE);
    if (!d.present)
        return fail(fault, rule[reg].absent, code, SEG_NOT_PRESENT);
    phys_write32(cpu->mach, pa + 4, high | 1u << 8);
    d.type |= 1;
    r->selector = reg == SEG_CS ? code | cpu->cpl : selector;
    r->usable = 1;
    r->copy = d;
    return SEG_OK;
}

int
seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset,
              uint32_t size, enum seg_access access, struct seg_result *result)
{
    static const char letter[] = {
        [SEG_READ] = 'r', [SEG_WRITE] = 'w', [SEG_EXECUTE] = 'x'};
    if (!cpu || !result || reg >= SEG_REG_COUNT || !size ||
        access > SEG_EXECUTE)
        return SEG_BAD_ARGUMENT;
    const struct seg_register *r = &cpu->reg[reg];
    const uint32_t vector = rule[reg].absent == FAULT_SS ? FAULT_SS : FAULT_GP;
    if (!r->usable)
        return fail(&result->fault, vector, 0, SEG_NULL);
    if (!can(r->copy.type, letter[access]))
        return fail(&result->fault, vector, 0, SEG_RIGHTS);
    /* The segment as the half-open range from `low` to `high`. */
    uint64_t low = 0, high = (uint64_t)r->copy.limit + 1;
    if (can(r->copy.type, 'd')) {
        low = high;
        high = UINT64_C(1) << (r->copy.big ? 32 : 16);
    }
    if (offset < low || (uint64_t)offset + size > high)
        return fail(&result->fault, vector, 0, SEG_LIMIT);
    result->linear = (uint32_t)((uint64_t)r->copy.base + offset);
    return SEG_OK;
}

/* ---- Placement: an array of segments in address order -------------------- */

struct segment {
    uint64_t base, bytes;
};

struct place {
    uint64_t bytes;
    size_t count, room;
    struct segment *segment;
};

/* Where the hole below segment `i` begins and ends; i = count: the one on top.
 */
static uint64_t
hole_base(const struct place *p, size_t i)
{
    return i == 0 ? 0 : p->segment[i - 1].base + p->segment[i - 1].bytes;
}

static uint64_t
hole_bytes(const struct place *p, size_t i)
{
    return (i == p->count ? p->bytes : p->segment[i].base) - hole_base(p, i);
}

struct place *
place_create(uint64_t bytes)
{
    errno = EINVAL;
    struct place *p = bytes ? calloc(1, sizeof *p) : NULL;
    if (p)
        p->bytes = bytes;
    return p;
}

int
place_destroy(struct place *place)
{
    if (!place)
        return PLACE_BAD_ARGUMENT;
    free(place->segment);
    free(place);
    return PLACE_OK;
}

int
place_alloc(struct place *place, enum place_fit fit, uint64_t bytes,
            uint64_t *base)
{
    if (!place || !base || !bytes || fit > PLACE_WORST_FIT)
        return PLACE_BAD_ARGUMENT;
    if (place->count == place->room) {
        const size_t room = place->room * 2 + 8;
        void *more = realloc(place->segment, room * sizeof *place->segment);
        if (!more)
            return PLACE_NO_MEMORY;
        place->segment = more;
        place->room = room;
    }
    size_t best = place->count + 1;
    uint64_t best_bytes = 0;
    for (size_t i = 0; i <= place->count; i++) {
        const uint64_t hole = hole_bytes(place, i);
        const int better = best > place->count ||
                           (fit == PLACE_BEST_FIT && hole < best_bytes) ||
                           (fit == PLACE_WORST_FIT && hole > best_bytes);
        if (hole >= bytes && better) {
            best = i;
            best_bytes = hole;
        }
    }
    if (best > place->count)
        return PLACE_NO_SPACE;
    const uint64_t at = hole_base(place, best);
    memmove(place->segment + best + 1, place->segment + best,
            (place->count - best) * sizeof *place->segment);
    place->segment[best] = (struct segment){at, bytes};
    place->count++;
    *base = at;
    return PLACE_OK;
}

static int
compare(const void *key, const void *element)
{
    const uint64_t a = *(const uint64_t *)key;
    const uint64_t b = ((const struct segment *)element)->base;
    return (a > b) - (a < b);
}

int
place_free(struct place *place, uint64_t base)
{
    if (!place)
        return PLACE_BAD_ARGUMENT;
    struct segment *s = NULL;
    if (place->count)
        s = bsearch(&base, place->segment, place->count, sizeof *s, compare);
    if (!s)
        return PLACE_NO_SEGMENT;
    const size_t i = (size_t)(s - place->segment);
    memmove(s, s + 1, (place->count - i - 1) * sizeof *s);
    place->count--;
    return PLACE_OK;
}

int
place_stat(struct place *place, struct place_stat *stat)
{
    if (!place || !stat)
        return PLACE_BAD_ARGUMENT;
    *stat = (struct place_stat){.segment_count = place->count};
    for (size_t i = 0; i <= place->count; i++) {
        const uint64_t hole = hole_bytes(place, i);
        stat->free_bytes += hole;
        stat->hole_count += hole != 0;
        if (stat->largest_hole_bytes < hole)
            stat->largest_hole_bytes = hole;
    }
    return PLACE_OK;
}

/* Neighbours that move by the same distance move in one piece. */
int
place_compact(struct place *place, struct mach *mach, uint64_t *moved)
{
    if (!place || !mach || !moved)
        return PLACE_BAD_ARGUMENT;
    uint64_t to = 0, sum = 0;
    for (size_t i = 0; i < place->count;) {
        const uint64_t from = place->segment[i].base;
        uint64_t run = 0;
        for (; i < place->count && place->segment[i].base == from + run; i++) {
            place->segment[i].base = to + run;
            run += place->segment[i].bytes;
        }
        if (from != to) {
            phys_move(mach, to, from, run);
            sum += run;
        }
        to += run;
    }
    *moved = sum;
    return PLACE_OK;
}
