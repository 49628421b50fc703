// Mei-Lin Chen, segmentation
//
// Descriptor: I work on the raw word with masks as long as I can.
// Placement: a sorted array of the segments; holes are what lies between them.

#include "segment/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CODE(d) ((d)->type & 8)
#define EXPDOWN(d) (((d)->type & 12) == 4)
#define CONF(d) (((d)->type & 12) == 12)
#define CANREAD(d) (!CODE(d) || ((d)->type & 2))
#define CANWRITE(d) (((d)->type & 10) == 2)

int seg_decode(uint64_t raw, struct seg_descriptor *out) {
    if (!out)
        return SEG_BAD_ARGUMENT;
    uint32_t lo = (uint32_t)raw, hi = (uint32_t)(raw >> 32);
    out->base = (lo >> 16) | ((hi & 0xff) << 16) | (hi & 0xff000000);
    out->limit = (lo & 0xffff) | (hi & 0x000f0000);
    out->type = hi >> 8 & 15;
    out->s = hi >> 12 & 1;
    out->dpl = hi >> 13 & 3;
    out->present = hi >> 15 & 1;
    out->big = hi >> 22 & 1;
    out->granular = hi >> 23 & 1;
    if (out->granular)
        out->limit = out->limit * 4096 + 4095;
    return SEG_OK;
}

// all faults go through here
static int raise_fault(struct mach_fault *f, uint32_t vector, uint32_t code, int status) {
    f->vector = vector;
    f->error_code = code;
    f->address = 0;
    return status;
}

int seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t sel, struct mach_fault *fault) {
    if (!cpu || !fault || (unsigned)reg >= SEG_REG_COUNT)
        return SEG_BAD_ARGUMENT;

    uint32_t rpl = sel & 3, cpl = cpu->cpl, code = sel & ~3u;

    if (code == 0) {
        if (reg == SEG_CS || reg == SEG_SS)
            return raise_fault(fault, FAULT_GP, 0, SEG_NULL);
        cpu->reg[reg].selector = sel;
        cpu->reg[reg].usable = 0;
        return SEG_OK;
    }

    struct seg_table *t = sel & 4 ? &cpu->ldt : &cpu->gdt;
    uint32_t off = sel & 0xfff8;
    if (off + 7 > t->limit)
        return raise_fault(fault, FAULT_GP, code, SEG_TABLE_LIMIT);

    uint64_t raw = phys_read64(cpu->mach, (uint64_t)t->base + off);
    struct seg_descriptor d;
    seg_decode(raw, &d);

    int type_ok = d.s, priv_ok;
    switch (reg) {
    case SEG_SS:
        type_ok = type_ok && CANWRITE(&d);
        priv_ok = rpl == cpl && d.dpl == cpl;
        break;
    case SEG_CS:
        type_ok = type_ok && CODE(&d);
        priv_ok = CONF(&d) ? d.dpl <= cpl : (rpl <= cpl && d.dpl == cpl);
        break;
    default:
        type_ok = type_ok && CANREAD(&d);
        priv_ok = CONF(&d) || d.dpl >= (rpl > cpl ? rpl : cpl);
        break;
    }
    if (!type_ok)
        return raise_fault(fault, FAULT_GP, code, SEG_WRONG_TYPE);
    if (!priv_ok)
        return raise_fault(fault, FAULT_GP, code, SEG_PRIVILEGE);
    if (!d.present)
        return raise_fault(fault, reg == SEG_SS ? FAULT_SS : FAULT_NP, code, SEG_NOT_PRESENT);

    d.type |= SEG_TYPE_ACCESSED;
    phys_write8(cpu->mach, (uint64_t)t->base + off + 5, (uint8_t)(raw >> 40 | 1));
    cpu->reg[reg].selector = reg == SEG_CS ? (code | cpl) : sel;
    cpu->reg[reg].usable = 1;
    cpu->reg[reg].copy = d;
    return SEG_OK;
}

int seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset, uint32_t size,
                  enum seg_access access, struct seg_result *result) {
    if (!cpu || !result || (unsigned)reg >= SEG_REG_COUNT || !size || (unsigned)access > SEG_EXECUTE)
        return SEG_BAD_ARGUMENT;

    const struct seg_register *r = &cpu->reg[reg];
    const struct seg_descriptor *d = &r->copy;
    uint32_t vec = reg == SEG_SS ? FAULT_SS : FAULT_GP;

    if (!r->usable)
        return raise_fault(&result->fault, vec, 0, SEG_NULL);
    if ((access == SEG_READ && !CANREAD(d)) || (access == SEG_WRITE && !CANWRITE(d)) ||
        (access == SEG_EXECUTE && !CODE(d)))
        return raise_fault(&result->fault, vec, 0, SEG_RIGHTS);

    // [low, high] are the bytes that may be touched, as 64 bit numbers
    uint64_t low = 0, high = d->limit;
    if (EXPDOWN(d)) {
        low = (uint64_t)d->limit + 1;
        high = d->big ? 0xffffffff : 0xffff;
    }
    if (offset < low || (uint64_t)offset + size - 1 > high)
        return raise_fault(&result->fault, vec, 0, SEG_LIMIT);

    result->linear = d->base + offset;
    return SEG_OK;
}

// ---------------------------------------------------------------------------

struct seg {
    uint64_t start, len;
};

struct place {
    uint64_t total;
    size_t n, cap;
    struct seg *a; // sorted by start
};

struct place *place_create(uint64_t bytes) {
    if (bytes == 0) {
        errno = EINVAL;
        return NULL;
    }
    struct place *p = calloc(1, sizeof *p);
    if (p)
        p->total = bytes;
    return p;
}

int place_destroy(struct place *p) {
    if (!p)
        return PLACE_BAD_ARGUMENT;
    free(p->a);
    free(p);
    return PLACE_OK;
}

// the hole in front of segment i (i == n: behind the last one)
static struct seg hole(const struct place *p, size_t i) {
    struct seg h;
    h.start = i == 0 ? 0 : p->a[i - 1].start + p->a[i - 1].len;
    h.len = (i == p->n ? p->total : p->a[i].start) - h.start;
    return h;
}

int place_alloc(struct place *p, enum place_fit fit, uint64_t bytes, uint64_t *base) {
    if (!p || !base || !bytes || (unsigned)fit > PLACE_WORST_FIT)
        return PLACE_BAD_ARGUMENT;

    size_t best = SIZE_MAX;
    uint64_t best_len = 0;
    for (size_t i = 0; i <= p->n; i++) {
        uint64_t len = hole(p, i).len;
        if (len < bytes)
            continue;
        if (best == SIZE_MAX || (fit == PLACE_BEST_FIT && len < best_len) ||
            (fit == PLACE_WORST_FIT && len > best_len)) {
            best = i;
            best_len = len;
        }
    }
    if (best == SIZE_MAX)
        return PLACE_NO_SPACE;

    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 8;
        struct seg *a = realloc(p->a, cap * sizeof *a);
        if (!a)
            return PLACE_NO_MEMORY;
        p->a = a;
        p->cap = cap;
    }
    uint64_t start = hole(p, best).start;
    memmove(&p->a[best + 1], &p->a[best], (p->n - best) * sizeof *p->a);
    p->a[best].start = start;
    p->a[best].len = bytes;
    p->n++;
    *base = start;
    return PLACE_OK;
}

int place_free(struct place *p, uint64_t base) {
    if (!p)
        return PLACE_BAD_ARGUMENT;
    for (size_t i = 0; i < p->n; i++) {
        if (p->a[i].start == base) {
            p->n--;
            memmove(&p->a[i], &p->a[i + 1], (p->n - i) * sizeof *p->a);
            return PLACE_OK;
        }
    }
    return PLACE_NO_SEGMENT;
}

int place_stat(struct place *p, struct place_stat *st) {
    if (!p || !st)
        return PLACE_BAD_ARGUMENT;
    memset(st, 0, sizeof *st);
    st->segment_count = p->n;
    for (size_t i = 0; i <= p->n; i++) {
        uint64_t len = hole(p, i).len;
        if (len == 0)
            continue;
        st->hole_count++;
        st->free_bytes += len;
        if (len > st->largest_hole_bytes)
            st->largest_hole_bytes = len;
    }
    return PLACE_OK;
}

int place_compact(struct place *p, struct mach *mach, uint64_t *moved) {
    if (!p || !mach || !moved)
        return PLACE_BAD_ARGUMENT;
    uint64_t to = 0, sum = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->a[i].start != to) {
            phys_move(mach, to, p->a[i].start, p->a[i].len);
            p->a[i].start = to;
            sum += p->a[i].len;
        }
        to += p->a[i].len;
    }
    *moved = sum;
    return PLACE_OK;
}
