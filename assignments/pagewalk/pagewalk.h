/*
 * pagewalk.h - stage pagewalk: addresses through page tables.
 *
 * A page table says, for every page of virtual memory, which frame of physical
 * memory holds it and who may do what there.  You write both sides of it: the
 * processor's, which translates an address (pw_walk), and the operating
 * system's, which makes, changes and frees the tables (all the others).
 *
 * An address is cut into one index per level of tables and an offset:
 *
 *   format           index of level 0   1        2        3        offset
 *   PW_FLAT               31..12                                   11..0
 *   PW_TWO_LEVEL          31..22        21..12                     11..0
 *   PW_SEGMENTED          31..24        23..12                     11..0
 *   PW_FOUR_LEVEL         47..39        38..30   29..21   20..12   11..0
 *
 * PW_TWO_LEVEL is Intel's IA-32 paging, PW_FOUR_LEVEL (BONUS) that of x86-64.
 * PW_SEGMENTED cuts memory into 256 segments of 16 MiB; an entry of the segment
 * table holds the address of that segment's own page table.  PW_FLAT has one
 * table for all.
 *
 * The root table and every table below it lie in frames of the machine, in a
 * row where one frame is not enough, and begin at a frame's first byte:
 *
 *   root                         table                      page
 *   +-----------+                +-----------+              +-----------+
 *   |           |            ,-> |           |          ,-> |           |
 *   +-----------+            |   +-----------+          |   |           |
 *   |  entry    | -----------'   |   leaf    | ---------'   |  . offset |
 *   +-----------+ index of       +-----------+ index of     |           |
 *   |           | level 0        |           | level 1      |           |
 *   +-----------+                +-----------+              +-----------+
 *
 *   format           entry     entries: level 0   below     a full table
 *   PW_FLAT          4 bytes   1,048,576                    4 MiB
 *   PW_TWO_LEVEL     4 bytes   1,024              1,024     4 KiB
 *   PW_SEGMENTED     4 bytes   256                4,096     4 KiB (of which
 *                                  1 KiB is used), and 16 KiB
 *   PW_FOUR_LEVEL    8 bytes   512                512       4 KiB
 *
 * An entry, little-endian; the upper half only where entries have 8 bytes:
 *
 *    63  62   52 51      40 39                                          32
 *   +---+-------+----------+----------------------------------------------+
 *   |NX |   -   | reserved |              address 39..32                  |
 *   +---+-------+----------+----------------------------------------------+
 *    31                 12   11   10   9    8   7   6   5   4  3  2  1   0
 *   +---------------------+----+----+-----+---+---+---+---+--+--+--+--+---+
 *   |   address 31..12    |SWAP|SHRD| COW | G |PS | D | A | -  -| U| W| P |
 *   +---------------------+----+----+-----+---+---+---+---+--+--+--+--+---+
 *
 * Vocabulary
 *   leaf         the entry that holds the address of a page, not of a table
 *   large page   a leaf above the last level (BONUS): its PS is 1, and the
 *                indexes that it leaves over belong to the offset
 *                  PW_TWO_LEVEL with PW_PSE   level 0   4 MiB
 *                  PW_FOUR_LEVEL              level 2   2 MiB
 *                                             level 1   1 GiB
 *                Everywhere else PS does not say how large a page is
 *   empty        an entry of which all bits are 0
 *   swapped      a leaf with P = 0 and SWAP = 1: the page is on the swap
 *                device, in the slot whose number stands in the address bits;
 *                W, U, NX, COW and SHRD are kept for its return.  Only pages
 *                of 4 KiB are swapped
 *   in use       a leaf that is not empty: present or swapped
 *   canonical    an address of 64 bits of which bits 63..47 are all alike
 *
 * Rules that all functions share
 *   - Status enumerators stand in the order of the checks: when several apply,
 *     the first is returned.
 *   - A NULL pointer, an address of 2^32 or more where the format has 32 bits,
 *     or a size of 0 is BAD_ARGUMENT.
 *   - Whatever is not PW_OK has changed nothing: no entry, no frame in use, no
 *     struct but the fault that pw_walk names.
 *   - The tables in memory are the truth.  Others change leaves, too (a page is
 *     swapped out, or marked COW), without asking this module: look there, and
 *     do not remember what you once wrote.
 *   - This module owns tables, never pages: it neither takes nor gives back the
 *     frame that a page is mapped to, and does not look whether there is one.
 *     It does not call mach_invalidate: who asks for a change knows the asid.
 *   - Given, so never checked: a `struct space` is one that pw_create returned
 *     and pw_destroy has not yet had.  For all functions but pw_walk: leaves
 *     are empty, present or swapped, with NX only where there is PW_NXE; other
 *     entries are empty or lead to a table of this space, of which not all
 *     entries are empty (nobody else empties the last one).
 *   - What is marked BONUS may stay not implemented (-1; NULL with ENOSYS); the
 *     required part never asks for it.
 *
 * You may use: phys_read*, phys_write*, phys_zero_frame, frame_alloc,
 * frame_alloc_run and frame_free of machine/machine.h; seg_translate of
 * segment/segment.h; and of the C library malloc, calloc, realloc, free,
 * memcpy, memmove, memset, memcmp, qsort, bsearch, assert, printf, puts,
 * snprintf, errno.
 */
#ifndef VMLAB_PAGEWALK_H
#define VMLAB_PAGEWALK_H

#include <stdint.h>

#include "machine/machine.h"
#include "segment/segment.h"

/* ---- Entries ------------------------------------------------------------ */

/* clang-format off */
#define PW_P       UINT64_C(0x001) /* present                              */
#define PW_W       UINT64_C(0x002) /* may be written (R/W)                 */
#define PW_U       UINT64_C(0x004) /* user mode may use it (U/S)           */
#define PW_A       UINT64_C(0x020) /* accessed: set by the processor       */
#define PW_D       UINT64_C(0x040) /* dirty: the same, on a write; a leaf  */
#define PW_PS      UINT64_C(0x080) /* page size: a large page              */
#define PW_G       UINT64_C(0x100) /* global: alike in all spaces; a leaf  */
#define PW_COW     UINT64_C(0x200) /* software: copied when it is written  */
#define PW_SHARED  UINT64_C(0x400) /* software: shared also when written   */
#define PW_SWAPPED UINT64_C(0x800) /* software: with P = 0, swapped        */
#define PW_NX      (UINT64_C(1) << 63) /* no execution; 8-byte entries     */
/* clang-format on */

enum {
    PW_PAGE_BYTES = 4096,
    PW_PA_BITS = 40, /* of a physical address (the manual's MAXPHYADDR)       */
};

enum pw_status {
    PW_NOT_IMPLEMENTED = -1,
    PW_OK = 0,
    PW_BAD_ARGUMENT,
    PW_SEGMENT,       /* pw_walk_segmented: the segment refuses               */
    PW_NOT_CANONICAL, /* bits 63..47 of the address differ                    */
    PW_NOT_PRESENT,   /* walk: an entry on the way has P = 0                  */
    PW_RESERVED,      /* walk: an entry on the way has a reserved bit set     */
    PW_RIGHTS,        /* walk: the entries on the way forbid it               */
    PW_NOT_MAPPED,    /* a page of the range is not in use                    */
    PW_EXISTS,        /* map: a page of the range is in use already           */
    PW_CONFLICT,      /* a large page is where a smaller one is meant, or     */
                      /* the other way round                                  */
    PW_NO_MEMORY,     /* no frame for a table                                 */
};

enum pw_format { PW_FLAT, PW_TWO_LEVEL, PW_SEGMENTED, PW_FOUR_LEVEL };

/* The processor's settings, for pw_create: 0 or several. */
enum pw_flags {
    PW_WP = 1,  /* CR0.WP: W counts for the supervisor, too; any format       */
    PW_PSE = 2, /* BONUS.  CR4.PSE: 4 MiB pages; PW_TWO_LEVEL                 */
    PW_NXE = 4, /* BONUS.  EFER.NXE: NX counts; PW_FOUR_LEVEL                 */
};

/* What an access does: PW_READ, PW_WRITE or PW_EXECUTE, and maybe more. */
enum pw_access {
    PW_READ = 0,
    PW_WRITE = 1,
    PW_EXECUTE = 2, /* an instruction fetch                                   */
    PW_USER = 4,    /* in user mode, else as the supervisor                   */
    PW_STACK = 8,   /* through the stack: matters for PW_NOT_CANONICAL alone  */
};

/* For the rights of pw_map: pages of 1 GiB.  Not a bit of an entry. */
#define PW_HUGE (UINT64_C(1) << 62)

/* A page fault's error code. */
enum {
    PW_FAULT_P = 1,  /* 0: an entry was not present; 1: any other reason      */
    PW_FAULT_W = 2,  /* a write                                               */
    PW_FAULT_U = 4,  /* in user mode                                          */
    PW_FAULT_R = 8,  /* a reserved bit was set                                */
    PW_FAULT_I = 16, /* an instruction fetch, with PW_NXE alone               */
};

/* What pw_walk found.  All but `fault` is untouched unless PW_OK. */
struct pw_result {
    uint64_t pa;         /* where the byte at `va` lies                       */
    uint64_t page_bytes; /* size of its page                                  */
    uint64_t entry_pa;   /* where the leaf lies                               */
    uint64_t entry;      /* the leaf, as it stands in memory after the walk   */
    uint32_t writable;   /* 1: W in all entries on the way; else 0            */
    uint32_t user;       /* 1: U in all of them; else 0                       */
    uint32_t no_execute; /* 1: NX in any of them, with PW_NXE; else 0         */
    uint32_t global;     /* G of the leaf: 0 or 1                             */
    uint32_t dirty;      /* D of the leaf after the walk: 0 or 1              */
    uint32_t reads;      /* how many entries were read                        */
    struct mach_fault fault; /* untouched unless the status is a fault        */
};

/* A leaf, as pw_entry and pw_next find it. */
struct pw_leaf {
    uint64_t va;         /* first address of the page                         */
    uint64_t page_bytes; /* its size                                          */
    uint64_t entry_pa;   /* where the leaf lies                               */
    uint64_t entry;      /* the leaf                                          */
};

struct space; /* yours to define: the tables of one address space */

/*
 * pw_create - an address space in which nothing is mapped: a root table of
 *             empty entries.
 *   mach    the machine in whose frames the tables lie
 *   format  of the tables; PW_FOUR_LEVEL is BONUS
 *   flags   enum pw_flags, of those that the format has
 * Returns it, or NULL with errno: EINVAL when mach is NULL, there is no such
 * format, or it has no such flag; ENOMEM when there is no frame (PW_FLAT needs
 * 1,024 in a row) or malloc failed.  (ENOSYS: not implemented.)
 * A frame holds what its last owner left: fill it with zero, in one call each
 * (phys_zero_frame), not word by word: a test's time is limited.
 * The caller destroys the space.
 */
struct space *pw_create(struct mach *mach, enum pw_format format,
                        uint32_t flags);

/*
 * pw_destroy - gives back the frames of all tables, and all that the functions
 * of `space` have allocated.  Pages may still be mapped.
 * Returns PW_OK or PW_BAD_ARGUMENT.
 */
int pw_destroy(struct space *space);

/*
 * pw_root - where the root table lies, in bytes (the value of CR3); it stays
 * there.  Returns 0 when `space` is NULL.
 */
uint64_t pw_root(struct space *space);

/*
 * pw_table_bytes - bytes of all frames that tables of `space` occupy, the root
 * table's included.  Returns 0 when `space` is NULL.
 *
 *   PW_FLAT                                         4 MiB, however little is
 *                                                   mapped; a hundred spaces:
 *                                                   400 MiB
 *   PW_TWO_LEVEL, nothing mapped                    4 KiB
 *   PW_TWO_LEVEL, the page at 0x00400000            8 KiB
 *   PW_TWO_LEVEL, a page in each of 1,024 tables    4 MiB + 4 KiB
 */
uint64_t pw_table_bytes(struct space *space);

/*
 * pw_map - maps the pages from `va` on to the frames from `pa` on.
 *   va      first address; a multiple of the page size
 *   pa      where it shall lie; a multiple of the page size
 *   bytes   how much: the page that holds the last byte is mapped whole
 *   rights  PW_W, PW_U, PW_G, PW_COW, PW_SHARED, with the flag PW_NXE PW_NX:
 *           stand in each leaf as they are given
 *           BONUS: PW_PS asks for pages of 4 MiB (PW_TWO_LEVEL with PW_PSE) or
 *           2 MiB (PW_FOUR_LEVEL), PW_HUGE for pages of 1 GiB (PW_FOUR_LEVEL);
 *           bytes must then be a multiple of that size
 *
 * The checks, in order:
 *   PW_BAD_ARGUMENT  an address or size that is not such a multiple; another
 *                    bit in rights; PW_PS or PW_HUGE where the space has no
 *                    such pages, or both at once; a range that, in whole
 *                    pages, is not all
 *                    - below 2^32, for va and pa; but
 *                    - with 8 bytes in an entry: in one of the two canonical
 *                      halves, for va, and below 2^40, for pa
 *                    - for pages of 4 MiB: below 2^40, for pa
 *   PW_EXISTS,       the lowest page of the range that cannot be mapped is in
 *   PW_CONFLICT      use by a page of the same size; or: it lies in a larger
 *                    page, or a table of smaller pages is in its place.  Large
 *                    pages are never split
 *   PW_NO_MEMORY     a frame was needed for a table, and there was none
 * After PW_NO_MEMORY, too, every entry and every frame is as it was before.
 *
 * PW_OK: each leaf is P, the rights, the address, and PS if the page is large;
 * all else in it is 0.  Of a 4 MiB page bits 39..32 of the address stand in
 * bits 20..13.  Entries that lead to tables made here are P, W, U and the
 * address: what a leaf allows is not narrowed above it.
 * No table is made that is not needed, and no other entry changes.
 *
 * In a new PW_TWO_LEVEL space:
 *
 *   pw_map(s, 0x00400000, 0x9000, 4097, PW_W | PW_U)   PW_OK: two pages; entry
 *                      1 of the root ends in 0x007, entries 0 and 1 of the new
 *                      table are 0x00009007 and 0x0000A007
 *   pw_map(s, 0x00401000, 0x5000, 1, 0)                PW_EXISTS
 */
int pw_map(struct space *space, uint64_t va, uint64_t pa, uint64_t bytes,
           uint64_t rights);

/*
 * pw_entry - finds the leaf that is in use for `va`, without an access.
 *   va    any address in the page
 *   leaf  untouched unless PW_OK
 * Returns PW_OK, PW_BAD_ARGUMENT, PW_NOT_CANONICAL or PW_NOT_MAPPED.  No memory
 * changes.
 */
int pw_entry(struct space *space, uint64_t va, struct pw_leaf *leaf);

/*
 * pw_walk - translates one access as the processor does.
 *   va      of the byte
 *   access  enum pw_access: PW_WRITE and PW_EXECUTE exclude each other, and so
 *           do PW_EXECUTE and PW_STACK; another bit is PW_BAD_ARGUMENT
 *   result  see struct pw_result
 *
 * The checks, in order:
 *   PW_NOT_CANONICAL  PW_FOUR_LEVEL alone; no entry is read
 *   PW_NOT_PRESENT,   from the root to the leaf the first entry that has P = 0
 *   PW_RESERVED       (nothing else of it counts), or P = 1 and a reserved bit
 *                     set; none below it is read
 *   PW_RIGHTS         judged when the leaf is reached, from all entries on the
 *                     way together, so that an absent page is PW_NOT_PRESENT
 *                     even below an entry that refuses:
 *                     - in user mode U must be set in all
 *                     - for a write W must be set in all; as the supervisor
 *                       only with PW_WP
 *                     - for a fetch NX must be set in none (with PW_NXE)
 *
 * Reserved are                                              (all of it BONUS)
 *   4-byte entries   bit 21 of the leaf of a 4 MiB page
 *   8-byte entries   bits 51..40; NX without PW_NXE; PS at level 0; bits 20..13
 *                    of the leaf of a 2 MiB page, bits 29..13 of 1 GiB
 * Without PW_PSE PS means nothing in 4-byte entries.  At the last level it
 * never does, in any format.  Bits 3, 4 and, in a large page's leaf, 12 never
 * mean anything here, nor do bits 62..52.
 *
 * PW_NOT_CANONICAL is FAULT_GP, with PW_STACK FAULT_SS, error code 0, address
 * 0.  The other faults are FAULT_PF, the error code by PW_FAULT_*, and address
 * is `va`.
 * PW_OK: A is set in every entry on the way, and by a write D in the leaf.  No
 * other bit changes, and an entry in which nothing changes is not written.
 * A fault leaves the leaf as it was, and D everywhere; A above it may be set or
 * not.
 * Each entry on the way is read exactly once, with one phys_read of its size.
 *
 * After the first example of pw_map, with table 1 at 0x3000:
 *
 *   pw_walk(s, 0x00401234, PW_WRITE | PW_USER, r)   PW_OK: pa 0xA234,
 *                                    page_bytes 4096, entry_pa 0x3004, entry
 *                                    0xA067, writable 1, user 1, dirty 1,
 *                                    reads 2
 *   pw_walk(s, 0x00402000, PW_WRITE | PW_USER, r)   PW_NOT_PRESENT: fault is
 *                                    FAULT_PF, 6, 0x00402000
 */
int pw_walk(struct space *space, uint64_t va, uint32_t access,
            struct pw_result *result);

/*
 * pw_unmap - empties the leaves of a range.
 *   va     first address; a multiple of 4,096
 *   bytes  how much: the page that holds the last byte counts whole
 *
 * The checks, in order:
 *   PW_BAD_ARGUMENT  as for pw_map
 *   PW_NOT_MAPPED,   the lowest page of the range that cannot be unmapped is
 *   PW_CONFLICT      not in use; or: it lies in a large page that is not all
 *                    inside the range
 *
 * PW_OK: the leaves are empty, those of swapped pages too: slots, like frames,
 * are the caller's.  A table whose entries are all empty is given back and the
 * entry that led to it emptied, and so on upwards, but the root table stays.
 */
int pw_unmap(struct space *space, uint64_t va, uint64_t bytes);

/*
 * pw_protect - changes the rights of a range.
 *   va, bytes  as for pw_unmap
 *   rights     PW_W, PW_U, with the flag PW_NXE PW_NX; another bit is
 *              PW_BAD_ARGUMENT
 * Returns PW_OK, or what pw_unmap would.
 * PW_OK: W, U and NX of each leaf are as given; but W of a leaf with COW is 0,
 * whatever is given, because writing there is not yet safe.  Nothing else
 * changes: not A, D, G, the software bits or the address, and no entry above.
 * Leaves of swapped pages change in the same way.
 */
int pw_protect(struct space *space, uint64_t va, uint64_t bytes,
               uint64_t rights);

/*
 * pw_next - finds the lowest page in use that ends above `va`: the one that
 *           holds it, or the first that follows.
 *   va    any address; one that is not canonical is passed over with all that
 *         are not
 *   leaf  untouched unless PW_OK
 * Returns PW_OK, PW_BAD_ARGUMENT, or PW_NOT_MAPPED when there is none.  No
 * memory changes.  All pages of a space, in order (of 2^32 bytes, so that the
 * address after the last one is a bad argument):
 *
 *   for (uint64_t va = 0; pw_next(s, va, leaf) == PW_OK;
 *        va = leaf->va + leaf->page_bytes)
 */
int pw_next(struct space *space, uint64_t va, struct pw_leaf *leaf);

/*
 * pw_walk_segmented - BONUS: an access of a program on IA-32, where paging
 *                     follows segmentation.
 *   cpu     of stage segment
 *   space   of a format other than PW_FOUR_LEVEL, else PW_BAD_ARGUMENT
 *   reg     segment register
 *   offset  of the byte in its segment
 *   access  PW_READ, PW_WRITE or PW_EXECUTE, nothing else: the mode is the
 *           user's when cpu->cpl is 3, else the supervisor's
 *   result  as for pw_walk
 * What seg_translate refuses, for one byte, is PW_SEGMENT with its fault, and
 * no entry is read.  Else the linear address is walked: returns as pw_walk.
 */
int pw_walk_segmented(struct seg_cpu *cpu, struct space *space,
                      enum seg_reg reg, uint32_t offset, uint32_t access,
                      struct pw_result *result);

#endif
