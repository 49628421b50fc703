/*
 * swap.h - stage swap: more pages than memory, by the clock.
 *
 * A program uses more pages than there are frames.  What does not fit lies in
 * slots of the swap device.  You write the part of an operating system that is
 * called when a page is missing: it finds a frame, if need be by turning a page
 * out, and fills it.
 *
 *        first_frame                           hand
 *   frame    4        5        6        7      |         leaf of a page
 *        +--------+--------+--------+--------+ |   +-------------+------+-+-+-+
 *        | page   | page   | free   | page   | |   | frame       | .. W | |D|A|
 *        | A = 1  | A = 0  |        | pinned | |   +-------------+------+-+-+-+
 *        +--------+--------+--------+--------+ |
 *            ^-------------------------<-------'
 *
 * The life of a page, as its leaf shows it (pagewalk.h, PW_TWO_LEVEL):
 *
 *            fault: a frame filled          turned out, never written
 *            with zero                      (D = 0, no slot)
 *   empty ---------------------> present -----------------------------> empty
 *                                 |   ^
 *      turned out: to its slot,   |   |  fault: its slot is read into a
 *      which is written if need   v   |  frame; it keeps the slot; D = 0
 *                                swapped
 *
 * A leaf, bits 11..0: P = 1 present; W, U rights; A (5) accessed; D (6) written
 * since it was filled; COW (9), SHARED (10); SWAPPED (11).  Bits 31..12 hold
 * the frame while P is 1 and the slot while SWAPPED is 1.
 *
 * Vocabulary
 *   resident     a page that is in a frame
 *   clean, dirty D = 0, D = 1
 *   slot of a page   where it was last written to, or none.  A page that is
 *                read back keeps its slot: as long as it stays clean the slot
 *                holds the same bytes, and it can be turned out without a
 *                write.  Of a dirty page the slot is stale
 *   count        how many pages have this slot: 0 means free.  It is more than
 *                1 when somebody has copied a leaf (fork) and called slot_get
 *   victim       the frame whose page will be turned out
 *   stuck        a frame that holds a page and cannot be a victim: it is
 *                pinned; or its page is dirty and can be written nowhere,
 *                because it has no slot of its own (with the count 1) and no
 *                slot is free
 *   hand         where the clock looks next
 *
 * Rules that all functions share
 *   - Status enumerators stand in the order of the checks: when several apply,
 *     the first is returned.
 *   - A NULL pointer, a value out of its range, or a virtual address of 2^32 or
 *     more is SWAP_BAD_ARGUMENT.
 *   - Whatever is not SWAP_OK has changed nothing, unless the function says so.
 *     Out-parameters are untouched unless SWAP_OK.
 *   - After any history, what was written is what is read.
 *   - Memory is the truth: A and D are set by the processor, rights and
 *     software bits are changed by others, without asking this module.  Look at
 *     the leaf each time.
 *   - When a leaf of a resident page loses its A, or the page its frame,
 *     mach_invalidate(mach, asid, va) tells the processor, after the leaf has
 *     changed; va is the page's first address.  An asid is the number by which
 *     the processor tells address spaces apart: here, where there are no
 *     processes, it is pw_root(space) / 4096 (in stage cow, the pid).  To
 *     invalidate more than needed is allowed.
 *   - Given, so never checked: the frames of the configuration exist and are
 *     nobody else's from swap_create to swap_destroy; a space has the format
 *     PW_TWO_LEVEL, and outlives its pages here; a page that is present is in
 *     one of those frames, put there by swap_fault; a page that was never
 *     written still has W and U and no software bit.
 *   - What is marked BONUS may stay not implemented (-1; NULL with ENOSYS); the
 *     required part never asks for it.
 *
 * You may use: phys_read*, phys_write*, phys_zero_frame and mach_invalidate of
 * machine/machine.h; swapdev_* of machine/swapdev.h but its controls; pw_root,
 * pw_entry, pw_map, pw_unmap and all other functions of pagewalk/pagewalk.h but
 * pw_walk_segmented; and of the C library malloc, calloc, realloc, free,
 * memcpy, memmove, memset, memcmp, qsort, bsearch, assert, printf, puts,
 * snprintf, errno.
 */
#ifndef VMLAB_SWAP_H
#define VMLAB_SWAP_H

#include <stdint.h>

#include "machine/machine.h"
#include "machine/swapdev.h"
#include "pagewalk/pagewalk.h"

enum swap_status {
    SWAP_NOT_IMPLEMENTED = -1,
    SWAP_OK = 0,
    SWAP_BAD_ARGUMENT,
    SWAP_RIGHTS,      /* fault: the page's rights forbid the access           */
    SWAP_NOT_IN_USE,  /* no page here: in this frame, or at this address; or  */
                      /* a slot that is free                                  */
    SWAP_PINNED,      /* the frame is pinned                                  */
    SWAP_NO_SLOT,     /* no slot is free                                      */
    SWAP_NO_MEMORY,   /* no frame is free and all are stuck; or no frame for  */
                      /* a table                                              */
    SWAP_WRITE_ERROR, /* the device failed to write                           */
    SWAP_READ_ERROR,  /* the device failed to read                            */
};

/* How a victim is chosen. */
enum swap_policy {
    SWAP_CLOCK,
    SWAP_ENHANCED, /* BONUS: the clock that also looks at D                   */
    SWAP_LISTS,    /* BONUS: an active and an inactive list                   */
};

struct swap_config {
    uint64_t first_frame; /* number of the first frame for pages              */
    uint64_t frame_count; /* how many there are in a row; at least 1          */
    uint32_t policy;      /* enum swap_policy                                 */
};

/* How a fault was served. */
enum swap_kind {
    SWAP_PRESENT, /* the page was there: nothing was done                     */
    SWAP_ZEROED,  /* it was empty: a frame filled with zero                   */
    SWAP_READ,    /* it was swapped: read from its slot                       */
};

struct swap_result {
    uint32_t kind;  /* enum swap_kind                                         */
    uint64_t frame; /* number of the frame that holds the page                */
};

struct swap; /* yours to define: who is in which frame, and in which slot */

/*
 * swap_create - begins: all frames free, all slots free, the hand at the first
 *               frame.
 *   mach    the machine; its device has swapdev_slots(mach) slots, maybe 0
 *   config  see above; copy what you need
 * Returns the state, or NULL with errno: EINVAL when a pointer is NULL, there
 * are no frames, or there is no such policy; ENOMEM when malloc failed.
 * (ENOSYS: not implemented.)  The caller destroys it.
 */
struct swap *swap_create(struct mach *mach, const struct swap_config *config);

/*
 * swap_destroy - frees all that the functions of `swap` have allocated.  Pages
 * may still be resident or swapped: tables and frames are left alone.
 * Returns SWAP_OK or SWAP_BAD_ARGUMENT.
 */
int swap_destroy(struct swap *swap);

/* ---- Slots --------------------------------------------------------------- */

/*
 * slot_alloc - takes the free slot of the lowest number; its count is then 1.
 *   slot  the number
 * Returns SWAP_OK, SWAP_BAD_ARGUMENT or SWAP_NO_SLOT.
 *
 * A device of 2 slots: three calls give 0, 1 and SWAP_NO_SLOT; after
 * slot_put(s, 0) the next one gives 0.
 */
int slot_alloc(struct swap *swap, uint64_t *slot);

/*
 * slot_get, slot_put - one more page has this slot; one fewer.  0: it is free.
 *   slot  below the number of slots, else SWAP_BAD_ARGUMENT
 * Returns SWAP_OK, SWAP_BAD_ARGUMENT, or SWAP_NOT_IN_USE when it is free.
 */
int slot_get(struct swap *swap, uint64_t slot);
int slot_put(struct swap *swap, uint64_t slot);

/*
 * slot_count - how many pages have this slot.  Returns 0 also when `swap` is
 * NULL or there is no such slot.
 */
uint64_t slot_count(struct swap *swap, uint64_t slot);

/* ---- Pages --------------------------------------------------------------- */

/*
 * swap_fault - serves a fault, so that the access can be tried again.
 *   space   where it happened
 *   va      any address in the page
 *   access  PW_READ or PW_WRITE, and maybe PW_USER; another bit is
 *           SWAP_BAD_ARGUMENT
 *   result  how it was served
 *
 * 1. A leaf in use (present or swapped) without W forbids every write, without
 *    U every access with PW_USER: SWAP_RIGHTS.  An empty one forbids nothing.
 * 2. A present page: SWAP_OK, SWAP_PRESENT, nothing is done.
 * 3. A frame: the free one of the lowest number; if none is free, a victim's,
 *    as swap_victim finds it and swap_evict turns it out.
 *    - no victim: SWAP_NO_MEMORY
 *    - the victim cannot be written (SWAP_WRITE_ERROR of swap_evict): it stays,
 *      the hand stays one past it, and it counts as stuck until this fault is
 *      over; another is looked for.  When there is none left: SWAP_WRITE_ERROR
 * 4. An empty page: the frame is filled with zero and mapped with P, W and U
 *    (pw_map).  SWAP_NO_MEMORY when there is no frame for a table.
 *    A swapped page: its slot is read into the frame.  Its leaf then has the
 *    frame, P, its rights and its software bits; all else is 0.  It keeps its
 *    slot.  SWAP_READ_ERROR when the device fails: the page stays swapped.
 * A and D are left 0: the access that is tried again sets them.
 * What was done before a failure stays done: A bits cleared, the hand moved, a
 * page turned out.  The frame is free then.  Nothing else has changed.
 *
 * Frames 4 and 5, nothing resident, a device of 8 slots:
 *
 *   swap_fault(s, space, 0x00400123, PW_WRITE | PW_USER, r)
 *       SWAP_OK: kind SWAP_ZEROED, frame 4; leaf of 0x00400000: 0x00004007
 *   swap_fault(s, space, 0x00400FFF, PW_READ, r)
 *       SWAP_OK: kind SWAP_PRESENT, frame 4
 *   after pw_protect(space, 0x00400000, 4096, PW_U)
 *   swap_fault(s, space, 0x00400123, PW_WRITE | PW_USER, r)      SWAP_RIGHTS
 */
int swap_fault(struct swap *swap, struct space *space, uint64_t va,
               uint32_t access, struct swap_result *result);

/*
 * swap_evict - turns out the page in a frame; the frame is then free.
 *   frame  one of the configuration's, else SWAP_BAD_ARGUMENT
 *
 *   clean, no slot   it was never written, so all its bytes are 0: the page is
 *                    unmapped (pw_unmap), its leaf empty.  No device is needed
 *   clean, a slot    its leaf is swapped.  Nothing is written
 *   dirty            it is written to its own slot when the count of that is 1;
 *                    else to a new one (slot_alloc), and a slot that it had is
 *                    put back.  Its leaf is swapped
 *
 * A swapped leaf: the slot, SWAPPED, the rights (W, U) and the software bits
 * COW and SHARED; all else is 0.
 * Returns SWAP_OK, SWAP_BAD_ARGUMENT, SWAP_NOT_IN_USE when the frame holds no
 * page, SWAP_PINNED, SWAP_NO_SLOT when it is dirty and stuck, SWAP_WRITE_ERROR.
 * The hand does not move.
 * After SWAP_WRITE_ERROR the page is resident and dirty as before, and has the
 * slot that it had or none; what that slot holds is not known.
 *
 * Frame 4 holds the page at 0x00400000 with leaf 0x00004067 (A and D), and slot
 * 0 is free: swap_evict(s, 4) writes slot 0; the leaf is 0x00000806.
 * Frame 5 was never written: swap_evict(s, 5) writes nothing; the leaf is 0.
 */
int swap_evict(struct swap *swap, uint64_t frame);

/*
 * swap_victim - chooses a victim and moves the hand one past it.  Turns nothing
 *               out.
 *   frame  its number
 * Returns SWAP_OK, SWAP_BAD_ARGUMENT, or SWAP_NO_MEMORY when no frame holds a
 * page or all that do are stuck; then no A is cleared and the hand stays.
 *
 * SWAP_CLOCK: from the hand on, round and round, the hand passes free and stuck
 * frames and leaves their A alone.  Of any other:
 *   A = 1   A is cleared, the page invalidated, the hand goes on
 *   A = 0   it is the victim
 *
 * Frames 4 to 7 with A = 1, 1, 0, 1 and the hand at 5: A of 5 is cleared, the
 * victim is 6, the hand is at 7.  Once more: A of 7 and of 4 are cleared, the
 * victim is 5, the hand is at 6.
 *
 * SWAP_ENHANCED (BONUS): up to four turns, each from where the hand was at the
 * beginning; the first frame that a turn looks for is the victim.
 *   1st, 3rd turn   looks for A = 0, D = 0; changes nothing
 *   2nd, 4th turn   looks for A = 0, D = 1; clears the A of those it passes,
 *                   and invalidates them
 * Free and stuck frames are passed in all turns and left alone.
 *
 * SWAP_LISTS (BONUS): a simplified Linux.  Each resident page is on one of two
 * lists, which begin at the head; swap_fault puts a new one at the head of the
 * inactive list, not referenced.  Again and again:
 *   refill   while the inactive list is shorter than the active one, or all on
 *            it are stuck: the last page of the active list goes to the head of
 *            the inactive list, not referenced; its A is cleared and the page
 *            invalidated, unless it is stuck or A is 0
 *   look     at the last page of the inactive list:
 *              stuck                    it goes to the inactive list's head
 *              A = 0                    it is the victim and stays where it is
 *              A = 1, not referenced    A is cleared; it goes to the inactive
 *                                       list's head, now referenced
 *              A = 1, referenced        A is cleared; it goes to the active
 *                                       list's head
 *            Where A is cleared the page is invalidated.
 * There is no hand.
 */
int swap_victim(struct swap *swap, uint64_t *frame);

/*
 * swap_pin - pins a frame, so that its page stays there, or ends that.
 *   frame  one of the configuration's, else SWAP_BAD_ARGUMENT
 *   on     1 or 0, else SWAP_BAD_ARGUMENT; as it was already: SWAP_OK
 * Returns SWAP_OK, SWAP_BAD_ARGUMENT, or SWAP_NOT_IN_USE when it holds no page.
 */
int swap_pin(struct swap *swap, uint64_t frame, uint32_t on);

/*
 * swap_release - the page is needed no more: its frame is free, its slot put
 *                back, and the page unmapped (pw_unmap), swapped or present.
 *   va  any address in it
 * Returns SWAP_OK, SWAP_BAD_ARGUMENT, SWAP_NOT_IN_USE when its leaf is empty,
 * SWAP_PINNED.
 */
int swap_release(struct swap *swap, struct space *space, uint64_t va);

#endif
