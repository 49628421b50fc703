// Priya Sharma (22B1043)
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

Test(segment, granularity)
{
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    check_status(seg_decode(UINT64_C(0x00C0920000000001), d), SEG_OK);
    check_eq(d->limit, 0x1FFF);
    check_status(seg_decode(UINT64_C(0x0040920000000001), d), SEG_OK);
    check_eq(d->limit, 1);
}

Test(segment, last_byte)
{
    struct seg_cpu *cpu = arena_object(struct seg_cpu);
    struct seg_result *r = arena_object(struct seg_result);
    cpu->mach = test_machine(1);
    cpu->reg[SEG_ES].usable = 1;
    cpu->reg[SEG_ES].copy.base = 0x100;
    cpu->reg[SEG_ES].copy.limit = 0xFF;
    cpu->reg[SEG_ES].copy.type = 2;
    cpu->reg[SEG_ES].copy.s = 1;
    check_status(seg_translate(cpu, SEG_ES, 0xFF, 1, SEG_WRITE, r), SEG_OK);
    check_eq(r->linear, 0x1FF);
    check_status(seg_translate(cpu, SEG_ES, 0xFF, 2, SEG_WRITE, r), SEG_LIMIT);
    check_status(seg_translate(cpu, SEG_ES, 0x100, 1, SEG_WRITE, r), SEG_LIMIT);
    check_status(seg_translate(cpu, SEG_ES, 0, 1, SEG_EXECUTE, r), SEG_RIGHTS);
}

Test(segment, best_fit)
{
    struct place *p = place_create(600);
    uint64_t *b = arena_object(uint64_t);
    for (int i = 0; i < 6; i++)
        check_status(place_alloc(p, PLACE_FIRST_FIT, 100, b), PLACE_OK);
    check_status(place_free(p, 0), PLACE_OK);
    check_status(place_free(p, 100), PLACE_OK);
    check_status(place_free(p, 400), PLACE_OK);
    check_status(place_alloc(p, PLACE_BEST_FIT, 60, b), PLACE_OK);
    check_eq(*b, 400);
    check_status(place_alloc(p, PLACE_FIRST_FIT, 60, b), PLACE_OK);
    check_eq(*b, 0);
    check_status(place_destroy(p), PLACE_OK);
}
