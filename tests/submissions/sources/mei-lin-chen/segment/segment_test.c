#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

/* access byte: P DPL S type */
#define DATA_RW 0xF2
#define DATA_RO 0xF0
#define DATA_DOWN 0xF6
#define CODE_X 0xF8
#define CODE_RX 0xFA

static uint64_t make(uint32_t base, uint32_t limit, unsigned access, unsigned flags) {
    return (uint64_t)(limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
           (uint64_t)access << 40 | (uint64_t)(limit >> 16 & 15) << 48 |
           (uint64_t)flags << 52 | (uint64_t)(base >> 24) << 56;
}

static struct seg_cpu *cpu_with(uint32_t cpl, uint64_t raw) {
    struct seg_cpu *cpu = arena_object(struct seg_cpu);
    cpu->mach = test_machine(4);
    cpu->cpl = cpl;
    cpu->gdt.base = 0x1004;
    cpu->gdt.limit = 0x1f;
    cpu->ldt.base = 0x2000;
    cpu->ldt.limit = 0xf;
    phys_write64(cpu->mach, 0x1004 + 0x10, raw);
    return cpu;
}

static void loads(struct seg_cpu *cpu, enum seg_reg reg, uint16_t sel, int status, uint32_t vec, uint32_t code) {
    struct mach_fault *f = arena_object(struct mach_fault);
    check_context("reg %d selector %x", (int)reg, sel);
    check_status(seg_load(cpu, reg, sel, f), status);
    check_eq(f->vector, vec);
    check_eq(f->error_code, code);
}

static void access_is(struct seg_cpu *cpu, enum seg_reg reg, uint32_t off, uint32_t size, enum seg_access how,
                      int status) {
    struct seg_result *r = arena_object(struct seg_result);
    r->linear = 0x55;
    check_context("offset %x size %x access %d", off, size, (int)how);
    check_status(seg_translate(cpu, reg, off, size, how, r), status);
    if (status != SEG_OK) {
        check_eq(r->linear, 0x55);
        check_eq(r->fault.vector, reg == SEG_SS ? FAULT_SS : FAULT_GP);
        check_eq(r->fault.error_code, 0);
    } else {
        check_eq(r->linear, cpu->reg[reg].copy.base + off);
    }
}

Test(segment, decode_all_fields) {
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    check_status(seg_decode(make(0x87654321, 0xABCDE, 0xB5, 0x4), d), SEG_OK);
    check_eq(d->base, 0x87654321);
    check_eq(d->limit, 0xABCDE);
    check_eq(d->type, 5);
    check_eq(d->s, 1);
    check_eq(d->dpl, 1);
    check_eq(d->present, 1);
    check_eq(d->big, 1);
    check_eq(d->granular, 0);
}

Test(segment, decode_granularity) {
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    check_status(seg_decode(make(0, 3, 0x92, 0xA), d), SEG_OK);
    check_eq(d->limit, 0x3fff);
    check_eq(d->big, 0);
    check_status(seg_decode(make(0, 0, 0x92, 8), d), SEG_OK);
    check_eq(d->limit, 0xfff);
}

Test(segment, load_data) {
    struct seg_cpu *cpu = cpu_with(3, make(0x1000, 0xff, DATA_RW, 4));
    loads(cpu, SEG_DS, 0x13, SEG_OK, 0, 0);
    check_eq(cpu->reg[SEG_DS].selector, 0x13);
    check_eq(cpu->reg[SEG_DS].usable, 1);
    check_eq(cpu->reg[SEG_DS].copy.base, 0x1000);
    check_eq(cpu->reg[SEG_DS].copy.type, 3);
    check_eq(phys_read64(cpu->mach, 0x1014), make(0x1000, 0xff, DATA_RW | 1, 4));
}

Test(segment, null_selectors) {
    struct seg_cpu *cpu = cpu_with(3, make(0x1000, 0xff, DATA_RW, 4));
    loads(cpu, SEG_ES, 0x13, SEG_OK, 0, 0);
    loads(cpu, SEG_ES, 2, SEG_OK, 0, 0);
    check_eq(cpu->reg[SEG_ES].usable, 0);
    check_eq(cpu->reg[SEG_ES].selector, 2);
    access_is(cpu, SEG_ES, 0, 1, SEG_READ, SEG_NULL);
    loads(cpu, SEG_SS, 3, SEG_NULL, FAULT_GP, 0);
    loads(cpu, SEG_CS, 0, SEG_NULL, FAULT_GP, 0);
}

Test(segment, ldt_zero_is_not_null) {
    struct seg_cpu *cpu = cpu_with(0, 0);
    phys_write64(cpu->mach, 0x2000, make(0x7000, 0xff, 0x92, 4));
    loads(cpu, SEG_DS, 4, SEG_OK, 0, 0);
    check_eq(cpu->reg[SEG_DS].copy.base, 0x7000);
    check_eq(cpu->reg[SEG_DS].usable, 1);
}

Test(segment, table_limit) {
    struct seg_cpu *cpu = cpu_with(3, make(0x1000, 0xff, DATA_RW, 4));
    loads(cpu, SEG_DS, 0x23, SEG_TABLE_LIMIT, FAULT_GP, 0x20);
    cpu->gdt.limit = 0x17;
    loads(cpu, SEG_DS, 0x13, SEG_OK, 0, 0);
    cpu->gdt.limit = 0x16;
    loads(cpu, SEG_DS, 0x13, SEG_TABLE_LIMIT, FAULT_GP, 0x10);
    loads(cpu, SEG_DS, 0x17, SEG_TABLE_LIMIT, FAULT_GP, 0x14);
}

Test(segment, wrong_types) {
    loads(cpu_with(3, make(0, 0xff, 0xE2, 4)), SEG_DS, 0x13, SEG_WRONG_TYPE, FAULT_GP, 0x10);
    loads(cpu_with(3, make(0, 0xff, CODE_X, 4)), SEG_DS, 0x13, SEG_WRONG_TYPE, FAULT_GP, 0x10);
    loads(cpu_with(3, make(0, 0xff, CODE_RX, 4)), SEG_DS, 0x13, SEG_OK, 0, 0);
    loads(cpu_with(3, make(0, 0xff, DATA_RO, 4)), SEG_SS, 0x13, SEG_WRONG_TYPE, FAULT_GP, 0x10);
    loads(cpu_with(3, make(0, 0xff, CODE_RX, 4)), SEG_SS, 0x13, SEG_WRONG_TYPE, FAULT_GP, 0x10);
    loads(cpu_with(3, make(0, 0xff, DATA_RW, 4)), SEG_CS, 0x13, SEG_WRONG_TYPE, FAULT_GP, 0x10);
}

Test(segment, privileges) {
    uint64_t kernel = make(0, 0xff, 0x92, 4), user = make(0, 0xff, DATA_RW, 4);
    loads(cpu_with(0, kernel), SEG_DS, 0x10, SEG_OK, 0, 0);
    loads(cpu_with(0, kernel), SEG_DS, 0x13, SEG_PRIVILEGE, FAULT_GP, 0x10);
    loads(cpu_with(3, kernel), SEG_DS, 0x10, SEG_PRIVILEGE, FAULT_GP, 0x10);
    loads(cpu_with(0, user), SEG_DS, 0x13, SEG_OK, 0, 0);
}

Test(segment, stack_privileges) {
    uint64_t user = make(0, 0xff, DATA_RW, 4);
    loads(cpu_with(3, user), SEG_SS, 0x13, SEG_OK, 0, 0);
    loads(cpu_with(3, user), SEG_SS, 0x10, SEG_PRIVILEGE, FAULT_GP, 0x10);
    loads(cpu_with(0, user), SEG_SS, 0x10, SEG_PRIVILEGE, FAULT_GP, 0x10);
}

Test(segment, conforming_and_down) {
    loads(cpu_with(3, make(0, 0xff, 0x96, 4)), SEG_DS, 0x13, SEG_PRIVILEGE, FAULT_GP, 0x10);
    loads(cpu_with(3, make(0, 0xff, 0x9E, 4)), SEG_DS, 0x13, SEG_OK, 0, 0);
}

Test(segment, code_segment) {
    struct seg_cpu *cpu = cpu_with(3, make(0, 0xff, CODE_X, 4));
    loads(cpu, SEG_CS, 0x10, SEG_OK, 0, 0);
    check_eq(cpu->reg[SEG_CS].selector, 0x13);
    check_eq(cpu->cpl, 3);
    loads(cpu_with(2, make(0, 0xff, CODE_X, 4)), SEG_CS, 0x12, SEG_PRIVILEGE, FAULT_GP, 0x10);
    loads(cpu_with(2, make(0, 0xff, 0xD8, 4)), SEG_CS, 0x13, SEG_PRIVILEGE, FAULT_GP, 0x10);
}

Test(segment, not_present) {
    loads(cpu_with(3, make(0, 0xff, 0x72, 4)), SEG_DS, 0x13, SEG_NOT_PRESENT, FAULT_NP, 0x10);
    loads(cpu_with(3, make(0, 0xff, 0x72, 4)), SEG_SS, 0x13, SEG_NOT_PRESENT, FAULT_SS, 0x10);
    loads(cpu_with(3, make(0, 0xff, 0x12, 4)), SEG_DS, 0x13, SEG_PRIVILEGE, FAULT_GP, 0x10);
}

Test(segment, failed_load_touches_nothing) {
    uint64_t raw = make(0, 0xff, 0x72, 4);
    struct seg_cpu *cpu = cpu_with(3, raw);
    struct seg_cpu before = *cpu;
    loads(cpu, SEG_DS, 0x13, SEG_NOT_PRESENT, FAULT_NP, 0x10);
    check_bytes(cpu, &before, sizeof before);
    check_eq(phys_read64(cpu->mach, 0x1014), raw);
}

static struct seg_cpu *filled(enum seg_reg reg, uint32_t type, uint32_t limit, uint32_t big) {
    struct seg_cpu *cpu = cpu_with(3, 0);
    cpu->reg[reg].usable = 1;
    cpu->reg[reg].copy.base = 0xFFFF0000;
    cpu->reg[reg].copy.limit = limit;
    cpu->reg[reg].copy.type = type;
    cpu->reg[reg].copy.s = 1;
    cpu->reg[reg].copy.dpl = 0;
    cpu->reg[reg].copy.present = 1;
    cpu->reg[reg].copy.big = big;
    return cpu;
}

Test(segment, limit) {
    struct seg_cpu *cpu = filled(SEG_DS, 2, 0x1FFFF, 0);
    access_is(cpu, SEG_DS, 0x1FFFF, 1, SEG_READ, SEG_OK);
    access_is(cpu, SEG_DS, 0x1FFFC, 4, SEG_WRITE, SEG_OK);
    access_is(cpu, SEG_DS, 0x1FFFD, 4, SEG_READ, SEG_LIMIT);
    access_is(cpu, SEG_DS, 0x20000, 1, SEG_READ, SEG_LIMIT);
    access_is(cpu, SEG_DS, 0xFFFFFFFF, 2, SEG_READ, SEG_LIMIT);
    cpu = filled(SEG_DS, 2, 0xFFFFFFFF, 1);
    access_is(cpu, SEG_DS, 0xFFFFFFFF, 1, SEG_READ, SEG_OK);
    access_is(cpu, SEG_DS, 0xFFFFFFFF, 2, SEG_READ, SEG_LIMIT);
}

Test(segment, expand_down) {
    struct seg_cpu *cpu = filled(SEG_SS, 6, 0xFFF, 0);
    access_is(cpu, SEG_SS, 0x1000, 1, SEG_READ, SEG_OK);
    access_is(cpu, SEG_SS, 0xFFF, 1, SEG_READ, SEG_LIMIT);
    access_is(cpu, SEG_SS, 0xFFFF, 1, SEG_READ, SEG_OK);
    access_is(cpu, SEG_SS, 0xFFFF, 2, SEG_READ, SEG_LIMIT);
    cpu = filled(SEG_SS, 6, 0xFFF, 1);
    access_is(cpu, SEG_SS, 0xFFFFFFFF, 1, SEG_READ, SEG_OK);
    access_is(cpu, SEG_SS, 0xFFFFFFFF, 2, SEG_READ, SEG_LIMIT);
    cpu = filled(SEG_CS, 0xE, 0xFFF, 1);
    access_is(cpu, SEG_CS, 0xFFF, 1, SEG_READ, SEG_OK);
    access_is(cpu, SEG_CS, 0x1000, 1, SEG_READ, SEG_LIMIT);
}

Test(segment, rights) {
    access_is(filled(SEG_DS, 0, 9, 0), SEG_DS, 0, 1, SEG_WRITE, SEG_RIGHTS);
    access_is(filled(SEG_DS, 0, 9, 0), SEG_DS, 0, 1, SEG_EXECUTE, SEG_RIGHTS);
    access_is(filled(SEG_DS, 0, 9, 0), SEG_DS, 0, 1, SEG_READ, SEG_OK);
    access_is(filled(SEG_CS, 8, 9, 0), SEG_CS, 0, 1, SEG_READ, SEG_RIGHTS);
    access_is(filled(SEG_CS, 8, 9, 0), SEG_CS, 0, 1, SEG_EXECUTE, SEG_OK);
    access_is(filled(SEG_CS, 10, 9, 0), SEG_CS, 0, 1, SEG_READ, SEG_OK);
    access_is(filled(SEG_CS, 10, 9, 0), SEG_CS, 0, 1, SEG_WRITE, SEG_RIGHTS);
    access_is(filled(SEG_DS, 0, 9, 0), SEG_DS, 10, 1, SEG_WRITE, SEG_RIGHTS);
}

Test(segment, hidden_copy_is_used) {
    struct seg_cpu *cpu = cpu_with(3, make(0x1000, 0xff, DATA_RW, 4));
    loads(cpu, SEG_DS, 0x13, SEG_OK, 0, 0);
    phys_write64(cpu->mach, 0x1014, 0);
    access_is(cpu, SEG_DS, 0xff, 1, SEG_WRITE, SEG_OK);
}

static uint64_t put(struct place *p, enum place_fit fit, uint64_t bytes) {
    uint64_t *base = arena_object(uint64_t);
    check_status(place_alloc(p, fit, bytes, base), PLACE_OK);
    return *base;
}

static void stat_is(struct place *p, uint64_t free_bytes, uint64_t largest, uint64_t holes, uint64_t segs) {
    struct place_stat *s = arena_object(struct place_stat);
    check_status(place_stat(p, s), PLACE_OK);
    check_eq(s->free_bytes, free_bytes);
    check_eq(s->largest_hole_bytes, largest);
    check_eq(s->hole_count, holes);
    check_eq(s->segment_count, segs);
}

/* holes: 100..299, 400..499, 600..699, 900..999 */
static struct place *cheese(void) {
    struct place *p = place_create(1000);
    const uint64_t size[] = {100, 200, 100, 100, 100, 100, 200, 100};
    for (int i = 0; i < 8; i++)
        put(p, PLACE_FIRST_FIT, size[i]);
    check_status(place_free(p, 100), PLACE_OK);
    check_status(place_free(p, 400), PLACE_OK);
    check_status(place_free(p, 600), PLACE_OK);
    check_status(place_free(p, 900), PLACE_OK);
    return p;
}

Test(segment, fits) {
    struct place *p = cheese();
    uint64_t *base = arena_object(uint64_t);
    stat_is(p, 500, 200, 4, 4);
    check_eq(put(p, PLACE_BEST_FIT, 90), 400);
    check_eq(put(p, PLACE_FIRST_FIT, 90), 100);
    check_eq(put(p, PLACE_FIRST_FIT, 110), 190);
    check_eq(put(p, PLACE_BEST_FIT, 100), 600);
    check_status(place_alloc(p, PLACE_FIRST_FIT, 101, base), PLACE_NO_SPACE);
    check_status(place_free(p, 100), PLACE_OK);
    check_eq(put(p, PLACE_FIRST_FIT, 7), 100);
    check_status(place_destroy(p), PLACE_OK);
}

Test(segment, joining) {
    struct place *p = cheese();
    check_status(place_free(p, 300), PLACE_OK);
    stat_is(p, 600, 400, 3, 3);
    check_status(place_free(p, 500), PLACE_OK);
    stat_is(p, 700, 600, 2, 2);
    check_status(place_free(p, 0), PLACE_OK);
    stat_is(p, 800, 700, 2, 1);
    check_status(place_free(p, 700), PLACE_OK);
    stat_is(p, 1000, 1000, 1, 0);
    check_status(place_destroy(p), PLACE_OK);
}

Test(segment, wrong_frees) {
    struct place *p = cheese();
    check_status(place_free(p, 1), PLACE_NO_SEGMENT);
    check_status(place_free(p, 100), PLACE_NO_SEGMENT);
    check_status(place_free(p, 5000), PLACE_NO_SEGMENT);
    check_status(place_destroy(p), PLACE_OK);
}

Test(segment, huge_region) {
    struct place *p = place_create(UINT64_C(0x300000000));
    check_eq(put(p, PLACE_FIRST_FIT, UINT64_C(0x200000001)), 0);
    check_eq(put(p, PLACE_FIRST_FIT, 1), UINT64_C(0x200000001));
    check_status(place_destroy(p), PLACE_OK);
}

Test(segment, bonus_worst_fit) {
    struct place *p = cheese();
    put(p, PLACE_FIRST_FIT, 50);
    put(p, PLACE_FIRST_FIT, 50);
    check_eq(put(p, PLACE_WORST_FIT, 10), 200);
    check_eq(put(p, PLACE_WORST_FIT, 10), 400);
    check_status(place_destroy(p), PLACE_OK);
}

Test(segment, bonus_compact) {
    struct mach *m = test_machine(1);
    uint64_t *moved = arena_object(uint64_t);
    struct place *p = cheese();
    for (uint64_t i = 0; i < 1000; i++)
        phys_write8(m, i, (uint8_t)(i / 100));
    check_status(place_compact(p, m, moved), PLACE_OK);
    check_eq(*moved, 400);
    check_eq(phys_read8(m, 100), 3);
    check_eq(phys_read8(m, 299), 5);
    check_eq(phys_read8(m, 499), 8);
    stat_is(p, 500, 500, 1, 4);
    check_status(place_free(p, 200), PLACE_OK);
    check_status(place_destroy(p), PLACE_OK);
}
