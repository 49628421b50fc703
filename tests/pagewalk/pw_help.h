/*
 * pw_help.h - tables that a test makes by hand, and a look at those that the
 * module makes, for the tests of the stage.
 *
 * Nothing here calls pw_map, so that a test of pw_walk depends on pw_create,
 * pw_root and pw_destroy alone.
 */
#ifndef TESTS_PW_HELP_H
#define TESTS_PW_HELP_H

#include <string.h>

#include "pagewalk/pagewalk.h"
#include "vmlab_test.h"

/* ---- Formats, as the contract draws them -------------------------------- */

enum { MOST_LEVELS = 4, FRAMES = 4096 };

struct shape {
    unsigned levels, entry_bytes;
    unsigned shift[MOST_LEVELS], bits[MOST_LEVELS];
    unsigned frames[MOST_LEVELS]; /* of a table of that level                 */
};
static const struct shape shapes[] = {
    [PW_FLAT] = {1, 4, {12}, {20}, {1024}},
    [PW_TWO_LEVEL] = {2, 4, {22, 12}, {10, 10}, {1, 1}},
    [PW_SEGMENTED] = {2, 4, {24, 12}, {8, 12}, {1, 4}},
    [PW_FOUR_LEVEL] = {4, 8, {39, 30, 21, 12}, {9, 9, 9, 9}, {1, 1, 1, 1}},
};
/* The formats of the required part. */
static const enum pw_format must_formats[] = {PW_TWO_LEVEL, PW_FLAT,
                                              PW_SEGMENTED};
#define EACH_FORMAT(i) (unsigned i = 0; i < 3; i++)

static inline const char *
format_name(enum pw_format format)
{
    static const char *const names[] = {"PW_FLAT", "PW_TWO_LEVEL",
                                        "PW_SEGMENTED", "PW_FOUR_LEVEL"};
    return names[format];
}

/* ---- Entries in memory, without counting -------------------------------- */

static inline uint64_t
peek_entry(struct mach *mach, enum pw_format format, uint64_t pa)
{
    unsigned char bytes[8] = {0};
    check(mach_peek(mach, pa, bytes, shapes[format].entry_bytes) == 0,
          "an entry would lie at 0x%llx, outside of memory",
          (unsigned long long)pa);
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static inline void
poke_entry(struct mach *mach, enum pw_format format, uint64_t pa,
           uint64_t value)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    check(mach_poke(mach, pa, bytes, shapes[format].entry_bytes) == 0,
          "the test pokes outside of memory");
}

static inline uint64_t
entry_at(enum pw_format format, unsigned level, uint64_t table, uint64_t va)
{
    const struct shape *const s = &shapes[format];
    const uint64_t index =
        va >> s->shift[level] & ((UINT64_C(1) << s->bits[level]) - 1);
    return table + index * s->entry_bytes;
}

/* The bits of an entry that are an address. */
static inline uint64_t
address_in(enum pw_format format, uint64_t entry)
{
    return entry &
           (format == PW_FOUR_LEVEL ? UINT64_C(0xFFFFFFF000) : 0xFFFFF000);
}

/* ---- A way to one page, made by hand ------------------------------------ */

struct path {
    struct mach *mach;
    struct space *space;
    enum pw_format format;
    uint64_t va;
    unsigned leaf;            /* level of the leaf                            */
    uint64_t at[MOST_LEVELS]; /* where the entry of each level lies           */
    uint64_t address[MOST_LEVELS]; /* the address in it                       */
    struct pw_result *r;
};

/* P, W, U: what a test begins with at every level. */
#define OPEN (PW_P | PW_W | PW_U)

static inline struct pw_result *
new_result(void)
{
    struct pw_result *const r = arena_object(struct pw_result);
    memset(r, 0xA5, sizeof *r);
    return r;
}

static inline struct space *
new_space(struct mach *mach, enum pw_format format, uint32_t flags)
{
    struct space *const space = pw_create(mach, format, flags);
    check(space != NULL, "pw_create(mach, %s, %u) returned NULL",
          format_name(format), flags);
    return space;
}

/* The entry of a level becomes its address and these bits. */
static inline void
set_bits(const struct path *p, unsigned level, uint64_t bits)
{
    poke_entry(p->mach, p->format, p->at[level], p->address[level] | bits);
}

/* The bits of the entry of a level, apart from its address. */
static inline uint64_t
get_bits(const struct path *p, unsigned level)
{
    return peek_entry(p->mach, p->format, p->at[level]) & ~p->address[level];
}

/* A space in which `va` leads to `pa`, with a leaf of level `leaf`; every entry
 * on the way is OPEN (a large page's leaf has PS, too). */
static inline struct path
new_path_to(enum pw_format format, uint32_t flags, uint64_t va, unsigned leaf,
            uint64_t pa)
{
    struct path p = {.mach = test_machine(FRAMES),
                     .format = format,
                     .va = va,
                     .leaf = leaf,
                     .r = new_result()};
    p.space = new_space(p.mach, format, flags);
    uint64_t table = pw_root(p.space);
    /* So that a table's number is not that of its level. */
    (void)frame_alloc_run(p.mach, 5);
    for (unsigned l = 0; l <= leaf; l++) {
        p.at[l] = entry_at(format, l, table, va);
        if (l < leaf)
            table = frame_alloc_run(p.mach, shapes[format].frames[l + 1]) *
                    MACH_FRAME_BYTES;
        p.address[l] = l < leaf ? table : pa;
        set_bits(&p, l,
                 OPEN |
                     (l == leaf && l + 1 < shapes[format].levels ? PW_PS : 0));
    }
    return p;
}

static inline struct path
new_path(enum pw_format format, uint32_t flags, uint64_t va, uint64_t pa)
{
    return new_path_to(format, flags, va, shapes[format].levels - 1, pa);
}

/* Ends the space; the tables that the test made end with the machine. */
static inline void
end_path(const struct path *p)
{
    poke_entry(p->mach, p->format, p->at[0], 0);
    (void)pw_destroy(p->space);
}

#define check_walk(p, access, expected)                                        \
    check_status(pw_walk((p)->space, (p)->va, (access), (p)->r), expected)

#define check_fault(r, want_vector, want_code, want_address)                   \
    do {                                                                       \
        check_eq((r)->fault.vector, want_vector);                              \
        check_eq((r)->fault.error_code, want_code);                            \
        check_eq((r)->fault.address, want_address);                            \
    } while (0)

/* Walks from `at` and wants a physical address. */
#define check_pa(space, at, access, r, want)                                   \
    do {                                                                       \
        check_status(pw_walk((space), (at), (access), (r)), PW_OK);            \
        check_eq((r)->pa, want);                                               \
    } while (0)

/* Every kind of access, and its error code apart from P. */
struct kind {
    uint32_t access, code;
};
static const struct kind kinds[] = {
    {PW_READ, 0},           {PW_WRITE, 2},           {PW_EXECUTE, 0},
    {PW_READ | PW_USER, 4}, {PW_WRITE | PW_USER, 6}, {PW_EXECUTE | PW_USER, 4},
};
#define EACH_KIND(i) (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)

/* ---- A look at the module's tables -------------------------------------- */

/* The entries on the way to a page, down to its leaf or an empty entry. */
struct sight {
    unsigned level;
    uint64_t at[MOST_LEVELS], entry[MOST_LEVELS];
};

static inline struct sight
look_from(struct mach *mach, uint64_t root, enum pw_format format,
          uint32_t flags, uint64_t va)
{
    struct sight s = {0};
    uint64_t table = root;
    for (unsigned l = 0;; l++) {
        s.level = l;
        s.at[l] = entry_at(format, l, table, va);
        s.entry[l] = peek_entry(mach, format, s.at[l]);
        const bool large = (s.entry[l] & PW_PS) != 0 &&
                           (format == PW_FOUR_LEVEL || (flags & PW_PSE) != 0);
        if (s.entry[l] == 0 || large || l + 1 == shapes[format].levels)
            return s;
        table = address_in(format, s.entry[l]);
    }
}

static inline struct sight
look(struct mach *mach, struct space *space, enum pw_format format,
     uint32_t flags, uint64_t va)
{
    return look_from(mach, pw_root(space), format, flags, va);
}

/* The leaf of a page in a space without large pages: 0 when it is not there.
 * Who looks at many asks for the root once: it stays where it is. */
static inline uint64_t
leaf_from(struct mach *mach, uint64_t root, enum pw_format format, uint64_t va)
{
    const struct sight s = look_from(mach, root, format, 0, va);
    return s.level + 1 == shapes[format].levels ? s.entry[s.level] : 0;
}

static inline uint64_t
leaf_of(struct mach *mach, struct space *space, enum pw_format format,
        uint64_t va)
{
    return leaf_from(mach, pw_root(space), format, va);
}

/* Where that leaf lies; its table must be there. */
static inline uint64_t
leaf_at(struct mach *mach, struct space *space, enum pw_format format,
        uint64_t va)
{
    const struct sight s = look(mach, space, format, 0, va);
    check(s.level + 1 == shapes[format].levels, "there is no table for 0x%llx",
          (unsigned long long)va);
    return s.at[s.level];
}

/* ---- Nothing has changed ------------------------------------------------ */

/* A digest of which frames are in use and of all that is in them. */
static inline uint64_t
digest(struct mach *mach)
{
    uint64_t sum = 14695981039346656037U;
    for (uint64_t f = frame_next_used(mach, 0); f != FRAME_NONE;
         f = frame_next_used(mach, f + 1)) {
        uint64_t word[MACH_FRAME_BYTES / 8];
        check(mach_peek(mach, f * MACH_FRAME_BYTES, word, sizeof word) == 0,
              "frame outside of memory");
        sum = (sum ^ f) * 1099511628211U;
        for (unsigned i = 0; i < MACH_FRAME_BYTES / 8; i++)
            sum = (sum ^ word[i]) * 1099511628211U;
    }
    return sum;
}

/* Wants the status, and memory and frames exactly as they were. */
#define check_refused(mach, space, call, expected)                             \
    do {                                                                       \
        const uint64_t before_ = digest(mach);                                 \
        const uint64_t bytes_ = pw_table_bytes(space);                         \
        check_status(call, expected);                                          \
        check(digest(mach) == before_,                                         \
              "%s has changed memory or frames, though it was refused",        \
              #call);                                                          \
        check_eq(pw_table_bytes(space), bytes_);                               \
    } while (0)

/* Fills the free frames of a machine with what an owner may have left. */
static inline void
litter(struct mach *mach)
{
    unsigned char bytes[MACH_FRAME_BYTES];
    memset(bytes, 0xE7, sizeof bytes);
    for (uint64_t f = 0; f < mach_frames(mach); f++)
        if (!frame_in_use(mach, f))
            (void)mach_poke(mach, f * MACH_FRAME_BYTES, bytes, sizeof bytes);
}

/* Destroys, and wants every frame back but `kept`; nobody has told the hardware
 * of a change. */
#define check_end(mach, space, kept)                                           \
    do {                                                                       \
        check_eq(mach_counts(mach).invalidations, 0);                          \
        check_status(pw_destroy(space), PW_OK);                                \
        check_frames_used((mach), (kept));                                     \
    } while (0)

#endif
