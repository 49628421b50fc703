/* hidden_large.c - bonus: 4 MiB pages, and IA-32 segments over paging. */
#include "pw_help.h"

enum { MIB_4 = 4 << 20 };

/* A space with PSE in which `va` lies in a 4 MiB page at `pa`. */
static struct path
new_large(uint32_t flags, uint64_t va, uint64_t pa)
{
    return new_path_to(PW_TWO_LEVEL, PW_PSE | flags, va, 0, pa);
}

/* ---- Walking 4 MiB pages ------------------------------------------------ */

Test(hidden, large_page_has_an_offset_of_22_bits)
{
    static const uint64_t offset[] = {0, 1, 0xFFF, 0x1000, 0x234567, 0x3FFFFF};
    const struct path p = new_large(0, 0x40800000, 0x0C400000);
    for (unsigned i = 0; i < 6; i++) {
        check_context("offset 0x%llx", (unsigned long long)offset[i]);
        check_pa(p.space, 0x40800000 + offset[i], PW_READ, p.r,
                 0x0C400000 + offset[i]);
    }
    end_path(&p);
}

Test(hidden, large_page_is_described_and_read_once)
{
    const struct path p = new_large(0, 0x40876543, 0x0C400000);
    const uint64_t reads = mach_counts(p.mach).reads;
    check_walk(&p, PW_WRITE | PW_USER, PW_OK);
    check_eq(mach_counts(p.mach).reads - reads, 1);
    check_eq(p.r->page_bytes, MIB_4);
    check_eq(p.r->entry_pa, p.at[0]);
    check_eq(p.r->entry, 0x0C4000E7);
    check_eq(p.r->dirty, 1);
    check_eq(p.r->writable, 1);
    check_eq(p.r->user, 1);
    check_eq(p.r->reads, 1);
    end_path(&p);
}

Test(hidden, large_page_may_lie_above_4_gib)
{
    const struct path p = new_large(0, 0x00400000, 0);
    /* Address 0x12_34800000: bits 39..32 in bits 20..13. */
    poke_entry(p.mach, PW_TWO_LEVEL, p.at[0],
               0x34800000 | 0x12 << 13 | PW_PS | OPEN);
    check_pa(p.space, 0x00512345, PW_READ, p.r, UINT64_C(0x1234912345));
    poke_entry(p.mach, PW_TWO_LEVEL, p.at[0],
               0xFFC00000 | 0xFF << 13 | PW_PS | OPEN);
    check_pa(p.space, 0x007FFFFF, PW_READ, p.r, UINT64_C(0xFFFFFFFFFF));
    end_path(&p);
}

Test(hidden, bit_12_of_a_large_leaf_means_nothing)
{
    const struct path p = new_large(0, 0x00412345, 0x0C400000);
    set_bits(&p, 0, OPEN | PW_PS | 0x1000);
    check_walk(&p, PW_READ, PW_OK);
    check_eq(p.r->pa, 0x0C412345);
    end_path(&p);
}

Test(hidden, bit_21_of_a_large_leaf_is_reserved)
{
    const struct path p = new_large(PW_WP, 0x00412345, 0x0C400000);
    for
        EACH_KIND(k)
        {
            set_bits(&p, 0, PW_P | PW_PS | 0x200000); /* refuses much, too */
            check_context("access %u", kinds[k].access);
            check_walk(&p, kinds[k].access, PW_RESERVED);
            check_fault(p.r, FAULT_PF, 9 | kinds[k].code, p.va);
            check_eq(get_bits(&p, 0), PW_P | PW_PS | 0x200000);
        }
    set_bits(&p, 0, PW_PS | 0x200000);
    check_walk(&p, PW_READ, PW_NOT_PRESENT);
    check_eq(p.r->fault.error_code, 0);
    end_path(&p);
}

Test(hidden, table_entry_reserves_nothing_with_pse)
{
    const struct path p =
        new_path(PW_TWO_LEVEL, PW_PSE, 0x00412345, 0x003FF000);
    set_bits(&p, 1, OPEN | PW_PS); /* PAT: still 4 KiB, bit 21 an address bit */
    check_walk(&p, PW_READ, PW_OK);
    check_eq(p.r->pa, 0x003FF345);
    check_eq(p.r->page_bytes, 4096);
    end_path(&p);
}

Test(hidden, rights_of_a_large_page_are_judged)
{
    const struct path p = new_large(PW_WP, 0x00412345, 0x0C400000);
    set_bits(&p, 0, PW_P | PW_PS | PW_U);
    check_walk(&p, PW_WRITE, PW_RIGHTS);
    check_fault(p.r, FAULT_PF, 3, p.va);
    set_bits(&p, 0, PW_P | PW_PS | PW_W | PW_G);
    check_walk(&p, PW_READ | PW_USER, PW_RIGHTS);
    check_walk(&p, PW_WRITE, PW_OK);
    check_eq(p.r->global, 1);
    check_eq(get_bits(&p, 0), PW_P | PW_PS | PW_W | PW_G | PW_A | PW_D);
    end_path(&p);
}

/* ---- Mapping 4 MiB pages ------------------------------------------------ */

Test(hidden, large_page_is_mapped_without_a_table)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    check_status(
        pw_map(space, 0x40800000, 0x0C400000, 2 * MIB_4, PW_PS | PW_W | PW_G),
        PW_OK);
    check_frames_used(mach, 1);
    const struct sight a = look(mach, space, PW_TWO_LEVEL, PW_PSE, 0x40800000);
    check_eq(a.entry[0], 0x0C400183);
    const struct sight b = look(mach, space, PW_TWO_LEVEL, PW_PSE, 0x40C00000);
    check_eq(b.entry[0], 0x0C800183);
    check_end(mach, space, 0);
}

Test(hidden, large_page_is_mapped_above_4_gib)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    struct pw_result *const r = new_result();
    check_status(pw_map(space, 0, UINT64_C(0xAB34800000), MIB_4, PW_PS), PW_OK);
    const struct sight s = look(mach, space, PW_TWO_LEVEL, PW_PSE, 0);
    check_eq(s.entry[0], 0x34800000 | 0xAB << 13 | PW_PS | PW_P);
    check_pa(space, 0x123, PW_READ, r, UINT64_C(0xAB34800123));
    check_status(pw_map(space, MIB_4, UINT64_C(0xFFFFC00000), MIB_4, PW_PS),
                 PW_OK);
    check_status(
        pw_map(space, 2 * MIB_4, UINT64_C(0xFFFFC00000), 2 * MIB_4, PW_PS),
        PW_BAD_ARGUMENT);
    check_status(pw_map(space, 2 * MIB_4, UINT64_C(0x100000000), 4096, 0),
                 PW_BAD_ARGUMENT);
    check_end(mach, space, 0);
}

Test(hidden, large_page_must_be_aligned)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    check_refused(mach, space, pw_map(space, 0x00401000, 0, MIB_4, PW_PS),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space,
                  pw_map(space, 0x00400000, 0x200000, MIB_4, PW_PS),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_map(space, 0x00400000, 0, MIB_4 - 1, PW_PS),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_map(space, 0x00400000, 0, 4096, PW_PS),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_map(space, 0x00400000, 0, MIB_4, PW_HUGE),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space,
                  pw_map(space, 0, 0, UINT64_C(0x100400000), PW_PS),
                  PW_BAD_ARGUMENT);
    check_end(mach, space, 0);
}

Test(hidden, large_page_over_a_large_page_exists)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    check_status(pw_map(space, 0x00800000, 0, MIB_4, PW_PS), PW_OK);
    check_refused(mach, space, pw_map(space, 0x00800000, 0, MIB_4, PW_PS),
                  PW_EXISTS);
    check_refused(mach, space, pw_map(space, 0x00400000, 0, 2 * MIB_4, PW_PS),
                  PW_EXISTS);
    check_end(mach, space, 0);
}

Test(hidden, small_page_in_a_large_page_is_a_conflict)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    check_status(pw_map(space, 0x00800000, 0, MIB_4, PW_PS | PW_W), PW_OK);
    check_refused(mach, space, pw_map(space, 0x00800000, 0, 4096, 0),
                  PW_CONFLICT);
    check_refused(mach, space, pw_map(space, 0x00BFF000, 0, 4096, 0),
                  PW_CONFLICT);
    check_refused(mach, space, pw_map(space, 0x007FF000, 0, 8192, 0),
                  PW_CONFLICT);
    check_end(mach, space, 0);
}

Test(hidden, large_page_over_a_table_is_a_conflict)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    check_status(pw_map(space, 0x00BFF000, 0, 4096, 0), PW_OK);
    check_refused(mach, space, pw_map(space, 0x00800000, 0, MIB_4, PW_PS),
                  PW_CONFLICT);
    check_refused(mach, space, pw_map(space, 0x00400000, 0, 2 * MIB_4, PW_PS),
                  PW_CONFLICT);
    check_end(mach, space, 0);
}

Test(hidden, lowest_page_says_why_a_range_is_refused)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    check_status(pw_map(space, 0x00400000, 0, MIB_4, PW_PS), PW_OK);
    check_status(pw_map(space, 0x00800000, 0, 4096, 0), PW_OK);
    check_status(pw_map(space, 0x003FF000, 0, 4096, 0), PW_OK);
    check_refused(mach, space, pw_map(space, 0x007FF000, 0, 8192, 0),
                  PW_CONFLICT);
    check_refused(mach, space, pw_map(space, 0x003FF000, 0, 8192, 0),
                  PW_EXISTS);
    check_refused(mach, space, pw_map(space, 0x00400000, 0, 2 * MIB_4, PW_PS),
                  PW_EXISTS);
    check_refused(mach, space, pw_unmap(space, 0x00401000, MIB_4 + 4096),
                  PW_CONFLICT);
    check_refused(mach, space, pw_unmap(space, 0x003FE000, 0x3000),
                  PW_NOT_MAPPED);
    check_end(mach, space, 0);
}

/* ---- Changing 4 MiB pages ----------------------------------------------- */

Test(hidden, large_page_is_unmapped_whole)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    check_status(pw_map(space, 0x00800000, 0x3000, 4096, 0), PW_OK);
    check_status(pw_map(space, 0x00C00000, 0, 2 * MIB_4, PW_PS | PW_W), PW_OK);
    check_status(pw_unmap(space, 0x00C00000, MIB_4), PW_OK);
    check_eq(look(mach, space, PW_TWO_LEVEL, PW_PSE, 0x00C00000).entry[0], 0);
    check_eq(look(mach, space, PW_TWO_LEVEL, PW_PSE, 0x01000000).entry[0],
             0x00400083);
    check_frames_used(mach, 2);
    check_end(mach, space, 0);
}

Test(hidden, part_of_a_large_page_is_a_conflict)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    check_status(pw_map(space, 0x00800000, 0, 2 * MIB_4, PW_PS | PW_W), PW_OK);
    static const struct {
        uint64_t va, bytes;
    } parts[] = {{0x00800000, 4096},
                 {0x00801000, MIB_4 - 4096},
                 {0x00800000, MIB_4 - 4096},
                 {0x00800000, MIB_4 + 4096},
                 {0x00BFF000, MIB_4 + 4096}};
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        check_context("0x%llx, %llu bytes", (unsigned long long)parts[i].va,
                      (unsigned long long)parts[i].bytes);
        check_refused(mach, space, pw_unmap(space, parts[i].va, parts[i].bytes),
                      PW_CONFLICT);
        check_refused(mach, space,
                      pw_protect(space, parts[i].va, parts[i].bytes, 0),
                      PW_CONFLICT);
    }
    check_end(mach, space, 0);
}

Test(hidden, range_may_hold_pages_of_both_sizes)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    check_status(pw_map(space, 0x007FF000, 0x3000, 4096, 0), PW_OK);
    check_status(pw_map(space, 0x00800000, 0, MIB_4, PW_PS), PW_OK);
    check_status(pw_map(space, 0x00C00000, 0x4000, 4096, 0), PW_OK);
    check_status(pw_protect(space, 0x007FF000, MIB_4 + 8192, PW_W | PW_U),
                 PW_OK);
    const struct sight s = look(mach, space, PW_TWO_LEVEL, PW_PSE, 0x00800000);
    check_eq(s.entry[0], PW_PS | OPEN);
    check_eq(leaf_of(mach, space, PW_TWO_LEVEL, 0x007FF000), 0x3007);
    check_eq(leaf_of(mach, space, PW_TWO_LEVEL, 0x00C00000), 0x4007);
    check_status(pw_unmap(space, 0x007FF000, MIB_4 + 8192), PW_OK);
    check_frames_used(mach, 1);
    check_end(mach, space, 0);
}

Test(hidden, protect_changes_the_rights_of_a_large_page_alone)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    check_status(pw_map(space, 0x00800000, UINT64_C(0xFF00400000), MIB_4,
                        PW_PS | PW_W | PW_G),
                 PW_OK);
    check_status(pw_protect(space, 0x00800000, MIB_4, PW_U), PW_OK);
    check_eq(look(mach, space, PW_TWO_LEVEL, PW_PSE, 0x00800000).entry[0],
             0x00400000 | 0xFF << 13 | PW_PS | PW_G | PW_P | PW_U);
    check_end(mach, space, 0);
}

Test(hidden, large_page_is_found_from_any_address_in_it)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    struct pw_leaf *const leaf = arena_object(struct pw_leaf);
    check_status(pw_map(space, 0x00800000, 0, MIB_4, PW_PS), PW_OK);
    check_status(pw_entry(space, 0x00987654, leaf), PW_OK);
    check_eq(leaf->va, 0x00800000);
    check_eq(leaf->page_bytes, MIB_4);
    check_eq(leaf->entry_pa, pw_root(space) + 8);
    check_eq(leaf->entry, PW_PS | PW_P);
    check_status(pw_next(space, 0x00BFFFFF, leaf), PW_OK);
    check_eq(leaf->va, 0x00800000);
    check_eq(leaf->page_bytes, MIB_4);
    check_status(pw_next(space, 0x00C00000, leaf), PW_NOT_MAPPED);
    check_end(mach, space, 0);
}

Test(hidden, destroy_does_not_take_large_pages_for_tables)
{
    struct mach *const mach = test_machine(2048);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, PW_PSE);
    const uint64_t page = frame_alloc(mach);
    check_status(pw_map(space, 0x00800000, MIB_4, MIB_4, PW_PS), PW_OK);
    check_status(pw_map(space, 0x00C00000, 0, MIB_4, PW_PS), PW_OK);
    check_end(mach, space, 1);
    check(frame_in_use(mach, page), "a frame of a large page was given back");
}

/* ---- Segments over paging ----------------------------------------------- */

/* A processor whose DS begins at `base` and has these rights. */
static struct seg_cpu *
new_cpu(struct mach *mach, uint32_t base, uint32_t limit, uint32_t type,
        uint32_t cpl)
{
    struct seg_cpu *const cpu = arena_object(struct seg_cpu);
    cpu->mach = mach;
    cpu->cpl = cpl;
    cpu->reg[SEG_DS] = (struct seg_register){.selector = 0x0B,
                                             .usable = 1,
                                             .copy = {.base = base,
                                                      .limit = limit,
                                                      .type = type,
                                                      .s = 1,
                                                      .dpl = 3,
                                                      .present = 1,
                                                      .big = 1}};
    cpu->reg[SEG_SS] = cpu->reg[SEG_DS];
    return cpu;
}

Test(hidden, segments_base_is_added_before_paging)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00403000, 0x9000);
    struct seg_cpu *const cpu = new_cpu(p.mach, 0x00400000, 0xFFFFF, 3, 3);
    check_status(pw_walk_segmented(cpu, p.space, SEG_DS, 0x3456, PW_WRITE, p.r),
                 PW_OK);
    check_eq(p.r->pa, 0x9456);
    check_eq(get_bits(&p, 1), OPEN | PW_A | PW_D);
    end_path(&p);
}

Test(hidden, linear_address_wraps_at_4_gib)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00003000, 0x9000);
    struct seg_cpu *const cpu = new_cpu(p.mach, 0xFFFFF000, 0xFFFFF, 3, 0);
    check_status(pw_walk_segmented(cpu, p.space, SEG_DS, 0x4010, PW_READ, p.r),
                 PW_OK);
    check_eq(p.r->pa, 0x9010);
    end_path(&p);
}

Test(hidden, what_the_segment_refuses_is_not_walked)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00403000, 0x9000);
    struct seg_cpu *const cpu = new_cpu(p.mach, 0x00400000, 0x3FFF, 1, 3);
    const uint64_t reads = mach_counts(p.mach).reads;
    check_status(pw_walk_segmented(cpu, p.space, SEG_DS, 0x4000, PW_READ, p.r),
                 PW_SEGMENT);
    check_fault(p.r, FAULT_GP, 0, 0);
    check_status(pw_walk_segmented(cpu, p.space, SEG_SS, 0x4000, PW_READ, p.r),
                 PW_SEGMENT);
    check_fault(p.r, FAULT_SS, 0, 0);
    check_status(pw_walk_segmented(cpu, p.space, SEG_DS, 0x3000, PW_WRITE, p.r),
                 PW_SEGMENT);
    check_status(
        pw_walk_segmented(cpu, p.space, SEG_DS, 0x3000, PW_EXECUTE, p.r),
        PW_SEGMENT);
    check_status(pw_walk_segmented(cpu, p.space, SEG_ES, 0x3000, PW_READ, p.r),
                 PW_SEGMENT);
    check_eq(mach_counts(p.mach).reads, reads);
    check_status(pw_walk_segmented(cpu, p.space, SEG_DS, 0x3FFF, PW_READ, p.r),
                 PW_OK);
    end_path(&p);
}

Test(hidden, privilege_is_the_users_at_cpl_3_alone)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00403000, 0x9000);
    struct seg_cpu *const cpu = new_cpu(p.mach, 0, 0xFFFFFFFF, 3, 0);
    set_bits(&p, 1, PW_P | PW_W);
    for (cpu->cpl = 0; cpu->cpl < 3; cpu->cpl++) {
        check_context("CPL %u", cpu->cpl);
        check_status(
            pw_walk_segmented(cpu, p.space, SEG_DS, 0x403010, PW_WRITE, p.r),
            PW_OK);
    }
    check_status(
        pw_walk_segmented(cpu, p.space, SEG_DS, 0x403010, PW_WRITE, p.r),
        PW_RIGHTS);
    check_fault(p.r, FAULT_PF, 7, 0x403010);
    end_path(&p);
}

Test(hidden, page_fault_names_the_linear_address)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00403000, 0x9000);
    struct seg_cpu *const cpu = new_cpu(p.mach, 0x00400000, 0xFFFFF, 3, 3);
    check_status(pw_walk_segmented(cpu, p.space, SEG_DS, 0x4321, PW_READ, p.r),
                 PW_NOT_PRESENT);
    check_fault(p.r, FAULT_PF, 4, 0x00404321);
    cpu->reg[SEG_DS].copy.type = 9; /* code: may be fetched */
    check_status(
        pw_walk_segmented(cpu, p.space, SEG_DS, 0x3321, PW_EXECUTE, p.r),
        PW_OK);
    end_path(&p);
}

Test(hidden, segmented_walk_refuses_what_is_no_access_there)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00403000, 0x9000);
    struct seg_cpu *const cpu = new_cpu(p.mach, 0, 0xFFFFFFFF, 3, 0);
    static const uint32_t wrong[] = {PW_READ | PW_USER, PW_WRITE | PW_STACK, 3,
                                     16};
    for (unsigned i = 0; i < 4; i++)
        check_status(
            pw_walk_segmented(cpu, p.space, SEG_DS, 0x403000, wrong[i], p.r),
            PW_BAD_ARGUMENT);
    check_status(pw_walk_segmented(cpu, p.space, (enum seg_reg)6, 0x403000,
                                   PW_READ, p.r),
                 PW_BAD_ARGUMENT);
    check_status(
        pw_walk_segmented(NULL, p.space, SEG_DS, 0x403000, PW_READ, p.r),
        PW_BAD_ARGUMENT);
    check_status(pw_walk_segmented(cpu, NULL, SEG_DS, 0x403000, PW_READ, p.r),
                 PW_BAD_ARGUMENT);
    check_status(
        pw_walk_segmented(cpu, p.space, SEG_DS, 0x403000, PW_READ, NULL),
        PW_BAD_ARGUMENT);
    end_path(&p);
}
