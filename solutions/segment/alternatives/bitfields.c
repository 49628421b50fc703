/*
 * bitfields.c - the descriptor as a struct of bit-fields, one fault exit, and
 * an unsorted list of segments.
 *
 * Bit-fields are laid out from the least significant bit on by the compilers
 * that this kit supports; a union lets the 8 bytes be seen both ways.
 */
#include "segment/segment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

union descriptor {
    uint64_t raw;
    struct {
        uint64_t limit_low : 16;
        uint64_t base_low : 24;
        uint64_t accessed : 1;
        uint64_t bit1 : 1; /* writable or readable    */
        uint64_t bit2 : 1; /* expand-down, conforming */
        uint64_t code : 1;
        uint64_t s : 1;
        uint64_t dpl : 2;
        uint64_t present : 1;
        uint64_t limit_high : 4;
        uint64_t ignored : 2;
        uint64_t big : 1;
        uint64_t granular : 1;
        uint64_t base_high : 8;
    } f;
};

static struct seg_descriptor
unpack(union descriptor d)
{
    struct seg_descriptor out;
    out.base = (uint32_t)d.f.base_high << 24 | (uint32_t)d.f.base_low;
    out.limit = (uint32_t)(d.f.limit_high * 0x10000 + d.f.limit_low);
    if (d.f.granular)
        out.limit = ~(~out.limit << 12);
    out.type =
        (uint32_t)(d.f.accessed + 2 * d.f.bit1 + 4 * d.f.bit2 + 8 * d.f.code);
    out.s = d.f.s;
    out.dpl = d.f.dpl;
    out.present = d.f.present;
    out.big = d.f.big;
    out.granular = d.f.granular;
    return out;
}

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    if (descriptor) {
        *descriptor = unpack((union descriptor){.raw = raw});
        return SEG_OK;
    }
    return SEG_BAD_ARGUMENT;
}

union selector {
    uint16_t raw;
    struct {
        uint16_t rpl : 2;
        uint16_t ti : 1;
        uint16_t index : 13;
    } f;
};

/* The whole decision; *at is where the descriptor lies when there is one. */
static int
decide(const struct seg_cpu *cpu, enum seg_reg reg, union selector s,
       union descriptor *d, uint64_t *at)
{
    const bool stack = reg == SEG_SS, jump = reg == SEG_CS;
    const unsigned cpl = cpu->cpl;
    if (!s.f.ti && !s.f.index)
        return SEG_NULL;
    const struct seg_table *table = s.f.ti ? &cpu->ldt : &cpu->gdt;
    if (s.f.index >= ((uint64_t)table->limit + 1) / 8)
        return SEG_TABLE_LIMIT;
    *at = table->base + 8ull * s.f.index;
    d->raw = 0;
    for (unsigned i = 0; i < 8; i++)
        d->raw |= (uint64_t)phys_read8(cpu->mach, *at + i) << 8 * i;
    bool type, level;
    if (stack) {
        type = !d->f.code && d->f.bit1;
        level = s.f.rpl == cpl && d->f.dpl == cpl;
    } else if (jump) {
        type = d->f.code;
        level = d->f.bit2 ? d->f.dpl <= cpl : s.f.rpl <= cpl && d->f.dpl == cpl;
    } else {
        type = !d->f.code || d->f.bit1;
        level = (d->f.code && d->f.bit2) ||
                (d->f.dpl >= cpl && d->f.dpl >= s.f.rpl);
    }
    return !d->f.s || !type ? SEG_WRONG_TYPE
           : !level         ? SEG_PRIVILEGE
           : !d->f.present  ? SEG_NOT_PRESENT
                            : SEG_OK;
}

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    if (!cpu || !fault || (unsigned)reg >= SEG_REG_COUNT)
        return SEG_BAD_ARGUMENT;
    union selector s = {.raw = selector};
    union descriptor d = {.raw = 0};
    uint64_t at = 0;
    const int status = decide(cpu, reg, s, &d, &at);
    struct seg_register new = {.selector = selector};
    switch (status) {
    case SEG_OK:
        d.f.accessed = 1;
        phys_write64(cpu->mach, at, d.raw);
        if (reg == SEG_CS)
            s.f.rpl = cpu->cpl & 3;
        new.selector = s.raw;
        new.usable = 1;
        new.copy = unpack(d);
        break;
    case SEG_NULL:
        if (reg != SEG_CS && reg != SEG_SS)
            break;
        /* fall through */
    default:
        s.f.rpl = 0;
        fault->error_code = s.raw;
        fault->address = 0;
        fault->vector = FAULT_GP;
        if (status == SEG_NOT_PRESENT)
            fault->vector = reg == SEG_SS ? FAULT_SS : FAULT_NP;
        return status;
    }
    cpu->reg[reg] = new;
    return SEG_OK;
}

int
seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset,
              uint32_t size, enum seg_access access, struct seg_result *result)
{
    int status = SEG_OK;
    if (!cpu || !result || (unsigned)reg >= SEG_REG_COUNT || !size ||
        (unsigned)access > 2)
        return SEG_BAD_ARGUMENT;
    const struct seg_descriptor d = cpu->reg[reg].copy;
    const uint32_t end = offset + (size - 1);
    const bool wraps = end < offset, code = d.type & 8;
    const bool down = !code && d.type & 4;
    if (!cpu->reg[reg].usable)
        status = SEG_NULL;
    else if ((access == SEG_EXECUTE && !code) ||
             (access == SEG_WRITE && (code || !(d.type & 2))) ||
             (access == SEG_READ && code && !(d.type & 2)))
        status = SEG_RIGHTS;
    else if (wraps || (down ? offset <= d.limit || (!d.big && end > 0xFFFF)
                            : end > d.limit))
        status = SEG_LIMIT;
    if (status) {
        result->fault.vector = FAULT_GP;
        if (reg == SEG_SS)
            result->fault.vector = FAULT_SS;
        result->fault.error_code = 0;
        result->fault.address = 0;
    } else
        result->linear = d.base + offset;
    return status;
}

/* ---- Placement: a list in no order --------------------------------------- */

struct item {
    struct item *next;
    uint64_t base, bytes;
};

struct place {
    struct item *items;
    uint64_t bytes;
};

struct place *
place_create(uint64_t bytes)
{
    struct place *p;
    if (bytes == 0) {
        errno = EINVAL;
        return 0;
    }
    p = malloc(sizeof *p);
    if (p) {
        p->items = 0;
        p->bytes = bytes;
    }
    return p;
}

int
place_destroy(struct place *place)
{
    if (!place)
        return PLACE_BAD_ARGUMENT;
    for (struct item *i = place->items, *next; i; i = next) {
        next = i->next;
        free(i);
    }
    free(place);
    return PLACE_OK;
}

/* The segment with the lowest base that is not below `from`, or NULL. */
static struct item *
next_above(const struct place *p, uint64_t from)
{
    struct item *lowest = 0;
    for (struct item *i = p->items; i; i = i->next)
        if (i->base >= from && (!lowest || i->base < lowest->base))
            lowest = i;
    return lowest;
}

/* The next hole at or above *from; leaves *from behind the segment above it.
 * False when there is none. */
static bool
next_hole(const struct place *p, uint64_t *from, uint64_t *base,
          uint64_t *bytes)
{
    while (*from < p->bytes) {
        const struct item *i = next_above(p, *from);
        *base = *from;
        *bytes = (i ? i->base : p->bytes) - *from;
        *from = i ? i->base + i->bytes : p->bytes;
        if (*bytes)
            return true;
    }
    return false;
}

int
place_alloc(struct place *place, enum place_fit fit, uint64_t bytes,
            uint64_t *base)
{
    if (!place || !base || !bytes || (unsigned)fit > 2)
        return PLACE_BAD_ARGUMENT;
    uint64_t from = 0, at, hole, best = 0, best_hole = 0;
    while (next_hole(place, &from, &at, &hole)) {
        if (hole < bytes)
            continue;
        if (!best_hole || (fit == PLACE_BEST_FIT && hole < best_hole) ||
            (fit == PLACE_WORST_FIT && hole > best_hole)) {
            best = at;
            best_hole = hole;
        }
    }
    if (!best_hole)
        return PLACE_NO_SPACE;
    struct item *i = malloc(sizeof *i);
    if (!i)
        return PLACE_NO_MEMORY;
    *i = (struct item){place->items, best, bytes};
    place->items = i;
    *base = best;
    return PLACE_OK;
}

int
place_free(struct place *place, uint64_t base)
{
    if (!place)
        return PLACE_BAD_ARGUMENT;
    for (struct item **i = &place->items; *i; i = &(*i)->next)
        if ((*i)->base == base) {
            struct item *gone = *i;
            *i = gone->next;
            free(gone);
            return PLACE_OK;
        }
    return PLACE_NO_SEGMENT;
}

int
place_stat(struct place *place, struct place_stat *stat)
{
    if (!place || !stat)
        return PLACE_BAD_ARGUMENT;
    uint64_t from = 0, at, hole;
    stat->free_bytes = stat->largest_hole_bytes = 0;
    stat->hole_count = stat->segment_count = 0;
    while (next_hole(place, &from, &at, &hole)) {
        stat->hole_count++;
        stat->free_bytes += hole;
        if (hole > stat->largest_hole_bytes)
            stat->largest_hole_bytes = hole;
    }
    for (struct item *i = place->items; i; i = i->next)
        stat->segment_count++;
    return PLACE_OK;
}

int
place_compact(struct place *place, struct mach *mach, uint64_t *moved)
{
    if (!place || !mach || !moved)
        return PLACE_BAD_ARGUMENT;
    uint64_t sum = 0, to = 0;
    for (struct item *i; (i = next_above(place, to)); to += i->bytes)
        if (i->base != to) {
            phys_move(mach, to, i->base, i->bytes);
            i->base = to;
            sum += i->bytes;
        }
    *moved = sum;
    return PLACE_OK;
}
