/* public.c - what a student sees and runs while working on the stage. */
#include "seg_help.h"

VMLAB_SUITE(public)

Test(public, decode_takes_a_descriptor_apart)
{
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    check_status(seg_decode(UINT64_C(0x87406B654321DCBA), d), SEG_OK);
    check_eq(d->base, 0x87654321);
    check_eq(d->limit, 0xDCBA);
    check_eq(d->type, 0xB);
    check_eq(d->s, 0);
    check_eq(d->dpl, 3);
    check_eq(d->present, 0);
    check_eq(d->big, 1);
    check_eq(d->granular, 0);
}

Test(public, flat_segment_reaches_to_the_end_of_4_gib)
{
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    check_status(seg_decode(UINT64_C(0x00CF92000000FFFF), d), SEG_OK);
    check_eq(d->base, 0);
    check_eq(d->limit, 0xFFFFFFFF);
}

Test(public, load_fills_the_register)
{
    struct seg_cpu *cpu = new_cpu(3);
    put(cpu, SELECTOR(10, 0),
        raw_descriptor(0x00ABCDE0, 0x1FFF, PRESENT | DPL3 | DATA | WRITABLE,
                       BIG));
    check_load(cpu, SEG_DS, SELECTOR(10, RPL3), SEG_OK);
    check_eq(cpu->reg[SEG_DS].selector, 0x53);
    check_eq(cpu->reg[SEG_DS].usable, 1);
    check_eq(cpu->reg[SEG_DS].copy.base, 0x00ABCDE0);
    check_eq(cpu->reg[SEG_DS].copy.limit, 0x1FFF);
}

Test(public, index_behind_the_table_is_gp)
{
    struct seg_cpu *cpu = new_cpu(0);
    cpu->gdt.limit = 0x27; /* indexes 0 to 4 */
    check_load_fault(cpu, SEG_DS, SELECTOR(5, 0), SEG_TABLE_LIMIT, FAULT_GP,
                     0x28);
}

Test(public, program_of_level_3_cannot_load_data_of_level_0)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, SELECTOR(10, 0), PRESENT | DPL0 | DATA | WRITABLE);
    check_load_fault(cpu, SEG_ES, SELECTOR(10, RPL3), SEG_PRIVILEGE, FAULT_GP,
                     0x50);
}

Test(public, segment_that_is_not_present_is_np)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, SELECTOR(10, 0), DPL3 | DATA);
    check_load_fault(cpu, SEG_ES, SELECTOR(10, RPL3), SEG_NOT_PRESENT, FAULT_NP,
                     0x50);
}

Test(public, access_inside_is_translated)
{
    struct seg_cpu *cpu = new_cpu(3);
    set_register(cpu, SEG_DS, 0x90000, 0x4FFF, WRITABLE_DATA, 1);
    check_linear(cpu, SEG_DS, 0x1234, 4, SEG_READ, 0x91234);
    check_linear(cpu, SEG_DS, 0x1238, 8, SEG_WRITE, 0x91238);
}

Test(public, access_that_sticks_out_is_refused)
{
    struct seg_cpu *cpu = new_cpu(3);
    set_register(cpu, SEG_DS, 0x90000, 0x4FFF, WRITABLE_DATA, 1);
    check_access(cpu, SEG_DS, 0x4FFE, 2, SEG_READ, SEG_OK);
    check_access(cpu, SEG_DS, 0x4FFE, 4, SEG_READ, SEG_LIMIT);
}

Test(public, write_to_read_only_data_is_refused)
{
    struct seg_cpu *cpu = new_cpu(3);
    set_register(cpu, SEG_FS, 0x90000, 0x4FFF, READ_ONLY_DATA, 1);
    check_access(cpu, SEG_FS, 0x20, 4, SEG_READ, SEG_OK);
    check_access(cpu, SEG_FS, 0x20, 4, SEG_WRITE, SEG_RIGHTS);
}

Test(public, first_fit_and_best_fit_choose_different_holes)
{
    static const uint64_t bytes[] = {0x600, 0x10, 0x400, 0x10};
    struct place *place = new_place(0x2000);
    uint64_t base[4];
    place_all(place, bytes, 4, base);
    check_status(place_free(place, base[0]), PLACE_OK);
    check_status(place_free(place, base[2]), PLACE_OK);
    check_eq(placed(place, PLACE_BEST_FIT, 0x333), 0x610);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x333), 0x000);
    check_status(place_destroy(place), PLACE_OK);
}

Test(public, freed_segments_join_to_one_hole)
{
    static const uint64_t bytes[] = {0x40, 0x50, 0x60};
    struct place *place = new_place(0xF0);
    uint64_t base[3];
    place_all(place, bytes, 3, base);
    check_status(place_free(place, base[0]), PLACE_OK);
    check_status(place_free(place, base[1]), PLACE_OK);
    check_stat(place, 0x90, 0x90, 1, 1);
    check_status(place_destroy(place), PLACE_OK);
}
