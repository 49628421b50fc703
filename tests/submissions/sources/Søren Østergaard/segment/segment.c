/*
 * Segmentation, Søren Østergaard
 *
 * The kinds of segment are numbered once (kindOf) and every rule below is a
 * small table over the kinds.
 */
#include "segment/segment.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum Kind {
    SYSTEM,
    DATA_RO, DATA_RW, DOWN_RO, DOWN_RW,
    CODE_X, CODE_RX, CONF_X, CONF_RX,
    KINDS
};

static enum Kind kindOf(const struct seg_descriptor *d) {
    if (!d->s)
        return SYSTEM;
    return (enum Kind)(DATA_RO + (d->type >> 1));
}

/*                                 SYS ro rw dro drw x  rx cx crx */
static const char R[KINDS]      = {0,  1, 1, 1,  1,  0, 1, 0, 1};
static const char W[KINDS]      = {0,  0, 1, 0,  1,  0, 0, 0, 0};
static const char X[KINDS]      = {0,  0, 0, 0,  0,  1, 1, 1, 1};
static const char DOWN[KINDS]   = {0,  0, 0, 1,  1,  0, 0, 0, 0};
static const char CONF[KINDS]   = {0,  0, 0, 0,  0,  0, 0, 1, 1};

int seg_decode(uint64_t raw, struct seg_descriptor *d) {
    if (!d) return SEG_BAD_ARGUMENT;
    struct {
        uint16_t limit0, base0;
        uint8_t base1, access, flags, base2;
    } in;
    memcpy(&in, &raw, 8);
    d->base = in.base0 + ((uint32_t)in.base1 << 16) + ((uint32_t)in.base2 << 24);
    d->limit = in.limit0 + ((uint32_t)(in.flags & 15) << 16);
    d->type = in.access & 15;
    d->s = in.access >> 4 & 1;
    d->dpl = in.access >> 5 & 3;
    d->present = in.access >> 7;
    d->big = in.flags >> 6 & 1;
    d->granular = in.flags >> 7;
    if (d->granular) d->limit = (d->limit + 1) * 4096 - 1;
    return SEG_OK;
}

static int fail(struct mach_fault *f, uint32_t vector, uint32_t code, int status) {
    struct mach_fault value = {vector, code, 0};
    *f = value;
    return status;
}

int seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector, struct mach_fault *fault) {
    if (!cpu || !fault || reg >= SEG_REG_COUNT) return SEG_BAD_ARGUMENT;

    uint32_t code = selector & 0xFFFCu;
    struct seg_register *r = &cpu->reg[reg];

    if (code == 0) {
        if (reg == SEG_SS || reg == SEG_CS) return fail(fault, FAULT_GP, 0, SEG_NULL);
        r->selector = selector;
        r->usable = 0;
        return SEG_OK;
    }

    const struct seg_table *t = (selector >> 2 & 1) ? &cpu->ldt : &cpu->gdt;
    uint32_t offset = selector & 0xFFF8u;
    if (offset + 8 > (uint64_t)t->limit + 1) return fail(fault, FAULT_GP, code, SEG_TABLE_LIMIT);

    struct seg_descriptor d;
    uint64_t pa = (uint64_t)t->base + offset;
    seg_decode(phys_read64(cpu->mach, pa), &d);
    enum Kind k = kindOf(&d);

    int type = reg == SEG_SS ? W[k] : reg == SEG_CS ? X[k] : R[k];
    if (!type) return fail(fault, FAULT_GP, code, SEG_WRONG_TYPE);

    int allowed;
    if (reg == SEG_SS)
        allowed = d.dpl == cpu->cpl && (selector & 3) == cpu->cpl;
    else if (reg == SEG_CS && CONF[k])
        allowed = d.dpl <= cpu->cpl;
    else if (reg == SEG_CS)
        allowed = d.dpl == cpu->cpl && (selector & 3) <= cpu->cpl;
    else
        allowed = CONF[k] || cpu->cpl <= d.dpl; /* the program's level decides */
    if (!allowed) return fail(fault, FAULT_GP, code, SEG_PRIVILEGE);

    if (!d.present) return fail(fault, reg == SEG_SS ? FAULT_SS : FAULT_NP, code, SEG_NOT_PRESENT);

    if (!(d.type & 1)) {
        d.type |= 1;
        phys_write8(cpu->mach, pa + 5, (uint8_t)(phys_read8(cpu->mach, pa + 5) + 1));
    }
    r->selector = reg == SEG_CS ? code + cpu->cpl : selector;
    r->usable = 1;
    r->copy = d;
    return SEG_OK;
}

int seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset, uint32_t size,
                  enum seg_access access, struct seg_result *result) {
    if (!cpu || !result || reg >= SEG_REG_COUNT || size == 0 || access > SEG_EXECUTE)
        return SEG_BAD_ARGUMENT;
    const struct seg_register *r = &cpu->reg[reg];
    uint32_t vector = reg == SEG_SS ? FAULT_SS : FAULT_GP;
    if (!r->usable) return fail(&result->fault, vector, 0, SEG_NULL);

    enum Kind k = (enum Kind)(DATA_RO + (r->copy.type >> 1));
    const char *table = access == SEG_READ ? R : access == SEG_WRITE ? W : X;
    if (!table[k]) return fail(&result->fault, vector, 0, SEG_RIGHTS);

    uint64_t first = 0, last = r->copy.limit;
    if (DOWN[k]) {
        first = last + 1;
        last = r->copy.big ? UINT32_MAX : UINT16_MAX;
    }
    if (offset < first || offset + (uint64_t)(size - 1) > last)
        return fail(&result->fault, vector, 0, SEG_LIMIT);
    result->linear = r->copy.base + offset;
    return SEG_OK;
}

/* A doubly linked ring of segments; node 0 is the region itself. */
struct Node {
    struct Node *prev, *next;
    uint64_t base, size;
};

struct place {
    struct Node ring; /* base = size = 0 */
    uint64_t bytes;
};

struct place *place_create(uint64_t bytes) {
    if (!bytes) { errno = EINVAL; return NULL; }
    struct place *p = malloc(sizeof *p);
    if (!p) return NULL;
    p->bytes = bytes;
    p->ring.prev = p->ring.next = &p->ring;
    p->ring.base = p->ring.size = 0;
    return p;
}

int place_destroy(struct place *p) {
    if (!p) return PLACE_BAD_ARGUMENT;
    for (struct Node *n = p->ring.next; n != &p->ring;) {
        struct Node *next = n->next;
        free(n);
        n = next;
    }
    free(p);
    return PLACE_OK;
}

static uint64_t gapAfter(const struct place *p, const struct Node *n) {
    uint64_t end = n->next == &p->ring ? p->bytes : n->next->base;
    return end - (n->base + n->size);
}

int place_alloc(struct place *p, enum place_fit fit, uint64_t bytes, uint64_t *base) {
    if (!p || !base || !bytes || fit > PLACE_WORST_FIT) return PLACE_BAD_ARGUMENT;
    struct Node *best = NULL, *n = &p->ring;
    do {
        uint64_t gap = gapAfter(p, n);
        if (gap >= bytes) {
            if (!best) best = n;
            else if (fit == PLACE_BEST_FIT && gap < gapAfter(p, best)) best = n;
            else if (fit == PLACE_WORST_FIT && gap > gapAfter(p, best)) best = n;
        }
        n = n->next;
    } while (n != &p->ring);
    if (!best) return PLACE_NO_SPACE;

    n = malloc(sizeof *n);
    if (!n) return PLACE_NO_MEMORY;
    n->base = best->base + best->size;
    n->size = bytes;
    n->prev = best;
    n->next = best->next;
    n->prev->next = n;
    n->next->prev = n;
    *base = n->base;
    return PLACE_OK;
}

int place_free(struct place *p, uint64_t base) {
    if (!p) return PLACE_BAD_ARGUMENT;
    for (struct Node *n = p->ring.next; n != &p->ring; n = n->next) {
        if (n->base != base) continue;
        n->prev->next = n->next;
        n->next->prev = n->prev;
        free(n);
        return PLACE_OK;
    }
    return PLACE_NO_SEGMENT;
}

int place_stat(struct place *p, struct place_stat *stat) {
    if (!p || !stat) return PLACE_BAD_ARGUMENT;
    struct place_stat s = {0, 0, 0, 0};
    const struct Node *n = &p->ring;
    do {
        uint64_t gap = gapAfter(p, n);
        s.hole_count += gap > 0;
        s.free_bytes += gap;
        if (gap > s.largest_hole_bytes) s.largest_hole_bytes = gap;
        s.segment_count += n != &p->ring;
        n = n->next;
    } while (n != &p->ring);
    *stat = s;
    return PLACE_OK;
}

int place_compact(struct place *p, struct mach *mach, uint64_t *moved) {
    if (!p || !mach || !moved) return PLACE_BAD_ARGUMENT;
    *moved = 0;
    for (struct Node *n = p->ring.next; n != &p->ring; n = n->next) {
        uint64_t to = n->prev->base + n->prev->size;
        if (to == n->base) continue;
        phys_move(mach, to, n->base, n->size);
        n->base = to;
        *moved += n->size;
    }
    return PLACE_OK;
}
