/* hidden.c - descriptors and loads.  hidden_translate.c and hidden_place.c have
 * the rest of the suite. */
#include "seg_help.h"

VMLAB_SUITE(hidden)

/* ---- Reading a descriptor ---------------------------------------------------
 */

/* Decodes into a fresh struct. */
static const struct seg_descriptor *
decoded(uint64_t raw)
{
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    check_context("descriptor 0x%016llX", (unsigned long long)raw);
    check_status(seg_decode(raw, d), SEG_OK);
    return d;
}

Test(hidden, base_is_joined_from_three_pieces)
{
    check_eq(decoded(UINT64_C(0x000000000ABC0000))->base, 0x00000ABC);
    check_eq(decoded(UINT64_C(0x000000DE00000000))->base, 0x00DE0000);
    check_eq(decoded(UINT64_C(0xF100000000000000))->base, 0xF1000000);
    check_eq(decoded(UINT64_C(0xC0CF92FFEE12FFFF))->base, 0xC0FFEE12);
}

Test(hidden, limit_is_joined_from_two_pieces)
{
    check_eq(decoded(UINT64_C(0x0000000000008421))->limit, 0x08421);
    check_eq(decoded(UINT64_C(0x0009000000000000))->limit, 0x90000);
    check_eq(decoded(UINT64_C(0xFF46FFFFFFFF3210))->limit, 0x63210);
}

Test(hidden, limit_in_bytes_is_the_field_itself)
{
    check_eq(decoded(UINT64_C(0x004F92000000FFFF))->limit, 0xFFFFF);
    check_eq(decoded(UINT64_C(0x0040920000000000))->limit, 0);
}

Test(hidden, limit_in_pages_counts_4_kib_each)
{
    check_eq(decoded(UINT64_C(0x00C0920000000007))->limit / 0x1000, 0x00007);
    check_eq(decoded(UINT64_C(0x00CA92000000BCDE))->limit / 0x1000, 0xABCDE);
    check_eq(decoded(UINT64_C(0x00CF92000000FFFF))->limit / 0x1000, 0xFFFFF);
}

Test(hidden, limit_in_pages_ends_with_the_last_byte_of_a_page)
{
    check_eq(decoded(UINT64_C(0x00C0920000000000))->limit % 0x1000, 0xFFF);
    check_eq(decoded(UINT64_C(0x00C9920000001234))->limit % 0x1000, 0xFFF);
    check_eq(decoded(UINT64_C(0x00CF92000000FFFF))->limit % 0x1000, 0xFFF);
}

Test(hidden, type_s_dpl_and_p_are_fields_of_their_own)
{
    for (unsigned byte = 0; byte < 256; byte += byte < 16 ? 1 : 15) {
        const struct seg_descriptor *d = decoded((uint64_t)byte << 40);
        check_eq(d->type, byte & 15);
        check_eq(d->s, byte >> 4 & 1);
        check_eq(d->dpl, byte >> 5 & 3);
        check_eq(d->present, byte >> 7);
    }
}

Test(hidden, granular_and_big_are_fields_of_their_own)
{
    const struct seg_descriptor *g = decoded(UINT64_C(0x0080000000000000));
    check_eq(g->granular, 1);
    check_eq(g->big, 0);
    const struct seg_descriptor *b = decoded(UINT64_C(0x0040000000000000));
    check_eq(b->granular, 0);
    check_eq(b->big, 1);
}

Test(hidden, bits_52_and_53_mean_nothing)
{
    const struct seg_descriptor *d = decoded(UINT64_C(0x0030000000000000));
    check_eq(d->base, 0);
    check_eq(d->limit, 0);
    check_eq(d->big, 0);
    check_eq(d->granular, 0);
}

Test(hidden, decode_agrees_with_bit_by_bit_reading)
{
    static const unsigned char base_bit[32] = {
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        32, 33, 34, 35, 36, 37, 38, 39, 56, 57, 58, 59, 60, 61, 62, 63};
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    for (int round = 0; round < 500; round++) {
        const uint64_t raw = test_random();
        uint64_t base = 0, limit = 0;
        for (unsigned i = 0; i < 32; i++)
            base += (raw >> base_bit[i] & 1) << i;
        for (unsigned i = 0; i < 20; i++)
            limit += (raw >> (i < 16 ? i : i + 32) & 1) << i;
        if (raw >> 55 & 1)
            limit = limit * 4096 + 4095;
        check_context("round %d: descriptor 0x%016llX", round,
                      (unsigned long long)raw);
        check_status(seg_decode(raw, d), SEG_OK);
        check_eq(d->base, base);
        check_eq(d->limit, limit);
        check_eq(d->type, raw >> 40 & 15);
        check_eq(d->s, raw >> 44 & 1);
        check_eq(d->dpl, raw >> 45 & 3);
        check_eq(d->present, raw >> 47 & 1);
        check_eq(d->big, raw >> 54 & 1);
        check_eq(d->granular, raw >> 55 & 1);
    }
}

Test(hidden, decode_without_a_place_for_the_fields_is_a_bad_argument)
{
    check_status(seg_decode(UINT64_C(0x00CF92000000FFFF), NULL),
                 SEG_BAD_ARGUMENT);
}

/* ---- Finding the descriptor ---------------------------------------------- */

Test(hidden, null_in_a_data_register_is_no_fault)
{
    static const enum seg_reg data[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    struct seg_cpu *cpu = new_cpu(0);
    for (unsigned i = 0; i < 4; i++) {
        set_register(cpu, data[i], 0x5000, 0xFFF, WRITABLE_DATA, 1);
        check_load(cpu, data[i], 0, SEG_OK);
        check_eq(cpu->reg[data[i]].usable, 0);
        check_eq(cpu->reg[data[i]].selector, 0);
    }
}

Test(hidden, null_is_null_with_any_rpl)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, 0, PRESENT | DPL3 | DATA | WRITABLE);
    for (uint16_t rpl = 1; rpl <= 3; rpl++) {
        set_register(cpu, SEG_ES, 0x5000, 0xFFF, WRITABLE_DATA, 1);
        check_load(cpu, SEG_ES, rpl, SEG_OK);
        check_eq(cpu->reg[SEG_ES].usable, 0);
        check_eq(cpu->reg[SEG_ES].selector, rpl);
    }
}

Test(hidden, null_in_cs_or_ss_is_gp_0)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, 0, PRESENT | DPL3 | DATA | WRITABLE);
    check_load_fault(cpu, SEG_SS, 3, SEG_NULL, FAULT_GP, 0);
    check_load_fault(cpu, SEG_SS, 0, SEG_NULL, FAULT_GP, 0);
    put_kind(cpu, 0, PRESENT | DPL3 | CODE | READABLE);
    check_load_fault(cpu, SEG_CS, 3, SEG_NULL, FAULT_GP, 0);
    check_load_fault(cpu, SEG_CS, 0, SEG_NULL, FAULT_GP, 0);
}

Test(hidden, null_does_not_touch_memory)
{
    struct seg_cpu *cpu = new_cpu(0);
    cpu->gdt.base = MEMORY_BYTES - 7; /* reading descriptor 0 is a bus error */
    cpu->gdt.limit = 0;
    check_load(cpu, SEG_GS, 2, SEG_OK);
    check_load(cpu, SEG_SS, 0, SEG_NULL);
    const struct mach_counts counts = mach_counts(machine_of(cpu));
    check_eq(counts.reads + counts.writes, 0);
}

Test(hidden, ti_set_selects_the_ldt)
{
    struct seg_cpu *cpu = new_cpu(0);
    put(cpu, SELECTOR(5, 0),
        raw_descriptor(0x61000, 0x7FF, PRESENT | DATA | WRITABLE, BIG));
    put(cpu, SELECTOR(5, IN_LDT),
        raw_descriptor(0x72000, 0x8FF, PRESENT | DATA, BIG));
    check_load(cpu, SEG_ES, SELECTOR(5, IN_LDT), SEG_OK);
    check_eq(cpu->reg[SEG_ES].copy.base, 0x72000);
    check_load(cpu, SEG_ES, SELECTOR(5, 0), SEG_OK);
    check_eq(cpu->reg[SEG_ES].copy.base, 0x61000);
}

Test(hidden, index_0_of_the_ldt_is_a_segment)
{
    struct seg_cpu *cpu = new_cpu(2);
    put_kind(cpu, IN_LDT, PRESENT | DPL2 | DATA | WRITABLE);
    check_load(cpu, SEG_SS, IN_LDT | RPL2, SEG_OK);
    check_eq(cpu->reg[SEG_SS].usable, 1);
    check_load(cpu, SEG_FS, IN_LDT, SEG_OK);
    check_eq(cpu->reg[SEG_FS].usable, 1);
}

Test(hidden, all_8_bytes_must_lie_within_the_table)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(6, 0), PRESENT | DATA | WRITABLE);
    cpu->gdt.limit = 6 * 8 + 7;
    check_load(cpu, SEG_DS, SELECTOR(6, 0), SEG_OK);
    for (uint32_t limit = 6 * 8 - 1; limit < 6 * 8 + 7; limit++) {
        cpu->gdt.limit = limit;
        check_context("GDT limit 0x%X, index 6", limit);
        check_load_fault(cpu, SEG_DS, SELECTOR(6, 0), SEG_TABLE_LIMIT, FAULT_GP,
                         SELECTOR(6, 0));
    }
}

Test(hidden, each_table_has_its_own_limit)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(9, 0), PRESENT | DATA | WRITABLE);
    put_kind(cpu, SELECTOR(9, IN_LDT), PRESENT | DATA | WRITABLE);
    cpu->gdt.limit = 0x1F;
    check_load(cpu, SEG_DS, SELECTOR(9, 0), SEG_TABLE_LIMIT);
    check_load(cpu, SEG_DS, SELECTOR(9, IN_LDT), SEG_OK);
    cpu->gdt.limit = 0x7F;
    cpu->ldt.limit = 0x1F;
    check_load(cpu, SEG_DS, SELECTOR(9, 0), SEG_OK);
    check_load(cpu, SEG_DS, SELECTOR(9, IN_LDT), SEG_TABLE_LIMIT);
}

Test(hidden, table_of_limit_0_holds_nothing)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, IN_LDT, PRESENT | DATA | WRITABLE);
    cpu->ldt.limit = 0;
    check_load_fault(cpu, SEG_ES, IN_LDT, SEG_TABLE_LIMIT, FAULT_GP, IN_LDT);
}

Test(hidden, largest_index_of_a_full_table_is_found)
{
    struct seg_cpu *cpu = arena_object(struct seg_cpu);
    give_machine(cpu, 24);
    cpu->gdt = (struct seg_table){0x4010, 0xFFFF};
    put_kind(cpu, SELECTOR(0x1FFF, 0), PRESENT | DATA | WRITABLE);
    check_load(cpu, SEG_DS, SELECTOR(0x1FFF, 0), SEG_OK);
    check_eq(cpu->reg[SEG_DS].copy.base, 0x10000);
    cpu->gdt.limit = 0xFFFE;
    check_load(cpu, SEG_DS, SELECTOR(0x1FFF, 0), SEG_TABLE_LIMIT);
}

Test(hidden, descriptor_outside_its_table_is_not_read)
{
    struct seg_cpu *cpu = new_cpu(0);
    cpu->gdt.base = MEMORY_BYTES - 0x10; /* two entries, then a bus error */
    cpu->gdt.limit = 0x0F;
    check_load(cpu, SEG_DS, SELECTOR(2, 0), SEG_TABLE_LIMIT);
    check_eq(mach_counts(machine_of(cpu)).reads, 0);
}

Test(hidden, every_load_reads_the_table)
{
    struct seg_cpu *cpu = new_cpu(0);
    const uint16_t selector = SELECTOR(3, 0);
    put(cpu, selector, raw_descriptor(0x10000, 0xFF, PRESENT | DATA, 0));
    check_load(cpu, SEG_DS, selector, SEG_OK);
    put(cpu, selector, raw_descriptor(0x20000, 0xFF, PRESENT | DATA, 0));
    check_load(cpu, SEG_DS, selector, SEG_OK);
    check_eq(cpu->reg[SEG_DS].copy.base, 0x20000);
}

/* ---- What may be loaded where -------------------------------------------- */

Test(hidden, system_descriptor_fits_no_register)
{
    struct seg_cpu *cpu = new_cpu(0);
    for (unsigned type = 0; type < 16; type++) {
        put_kind(cpu, SELECTOR(4, 0), PRESENT | SYSTEM | type);
        for (unsigned reg = 0; reg < SEG_REG_COUNT; reg++) {
            check_context("system type %u, register %u", type, reg);
            check_load_fault(cpu, (enum seg_reg)reg, SELECTOR(4, 0),
                             SEG_WRONG_TYPE, FAULT_GP, SELECTOR(4, 0));
        }
    }
}

Test(hidden, data_register_takes_data_of_every_kind)
{
    struct seg_cpu *cpu = new_cpu(0);
    for (unsigned type = 0; type < 8; type++) {
        put_kind(cpu, SELECTOR(4, 0), PRESENT | DATA | type);
        check_context("data, type %u", type);
        check_load(cpu, SEG_GS, SELECTOR(4, 0), SEG_OK);
    }
}

Test(hidden, data_register_takes_code_that_is_readable)
{
    struct seg_cpu *cpu = new_cpu(1);
    put_kind(cpu, SELECTOR(4, 0), PRESENT | DPL1 | CODE | READABLE);
    check_load(cpu, SEG_FS, SELECTOR(4, RPL1), SEG_OK);
    check_eq(cpu->reg[SEG_FS].usable, 1);
}

Test(hidden, data_register_refuses_code_that_is_not_readable)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(4, 0), PRESENT | CODE);
    check_load_fault(cpu, SEG_DS, SELECTOR(4, 0), SEG_WRONG_TYPE, FAULT_GP,
                     0x20);
    put_kind(cpu, SELECTOR(4, 0), PRESENT | CODE | CONFORMING);
    check_load(cpu, SEG_ES, SELECTOR(4, 0), SEG_WRONG_TYPE);
}

Test(hidden, ss_takes_writable_data_alone)
{
    struct seg_cpu *cpu = new_cpu(0);
    for (unsigned type = 0; type < 16; type++) {
        const int suits = (type & 10) == 2; /* data and writable */
        put_kind(cpu, SELECTOR(4, 0), PRESENT | DATA | type);
        check_context("SS, type %u", type);
        check_load(cpu, SEG_SS, SELECTOR(4, 0),
                   suits ? SEG_OK : SEG_WRONG_TYPE);
    }
}

Test(hidden, cs_refuses_data)
{
    struct seg_cpu *cpu = new_cpu(0);
    for (unsigned type = 0; type < 8; type++) {
        put_kind(cpu, SELECTOR(4, 0), PRESENT | DATA | type);
        check_context("CS, type %u", type);
        check_load(cpu, SEG_CS, SELECTOR(4, 0), SEG_WRONG_TYPE);
    }
}

Test(hidden, cs_takes_code_readable_or_not)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(4, 0), PRESENT | CODE);
    check_load(cpu, SEG_CS, SELECTOR(4, 0), SEG_OK);
    put_kind(cpu, SELECTOR(5, 0), PRESENT | CODE | READABLE);
    check_load(cpu, SEG_CS, SELECTOR(5, 0), SEG_OK);
}

Test(hidden, data_register_needs_a_dpl_not_below_the_cpl)
{
    for (unsigned cpl = 0; cpl < 4; cpl++) {
        struct seg_cpu *cpu = new_cpu(cpl);
        for (unsigned dpl = 0; dpl < 4; dpl++) {
            put_kind(cpu, SELECTOR(4, 0), PRESENT | dpl << 5 | DATA | WRITABLE);
            check_context("CPL %u, DPL %u, RPL 0", cpl, dpl);
            check_load(cpu, SEG_DS, SELECTOR(4, 0),
                       cpl <= dpl ? SEG_OK : SEG_PRIVILEGE);
        }
    }
}

Test(hidden, data_register_needs_a_dpl_not_below_the_rpl)
{
    struct seg_cpu *cpu = new_cpu(0);
    for (unsigned dpl = 0; dpl < 4; dpl++) {
        put_kind(cpu, SELECTOR(4, 0), PRESENT | dpl << 5 | DATA | WRITABLE);
        for (unsigned rpl = 0; rpl < 4; rpl++) {
            check_context("CPL 0, DPL %u, RPL %u", dpl, rpl);
            check_load(cpu, SEG_DS, SELECTOR(4, rpl),
                       rpl <= dpl ? SEG_OK : SEG_PRIVILEGE);
        }
    }
}

Test(hidden, nonconforming_code_in_a_data_register_needs_its_privilege)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, SELECTOR(4, 0), PRESENT | DPL0 | CODE | READABLE);
    check_load_fault(cpu, SEG_ES, SELECTOR(4, RPL3), SEG_PRIVILEGE, FAULT_GP,
                     0x20);
}

Test(hidden, conforming_code_in_a_data_register_needs_no_privilege)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, SELECTOR(4, 0),
             PRESENT | DPL0 | CODE | CONFORMING | READABLE);
    check_load(cpu, SEG_ES, SELECTOR(4, RPL3), SEG_OK);
    check_load(cpu, SEG_DS, SELECTOR(4, RPL0), SEG_OK);
}

Test(hidden, data_that_expands_down_needs_its_privilege)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, SELECTOR(4, 0), PRESENT | DPL1 | DATA | DOWN | WRITABLE);
    check_load(cpu, SEG_ES, SELECTOR(4, RPL3), SEG_PRIVILEGE);
}

Test(hidden, ss_needs_an_rpl_equal_to_the_cpl)
{
    struct seg_cpu *cpu = new_cpu(2);
    put_kind(cpu, SELECTOR(4, 0), PRESENT | DPL2 | DATA | WRITABLE);
    for (unsigned rpl = 0; rpl < 4; rpl++) {
        check_context("CPL 2, DPL 2, RPL %u", rpl);
        check_load(cpu, SEG_SS, SELECTOR(4, rpl),
                   rpl == 2 ? SEG_OK : SEG_PRIVILEGE);
    }
}

Test(hidden, ss_needs_a_dpl_equal_to_the_cpl)
{
    struct seg_cpu *cpu = new_cpu(1);
    for (unsigned dpl = 0; dpl < 4; dpl++) {
        put_kind(cpu, SELECTOR(4, 0), PRESENT | dpl << 5 | DATA | WRITABLE);
        check_context("CPL 1, DPL %u, RPL 1", dpl);
        check_load(cpu, SEG_SS, SELECTOR(4, RPL1),
                   dpl == 1 ? SEG_OK : SEG_PRIVILEGE);
    }
}

Test(hidden, cs_needs_a_dpl_equal_to_the_cpl)
{
    struct seg_cpu *cpu = new_cpu(2);
    for (unsigned dpl = 0; dpl < 4; dpl++) {
        put_kind(cpu, SELECTOR(4, 0), PRESENT | dpl << 5 | CODE | READABLE);
        check_context("CPL 2, DPL %u, RPL 2", dpl);
        check_load(cpu, SEG_CS, SELECTOR(4, RPL2),
                   dpl == 2 ? SEG_OK : SEG_PRIVILEGE);
    }
}

Test(hidden, cs_needs_an_rpl_not_above_the_cpl)
{
    struct seg_cpu *cpu = new_cpu(1);
    put_kind(cpu, SELECTOR(4, 0), PRESENT | DPL1 | CODE);
    for (unsigned rpl = 0; rpl < 4; rpl++) {
        check_context("CPL 1, DPL 1, RPL %u", rpl);
        check_load(cpu, SEG_CS, SELECTOR(4, rpl),
                   rpl <= 1 ? SEG_OK : SEG_PRIVILEGE);
    }
}

/* ---- What a load leaves -------------------------------------------------- */

Test(hidden, absent_segment_is_np)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(7, IN_LDT), DPL0 | DATA | WRITABLE);
    check_load_fault(cpu, SEG_GS, SELECTOR(7, IN_LDT), SEG_NOT_PRESENT,
                     FAULT_NP, 0x3C);
    put_kind(cpu, SELECTOR(7, 0), DPL0 | CODE);
    check_load_fault(cpu, SEG_CS, SELECTOR(7, 0), SEG_NOT_PRESENT, FAULT_NP,
                     0x38);
}

Test(hidden, absent_stack_segment_is_ss)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, SELECTOR(7, 0), DPL3 | DATA | WRITABLE);
    check_load_fault(cpu, SEG_SS, SELECTOR(7, RPL3), SEG_NOT_PRESENT, FAULT_SS,
                     0x38);
}

Test(hidden, other_faults_of_the_stack_segment_are_gp)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, SELECTOR(7, 0), PRESENT | DPL3 | DATA);
    check_load_fault(cpu, SEG_SS, SELECTOR(7, RPL3), SEG_WRONG_TYPE, FAULT_GP,
                     0x38);
    put_kind(cpu, SELECTOR(7, 0), PRESENT | DPL0 | DATA | WRITABLE);
    check_load_fault(cpu, SEG_SS, SELECTOR(7, RPL3), SEG_PRIVILEGE, FAULT_GP,
                     0x38);
    check_load_fault(cpu, SEG_SS, SELECTOR(99, RPL3), SEG_TABLE_LIMIT, FAULT_GP,
                     99 * 8);
}

Test(hidden, privilege_is_checked_before_presence)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, SELECTOR(7, 0), DPL0 | DATA | WRITABLE);
    check_load(cpu, SEG_DS, SELECTOR(7, RPL3), SEG_PRIVILEGE);
    check_load(cpu, SEG_SS, SELECTOR(7, RPL3), SEG_PRIVILEGE);
    put_kind(cpu, SELECTOR(7, 0), DPL0 | CODE);
    check_load(cpu, SEG_CS, SELECTOR(7, RPL3), SEG_PRIVILEGE);
}

Test(hidden, type_is_checked_before_privilege_and_presence)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, SELECTOR(7, 0), DPL0 | CODE);
    check_load(cpu, SEG_DS, SELECTOR(7, RPL3), SEG_WRONG_TYPE);
    check_load(cpu, SEG_SS, SELECTOR(7, RPL3), SEG_WRONG_TYPE);
    put_kind(cpu, SELECTOR(7, 0), DPL3 | DATA);
    check_load(cpu, SEG_CS, SELECTOR(7, RPL3), SEG_WRONG_TYPE);
}

Test(hidden, error_code_is_the_selector_without_its_rpl)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(8, IN_LDT), PRESENT | CODE);
    check_load_fault(cpu, SEG_DS, SELECTOR(8, IN_LDT | RPL1), SEG_WRONG_TYPE,
                     FAULT_GP, 0x44);
    check_load_fault(cpu, SEG_DS, SELECTOR(8, RPL2), SEG_WRONG_TYPE, FAULT_GP,
                     0x40);
    check_load_fault(cpu, SEG_DS, 0xFFFF, SEG_TABLE_LIMIT, FAULT_GP, 0xFFFC);
}

Test(hidden, fault_of_a_load_has_no_address)
{
    struct seg_cpu *cpu = new_cpu(0);
    struct mach_fault *fault = new_fault();
    check_status(seg_load(cpu, SEG_DS, SELECTOR(8, 0), fault), SEG_WRONG_TYPE);
    check_eq(fault->address, 0);
}

Test(hidden, register_holds_selector_and_hidden_copy)
{
    struct seg_cpu *cpu = new_cpu(1);
    const uint16_t selector = SELECTOR(11, IN_LDT | RPL2);
    put(cpu, selector,
        raw_descriptor(0x89ABCDEF, 0x54321,
                       PRESENT | DPL3 | DATA | DOWN | WRITABLE, GRANULAR));
    check_load(cpu, SEG_FS, selector, SEG_OK);
    const struct seg_register *fs = &cpu->reg[SEG_FS];
    check_eq(fs->selector, selector);
    check_eq(fs->usable, 1);
    check_eq(fs->copy.base, 0x89ABCDEF);
    check_eq(fs->copy.limit, 0x54321FFF);
    check_eq(fs->copy.s, 1);
    check_eq(fs->copy.dpl, 3);
    check_eq(fs->copy.present, 1);
    check_eq(fs->copy.big, 0);
    check_eq(fs->copy.granular, 1);
}

Test(hidden, cs_shows_the_cpl_as_its_rpl)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, SELECTOR(6, IN_LDT), PRESENT | DPL3 | CODE);
    check_load(cpu, SEG_CS, SELECTOR(6, IN_LDT | RPL1), SEG_OK);
    check_eq(cpu->reg[SEG_CS].selector, SELECTOR(6, IN_LDT | RPL3));
}

Test(hidden, load_sets_the_accessed_bit_in_memory)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(1, 0), PRESENT | DATA | WRITABLE);
    put_kind(cpu, SELECTOR(0, IN_LDT), PRESENT | CODE | READABLE);
    check_load(cpu, SEG_SS, SELECTOR(1, 0), SEG_OK);
    check_eq(
        peek64(machine_of(cpu), GDT_BASE + 8),
        raw_descriptor(0x10000, 0xFFFF, PRESENT | DATA | WRITABLE | 1, BIG));
    check_load(cpu, SEG_CS, SELECTOR(0, IN_LDT), SEG_OK);
    check_eq(
        peek64(machine_of(cpu), LDT_BASE),
        raw_descriptor(0x10000, 0xFFFF, PRESENT | CODE | READABLE | 1, BIG));
}

Test(hidden, hidden_copy_shows_the_accessed_bit)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(2, 0), PRESENT | DATA | DOWN);
    check_load(cpu, SEG_ES, SELECTOR(2, 0), SEG_OK);
    check_eq(cpu->reg[SEG_ES].copy.type, DOWN | ACCESSED);
}

Test(hidden, load_changes_no_other_bit_of_memory)
{
    struct seg_cpu *cpu = new_cpu(0);
    static unsigned char before[MEMORY_BYTES], after[MEMORY_BYTES];
    for (unsigned i = 0; i < MEMORY_BYTES; i++)
        before[i] = (unsigned char)test_random();
    check(mach_poke(machine_of(cpu), 0, before, MEMORY_BYTES) == 0, "poke");
    const uint64_t raw =
        raw_descriptor(0xDEADBEEF, 0xBEEF5, PRESENT | DATA | WRITABLE, 7);
    put(cpu, SELECTOR(12, 0), raw);
    mach_peek(machine_of(cpu), 0, before, MEMORY_BYTES);
    check_load(cpu, SEG_DS, SELECTOR(12, 0), SEG_OK);
    before[GDT_BASE + 12 * 8 + 5] |= ACCESSED;
    mach_peek(machine_of(cpu), 0, after, MEMORY_BYTES);
    check_bytes(after, before, MEMORY_BYTES);
}

Test(hidden, load_changes_no_other_register)
{
    struct seg_cpu *cpu = new_cpu(3);
    for (unsigned r = 0; r < SEG_REG_COUNT; r++)
        set_register(cpu, (enum seg_reg)r, r << 12, 0xFFF, READABLE_CODE, 0);
    put_kind(cpu, SELECTOR(2, 0), PRESENT | DPL3 | CODE | READABLE);
    static struct seg_cpu before, after;
    before = *cpu;
    check_load(cpu, SEG_CS, SELECTOR(2, 0), SEG_OK);
    after = *cpu;
    after.reg[SEG_CS] = before.reg[SEG_CS];
    check_bytes(&after, &before, sizeof before);
}

/* One load that fails, for each reason. */
static const struct {
    unsigned access;
    enum seg_reg reg;
    uint16_t selector;
    enum seg_status status;
} failing[] = {
    {PRESENT | DPL3 | CODE, SEG_CS, 3, SEG_NULL},
    {PRESENT | DPL3 | DATA | WRITABLE, SEG_DS, SELECTOR(16, 3),
     SEG_TABLE_LIMIT},
    {PRESENT | DPL3 | CODE, SEG_DS, SELECTOR(13, 3), SEG_WRONG_TYPE},
    {PRESENT | DPL3 | DATA, SEG_SS, SELECTOR(13, 3), SEG_WRONG_TYPE},
    {PRESENT | DPL0 | DATA | WRITABLE, SEG_GS, SELECTOR(13, 3), SEG_PRIVILEGE},
    {PRESENT | DPL3 | DATA | WRITABLE, SEG_SS, SELECTOR(13, 0), SEG_PRIVILEGE},
    {PRESENT | DPL0 | CODE | READABLE, SEG_CS, SELECTOR(13, 3), SEG_PRIVILEGE},
    {DPL3 | DATA | WRITABLE, SEG_FS, SELECTOR(13, 3), SEG_NOT_PRESENT},
    {DPL3 | DATA | WRITABLE, SEG_SS, SELECTOR(13, 3), SEG_NOT_PRESENT},
    {DPL3 | CODE, SEG_CS, SELECTOR(13, 3), SEG_NOT_PRESENT},
};

Test(hidden, failed_load_leaves_memory_as_it_was)
{
    struct seg_cpu *cpu = new_cpu(3);
    static unsigned char before[MEMORY_BYTES], after[MEMORY_BYTES];
    for (unsigned i = 0; i < sizeof failing / sizeof *failing; i++) {
        check_context("failing load number %u", i);
        put_kind(cpu, SELECTOR(0, 0), failing[i].access);
        put_kind(cpu, SELECTOR(13, 0), failing[i].access);
        put_kind(cpu, SELECTOR(16, 0), failing[i].access);
        mach_peek(machine_of(cpu), 0, before, MEMORY_BYTES);
        check_load(cpu, failing[i].reg, failing[i].selector, failing[i].status);
        mach_peek(machine_of(cpu), 0, after, MEMORY_BYTES);
        check_bytes(after, before, MEMORY_BYTES);
    }
}

Test(hidden, failed_load_leaves_the_processor_as_it_was)
{
    struct seg_cpu *cpu = new_cpu(3);
    for (unsigned r = 0; r < SEG_REG_COUNT; r++)
        set_register(cpu, (enum seg_reg)r, r << 16, 0xFFF, READABLE_CODE, 0);
    static struct seg_cpu before;
    before = *cpu;
    for (unsigned i = 0; i < sizeof failing / sizeof *failing; i++) {
        check_context("failing load number %u", i);
        put_kind(cpu, SELECTOR(13, 0), failing[i].access);
        check_load(cpu, failing[i].reg, failing[i].selector, failing[i].status);
        check_bytes(cpu, &before, sizeof before);
    }
}

Test(hidden, load_without_a_fault_leaves_the_fault_untouched)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(2, 0), PRESENT | DATA);
    struct mach_fault *fault = new_fault();
    const struct mach_fault pattern = fault_pattern();
    check_status(seg_load(cpu, SEG_DS, SELECTOR(2, 0), fault), SEG_OK);
    check_bytes(fault, &pattern, sizeof pattern);
    check_status(seg_load(cpu, SEG_DS, 1, fault), SEG_OK);
    check_bytes(fault, &pattern, sizeof pattern);
}

Test(hidden, bad_arguments_of_a_load)
{
    struct seg_cpu *cpu = new_cpu(0);
    put_kind(cpu, SELECTOR(2, 0), PRESENT | DATA);
    struct mach_fault *fault = new_fault();
    const struct mach_fault pattern = fault_pattern();
    static struct seg_cpu before;
    before = *cpu;
    check_status(seg_load(NULL, SEG_DS, SELECTOR(2, 0), fault),
                 SEG_BAD_ARGUMENT);
    check_status(seg_load(cpu, SEG_DS, SELECTOR(2, 0), NULL), SEG_BAD_ARGUMENT);
    check_status(seg_load(cpu, SEG_REG_COUNT, SELECTOR(2, 0), fault),
                 SEG_BAD_ARGUMENT);
    check_status(seg_load(cpu, (enum seg_reg)7, 3, fault), SEG_BAD_ARGUMENT);
    check_status(seg_load(cpu, (enum seg_reg) - 1, 3, fault), SEG_BAD_ARGUMENT);
    check_bytes(fault, &pattern, sizeof pattern);
    check_bytes(cpu, &before, sizeof before);
}

/* ---- Chance against a slow model ----------------------------------------- */

/* What a load must answer: the contract, one sentence after the other, on the
 * bits of the descriptor. */
static enum seg_status
expected_load(const struct seg_cpu *cpu, unsigned reg, unsigned selector,
              uint64_t raw)
{
    const unsigned index = selector / 8, rpl = selector % 4, cpl = cpu->cpl;
    const unsigned type = raw >> 40 & 15, dpl = raw >> 45 & 3;
    const unsigned limit = selector & IN_LDT ? cpu->ldt.limit : cpu->gdt.limit;
    if (selector < 4)
        return reg == SEG_CS || reg == SEG_SS ? SEG_NULL : SEG_OK;
    for (unsigned byte = 0; byte < 8; byte++)
        if (index * 8 + byte > limit)
            return SEG_TABLE_LIMIT;
    if (!(raw >> 44 & 1))
        return SEG_WRONG_TYPE;
    if (reg == SEG_SS) {
        if (type != 2 && type != 3 && type != 6 && type != 7)
            return SEG_WRONG_TYPE;
        if (rpl != cpl || dpl != cpl)
            return SEG_PRIVILEGE;
    } else if (reg == SEG_CS) {
        if (type < 8)
            return SEG_WRONG_TYPE;
        if (type < 12 ? rpl > cpl || dpl != cpl : dpl > cpl)
            return SEG_PRIVILEGE;
    } else {
        if (type == 8 || type == 9 || type == 12 || type == 13)
            return SEG_WRONG_TYPE;
        if (type < 14 && (dpl < cpl || dpl < rpl))
            return SEG_PRIVILEGE;
    }
    return raw >> 47 & 1 ? SEG_OK : SEG_NOT_PRESENT;
}

/* What a load must leave in its register, by the bits of the descriptor. */
static struct seg_register
expected_register(const struct seg_cpu *cpu, unsigned reg, unsigned selector,
                  uint64_t raw)
{
    const uint32_t field =
        (uint32_t)(raw & 0xFFFF) + (uint32_t)(raw >> 48 & 15) * 0x10000;
    const uint32_t granular = raw >> 55 & 1;
    return (struct seg_register){
        .selector = reg == SEG_CS ? selector / 4 * 4 + cpu->cpl : selector,
        .usable = 1,
        .copy = {.base = (uint32_t)(raw >> 16 & 0xFFFFFF) +
                         (uint32_t)(raw >> 56) * 0x1000000,
                 .limit = granular ? field * 4096 + 4095 : field,
                 .type = (raw >> 40 & 15) | ACCESSED,
                 .s = 1,
                 .dpl = raw >> 45 & 3,
                 .present = 1,
                 .big = raw >> 54 & 1,
                 .granular = granular}};
}

/* Holds all that a load has left against what it must leave; `before` is the
 * processor as it was. */
static void
check_after_load(struct seg_cpu *cpu, const struct seg_cpu *before,
                 unsigned reg, unsigned selector, uint64_t raw,
                 const struct mach_fault *fault, enum seg_status status)
{
    struct mach_fault want_fault = fault_pattern();
    struct seg_cpu want = *before;
    const int real = status == SEG_OK && selector >= 4;
    if (status != SEG_OK) {
        want_fault = (struct mach_fault){
            .vector = status != SEG_NOT_PRESENT ? FAULT_GP
                      : reg == SEG_SS           ? FAULT_SS
                                                : FAULT_NP,
            .error_code = selector & 0xFFFC,
        };
    } else if (real) {
        want.reg[reg] = expected_register(before, reg, selector, raw);
    } else {
        want.reg[reg].selector = selector;
        want.reg[reg].usable = 0;
        want.reg[reg].copy = cpu->reg[reg].copy; /* of no meaning */
    }
    check_eq(fault->vector, want_fault.vector);
    check_eq(fault->error_code, want_fault.error_code);
    check_eq(fault->address, want_fault.address);
    check_bytes(cpu, &want, sizeof want);
    check_eq(
        peek64(machine_of(cpu), descriptor_address(cpu, (uint16_t)selector)),
        real ? raw | UINT64_C(1) << 40 : raw);
}

/* Random loads; conforming code comes into CS only when `conforming` is 1, and
 * then every time. */
static void
random_loads(int rounds, int conforming)
{
    struct seg_cpu *cpu = new_cpu(0);
    struct mach_fault *fault = new_fault();
    static struct seg_cpu before;
    for (int round = 0; round < rounds; round++) {
        const unsigned reg =
            conforming ? SEG_CS : (unsigned)test_random_below(SEG_REG_COUNT);
        const uint16_t selector = (uint16_t)test_random_below(18 * 8);
        uint64_t raw = test_random();
        if (test_random_below(4) != 0)
            raw |= UINT64_C(0x0000900000000000); /* P and S */
        if (conforming)
            raw |= UINT64_C(0x00001C0000000000);
        else if (reg == SEG_CS)
            raw &= ~UINT64_C(0x0000040000000000);
        cpu->cpl = (uint32_t)test_random_below(4);
        cpu->gdt.limit = (uint32_t)test_random_below(TABLE_ENTRIES * 8);
        cpu->ldt.limit = (uint32_t)test_random_below(TABLE_ENTRIES * 8);
        put(cpu, selector, raw);
        *fault = fault_pattern();
        before = *cpu;
        const enum seg_status want = expected_load(cpu, reg, selector, raw);
        check_context("round %d: register %u, selector 0x%04X, CPL %u, GDT "
                      "limit 0x%X, LDT limit 0x%X, descriptor 0x%016llX",
                      round, reg, selector, cpu->cpl, cpu->gdt.limit,
                      cpu->ldt.limit, (unsigned long long)raw);
        check_status(seg_load(cpu, (enum seg_reg)reg, selector, fault), want);
        check_after_load(cpu, &before, reg, selector, raw, fault, want);
    }
}

Test(hidden, random_loads_agree_with_the_contract)
{
    random_loads(3000, 0);
}

/* ---- Bonus: conforming code ---------------------------------------------- */

Test(hidden, conforming_code_may_be_more_privileged_than_the_program)
{
    struct seg_cpu *cpu = new_cpu(2);
    for (unsigned dpl = 0; dpl <= 2; dpl++) {
        put_kind(cpu, SELECTOR(4, 0), PRESENT | dpl << 5 | CODE | CONFORMING);
        check_context("CPL 2, DPL %u, RPL 2", dpl);
        check_load(cpu, SEG_CS, SELECTOR(4, RPL2), SEG_OK);
    }
}

Test(hidden, conforming_code_may_not_be_less_privileged_than_the_program)
{
    struct seg_cpu *cpu = new_cpu(1);
    for (unsigned dpl = 2; dpl <= 3; dpl++) {
        put_kind(cpu, SELECTOR(4, 0), PRESENT | dpl << 5 | CODE | CONFORMING);
        check_context("CPL 1, DPL %u, RPL 1", dpl);
        check_load_fault(cpu, SEG_CS, SELECTOR(4, RPL1), SEG_PRIVILEGE,
                         FAULT_GP, 0x20);
    }
}

Test(hidden, rpl_does_not_count_for_conforming_code)
{
    struct seg_cpu *cpu = new_cpu(1);
    put_kind(cpu, SELECTOR(4, 0), PRESENT | DPL0 | CODE | CONFORMING);
    check_load(cpu, SEG_CS, SELECTOR(4, RPL3), SEG_OK);
    check_load(cpu, SEG_CS, SELECTOR(4, RPL0), SEG_OK);
}

Test(hidden, conforming_code_runs_with_the_cpl_of_the_program)
{
    struct seg_cpu *cpu = new_cpu(3);
    put_kind(cpu, SELECTOR(4, 0), PRESENT | DPL0 | CODE | CONFORMING);
    check_load(cpu, SEG_CS, SELECTOR(4, RPL0), SEG_OK);
    check_eq(cpu->cpl, 3);
    check_eq(cpu->reg[SEG_CS].selector, SELECTOR(4, RPL3));
}

Test(hidden, random_loads_of_conforming_code_agree_with_the_contract)
{
    random_loads(1000, 1);
}
