#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

static struct seg_cpu *cpuWith(uint32_t cpl, uint8_t access) {
    struct seg_cpu *cpu = arena_object(struct seg_cpu);
    cpu->mach = test_machine(2);
    cpu->cpl = cpl;
    cpu->gdt.base = 0x1000;
    cpu->gdt.limit = 0x3F;
    phys_write64(cpu->mach, 0x1020, UINT64_C(0x004000765432FFFF) | (uint64_t)access << 40);
    return cpu;
}

static void expect(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector, int status) {
    struct mach_fault *f = arena_object(struct mach_fault);
    check_status(seg_load(cpu, reg, selector, f), status);
}

Test(segment, loadsUserData) {
    struct seg_cpu *cpu = cpuWith(3, 0xF2);
    expect(cpu, SEG_DS, 0x23, SEG_OK);
    check_eq(cpu->reg[SEG_DS].copy.base, 0x765432);
    check_eq(phys_read8(cpu->mach, 0x1025), 0xF3);
}

Test(segment, refusesKernelData) {
    expect(cpuWith(3, 0x92), SEG_DS, 0x23, SEG_PRIVILEGE);
    expect(cpuWith(1, 0x92), SEG_DS, 0x21, SEG_PRIVILEGE);
    expect(cpuWith(0, 0x92), SEG_DS, 0x20, SEG_OK);
}

Test(segment, refusesTypes) {
    expect(cpuWith(3, 0xF8), SEG_DS, 0x23, SEG_WRONG_TYPE);
    expect(cpuWith(3, 0xF0), SEG_SS, 0x23, SEG_WRONG_TYPE);
    expect(cpuWith(3, 0xF2), SEG_CS, 0x23, SEG_WRONG_TYPE);
    expect(cpuWith(3, 0xE2), SEG_DS, 0x23, SEG_WRONG_TYPE);
}

Test(segment, refusesAbsent) {
    expect(cpuWith(3, 0x72), SEG_DS, 0x23, SEG_NOT_PRESENT);
    expect(cpuWith(3, 0x72), SEG_SS, 0x23, SEG_NOT_PRESENT);
}

Test(segment, refusesBeyondTheTable) {
    expect(cpuWith(3, 0xF2), SEG_DS, 0x43, SEG_TABLE_LIMIT);
    expect(cpuWith(3, 0xF2), SEG_DS, 0x27, SEG_TABLE_LIMIT);
}

static void access_(uint32_t type, uint32_t limit, uint32_t big, uint32_t offset, uint32_t size, int status) {
    struct seg_cpu *cpu = cpuWith(3, 0);
    struct seg_result *r = arena_object(struct seg_result);
    cpu->reg[SEG_GS].usable = 1;
    cpu->reg[SEG_GS].copy.base = 0x1000;
    cpu->reg[SEG_GS].copy.type = type;
    cpu->reg[SEG_GS].copy.limit = limit;
    cpu->reg[SEG_GS].copy.big = big;
    cpu->reg[SEG_GS].copy.s = 1;
    check_status(seg_translate(cpu, SEG_GS, offset, size, SEG_READ, r), status);
}

Test(segment, limits) {
    access_(2, 0xFFF, 0, 0xFFF, 1, SEG_OK);
    access_(2, 0xFFF, 0, 0x1000, 1, SEG_LIMIT);
    access_(2, 0xFFF, 0, 0xFFD, 4, SEG_LIMIT);
    access_(2, 0xFFFFFFFF, 1, 0xFFFFFFFE, 4, SEG_LIMIT);
    access_(6, 0xFFF, 0, 0xFFF, 1, SEG_LIMIT);
    access_(6, 0xFFF, 0, 0x1000, 1, SEG_OK);
    access_(6, 0xFFF, 0, 0x10000, 1, SEG_LIMIT);
    access_(6, 0xFFF, 1, 0x10000, 1, SEG_OK);
}

Test(segment, placement) {
    struct place *p = place_create(1000);
    struct place_stat *s = arena_object(struct place_stat);
    uint64_t *a = arena_array(uint64_t, 4);
    for (int i = 0; i < 4; i++)
        check_status(place_alloc(p, PLACE_FIRST_FIT, 100u * (4u - (unsigned)i), &a[i]), PLACE_OK);
    check_eq(a[3], 900);
    check_status(place_alloc(p, PLACE_FIRST_FIT, 1, &a[0]), PLACE_NO_SPACE);
    check_status(place_free(p, 0), PLACE_OK);
    check_status(place_free(p, 0), PLACE_NO_SEGMENT);
    check_status(place_free(p, 700), PLACE_OK);
    check_status(place_alloc(p, PLACE_BEST_FIT, 150, &a[0]), PLACE_OK);
    check_eq(a[0], 700);
    check_status(place_free(p, 700), PLACE_OK);
    check_status(place_free(p, 400), PLACE_OK);
    check_status(place_stat(p, s), PLACE_OK);
    check_eq(s->hole_count, 1);
    check_eq(s->free_bytes, 900);
    check_eq(s->largest_hole_bytes, 900);
    check_eq(s->segment_count, 1);
    check_status(place_destroy(p), PLACE_OK);
}
