/*
 * cow_help.h - processes for the tests of the stage, and a look at page tables
 * and counts that asks the module nothing.
 *
 * A process of a test, unless it says otherwise, has four pages around the
 * border of two tables, each in a frame of its own:
 *
 *   0x003FE000   0x003FF000 | 0x00400000   0x00401000
 *   DATA         TEXT       | SHARED       HIDDEN
 *   W U, D       U, A       | W U SHRD     W, no U
 *
 * The kernel half begins at KERNEL_BASE and holds two pages in two tables that
 * belong to no process.
 */
#ifndef TESTS_COW_HELP_H
#define TESTS_COW_HELP_H

#include <string.h>

#include "cow/cow.h"
#include "vmlab_test.h"

#define DATA        UINT64_C(0x003FE000)
#define TEXT        UINT64_C(0x003FF000)
#define SHARED      UINT64_C(0x00400000)
#define HIDDEN      UINT64_C(0x00401000)
#define KERNEL_BASE UINT64_C(0xFF800000)
#define NO_KERNEL   (UINT64_C(1) << 32)
#define PAGE        UINT64_C(4096)

/* Fault codes: a write, a read in user mode, a write of the kernel. */
enum {
    USER_WRITE = PW_FAULT_P | PW_FAULT_W | PW_FAULT_U,
    USER_READ = PW_FAULT_P | PW_FAULT_U,
    KERNEL_WRITE = PW_FAULT_P | PW_FAULT_W,
};

enum { FRAMES = 96, FROM_BYTES = 4 * 4096 };

struct world {
    struct mach *mach;
    struct cow *cow;
    uint64_t kernel_base;
    struct space *kernel; /* whose upper half all spaces have                 */
    uint64_t kept;        /* frames that belong to no process                 */
    unsigned char *from;  /* FROM_BYTES for cow_copy_out                      */
    uint64_t *left;
};

/* ---- Memory, without counting -------------------------------------------- */

static inline uint64_t
peek32(struct mach *mach, uint64_t pa)
{
    unsigned char b[4] = {0};
    check(mach_peek(mach, pa, b, 4) == 0, "entry outside of memory: 0x%llx",
          (unsigned long long)pa);
    return b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 |
           (uint64_t)b[3] << 24;
}

static inline void
poke32(struct mach *mach, uint64_t pa, uint64_t value)
{
    const unsigned char b[4] = {
        (unsigned char)value, (unsigned char)(value >> 8),
        (unsigned char)(value >> 16), (unsigned char)(value >> 24)};
    check(mach_poke(mach, pa, b, 4) == 0, "entry outside of memory: 0x%llx",
          (unsigned long long)pa);
}

/* Fills a frame with bytes that depend on `seed`. */
static inline void
fill_frame(struct mach *mach, uint64_t frame, unsigned seed)
{
    unsigned char bytes[PAGE];
    for (unsigned i = 0; i < PAGE; i++)
        bytes[i] = (unsigned char)(seed * 37 + i * 7 + i / 256);
    (void)mach_poke(mach, frame * PAGE, bytes, PAGE);
}

/* What an owner may have left in the free frames. */
static inline void
litter(struct mach *mach)
{
    for (uint64_t f = 0; f < mach_frames(mach); f++)
        if (!frame_in_use(mach, f))
            fill_frame(mach, f, 0xE7);
}

/* ---- Tables -------------------------------------------------------------- */

#define ADDRESS_BITS UINT64_C(0xFFFFF000)

/* Where the leaf of `va` lies, or 0 when no table leads there. */
static inline uint64_t
leaf_at(struct mach *mach, uint64_t root, uint64_t va)
{
    const uint64_t up = peek32(mach, root + (va >> 22) * 4);
    return (up & PW_P) == 0 ? 0 : (up & ADDRESS_BITS) + (va >> 12 & 0x3FF) * 4;
}

static inline uint64_t
root_of(const struct world *w, uint64_t pid)
{
    struct space *const space = cow_space(w->cow, pid);
    check(space != NULL, "cow_space(cow, %u) is NULL", (unsigned)pid);
    return pw_root(space);
}

/* The leaf of a page of a process, 0 when it is not there. */
static inline uint64_t
leaf(const struct world *w, uint64_t pid, uint64_t va)
{
    const uint64_t at = leaf_at(w->mach, root_of(w, pid), va);
    return at == 0 ? 0 : peek32(w->mach, at);
}

static inline uint64_t
frame(const struct world *w, uint64_t pid, uint64_t va)
{
    return leaf(w, pid, va) / PAGE;
}

/* The bits of the leaf that are not its address. */
static inline uint64_t
bits(const struct world *w, uint64_t pid, uint64_t va)
{
    return leaf(w, pid, va) & ~ADDRESS_BITS;
}

/* ---- Worlds -------------------------------------------------------------- */

/* The root's entries for the kernel half, taken from the kernel's space. */
static inline void
lend_kernel(const struct world *w, struct space *space)
{
    for (uint64_t i = w->kernel_base >> 22; i < 1024; i++)
        poke32(w->mach, pw_root(space) + i * 4,
               peek32(w->mach, pw_root(w->kernel) + i * 4));
}

/* A space without pages in its user half. */
static inline struct space *
new_space(const struct world *w)
{
    struct space *const space = pw_create(w->mach, PW_TWO_LEVEL, PW_WP);
    check(space != NULL, "the test's machine is too small");
    lend_kernel(w, space);
    return space;
}

/* Maps a page in a frame, and sets further bits (A, D, G) in its leaf. */
static inline void
put_frame(const struct world *w, struct space *space, uint64_t va,
          uint64_t number, uint64_t leaf_bits)
{
    check_status(pw_map(space, va, number * PAGE, PAGE,
                        leaf_bits & (PW_W | PW_U | PW_SHARED)),
                 PW_OK);
    const uint64_t at = leaf_at(w->mach, pw_root(space), va);
    poke32(w->mach, at, peek32(w->mach, at) | leaf_bits);
}

/* A page in a new frame, filled by its number; returns that. */
static inline uint64_t
put_page(const struct world *w, struct space *space, uint64_t va,
         uint64_t leaf_bits)
{
    const uint64_t number = frame_alloc(w->mach);
    check(number != FRAME_NONE, "the test's machine is too small");
    fill_frame(w->mach, number, (unsigned)number);
    put_frame(w, space, va, number, leaf_bits);
    return number;
}

/* A machine with a swap device of `slots` slots (0: without one), a kernel half
 * and a system without processes. */
static inline struct world
new_world_with_swap(uint64_t frames, uint64_t kernel_base, uint64_t slots)
{
    struct world w = {.mach = test_machine(frames), .kernel_base = kernel_base};
    litter(w.mach);
    if (slots > 0)
        test_swapdev(w.mach, slots);
    w.from = arena_bytes(FROM_BYTES);
    for (unsigned i = 0; i < FROM_BYTES; i++)
        w.from[i] = (unsigned char)(0x5A ^ (i * 11 + i / 251));
    w.left = arena_object(uint64_t);
    *w.left = UINT64_C(0xA5A5A5A5A5A5A5A5);
    if (kernel_base < NO_KERNEL) {
        w.kernel = pw_create(w.mach, PW_TWO_LEVEL, PW_WP);
        put_page(&w, w.kernel, kernel_base, PW_W);
        put_page(&w, w.kernel, UINT64_C(0xFFFFF000), PW_W | PW_G);
    }
    w.kept = mach_counts(w.mach).frames_used;
    struct cow_config *const config = arena_object(struct cow_config);
    *config = (struct cow_config){frames, kernel_base};
    w.cow = cow_create(w.mach, config);
    check(w.cow != NULL, "cow_create returned NULL");
    /* It may not be looked at later. */
    memset(config, 0xA5, sizeof *config);
    return w;
}

static inline struct world
new_world_of(uint64_t frames, uint64_t kernel_base)
{
    return new_world_with_swap(frames, kernel_base, 0);
}

static inline struct world
new_world(void)
{
    return new_world_of(FRAMES, KERNEL_BASE);
}

/* A space with the four pages of the picture above. */
static inline struct space *
four_pages(const struct world *w)
{
    struct space *const space = new_space(w);
    put_page(w, space, DATA, PW_W | PW_U | PW_A | PW_D);
    put_page(w, space, TEXT, PW_U | PW_A);
    put_page(w, space, SHARED, PW_W | PW_U | PW_SHARED);
    put_page(w, space, HIDDEN, PW_W | PW_G);
    return space;
}

static inline void
spawn_four(const struct world *w, uint64_t pid)
{
    check_status(cow_spawn(w->cow, pid, four_pages(w)), COW_OK);
}

/* A world in which process 1 has those pages. */
static inline struct world
one_process(void)
{
    const struct world w = new_world();
    spawn_four(&w, 1);
    return w;
}

/* And in which it has forked process 2. */
static inline struct world
two_processes(void)
{
    const struct world w = one_process();
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    return w;
}

/* Ends all processes: what memcheck wants.  Looks for frames only with
 * check_all_back. */
static inline void
end_world(const struct world *w)
{
    check_status(cow_destroy(w->cow), COW_OK);
}

#define check_all_back(w) check_frames_used((w)->mach, (w)->kept)

/* ---- Checks -------------------------------------------------------------- */

#define check_refs(w, number, expected)                                        \
    check_eq(cow_refs((w)->cow, (number)), expected)

/* The page of a process holds what fill_frame(seed) wrote. */
#define check_filled(w, pid, va, seed)                                         \
    do {                                                                       \
        unsigned char got_[PAGE], want_[PAGE];                                 \
        read_page((w), (pid), (va), got_);                                     \
        for (unsigned i_ = 0; i_ < PAGE; i_++)                                 \
            want_[i_] =                                                        \
                (unsigned char)((unsigned)(seed)*37 + i_ * 7 + i_ / 256);      \
        check_bytes(got_, want_, PAGE);                                        \
    } while (0)

static inline void
read_page(const struct world *w, uint64_t pid, uint64_t va,
          unsigned char bytes[PAGE])
{
    const uint64_t entry = leaf(w, pid, va);
    check((entry & PW_P) != 0, "process %u has no page at 0x%llx",
          (unsigned)pid, (unsigned long long)va);
    check(mach_peek(w->mach, entry & ADDRESS_BITS, bytes, PAGE) == 0,
          "the page at 0x%llx lies outside of memory", (unsigned long long)va);
}

/* A write of a process: walks, lets cow_fault repair the fault, walks again.
 * Returns what cow_fault did, COW_OK when it was not needed. */
static inline int
user_write(const struct world *w, uint64_t pid, uint64_t va,
           unsigned char value)
{
    static struct pw_result r;
    struct space *const space = cow_space(w->cow, pid);
    check(space != NULL, "cow_space(cow, %u) is NULL", (unsigned)pid);
    if (pw_walk(space, va, PW_WRITE | PW_USER, &r) != PW_OK) {
        const int status = cow_fault(w->cow, pid, va, r.fault.error_code);
        if (status != COW_OK)
            return status;
        check(pw_walk(space, va, PW_WRITE | PW_USER, &r) == PW_OK,
              "cow_fault returned COW_OK, but process %u still cannot write at "
              "0x%llx",
              (unsigned)pid, (unsigned long long)va);
    }
    (void)mach_poke(w->mach, r.pa, &value, 1);
    return COW_OK;
}

/* A digest of all frames in use and of the counts. */
static inline uint64_t
digest(const struct world *w)
{
    uint64_t sum = 14695981039346656037U;
    for (uint64_t f = frame_next_used(w->mach, 0); f != FRAME_NONE;
         f = frame_next_used(w->mach, f + 1)) {
        uint64_t word[PAGE / 8];
        (void)mach_peek(w->mach, f * PAGE, word, sizeof word);
        sum = (sum ^ f) * 1099511628211U;
        sum = (sum ^ cow_refs(w->cow, f)) * 1099511628211U;
        for (unsigned i = 0; i < PAGE / 8; i++)
            sum = (sum ^ word[i]) * 1099511628211U;
    }
    return sum;
}

/* Wants the status, and memory, frames and counts as they were. */
#define check_refused(w, call, expected)                                       \
    do {                                                                       \
        const uint64_t before_ = digest(w);                                    \
        check_status(call, expected);                                          \
        check(digest(w) == before_, "%s has changed memory, frames or counts", \
              #call);                                                          \
    } while (0)

/* Whether the processor has been told of a page since `before`, an earlier
 * mach_counts(mach).invalidations.  More than can be seen counts as all. */
static inline bool
was_told(const struct world *w, uint64_t before, uint64_t pid, uint64_t va)
{
    struct mach_invalidation list[64];
    const uint64_t since = mach_counts(w->mach).invalidations - before;
    if (since > 64)
        return true;
    const unsigned count = mach_invalidated(w->mach, list, 64);
    for (unsigned i = 0; i < count && i < since; i++)
        if (list[i].asid == pid && list[i].va / PAGE == va / PAGE)
            return true;
    return false;
}

#define check_told(w, before, pid, va)                                         \
    check(was_told((w), (before), (pid), (va)),                                \
          "mach_invalidate was not called for process %u, page 0x%llx",        \
          (unsigned)(pid), (unsigned long long)(va))

#endif
