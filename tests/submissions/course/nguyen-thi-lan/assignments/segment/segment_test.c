#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

Test(segment, base_has_three_parts)
{
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    check_status(seg_decode(UINT64_C(0x12407234567800FF), d), SEG_OK);
    check_eq(d->base, 0x12345678);
    check_eq(d->limit, 0xFF);
    check_eq(d->dpl, 3);
    check_eq(d->present, 0);
}

/* 0x1000 bytes, so the last one is 0xFFF */
Test(segment, access_must_be_below_the_limit)
{
    struct seg_cpu *cpu = arena_object(struct seg_cpu);
    struct seg_result *r = arena_object(struct seg_result);
    cpu->mach = test_machine(1);
    cpu->reg[SEG_DS].usable = 1;
    cpu->reg[SEG_DS].copy.limit = 0x1000;
    cpu->reg[SEG_DS].copy.type = 2;
    cpu->reg[SEG_DS].copy.s = 1;
    check_status(seg_translate(cpu, SEG_DS, 0xFFC, 4, SEG_READ, r), SEG_OK);
    check_status(seg_translate(cpu, SEG_DS, 0x1000, 1, SEG_READ, r), SEG_LIMIT);
}

Test(segment, rpl_weakens)
{
    struct seg_cpu *cpu = arena_object(struct seg_cpu);
    struct mach_fault *f = arena_object(struct mach_fault);
    cpu->mach = test_machine(2);
    cpu->gdt.base = 0x1000;
    cpu->gdt.limit = 0x1F;
    phys_write64(cpu->mach, 0x1008, UINT64_C(0x004092000000FFFF));
    check_status(seg_load(cpu, SEG_DS, 0x0B, f), SEG_PRIVILEGE);
    check_eq(f->error_code, 8);
    check_status(seg_load(cpu, SEG_DS, 0x08, f), SEG_OK);
}

Test(segment, holes_are_joined)
{
    struct place *p = place_create(300);
    struct place_stat *s = arena_object(struct place_stat);
    uint64_t *base = arena_object(uint64_t);
    for (int i = 0; i < 3; i++)
        check_status(place_alloc(p, PLACE_FIRST_FIT, 100, base), PLACE_OK);
    check_status(place_free(p, 0), PLACE_OK);
    check_status(place_free(p, 200), PLACE_OK);
    check_status(place_free(p, 100), PLACE_OK);
    check_status(place_stat(p, s), PLACE_OK);
    check_eq(s->hole_count, 1);
    check_eq(s->largest_hole_bytes, 300);
    check_status(place_destroy(p), PLACE_OK);
}
