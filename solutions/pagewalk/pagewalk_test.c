/*
 * pagewalk_test.c - model tests.
 *
 * Walks are tested on tables that a test fills in by hand, so that a wrong
 * pw_map cannot hide a wrong pw_walk.  Calls that change tables are tested by
 * looking at the bytes in memory, so that a wrong pw_walk cannot hide them.
 */
#include "pagewalk/pagewalk.h"
#include "vmlab_test.h"

#include <errno.h>
#include <string.h>

VMLAB_SUITE(pagewalk)

#define OPEN (PW_P | PW_W | PW_U)

/* ---- Tables by hand ----------------------------------------------------- */

static uint64_t
peek(struct mach *mach, uint64_t pa, unsigned bytes)
{
    uint64_t value = 0;
    check(mach_peek(mach, pa, &value, bytes) == 0, "no memory at 0x%llx",
          (unsigned long long)pa);
    return value;
}

static void
poke(struct mach *mach, uint64_t pa, uint64_t value, unsigned bytes)
{
    check(mach_poke(mach, pa, &value, bytes) == 0, "no memory at 0x%llx",
          (unsigned long long)pa);
}

/* A way to one page.  Levels are counted from the root. */
struct way {
    struct mach *mach;
    struct space *space;
    unsigned levels, bytes; /* to the leaf; of an entry                       */
    uint64_t va;
    uint64_t at[4], address[4];
    struct pw_result *r;
};

static void
bits(const struct way *w, unsigned level, uint64_t flags)
{
    poke(w->mach, w->at[level], w->address[level] | flags, w->bytes);
}

static uint64_t
flags(const struct way *w, unsigned level)
{
    return peek(w->mach, w->at[level], w->bytes) & ~w->address[level];
}

/* A way with these shifts and index sizes; its last leaf holds `pa`. */
static struct way
new_way(enum pw_format format, uint32_t settings, uint64_t va, unsigned levels,
        uint64_t pa)
{
    static const struct {
        unsigned bytes, shift[4], bits[4];
    } cut[] = {{4, {12}, {20}},
               {4, {22, 12}, {10, 10}},
               {4, {24, 12}, {8, 12}},
               {8, {39, 30, 21, 12}, {9, 9, 9, 9}}};
    struct way w = {.mach = test_machine(1200),
                    .levels = levels,
                    .bytes = cut[format].bytes,
                    .va = va,
                    .r = arena_object(struct pw_result)};
    memset(w.r, 0xA5, sizeof *w.r);
    w.space = pw_create(w.mach, format, settings);
    check(w.space != NULL, "no space");
    (void)frame_alloc_run(w.mach, 3);
    uint64_t table = pw_root(w.space);
    for (unsigned l = 0; l < levels; l++) {
        const uint64_t index =
            va >> cut[format].shift[l] & ((1u << cut[format].bits[l]) - 1);
        w.at[l] = table + index * w.bytes;
        if (l + 1 < levels)
            table = frame_alloc_run(w.mach, 4) * 4096;
        w.address[l] = l + 1 < levels ? table : pa;
        bits(&w, l, OPEN);
    }
    return w;
}

static void
end_way(const struct way *w)
{
    poke(w->mach, w->at[0], 0, w->bytes);
    check_status(pw_destroy(w->space), PW_OK);
}

#define check_way(w, access, expected)                                         \
    check_status(pw_walk((w)->space, (w)->va, (access), (w)->r), expected)

#define check_fault(w, want_vector, want_code, want_address)                   \
    do {                                                                       \
        check_eq((w)->r->fault.vector, want_vector);                           \
        check_eq((w)->r->fault.error_code, want_code);                         \
        check_eq((w)->r->fault.address, want_address);                         \
    } while (0)

/* ---- The leaf of a two-level space, as it stands in memory -------------- */

static uint64_t
root_entry(struct mach *mach, struct space *space, uint64_t va)
{
    return peek(mach, pw_root(space) + (va >> 22) * 4, 4);
}

static uint64_t
leaf_pa(struct mach *mach, struct space *space, uint64_t va)
{
    return (root_entry(mach, space, va) & 0xFFFFF000) + (va >> 12) % 1024 * 4;
}

static uint64_t
leaf(struct mach *mach, struct space *space, uint64_t va)
{
    if (root_entry(mach, space, va) == 0)
        return 0;
    return peek(mach, leaf_pa(mach, space, va), 4);
}

/* A machine whose free frames are not zero. */
static struct mach *
used_machine(uint64_t frames)
{
    struct mach *const mach = test_machine(frames);
    unsigned char old[4096];
    memset(old, 0x6D, sizeof old);
    for (uint64_t f = 0; f < frames; f++)
        (void)mach_poke(mach, f * 4096, old, sizeof old);
    return mach;
}

static struct space *
two_level(struct mach *mach)
{
    struct space *const space = pw_create(mach, PW_TWO_LEVEL, 0);
    check(space != NULL, "no space");
    return space;
}

static void
end(struct mach *mach, struct space *space)
{
    check_status(pw_destroy(space), PW_OK);
    check_frames_used(mach, 0);
}

/* ---- Spaces ------------------------------------------------------------- */

Test(pagewalk, spaces_begin_empty_and_end_without_a_trace)
{
    static const uint64_t size[] = {4 << 20, 4096, 4096, 4096};
    for (unsigned f = 0; f < 4; f++) {
        struct mach *const mach = used_machine(1030);
        struct space *const space = pw_create(mach, (enum pw_format)f, PW_WP);
        check(space != NULL, "format %u", f);
        check_eq(pw_table_bytes(space), size[f]);
        check_frames_used(mach, size[f] / 4096);
        for (uint64_t i = 0; i < 128; i++)
            check_eq(peek(mach, pw_root(space) + i * 8, 8), 0);
        end(mach, space);
    }
}

Test(pagewalk, spaces_that_cannot_be_made_are_refused)
{
    struct mach *const mach = test_machine(16);
    static const struct {
        unsigned format;
        uint32_t settings;
        int error;
    } wrong[] = {{4, 0, EINVAL},      {0, PW_PSE, EINVAL}, {1, PW_NXE, EINVAL},
                 {2, PW_PSE, EINVAL}, {3, PW_PSE, EINVAL}, {1, 8, EINVAL},
                 {0, 0, ENOMEM}};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check(pw_create(mach, (enum pw_format)wrong[i].format,
                        wrong[i].settings) == NULL,
              "case %u", i);
        check_eq(errno, wrong[i].error);
    }
    check(pw_create(NULL, PW_TWO_LEVEL, 0) == NULL, "no machine");
    check_frames_used(mach, 0);
}

Test(pagewalk, null_is_refused)
{
    struct mach *const mach = test_machine(4);
    struct space *const space = two_level(mach);
    struct pw_leaf *const l = arena_object(struct pw_leaf);
    struct pw_result *const r = arena_object(struct pw_result);
    check_status(pw_destroy(NULL), PW_BAD_ARGUMENT);
    check_eq(pw_root(NULL), 0);
    check_eq(pw_table_bytes(NULL), 0);
    check_status(pw_map(NULL, 0, 0, 1, 0), PW_BAD_ARGUMENT);
    check_status(pw_unmap(NULL, 0, 1), PW_BAD_ARGUMENT);
    check_status(pw_protect(NULL, 0, 1, 0), PW_BAD_ARGUMENT);
    check_status(pw_entry(NULL, 0, l), PW_BAD_ARGUMENT);
    check_status(pw_entry(space, 0, NULL), PW_BAD_ARGUMENT);
    check_status(pw_next(NULL, 0, l), PW_BAD_ARGUMENT);
    check_status(pw_next(space, 0, NULL), PW_BAD_ARGUMENT);
    check_status(pw_walk(NULL, 0, 0, r), PW_BAD_ARGUMENT);
    check_status(pw_walk(space, 0, 0, NULL), PW_BAD_ARGUMENT);
    check_status(pw_walk(space, 0, 16, r), PW_BAD_ARGUMENT);
    check_status(pw_walk(space, 0, PW_WRITE | PW_EXECUTE, r), PW_BAD_ARGUMENT);
    check_status(pw_walk(space, UINT64_C(1) << 32, 0, r), PW_BAD_ARGUMENT);
    check_status(pw_entry(space, UINT64_C(1) << 32, l), PW_BAD_ARGUMENT);
    check_status(pw_next(space, UINT64_C(1) << 32, l), PW_BAD_ARGUMENT);
    end(mach, space);
}

/* ---- Walks -------------------------------------------------------------- */

Test(pagewalk, addresses_are_cut_as_the_format_says)
{
    static const uint64_t at[] = {0x00000000, 0x12345678, 0x89ABCDEF,
                                  0xFFFFFFFF, 0x00800FFF, 0x7FC01001};
    static const unsigned levels[] = {1, 2, 2};
    for (unsigned f = 0; f < 3; f++) {
        for (unsigned i = f; i < 6; i += 3) {
            const struct way w =
                new_way((enum pw_format)f, 0, at[i], levels[f], 0xFEDCB000);
            check_context("format %u, 0x%llx", f, (unsigned long long)at[i]);
            for (unsigned l = 0; l < levels[f]; l++)
                bits(&w, l, 0xFFF); /* PS too: it means nothing here */
            check_way(&w, PW_READ, PW_OK);
            check_eq(w.r->pa, 0xFEDCB000 | (at[i] & 0xFFF));
            check_eq(w.r->entry_pa, w.at[levels[f] - 1]);
            check_eq(w.r->page_bytes, 4096);
            check_eq(w.r->reads, levels[f]);
            end_way(&w);
        }
    }
}

Test(pagewalk, rights_of_all_levels_decide)
{
    for (uint32_t wp = 0; wp < 2; wp++) {
        const struct way w = new_way(PW_TWO_LEVEL, wp, 0x0BEEF123, 2, 0x7000);
        for (unsigned k = 0; k < 64 * 6; k++) {
            static const uint32_t kinds[] = {0, 1, 2, 4, 5, 6};
            const uint64_t up = k & 7, low = k >> 3 & 7, both = up & low;
            const uint32_t access = kinds[k / 64];
            const uint32_t code = access & (PW_WRITE | PW_USER);
            const uint32_t error =
                (code & PW_WRITE ? 2u : 0) | (code & PW_USER ? 4u : 0);
            bits(&w, 0, up);
            bits(&w, 1, low);
            check_context("entries %llu and %llu, access %u, WP %u",
                          (unsigned long long)up, (unsigned long long)low,
                          access, wp);
            int want = PW_OK;
            if (!(both & PW_P))
                want = PW_NOT_PRESENT;
            else if ((access & PW_USER) && !(both & PW_U))
                want = PW_RIGHTS;
            else if ((access & PW_WRITE) && !(both & PW_W) &&
                     ((access & PW_USER) || wp))
                want = PW_RIGHTS;
            check_way(&w, access, want);
            if (want != PW_OK) {
                check_fault(&w, FAULT_PF, error | (want == PW_RIGHTS), w.va);
                check_eq(flags(&w, 1), low);
                continue;
            }
            check_eq(w.r->writable, (both & PW_W) != 0);
            check_eq(w.r->user, (both & PW_U) != 0);
            check_eq(w.r->dirty, access & PW_WRITE);
            check_eq(flags(&w, 0), up | PW_A);
            check_eq(flags(&w, 1), low | PW_A | (access & PW_WRITE ? PW_D : 0));
        }
        end_way(&w);
    }
}

Test(pagewalk, absent_entries_end_the_walk)
{
    struct way w = new_way(PW_TWO_LEVEL, 0, 0x0BEEF123, 2, 0x7000);
    bits(&w, 1, PW_SWAPPED | PW_W | PW_U);
    check_way(&w, PW_READ, PW_NOT_PRESENT);
    w.address[0] = 0xFFFFF000; /* nothing can be read there */
    bits(&w, 0, PW_W | PW_U);
    check_way(&w, PW_READ, PW_NOT_PRESENT);
    end_way(&w);
}

Test(pagewalk, walks_read_once_and_write_when_needed)
{
    const struct way w = new_way(PW_TWO_LEVEL, 0, 0x0BEEF123, 2, 0x7000);
    static const struct {
        uint32_t access;
        unsigned writes;
    } steps[] = {{PW_READ, 2},  {PW_READ, 0},  {PW_EXECUTE, 0},
                 {PW_WRITE, 1}, {PW_WRITE, 0}, {PW_READ | PW_STACK, 0}};
    bits(&w, 1, OPEN | PW_G);
    for (unsigned i = 0; i < 6; i++) {
        const struct mach_counts before = mach_counts(w.mach);
        check_context("step %u", i);
        check_way(&w, steps[i].access, PW_OK);
        check_eq(mach_counts(w.mach).reads - before.reads, 2);
        check_eq(mach_counts(w.mach).writes - before.writes, steps[i].writes);
        check_eq(w.r->dirty, i >= 3);
        check_eq(w.r->entry, peek(w.mach, w.at[1], 4));
        check_eq(w.r->global, 1);
    }
    end_way(&w);
}

Test(pagewalk, results_are_untouched_where_they_do_not_count)
{
    const struct way w = new_way(PW_TWO_LEVEL, 0, 0x0BEEF123, 2, 0x7000);
    const uint64_t pattern = w.r->pa;
    const struct mach_fault fault = w.r->fault;
    bits(&w, 1, 0);
    check_way(&w, PW_READ, PW_NOT_PRESENT);
    check_eq(w.r->pa, pattern);
    check_eq(w.r->reads, (uint32_t)pattern);
    bits(&w, 1, OPEN);
    w.r->fault = fault;
    check_way(&w, PW_READ, PW_OK);
    check_bytes(&w.r->fault, &fault, sizeof fault);
    end_way(&w);
}

/* ---- Mapping ------------------------------------------------------------ */

Test(pagewalk, mapping_writes_exactly_these_entries)
{
    struct mach *const mach = used_machine(32);
    struct space *const space = two_level(mach);
    check_status(pw_map(space, 0x003FF000, 0x20000, 4097, PW_W | PW_G), PW_OK);
    check_status(pw_map(space, 0x00401000, 0xFEC00000, 1, PW_U | PW_COW),
                 PW_OK);
    check_eq(root_entry(mach, space, 0) & 0xFFF, OPEN);
    check_eq(root_entry(mach, space, 0x00400000) & 0xFFF, OPEN);
    check_eq(leaf(mach, space, 0x003FE000), 0);
    check_eq(leaf(mach, space, 0x003FF000), 0x20000 | PW_P | PW_W | PW_G);
    check_eq(leaf(mach, space, 0x00400000), 0x21000 | PW_P | PW_W | PW_G);
    check_eq(leaf(mach, space, 0x00401000), 0xFEC00000 | PW_P | PW_U | PW_COW);
    check_eq(leaf(mach, space, 0x00402000), 0);
    check_eq(pw_table_bytes(space), 3 * 4096);
    check_frames_used(mach, 3);
    end(mach, space);
}

Test(pagewalk, mapping_keeps_the_marks_above)
{
    struct mach *const mach = test_machine(32);
    struct space *const space = two_level(mach);
    check_status(pw_map(space, 0x1000, 0, 4096, 0), PW_OK);
    check_status(
        pw_walk(space, 0x1000, PW_READ, arena_object(struct pw_result)), PW_OK);
    check_status(pw_map(space, 0x2000, 0, 4096, 0), PW_OK);
    check_eq(peek(mach, pw_root(space), 4) & 0xFFF, OPEN | PW_A);
    end(mach, space);
}

Test(pagewalk, ends_of_memory_can_be_mapped)
{
    struct mach *const mach = used_machine(32);
    struct space *const space = two_level(mach);
    check_status(pw_map(space, 0xFFFFF000, 0xFFFFF000, 4096, PW_W), PW_OK);
    check_status(pw_map(space, 0, 0, 4096, PW_W), PW_OK);
    check_eq(leaf(mach, space, 0xFFFFF000), 0xFFFFF003);
    check_eq(leaf(mach, space, 0), 3);
    end(mach, space);
}

Test(pagewalk, arguments_are_checked)
{
    static const struct {
        uint64_t va, pa, bytes, rights;
    } wrong[] = {{1, 0, 1, 0},
                 {0, 1, 1, 0},
                 {0, 0, 0, 0},
                 {0xFFFFF000, 0, 4097, 0},
                 {0, 0xFFFFF000, 4097, 0},
                 {UINT64_C(1) << 32, 0, 1, 0},
                 {0x1000, 0, UINT64_MAX, 0},
                 {0x1000, 0, UINT64_MAX - 8191, 0},
                 {0, 0, 1, PW_P},
                 {0, 0, 1, PW_A},
                 {0, 0, 1, PW_NX},
                 {0, 0, 1, 0x1000},
                 {0, 0, 4 << 20, PW_PS},
                 {0, 0, 1 << 30, PW_HUGE},
                 {0, 0, 1 << 30, PW_HUGE | PW_PS},
                 {UINT64_C(0xFFFFFFFFFFFFF000), 0, 4096, 0}};
    struct mach *const mach = test_machine(32);
    struct space *const space = two_level(mach);
    check_status(pw_map(space, 0x1000, 0, 4096, 0), PW_OK);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_context("case %u", i);
        check_status(pw_map(space, wrong[i].va, wrong[i].pa, wrong[i].bytes,
                            wrong[i].rights),
                     PW_BAD_ARGUMENT);
        if (i == 1 || i == 4 || i > 7)
            continue;
        check_status(pw_unmap(space, wrong[i].va, wrong[i].bytes),
                     PW_BAD_ARGUMENT);
        check_status(pw_protect(space, wrong[i].va, wrong[i].bytes, 0),
                     PW_BAD_ARGUMENT);
    }
    check_status(pw_protect(space, 0x1000, 1, PW_G), PW_BAD_ARGUMENT);
    check_status(pw_protect(space, 0x1000, 1, PW_NX), PW_BAD_ARGUMENT);
    /* Before anything is said about the pages themselves. */
    check_status(pw_map(space, 0xFFFFF000, 0, 4096, 0), PW_OK);
    check_status(pw_map(space, 0xFFFFF000, 0, 8192, 0), PW_BAD_ARGUMENT);
    check_status(pw_unmap(space, 0xFFFFE000, 3 * 4096), PW_BAD_ARGUMENT);
    check_status(pw_unmap(space, 0xFFFFF000, 4096), PW_OK);
    check_eq(leaf(mach, space, 0x1000), PW_P);
    check_frames_used(mach, 2);
    end(mach, space);
}

Test(pagewalk, pages_in_use_are_not_mapped_over)
{
    struct mach *const mach = test_machine(32);
    struct space *const space = two_level(mach);
    check_status(pw_map(space, 0x00800000, 0x9000, 4096, PW_W), PW_OK);
    frame_fail_at(mach, 1);
    check_status(pw_map(space, 0x003FF000, 0, 0x402000, 0), PW_EXISTS);
    frame_fail_at(mach, 0);
    check_status(pw_map(space, 0x007FF000, 0, 8192, 0), PW_EXISTS);
    check_eq(root_entry(mach, space, 0x00400000), 0);
    check_eq(leaf(mach, space, 0x00800000), 0x9003);
    poke(mach, leaf_pa(mach, space, 0x00800000), PW_SWAPPED, 4);
    check_status(pw_map(space, 0x00800000, 0x9000, 4096, PW_W), PW_EXISTS);
    check_frames_used(mach, 2);
    end(mach, space);
}

Test(pagewalk, failed_mapping_is_undone)
{
    struct mach *const mach = used_machine(32);
    struct space *const space = two_level(mach);
    check_status(pw_map(space, 0x003FD000, 0x9000, 4096, PW_W), PW_OK);
    frame_fail_at(mach, 1);
    check_status(pw_map(space, 0x003FE000, 0, 0x4000, 0), PW_NO_MEMORY);
    check_eq(leaf(mach, space, 0x003FD000), 0x9003);
    check_eq(leaf(mach, space, 0x003FE000), 0);
    check_eq(leaf(mach, space, 0x003FF000), 0);
    check_eq(root_entry(mach, space, 0x00400000), 0);
    frame_fail_at(mach, 2);
    check_status(pw_map(space, 0x00BFE000, 0, 0x4000, 0), PW_NO_MEMORY);
    frame_fail_at(mach, 0);
    check_eq(root_entry(mach, space, 0x00BFE000), 0);
    check_eq(root_entry(mach, space, 0x00C00000), 0);
    check_eq(pw_table_bytes(space), 2 * 4096);
    check_frames_used(mach, 2);
    end(mach, space);
}

/* ---- Unmapping, rights, finding ----------------------------------------- */

Test(pagewalk, tables_go_with_their_last_page)
{
    struct mach *const mach = used_machine(32);
    struct space *const space = two_level(mach);
    const uint64_t page = frame_alloc(mach);
    check_status(pw_map(space, 0x003FF000, page * 4096, 4096, PW_W), PW_OK);
    check_status(pw_map(space, 0x00400000, 0x9000, 8192, PW_W), PW_OK);
    check_status(pw_unmap(space, 0x003FF000, 4097), PW_OK);
    check_eq(root_entry(mach, space, 0), 0);
    check_eq(leaf(mach, space, 0x00400000), 0);
    check_eq(leaf(mach, space, 0x00401000), 0xA003);
    check_frames_used(mach, 3);
    check_status(pw_unmap(space, 0x00401000, 1), PW_OK);
    check_eq(root_entry(mach, space, 0x00400000), 0);
    check_eq(pw_table_bytes(space), 4096);
    check(frame_in_use(mach, page), "the page's frame was given back");
    check_status(pw_destroy(space), PW_OK);
    check_frames_used(mach, 1);
}

Test(pagewalk, swapped_pages_hold_their_table)
{
    struct mach *const mach = used_machine(32);
    struct space *const space = two_level(mach);
    check_status(pw_map(space, 0x00400000, 0x9000, 8192, PW_W), PW_OK);
    poke(mach, leaf_pa(mach, space, 0x00401000), PW_SWAPPED, 4);
    check_status(pw_unmap(space, 0x00400000, 4096), PW_OK);
    check_frames_used(mach, 2);
    check_eq(leaf(mach, space, 0x00401000), PW_SWAPPED);
    check_status(pw_unmap(space, 0x00401000, 4096), PW_OK);
    check_frames_used(mach, 1);
    end(mach, space);
}

Test(pagewalk, holes_refuse_the_whole_range)
{
    struct mach *const mach = used_machine(32);
    struct space *const space = two_level(mach);
    check_status(pw_map(space, 0x003FE000, 0x9000, 8192, PW_W), PW_OK);
    check_status(pw_unmap(space, 0x003FE000, 12288), PW_NOT_MAPPED);
    check_status(pw_protect(space, 0x003FE000, 12288, 0), PW_NOT_MAPPED);
    check_status(pw_unmap(space, 0x003FD000, 8192), PW_NOT_MAPPED);
    check_eq(leaf(mach, space, 0x003FE000), 0x9003);
    check_eq(leaf(mach, space, 0x003FF000), 0xA003);
    end(mach, space);
}

Test(pagewalk, protection_changes_w_and_u_alone)
{
    struct mach *const mach = used_machine(32);
    struct space *const space = two_level(mach);
    check_status(pw_map(space, 0x003FF000, 0x9000, 8192, PW_W), PW_OK);
    const uint64_t upper = root_entry(mach, space, 0);
    const uint64_t kept = 0x9000 | PW_P | PW_A | PW_D | PW_G | PW_SHARED;
    poke(mach, leaf_pa(mach, space, 0x003FF000), kept | PW_W, 4);
    check_status(pw_protect(space, 0x003FF000, 8192, PW_U), PW_OK);
    check_eq(leaf(mach, space, 0x003FF000), kept | PW_U);
    check_eq(leaf(mach, space, 0x00400000), 0xA005);
    check_eq(root_entry(mach, space, 0), upper);
    poke(mach, leaf_pa(mach, space, 0x003FF000), 0x9000 | PW_P | PW_COW, 4);
    poke(mach, leaf_pa(mach, space, 0x00400000), PW_SWAPPED | PW_U, 4);
    check_status(pw_protect(space, 0x003FF000, 8192, PW_W), PW_OK);
    check_eq(leaf(mach, space, 0x003FF000), 0x9000 | PW_P | PW_COW);
    check_eq(leaf(mach, space, 0x00400000), PW_SWAPPED | PW_W);
    end(mach, space);
}

Test(pagewalk, pages_are_found_without_an_access)
{
    struct mach *const mach = used_machine(32);
    struct space *const space = two_level(mach);
    struct pw_leaf *const l = arena_object(struct pw_leaf);
    check_status(pw_map(space, 0x003FE000, 0x9000, 8192, 0), PW_OK);
    check_status(pw_map(space, 0xFFFFF000, 0xA000, 4096, 0), PW_OK);
    poke(mach, leaf_pa(mach, space, 0x003FF000), PW_SWAPPED, 4);
    static const struct {
        uint64_t from, at, entry;
    } cases[] = {{0x003FD000, 0x003FE000, 0x9001},
                 {0x003FEFFF, 0x003FE000, 0x9001},
                 {0x003FF000, 0x003FF000, PW_SWAPPED},
                 {0xFFF00000, 0xFFFFF000, 0xA001}};
    for (unsigned i = 0; i < 4; i++) {
        check_context("from 0x%llx", (unsigned long long)cases[i].from);
        check_status(pw_next(space, cases[i].from, l), PW_OK);
        check_eq(l->va, cases[i].at);
        check_eq(l->page_bytes, 4096);
        check_eq(l->entry_pa, leaf_pa(mach, space, cases[i].at));
        check_eq(l->entry, cases[i].entry);
    }
    check_status(pw_entry(space, 0x003FE123, l), PW_OK);
    check_eq(l->va, 0x003FE000);
    check_eq(leaf(mach, space, 0x003FE000), 0x9001);
    check_status(pw_entry(space, 0x003FD000, l), PW_NOT_MAPPED);
    check_status(pw_entry(space, 0x00400000, l), PW_NOT_MAPPED);
    check_status(pw_unmap(space, 0xFFFFF000, 1), PW_OK);
    check_status(pw_next(space, 0xFFF00000, l), PW_NOT_MAPPED);
    end(mach, space);
}

Test(pagewalk, segments_have_tables_of_16_kib)
{
    struct mach *const mach = used_machine(32);
    struct space *const space = pw_create(mach, PW_SEGMENTED, 0);
    struct pw_result *const r = arena_object(struct pw_result);
    /* One free frame lies below one in use: no room for a table. */
    const uint64_t hole = frame_alloc(mach), used = frame_alloc(mach);
    frame_free(mach, hole);
    check_status(pw_map(space, 0x01FFF000, 0x9000, 8192, PW_W), PW_OK);
    check_eq(peek(mach, used * 4096, 8), UINT64_C(0x6D6D6D6D6D6D6D6D));
    frame_free(mach, used);
    check_eq(pw_table_bytes(space), 4096 + 2 * 16384);
    check_status(pw_walk(space, 0x02000010, PW_WRITE, r), PW_OK);
    check_eq(r->pa, 0xA010);
    check_status(pw_unmap(space, 0x01FFF000, 1), PW_OK);
    check_eq(pw_table_bytes(space), 4096 + 16384);
    end(mach, space);
}

/* ---- Bonus: large pages ------------------------------------------------- */

Test(pagewalk, large_pages_are_walked)
{
    const struct way w =
        new_way(PW_TWO_LEVEL, PW_PSE | PW_WP, 0x12F45678, 1, 0);
    poke(w.mach, w.at[0], 0x34801000 | 0xAB << 13 | PW_PS | OPEN, 4);
    check_way(&w, PW_WRITE, PW_OK);
    check_eq(w.r->pa, UINT64_C(0xAB34800000) + (w.va & 0x3FFFFF));
    check_eq(w.r->page_bytes, 4 << 20);
    check_eq(w.r->dirty, 1);
    check_eq(w.r->reads, 1);
    poke(w.mach, w.at[0], 0x200000 | PW_PS | PW_P, 4);
    check_way(&w, PW_WRITE, PW_RESERVED);
    check_fault(&w, FAULT_PF, 0xB, w.va);
    poke(w.mach, w.at[0], 0x200000 | PW_PS, 4);
    check_way(&w, PW_WRITE, PW_NOT_PRESENT);
    end_way(&w);
}

Test(pagewalk, page_tables_hold_small_pages_with_pse)
{
    const struct way w = new_way(PW_TWO_LEVEL, PW_PSE, 0x12F45678, 2, 0x7000);
    bits(&w, 1, OPEN | PW_PS);
    check_way(&w, PW_READ, PW_OK);
    check_eq(w.r->pa, 0x7678);
    end_way(&w);
}

Test(pagewalk, large_pages_are_mapped_and_changed_whole)
{
    const uint64_t large = 4 << 20;
    struct mach *const mach = test_machine(1100);
    struct space *const space = pw_create(mach, PW_TWO_LEVEL, PW_PSE);
    struct pw_leaf *const l = arena_object(struct pw_leaf);
    const uint64_t pa = UINT64_C(0xCD00400000);
    check_status(pw_map(space, large, pa, large, PW_PS | PW_W), PW_OK);
    check_eq(root_entry(mach, space, large), 0x00400000 | 0xCD << 13 | 0x83);
    check_status(pw_map(space, 2 * large, 0x5000, 4096, 0), PW_OK);
    check_status(pw_map(space, large, pa, large, PW_PS), PW_EXISTS);
    check_status(pw_map(space, large + 4096, 0, 4096, 0), PW_CONFLICT);
    check_status(pw_map(space, 2 * large, pa, large, PW_PS), PW_CONFLICT);
    check_status(pw_map(space, 4 * large, pa, large - 1, PW_PS),
                 PW_BAD_ARGUMENT);
    check_status(pw_map(space, 4 * large, 4096, large, PW_PS), PW_BAD_ARGUMENT);
    check_status(pw_map(space, 4 * large, 0, 1 << 30, PW_HUGE),
                 PW_BAD_ARGUMENT);
    check_status(pw_unmap(space, large + 4096, large - 4096), PW_CONFLICT);
    check_status(pw_unmap(space, large, 4096), PW_CONFLICT);
    check_status(pw_protect(space, large, large + 4096, PW_U), PW_OK);
    check_eq(root_entry(mach, space, large), 0x00400000 | 0xCD << 13 | 0x85);
    check_status(pw_entry(space, large + 5, l), PW_OK);
    check_eq(l->va, large);
    check_eq(l->page_bytes, large);
    check_status(pw_unmap(space, large, large), PW_OK);
    check_eq(root_entry(mach, space, large), 0);
    check_status(pw_map(space, 0, large, large, PW_PS), PW_OK);
    end(mach, space);
}

/* ---- Bonus: four levels ------------------------------------------------- */

#define LONG_VA UINT64_C(0x00005A5A5A5A5ABC)

Test(pagewalk, four_levels_are_walked)
{
    const struct way w =
        new_way(PW_FOUR_LEVEL, PW_NXE, LONG_VA, 4, UINT64_C(0xFE12345000));
    for (unsigned l = 0; l < 4; l++) {
        check_context("level %u", l);
        bits(&w, l, OPEN | PW_NX);
        check_way(&w, PW_EXECUTE | PW_USER, PW_RIGHTS);
        check_fault(&w, FAULT_PF, 0x15, LONG_VA);
        check_way(&w, PW_WRITE, PW_OK);
        check_eq(w.r->pa, UINT64_C(0xFE12345ABC));
        check_eq(w.r->no_execute, 1);
        bits(&w, l, PW_P | PW_W);
        check_way(&w, PW_READ | PW_USER, PW_RIGHTS);
        bits(&w, l, OPEN | UINT64_C(1) << (40 + l));
        check_way(&w, PW_READ, PW_RESERVED);
        check_fault(&w, FAULT_PF, 9, LONG_VA);
        bits(&w, l, 0);
        check_way(&w, PW_EXECUTE, PW_NOT_PRESENT);
        check_fault(&w, FAULT_PF, 0x10, LONG_VA);
        bits(&w, l, OPEN | (l == 3 ? PW_PS : 0));
    }
    check_way(&w, PW_EXECUTE, PW_OK);
    check_eq(w.r->page_bytes, 4096);
    check_eq(w.r->reads, 4);
    bits(&w, 0, OPEN | PW_PS);
    check_way(&w, PW_READ, PW_RESERVED);
    end_way(&w);
}

Test(pagewalk, nx_is_reserved_while_it_is_off)
{
    const struct way w = new_way(PW_FOUR_LEVEL, 0, LONG_VA, 4, 0x5000);
    check_way(&w, PW_EXECUTE, PW_OK);
    bits(&w, 3, OPEN | PW_NX);
    check_way(&w, PW_EXECUTE, PW_RESERVED);
    check_fault(&w, FAULT_PF, 9, LONG_VA);
    end_way(&w);
}

Test(pagewalk, addresses_that_are_not_canonical_have_faults_of_their_own)
{
    static const uint64_t wrong[] = {UINT64_C(1) << 47,
                                     LONG_VA | UINT64_C(1) << 63,
                                     UINT64_C(0xFFFF000000000000)};
    const struct way w = new_way(PW_FOUR_LEVEL, 0, LONG_VA, 4, 0x5000);
    struct pw_leaf *const l = arena_object(struct pw_leaf);
    for (unsigned i = 0; i < 3; i++) {
        check_status(pw_walk(w.space, wrong[i], PW_READ, w.r),
                     PW_NOT_CANONICAL);
        check_fault(&w, FAULT_GP, 0, 0);
        check_status(pw_walk(w.space, wrong[i], PW_WRITE | PW_STACK, w.r),
                     PW_NOT_CANONICAL);
        check_fault(&w, FAULT_SS, 0, 0);
        check_status(pw_entry(w.space, wrong[i], l), PW_NOT_CANONICAL);
        check_status(pw_map(w.space, wrong[i] & ~UINT64_C(0xFFF), 0, 1, 0),
                     PW_BAD_ARGUMENT);
    }
    end_way(&w);
}

Test(pagewalk, large_pages_of_four_levels_are_walked)
{
    for (unsigned levels = 2; levels <= 3; levels++) {
        const uint64_t size = levels == 2 ? 1 << 30 : 2 << 20;
        const struct way w = new_way(PW_FOUR_LEVEL, 0, LONG_VA, levels, 0);
        bits(&w, levels - 1, UINT64_C(0xC040000000) | PW_PS | OPEN | 0x1000);
        check_way(&w, PW_READ, PW_OK);
        check_eq(w.r->pa, UINT64_C(0xC040000000) + LONG_VA % size);
        check_eq(w.r->page_bytes, size);
        bits(&w, levels - 1, 0x40000000 | PW_PS | OPEN | 0x2000);
        check_way(&w, PW_READ, PW_RESERVED);
        end_way(&w);
    }
}

Test(pagewalk, tables_of_four_levels_are_made_and_freed)
{
    const uint64_t gib = 1 << 30, top = UINT64_C(0xFFFFFFFFFFFFF000);
    struct mach *const mach = used_machine(32);
    struct space *const space = pw_create(mach, PW_FOUR_LEVEL, PW_NXE);
    struct pw_leaf *const l = arena_object(struct pw_leaf);
    for (uint64_t k = 1; k <= 3; k++) {
        frame_fail_at(mach, k);
        check_status(pw_map(space, 0, 0, 4096, 0), PW_NO_MEMORY);
        check_frames_used(mach, 1);
    }
    check_status(pw_map(space, 0, 0x9000, 4096, PW_NX), PW_OK);
    check_frames_used(mach, 4);
    check_status(pw_map(space, gib, 7 * gib, gib, PW_HUGE), PW_OK);
    check_status(pw_map(space, 2 << 20, 4 << 20, 2 << 20, PW_PS), PW_OK);
    check_frames_used(mach, 4);
    check_status(pw_map(space, gib, 0, 4096, 0), PW_CONFLICT);
    check_status(pw_map(space, top, 0, 8192, 0), PW_BAD_ARGUMENT);
    check_status(pw_map(space, top, 0x8000, 4096, 0), PW_OK);
    check_status(pw_next(space, 1, l), PW_OK);
    check_eq(l->va, 0);
    check_eq(l->entry, 0x9000 | PW_P | PW_NX);
    check_status(pw_next(space, 4096, l), PW_OK);
    check_eq(l->va, 2 << 20);
    check_status(pw_next(space, 4 << 20, l), PW_OK);
    check_eq(l->page_bytes, gib);
    check_status(pw_next(space, 2 * gib, l), PW_OK);
    check_eq(l->va, top);
    check_status(pw_next(space, UINT64_C(1) << 60, l), PW_OK);
    check_eq(l->va, top);
    check_status(pw_unmap(space, top, 4096), PW_OK);
    check_frames_used(mach, 4);
    check_status(pw_next(space, 2 * gib, l), PW_NOT_MAPPED);
    check_status(pw_unmap(space, gib, gib), PW_OK);
    check_status(pw_unmap(space, 2 << 20, 2 << 20), PW_OK);
    check_status(pw_unmap(space, 0, 4096), PW_OK);
    check_frames_used(mach, 1);
    end(mach, space);
}

/* ---- Bonus: segments over paging ---------------------------------------- */

Test(pagewalk, segments_come_before_pages)
{
    const struct way w = new_way(PW_TWO_LEVEL, 0, 0x00405000, 2, 0x9000);
    struct seg_cpu *const cpu = arena_object(struct seg_cpu);
    cpu->mach = w.mach;
    cpu->reg[SEG_DS] = (struct seg_register){.usable = 1,
                                             .copy = {.base = 0x00400000,
                                                      .limit = 0x6FFF,
                                                      .type = 3,
                                                      .s = 1,
                                                      .present = 1}};
    bits(&w, 1, PW_P | PW_W);
    for (cpu->cpl = 0; cpu->cpl < 4; cpu->cpl++) {
        check_context("CPL %u", cpu->cpl);
        check_status(
            pw_walk_segmented(cpu, w.space, SEG_DS, 0x5123, PW_WRITE, w.r),
            cpu->cpl < 3 ? PW_OK : PW_RIGHTS);
        check_eq(w.r->pa, 0x9123);
    }
    check_fault(&w, FAULT_PF, 7, 0x00405123);
    cpu->cpl = 0;
    check_status(pw_walk_segmented(cpu, w.space, SEG_DS, 0x7000, PW_READ, w.r),
                 PW_SEGMENT);
    check_fault(&w, FAULT_GP, 0, 0);
    check_status(pw_walk_segmented(cpu, w.space, (enum seg_reg)9, 0, 0, w.r),
                 PW_BAD_ARGUMENT);
    check_status(pw_walk_segmented(cpu, w.space, SEG_DS, 0, PW_USER, w.r),
                 PW_BAD_ARGUMENT);
    check_status(pw_walk_segmented(NULL, w.space, SEG_DS, 0, 0, w.r),
                 PW_BAD_ARGUMENT);
    end_way(&w);
}
