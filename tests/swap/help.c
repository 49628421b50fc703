/* help.c - see swap_help.h. */
#include "swap_help.h"

#include <string.h>

struct world
new_world(uint64_t frames, uint64_t slots, enum swap_policy policy)
{
    static unsigned char filler[MACH_FRAME_BYTES];
    struct world w = {.mach = test_machine(FIRST + frames + TABLE_FRAMES)};
    memset(filler, 0xA5, sizeof filler);
    for (uint64_t f = 0; f < mach_frames(w.mach); f++)
        mach_poke(w.mach, f << MACH_FRAME_SHIFT, filler, sizeof filler);
    check(frame_alloc_run(w.mach, FIRST) == 0 &&
              frame_alloc_run(w.mach, frames) == FIRST,
          "the test has no frames");
    if (slots > 0)
        test_swapdev(w.mach, slots);
    w.space = pw_create(w.mach, PW_TWO_LEVEL, PW_WP);
    check(w.space != NULL, "the test has no frame for a table");
    w.r = arena_object(struct swap_result);
    w.word = arena_object(uint64_t);
    w.config = arena_object(struct swap_config);
    *w.config = (struct swap_config){FIRST, frames, policy};
    w.swap = swap_create(w.mach, w.config);
    check(w.swap != NULL, "swap_create returned NULL");
    return w;
}

void
end_world(const struct world *w)
{
    check_status(swap_destroy(w->swap), SWAP_OK);
}

uint64_t
page_va(unsigned page)
{
    return 0x007FE000 + UINT64_C(4096) * page;
}

uint64_t
leaf_in(struct space *space, unsigned page)
{
    struct pw_leaf found;
    return pw_entry(space, page_va(page), &found) == PW_OK ? found.entry : 0;
}

uint64_t
leaf(const struct world *w, unsigned page)
{
    return leaf_in(w->space, page);
}

void
change_leaf(const struct world *w, unsigned page, uint64_t clear, uint64_t set)
{
    struct pw_leaf found;
    check(pw_entry(w->space, page_va(page), &found) == PW_OK,
          "page %u is not in use", page);
    const uint32_t entry = (uint32_t)((found.entry & ~clear) | set);
    const unsigned char bytes[4] = {
        (unsigned char)entry, (unsigned char)(entry >> 8),
        (unsigned char)(entry >> 16), (unsigned char)(entry >> 24)};
    mach_poke(w->mach, found.entry_pa, bytes, sizeof bytes);
}

uint64_t
touch(const struct world *w, unsigned page, uint32_t access)
{
    uint64_t pa = 0;
    check_context("access to page %u", page);
    check_status(
        lab_access(w->swap, w->space, page_va(page) + 0x123, access, w->r, &pa),
        SWAP_OK);
    check(pa >= F(0) << 12 && pa < (F(0) + w->config->frame_count) << 12,
          "page %u lies at 0x%llx, which is in none of the frames for pages",
          page, (unsigned long long)pa);
    check_context("%s", "");
    return pa & ~UINT64_C(0xFFF);
}

void
touch_all(const struct world *w, unsigned first, unsigned end, uint32_t access)
{
    for (unsigned page = first; page < end; page++)
        touch(w, page, access);
}

void
page_bytes(unsigned char *bytes, uint64_t value)
{
    /* Each byte depends on its place, but zero stays zero. */
    for (unsigned i = 0; i < MACH_FRAME_BYTES; i++)
        bytes[i] =
            value == 0 ? 0 : (unsigned char)(value * 31 + i * 7 + (i >> 8) + 1);
}

void
write_page(const struct world *w, unsigned page, uint64_t value)
{
    unsigned char bytes[MACH_FRAME_BYTES];
    page_bytes(bytes, value);
    mach_poke(w->mach, touch(w, page, USER_WRITE), bytes, sizeof bytes);
}

void
check_frame(const struct world *w, uint64_t frame, uint64_t value)
{
    unsigned char want[MACH_FRAME_BYTES], got[MACH_FRAME_BYTES];
    page_bytes(want, value);
    check(mach_peek(w->mach, frame << MACH_FRAME_SHIFT, got, sizeof got) == 0,
          "there is no frame 0x%llx", (unsigned long long)frame);
    check_context("the bytes in frame %llu", (unsigned long long)frame);
    check_bytes(got, want, sizeof want);
    check_context("%s", "");
}

void
check_slot(const struct world *w, uint64_t slot, uint64_t value)
{
    unsigned char want[MACH_FRAME_BYTES], got[MACH_FRAME_BYTES];
    page_bytes(want, value);
    check(swapdev_peek(w->mach, slot, got) == 0, "there is no slot 0x%llx",
          (unsigned long long)slot);
    check_context("the bytes in slot %llu", (unsigned long long)slot);
    check_bytes(got, want, sizeof want);
    check_context("%s", "");
}

void
check_page(const struct world *w, unsigned page, uint64_t value)
{
    const uint64_t pa = touch(w, page, USER_READ);
    check_context("the bytes of page %u", page);
    check_frame(w, pa >> MACH_FRAME_SHIFT, value);
}

int
was_invalidated(const struct world *w, struct space *space, unsigned page,
                uint64_t before)
{
    struct mach_invalidation list[64];
    const uint64_t all = mach_counts(w->mach).invalidations - before;
    const unsigned kept = mach_invalidated(w->mach, list, 64);
    /* More than can be seen counts as all. */
    if (all > 64)
        return 1;
    for (unsigned i = 0; i < kept && i < all; i++)
        if (list[i].asid == pw_root(space) >> MACH_FRAME_SHIFT &&
            list[i].va == page_va(page))
            return 1;
    return 0;
}

struct seen
look(const struct world *w)
{
    struct seen seen;
    memset(&seen, 0, sizeof seen);
    const uint64_t slots = swapdev_slots(w->mach);
    for (unsigned i = 0; i < SEEN_PAGES; i++) {
        seen.leaf[i] = leaf(w, i);
        if (i < slots)
            seen.slot_count[i] = slot_count(w->swap, i);
    }
    seen.device = swapdev_counts(w->mach);
    return seen;
}

void
check_same(const struct world *w, const struct seen *before)
{
    const struct seen now = look(w);
    for (unsigned i = 0; i < SEEN_PAGES; i++) {
        check(now.leaf[i] == before->leaf[i],
              "the leaf of page %u was 0x%llx and is 0x%llx", i,
              (unsigned long long)before->leaf[i],
              (unsigned long long)now.leaf[i]);
        check(now.slot_count[i] == before->slot_count[i],
              "the count of slot %u was %llu and is %llu", i,
              (unsigned long long)before->slot_count[i],
              (unsigned long long)now.slot_count[i]);
    }
    check_eq(now.device.writes, before->device.writes);
    check_eq(now.device.reads, before->device.reads);
}
