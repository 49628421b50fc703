/* hidden_translate.c - accesses through the hidden copy. */
#include "seg_help.h"

/* ---- From offset to address ---------------------------------------------- */

Test(hidden, linear_is_base_plus_offset)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_ES, 0x00123456, 0xFFFF, READ_ONLY_DATA, 1);
    check_linear(cpu, SEG_ES, 0, 1, SEG_READ, 0x00123456);
    check_linear(cpu, SEG_ES, 0xABC, 4, SEG_READ, 0x00123F12);
}

Test(hidden, linear_is_taken_modulo_4_gib)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_ES, 0xFFFFF000, 0xFFFFFFFF, WRITABLE_DATA, 1);
    check_linear(cpu, SEG_ES, 0x1000, 4, SEG_WRITE, 0);
    check_linear(cpu, SEG_ES, 0x12345, 4, SEG_READ, 0x11345);
    check_linear(cpu, SEG_ES, 0xFFE, 4, SEG_READ, 0xFFFFFFFE);
}

Test(hidden, each_register_has_its_own_segment)
{
    struct seg_cpu *cpu = new_cpu(0);
    for (unsigned r = 0; r < SEG_REG_COUNT; r++)
        set_register(cpu, (enum seg_reg)r, r << 20, 0xFFFF, READABLE_CODE, 1);
    for (unsigned r = 0; r < SEG_REG_COUNT; r++)
        check_linear(cpu, (enum seg_reg)r, 0x44, 4, SEG_READ, (r << 20) + 0x44);
}

Test(hidden, last_byte_of_a_segment_is_inside)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_DS, 0x2000, 0x7FF, WRITABLE_DATA, 1);
    check_access(cpu, SEG_DS, 0x7FF, 1, SEG_READ, SEG_OK);
    check_access(cpu, SEG_DS, 0x7FC, 4, SEG_WRITE, SEG_OK);
    set_register(cpu, SEG_DS, 0x2000, 0, WRITABLE_DATA, 1);
    check_access(cpu, SEG_DS, 0, 1, SEG_READ, SEG_OK);
}

Test(hidden, byte_behind_the_limit_is_outside)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_DS, 0x2000, 0x7FF, WRITABLE_DATA, 1);
    check_access(cpu, SEG_DS, 0x800, 1, SEG_READ, SEG_LIMIT);
    check_access(cpu, SEG_DS, 0xFFFFFFFF, 1, SEG_READ, SEG_LIMIT);
}

Test(hidden, every_byte_of_an_access_must_be_inside)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_DS, 0x2000, 0x7FF, WRITABLE_DATA, 1);
    for (uint32_t size = 2; size <= 16; size++) {
        check_context("%u bytes", size);
        check_access(cpu, SEG_DS, 0x800 - size, size, SEG_READ, SEG_OK);
        check_access(cpu, SEG_DS, 0x801 - size, size, SEG_READ, SEG_LIMIT);
        check_access(cpu, SEG_DS, 0x7FF, size, SEG_WRITE, SEG_LIMIT);
    }
    check_access(cpu, SEG_DS, 0, 0x800, SEG_READ, SEG_OK);
    check_access(cpu, SEG_DS, 0, 0x801, SEG_READ, SEG_LIMIT);
}

Test(hidden, segment_of_4_gib_holds_every_offset)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_DS, 0, 0xFFFFFFFF, WRITABLE_DATA, 1);
    check_linear(cpu, SEG_DS, 0xFFFFFFFF, 1, SEG_READ, 0xFFFFFFFF);
    check_linear(cpu, SEG_DS, 0xFFFFFFF8, 8, SEG_WRITE, 0xFFFFFFF8);
    check_linear(cpu, SEG_DS, 1, 0xFFFFFFFF, SEG_READ, 1);
}

Test(hidden, access_does_not_come_round_at_4_gib)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_DS, 0, 0xFFFFFFFF, WRITABLE_DATA, 1);
    check_access(cpu, SEG_DS, 0xFFFFFFFF, 2, SEG_READ, SEG_LIMIT);
    check_access(cpu, SEG_DS, 0xFFFFFFFD, 4, SEG_WRITE, SEG_LIMIT);
    check_access(cpu, SEG_DS, 2, 0xFFFFFFFF, SEG_READ, SEG_LIMIT);
}

Test(hidden, sum_of_offset_and_size_does_not_overflow)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_DS, 0x2000, 0x7FF, WRITABLE_DATA, 1);
    check_access(cpu, SEG_DS, 0xFFFFFFFE, 4, SEG_READ, SEG_LIMIT);
    check_access(cpu, SEG_DS, 0x100, 0xFFFFFF80, SEG_READ, SEG_LIMIT);
    check_access(cpu, SEG_DS, 0x10, 0xFFFFFFF0, SEG_READ, SEG_LIMIT);
}

Test(hidden, big_means_nothing_for_segments_that_expand_up)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_DS, 0x10000, 0x54321, READ_ONLY_DATA, 0);
    check_linear(cpu, SEG_DS, 0x54321, 1, SEG_READ, 0x64321);
    check_linear(cpu, SEG_DS, 0xFFFE, 4, SEG_READ, 0x1FFFE);
    check_access(cpu, SEG_DS, 0x54322, 1, SEG_READ, SEG_LIMIT);
}

/* ---- Segments that expand down ------------------------------------------- */

Test(hidden, segment_that_expands_down_begins_above_its_limit)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_ES, 0x30000, 0x5FFF, WRITABLE_DOWN, 1);
    check_access(cpu, SEG_ES, 0x5FFF, 1, SEG_READ, SEG_LIMIT);
    check_access(cpu, SEG_ES, 0x5FFD, 4, SEG_READ, SEG_LIMIT);
    check_access(cpu, SEG_ES, 0, 4, SEG_READ, SEG_LIMIT);
    check_linear(cpu, SEG_ES, 0x6000, 4, SEG_WRITE, 0x36000);
    check_linear(cpu, SEG_ES, 0x12345678, 4, SEG_READ, 0x12375678);
}

Test(hidden, big_segment_that_expands_down_ends_at_4_gib)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_ES, 0, 0xFFFFF, READ_ONLY_DOWN, 1);
    check_access(cpu, SEG_ES, 0xFFFFFFFF, 1, SEG_READ, SEG_OK);
    check_access(cpu, SEG_ES, 0xFFFFFFFC, 4, SEG_READ, SEG_OK);
    check_access(cpu, SEG_ES, 0xFFFFFFFD, 4, SEG_READ, SEG_LIMIT);
    check_access(cpu, SEG_ES, 0xFFFFFFFF, 0xFFFFFFFF, SEG_READ, SEG_LIMIT);
}

Test(hidden, small_segment_that_expands_down_ends_at_64_kib)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_ES, 0, 0x0FFF, WRITABLE_DOWN, 0);
    check_access(cpu, SEG_ES, 0xFFFF, 1, SEG_WRITE, SEG_OK);
    check_access(cpu, SEG_ES, 0xFFF8, 8, SEG_WRITE, SEG_OK);
    check_access(cpu, SEG_ES, 0xFFF9, 8, SEG_WRITE, SEG_LIMIT);
    check_access(cpu, SEG_ES, 0x10000, 1, SEG_WRITE, SEG_LIMIT);
    check_access(cpu, SEG_ES, 0x00FF0000, 1, SEG_WRITE, SEG_LIMIT);
}

Test(hidden, segment_that_expands_down_from_its_top_is_empty)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_ES, 0, 0xFFFFFFFF, WRITABLE_DOWN, 1);
    check_access(cpu, SEG_ES, 0, 1, SEG_READ, SEG_LIMIT);
    check_access(cpu, SEG_ES, 0xFFFFFFFF, 1, SEG_READ, SEG_LIMIT);
    set_register(cpu, SEG_ES, 0, 0xFFFF, WRITABLE_DOWN, 0);
    check_access(cpu, SEG_ES, 0xFFFF, 1, SEG_READ, SEG_LIMIT);
    check_access(cpu, SEG_ES, 0x10000, 1, SEG_READ, SEG_LIMIT);
    set_register(cpu, SEG_ES, 0, 0x3FFFF, WRITABLE_DOWN, 0);
    check_access(cpu, SEG_ES, 0x40000, 1, SEG_READ, SEG_LIMIT);
}

Test(hidden, conforming_code_does_not_expand_down)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_FS, 0x8000, 0xFFF, CONFORMING_READABLE, 1);
    check_linear(cpu, SEG_FS, 0, 4, SEG_READ, 0x8000);
    check_access(cpu, SEG_FS, 0x1000, 4, SEG_READ, SEG_LIMIT);
}

/* ---- What an access may do ----------------------------------------------- */

/* Which types allow an access, for all eight. */
static void
check_rights(enum seg_access access, unsigned allowed_types)
{
    struct seg_cpu *cpu = new_cpu(0);
    for (unsigned type = 0; type < 16; type++) {
        const int down = (type & 12) == 4;
        set_register(cpu, SEG_DS, 0, down ? 0xF : 0xFFFF, type, 1);
        check_context("access %d, type %u", (int)access, type);
        check_access(cpu, SEG_DS, 0x40, 4, access,
                     allowed_types >> type & 1 ? SEG_OK : SEG_RIGHTS);
    }
}

Test(hidden, writing_needs_writable_data)
{
    check_rights(SEG_WRITE, 0x00CC);
}

Test(hidden, reading_needs_data_or_readable_code)
{
    check_rights(SEG_READ, 0xCCFF);
}

Test(hidden, executing_needs_code)
{
    check_rights(SEG_EXECUTE, 0xFF00);
}

Test(hidden, rights_are_the_same_in_cs)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_CS, 0, 0xFFFF, READABLE_CODE, 1);
    check_access(cpu, SEG_CS, 8, 4, SEG_EXECUTE, SEG_OK);
    check_access(cpu, SEG_CS, 8, 4, SEG_READ, SEG_OK);
    check_access(cpu, SEG_CS, 8, 4, SEG_WRITE, SEG_RIGHTS);
    set_register(cpu, SEG_CS, 0, 0xFFFF, EXECUTE_ONLY, 1);
    check_access(cpu, SEG_CS, 8, 4, SEG_EXECUTE, SEG_OK);
    check_access(cpu, SEG_CS, 8, 4, SEG_READ, SEG_RIGHTS);
}

Test(hidden, register_that_holds_null_cannot_be_used)
{
    struct seg_cpu *cpu = new_cpu(0);
    for (unsigned r = 0; r < SEG_REG_COUNT; r++) {
        check_context("register %u", r);
        check_access(cpu, (enum seg_reg)r, 0, 1, SEG_READ, SEG_NULL);
    }
    put_kind(cpu, SELECTOR(1, 0), PRESENT | DATA | WRITABLE);
    check_load(cpu, SEG_DS, SELECTOR(1, 0), SEG_OK);
    check_load(cpu, SEG_DS, 0, SEG_OK);
    check_access(cpu, SEG_DS, 0, 1, SEG_READ, SEG_NULL);
}

Test(hidden, null_is_checked_before_rights_and_limit)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_DS, 0, 0xF, EXECUTE_ONLY, 1);
    cpu->reg[SEG_DS].usable = 0;
    check_access(cpu, SEG_DS, 0, 1, SEG_WRITE, SEG_NULL);
    check_access(cpu, SEG_DS, 0x10, 1, SEG_EXECUTE, SEG_NULL);
}

Test(hidden, rights_are_checked_before_the_limit)
{
    struct seg_cpu *cpu = new_cpu(0);
    set_register(cpu, SEG_DS, 0, 0xFFF, READ_ONLY_DATA, 1);
    check_access(cpu, SEG_DS, 0x1000, 4, SEG_WRITE, SEG_RIGHTS);
    check_access(cpu, SEG_DS, 0xFFFFFFFF, 4, SEG_EXECUTE, SEG_RIGHTS);
}

Test(hidden, privilege_is_not_looked_at_again)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(1, 0), PRESENT | DPL0 | DATA | WRITABLE);
    check_load(cpu, SEG_DS, SELECTOR(1, 0), SEG_OK);
    cpu->cpl = 3;
    check_linear(cpu, SEG_DS, 0x20, 4, SEG_WRITE, 0x10020);
}

/* ---- What a translation leaves ------------------------------------------- */

Test(hidden, faulting_access_is_gp_0)
{
    struct seg_cpu *cpu = new_cpu(0);
    struct seg_result *result = new_result();
    set_register(cpu, SEG_GS, 0, 0xFFF, READ_ONLY_DATA, 1);
    check_status(seg_translate(cpu, SEG_GS, 0x1000, 1, SEG_READ, result),
                 SEG_LIMIT);
    check_eq(result->fault.vector, FAULT_GP);
    check_eq(result->fault.error_code, 0);
    check_eq(result->fault.address, 0);
    result = new_result();
    check_status(seg_translate(cpu, SEG_GS, 0, 1, SEG_WRITE, result),
                 SEG_RIGHTS);
    check_eq(result->fault.vector, FAULT_GP);
    check_eq(result->fault.error_code, 0);
    result = new_result();
    check_status(seg_translate(cpu, SEG_DS, 0, 1, SEG_READ, result), SEG_NULL);
    check_eq(result->fault.vector, FAULT_GP);
    check_eq(result->fault.error_code, 0);
}

Test(hidden, faulting_access_through_ss_is_ss_0)
{
    struct seg_cpu *cpu = new_cpu(0);
    struct seg_result *result = new_result();
    set_register(cpu, SEG_SS, 0, 0x7FFF, WRITABLE_DOWN, 1);
    check_status(seg_translate(cpu, SEG_SS, 0x7FFC, 4, SEG_WRITE, result),
                 SEG_LIMIT);
    check_eq(result->fault.vector, FAULT_SS);
    check_eq(result->fault.error_code, 0);
    check_eq(result->fault.address, 0);
    result = new_result();
    check_status(seg_translate(cpu, SEG_SS, 0x8000, 4, SEG_EXECUTE, result),
                 SEG_RIGHTS);
    check_eq(result->fault.vector, FAULT_SS);
}

Test(hidden, fault_leaves_the_linear_address_untouched)
{
    struct seg_cpu *cpu = new_cpu(0);
    struct seg_result *result = new_result();
    set_register(cpu, SEG_DS, 0x1000, 0xFFF, READ_ONLY_DATA, 1);
    check_status(seg_translate(cpu, SEG_DS, 0x2000, 1, SEG_READ, result),
                 SEG_LIMIT);
    check_eq(result->linear, 0xA5A5A5A5);
}

Test(hidden, translation_leaves_the_fault_untouched)
{
    struct seg_cpu *cpu = new_cpu(0);
    struct seg_result *result = new_result();
    const struct mach_fault pattern = fault_pattern();
    set_register(cpu, SEG_DS, 0x1000, 0xFFF, READ_ONLY_DATA, 1);
    check_status(seg_translate(cpu, SEG_DS, 0x200, 1, SEG_READ, result),
                 SEG_OK);
    check_bytes(&result->fault, &pattern, sizeof pattern);
}

Test(hidden, access_does_not_read_the_table_again)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(3, 0), PRESENT | DATA | WRITABLE);
    check_load(cpu, SEG_DS, SELECTOR(3, 0), SEG_OK);
    const uint64_t reads = mach_counts(machine_of(cpu)).reads;
    check_linear(cpu, SEG_DS, 0x30, 4, SEG_WRITE, 0x10030);
    check_access(cpu, SEG_DS, 0x10000, 1, SEG_READ, SEG_LIMIT);
    check_eq(mach_counts(machine_of(cpu)).reads, reads);
}

Test(hidden, changed_descriptor_has_no_effect_until_the_next_load)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(3, 0), PRESENT | DATA | WRITABLE);
    check_load(cpu, SEG_DS, SELECTOR(3, 0), SEG_OK);
    put(cpu, SELECTOR(3, 0), 0);
    check_linear(cpu, SEG_DS, 0x30, 4, SEG_WRITE, 0x10030);
    check_load(cpu, SEG_DS, SELECTOR(3, 0), SEG_WRONG_TYPE);
    check_linear(cpu, SEG_DS, 0x34, 4, SEG_WRITE, 0x10034);
}

Test(hidden, translation_leaves_the_processor_as_it_was)
{
    struct seg_cpu *cpu = new_cpu(3);
    set_register(cpu, SEG_DS, 0x1000, 0xFFF, 2, 1); /* A is clear */
    static struct seg_cpu before;
    before = *cpu;
    check_access(cpu, SEG_DS, 0x10, 4, SEG_WRITE, SEG_OK);
    check_access(cpu, SEG_DS, 0x1000, 4, SEG_WRITE, SEG_LIMIT);
    check_access(cpu, SEG_ES, 0x10, 4, SEG_WRITE, SEG_NULL);
    check_bytes(cpu, &before, sizeof before);
}

Test(hidden, bad_arguments_of_a_translation)
{
    struct seg_cpu *cpu = new_cpu(0);
    struct seg_result *result = new_result();
    const struct mach_fault pattern = fault_pattern();
    set_register(cpu, SEG_DS, 0, 0xFFF, WRITABLE_DATA, 1);
    check_status(seg_translate(NULL, SEG_DS, 0, 1, SEG_READ, result),
                 SEG_BAD_ARGUMENT);
    check_status(seg_translate(cpu, SEG_DS, 0, 1, SEG_READ, NULL),
                 SEG_BAD_ARGUMENT);
    check_status(seg_translate(cpu, SEG_REG_COUNT, 0, 1, SEG_READ, result),
                 SEG_BAD_ARGUMENT);
    check_status(seg_translate(cpu, (enum seg_reg)7, 0, 1, SEG_READ, result),
                 SEG_BAD_ARGUMENT);
    check_status(seg_translate(cpu, (enum seg_reg) - 1, 0, 1, SEG_READ, result),
                 SEG_BAD_ARGUMENT);
    check_status(seg_translate(cpu, SEG_DS, 0, 1, (enum seg_access)3, result),
                 SEG_BAD_ARGUMENT);
    check_status(
        seg_translate(cpu, SEG_DS, 0, 1, (enum seg_access) - 1, result),
        SEG_BAD_ARGUMENT);
    check_status(seg_translate(cpu, SEG_DS, 0, 0, SEG_READ, result),
                 SEG_BAD_ARGUMENT);
    check_status(seg_translate(cpu, SEG_ES, 0, 0, SEG_READ, result),
                 SEG_BAD_ARGUMENT); /* null, too, but that comes later */
    check_eq(result->linear, 0xA5A5A5A5);
    check_bytes(&result->fault, &pattern, sizeof pattern);
}

/* Whether one byte of a segment exists. */
static int
byte_exists(const struct seg_descriptor *d, uint64_t offset)
{
    if (offset > 0xFFFFFFFF)
        return 0;
    if ((d->type & 12) != 4)
        return offset <= d->limit;
    return offset > d->limit && (d->big || offset < 0x10000);
}

/* A number that is often close to an edge. */
static uint32_t
near_an_edge(uint32_t limit)
{
    const uint32_t edges[] = {0, limit, 0xFFFF, 0xFFFFFFFF, 0x80000000};
    if (test_random_below(4) == 0)
        return (uint32_t)test_random();
    return edges[test_random_below(5)] + (uint32_t)test_random_below(24) - 12;
}

Test(hidden, random_accesses_agree_with_a_look_at_every_byte)
{
    struct seg_cpu *cpu = new_cpu(0);
    struct seg_result *result = new_result();
    static struct seg_cpu before;
    for (int round = 0; round < 4000; round++) {
        const enum seg_reg reg = (enum seg_reg)test_random_below(SEG_REG_COUNT);
        const uint32_t limit = near_an_edge(0xFFFFF);
        const unsigned type = (unsigned)test_random_below(16);
        set_register(cpu, reg, (uint32_t)test_random(), limit, type,
                     (unsigned)test_random_below(2));
        cpu->reg[reg].usable = test_random_below(16) != 0;
        cpu->reg[reg].copy.dpl = (uint32_t)test_random_below(4);
        cpu->reg[reg].copy.granular = (uint32_t)test_random_below(2);
        cpu->cpl = (uint32_t)test_random_below(4);
        const struct seg_descriptor *d = &cpu->reg[reg].copy;
        const uint32_t offset = near_an_edge(limit);
        const uint32_t size = 1 + (uint32_t)test_random_below(16);
        const enum seg_access access = (enum seg_access)test_random_below(3);
        static const unsigned allowed[] = {0xCCFF, 0x00CC, 0xFF00};
        struct seg_result left = {0xA5A5A5A5, fault_pattern()};
        *result = left;
        before = *cpu;
        enum seg_status want = SEG_OK;
        for (uint64_t i = 0; i < size; i++)
            if (!byte_exists(d, offset + i))
                want = SEG_LIMIT;
        if (!(allowed[access] >> type & 1))
            want = SEG_RIGHTS;
        if (!cpu->reg[reg].usable)
            want = SEG_NULL;
        if (want == SEG_OK)
            left.linear = d->base + offset;
        else
            left.fault = (struct mach_fault){
                .vector = reg == SEG_SS ? FAULT_SS : FAULT_GP};
        check_context("round %d: register %d, type %u, limit 0x%X, big %u, "
                      "offset 0x%X, size %u, access %d",
                      round, (int)reg, type, limit, d->big, offset, size,
                      (int)access);
        check_status(seg_translate(cpu, reg, offset, size, access, result),
                     want);
        check_eq(result->linear, left.linear);
        check_eq(result->fault.vector, left.fault.vector);
        check_eq(result->fault.error_code, left.fault.error_code);
        check_eq(result->fault.address, left.fault.address);
        check_bytes(cpu, &before, sizeof before);
    }
}
