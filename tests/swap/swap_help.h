/*
 * swap_help.h - a machine with pages, for the tests of the stage.
 *
 *   frame 0      FIRST               FIRST + frames
 *   | taken      | for pages         | tables, and 8 to spare           |
 *   | (filler)   | F(0), F(1), ..    |                                  |
 *
 * All memory holds 0xA5 at first, so that a page that is not filled shows.
 * Pages are numbered: page n lies at page_va(n), where pages 0 and 1 have
 * another table than the rest.
 */
#ifndef TESTS_SWAP_HELP_H
#define TESTS_SWAP_HELP_H

#include "swap/swap.h"
#include "swap/swap_lab.h"
#include "vmlab_test.h"

enum {
    FIRST = 5, /* so that neither 0 nor a power of two is a page's frame      */
    TABLE_FRAMES = 24,
};
#define F(i)       ((uint64_t)(FIRST + (i)))

#define USER_READ  (PW_READ | PW_USER)
#define USER_WRITE (PW_WRITE | PW_USER)

/* A machine, a space, and the module. */
struct world {
    struct mach *mach;
    struct space *space;
    struct swap *swap;
    struct swap_config *config;
    struct swap_result *r; /* in the arena                                    */
    uint64_t *word;        /* in the arena                                    */
};

/* A world of that many frames for pages and slots (0: no device). */
struct world new_world(uint64_t frames, uint64_t slots,
                       enum swap_policy policy);

/* Destroys the module's state, so that memcheck sees what it has not freed. */
void end_world(const struct world *w);

/* First address of a page. */
uint64_t page_va(unsigned page);

/* The leaf of a page of a space as it stands in memory; 0 when it is empty. */
uint64_t leaf_in(struct space *space, unsigned page);
uint64_t leaf(const struct world *w, unsigned page);

/* Clears bits of a leaf in use, then sets others, without an access. */
void change_leaf(const struct world *w, unsigned page, uint64_t clear,
                 uint64_t set);

/* Lets the processor access a byte of a page; anything but SWAP_OK fails the
 * test.  Returns where the page lies. */
uint64_t touch(const struct world *w, unsigned page, uint32_t access);

/* Touches pages `first` to `end` - 1, in this order. */
void touch_all(const struct world *w, unsigned first, unsigned end,
               uint32_t access);

/* Writes a page: all its bytes are then those of `value`. */
void write_page(const struct world *w, unsigned page, uint64_t value);

/* Touches a page for reading and wants those bytes; value 0: zero. */
void check_page(const struct world *w, unsigned page, uint64_t value);

/* Wants those bytes in a frame or a slot, without an access. */
void check_frame(const struct world *w, uint64_t frame, uint64_t value);
void check_slot(const struct world *w, uint64_t slot, uint64_t value);

/* Fills 4,096 bytes with those of `value`. */
void page_bytes(unsigned char *bytes, uint64_t value);

/* Whether (asid of the space, va of the page) was invalidated since the counter
 * of invalidations was `before`. */
int was_invalidated(const struct world *w, struct space *space, unsigned page,
                    uint64_t before);

/* What changes and what does not: what a test can see of the world. */
enum { SEEN_PAGES = 24 };
struct seen {
    uint64_t leaf[SEEN_PAGES];
    uint64_t slot_count[SEEN_PAGES]; /* of the first slots                    */
    struct swapdev_counts device;
};
struct seen look(const struct world *w);

/* Wants everything as it was. */
void check_same(const struct world *w, const struct seen *before);

/* Wants a status and, on success, the number of a frame. */
#define check_victim(w, want)                                                  \
    do {                                                                       \
        *(w)->word = UINT64_MAX;                                               \
        check_status(swap_victim((w)->swap, (w)->word), SWAP_OK);              \
        check_eq(*(w)->word, want);                                            \
    } while (0)

#define check_no_victim(w)                                                     \
    do {                                                                       \
        *(w)->word = 77;                                                       \
        check_status(swap_victim((w)->swap, (w)->word), SWAP_NO_MEMORY);       \
        check_eq(*(w)->word, 77);                                              \
    } while (0)

/* Calls swap_fault for a page and wants a status and, if it is SWAP_OK, how and
 * where it was served. */
#define check_fault(w, page, access, status, want_kind, want_frame)            \
    do {                                                                       \
        *(w)->r = (struct swap_result){77, 77};                                \
        check_status(swap_fault((w)->swap, (w)->space, page_va(page),          \
                                (access), (w)->r),                             \
                     status);                                                  \
        check_eq((w)->r->kind, want_kind);                                     \
        check_eq((w)->r->frame, want_frame);                                   \
    } while (0)

/* Wants a fault that is refused, and an untouched result. */
#define check_refused(w, page, access, status)                                 \
    check_fault(w, page, access, status, 77, 77)

/* Wants the leaf of a page, whole. */
#define check_leaf(w, page, want)                                              \
    do {                                                                       \
        check_context("the leaf of page %u", (unsigned)(page));                \
        check_eq(leaf((w), (page)), want);                                     \
        check_context("%s", "");                                               \
    } while (0)

/* Takes the next slot, which must be `want`. */
#define check_slot_alloc(w, want)                                              \
    do {                                                                       \
        *(w)->word = UINT64_MAX;                                               \
        check_status(slot_alloc((w)->swap, (w)->word), SWAP_OK);               \
        check_eq(*(w)->word, want);                                            \
    } while (0)

#endif
