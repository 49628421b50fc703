#include "segment/segment.h"

#include <errno.h>
#include <stdlib.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    /* union over the 8 bytes, as in the lecture */
    struct bits {
        uint64_t limit_low : 16, base_low : 24, type : 4, s : 1, dpl : 2, p : 1;
        uint64_t limit_high : 4, avl : 2, db : 1, g : 1, base_high : 8;
    };
    union {
        uint64_t raw;
        struct bits b;
    } u = {raw};

    descriptor->base = (uint32_t)u.b.base_low | (uint32_t)u.b.base_high << 24;
    descriptor->limit = (uint32_t)u.b.limit_low | (uint32_t)u.b.limit_high << 16;
    descriptor->type = u.b.type;
    descriptor->s = u.b.s;
    descriptor->dpl = u.b.dpl;
    descriptor->present = u.b.p;
    descriptor->big = u.b.db;
    descriptor->granular = u.b.g;
    if (u.b.g)
        descriptor->limit = descriptor->limit << 12 | 0xFFF;
    return SEG_OK;
}

/* NULL for a null selector */
static struct seg_table *
table_of(struct seg_cpu *cpu, uint16_t selector)
{
    if (selector < 4)
        return NULL;
    return selector & 4 ? &cpu->ldt : &cpu->gdt;
}

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    if (cpu == NULL || fault == NULL || reg >= SEG_REG_COUNT)
        return SEG_BAD_ARGUMENT;
    struct seg_table *table = table_of(cpu, selector);
    uint32_t offset = selector & 0xFFF8;
    if (offset + 7 > table->limit) {
        *fault = (struct mach_fault){FAULT_GP, selector & 0xFFFC, 0};
        return SEG_TABLE_LIMIT;
    }
    struct seg_descriptor d;
    seg_decode(phys_read64(cpu->mach, (uint64_t)table->base + offset), &d);
    uint32_t rpl = selector & 3;
    int code = (d.type & 8) != 0, conforming = code && (d.type & 4);
    int status = SEG_OK;
    if (d.s == 0)
        status = SEG_WRONG_TYPE;
    else if (reg == SEG_SS ? code || !(d.type & 2)
             : reg == SEG_CS ? !code : code && !(d.type & 2))
        status = SEG_WRONG_TYPE;
    else if (reg == SEG_SS ? rpl != cpu->cpl || d.dpl != cpu->cpl
             : reg == SEG_CS ? rpl > cpu->cpl || d.dpl != cpu->cpl
             : !conforming && (cpu->cpl > d.dpl || rpl > d.dpl))
        status = SEG_PRIVILEGE;
    else if (!d.present)
        status = SEG_NOT_PRESENT;
    if (status != SEG_OK) {
        *fault = (struct mach_fault){FAULT_GP, selector & 0xFFFC, 0};
        if (status == SEG_NOT_PRESENT)
            fault->vector = reg == SEG_SS ? FAULT_SS : FAULT_NP;
        return status;
    }
    d.type |= 1;
    uint64_t at = (uint64_t)table->base + offset + 5;
    phys_write8(cpu->mach, at, phys_read8(cpu->mach, at) | 1);
    cpu->reg[reg].selector =
        reg == SEG_CS ? (selector & 0xFFFCu) | cpu->cpl : selector;
    cpu->reg[reg].usable = 1;
    cpu->reg[reg].copy = d;
    return SEG_OK;
}

int
seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset,
              uint32_t size, enum seg_access access, struct seg_result *result)
{
    struct seg_register *r = &cpu->reg[reg];
    struct seg_descriptor *d = r->usable ? &r->copy : NULL;
    int code = (d->type & 8) != 0, bit = (d->type & 2) != 0, status = SEG_OK;
    uint64_t last = (uint64_t)offset + size - 1;

    if (d == NULL)
        status = SEG_NULL;
    else if (access == SEG_EXECUTE ? !code : access == SEG_WRITE ? code || !bit
             : code && !bit)
        status = SEG_RIGHTS;
    else if (!code && (d->type & 4)) {
        if (offset <= d->limit || last > (d->big ? 0xFFFFFFFFu : 0xFFFFu))
            status = SEG_LIMIT;
    } else if (last > d->limit)
        status = SEG_LIMIT;

    if (status == SEG_OK)
        result->linear = d->base + offset;
    else
        result->fault = (struct mach_fault){
            reg == SEG_SS ? FAULT_SS : FAULT_GP, 0, 0};
    return status;
}

/* One bit per byte of the region would be too much: a fixed
 * table. */
#define MOST 4096

struct place {
    uint64_t bytes;
    int count;
    uint64_t base[MOST], size[MOST];
};

struct place *
place_create(uint64_t bytes)
{
    struct place *p = calloc(1, sizeof *p);
    p->bytes = bytes;
    return p;
}

int
place_destroy(struct place *place)
{
    free(place);
    return PLACE_OK;
}

int
place_alloc(struct place *place, enum place_fit fit, uint64_t bytes,
            uint64_t *base)
{
    int best = -1;
    uint64_t best_gap = 0, best_at = 0, at = 0;

    for (int i = 0; i <= place->count; i++) {
        uint64_t end = i < place->count ? place->base[i] : place->bytes;
        uint64_t gap = end - at;
        if (gap >= bytes &&
            (best < 0 || (fit == PLACE_BEST_FIT && gap < best_gap))) {
            best = i;
            best_gap = gap;
            best_at = at;
        }
        if (i < place->count)
            at = place->base[i] + place->size[i];
    }
    if (best < 0)
        return PLACE_NO_SPACE;
    for (int i = place->count; i > best; i--) {
        place->base[i] = place->base[i - 1];
        place->size[i] = place->size[i - 1];
    }
    place->base[best] = best_at;
    place->size[best] = bytes;
    place->count++;
    *base = best_at;
    return PLACE_OK;
}

/* The entry of the segment at `base`. */
static uint64_t *
find(struct place *place, uint64_t base)
{
    for (int i = 0; i < place->count; i++)
        if (place->base[i] == base)
            return &place->base[i];
    return NULL;
}

int
place_free(struct place *place, uint64_t base)
{
    uint64_t *entry = find(place, base);
    *entry = 0;
    for (int i = (int)(entry - place->base); i < place->count - 1; i++) {
        place->base[i] = place->base[i + 1];
        place->size[i] = place->size[i + 1];
    }
    place->count--;
    return PLACE_OK;
}

int
place_stat(struct place *place, struct place_stat *stat)
{
    struct place_stat s = {0};
    uint64_t at = 0;
    for (int i = 0; i <= place->count; i++) {
        uint64_t end = i < place->count ? place->base[i] : place->bytes;
        if (end > at) {
            s.hole_count++;
            s.free_bytes += end - at;
            if (end - at > s.largest_hole_bytes)
                s.largest_hole_bytes = end - at;
        }
        at = i < place->count ? place->base[i] + place->size[i] : 0;
    }
    s.segment_count = (uint64_t)place->count;
    *stat = s;
    return PLACE_OK;
}

int
place_compact(struct place *place, struct mach *mach, uint64_t *moved)
{
    (void)place, (void)mach, (void)moved;
    return PLACE_NOT_IMPLEMENTED;
}
