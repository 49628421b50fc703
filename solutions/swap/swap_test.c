/*
 * swap_test.c - model tests of the stage.
 *
 * How they are chosen: for each sentence of swap.h one asks what a module would
 * look like that breaks this sentence alone, and takes the smallest history on
 * which it answers differently.  What a leaf, a slot and a counter of the
 * machine show is believed; nothing else.
 */
#include "swap/swap.h"
#include "swap/swap_lab.h"
#include "vmlab_test.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

VMLAB_SUITE(swap)

enum { FIRST = 4, TABLES = 12, BASE = 0x00400000 };

#define READ  (PW_READ | PW_USER)
#define WRITE (PW_WRITE | PW_USER)

static struct mach *mach;
static struct space *space;
static struct swap *swap;
static struct swap_result *result;
static uint64_t *word;

/* A machine with that many frames for pages, from FIRST on, which hold 0xEE at
 * first. */
static void
begin(uint64_t frames, uint64_t slots, enum swap_policy policy)
{
    mach = test_machine(FIRST + frames + TABLES);
    check_eq(frame_alloc_run(mach, FIRST + frames), 0);
    unsigned char noise[MACH_FRAME_BYTES];
    memset(noise, 0xEE, sizeof noise);
    for (uint64_t f = 0; f < FIRST + frames; f++)
        mach_poke(mach, f << 12, noise, sizeof noise);
    if (slots > 0)
        test_swapdev(mach, slots);
    space = pw_create(mach, PW_TWO_LEVEL, PW_WP);
    struct swap_config *config = arena_object(struct swap_config);
    *config = (struct swap_config){FIRST, frames, policy};
    swap = swap_create(mach, config);
    check(swap != NULL, "swap_create returned NULL");
    result = arena_object(struct swap_result);
    word = arena_object(uint64_t);
}

static void
end(void)
{
    check_status(swap_destroy(swap), SWAP_OK);
}

static uint64_t
va_of(unsigned page)
{
    return BASE + UINT64_C(4096) * page;
}

static uint64_t
leaf(unsigned page)
{
    struct pw_leaf found;
    return pw_entry(space, va_of(page), &found) == PW_OK ? found.entry : 0;
}

static void
set_leaf(unsigned page, uint64_t entry)
{
    struct pw_leaf found;
    pw_entry(space, va_of(page), &found);
    phys_write32(mach, found.entry_pa, (uint32_t)entry);
}

/* Sets and clears A of pages 0, 1, ..: "101". */
static void
set_accessed(const char *bits)
{
    for (unsigned page = 0; bits[page] != '\0'; page++)
        set_leaf(page, (leaf(page) & ~PW_A) | (bits[page] == '1' ? PW_A : 0));
}

static void
check_accessed(const char *bits)
{
    for (unsigned page = 0; bits[page] != '\0'; page++)
        check_eq((leaf(page) & PW_A) != 0, bits[page] == '1');
}

/* An access; returns the frame's address. */
static uint64_t
use(unsigned page, uint32_t access)
{
    uint64_t pa = 0;
    check_status(lab_access(swap, space, va_of(page), access, result, &pa),
                 SWAP_OK);
    return pa;
}

/* Writes a page's first and last byte. */
static void
put(unsigned page, unsigned char byte)
{
    const uint64_t pa = use(page, WRITE);
    phys_write8(mach, pa, byte);
    phys_write8(mach, pa + 4095, byte);
}

static void
want(unsigned page, unsigned char byte)
{
    const uint64_t pa = use(page, READ);
    check_eq(phys_read8(mach, pa), byte);
    check_eq(phys_read8(mach, pa + 4095), byte);
}

static void
want_victim(uint64_t frame)
{
    check_status(swap_victim(swap, word), SWAP_OK);
    check_eq(*word, frame);
}

/* Whether the last invalidations are of those pages, in any order. */
static void
want_invalidated(uint64_t before, unsigned page)
{
    struct mach_invalidation list[64];
    const uint64_t count = mach_counts(mach).invalidations - before;
    const unsigned kept = mach_invalidated(mach, list, 64);
    bool found = false;
    for (unsigned i = 0; i < kept && i < count; i++)
        found = found || (list[i].va == va_of(page) &&
                          list[i].asid == pw_root(space) >> 12);
    check(found, "page %u was not invalidated", page);
}

static uint64_t
invalidations(void)
{
    return mach_counts(mach).invalidations;
}

/* ---- Slots ---- */

Test(swap, slots_are_counted)
{
    begin(1, 2, SWAP_CLOCK);
    check_status(slot_alloc(swap, word), SWAP_OK);
    check_eq(*word, 0);
    check_status(slot_alloc(swap, word), SWAP_OK);
    check_eq(*word, 1);
    check_status(slot_alloc(swap, word), SWAP_NO_SLOT);
    check_status(slot_get(swap, 0), SWAP_OK);
    check_status(slot_put(swap, 0), SWAP_OK);
    check_eq(slot_count(swap, 0), 1);
    check_status(slot_put(swap, 0), SWAP_OK);
    check_status(slot_put(swap, 0), SWAP_NOT_IN_USE);
    check_status(slot_get(swap, 0), SWAP_NOT_IN_USE);
    check_status(slot_alloc(swap, word), SWAP_OK);
    check_eq(*word, 0);
    for (unsigned pages = 1; pages < 256; pages++)
        check_status(slot_get(swap, 0), SWAP_OK);
    check_eq(slot_count(swap, 0), 256);
    check_status(slot_get(swap, 2), SWAP_BAD_ARGUMENT);
    check_status(slot_put(swap, 2), SWAP_BAD_ARGUMENT);
    check_status(slot_alloc(swap, NULL), SWAP_BAD_ARGUMENT);
    check_eq(slot_count(swap, 2), 0);
    end();
}

Test(swap, arguments_are_checked)
{
    begin(2, 2, SWAP_CLOCK);
    struct swap_config *config = arena_object(struct swap_config);
    *config = (struct swap_config){FIRST, 0, SWAP_CLOCK};
    check(swap_create(mach, config) == NULL && errno == EINVAL, "no frames");
    *config = (struct swap_config){FIRST, 1, 3};
    check(swap_create(mach, config) == NULL && errno == EINVAL, "policy 3");
    check_status(swap_destroy(NULL), SWAP_BAD_ARGUMENT);
    check_status(swap_fault(swap, space, BASE, PW_EXECUTE, result),
                 SWAP_BAD_ARGUMENT);
    check_status(swap_fault(swap, space, UINT64_C(1) << 32, READ, result),
                 SWAP_BAD_ARGUMENT);
    check_status(swap_fault(swap, NULL, BASE, READ, result), SWAP_BAD_ARGUMENT);
    check_status(swap_evict(swap, FIRST + 2), SWAP_BAD_ARGUMENT);
    check_status(swap_evict(swap, FIRST - 1), SWAP_BAD_ARGUMENT);
    check_status(swap_evict(swap, FIRST), SWAP_NOT_IN_USE);
    check_status(swap_pin(swap, FIRST, 1), SWAP_NOT_IN_USE);
    check_status(swap_pin(swap, FIRST, 2), SWAP_BAD_ARGUMENT);
    check_status(swap_victim(swap, NULL), SWAP_BAD_ARGUMENT);
    check_status(swap_victim(swap, word), SWAP_NO_MEMORY);
    check_status(swap_release(swap, space, BASE), SWAP_NOT_IN_USE);
    check_status(swap_release(swap, space, UINT64_C(1) << 32),
                 SWAP_BAD_ARGUMENT);
    end();
}

/* ---- Pages ---- */

Test(swap, new_page_is_zero_and_leaves_nothing_behind)
{
    begin(2, 2, SWAP_CLOCK);
    check_status(swap_fault(swap, space, va_of(3) + 5, READ, result), SWAP_OK);
    check_eq(result->kind, SWAP_ZEROED);
    check_eq(result->frame, FIRST);
    check_eq(leaf(3), FIRST << 12 | 7);
    want(3, 0);
    check_eq(pw_table_bytes(space), 8192);
    check_status(swap_evict(swap, FIRST), SWAP_OK);
    check_eq(pw_table_bytes(space), 4096);
    check_eq(swapdev_counts(mach).writes, 0);
    frame_fail_at(mach, 1);
    check_status(swap_fault(swap, space, va_of(3), READ, result),
                 SWAP_NO_MEMORY);
    check_status(swap_evict(swap, FIRST), SWAP_NOT_IN_USE);
    end();
}

Test(swap, rights_are_checked_and_kept)
{
    begin(1, 4, SWAP_CLOCK);
    put(0, 9);
    set_leaf(0, (leaf(0) & ~PW_W) | PW_COW);
    check_status(swap_fault(swap, space, va_of(0), WRITE, result), SWAP_RIGHTS);
    check_status(swap_fault(swap, space, va_of(0), READ, result), SWAP_OK);
    check_eq(result->kind, SWAP_PRESENT);
    check_status(swap_evict(swap, FIRST), SWAP_OK);
    check_eq(leaf(0), PW_SWAPPED | PW_U | PW_COW);
    check_status(swap_fault(swap, space, va_of(0), WRITE, result), SWAP_RIGHTS);
    check_status(swap_fault(swap, space, va_of(0), READ, result), SWAP_OK);
    check_eq(result->kind, SWAP_READ);
    check_eq(leaf(0), FIRST << 12 | PW_P | PW_U | PW_COW);
    set_leaf(0, leaf(0) & ~PW_U);
    check_status(swap_fault(swap, space, va_of(0), READ, result), SWAP_RIGHTS);
    end();
}

Test(swap, page_keeps_its_slot_until_it_is_written)
{
    begin(2, 4, SWAP_CLOCK);
    put(0, 1);
    uint64_t before = invalidations();
    check_status(swap_evict(swap, FIRST), SWAP_OK);
    want_invalidated(before, 0);
    want(0, 1);
    check_eq(slot_count(swap, 0), 1);
    put(1, 2);
    check_status(swap_evict(swap, FIRST + 1), SWAP_OK);
    before = invalidations();
    check_status(swap_evict(swap, FIRST), SWAP_OK);
    want_invalidated(before, 0);
    check_eq(swapdev_counts(mach).writes, 2);
    check_eq(leaf(0), PW_SWAPPED | PW_W | PW_U);
    check_eq(leaf(1), 0x1000 | PW_SWAPPED | PW_W | PW_U);
    put(0, 3);
    check_status(swap_evict(swap, FIRST), SWAP_OK);
    check_eq(swapdev_counts(mach).writes, 3);
    check_eq(leaf(0), PW_SWAPPED | PW_W | PW_U);
    want(0, 3);
    want(1, 2);
    end();
}

Test(swap, slot_that_another_has_is_not_written)
{
    begin(1, 2, SWAP_CLOCK);
    put(0, 1);
    check_status(swap_evict(swap, FIRST), SWAP_OK);
    check_status(slot_get(swap, 0), SWAP_OK);
    put(0, 2);
    check_status(swap_evict(swap, FIRST), SWAP_OK);
    check_eq(leaf(0), 0x1000 | PW_SWAPPED | PW_W | PW_U);
    check_eq(slot_count(swap, 0), 1);
    want(0, 2);
    check_status(slot_get(swap, 1), SWAP_OK);
    put(0, 3);
    check_status(swap_victim(swap, word), SWAP_NO_MEMORY);
    check_status(swap_evict(swap, FIRST), SWAP_NO_SLOT);
    end();
}

Test(swap, released_page_leaves_nothing)
{
    begin(2, 4, SWAP_CLOCK);
    put(0, 1);
    check_status(swap_evict(swap, FIRST), SWAP_OK);
    use(0, READ);
    check_status(swap_pin(swap, FIRST, 1), SWAP_OK);
    check_status(swap_evict(swap, FIRST), SWAP_PINNED);
    check_status(swap_release(swap, space, va_of(0)), SWAP_PINNED);
    check_status(swap_pin(swap, FIRST, 0), SWAP_OK);
    check_status(swap_release(swap, space, va_of(0)), SWAP_OK);
    check_eq(slot_count(swap, 0), 0);
    check_eq(leaf(0), 0);
    put(1, 2);
    check_status(swap_evict(swap, FIRST), SWAP_OK);
    check_status(swap_release(swap, space, va_of(1)), SWAP_OK);
    check_eq(slot_count(swap, 0), 0);
    use(2, READ);
    check_status(swap_release(swap, space, va_of(2)), SWAP_OK);
    end();
}

/* ---- The clock ---- */

Test(swap, hand_goes_round_and_clears_a)
{
    begin(3, 4, SWAP_CLOCK);
    for (unsigned page = 0; page < 3; page++)
        put(page, (unsigned char)(page + 1));
    set_accessed("101");
    const uint64_t before = invalidations();
    want_victim(FIRST + 1);
    want_invalidated(before, 0);
    check_accessed("001");
    check_eq(leaf(0) & PW_D, PW_D);
    want_victim(FIRST);
    check_accessed("000");
    want_victim(FIRST + 1);
    set_accessed("000");
    want_victim(FIRST + 2);
    use(3, WRITE);
    check_eq(leaf(3) >> 12, FIRST);
    use(4, WRITE);
    check_eq(leaf(4) >> 12, FIRST + 1);
    for (unsigned page = 0; page < 3; page++)
        want(page, (unsigned char)(page + 1));
    end();
}

Test(swap, free_and_pinned_frames_are_passed)
{
    begin(3, 4, SWAP_CLOCK);
    for (unsigned page = 0; page < 3; page++)
        use(page, READ);
    set_accessed("101");
    check_status(swap_pin(swap, FIRST, 1), SWAP_OK);
    check_status(swap_evict(swap, FIRST + 1), SWAP_OK);
    want_victim(FIRST + 2);
    check_eq(leaf(0) & PW_A, PW_A);
    check_eq(leaf(2) & PW_A, 0);
    check_status(swap_pin(swap, FIRST + 2, 1), SWAP_OK);
    check_status(swap_victim(swap, word), SWAP_NO_MEMORY);
    check_eq(leaf(0) & PW_A, PW_A);
    end();
}

/* ---- The device ---- */

Test(swap, full_device_keeps_dirty_pages_in_memory)
{
    begin(2, 0, SWAP_CLOCK);
    put(0, 7);
    use(1, READ);
    use(2, READ);
    check_eq(leaf(0) >> 12, FIRST);
    check_eq(leaf(0) & PW_A, PW_A);
    put(2, 8);
    check_status(swap_fault(swap, space, va_of(3), READ, result),
                 SWAP_NO_MEMORY);
    want(0, 7);
    want(2, 8);
    end();
}

Test(swap, write_error_loses_nothing)
{
    begin(2, 4, SWAP_CLOCK);
    put(0, 1);
    put(1, 2);
    swapdev_fail_write_at(mach, 1, 0);
    check_status(swap_evict(swap, FIRST), SWAP_WRITE_ERROR);
    check_eq(leaf(0) & PW_P, PW_P);
    check_eq(slot_count(swap, 0), 0);
    swapdev_fail_write_at(mach, 1, 0);
    use(2, READ);
    check_eq(leaf(2) >> 12, FIRST + 1);
    put(2, 3);
    swapdev_fail_write_at(mach, 1, 1);
    check_status(swap_fault(swap, space, va_of(1), READ, result),
                 SWAP_WRITE_ERROR);
    swapdev_fail_write_at(mach, 0, 0);
    want(0, 1);
    want(1, 2);
    want(2, 3);
    end();
}

Test(swap, read_error_loses_nothing)
{
    begin(1, 4, SWAP_CLOCK);
    put(0, 1);
    check_status(swap_evict(swap, FIRST), SWAP_OK);
    swapdev_fail_read_at(mach, 1, 0);
    check_status(swap_fault(swap, space, va_of(0), READ, result),
                 SWAP_READ_ERROR);
    check_status(swap_evict(swap, FIRST), SWAP_NOT_IN_USE);
    want(0, 1);
    end();
}

/* ---- Bonus ---- */

Test(swap, enhanced_clock_looks_before_it_clears)
{
    begin(3, 4, SWAP_ENHANCED);
    put(0, 1);
    use(1, READ);
    use(2, READ);
    set_accessed("110");
    want_victim(FIRST + 2);
    check_accessed("110");
    check_status(swap_pin(swap, FIRST + 2, 1), SWAP_OK);
    want_victim(FIRST + 1);
    check_accessed("000");
    check_status(swap_pin(swap, FIRST + 1, 1), SWAP_OK);
    want_victim(FIRST);
    end();
}

Test(swap, page_must_be_found_twice_to_become_active)
{
    begin(3, 4, SWAP_LISTS);
    for (unsigned page = 0; page < 3; page++)
        check_status(swap_fault(swap, space, va_of(page), READ, result),
                     SWAP_OK);
    use(0, READ);
    want_victim(FIRST + 1);
    check_status(swap_evict(swap, FIRST + 1), SWAP_OK);
    use(0, READ);
    use(2, READ);
    /* Inactive 0 2: 2 is found once; 0, found twice, is active. */
    want_victim(FIRST + 2);
    check_accessed("0");
    check_status(swap_pin(swap, FIRST + 2, 1), SWAP_OK);
    want_victim(FIRST);
    end();
}

Test(swap, page_found_once_is_older_than_the_next)
{
    begin(2, 4, SWAP_LISTS);
    for (unsigned page = 0; page < 2; page++)
        check_status(swap_fault(swap, space, va_of(page), READ, result),
                     SWAP_OK);
    use(0, READ);
    want_victim(FIRST + 1);
    use(1, READ);
    want_victim(FIRST);
    check_status(swap_evict(swap, FIRST), SWAP_OK);
    want_victim(FIRST + 1);
    check_status(swap_evict(swap, FIRST + 1), SWAP_OK);
    end();
}

/* Told any earlier, it may read the old entry once more. */
Test(swap, processor_is_told_of_what_has_changed)
{
    struct mach_invalidation list[64];
    struct pw_leaf found;
    begin(2, 4, SWAP_CLOCK);
    put(0, 1);
    put(1, 2);
    check_status(pw_entry(space, va_of(0), &found), PW_OK);
    mach_watch(mach, found.entry_pa);
    want_victim(FIRST);
    const unsigned kept = mach_invalidated(mach, list, 64);
    unsigned last = 0;
    while (last < kept && list[last].va != va_of(0))
        last++;
    check(last < kept && (list[last].watched & PW_A) == 0,
          "A was still set when the processor was told");
    end();
}
