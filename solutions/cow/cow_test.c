/*
 * cow_test.c - model tests of the stage.
 *
 * How they are chosen: each asks for one sentence of cow.h what a module would
 * look like that breaks this sentence alone.  Nearly all mistakes in this stage
 * can be seen in one of three places: the entry, the count, or what the *other*
 * process reads; so the tests look at all three after each step.
 */
#include "cow/cow.h"
#include "vmlab_test.h"

#include <errno.h>

VMLAB_SUITE(cow)

enum { FRAMES = 64, PAGE = 4096 };
enum { WRITE = PW_FAULT_P | PW_FAULT_W | PW_FAULT_U };

/* Four pages from PRIVATE on, in two tables, and one of the kernel half. */
#define PRIVATE  UINT64_C(0x003FE000)
#define CONSTANT UINT64_C(0x003FF000)
#define COMMON   UINT64_C(0x00400000)
#define CLOSED   UINT64_C(0x00401000)
#define KERNEL   UINT64_C(0xFF800000)

static struct mach *mach;
static struct cow *cow;
static struct space *kernel;
static uint64_t kernel_frames;
static unsigned char *from;
static uint64_t *left;

/* Each test has a process of its own in which these are set.  `slots` of a swap
 * device: 0, there is none. */
static void
begin_over(uint64_t slots)
{
    mach = test_machine(FRAMES);
    if (slots > 0)
        test_swapdev(mach, slots);
    kernel = pw_create(mach, PW_TWO_LEVEL, PW_WP);
    check_status(pw_map(kernel, KERNEL, frame_alloc(mach) * PAGE, PAGE, PW_W),
                 PW_OK);
    kernel_frames = mach_counts(mach).frames_used;
    struct cow_config *config = arena_object(struct cow_config);
    *config = (struct cow_config){FRAMES, KERNEL};
    cow = cow_create(mach, config);
    check(cow != NULL, "cow_create returned NULL");
    from = arena_bytes(3 * PAGE);
    for (unsigned i = 0; i < 3 * PAGE; i++)
        from[i] = (unsigned char)(i % 251 + 1);
    left = arena_object(uint64_t);
}

static void
begin(void)
{
    begin_over(0);
}

static void
put(struct space *space, uint64_t va, uint64_t rights)
{
    const uint64_t frame = frame_alloc(mach);
    phys_zero_frame(mach, frame);
    phys_write8(mach, frame * PAGE + 7, 0x77);
    phys_write8(mach, frame * PAGE + 4095, (uint8_t)frame);
    check_status(pw_map(space, va, frame * PAGE, PAGE, rights), PW_OK);
}

/* Process 1, with the four pages. */
static void
spawn(void)
{
    struct space *space = pw_create(mach, PW_TWO_LEVEL, PW_WP);
    struct pw_leaf *leaf = arena_object(struct pw_leaf);
    phys_move(mach, pw_root(space) + 0xFF8, pw_root(kernel) + 0xFF8, 8);
    put(space, PRIVATE, PW_W | PW_U);
    put(space, CONSTANT, PW_U);
    put(space, COMMON, PW_W | PW_U | PW_SHARED);
    put(space, CLOSED, PW_W);
    check_status(pw_entry(space, PRIVATE, leaf), PW_OK);
    phys_write32(mach, leaf->entry_pa, (uint32_t)leaf->entry | PW_A | PW_D);
    check_status(cow_spawn(cow, 1, space), COW_OK);
}

static void
begin_with_two(void)
{
    begin();
    spawn();
    check_status(cow_fork(cow, 1, 2), COW_OK);
}

/* The entry of a page, 0 when there is none. */
static uint64_t
entry(uint64_t pid, uint64_t va)
{
    static struct pw_leaf leaf;
    return pw_entry(cow_space(cow, pid), va, &leaf) == PW_OK ? leaf.entry : 0;
}

static uint64_t
frame(uint64_t pid, uint64_t va)
{
    return entry(pid, va) / PAGE;
}

static uint64_t
bits(uint64_t pid, uint64_t va)
{
    return entry(pid, va) % PAGE;
}

static uint8_t
byte(uint64_t pid, uint64_t va)
{
    return phys_read8(mach, frame(pid, va) * PAGE + va % PAGE);
}

/* Whether the newest invalidations hold this page. */
static int
told(uint64_t pid, uint64_t va)
{
    static struct mach_invalidation list[64];
    const unsigned count = mach_invalidated(mach, list, 64);
    for (unsigned i = 0; i < count; i++)
        if (list[i].asid == pid && list[i].va / PAGE == va / PAGE)
            return 1;
    return 0;
}

/* All exit; nothing may be left but what belongs to the kernel. */
static void
end(void)
{
    check_status(cow_destroy(cow), COW_OK);
    check_frames_used(mach, kernel_frames);
}

/* ---- Processes ----------------------------------------------------------- */

Test(cow, create_checks_its_configuration)
{
    struct cow_config *config = arena_object(struct cow_config);
    mach = test_machine(2);
    static const struct cow_config bad[] = {
        {0, KERNEL}, {2, 0}, {2, 0x1000}, {2, UINT64_C(0x100400000)}};
    for (unsigned i = 0; i < 4; i++) {
        *config = bad[i];
        check(cow_create(mach, config) == NULL, "accepted: %u", i);
        check_eq(errno, EINVAL);
    }
    *config = (struct cow_config){2, KERNEL};
    check(cow_create(NULL, config) == NULL, "NULL accepted");
    check(cow_create(mach, NULL) == NULL, "NULL accepted");
    check_status(cow_destroy(NULL), COW_BAD_ARGUMENT);
}

Test(cow, spawn_counts_pages_and_changes_nothing)
{
    begin();
    spawn();
    check_eq(cow_refs(cow, frame(1, PRIVATE)), 1);
    check_eq(cow_refs(cow, frame(1, CLOSED)), 1);
    check_eq(cow_refs(cow, frame(1, KERNEL)), 0);
    check_eq(cow_refs(cow, FRAMES), 0);
    check_eq(cow_refs(NULL, 0), 0);
    check_eq(bits(1, PRIVATE), 0x067);
    check_eq(bits(1, COMMON), 0x407);
    check_status(cow_spawn(cow, 1, cow_space(cow, 1)), COW_EXISTS);
    end();
}

Test(cow, arguments_are_checked_first)
{
    begin();
    spawn();
    check_status(cow_spawn(cow, 0, kernel), COW_BAD_ARGUMENT);
    check_status(cow_spawn(cow, COW_PIDS, kernel), COW_BAD_ARGUMENT);
    check_status(cow_spawn(NULL, 2, kernel), COW_BAD_ARGUMENT);
    check_status(cow_spawn(cow, 2, NULL), COW_BAD_ARGUMENT);
    check_status(cow_exit(cow, 2), COW_NO_PROCESS);
    check_status(cow_exit(NULL, 1), COW_BAD_ARGUMENT);
    check_status(cow_fork(cow, 1, 0), COW_BAD_ARGUMENT);
    check_status(cow_fork(cow, 2, 3), COW_NO_PROCESS);
    check_status(cow_map(cow, 1, 0, PW_COW), COW_BAD_ARGUMENT);
    check_status(cow_map(cow, 2, 0, 0), COW_NO_PROCESS);
    check_status(cow_protect(cow, 1, PRIVATE, PW_COW), COW_BAD_ARGUMENT);
    check_status(cow_protect(cow, 1, 0, PW_W), COW_NOT_MAPPED);
    check_status(cow_fault(cow, 1, PRIVATE, PW_FAULT_R), COW_BAD_ARGUMENT);
    check_status(cow_fault(cow, 2, PRIVATE, WRITE), COW_NO_PROCESS);
    check_status(cow_copy_out(cow, 1, PRIVATE, NULL, 1, left),
                 COW_BAD_ARGUMENT);
    check_status(cow_copy_out(cow, 1, PRIVATE, from, 0, left),
                 COW_BAD_ARGUMENT);
    check_status(cow_copy_out(cow, 1, PRIVATE, from, 1, NULL),
                 COW_BAD_ARGUMENT);
    check_status(cow_copy_out(cow, 2, PRIVATE, from, 1, left), COW_NO_PROCESS);
    check(cow_space(cow, 2) == NULL, "process 2 does not exist");
    end();
}

Test(cow, new_page_is_zero)
{
    begin();
    spawn();
    check_status(cow_fork(cow, 1, 2), COW_OK);
    check_status(cow_exit(cow, 2), COW_OK);
    frame_fail_at(mach, 1);
    check_status(cow_map(cow, 1, 0x10000000, PW_W), COW_NO_MEMORY);
    frame_fail_at(mach, 2);
    check_status(cow_map(cow, 1, 0x10000000, PW_W), COW_NO_MEMORY);
    check_status(cow_map(cow, 1, 0x10000800, PW_W | PW_U), COW_OK);
    check_eq(bits(1, 0x10000000), 0x007);
    check_eq(phys_read64(mach, frame(1, 0x10000000) * PAGE), 0);
    check_eq(cow_refs(cow, frame(1, 0x10000000)), 1);
    check_status(cow_map(cow, 1, 0x10001000, PW_U), COW_OK);
    check_eq(bits(1, 0x10001000), 0x005);
    check_status(cow_map(cow, 1, 0x10000000, 0), COW_EXISTS);
    check_status(cow_map(cow, 1, KERNEL, 0), COW_BAD_ADDRESS);
    end();
}

/* ---- Fork ---------------------------------------------------------------- */

Test(cow, fork_changes_private_writable_pages_alone)
{
    begin_with_two();
    for (uint64_t pid = 1; pid <= 2; pid++) {
        check_eq(bits(pid, PRIVATE), 0x265);
        check_eq(bits(pid, CONSTANT), 0x005);
        check_eq(bits(pid, COMMON), 0x407);
        check_eq(bits(pid, CLOSED), 0x201);
        check_eq(bits(pid, KERNEL), 0x003);
    }
    check(told(1, PRIVATE), "the processor still lets process 1 write");
    end();
}

Test(cow, fork_shares_frames_and_counts_them)
{
    begin_with_two();
    check_eq(frame(2, PRIVATE), frame(1, PRIVATE));
    check_eq(cow_refs(cow, frame(1, PRIVATE)), 2);
    check_eq(cow_refs(cow, frame(1, CONSTANT)), 2);
    check_eq(cow_refs(cow, frame(1, COMMON)), 2);
    check_status(cow_fork(cow, 2, 3), COW_OK);
    check_eq(cow_refs(cow, frame(1, PRIVATE)), 3);
    check_eq(cow_refs(cow, frame(1, CONSTANT)), 3);
    end();
}

Test(cow, pid_of_a_child_must_be_free)
{
    begin_with_two();
    check_status(cow_fork(cow, 1, 2), COW_EXISTS);
    check_status(cow_fork(cow, 1, 1), COW_EXISTS);
    end();
}

Test(cow, more_than_255_pages_may_lie_in_a_frame)
{
    begin();
    struct space *space = pw_create(mach, PW_TWO_LEVEL, PW_WP);
    const uint64_t number = frame_alloc(mach);
    for (uint64_t i = 0; i < 150; i++)
        check_status(
            pw_map(space, PRIVATE + i * PAGE, number * PAGE, PAGE, PW_U),
            PW_OK);
    check_status(cow_spawn(cow, 1, space), COW_OK);
    check_status(cow_fork(cow, 1, 2), COW_OK);
    check_eq(cow_refs(cow, number), 300);
    check_status(cow_exit(cow, 1), COW_OK);
    check_eq(cow_refs(cow, number), 150);
    end();
}

Test(cow, failed_fork_leaves_nothing_behind)
{
    begin();
    spawn();
    for (uint64_t k = 1; k <= 3; k++) {
        frame_fail_at(mach, k);
        check_status(cow_fork(cow, 1, 2), COW_NO_MEMORY);
        check_frames_used(mach, kernel_frames + 7);
        check_eq(cow_refs(cow, frame(1, PRIVATE)), 1);
        check_eq(cow_refs(cow, frame(1, CONSTANT)), 1);
    }
    check_status(cow_fork(cow, 1, 2), COW_OK);
    end();
}

/* ---- Writes -------------------------------------------------------------- */

Test(cow, write_goes_to_a_copy)
{
    begin_with_two();
    const uint64_t old = frame(1, PRIVATE);
    check_status(cow_fault(cow, 2, PRIVATE + 7, WRITE), COW_OK);
    check(frame(2, PRIVATE) != old, "there is no copy");
    check_eq(frame(1, PRIVATE), old);
    check_eq(bits(2, PRIVATE), 0x067);
    check_eq(bits(1, PRIVATE), 0x265);
    check_eq(byte(2, PRIVATE + 7), 0x77);
    check_eq(byte(2, PRIVATE + 4095), old);
    check_eq(cow_refs(cow, old), 1);
    check_eq(cow_refs(cow, frame(2, PRIVATE)), 1);
    check(told(2, PRIVATE), "the processor still knows the old frame");
    end();
}

Test(cow, last_owner_keeps_the_frame)
{
    begin_with_two();
    const uint64_t old = frame(1, PRIVATE);
    check_status(cow_exit(cow, 2), COW_OK);
    frame_fail_at(mach, 1);
    check_status(cow_fault(cow, 1, PRIVATE, WRITE), COW_OK);
    check_eq(frame(1, PRIVATE), old);
    check_eq(bits(1, PRIVATE), 0x067);
    end();
}

Test(cow, fault_refuses_what_the_program_may_not)
{
    begin_with_two();
    check_status(cow_fault(cow, 1, CONSTANT, WRITE), COW_RIGHTS);
    check_status(cow_fault(cow, 1, CLOSED, WRITE), COW_RIGHTS);
    check_status(cow_fault(cow, 1, CLOSED, PW_FAULT_W), COW_OK);
    check_status(cow_fault(cow, 1, KERNEL, PW_FAULT_W), COW_BAD_ADDRESS);
    check_status(cow_fault(cow, 1, UINT64_C(1) << 32, WRITE), COW_BAD_ADDRESS);
    check_status(cow_fault(cow, 1, 0, WRITE), COW_NOT_MAPPED);
    check_status(cow_fault(cow, 1, PRIVATE, PW_FAULT_U), COW_OK);
    check_status(cow_fault(cow, 1, COMMON, WRITE), COW_OK);
    check_eq(bits(1, PRIVATE), 0x265);
    end();
}

Test(cow, fault_without_a_frame_changes_nothing)
{
    begin_with_two();
    const uint64_t old = entry(2, PRIVATE);
    frame_fail_at(mach, 1);
    check_status(cow_fault(cow, 2, PRIVATE, WRITE), COW_NO_MEMORY);
    check_eq(entry(2, PRIVATE), old);
    check_eq(cow_refs(cow, old / PAGE), 2);
    end();
}

/* ---- The kernel ---------------------------------------------------------- */

Test(cow, kernel_write_goes_to_a_copy)
{
    begin_with_two();
    check_status(cow_copy_out(cow, 2, PRIVATE + 7, from, 20, left), COW_OK);
    check_eq(*left, 0);
    check_eq(byte(2, PRIVATE + 7), from[0]);
    check_eq(byte(2, PRIVATE + 26), from[19]);
    check_eq(byte(2, PRIVATE + 27), 0);
    check_eq(byte(1, PRIVATE + 7), 0x77);
    check_status(cow_copy_out(cow, 2, PRIVATE + 4090, from, 5, left), COW_OK);
    check_eq(byte(2, PRIVATE + 4094), from[4]);
    check_eq(byte(2, PRIVATE + 4095), byte(1, PRIVATE + 4095));
    end();
}

/* Two private pages in a row, which a write crosses. */
Test(cow, kernel_write_looks_at_every_page)
{
    begin();
    struct space *space = pw_create(mach, PW_TWO_LEVEL, PW_WP);
    put(space, PRIVATE, PW_W | PW_U);
    put(space, CONSTANT, PW_W | PW_U);
    check_status(cow_spawn(cow, 1, space), COW_OK);
    check_status(cow_fork(cow, 1, 2), COW_OK);
    frame_fail_at(mach, 2);
    check_status(cow_copy_out(cow, 2, CONSTANT - 1, from, 12, left),
                 COW_NO_MEMORY);
    check_eq(*left, 11);
    check_eq(byte(1, CONSTANT + 7), 0x77);
    check_status(cow_copy_out(cow, 2, CONSTANT - 1, from, 12, left), COW_OK);
    check_eq(byte(2, CONSTANT - 1), from[0]);
    check_eq(byte(2, CONSTANT + 7), from[8]);
    check_eq(byte(1, CONSTANT + 7), 0x77);
    check_eq(bits(2, CONSTANT), 0x067);
    end();
}

Test(cow, kernel_write_may_do_what_the_process_may)
{
    begin_with_two();
    check_status(cow_copy_out(cow, 2, CONSTANT, from, 5, left), COW_RIGHTS);
    check_eq(*left, 5);
    check_status(cow_copy_out(cow, 2, CLOSED, from, 5, left), COW_RIGHTS);
    check_status(cow_copy_out(cow, 2, 0, from, 5, left), COW_NOT_MAPPED);
    *left = 99;
    check_status(cow_copy_out(cow, 2, KERNEL - 1, from, 2, left),
                 COW_BAD_ADDRESS);
    check_status(cow_copy_out(cow, 2, KERNEL, from, 2, left), COW_BAD_ADDRESS);
    check_eq(*left, 99);
    end();
}

/* ---- Rights -------------------------------------------------------------- */

Test(cow, protect_counts_a_second_page_of_the_process)
{
    begin();
    struct space *space = pw_create(mach, PW_TWO_LEVEL, PW_WP);
    put(space, CONSTANT, PW_U);
    struct pw_leaf *leaf = arena_object(struct pw_leaf);
    check_status(pw_entry(space, CONSTANT, leaf), PW_OK);
    const uint64_t number = leaf->entry / PAGE;
    check_status(pw_map(space, PRIVATE, number * PAGE, PAGE, PW_U), PW_OK);
    check_status(cow_spawn(cow, 1, space), COW_OK);
    check_status(cow_protect(cow, 1, PRIVATE, PW_W | PW_U), COW_OK);
    check_eq(entry(1, PRIVATE), number * PAGE | PW_P | PW_U | PW_COW);
    end();
}

Test(cow, protect_keeps_a_frame_of_two_unwritable)
{
    begin_with_two();
    check_status(cow_protect(cow, 2, CONSTANT, PW_W | PW_U), COW_OK);
    check_eq(bits(2, CONSTANT), 0x205);
    check_status(cow_protect(cow, 2, PRIVATE, PW_U), COW_OK);
    check_eq(bits(2, PRIVATE), 0x065);
    check_status(cow_protect(cow, 2, COMMON, PW_W), COW_OK);
    check_eq(bits(2, COMMON), 0x403);
    check_status(cow_exit(cow, 1), COW_OK);
    check_status(cow_protect(cow, 2, PRIVATE, PW_W | PW_U), COW_OK);
    check_eq(bits(2, PRIVATE), 0x067);
    check_status(cow_protect(cow, 2, PRIVATE, PW_U), COW_OK);
    check(told(2, PRIVATE), "the processor still knows the right to write");
    end();
}

/* ---- Exit ---------------------------------------------------------------- */

Test(cow, exit_gives_back_what_nobody_counts)
{
    begin_with_two();
    const uint64_t old = frame(1, PRIVATE);
    check_status(cow_exit(cow, 1), COW_OK);
    check(told(1, CONSTANT), "the next process 1 finds translations");
    check_frames_used(mach, kernel_frames + 7);
    check_eq(cow_refs(cow, old), 1);
    check_eq(byte(2, PRIVATE + 7), 0x77);
    check(cow_space(cow, 1) == NULL, "process 1 is still there");
    check_status(cow_exit(cow, 2), COW_OK);
    check_frames_used(mach, kernel_frames);
    end();
}

/* ---- BONUS: pages in swap ------------------------------------------------ */

/* A byte of a slot. */
static uint8_t
slot_byte(uint64_t slot, unsigned at)
{
    static unsigned char bytes[PAGE];
    check(swapdev_peek(mach, slot, bytes) == 0, "there is no such slot");
    return bytes[at];
}

/* A write of the process: cow_fault, and what the processor then does. */
static void
write(uint64_t pid, uint64_t va, uint8_t value)
{
    struct pw_leaf *leaf = arena_object(struct pw_leaf);
    check_status(cow_fault(cow, pid, va, WRITE), COW_OK);
    check_status(pw_entry(cow_space(cow, pid), va, leaf), PW_OK);
    phys_write32(mach, leaf->entry_pa, (uint32_t)leaf->entry | PW_A | PW_D);
    phys_write8(mach, leaf->entry / PAGE * PAGE + va % PAGE, value);
}

Test(cow, page_goes_to_a_slot_and_comes_back)
{
    begin_over(3);
    spawn();
    const uint64_t used = mach_counts(mach).frames_used;
    check_status(cow_evict(cow, 1, PRIVATE + 9), COW_OK);
    check_status(cow_evict(cow, 1, CONSTANT), COW_OK);
    check(told(1, PRIVATE), "the processor still knows the frame");
    check_frames_used(mach, used - 2);
    check_eq(entry(1, PRIVATE), 0x0806);
    check_eq(entry(1, CONSTANT), 0x1804);
    check_eq(slot_byte(0, 7), 0x77);
    check_eq(slot_byte(1, 7), 0x77);
    check_eq(cow_slot_refs(cow, 0), 1);
    check_eq(cow_slot_refs(cow, 2), 0);
    check_eq(cow_slot_refs(cow, 3), 0);
    check_eq(cow_slot_refs(NULL, 0), 0);
    check_status(cow_evict(cow, 1, PRIVATE), COW_OK);
    check_status(cow_fault(cow, 1, CONSTANT, WRITE), COW_RIGHTS);
    check_status(cow_fault(cow, 1, PRIVATE, PW_FAULT_U), COW_OK);
    check_eq(bits(1, PRIVATE), 0x007);
    check_eq(byte(1, PRIVATE + 7), 0x77);
    check_eq(cow_slot_refs(cow, 0), 1);
    end();
}

Test(cow, page_is_written_to_its_slot_only_when_it_must)
{
    begin_over(2);
    spawn();
    check_status(cow_evict(cow, 1, PRIVATE), COW_OK);
    check_status(cow_fault(cow, 1, PRIVATE, PW_FAULT_U), COW_OK);
    check_status(cow_evict(cow, 1, PRIVATE), COW_OK);
    check_eq(swapdev_counts(mach).writes, 1);
    write(1, PRIVATE + 3, 0x33);
    check_status(cow_evict(cow, 1, PRIVATE), COW_OK);
    check_eq(swapdev_counts(mach).writes, 2);
    check_eq(slot_byte(0, 3), 0x33);
    end();
}

Test(cow, eviction_refuses_what_must_stay)
{
    begin_over(1);
    spawn();
    check_status(cow_evict(cow, 1, COMMON), COW_PINNED);
    check_status(cow_evict(cow, 1, 0), COW_NOT_MAPPED);
    check_status(cow_evict(cow, 1, KERNEL), COW_BAD_ADDRESS);
    check_status(cow_evict(cow, 2, 0), COW_NO_PROCESS);
    check_status(cow_evict(NULL, 1, 0), COW_BAD_ARGUMENT);
    swapdev_fail_write_at(mach, 1, 0);
    check_status(cow_evict(cow, 1, CLOSED), COW_WRITE_ERROR);
    check_eq(bits(1, CLOSED), 0x003);
    check_status(cow_evict(cow, 1, CLOSED), COW_OK);
    check_status(cow_evict(cow, 1, PRIVATE), COW_NO_SLOT);
    check_eq(bits(1, PRIVATE), 0x067);
    check_status(cow_map(cow, 1, CLOSED, PW_W), COW_EXISTS);
    check_status(cow_fork(cow, 1, 2), COW_OK);
    check_status(cow_evict(cow, 2, PRIVATE), COW_PINNED);
    end();
}

Test(cow, child_has_the_slots_of_its_parent)
{
    begin_over(2);
    spawn();
    check_status(cow_evict(cow, 1, PRIVATE), COW_OK);
    check_status(cow_evict(cow, 1, CONSTANT), COW_OK);
    check_status(cow_fault(cow, 1, CONSTANT, PW_FAULT_U), COW_OK);
    frame_fail_at(mach, 3);
    check_status(cow_fork(cow, 1, 2), COW_NO_MEMORY);
    check_eq(cow_slot_refs(cow, 0), 1);
    check_status(cow_fork(cow, 1, 2), COW_OK);
    check_eq(entry(1, PRIVATE), 0x0A04);
    check_eq(entry(2, PRIVATE), 0x0A04);
    check_eq(cow_slot_refs(cow, 0), 2);
    check_eq(cow_slot_refs(cow, 1), 2);
    check_status(cow_protect(cow, 2, PRIVATE, PW_W | PW_U), COW_OK);
    check_eq(entry(2, PRIVATE), 0x0A04);
    check_status(cow_exit(cow, 1), COW_OK);
    check_eq(cow_slot_refs(cow, 0), 1);
    check_eq(cow_slot_refs(cow, 1), 1);
    check_status(cow_protect(cow, 2, PRIVATE, PW_W | PW_U), COW_OK);
    check_eq(entry(2, PRIVATE), 0x0806);
    end();
}

Test(cow, slot_of_two_is_not_written)
{
    begin_over(2);
    spawn();
    check_status(cow_evict(cow, 1, PRIVATE), COW_OK);
    check_status(cow_fork(cow, 1, 2), COW_OK);
    write(2, PRIVATE, 0x22);
    check_status(cow_evict(cow, 2, PRIVATE), COW_OK);
    check_eq(entry(2, PRIVATE), 0x1806);
    check_eq(slot_byte(0, 0), 0);
    check_eq(slot_byte(1, 0), 0x22);
    check_eq(cow_slot_refs(cow, 0), 1);
    check_status(cow_fault(cow, 1, PRIVATE, PW_FAULT_U), COW_OK);
    check_eq(bits(1, PRIVATE), 0x205);
    check_eq(byte(1, PRIVATE + 7), 0x77);
    end();
}

Test(cow, swapped_page_without_frame_or_device_stays)
{
    begin_over(1);
    spawn();
    check_status(cow_evict(cow, 1, PRIVATE), COW_OK);
    const uint64_t used = mach_counts(mach).frames_used;
    frame_fail_at(mach, 1);
    check_status(cow_fault(cow, 1, PRIVATE, WRITE), COW_NO_MEMORY);
    swapdev_fail_read_at(mach, 1, 0);
    check_status(cow_fault(cow, 1, PRIVATE, WRITE), COW_READ_ERROR);
    check_eq(entry(1, PRIVATE), 0x0806);
    check_frames_used(mach, used);
    end();
}

Test(cow, kernel_write_reads_a_page_back)
{
    begin_over(1);
    spawn();
    check_status(cow_evict(cow, 1, PRIVATE), COW_OK);
    check_status(cow_copy_out(cow, 1, PRIVATE + 8, from, 2, left), COW_OK);
    check_eq(byte(1, PRIVATE + 7), 0x77);
    check_eq(byte(1, PRIVATE + 9), from[1]);
    end();
}
