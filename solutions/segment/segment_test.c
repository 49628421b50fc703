/*
 * segment_test.c - model tests of the stage.
 *
 * How they are chosen: for each sentence of segment.h one asks what a module
 * would look like that breaks this sentence alone, and takes the smallest
 * example on which it answers differently.  Rules about edges are tested on
 * both sides of the edge.
 */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

/* ---- Descriptors --------------------------------------------------------- */

Test(segment, every_field_of_a_descriptor_is_found)
{
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    check_status(seg_decode(UINT64_C(0x9A4CB6785634DEF0), d), SEG_OK);
    check_eq(d->base, 0x9A785634);
    check_eq(d->limit, 0xCDEF0);
    check_eq(d->type, 6);
    check_eq(d->s, 1);
    check_eq(d->dpl, 1);
    check_eq(d->present, 1);
    check_eq(d->big, 1);
    check_eq(d->granular, 0);
    check_status(seg_decode(UINT64_C(0x00A0000000000002), d), SEG_OK);
    check_eq(d->limit, 0x2FFF);
    check_eq(d->big, 0);
    check_eq(d->granular, 1);
    check_status(seg_decode(0, NULL), SEG_BAD_ARGUMENT);
}

/* ---- Loads --------------------------------------------------------------- */

enum { GDT = 0x1000, LDT = 0x1808, INDEX = 5 };

/* Bytes with P, DPL, S and type: level 3 unless the name says otherwise. */
enum {
    DATA = 0xF0,
    WRITABLE = 0xF2,
    WRITABLE_0 = 0x92,
    WRITABLE_ABSENT = 0x72,
    DOWN_0 = 0x96,
    CODE = 0xF8,
    READABLE = 0xFA,
    READABLE_0 = 0x9A,
    CODE_2 = 0xD8,
    CODE_ABSENT = 0x78,
    CONFORMING_0 = 0x9E,
    CONFORMING_2 = 0xDC,
    SYSTEM = 0xE2,
};

static struct seg_cpu *
new_cpu(uint32_t cpl)
{
    struct seg_cpu *cpu = arena_object(struct seg_cpu);
    cpu->mach = test_machine(2);
    cpu->gdt = (struct seg_table){GDT, 0x7F};
    cpu->ldt = (struct seg_table){LDT, 0x7F};
    cpu->cpl = cpl;
    return cpu;
}

/* Puts a segment of 64 KiB from 0x30000 on into entry INDEX of the GDT. */
static void
put(struct seg_cpu *cpu, unsigned kind)
{
    phys_write64(cpu->mach, GDT + INDEX * 8,
                 UINT64_C(0x004000030000FFFF) | (uint64_t)kind << 40);
}

/* Loads entry INDEX, once, and looks at what comes back. */
static void
load(struct seg_cpu *cpu, enum seg_reg reg, unsigned kind, unsigned rpl,
     enum seg_status status, uint32_t vector)
{
    struct mach_fault *fault = arena_object(struct mach_fault);
    put(cpu, kind);
    check_context("register %d, kind 0x%X, CPL %u, RPL %u", (int)reg, kind,
                  cpu->cpl, rpl);
    check_status(seg_load(cpu, reg, (uint16_t)(INDEX << 3 | rpl), fault),
                 status);
    check_eq(fault->vector, vector);
    check_eq(fault->error_code, status == SEG_OK ? 0 : INDEX << 3);
    check_eq(fault->address, 0);
}

Test(segment, load_fills_one_register_and_sets_accessed)
{
    struct seg_cpu *cpu = new_cpu(3);
    load(cpu, SEG_DS, WRITABLE, 2, SEG_OK, FAULT_NONE);
    check_eq(cpu->reg[SEG_DS].selector, INDEX << 3 | 2);
    check_eq(cpu->reg[SEG_DS].usable, 1);
    check_eq(cpu->reg[SEG_DS].copy.base, 0x30000);
    check_eq(cpu->reg[SEG_DS].copy.limit, 0xFFFF);
    check_eq(cpu->reg[SEG_DS].copy.type, 3);
    check_eq(cpu->reg[SEG_ES].usable, 0);
    check_eq(phys_read64(cpu->mach, GDT + INDEX * 8),
             UINT64_C(0x0040F3030000FFFF));
}

Test(segment, accessed_descriptor_can_be_loaded_again)
{
    struct seg_cpu *cpu = new_cpu(3);
    load(cpu, SEG_DS, WRITABLE | 1, 3, SEG_OK, FAULT_NONE);
    check_eq(phys_read8(cpu->mach, GDT + INDEX * 8 + 5), WRITABLE | 1);
}

Test(segment, null_empties_a_data_register)
{
    struct seg_cpu *cpu = new_cpu(3);
    struct mach_fault *fault = arena_object(struct mach_fault);
    struct seg_result *result = arena_object(struct seg_result);
    for (uint16_t rpl = 0; rpl < 4; rpl++) {
        load(cpu, SEG_FS, WRITABLE, 3, SEG_OK, FAULT_NONE);
        check_status(seg_load(cpu, SEG_FS, rpl, fault), SEG_OK);
        check_eq(cpu->reg[SEG_FS].usable, 0);
        check_eq(cpu->reg[SEG_FS].selector, rpl);
        check_status(seg_translate(cpu, SEG_FS, 0, 1, SEG_READ, result),
                     SEG_NULL);
    }
}

Test(segment, null_is_refused_in_ss_and_cs)
{
    struct seg_cpu *cpu = new_cpu(3);
    struct mach_fault *fault = arena_object(struct mach_fault);
    check_status(seg_load(cpu, SEG_SS, 3, fault), SEG_NULL);
    check_eq(fault->vector, FAULT_GP);
    check_eq(fault->error_code, 0);
    check_status(seg_load(cpu, SEG_CS, 0, fault), SEG_NULL);
}

Test(segment, index_0_of_the_ldt_is_real)
{
    struct seg_cpu *cpu = new_cpu(0);
    struct mach_fault *fault = arena_object(struct mach_fault);
    phys_write64(cpu->mach, LDT, UINT64_C(0x0040920700000FFF));
    check_status(seg_load(cpu, SEG_ES, 4, fault), SEG_OK);
    check_eq(cpu->reg[SEG_ES].usable, 1);
    check_eq(cpu->reg[SEG_ES].copy.base, 0x070000);
}

Test(segment, descriptor_lies_wholly_in_its_table)
{
    struct seg_cpu *cpu = new_cpu(3);
    cpu->gdt.limit = INDEX * 8 + 7;
    load(cpu, SEG_DS, WRITABLE, 3, SEG_OK, FAULT_NONE);
    cpu->gdt.limit = INDEX * 8 + 6;
    load(cpu, SEG_DS, WRITABLE, 3, SEG_TABLE_LIMIT, FAULT_GP);
    cpu->gdt.limit = INDEX * 8 - 1;
    load(cpu, SEG_DS, WRITABLE, 3, SEG_TABLE_LIMIT, FAULT_GP);
}

Test(segment, type_must_suit_the_register)
{
    struct seg_cpu *cpu = new_cpu(3);
    load(cpu, SEG_DS, SYSTEM, 3, SEG_WRONG_TYPE, FAULT_GP);
    load(cpu, SEG_DS, CODE, 3, SEG_WRONG_TYPE, FAULT_GP);
    load(cpu, SEG_DS, READABLE, 3, SEG_OK, FAULT_NONE);
    load(cpu, SEG_SS, DATA, 3, SEG_WRONG_TYPE, FAULT_GP);
    load(cpu, SEG_SS, READABLE, 3, SEG_WRONG_TYPE, FAULT_GP);
    load(cpu, SEG_CS, WRITABLE, 3, SEG_WRONG_TYPE, FAULT_GP);
}

Test(segment, data_must_be_allowed_to_cpl_and_rpl)
{
    struct seg_cpu *cpu = new_cpu(0);
    load(cpu, SEG_DS, WRITABLE_0, 0, SEG_OK, FAULT_NONE);
    cpu = new_cpu(0);
    load(cpu, SEG_DS, WRITABLE_0, 3, SEG_PRIVILEGE, FAULT_GP);
    cpu = new_cpu(3);
    load(cpu, SEG_DS, WRITABLE_0, 0, SEG_PRIVILEGE, FAULT_GP);
    load(cpu, SEG_DS, DOWN_0, 3, SEG_PRIVILEGE, FAULT_GP);
    load(cpu, SEG_DS, READABLE_0, 3, SEG_PRIVILEGE, FAULT_GP);
}

Test(segment, conforming_code_is_readable_for_all)
{
    load(new_cpu(3), SEG_DS, CONFORMING_0, 3, SEG_OK, FAULT_NONE);
}

Test(segment, stack_is_of_the_own_level)
{
    struct seg_cpu *cpu = new_cpu(3);
    load(cpu, SEG_SS, WRITABLE, 3, SEG_OK, FAULT_NONE);
    load(cpu, SEG_SS, WRITABLE, 0, SEG_PRIVILEGE, FAULT_GP);
    load(new_cpu(0), SEG_SS, WRITABLE, 0, SEG_PRIVILEGE, FAULT_GP);
}

Test(segment, code_is_of_the_own_level_and_shows_the_cpl)
{
    struct seg_cpu *cpu = new_cpu(3);
    load(cpu, SEG_CS, CODE, 1, SEG_OK, FAULT_NONE);
    check_eq(cpu->reg[SEG_CS].selector, INDEX << 3 | 3);
    check_eq(cpu->cpl, 3);
    cpu = new_cpu(2);
    load(cpu, SEG_CS, CODE, 2, SEG_PRIVILEGE, FAULT_GP);
    load(cpu, SEG_CS, CODE_2, 3, SEG_PRIVILEGE, FAULT_GP);
}

Test(segment, absence_is_noticed_last)
{
    struct seg_cpu *cpu = new_cpu(3);
    load(cpu, SEG_DS, WRITABLE_ABSENT, 3, SEG_NOT_PRESENT, FAULT_NP);
    load(cpu, SEG_SS, WRITABLE_ABSENT, 3, SEG_NOT_PRESENT, FAULT_SS);
    load(cpu, SEG_SS, WRITABLE_ABSENT, 0, SEG_PRIVILEGE, FAULT_GP);
    load(cpu, SEG_CS, CODE_ABSENT, 3, SEG_NOT_PRESENT, FAULT_NP);
}

Test(segment, failed_load_changes_nothing)
{
    struct seg_cpu *cpu = new_cpu(3);
    struct seg_cpu before = *cpu;
    load(cpu, SEG_DS, WRITABLE_ABSENT, 3, SEG_NOT_PRESENT, FAULT_NP);
    check_bytes(cpu, &before, sizeof before);
    check_eq(phys_read8(cpu->mach, GDT + INDEX * 8 + 5), WRITABLE_ABSENT);
}

Test(segment, bad_arguments_of_a_load_are_refused)
{
    struct seg_cpu *cpu = new_cpu(3);
    struct mach_fault *fault = arena_object(struct mach_fault);
    check_status(seg_load(NULL, SEG_DS, 0, fault), SEG_BAD_ARGUMENT);
    check_status(seg_load(cpu, SEG_DS, 0, NULL), SEG_BAD_ARGUMENT);
    check_status(seg_load(cpu, SEG_REG_COUNT, 0, fault), SEG_BAD_ARGUMENT);
}

/* Bonus. */
Test(segment, conforming_code_lends_itself_upwards)
{
    struct seg_cpu *cpu = new_cpu(1);
    load(cpu, SEG_CS, CONFORMING_0, 3, SEG_OK, FAULT_NONE);
    check_eq(cpu->reg[SEG_CS].selector, INDEX << 3 | 1);
    cpu = new_cpu(1);
    load(cpu, SEG_CS, CONFORMING_2, 1, SEG_PRIVILEGE, FAULT_GP);
}

/* ---- Accesses ------------------------------------------------------------ */

/* A processor whose `reg` holds a segment from 0x500000 on. */
static struct seg_cpu *
holding(enum seg_reg reg, uint32_t limit, uint32_t type, uint32_t big)
{
    struct seg_cpu *cpu = new_cpu(0);
    cpu->reg[reg].usable = 1;
    cpu->reg[reg].copy = (struct seg_descriptor){.base = 0x500000,
                                                 .limit = limit,
                                                 .type = type,
                                                 .s = 1,
                                                 .dpl = 3,
                                                 .present = 1,
                                                 .big = big};
    return cpu;
}

/* One access, and what it leaves. */
static void
access(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset, uint32_t size,
       enum seg_access how, enum seg_status status)
{
    struct seg_result *result = arena_object(struct seg_result);
    const uint32_t vector = reg == SEG_SS ? FAULT_SS : FAULT_GP;
    check_context("%u bytes at 0x%X, access %d", size, offset, (int)how);
    check_status(seg_translate(cpu, reg, offset, size, how, result), status);
    check_eq(result->linear, status == SEG_OK ? 0x500000 + offset : 0);
    check_eq(result->fault.vector, status == SEG_OK ? FAULT_NONE : vector);
    check_eq(result->fault.error_code, 0);
}

Test(segment, limit_is_the_last_byte)
{
    struct seg_cpu *cpu = holding(SEG_DS, 0x1FFFF, 3, 0);
    access(cpu, SEG_DS, 0x1FFFF, 1, SEG_READ, SEG_OK);
    access(cpu, SEG_DS, 0x1FFFC, 4, SEG_READ, SEG_OK);
    access(cpu, SEG_DS, 0x1FFFD, 4, SEG_READ, SEG_LIMIT);
    access(cpu, SEG_DS, 0x20000, 1, SEG_READ, SEG_LIMIT);
    access(cpu, SEG_DS, 0xFFFFFFFE, 4, SEG_READ, SEG_LIMIT);
}

Test(segment, access_through_the_stack_raises_ss)
{
    struct seg_cpu *cpu = holding(SEG_SS, 0xFFF, 3, 1);
    access(cpu, SEG_SS, 0xFFC, 4, SEG_WRITE, SEG_OK);
    access(cpu, SEG_SS, 0x1000, 4, SEG_WRITE, SEG_LIMIT);
}

Test(segment, data_that_expands_down_lies_above_its_limit)
{
    struct seg_cpu *cpu = holding(SEG_ES, 0xFFF, 7, 1);
    access(cpu, SEG_ES, 0xFFF, 1, SEG_READ, SEG_LIMIT);
    access(cpu, SEG_ES, 0x1000, 1, SEG_READ, SEG_OK);
    access(cpu, SEG_ES, 0x10000, 1, SEG_READ, SEG_OK);
    access(cpu, SEG_ES, 0xFFFFFFFD, 4, SEG_READ, SEG_LIMIT);
    cpu = holding(SEG_ES, 0xFFF, 7, 0);
    access(cpu, SEG_ES, 0xFFFF, 1, SEG_READ, SEG_OK);
    access(cpu, SEG_ES, 0xFFFF, 2, SEG_READ, SEG_LIMIT);
}

Test(segment, conforming_code_expands_up)
{
    access(holding(SEG_ES, 0xFFF, 15, 1), SEG_ES, 0, 1, SEG_READ, SEG_OK);
}

Test(segment, rights_follow_the_type)
{
    struct seg_cpu *cpu = holding(SEG_GS, 0xFFF, 1, 1); /* read-only data */
    access(cpu, SEG_GS, 0, 4, SEG_READ, SEG_OK);
    access(cpu, SEG_GS, 0, 4, SEG_WRITE, SEG_RIGHTS);
    access(cpu, SEG_GS, 0, 4, SEG_EXECUTE, SEG_RIGHTS);
    access(cpu, SEG_GS, 0x1000, 4, SEG_WRITE, SEG_RIGHTS);
    cpu = holding(SEG_GS, 0xFFF, 11, 1); /* readable code */
    access(cpu, SEG_GS, 0, 4, SEG_READ, SEG_OK);
    access(cpu, SEG_GS, 0, 4, SEG_WRITE, SEG_RIGHTS);
    access(cpu, SEG_GS, 0, 4, SEG_EXECUTE, SEG_OK);
    cpu = holding(SEG_GS, 0xFFF, 9, 1); /* code alone */
    access(cpu, SEG_GS, 0, 4, SEG_READ, SEG_RIGHTS);
}

Test(segment, only_the_hidden_copy_counts)
{
    struct seg_cpu *cpu = new_cpu(0);
    struct seg_result *result = arena_object(struct seg_result);
    load(cpu, SEG_DS, WRITABLE_0, 0, SEG_OK, FAULT_NONE);
    put(cpu, 0);
    cpu->cpl = 3;
    const uint64_t reads = mach_counts(cpu->mach).reads;
    check_status(seg_translate(cpu, SEG_DS, 0x10, 4, SEG_WRITE, result),
                 SEG_OK);
    check_eq(result->linear, 0x30010);
    check_eq(mach_counts(cpu->mach).reads, reads);
}

Test(segment, bad_arguments_of_an_access_are_refused)
{
    struct seg_cpu *cpu = holding(SEG_DS, 0xFFF, 3, 1);
    struct seg_result *result = arena_object(struct seg_result);
    check_status(seg_translate(NULL, SEG_DS, 0, 1, SEG_READ, result),
                 SEG_BAD_ARGUMENT);
    check_status(seg_translate(cpu, SEG_DS, 0, 1, SEG_READ, NULL),
                 SEG_BAD_ARGUMENT);
    check_status(seg_translate(cpu, SEG_REG_COUNT, 0, 1, SEG_READ, result),
                 SEG_BAD_ARGUMENT);
    check_status(seg_translate(cpu, SEG_DS, 0, 0, SEG_READ, result),
                 SEG_BAD_ARGUMENT);
    check_status(seg_translate(cpu, SEG_DS, 0, 1, (enum seg_access)3, result),
                 SEG_BAD_ARGUMENT);
}

/* ---- Placement ----------------------------------------------------------- */

static uint64_t
placed(struct place *place, enum place_fit fit, uint64_t bytes)
{
    uint64_t *base = arena_object(uint64_t);
    check_status(place_alloc(place, fit, bytes, base), PLACE_OK);
    return *base;
}

static void
stat_is(struct place *place, uint64_t free_bytes, uint64_t largest,
        uint64_t hole_count, uint64_t segment_count)
{
    struct place_stat *stat = arena_object(struct place_stat);
    check_status(place_stat(place, stat), PLACE_OK);
    check_eq(stat->free_bytes, free_bytes);
    check_eq(stat->largest_hole_bytes, largest);
    check_eq(stat->hole_count, hole_count);
    check_eq(stat->segment_count, segment_count);
}

/* Segments of 10 bytes at 20, 50, 65, 80 and 110, and holes of 20, 20, 5, 5,
 * 20 and 30 bytes:
 *
 *   0     20  30     50  60  65  75  80  90     110 120    150
 *   |hole |seg |hole |seg |ho |seg |ho |seg |hole | seg |hole |
 */
static struct place *
with_holes(void)
{
    static const uint64_t bytes[] = {20, 10, 20, 10, 5, 10, 5, 10, 20, 10};
    uint64_t base[10];
    struct place *place = place_create(150);
    check(place != NULL, "no region");
    for (unsigned i = 0; i < 10; i++)
        base[i] = placed(place, PLACE_FIRST_FIT, bytes[i]);
    for (unsigned i = 0; i < 10; i += 2)
        check_status(place_free(place, base[i]), PLACE_OK);
    stat_is(place, 100, 30, 6, 5);
    return place;
}

Test(segment, fits_choose_their_holes)
{
    struct place *place = with_holes();
    check_eq(placed(place, PLACE_FIRST_FIT, 17), 0);
    check_eq(placed(place, PLACE_FIRST_FIT, 3), 17);
    check_eq(placed(place, PLACE_BEST_FIT, 4), 60);
    check_eq(placed(place, PLACE_BEST_FIT, 6), 30);
    check_eq(placed(place, PLACE_BEST_FIT, 20), 90);
    check_status(place_free(place, 0), PLACE_OK);
    check_eq(placed(place, PLACE_FIRST_FIT, 3), 0);
    check_status(place_destroy(place), PLACE_OK);
}

Test(segment, full_region_refuses)
{
    struct place *place = with_holes();
    uint64_t *base = arena_object(uint64_t);
    *base = 77;
    check_status(place_alloc(place, PLACE_FIRST_FIT, 31, base), PLACE_NO_SPACE);
    check_status(
        place_alloc(place, PLACE_BEST_FIT, UINT64_C(0x100000001), base),
        PLACE_NO_SPACE);
    check_eq(*base, 77);
    check_eq(placed(place, PLACE_FIRST_FIT, 30), 120);
    stat_is(place, 70, 20, 5, 6);
    check_status(place_destroy(place), PLACE_OK);
}

Test(segment, freed_segments_join_on_both_sides)
{
    struct place *place = with_holes();
    check_status(place_free(place, 65), PLACE_OK);
    stat_is(place, 110, 30, 5, 4);
    check_status(place_free(place, 110), PLACE_OK);
    stat_is(place, 120, 60, 4, 3);
    check_status(place_free(place, 20), PLACE_OK);
    check_status(place_free(place, 50), PLACE_OK);
    check_status(place_free(place, 80), PLACE_OK);
    stat_is(place, 150, 150, 1, 0);
    check_eq(placed(place, PLACE_FIRST_FIT, 150), 0);
    check_status(place_destroy(place), PLACE_OK);
}

Test(segment, only_the_beginning_of_a_segment_names_it)
{
    struct place *place = with_holes();
    check_status(place_free(place, 51), PLACE_NO_SEGMENT);
    check_status(place_free(place, 30), PLACE_NO_SEGMENT);
    check_status(place_free(place, 150), PLACE_NO_SEGMENT);
    check_status(place_free(place, 50), PLACE_OK);
    check_status(place_free(place, 50), PLACE_NO_SEGMENT);
    stat_is(place, 110, 35, 5, 4);
    check_status(place_destroy(place), PLACE_OK);
}

Test(segment, bad_arguments_of_placement_are_refused)
{
    struct place *place = with_holes();
    uint64_t *base = arena_object(uint64_t);
    check(place_create(0) == NULL, "a region of no bytes");
    check_status(place_alloc(NULL, PLACE_FIRST_FIT, 1, base),
                 PLACE_BAD_ARGUMENT);
    check_status(place_alloc(place, PLACE_FIRST_FIT, 0, base),
                 PLACE_BAD_ARGUMENT);
    check_status(place_alloc(place, PLACE_FIRST_FIT, 1, NULL),
                 PLACE_BAD_ARGUMENT);
    check_status(place_alloc(place, (enum place_fit)9, 1, base),
                 PLACE_BAD_ARGUMENT);
    check_status(place_free(NULL, 0), PLACE_BAD_ARGUMENT);
    check_status(place_stat(place, NULL), PLACE_BAD_ARGUMENT);
    check_status(place_stat(NULL, arena_object(struct place_stat)),
                 PLACE_BAD_ARGUMENT);
    check_status(place_destroy(NULL), PLACE_BAD_ARGUMENT);
    check_status(place_destroy(place), PLACE_OK);
}

/* Bonus. */
Test(segment, worst_fit_takes_the_largest_and_lowest)
{
    struct place *place = with_holes();
    check_eq(placed(place, PLACE_WORST_FIT, 11), 120);
    check_eq(placed(place, PLACE_WORST_FIT, 5), 0);
    check_eq(placed(place, PLACE_WORST_FIT, 5), 30);
    check_status(place_destroy(place), PLACE_OK);
}

/* Bonus. */
Test(segment, compaction_slides_segments_together)
{
    struct mach *mach = test_machine(1);
    struct place *place = with_holes();
    uint64_t *moved = arena_object(uint64_t);
    check_eq(placed(place, PLACE_FIRST_FIT, 20), 0); /* already in place */
    phys_write64(mach, 50, UINT64_C(0x1122334455667788));
    phys_write64(mach, 110, UINT64_C(0x99AABBCCDDEEFF00));
    check_status(place_compact(place, mach, moved), PLACE_OK);
    check_eq(*moved, 40);
    check_eq(mach_counts(mach).moved_bytes, 40);
    check_eq(phys_read64(mach, 30), UINT64_C(0x1122334455667788));
    check_eq(phys_read64(mach, 60), UINT64_C(0x99AABBCCDDEEFF00));
    stat_is(place, 80, 80, 1, 6);
    check_status(place_free(place, 110), PLACE_NO_SEGMENT);
    check_status(place_free(place, 60), PLACE_OK);
    check_status(place_compact(NULL, mach, moved), PLACE_BAD_ARGUMENT);
    check_status(place_compact(place, mach, NULL), PLACE_BAD_ARGUMENT);
    check_status(place_destroy(place), PLACE_OK);
}

Test(segment, neighbours_slide_together)
{
    struct mach *mach = test_machine(1);
    struct place *place = place_create(100);
    uint64_t *moved = arena_object(uint64_t);
    for (uint64_t base = 0; base < 80; base += 20)
        check_eq(placed(place, PLACE_FIRST_FIT, 20), base);
    check_status(place_free(place, 0), PLACE_OK);
    phys_write64(mach, 45, UINT64_C(0x1122334455667788));
    check_status(place_compact(place, mach, moved), PLACE_OK);
    check_eq(*moved, 60);
    check_eq(phys_read64(mach, 25), UINT64_C(0x1122334455667788));
    stat_is(place, 40, 40, 1, 3);
    check_status(place_compact(place, NULL, moved), PLACE_BAD_ARGUMENT);
    check_status(place_destroy(place), PLACE_OK);
}

Test(segment, region_holds_many_segments)
{
    struct place *place = place_create(300);
    for (unsigned i = 0; i < 300; i++)
        check_eq(placed(place, PLACE_FIRST_FIT, 1), i);
    stat_is(place, 0, 0, 0, 300);
    check_status(place_destroy(place), PLACE_OK);
}
