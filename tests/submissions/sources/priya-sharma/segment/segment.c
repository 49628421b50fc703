// segment.c -- Priya Sharma (22B1043)
#include "segment/segment.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

static uint32_t field(uint64_t raw, int from, int to)
{
    uint64_t v = raw >> from;
    int width = to - from + 1;
    return (uint32_t)(v & ((UINT64_C(1) << width) - 1));
}

int seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    if (descriptor == NULL)
        return SEG_BAD_ARGUMENT;
    descriptor->base = field(raw, 56, 63) << 24 | field(raw, 32, 39) << 16 | field(raw, 16, 31);
    descriptor->limit = field(raw, 48, 51) << 16 | field(raw, 0, 15);
    descriptor->type = field(raw, 40, 43);
    descriptor->s = field(raw, 44, 44);
    descriptor->dpl = field(raw, 45, 46);
    descriptor->present = field(raw, 47, 47);
    descriptor->big = field(raw, 54, 54);
    descriptor->granular = field(raw, 55, 55);
    if (descriptor->granular)
        descriptor->limit = (descriptor->limit << 12) + 0xFFF;
    return SEG_OK;
}

static int load_data(struct seg_descriptor *d, uint32_t cpl, uint32_t rpl)
{
    if (!d->s)
        return SEG_WRONG_TYPE;
    if ((d->type & SEG_TYPE_CODE) && !(d->type & SEG_TYPE_READABLE))
        return SEG_WRONG_TYPE;
    if ((d->type & SEG_TYPE_CODE) && (d->type & SEG_TYPE_CONFORMING))
        return SEG_OK;
    if (d->dpl < cpl || d->dpl < rpl)
        return SEG_PRIVILEGE;
    return SEG_OK;
}

static int load_stack(struct seg_descriptor *d, uint32_t cpl, uint32_t rpl)
{
    if (!d->s || (d->type & SEG_TYPE_CODE) || !(d->type & SEG_TYPE_WRITABLE))
        return SEG_WRONG_TYPE;
    if (d->dpl != cpl || rpl != cpl)
        return SEG_PRIVILEGE;
    return SEG_OK;
}

static int load_code(struct seg_descriptor *d, uint32_t cpl, uint32_t rpl)
{
    if (!d->s || !(d->type & SEG_TYPE_CODE))
        return SEG_WRONG_TYPE;
    if (d->type & SEG_TYPE_CONFORMING)
        return d->dpl > cpl ? SEG_PRIVILEGE : SEG_OK;
    if (d->dpl != cpl || rpl > cpl)
        return SEG_PRIVILEGE;
    return SEG_OK;
}

int seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector, struct mach_fault *fault)
{
    if (cpu == NULL || fault == NULL || reg >= SEG_REG_COUNT)
        return SEG_BAD_ARGUMENT;

    // work on a copy on the heap, so that a failed load changes nothing
    struct seg_register *copy = malloc(sizeof *copy);
    if (copy == NULL)
        abort();
    *copy = cpu->reg[reg];

    uint32_t vector = FAULT_GP;
    int status = SEG_OK;
    uint32_t rpl = selector & 3;

    copy->selector = selector;
    copy->usable = 0;
    if ((selector & ~3) == 0) {
        if (reg == SEG_CS || reg == SEG_SS)
            status = SEG_NULL;
    } else {
        struct seg_table table = (selector & 4) ? cpu->ldt : cpu->gdt;
        uint32_t at = (uint32_t)(selector >> 3) << 3;
        if (at + 7 > table.limit) {
            status = SEG_TABLE_LIMIT;
        } else {
            uint64_t pa = (uint64_t)table.base + at;
            uint64_t raw = phys_read64(cpu->mach, pa);
            seg_decode(raw, &copy->copy);
            if (reg == SEG_SS)
                status = load_stack(&copy->copy, cpu->cpl, rpl);
            else if (reg == SEG_CS)
                status = load_code(&copy->copy, cpu->cpl, rpl);
            else
                status = load_data(&copy->copy, cpu->cpl, rpl);
            if (status == SEG_OK && !copy->copy.present) {
                status = SEG_NOT_PRESENT;
                vector = reg == SEG_SS ? FAULT_SS : FAULT_NP;
            }
            if (status == SEG_OK) {
                copy->usable = 1;
                copy->copy.type |= SEG_TYPE_ACCESSED;
                if (reg == SEG_CS)
                    copy->selector = (uint32_t)(selector & ~3) | cpu->cpl;
                phys_write8(cpu->mach, pa + 5, (uint8_t)(raw >> 40 & 0xFF) | 1);
            }
        }
    }

    if (status != SEG_OK) {
        fault->vector = vector;
        fault->error_code = (uint32_t)selector & 0xFFFC;
        fault->address = 0;
        return status;
    }
    cpu->reg[reg] = *copy;
    free(copy);
    return SEG_OK;
}

int seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset, uint32_t size,
                  enum seg_access access, struct seg_result *result)
{
    if (cpu == NULL || result == NULL || reg >= SEG_REG_COUNT || size == 0 || access > SEG_EXECUTE)
        return SEG_BAD_ARGUMENT;

    struct seg_register *r = &cpu->reg[reg];
    uint32_t type = r->copy.type;
    int status = SEG_OK;

    if (!r->usable) {
        status = SEG_NULL;
    } else if (type & SEG_TYPE_CODE) {
        if (access == SEG_WRITE)
            status = SEG_RIGHTS;
        if (access == SEG_READ && !(type & SEG_TYPE_READABLE))
            status = SEG_RIGHTS;
    } else {
        if (access == SEG_EXECUTE)
            status = SEG_RIGHTS;
        if (access == SEG_WRITE && !(type & SEG_TYPE_WRITABLE))
            status = SEG_RIGHTS;
    }

    if (status == SEG_OK) {
        uint64_t low = 0, high = r->copy.limit, end = (uint64_t)offset + size - 1;
        if (!(type & SEG_TYPE_CODE) && (type & SEG_TYPE_EXPAND_DOWN)) {
            low = high + 1;
            high = r->copy.big ? 0xFFFFFFFF : 0xFFFF;
        }
        if (offset < low || end > high)
            status = SEG_LIMIT;
    }

    if (status == SEG_OK) {
        result->linear = r->copy.base + offset;
    } else {
        result->fault.vector = reg == SEG_SS ? FAULT_SS : FAULT_GP;
        result->fault.error_code = 0;
        result->fault.address = 0;
    }
    return status;
}

// ---- placement: list of segments in address order --------------------------

struct segment {
    uint64_t base;
    uint64_t bytes;
    struct segment *next;
};

struct place {
    uint64_t bytes;
    struct segment *first;
};

struct place *place_create(uint64_t bytes)
{
    if (bytes == 0) {
        errno = EINVAL;
        return NULL;
    }
    struct place *p = malloc(sizeof *p);
    if (p == NULL)
        return NULL;
    p->bytes = bytes;
    p->first = NULL;
    return p;
}

int place_destroy(struct place *p)
{
    if (p == NULL)
        return PLACE_BAD_ARGUMENT;
    free(p);
    return PLACE_OK;
}

int place_alloc(struct place *p, enum place_fit fit, uint64_t bytes, uint64_t *base)
{
    if (p == NULL || base == NULL || bytes == 0 || fit > PLACE_WORST_FIT)
        return PLACE_BAD_ARGUMENT;

    struct segment **link = &p->first, **best = NULL;
    uint64_t best_hole = 0, best_base = 0, end = 0;
    for (;;) {
        uint64_t hole = (*link ? (*link)->base : p->bytes) - end;
        if (hole >= bytes) {
            if (best == NULL || (fit == PLACE_BEST_FIT && hole < best_hole) ||
                (fit == PLACE_WORST_FIT && hole > best_hole)) {
                best = link;
                best_hole = hole;
                best_base = end;
            }
        }
        if (*link == NULL)
            break;
        end = (*link)->base + (*link)->bytes;
        link = &(*link)->next;
    }
    if (best == NULL)
        return PLACE_NO_SPACE;

    struct segment *s = malloc(sizeof *s);
    if (s == NULL)
        return PLACE_NO_MEMORY;
    s->base = best_base;
    s->bytes = bytes;
    s->next = *best;
    *best = s;
    *base = best_base;
    return PLACE_OK;
}

int place_free(struct place *p, uint64_t base)
{
    if (p == NULL)
        return PLACE_BAD_ARGUMENT;
    for (struct segment **link = &p->first; *link != NULL; link = &(*link)->next) {
        if ((*link)->base == base) {
            *link = (*link)->next;
            return PLACE_OK;
        }
    }
    return PLACE_NO_SEGMENT;
}

int place_stat(struct place *p, struct place_stat *stat)
{
    if (p == NULL || stat == NULL)
        return PLACE_BAD_ARGUMENT;
    struct place_stat s = {0, 0, 0, 0};
    uint64_t end = 0;
    for (struct segment *seg = p->first;; seg = seg->next) {
        uint64_t hole = (seg ? seg->base : p->bytes) - end;
        if (hole > 0) {
            s.hole_count++;
            s.free_bytes += hole;
            if (hole > s.largest_hole_bytes)
                s.largest_hole_bytes = hole;
        }
        if (seg == NULL)
            break;
        s.segment_count++;
        end = seg->base + seg->bytes;
    }
    *stat = s;
    return PLACE_OK;
}

int place_compact(struct place *p, struct mach *mach, uint64_t *moved)
{
    if (p == NULL || mach == NULL || moved == NULL)
        return PLACE_BAD_ARGUMENT;
    uint64_t end = 0, sum = 0;
    for (struct segment *s = p->first; s != NULL; s = s->next) {
        if (s->base > end) {
            phys_move(mach, end, s->base, s->bytes);
            s->base = end;
            sum += s->bytes;
        }
        end += s->bytes;
    }
    *moved = sum;
    return PLACE_OK;
}
