/*
 * cow.h - stage cow: fork with copy-on-write.
 *
 * fork makes a second process that looks exactly like the first.  To copy all
 * of its pages at once would be slow and mostly in vain, because the child
 * often runs another program at once.  So fork copies the page tables alone.
 * Both processes then map the same frames, and neither may write to them:
 *
 *   after fork                              after a write of the child
 *
 *   parent           frame 7                parent           frame 7
 *   +-----------+   +---------+             +-----------+   +---------+
 *   | 7   - COW |-->|  "abc"  |             | 7   - COW |-->|  "abc"  |
 *   +-----------+   | count 2 |             +-----------+   | count 1 |
 *   child           |         |             child           +---------+
 *   +-----------+   |         |             +-----------+   frame 9
 *   | 7   - COW |-->|         |             | 9   W  -  |-->+---------+
 *   +-----------+   +---------+             +-----------+   |  "xbc"  |
 *                                                           | count 1 |
 *                                                           +---------+
 *
 * The parent's page is still COW.  When the parent writes to it, nobody else
 * counts the frame any more, and the page becomes writable without a copy.
 *
 * A leaf of a page table, as in pagewalk.h:
 *
 *    31                 12   11   10   9    8   7   6   5   4  3  2  1   0
 *   +---------------------+----+----+-----+---+---+---+---+--+--+--+--+---+
 *   |   address 31..12    |SWAP|SHRD| COW | G |PS | D | A | -  -| U| W| P |
 *   +---------------------+----+----+-----+---+---+---+---+--+--+--+--+---+
 *
 * Vocabulary
 *   user half    the addresses below config.kernel_base; the others are the
 *                kernel half, which is the same in all processes
 *   page         4 KiB of the user half that is in use
 *   count        of a frame: how many pages of all processes lie in it.
 *                "Others count it" when the count is above 1, also when the
 *                other page is one of the same process
 *   private      a page with SHRD = 0: what one process writes there, no other
 *                sees
 *   shared       a page with SHRD = 1: it stays shared across fork and is never
 *                copied
 *   COW          a private page that its process may write, although W is 0:
 *                the first write makes it writable.  W and COW are never both
 *                set
 *   read-only    a page with W = 0 and COW = 0
 *   kernel write the kernel writes into a process's page on its behalf, for
 *                read(2), say
 *
 * Rules that all functions share
 *   - Status enumerators stand in the order of the checks: when several apply,
 *     the first is returned.
 *   - A NULL pointer, a pid that is 0 or COW_PIDS or more, a bit in `code` or
 *     `rights` that is not named, or a length of 0 is BAD_ARGUMENT.
 *   - Whatever is not COW_OK has changed nothing, unless the function says
 *     otherwise: no entry, count, frame or process, and no struct or word.
 *   - A frame is given back (frame_free) when its count falls to 0, and only
 *     then.
 *   - No page is copied that need not be: a write copies a COW page only while
 *     its frame is counted by others, and only the page that is written.  All
 *     other entries that name the frame stay as they are.
 *   - Unless a function says otherwise, no bit of an entry changes: A, D, G,
 *     SHRD and U of a page outlive fork and copy.
 *   - The processor keeps translations.  Whenever an entry that was present
 *     loses P, W or U or names another frame, mach_invalidate(mach,
 *     pid, va) is called for it, with any address in the page.  An asid is the
 *     number by which the processor tells address spaces apart: here it is the
 *     pid (in stage swap, which knows no processes, pw_root(space) / 4096).
 *     This holds in functions that fail, too.  To invalidate more is allowed.
 *   - What is marked BONUS may stay not implemented (-1; UINT64_MAX for a
 *     count); the required part never asks for it.
 *   - Given, so never checked: a `struct cow` is one that cow_create returned
 *     and cow_destroy has not yet had.  All spaces are PW_TWO_LEVEL, with PW_WP
 *     or without, on the machine of cow_create.  A space that is handed over
 *     has in its user half pages that are present and not COW; the entries
 *     above them allow everything.  When a frame is in several of its pages, or
 *     in those of several spaces, then they are shared or read-only.
 *
 * You may use: all of machine/machine.h that is for modules; for the bonus
 * swapdev_slots, swapdev_write and swapdev_read of machine/swapdev.h; all of
 * pagewalk/pagewalk.h but pw_walk_segmented, which here is the reference's,
 * whatever became of your own; and of the C library malloc, calloc, realloc,
 * free, memcpy, memmove, memset, memcmp, qsort, bsearch, assert, printf, puts,
 * snprintf, errno.
 */
#ifndef VMLAB_COW_H
#define VMLAB_COW_H

#include <stdint.h>

#include "machine/machine.h"
#include "machine/swapdev.h"
#include "pagewalk/pagewalk.h"

enum {
    COW_PIDS = 32768, /* pids are 1 to COW_PIDS - 1                           */
};

enum cow_status {
    COW_NOT_IMPLEMENTED = -1,
    COW_OK = 0,
    COW_BAD_ARGUMENT,
    COW_NO_PROCESS,  /* there is no process with this pid                     */
    COW_BAD_ADDRESS, /* not all in the user half                              */
    COW_EXISTS,      /* the pid, or the page, is in use already               */
    COW_NOT_MAPPED,  /* no page is there                                      */
    COW_RIGHTS,      /* the page does not allow it                            */
    COW_NO_MEMORY,   /* no frame for a page or a table, or malloc failed      */
    COW_PINNED,      /* BONUS: the page must stay in its frame                */
    COW_NO_SLOT,     /* BONUS: no slot of the swap device is free             */
    COW_WRITE_ERROR, /* BONUS: the device failed to write                     */
    COW_READ_ERROR,  /* BONUS: the device failed to read                      */
};

struct cow_config {
    uint64_t frames;      /* of the machine: every page lies in one of them   */
    uint64_t kernel_base; /* first address of the kernel half: a multiple of  */
                          /* 4 MiB from 4 MiB to 2^32; 2^32: there is none    */
};

struct cow; /* yours to define: all processes, and the counts of frames */

/*
 * cow_create - a system without processes, in which every count is 0.
 *   mach    the machine
 *   config  is read now and not kept
 * Returns it, or NULL with errno: EINVAL when mach or config is NULL, frames is
 * 0 or kernel_base is no such address; ENOMEM.  (ENOSYS: not implemented.)
 * The caller destroys it.
 */
struct cow *cow_create(struct mach *mach, const struct cow_config *config);

/*
 * cow_destroy - lets every process exit, as cow_exit does, and frees all that
 * belongs to `cow`.
 * Returns COW_OK or COW_BAD_ARGUMENT.
 */
int cow_destroy(struct cow *cow);

/*
 * cow_spawn - a process from an address space that has been made elsewhere.
 *   pid    of the new process
 *   space  its address space: COW_OK takes it over, so that from then on only
 *          the functions here change it, and cow_exit destroys it
 * Returns COW_OK, COW_BAD_ARGUMENT, COW_EXISTS or COW_NO_MEMORY.
 * COW_OK: each page of its user half is counted.  No entry changes.
 */
int cow_spawn(struct cow *cow, uint64_t pid, struct space *space);

/*
 * cow_space - the address space of a process, to look at: it stays cow's.
 * Returns NULL when `cow` is NULL or no process has this pid.
 * (NULL with errno ENOSYS: not implemented; otherwise errno is left alone.)
 */
struct space *cow_space(struct cow *cow, uint64_t pid);

/*
 * cow_refs - the count of frame number `frame`.
 * Returns 0 when `cow` is NULL or there is no such frame.
 *
 *   one process with a page in frame 7          cow_refs(cow, 7) is 1
 *   after cow_fork                              2
 *   after the child has written there           1, and 1 for its new frame
 */
uint64_t cow_refs(struct cow *cow, uint64_t frame);

/*
 * cow_map - gives a process a new page, filled with zero: its frame is taken
 *           with frame_alloc.
 *   va      any address in the page
 *   rights  PW_W, PW_U, PW_SHARED: stand in the entry as they are given
 * Returns COW_OK, COW_BAD_ARGUMENT, COW_NO_PROCESS, COW_BAD_ADDRESS, COW_EXISTS
 * or COW_NO_MEMORY.
 */
int cow_map(struct cow *cow, uint64_t pid, uint64_t va, uint64_t rights);

/*
 * cow_fork - a new process that looks like another.
 *   parent  pid of the process to copy
 *   child   pid of the new one
 *
 * The checks, in order: COW_BAD_ARGUMENT; COW_NO_PROCESS, the parent;
 * COW_EXISTS, the child; COW_NO_MEMORY.
 *
 * COW_OK: the child has a space of its own, with tables of its own for the user
 * half, made as pw_map makes them.
 *   - A private page with W becomes COW in the parent, and W is cleared.  Other
 *     pages of the parent stay as they are: those that are COW already, the
 *     shared ones, and the read-only ones.
 *   - The child has the same pages, and each entry is that of the parent, bit
 *     for bit, after this change.  Each is counted.
 *   - Entries of the root table for the kernel half are the parent's: they lead
 *     to the same tables, which belong to no process.
 * COW_NO_MEMORY: everything is as it was, only that pages of the parent may
 * have become COW.
 *
 * A parent with three pages in frames 7, 8 and 9, with P, U and
 *
 *   W, A, D          0x7067     cow_fork makes it 0x7265; the child's, too
 *   nothing else     0x8005     stays 0x8005; the child's is the same
 *   W, SHRD          0x9407     stays 0x9407; the child's is the same
 *
 *   mach_invalidate is called for the first; the three counts are 2
 *   cow_fork(cow, 1, 1)         COW_EXISTS
 */
int cow_fork(struct cow *cow, uint64_t parent, uint64_t child);

/*
 * cow_fault - handles a page fault, so that the access can be tried again.
 *   va    the address of the fault
 *   code  the fault's error code: PW_FAULT_W for a write, PW_FAULT_U in user
 *         mode.  PW_FAULT_P may be set and says nothing: a translation that the
 *         processor kept may have been out of date, the entry is the truth
 *
 * The checks, in order, after the process's:
 *   COW_BAD_ADDRESS  va is not in the user half
 *   COW_NOT_MAPPED   no page is there
 *   COW_RIGHTS       user mode, and the page has U = 0; or a write, and it is
 *                    read-only.  (To the kernel, PW_FAULT_U clear, U does not
 *                    matter.)
 *   COW_NO_MEMORY    a frame is needed, and there is none
 *
 * COW_OK: nothing changes, unless it is a write to a COW page.  Then W is set
 * and COW is cleared, and
 *   - when others count the frame, the page has moved to a frame of its own,
 *     taken with frame_alloc, with the same 4,096 bytes, and is not counted in
 *     the old one any more;
 *   - when nobody else does, it stays where it is.
 *
 * After the example of cow_fork, with frame 12 the lowest that is free:
 *
 *   cow_fault(cow, 2, 0x00401234, PW_FAULT_P | PW_FAULT_W | PW_FAULT_U)
 *                      COW_OK: the child's entry is 0xC067, its count is 1, and
 *                      that of frame 7 is 1; the parent's is still 0x7265
 *   the same for 1     COW_OK: the parent's entry is 0x7067; no frame is taken
 *   the same for the page in frame 8
 *                      COW_RIGHTS
 */
int cow_fault(struct cow *cow, uint64_t pid, uint64_t va, uint32_t code);

/*
 * cow_protect - changes the rights of one page (mprotect).
 *   va      any address in the page
 *   rights  what its process may do from now on: PW_U, PW_W
 * Returns COW_OK, COW_BAD_ARGUMENT, COW_NO_PROCESS, COW_BAD_ADDRESS or
 * COW_NOT_MAPPED.
 * COW_OK: U is as given.  Without PW_W, the page is read-only.  With PW_W, it
 * is COW when it is private and others count its frame, else W is set and COW
 * is cleared.
 *
 *   a read-only page, private, whose frame has count 2, and rights PW_W | PW_U
 *                      COW, and W stays 0: the other would see what is written
 */
int cow_protect(struct cow *cow, uint64_t pid, uint64_t va, uint64_t rights);

/*
 * cow_copy_out - the kernel writes `bytes` bytes from `from` to `va` in a
 *                process, page by page, lowest first.
 *   from   where they are now; the module reads it
 *   bytes  how many; the range may cross pages, and need not be aligned
 *   left   how many were not written: set by COW_OK (to 0), COW_NOT_MAPPED,
 *          COW_RIGHTS and COW_NO_MEMORY, else untouched
 *
 * The kernel is the process's hand here: it may do what the process may.  A
 * page with U = 0 is COW_RIGHTS, and a page that is not writable is treated as
 * by a write of the process: see cow_fault.
 *
 * The checks, in order, after the process's:
 *   COW_BAD_ADDRESS  the range is not all in the user half; nothing is written
 *   COW_NOT_MAPPED,  the lowest page of the range that cannot be written.  The
 *   COW_RIGHTS,      pages below it have been written and stay so; it and those
 *   COW_NO_MEMORY    above are untouched
 *
 * A and D of each page that is written are set, as the processor would.
 *
 * After the examples above, with frame 7 counted twice again and frame 12 free:
 *
 *   cow_copy_out(cow, 2, 0x00401FFE, from, 4, left)
 *                      two bytes go to the end of the page at 0x00401000, which
 *                      is copied to frame 12 first; the next page is read-only:
 *                      COW_RIGHTS, and *left is 2
 */
int cow_copy_out(struct cow *cow, uint64_t pid, uint64_t va,
                 const unsigned char *from, uint64_t bytes, uint64_t *left);

/*
 * cow_exit - ends a process: its pages are counted no more, frames that nobody
 * counts are given back, and its tables, too.  The tables of the kernel half
 * are not: they belong to no process (see pw_destroy).  Its pid may be used
 * again, so no translation of its pages may outlive it.
 * Returns COW_OK, COW_BAD_ARGUMENT or COW_NO_PROCESS.
 */
int cow_exit(struct cow *cow, uint64_t pid);

/* ---- BONUS: pages in swap ------------------------------------------------ */

/*
 * A page can be turned out: then its bytes lie in a slot of the swap device and
 * in no frame.  Which page that is, and when, would be stage swap's business;
 * here it is what becomes of such pages in fork, writes and exit.
 *
 *   process 1 has turned a page      and after a write of process 2
 *   out and then forked process 2
 *
 *   1                slot 0          1                slot 0
 *   +------------+  +---------+      +------------+  +---------+
 *   | 0 SWAP COW |->|  "abc"  |      | 0 SWAP COW |->|  "abc"  |
 *   +------------+  | count 2 |      +------------+  | count 2 |
 *   2               |         |      2               +---------+
 *   +------------+  |         |      +------------+   frame 12
 *   | 0 SWAP COW |->|         |      | 12 P W     |->+---------+
 *   +------------+  +---------+      +------------+  |  "xbc"  |
 *                                    has slot 0 yet  | count 1 |
 *                                                    +---------+
 *
 * Vocabulary
 *   swapped      a page that lies in a slot.  Its leaf: the slot's number in
 *                bits 31..12, SWAP, and W, U and COW as they were; all else is
 *                0, P, A, D and G, too.  It is in use, but lies in no frame
 *   resident     a page that lies in a frame: all others
 *   slot of a page   while it is swapped, where it lies.  A page that has been
 *                read back keeps its slot: as long as D is 0 the slot holds the
 *                same bytes.  A page that was never turned out has none
 *   count        of a slot: how many pages of all processes have it.  0: free
 *
 * What the functions above do with such pages
 *   cow_create   all slots of the machine's device are free, and cow's own
 *   cow_map      COW_EXISTS where a swapped page is
 *   cow_fork     a swapped page is forked like a resident one: with W it is COW
 *                then.  The child's page has the slot of the parent's; so it is
 *                with resident pages.  The device is not asked
 *   cow_fault    a swapped page is read into a frame that is taken with
 *                frame_alloc, by an access of any kind, after the checks and
 *                COW_NO_MEMORY.  COW_READ_ERROR when the device fails: it stays
 *                swapped, and the frame is given back.  Its leaf then has the
 *                frame, P, and W, U and COW as they were; all else is 0.  It
 *                keeps its slot.  A write then goes on as for any page: it lies
 *                in a frame of its own, so it is not copied
 *                A page that moves to a frame of its own because it is written
 *                has no slot there: what it had is counted once less
 *   cow_protect  of a swapped page, the count of its slot decides
 *   cow_copy_out COW_READ_ERROR is one more reason to stop, with *left set
 *   cow_exit     a slot of a page is counted once less
 */

/*
 * cow_evict - BONUS: turns a private page out.
 *   va  any address in the page
 *
 * The checks, in order, after the process's:
 *   COW_BAD_ADDRESS  va is not in the user half
 *   COW_NOT_MAPPED   no page is there
 *   COW_PINNED       the page is shared, or resident where others count its
 *                    frame: they would each read a frame of their own
 *   COW_NO_SLOT      it has to be written, it has no slot that nobody else
 *                    counts, and none is free
 *   COW_WRITE_ERROR  the device failed.  What the page's own slot holds then is
 *                    not known, if it was written
 *
 * COW_OK: a page that is swapped already stays as it is.  Another is swapped
 * from then on, and its frame given back.  Before that
 *   - with a slot and D = 0, nothing is written;
 *   - else it is written: to its slot when nobody else counts that, else to the
 *     free slot of the lowest number, and the slot that it had is counted once
 *     less.  (A page without a slot is written even if D is 0: unlike in stage
 *     swap, nobody says that it is zero.)
 *
 * With the first page of cow_fork's example before the fork, entry 0x7067, and
 * slot 0 free:
 *
 *   cow_evict(cow, 1, 0x00401234)
 *                  COW_OK: slot 0 is written; the entry is 0x0806
 *   cow_fork(cow, 1, 2)
 *                  COW_OK: both entries are 0x0A04; slot 0 has count 2
 *   cow_fault(cow, 2, 0x00401234, PW_FAULT_W | PW_FAULT_U)
 *                  COW_OK: slot 0 is read; with frame 12 the lowest that is
 *                  free the child's entry is 0xC007; the counts of the frame
 *                  and of the slot are 1 and 2
 *   the child writes, so that its entry is 0xC067, and
 *   cow_evict(cow, 2, 0x00401234)
 *                  COW_OK: slot 1 is written, because slot 0 is the parent's,
 *                  too; the entry is 0x1806; the counts are 1 and 1
 */
int cow_evict(struct cow *cow, uint64_t pid, uint64_t va);

/*
 * cow_slot_refs - BONUS: the count of slot number `slot`.
 * Returns 0 when `cow` is NULL or there is no such slot.
 */
uint64_t cow_slot_refs(struct cow *cow, uint64_t slot);

#endif
