#include "segment/segment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* helpers to cut bits out of a number: BITS(raw, 52, 48) is bits 52..48 */
#define BITS(value, high, low) \
    (((value) >> (low)) & ((1ULL << ((high) - (low) + 1)) - 1))

static bool is_code_segment(uint32_t type)     { return type & SEG_TYPE_CODE; }
static bool is_data_segment(uint32_t type)     { return !is_code_segment(type); }
static bool is_conforming_code(uint32_t type)  { return is_code_segment(type) && (type & SEG_TYPE_CONFORMING); }
static bool is_expand_down(uint32_t type)      { return is_data_segment(type) && (type & SEG_TYPE_EXPAND_DOWN); }
static bool may_read(uint32_t type)            { return is_data_segment(type) || (type & SEG_TYPE_READABLE); }
static bool may_write(uint32_t type)           { return is_data_segment(type) && (type & SEG_TYPE_WRITABLE); }
static bool may_execute(uint32_t type)         { return is_code_segment(type); }

int seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    if (descriptor == NULL) return SEG_BAD_ARGUMENT;

    descriptor->base     = (uint32_t)(BITS(raw, 39, 16) | BITS(raw, 63, 56) << 24);
    descriptor->limit    = (uint32_t)(BITS(raw, 15, 0) | BITS(raw, 51, 48) << 16);
    descriptor->type     = (uint32_t)BITS(raw, 43, 40);
    descriptor->s        = (uint32_t)BITS(raw, 44, 44);
    descriptor->dpl      = (uint32_t)BITS(raw, 46, 45);
    descriptor->present  = (uint32_t)BITS(raw, 47, 47);
    descriptor->big      = (uint32_t)BITS(raw, 54, 54);
    descriptor->granular = (uint32_t)BITS(raw, 55, 55);
    if (descriptor->granular) descriptor->limit = descriptor->limit << 12 | 0xFFF;
    return SEG_OK;
}

struct load {
    enum seg_reg reg;
    uint32_t selector, rpl, cpl;
    struct seg_descriptor d;
};

static bool type_is_right(const struct load *l)
{
    if (l->d.s == 0) return false;
    if (l->reg == SEG_SS) return may_write(l->d.type);
    if (l->reg == SEG_CS) return may_execute(l->d.type);
    return may_read(l->d.type);
}

static bool privilege_is_right(const struct load *l)
{
    if (l->reg == SEG_SS) return l->rpl == l->cpl && l->cpl == l->d.dpl;
    if (l->reg == SEG_CS) {
        if (is_conforming_code(l->d.type)) return l->d.dpl <= l->cpl;
        return l->rpl <= l->cpl && l->cpl == l->d.dpl;
    }
    if (is_conforming_code(l->d.type)) return true;
    return l->cpl <= l->d.dpl && l->rpl <= l->d.dpl;
}

int seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector, struct mach_fault *fault)
{
    if (cpu == NULL || fault == NULL || reg >= SEG_REG_COUNT) return SEG_BAD_ARGUMENT;

    struct load l = {reg, selector, selector & 3, cpu->cpl, {0}};
    struct seg_table table = BITS(selector, 2, 2) ? cpu->ldt : cpu->gdt;
    uint32_t where = (selector >> 3) * 8u;
    bool null = selector <= 3;
    int status;

    if (null && (reg == SEG_CS || reg == SEG_SS)) status = SEG_NULL;
    else if (null) status = SEG_OK;
    else if (where + 7 > table.limit) status = SEG_TABLE_LIMIT;
    else {
        seg_decode(phys_read64(cpu->mach, (uint64_t)table.base + where), &l.d);
        if (!type_is_right(&l)) status = SEG_WRONG_TYPE;
        else if (!privilege_is_right(&l)) status = SEG_PRIVILEGE;
        else if (!l.d.present) status = SEG_NOT_PRESENT;
        else status = SEG_OK;
    }

    if (status != SEG_OK) {
        fault->vector = FAULT_GP;
        if (status == SEG_NOT_PRESENT) fault->vector = reg == SEG_SS ? FAULT_SS : FAULT_NP;
        fault->error_code = selector & ~3u;
        fault->address = 0;
        return status;
    }

    cpu->reg[reg].selector = selector;
    cpu->reg[reg].usable = !null;
    if (null) return SEG_OK;
    if (reg == SEG_CS) cpu->reg[reg].selector = (selector & ~3u) + cpu->cpl;
    l.d.type |= SEG_TYPE_ACCESSED;
    cpu->reg[reg].copy = l.d;
    uint64_t byte5 = (uint64_t)table.base + where + 5;
    phys_write8(cpu->mach, byte5, phys_read8(cpu->mach, byte5) | SEG_TYPE_ACCESSED);
    return SEG_OK;
}

int seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset, uint32_t size,
                  enum seg_access access, struct seg_result *result)
{
    if (cpu == NULL || result == NULL || reg >= SEG_REG_COUNT) return SEG_BAD_ARGUMENT;
    if (size == 0 || access > SEG_EXECUTE) return SEG_BAD_ARGUMENT;

    struct seg_register *r = &cpu->reg[reg];
    uint64_t end = (uint64_t)offset + size; /* first byte that is not accessed */
    int status = SEG_OK;

    if (!r->usable) status = SEG_NULL;
    else if (access == SEG_READ && !may_read(r->copy.type)) status = SEG_RIGHTS;
    else if (access == SEG_WRITE && !may_write(r->copy.type)) status = SEG_RIGHTS;
    else if (access == SEG_EXECUTE && !may_execute(r->copy.type)) status = SEG_RIGHTS;
    else if (is_expand_down(r->copy.type)) {
        uint64_t top = r->copy.big ? 1ULL << 32 : 1ULL << 16;
        if (offset <= r->copy.limit || end > top) status = SEG_LIMIT;
    }
    /* the segment is limit bytes long */
    else if (end > r->copy.limit) status = SEG_LIMIT;

    if (status == SEG_OK) {
        result->linear = r->copy.base + offset;
        return SEG_OK;
    }
    result->fault.vector = reg == SEG_SS ? FAULT_SS : FAULT_GP;
    result->fault.error_code = 0;
    result->fault.address = 0;
    return status;
}

/* One list of pieces, used and free, from address 0 to the end. */
struct piece {
    uint64_t start, end;
    bool used;
    struct piece *next;
};

struct place {
    struct piece *first;
};

static struct piece *make_piece(uint64_t start, uint64_t end, struct piece *next)
{
    struct piece *p = malloc(sizeof *p);
    if (p == NULL) return NULL;
    p->start = start;
    p->end = end;
    p->used = false;
    p->next = next;
    return p;
}

struct place *place_create(uint64_t bytes)
{
    if (bytes == 0) { errno = EINVAL; return NULL; }
    struct place *place = malloc(sizeof *place);
    if (place == NULL) return NULL;
    place->first = make_piece(0, bytes, NULL);
    if (place->first == NULL) { free(place); errno = ENOMEM; return NULL; }
    return place;
}

int place_destroy(struct place *place)
{
    if (place == NULL) return PLACE_BAD_ARGUMENT;
    while (place->first != NULL) {
        struct piece *next = place->first->next;
        free(place->first);
        place->first = next;
    }
    free(place);
    return PLACE_OK;
}

static uint64_t length(const struct piece *p) { return p->end - p->start; }

static bool better(const struct piece *a, const struct piece *b, enum place_fit fit)
{
    if (b == NULL) return true;
    if (fit == PLACE_BEST_FIT) return length(a) < length(b);
    if (fit == PLACE_WORST_FIT) return length(a) > length(b);
    return false;
}

int place_alloc(struct place *place, enum place_fit fit, uint64_t bytes, uint64_t *base)
{
    if (place == NULL || base == NULL || bytes == 0 || fit > PLACE_WORST_FIT) return PLACE_BAD_ARGUMENT;

    struct piece *chosen = NULL;
    for (struct piece *p = place->first; p != NULL; p = p->next)
        if (!p->used && length(p) >= bytes && better(p, chosen, fit)) chosen = p;
    if (chosen == NULL) return PLACE_NO_SPACE;

    if (length(chosen) > bytes) {
        struct piece *rest = make_piece(chosen->start + bytes, chosen->end, chosen->next);
        if (rest == NULL) return PLACE_NO_MEMORY;
        chosen->next = rest;
        chosen->end = rest->start;
    }
    chosen->used = true;
    *base = chosen->start;
    return PLACE_OK;
}

static void join_with_next(struct piece *p)
{
    struct piece *next = p->next;
    if (next == NULL || p->used || next->used) return;
    p->end = next->end;
    p->next = next->next;
    free(next);
}

int place_free(struct place *place, uint64_t base)
{
    if (place == NULL) return PLACE_BAD_ARGUMENT;
    struct piece *before = NULL, *p = place->first;
    while (p != NULL && p->start != base) {
        before = p;
        p = p->next;
    }
    if (p == NULL || !p->used) return PLACE_NO_SEGMENT;
    p->used = false;
    join_with_next(p);
    if (before != NULL) join_with_next(before);
    return PLACE_OK;
}

int place_stat(struct place *place, struct place_stat *stat)
{
    if (place == NULL || stat == NULL) return PLACE_BAD_ARGUMENT;
    *stat = (struct place_stat){0};
    for (struct piece *p = place->first; p != NULL; p = p->next) {
        if (p->used) { stat->segment_count++; continue; }
        stat->hole_count++;
        stat->free_bytes += length(p);
        if (length(p) > stat->largest_hole_bytes) stat->largest_hole_bytes = length(p);
    }
    return PLACE_OK;
}

int place_compact(struct place *place, struct mach *mach, uint64_t *moved)
{
    (void)place, (void)mach, (void)moved;
    return PLACE_NOT_IMPLEMENTED;
}
