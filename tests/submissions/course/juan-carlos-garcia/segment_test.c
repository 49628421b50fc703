#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

Test(segment, decode_works)
{
	struct seg_descriptor *d = arena_object(struct seg_descriptor);
	check_status(seg_decode(UINT64_C(0x00CF9A000000FFFF), d), SEG_OK);
	check_eq(d->base, 0);
	check_eq(d->limit, 0xFFFFFFFF);
}

/* a null selector must leave the old copy alone (my code does that) */
Test(segment, null_clears_the_register)
{
	struct seg_cpu *cpu = arena_object(struct seg_cpu);
	struct mach_fault *f = arena_object(struct mach_fault);
	cpu->mach = test_machine(2);
	cpu->reg[SEG_DS].usable = 1;
	cpu->reg[SEG_DS].copy.base = 0x1234;
	check_status(seg_load(cpu, SEG_DS, 0, f), SEG_OK);
	check_eq(cpu->reg[SEG_DS].usable, 0);
	check_eq(cpu->reg[SEG_DS].copy.base, 0x1234);
}

Test(segment, alloc_and_free)
{
	struct place *p = place_create(100);
	uint64_t *base = arena_object(uint64_t);
	check_status(place_alloc(p, PLACE_FIRST_FIT, 10, base), PLACE_OK);
	check_eq(*base, 0);
	check_status(place_free(p, 0), PLACE_OK);
	check_status(place_destroy(p), PLACE_OK);
}
