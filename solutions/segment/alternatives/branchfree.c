/*
 * branchfree.c - decisions as arithmetic, and two lists: segments and holes.
 *
 * Every check becomes a bit at the place of its status; the lowest bit that is
 * set is the answer, which is what "the first that applies" means.
 */
#include "segment/segment.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* The lowest set bit, as a status: bit 0 is always set last, as SEG_OK. */
static int
first_status(uint32_t failed)
{
    for (int status = 1; status < 32; status++)
        if (failed >> status & 1)
            return status;
    return SEG_OK;
}

static uint32_t
when(uint32_t condition, enum seg_status status)
{
    return (uint32_t)(condition != 0) << status;
}

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    if (descriptor == NULL)
        return SEG_BAD_ARGUMENT;
    const uint32_t low = (uint32_t)raw, high = (uint32_t)(raw >> 32);
    const uint32_t g = high >> 23 & 1;
    descriptor->base = (high & 0xFF000000) | (high & 0xFF) << 16 | low >> 16;
    descriptor->limit =
        ((high & 0xF0000) | (low & 0xFFFF)) << 12 * g | 0xFFF * g;
    descriptor->type = high >> 8 & 0xF;
    descriptor->s = high >> 12 & 1;
    descriptor->dpl = high >> 13 & 3;
    descriptor->present = high >> 15 & 1;
    descriptor->big = high >> 22 & 1;
    descriptor->granular = g;
    return SEG_OK;
}

/* Sets of types, a bit for each. */
enum {
    CODE = 0xFF00,
    CONFORMING = 0xF000,
    READABLE = 0xCCFF,
    WRITABLE = 0x00CC,
    EXPAND_DOWN = 0x00F0,
};

static uint32_t
in(uint32_t type, uint32_t set)
{
    return set >> type & 1;
}

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    if (cpu == NULL || fault == NULL || reg > SEG_GS)
        return SEG_BAD_ARGUMENT;
    const uint32_t cs = reg == SEG_CS, ss = reg == SEG_SS;
    const uint32_t cpl = cpu->cpl, rpl = selector & 3;
    const struct seg_table *table = (&cpu->gdt) + (selector >> 2 & 1);
    const uint64_t pa = (uint64_t)table->base + (selector & 0xFFF8);
    const uint32_t null = selector < 4;
    uint32_t failed =
        when(null && (cs || ss), SEG_NULL) |
        when(!null && (selector | 7u) > table->limit, SEG_TABLE_LIMIT);
    struct seg_descriptor d = {0};
    if (!null && !failed) {
        seg_decode(phys_read64(cpu->mach, pa), &d);
        const uint32_t set = cs ? CODE : ss ? WRITABLE : READABLE;
        const uint32_t conforming = in(d.type, CONFORMING);
        const uint32_t levels =
            cs   ? (conforming ? d.dpl <= cpl : rpl <= cpl && d.dpl == cpl)
            : ss ? rpl == cpl && d.dpl == cpl
                 : conforming || (cpl <= d.dpl && rpl <= d.dpl);
        failed = when(!(d.s & in(d.type, set)), SEG_WRONG_TYPE) |
                 when(!levels, SEG_PRIVILEGE) |
                 when(!d.present, SEG_NOT_PRESENT);
    }
    const int status = first_status(failed);
    if (status != SEG_OK) {
        const uint32_t absent = status == SEG_NOT_PRESENT;
        fault->vector = FAULT_GP - absent * (FAULT_GP - FAULT_NP) + absent * ss;
        fault->error_code = selector - rpl;
        fault->address = 0;
        return status;
    }
    struct seg_register *r = &cpu->reg[reg];
    r->selector = selector + cs * (cpl - rpl);
    r->usable = !null;
    if (!null) {
        phys_write8(cpu->mach, pa + 5,
                    phys_read8(cpu->mach, pa + 5) | SEG_TYPE_ACCESSED);
        d.type |= SEG_TYPE_ACCESSED;
        r->copy = d;
    }
    return SEG_OK;
}

int
seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset,
              uint32_t size, enum seg_access access, struct seg_result *result)
{
    static const uint32_t set[] = {READABLE, WRITABLE, CODE};
    if (cpu == NULL || result == NULL || reg > SEG_GS || size < 1 ||
        access > SEG_EXECUTE)
        return SEG_BAD_ARGUMENT;
    const struct seg_register *r = &cpu->reg[reg];
    const struct seg_descriptor *d = &r->copy;
    const uint64_t last = offset + (uint64_t)(size - 1);
    const uint32_t down = in(d->type & 15, EXPAND_DOWN);
    const uint64_t top = 0xFFFF | (uint64_t)d->big * 0xFFFF0000u;
    const uint32_t outside =
        down ? offset <= d->limit || last > top : last > d->limit;
    const int status =
        first_status(when(!r->usable, SEG_NULL) |
                     when(!in(d->type & 15, set[access]), SEG_RIGHTS) |
                     when(outside || last >> 32, SEG_LIMIT));
    if (status != SEG_OK)
        result->fault =
            (struct mach_fault){FAULT_GP - (reg == SEG_SS), 0, 0};
    else
        result->linear = offset + d->base;
    return status;
}

/* ---- Placement: two lists in address order ------------------------------- */

struct range {
    uint64_t base, end;
    struct range *next;
};

struct place {
    struct range *holes, *segments;
};

/* The link at which a range with that base stands or would stand. */
static struct range **
position(struct range **list, uint64_t base)
{
    while (*list != NULL && (*list)->base < base)
        list = &(*list)->next;
    return list;
}

static struct range *
take_out(struct range **link)
{
    struct range *r = *link;
    *link = r->next;
    return r;
}

static void
put_in(struct range **list, struct range *r)
{
    struct range **link = position(list, r->base);
    r->next = *link;
    *link = r;
}

static void
free_list(struct range *list)
{
    if (list == NULL)
        return;
    struct range *next = list->next;
    free(list);
    free_list(next);
}

struct place *
place_create(uint64_t bytes)
{
    struct place *place = NULL;
    struct range *all = NULL;
    if (bytes == 0)
        errno = EINVAL;
    else if ((place = malloc(sizeof *place)) != NULL &&
             (all = malloc(sizeof *all)) != NULL) {
        *all = (struct range){0, bytes, NULL};
        *place = (struct place){all, NULL};
        return place;
    }
    free(place);
    return NULL;
}

int
place_destroy(struct place *place)
{
    if (place == NULL)
        return PLACE_BAD_ARGUMENT;
    free_list(place->holes);
    free_list(place->segments);
    free(place);
    return PLACE_OK;
}

/* How well a hole suits; the larger the better, 0: not at all. */
static uint64_t
merit(const struct range *hole, enum place_fit fit, uint64_t bytes)
{
    const uint64_t size = hole->end - hole->base;
    if (size < bytes)
        return 0;
    if (fit == PLACE_FIRST_FIT)
        return 1;
    return fit == PLACE_WORST_FIT ? size : UINT64_MAX - size + 1;
}

int
place_alloc(struct place *place, enum place_fit fit, uint64_t bytes,
            uint64_t *base)
{
    if (place == NULL || base == NULL || bytes == 0 || fit > PLACE_WORST_FIT)
        return PLACE_BAD_ARGUMENT;
    struct range **best = NULL;
    uint64_t best_merit = 0;
    for (struct range **h = &place->holes; *h != NULL; h = &(*h)->next)
        if (merit(*h, fit, bytes) > best_merit) {
            best_merit = merit(*h, fit, bytes);
            best = h;
        }
    if (best == NULL)
        return PLACE_NO_SPACE;
    struct range *segment = malloc(sizeof *segment);
    if (segment == NULL)
        return PLACE_NO_MEMORY;
    segment->base = (*best)->base;
    segment->end = (*best)->base += bytes;
    if ((*best)->base == (*best)->end)
        free(take_out(best));
    put_in(&place->segments, segment);
    *base = segment->base;
    return PLACE_OK;
}

int
place_free(struct place *place, uint64_t base)
{
    if (place == NULL)
        return PLACE_BAD_ARGUMENT;
    struct range **link = position(&place->segments, base);
    if (*link == NULL || (*link)->base != base)
        return PLACE_NO_SEGMENT;
    struct range *hole = take_out(link);
    put_in(&place->holes, hole);
    for (struct range *h = place->holes; h->next != NULL;)
        if (h->end == h->next->base) {
            h->end = h->next->end;
            free(take_out(&h->next));
        } else
            h = h->next;
    return PLACE_OK;
}

int
place_stat(struct place *place, struct place_stat *stat)
{
    if (place == NULL || stat == NULL)
        return PLACE_BAD_ARGUMENT;
    *stat = (struct place_stat){0, 0, 0, 0};
    for (const struct range *h = place->holes; h != NULL; h = h->next) {
        const uint64_t bytes = h->end - h->base;
        assert(bytes > 0);
        stat->hole_count++;
        stat->free_bytes += bytes;
        if (stat->largest_hole_bytes < bytes)
            stat->largest_hole_bytes = bytes;
    }
    for (const struct range *s = place->segments; s != NULL; s = s->next)
        stat->segment_count++;
    return PLACE_OK;
}

int
place_compact(struct place *place, struct mach *mach, uint64_t *moved)
{
    if (place == NULL || mach == NULL || moved == NULL)
        return PLACE_BAD_ARGUMENT;
    uint64_t end = 0, gap = 0;
    *moved = 0;
    for (struct range *s = place->segments; s != NULL; s = s->next) {
        const uint64_t bytes = s->end - s->base;
        if (s->base != end) {
            phys_move(mach, end, s->base, bytes);
            *moved += bytes;
        }
        s->base = end;
        end = s->end = end + bytes;
    }
    while (place->holes != NULL && place->holes->next != NULL) {
        gap += place->holes->end - place->holes->base;
        free(take_out(&place->holes));
    }
    if (place->holes != NULL) {
        gap += place->holes->end - place->holes->base;
        *place->holes = (struct range){end, end + gap, NULL};
    }
    return PLACE_OK;
}
