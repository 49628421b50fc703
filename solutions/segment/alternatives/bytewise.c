/*
 * bytewise.c - the plainest module: a byte after the other.
 *
 * A descriptor is an array of eight bytes, an access is looked at in its first
 * and last byte by one question ("does this byte exist?"), and a region is a
 * tree: each node splits its range in two where a segment begins.  Nothing is
 * merged ever; holes are found by walking the tree in order.
 */
#include "segment/segment.h"

#include <errno.h>
#include <stdlib.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    unsigned char b[8];
    if (descriptor == NULL)
        return SEG_BAD_ARGUMENT;
    for (int i = 0; i < 8; i++, raw /= 256)
        b[i] = (unsigned char)(raw % 256);
    descriptor->base = b[2] + b[3] * 256u + b[4] * 65536u + b[7] * 16777216u;
    descriptor->limit = b[0] + b[1] * 256u + b[6] % 16 * 65536u;
    descriptor->granular = b[6] / 128;
    descriptor->big = b[6] / 64 % 2;
    descriptor->present = b[5] / 128;
    descriptor->dpl = b[5] / 32 % 4;
    descriptor->s = b[5] / 16 % 2;
    descriptor->type = b[5] % 16;
    if (descriptor->granular == 1) {
        descriptor->limit *= 4096;
        descriptor->limit += 4095;
    }
    return SEG_OK;
}

static int
load_data(struct seg_descriptor d, unsigned cpl, unsigned rpl)
{
    if (d.s == 0 || d.type == 8 || d.type == 9 || d.type == 12 || d.type == 13)
        return SEG_WRONG_TYPE;
    if (d.type >= 14)
        return SEG_OK;
    if (cpl > d.dpl)
        return SEG_PRIVILEGE;
    if (rpl > d.dpl)
        return SEG_PRIVILEGE;
    return SEG_OK;
}

static int
load_stack(struct seg_descriptor d, unsigned cpl, unsigned rpl)
{
    if (d.s == 0 || (d.type / 2 != 1 && d.type / 2 != 3))
        return SEG_WRONG_TYPE;
    return cpl == rpl && rpl == d.dpl ? SEG_OK : SEG_PRIVILEGE;
}

static int
load_code(struct seg_descriptor d, unsigned cpl, unsigned rpl)
{
    if (d.s == 0 || d.type < 8)
        return SEG_WRONG_TYPE;
    if (d.type >= 12)
        return d.dpl > cpl ? SEG_PRIVILEGE : SEG_OK;
    return d.dpl != cpl || rpl > cpl ? SEG_PRIVILEGE : SEG_OK;
}

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    struct mach_fault f = {FAULT_GP, selector / 4 * 4u, 0};
    struct seg_descriptor d;
    int status;
    uint32_t at, limit;
    if (cpu == NULL || fault == NULL || reg > SEG_GS)
        return SEG_BAD_ARGUMENT;
    if (selector <= 3) {
        if (reg != SEG_CS && reg != SEG_SS) {
            cpu->reg[reg].selector = selector;
            cpu->reg[reg].usable = 0;
            return SEG_OK;
        }
        *fault = f;
        return SEG_NULL;
    }
    at = selector & 4 ? cpu->ldt.base : cpu->gdt.base;
    limit = selector & 4 ? cpu->ldt.limit : cpu->gdt.limit;
    if (limit < 7 || selector / 8 * 8u > limit - 7) {
        *fault = f;
        return SEG_TABLE_LIMIT;
    }
    at += selector / 8 * 8u;
    seg_decode(phys_read64(cpu->mach, at), &d);
    if (reg == SEG_CS)
        status = load_code(d, cpu->cpl, selector % 4);
    else if (reg == SEG_SS)
        status = load_stack(d, cpu->cpl, selector % 4);
    else
        status = load_data(d, cpu->cpl, selector % 4);
    if (status == SEG_OK && d.present == 0) {
        f.vector = reg == SEG_SS ? FAULT_SS : FAULT_NP;
        status = SEG_NOT_PRESENT;
    }
    if (status != SEG_OK) {
        *fault = f;
        return status;
    }
    if (d.type % 2 == 0) {
        d.type++;
        phys_write8(
            cpu->mach, at + 5,
            (uint8_t)(d.present * 128 + d.dpl * 32 + d.s * 16 + d.type));
    }
    cpu->reg[reg].copy = d;
    cpu->reg[reg].usable = 1;
    cpu->reg[reg].selector = selector;
    if (reg == SEG_CS)
        cpu->reg[reg].selector = selector / 4 * 4u + cpu->cpl;
    return SEG_OK;
}

static int
exists(const struct seg_descriptor *d, uint64_t byte)
{
    if (byte > UINT32_MAX)
        return 0;
    switch (d->type) {
    case 4:
    case 5:
    case 6:
    case 7:
        return d->limit < byte && (d->big || byte <= UINT16_MAX);
    default:
        return d->limit >= byte;
    }
}

int
seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset,
              uint32_t size, enum seg_access access, struct seg_result *result)
{
    int status = SEG_OK;
    if (cpu == NULL || result == NULL || size == 0 || reg > SEG_GS ||
        access > SEG_EXECUTE)
        return SEG_BAD_ARGUMENT;
    const struct seg_descriptor *d = &cpu->reg[reg].copy;
    if (!exists(d, offset) || !exists(d, (uint64_t)offset + size - 1))
        status = SEG_LIMIT;
    if (access == SEG_EXECUTE && d->type < 8)
        status = SEG_RIGHTS;
    if (access == SEG_READ && d->type >= 8 && d->type % 4 < 2)
        status = SEG_RIGHTS;
    if (access == SEG_WRITE && (d->type >= 8 || d->type % 4 < 2))
        status = SEG_RIGHTS;
    if (cpu->reg[reg].usable == 0)
        status = SEG_NULL;
    if (status == SEG_OK)
        result->linear = d->base + offset;
    else
        result->fault =
            (struct mach_fault){.vector = reg != SEG_SS ? FAULT_GP : FAULT_SS};
    return status;
}

/* ---- Placement: a tree of segments by address ---------------------------- */

struct node {
    uint64_t base, bytes;
    struct node *low, *high;
};

struct place {
    struct node *root;
    uint64_t bytes;
};

struct place *
place_create(uint64_t bytes)
{
    struct place *place;
    if (bytes == 0) {
        errno = EINVAL;
        return NULL;
    }
    place = malloc(sizeof *place);
    if (place != NULL) {
        place->root = NULL;
        place->bytes = bytes;
    }
    return place;
}

static void
cut_down(struct node *n)
{
    if (n != NULL) {
        cut_down(n->low);
        cut_down(n->high);
        free(n);
    }
}

int
place_destroy(struct place *place)
{
    if (place == NULL)
        return PLACE_BAD_ARGUMENT;
    cut_down(place->root);
    free(place);
    return PLACE_OK;
}

/* What a walk in address order gathers. */
struct walk {
    uint64_t end; /* of the segment before                */
    struct place_stat stat;
    enum place_fit fit; /* the hole to look for, of at least    */
    uint64_t want;      /* so many bytes                        */
    uint64_t best, best_bytes;
};

static void
see_hole(struct walk *w, uint64_t until)
{
    const uint64_t bytes = until - w->end;
    if (bytes == 0)
        return;
    w->stat.hole_count++;
    w->stat.free_bytes += bytes;
    if (bytes > w->stat.largest_hole_bytes)
        w->stat.largest_hole_bytes = bytes;
    if (bytes < w->want)
        return;
    if (w->best_bytes == 0 ||
        (w->fit == PLACE_BEST_FIT && bytes < w->best_bytes) ||
        (w->fit == PLACE_WORST_FIT && bytes > w->best_bytes)) {
        w->best = w->end;
        w->best_bytes = bytes;
    }
}

static void
walk(const struct node *n, struct walk *w)
{
    if (n == NULL)
        return;
    walk(n->low, w);
    see_hole(w, n->base);
    w->end = n->base + n->bytes;
    w->stat.segment_count++;
    walk(n->high, w);
}

static struct walk
look(const struct place *place, enum place_fit fit, uint64_t want)
{
    struct walk w = {.fit = fit, .want = want};
    walk(place->root, &w);
    see_hole(&w, place->bytes);
    return w;
}

static struct node **
where(struct node **n, uint64_t base)
{
    while (*n != NULL && (*n)->base != base)
        n = base < (*n)->base ? &(*n)->low : &(*n)->high;
    return n;
}

int
place_alloc(struct place *place, enum place_fit fit, uint64_t bytes,
            uint64_t *base)
{
    if (place == NULL || base == NULL || bytes == 0 || fit > PLACE_WORST_FIT)
        return PLACE_BAD_ARGUMENT;
    const struct walk w = look(place, fit, bytes);
    if (w.best_bytes == 0)
        return PLACE_NO_SPACE;
    struct node *n = calloc(1, sizeof *n);
    if (n == NULL)
        return PLACE_NO_MEMORY;
    n->base = w.best;
    n->bytes = bytes;
    *where(&place->root, n->base) = n;
    *base = n->base;
    return PLACE_OK;
}

int
place_free(struct place *place, uint64_t base)
{
    if (place == NULL)
        return PLACE_BAD_ARGUMENT;
    struct node **link = where(&place->root, base);
    struct node *gone = *link;
    if (gone == NULL)
        return PLACE_NO_SEGMENT;
    /* The upper half goes below the highest node of the lower half. */
    struct node **top = &gone->low;
    while (*top != NULL)
        top = &(*top)->high;
    *top = gone->high;
    *link = gone->low;
    free(gone);
    return PLACE_OK;
}

int
place_stat(struct place *place, struct place_stat *stat)
{
    if (place == NULL || stat == NULL)
        return PLACE_BAD_ARGUMENT;
    *stat = look(place, PLACE_FIRST_FIT, 1).stat;
    return PLACE_OK;
}

static void
slide(struct node *n, struct mach *mach, uint64_t *end, uint64_t *moved)
{
    if (n == NULL)
        return;
    slide(n->low, mach, end, moved);
    if (n->base > *end) {
        phys_move(mach, *end, n->base, n->bytes);
        n->base = *end;
        *moved += n->bytes;
    }
    *end += n->bytes;
    slide(n->high, mach, end, moved);
}

int
place_compact(struct place *place, struct mach *mach, uint64_t *moved)
{
    if (place == NULL || mach == NULL || moved == NULL)
        return PLACE_BAD_ARGUMENT;
    uint64_t end = 0, sum = 0;
    slide(place->root, mach, &end, &sum);
    *moved = sum;
    return PLACE_OK;
}
