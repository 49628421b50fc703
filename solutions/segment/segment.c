/*
 * segment.c - segmentation: the reference.
 *
 * How it works
 *
 * The processor's half is three steps, each of which trusts the one before:
 *
 *   seg_decode      bits -> fields, without an opinion
 *   seg_load        may this program have that segment in this register?
 *                   asked once, the answer is kept: the hidden copy
 *   seg_translate   is this access inside, and of an allowed kind?
 *                   asked on every access, with the hidden copy alone
 *
 * A load decides first and changes afterwards.  Nothing is written while a
 * check may still fail, so there is nothing to undo.
 *
 * The operating system's half keeps the region as a list of blocks in address
 * order, which tile it without a gap:
 *
 *   first                                       next == NULL
 *   +---------+   +---------+   +---------+   +---------+
 *   | segment |<->|  hole   |<->| segment |<->|  hole   |
 *   +---------+   +---------+   +---------+   +---------+
 *
 * Two holes are never neighbours: whoever makes a hole joins it with those
 * beside it.  The block at address 0 is part of struct place: joining removes
 * the upper of two blocks, so the lowest is never freed.
 */
#include "segment/segment.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Descriptors -----------------------------------------------------------
 */

/* The `count` bits (fewer than 32) of `raw` from bit `low` on. */
static uint32_t
bits(uint64_t raw, unsigned low, unsigned count)
{
    return (uint32_t)(raw >> low) & ((UINT32_C(1) << count) - 1);
}

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    if (descriptor == NULL)
        return SEG_BAD_ARGUMENT;
    const uint32_t field = bits(raw, 0, 16) | bits(raw, 48, 4) << 16;
    const uint32_t granular = bits(raw, 55, 1);
    *descriptor = (struct seg_descriptor){
        .base = bits(raw, 16, 24) | bits(raw, 56, 8) << 24,
        .limit = granular ? field << 12 | 0xFFF : field,
        .type = bits(raw, 40, 4),
        .s = bits(raw, 44, 1),
        .dpl = bits(raw, 45, 2),
        .present = bits(raw, 47, 1),
        .big = bits(raw, 54, 1),
        .granular = granular,
    };
    return SEG_OK;
}

/* The questions that one asks about a code or data descriptor.  Bits 1 and 2
 * of type change their meaning with bit 3, so all of them go through here. */
static int
is_code(const struct seg_descriptor *d)
{
    return (d->type & SEG_TYPE_CODE) != 0;
}

static int
is_conforming(const struct seg_descriptor *d)
{
    return is_code(d) && (d->type & SEG_TYPE_CONFORMING) != 0;
}

static int
expands_down(const struct seg_descriptor *d)
{
    return !is_code(d) && (d->type & SEG_TYPE_EXPAND_DOWN) != 0;
}

static int
is_readable(const struct seg_descriptor *d)
{
    return !is_code(d) || (d->type & SEG_TYPE_READABLE) != 0;
}

static int
is_writable(const struct seg_descriptor *d)
{
    return !is_code(d) && (d->type & SEG_TYPE_WRITABLE) != 0;
}

/* ---- Loading a register ----------------------------------------------------
 */

/* Index 0 of the GDT names no segment.  The RPL does not make it one, and the
 * LDT has no such exception. */
static int
is_null(uint16_t selector)
{
    return (selector & 0xFFFC) == 0;
}

/* The physical address of the descriptor that `selector` names, which lies
 * inside its table. */
static int
find_descriptor(const struct seg_cpu *cpu, uint16_t selector, uint64_t *pa)
{
    const struct seg_table *table = (selector & 4) ? &cpu->ldt : &cpu->gdt;
    const uint32_t first_byte = (uint32_t)(selector >> 3) * 8;
    if (first_byte + 7 > table->limit)
        return SEG_TABLE_LIMIT;
    *pa = (uint64_t)table->base + first_byte;
    return SEG_OK;
}

static int
type_suits(const struct seg_descriptor *d, enum seg_reg reg)
{
    if (d->s == 0)
        return 0;
    if (reg == SEG_SS)
        return is_writable(d);
    if (reg == SEG_CS)
        return is_code(d);
    return is_readable(d);
}

/* A data register may reach down to what both the program (CPL) and whoever
 * handed it the selector (RPL) may use.  The stack and nonconforming code must
 * be of the program's own level; conforming code lends itself to all levels
 * that are not more privileged than it. */
static int
privilege_suits(const struct seg_descriptor *d, enum seg_reg reg, uint32_t cpl,
                uint32_t rpl)
{
    if (reg == SEG_SS)
        return rpl == cpl && d->dpl == cpl;
    if (reg == SEG_CS && is_conforming(d))
        return d->dpl <= cpl;
    if (reg == SEG_CS)
        return rpl <= cpl && d->dpl == cpl;
    return is_conforming(d) || (cpl <= d->dpl && rpl <= d->dpl);
}

static int
check_load(const struct seg_descriptor *d, enum seg_reg reg, uint32_t cpl,
           uint32_t rpl)
{
    if (!type_suits(d, reg))
        return SEG_WRONG_TYPE;
    if (!privilege_suits(d, reg, cpl, rpl))
        return SEG_PRIVILEGE;
    if (!d->present)
        return SEG_NOT_PRESENT;
    return SEG_OK;
}

/* Sets bit 0 of type in memory: it lies in the descriptor's byte 5. */
static void
set_accessed(struct mach *mach, uint64_t pa)
{
    const uint8_t byte = phys_read8(mach, pa + 5);
    if ((byte & SEG_TYPE_ACCESSED) == 0)
        phys_write8(mach, pa + 5, byte | SEG_TYPE_ACCESSED);
}

/* Fills `loaded` from the descriptor that a selector other than null names. */
static int
load_descriptor(const struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
                struct seg_register *loaded)
{
    uint64_t pa;
    int status = find_descriptor(cpu, selector, &pa);
    if (status != SEG_OK)
        return status;
    seg_decode(phys_read64(cpu->mach, pa), &loaded->copy);
    status = check_load(&loaded->copy, reg, cpu->cpl, selector & 3);
    if (status != SEG_OK)
        return status;
    set_accessed(cpu->mach, pa);
    loaded->copy.type |= SEG_TYPE_ACCESSED;
    loaded->usable = 1;
    if (reg == SEG_CS)
        loaded->selector = (selector & 0xFFFCu) | cpu->cpl;
    return SEG_OK;
}

/* The vector of a fault in a load: only absence has vectors of its own. */
static uint32_t
load_vector(int status, enum seg_reg reg)
{
    if (status != SEG_NOT_PRESENT)
        return FAULT_GP;
    return reg == SEG_SS ? FAULT_SS : FAULT_NP;
}

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    if (cpu == NULL || fault == NULL || reg >= SEG_REG_COUNT)
        return SEG_BAD_ARGUMENT;
    struct seg_register loaded = {.selector = selector};
    int status = SEG_OK;
    if (!is_null(selector))
        status = load_descriptor(cpu, reg, selector, &loaded);
    else if (reg == SEG_CS || reg == SEG_SS)
        status = SEG_NULL;
    if (status != SEG_OK) {
        *fault = (struct mach_fault){
            .vector = load_vector(status, reg),
            .error_code = selector & 0xFFFC,
        };
        return status;
    }
    cpu->reg[reg] = loaded;
    return SEG_OK;
}

/* ---- Translating ------------------------------------------------------------
 */

static int
rights_suit(const struct seg_descriptor *d, enum seg_access access)
{
    switch (access) {
    case SEG_READ:
        return is_readable(d);
    case SEG_WRITE:
        return is_writable(d);
    default:
        return is_code(d);
    }
}

/* Whether the bytes `first` to `last` are all in the segment.  64 bits, so that
 * an access behind 4 GiB has a `last` that is too large, not a small one. */
static int
is_inside(const struct seg_descriptor *d, uint64_t first, uint64_t last)
{
    if (!expands_down(d))
        return last <= d->limit;
    const uint64_t top = d->big ? 0xFFFFFFFF : 0xFFFF;
    return first > d->limit && last <= top;
}

static int
check_access(const struct seg_register *reg, uint64_t first, uint64_t last,
             enum seg_access access)
{
    if (!reg->usable)
        return SEG_NULL;
    if (!rights_suit(&reg->copy, access))
        return SEG_RIGHTS;
    if (!is_inside(&reg->copy, first, last))
        return SEG_LIMIT;
    return SEG_OK;
}

int
seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset,
              uint32_t size, enum seg_access access, struct seg_result *result)
{
    if (cpu == NULL || result == NULL || reg >= SEG_REG_COUNT || size == 0 ||
        access > SEG_EXECUTE)
        return SEG_BAD_ARGUMENT;
    const uint64_t last = (uint64_t)offset + size - 1;
    const int status = check_access(&cpu->reg[reg], offset, last, access);
    if (status != SEG_OK) {
        result->fault = (struct mach_fault){
            .vector = reg == SEG_SS ? FAULT_SS : FAULT_GP,
        };
        return status;
    }
    result->linear = cpu->reg[reg].copy.base + offset;
    return SEG_OK;
}

/* ---- Placement ----------------------------------------------------------- */

struct block {
    uint64_t base, bytes;
    int used; /* a segment, else a hole */
    struct block *below, *above;
};

struct place {
    struct block first;
};

struct place *
place_create(uint64_t bytes)
{
    if (bytes == 0) {
        errno = EINVAL;
        return NULL;
    }
    struct place *place = malloc(sizeof *place);
    if (place != NULL)
        *place = (struct place){.first = {.bytes = bytes}};
    return place;
}

/* Makes one block of `block` and the one above it. */
static void
join_above(struct block *block)
{
    struct block *gone = block->above;
    block->bytes += gone->bytes;
    block->above = gone->above;
    if (gone->above != NULL)
        gone->above->below = block;
    free(gone);
}

int
place_destroy(struct place *place)
{
    if (place == NULL)
        return PLACE_BAD_ARGUMENT;
    while (place->first.above != NULL)
        join_above(&place->first);
    free(place);
    return PLACE_OK;
}

/* Whether `hole` is to be preferred to `best`, which lies below it. */
static int
is_better(const struct block *hole, const struct block *best,
          enum place_fit fit)
{
    if (best == NULL)
        return 1;
    if (fit == PLACE_BEST_FIT)
        return hole->bytes < best->bytes;
    if (fit == PLACE_WORST_FIT)
        return hole->bytes > best->bytes;
    return 0;
}

static struct block *
choose_hole(struct place *place, enum place_fit fit, uint64_t bytes)
{
    struct block *best = NULL;
    for (struct block *b = &place->first; b != NULL; b = b->above)
        if (!b->used && b->bytes >= bytes && is_better(b, best, fit))
            best = b;
    return best;
}

/* Cuts `hole` after `bytes` bytes; the rest is a hole of its own above it. */
static int
split(struct block *hole, uint64_t bytes)
{
    struct block *rest = malloc(sizeof *rest);
    if (rest == NULL)
        return PLACE_NO_MEMORY;
    *rest = (struct block){
        .base = hole->base + bytes,
        .bytes = hole->bytes - bytes,
        .below = hole,
        .above = hole->above,
    };
    if (rest->above != NULL)
        rest->above->below = rest;
    hole->above = rest;
    hole->bytes = bytes;
    return PLACE_OK;
}

int
place_alloc(struct place *place, enum place_fit fit, uint64_t bytes,
            uint64_t *base)
{
    if (place == NULL || base == NULL || bytes == 0 || fit > PLACE_WORST_FIT)
        return PLACE_BAD_ARGUMENT;
    struct block *hole = choose_hole(place, fit, bytes);
    if (hole == NULL)
        return PLACE_NO_SPACE;
    if (hole->bytes > bytes && split(hole, bytes) != PLACE_OK)
        return PLACE_NO_MEMORY;
    hole->used = 1;
    *base = hole->base;
    return PLACE_OK;
}

int
place_free(struct place *place, uint64_t base)
{
    if (place == NULL)
        return PLACE_BAD_ARGUMENT;
    struct block *b = &place->first;
    while (b != NULL && b->base != base)
        b = b->above;
    if (b == NULL || !b->used)
        return PLACE_NO_SEGMENT;
    b->used = 0;
    if (b->above != NULL && !b->above->used)
        join_above(b);
    if (b->below != NULL && !b->below->used)
        join_above(b->below);
    return PLACE_OK;
}

int
place_stat(struct place *place, struct place_stat *stat)
{
    if (place == NULL || stat == NULL)
        return PLACE_BAD_ARGUMENT;
    struct place_stat sum = {0};
    for (const struct block *b = &place->first; b != NULL; b = b->above) {
        if (b->used) {
            sum.segment_count++;
            continue;
        }
        sum.hole_count++;
        sum.free_bytes += b->bytes;
        if (b->bytes > sum.largest_hole_bytes)
            sum.largest_hole_bytes = b->bytes;
    }
    *stat = sum;
    return PLACE_OK;
}

/* Changes places of a hole and the segment above it, and joins the hole, now
 * above, with one that follows:
 *
 *   +------+-----------+------+      +-----------+-------------+
 *   | hole |  segment  | hole |  ->  |  segment  |    hole     |
 *   +------+-----------+------+      +-----------+-------------+
 */
static void
slide_down(struct block *hole, struct mach *mach)
{
    struct block *segment = hole->above;
    const uint64_t gap = hole->bytes;
    phys_move(mach, hole->base, segment->base, segment->bytes);
    hole->used = 1;
    hole->bytes = segment->bytes;
    segment->used = 0;
    segment->base = hole->base + hole->bytes;
    segment->bytes = gap;
    if (segment->above != NULL && !segment->above->used)
        join_above(segment);
}

int
place_compact(struct place *place, struct mach *mach, uint64_t *moved)
{
    if (place == NULL || mach == NULL || moved == NULL)
        return PLACE_BAD_ARGUMENT;
    uint64_t bytes = 0;
    for (struct block *b = &place->first; b->above != NULL; b = b->above)
        if (!b->used) {
            slide_down(b, mach);
            bytes += b->bytes;
        }
    *moved = bytes;
    return PLACE_OK;
}
