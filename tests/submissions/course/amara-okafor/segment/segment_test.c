/*
 * segment_test.c - your own tests: they are graded, too.
 *
 * They run on your module, on several right ones and on many wrong ones.  A
 * test counts when every right module passes it; a wrong module is caught when
 * such a test fails on it.  So test what segment.h says, and nothing that it
 * leaves open.
 */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

/* A worked example: the first one of seg_decode in segment.h.  It calls, wants
 * a status, and looks at the result, which is in the arena because the module
 * is in another process.
 *
 * It is right, but every module that comes close passes it: base 0 says
 * nothing about how a base is joined.  Choose values in which each bit counts
 * (what base would show that its top byte was lost?), and values on both sides
 * of an edge (the last byte inside, the first one outside). */
Test(segment, flat_code_segment_is_present_code)
{
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    check_status(seg_decode(UINT64_C(0x00CF9A000000FFFF), d), SEG_OK);
    check_eq(d->base, 0);
    check_eq(d->s, 1);
    check_eq(d->present, 1);
}

/* How to go on.  A processor needs a machine, whose memory holds the table:
 *
 *     struct seg_cpu *cpu = arena_object(struct seg_cpu);
 *     cpu->mach = test_machine(2);
 *     cpu->gdt.base = 0x1000;
 *     cpu->gdt.limit = 0x1F;
 *     cpu->cpl = 3;
 *     phys_write64(cpu->mach, 0x1010, UINT64_C(0x0040F2345678FFFF));
 *     struct mach_fault *fault = arena_object(struct mach_fault);
 *     check_status(seg_load(cpu, SEG_DS, 0x13, fault), SEG_OK);
 *
 * and for accesses a register can be filled in by hand (cpu->reg[SEG_DS]).
 */
