/*
 * segment.h - stage segment: addresses through segments, and room for them.
 *
 * A program says "byte 0x20 of my data segment"; the processor looks up where
 * that segment lies, whether the program may do that, and adds.  You write
 * both halves of it: the processor's (seg_) after Intel's IA-32, and the
 * operating system's (place_), which finds room for segments in memory.
 *
 * A descriptor describes one segment.  It is 8 bytes in a table in memory:
 *
 *   63         56 55  54  53  52  51      48 47 46 45 44 43   40 39        32
 *  +-------------+---+---+---+---+----------+--+-----+--+-------+------------+
 *  | base 31..24 | G |D/B| - | - |limit19..16|P | DPL | S| type  |base 23..16|
 *  +-------------+---+---+---+---+----------+--+-----+--+-------+------------+
 *  |            base 15..0                  |           limit 15..0          |
 *  +----------------------------------------+--------------------------------+
 *   31                                    16 15                             0
 *
 * A selector names a descriptor:
 *
 *   15              3   2   1   0
 *  +-----------------+----+-------+
 *  |      index      | TI |  RPL  |
 *  +-----------------+----+-------+
 *
 * The type, when S is 1, says what may be done with the segment:
 *
 *          bit 3   bit 2         bit 1      bit 0
 *   data   0       expand-down   writable   accessed
 *   code   1       conforming    readable   accessed
 *
 * Vocabulary
 *   GDT, LDT     the two descriptor tables; TI = 0 selects the GDT, 1 the LDT
 *   null         a selector of index 0 and TI = 0, whatever its RPL: 0 to 3
 *   CPL          privilege of the running program, 0 (most) to 3 (least)
 *   DPL          privilege that a descriptor demands
 *   RPL          privilege that a selector claims
 *   hidden copy  what a segment register remembers of the descriptor, so that
 *                an access need not read the table again
 *   linear       address after segmentation; without paging, the physical one
 *
 * Rules that all functions share
 *   - Status enumerators stand in the order of the checks: when several apply,
 *     the first is returned.
 *   - A NULL pointer to a struct or word, an enumerator out of its range, or a
 *     size of 0 is BAD_ARGUMENT.
 *   - Whatever is not OK has changed nothing, in memory or in a struct, but the
 *     struct mach_fault that the function names.
 *   - Given, so never checked: cpu->mach is a machine; cpu->cpl is 0 to 3; all
 *     of a table, up to its limit, lies in the machine's memory.
 *   - A function marked BONUS (or a part of one) may stay not implemented and
 *     return -1; the required part never asks for it.
 *
 * You may use: phys_read*, phys_write* and phys_move of machine/machine.h, and
 * of the C library malloc, calloc, realloc, free, memcpy, memmove, memset,
 * memcmp, qsort, bsearch, assert, printf, puts, snprintf, errno.
 */
#ifndef VMLAB_SEGMENT_H
#define VMLAB_SEGMENT_H

#include <stdint.h>

#include "machine/machine.h"

/* ---- The processor's half: seg_ ------------------------------------------ */

/* Bits of `type` while `s` is 1. */
enum seg_type {
    SEG_TYPE_ACCESSED = 1,    /* the processor has loaded it                 */
    SEG_TYPE_WRITABLE = 2,    /* data: may be written (read: always)         */
    SEG_TYPE_READABLE = 2,    /* code: may be read too (written: never)      */
    SEG_TYPE_EXPAND_DOWN = 4, /* data: offsets above the limit, not below    */
    SEG_TYPE_CONFORMING = 4,  /* code: may run with a CPL higher than DPL    */
    SEG_TYPE_CODE = 8,        /* code, else data                             */
};

enum seg_status {
    SEG_NOT_IMPLEMENTED = -1,
    SEG_OK = 0,
    SEG_BAD_ARGUMENT,
    SEG_NULL,        /* null selector, or a register that holds none          */
    SEG_TABLE_LIMIT, /* load: the descriptor is not all inside its table      */
    SEG_WRONG_TYPE,  /* load: not a kind of segment for this register         */
    SEG_PRIVILEGE,   /* load: CPL, RPL and DPL forbid it                      */
    SEG_NOT_PRESENT, /* load: P is 0                                          */
    SEG_RIGHTS,      /* translate: such an access is never allowed there      */
    SEG_LIMIT,       /* translate: not all bytes are inside the segment       */
};

/* Segment registers, numbered as in machine code. */
enum seg_reg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_REG_COUNT };

enum seg_access {
    SEG_READ,
    SEG_WRITE,
    SEG_EXECUTE, /* an instruction fetch */
};

/* A descriptor, taken apart. */
struct seg_descriptor {
    uint32_t base;     /* linear address of offset 0                          */
    uint32_t limit;    /* offset of the last byte, in bytes: G is worked in   */
    uint32_t type;     /* bits 43..40                                         */
    uint32_t s;        /* 1: code or data; 0: a system descriptor             */
    uint32_t dpl;      /* 0 to 3                                              */
    uint32_t present;  /* P, 0 or 1                                           */
    uint32_t big;      /* D/B, 0 or 1                                         */
    uint32_t granular; /* G, 0 or 1                                           */
};

struct seg_register {
    uint32_t selector; /* as loaded; in CS the RPL bits hold the CPL          */
    uint32_t usable;   /* 1: `copy` counts; 0: null, accesses fault           */
    struct seg_descriptor copy; /* the hidden copy; of no meaning while       */
                                /* usable is 0                                */
};

/* Where a descriptor table lies. */
struct seg_table {
    uint32_t base;  /* physical address of descriptor 0; need not be aligned  */
    uint32_t limit; /* offset of the table's last byte, at most 0xFFFF; 0: no */
                    /* descriptor                                             */
};

/* A processor.  It is made by a test, all zero but for what the test fills in:
 * every register then holds null.  A test may also fill in a register itself
 * instead of loading it. */
struct seg_cpu {
    struct mach *mach; /* whose memory holds the tables                       */
    struct seg_table gdt, ldt;
    uint32_t cpl;      /* no function of this stage changes it                */
    uint32_t reserved; /* 0; leave it alone                                   */
    struct seg_register reg[SEG_REG_COUNT];
};

/* What seg_translate found. */
struct seg_result {
    uint32_t linear;         /* untouched unless SEG_OK                       */
    struct mach_fault fault; /* untouched unless the status is a fault        */
};

/*
 * seg_decode - takes a descriptor apart.
 *   raw         the 8 bytes as one little-endian word
 *   descriptor  filled in; untouched unless SEG_OK
 * Every word can be decoded: system descriptors and those that are not present
 * too.  limit is the 20-bit field when G is 0; when G is 1 it counts units of
 * 4 KiB, of which the last belongs to the segment whole: field * 0x1000 +
 * 0xFFF.  Bits 52 and 53 mean nothing here.
 * Returns SEG_OK or SEG_BAD_ARGUMENT.
 *
 *   seg_decode(0x00CF9A000000FFFF)   base 0, limit 0xFFFFFFFF, type 0xA, s 1,
 *                                    dpl 0, present 1, big 1, granular 1
 *   seg_decode(0x12407234567800FF)   base 0x12345678, limit 0xFF, type 2, s 1,
 *                                    dpl 3, present 0, big 1, granular 0
 */
int seg_decode(uint64_t raw, struct seg_descriptor *descriptor);

/*
 * seg_load - loads a segment register with a selector, as a MOV to it does; CS
 *            as a far jump does.
 *   reg       which
 *   selector  what to load
 *   fault     what the processor raises; untouched unless the status is one of
 *             the faults below
 *
 * The checks, in order, and the vector of the fault:
 *   SEG_NULL         null selector for CS or SS                           #GP
 *                    (for DS, ES, FS, GS null is no fault: see below)
 *   SEG_TABLE_LIMIT  not all 8 bytes of the descriptor, which begins at
 *                    index * 8, lie within the table's limit              #GP
 *   SEG_WRONG_TYPE   s is 0; or, in SS: not writable data; in CS: not
 *                    code; in the others: code that is not readable       #GP
 *   SEG_PRIVILEGE    in SS: unless RPL = CPL and DPL = CPL;               #GP
 *                    in CS, not conforming: unless RPL <= CPL and
 *                    DPL = CPL;
 *                    in CS, conforming (BONUS): unless DPL <= CPL (the
 *                    RPL does not count);
 *                    in the others: unless CPL <= DPL and RPL <= DPL, but
 *                    conforming code needs neither
 *   SEG_NOT_PRESENT  P is 0: #SS for SS, else                             #NP
 * fault->error_code is the selector with its RPL bits cleared (so 0 for null),
 * fault->address is 0.
 *
 * A fault leaves *cpu and physical memory as they were.  No memory is read
 * before the first two checks have passed.
 * SEG_OK: the register holds the selector, usable = 1 and the hidden copy; in
 * CS the selector's RPL bits are replaced by the CPL.  The accessed bit (bit 0
 * of type) is set in the descriptor's byte in memory, and shows in the hidden
 * copy; no other bit of memory changes.  The CPL, the tables and the other
 * registers are as before.
 * A null selector in DS, ES, FS or GS is SEG_OK, too: the register holds it,
 * RPL included, with usable = 0; memory is neither read nor written.
 *
 * With the GDT at 0x1000, limit 0x1F, CPL 3, and at 0x1010 (index 2) the bytes
 * of 0x0040F2345678FFFF (data, writable, DPL 3, base 0x345678, limit 0xFFFF):
 *
 *   seg_load(cpu, SEG_DS, 0x13, f)  SEG_OK; selector 0x13, usable 1, copy.base
 *                                   0x345678, copy.type 3; byte 0x1015: 0xF3
 *   seg_load(cpu, SEG_DS, 0x23, f)  SEG_TABLE_LIMIT: index 4 would need a limit
 *                                   of 0x27; *f is FAULT_GP, 0x20, 0
 */
int seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
             struct mach_fault *fault);

/*
 * seg_translate - the linear address of an access through a register.
 *   reg     which
 *   offset  of the first byte within the segment
 *   size    bytes, at least 1; all of them must be inside
 *   access  what is done to them
 *   result  see struct seg_result
 *
 * The checks, in order:
 *   SEG_NULL    usable is 0
 *   SEG_RIGHTS  SEG_WRITE needs writable data; SEG_READ data or readable code;
 *               SEG_EXECUTE code.  The register does not matter: whichever
 *               holds code lets it be fetched
 *   SEG_LIMIT   a byte of the access lies outside:
 *               - data that expands down has the bytes limit + 1 to 0xFFFFFFFF
 *                 when big is 1, to 0xFFFF when big is 0
 *               - every other segment has the bytes 0 to limit
 *               - offset + size - 1 above 0xFFFFFFFF is outside always: an
 *                 access does not come round to offset 0 again
 * Each is #SS when reg is SEG_SS, else #GP, with error code 0 and address 0.
 * SEG_OK: result->linear is base + offset modulo 2^32.
 *
 * Only the hidden copy counts: *cpu is not changed, physical memory is neither
 * read nor written, and a descriptor changed in memory since has no effect.
 * Privileges were checked by the load and are not looked at again.
 *
 * DS holding base 0x400000, limit 0xFFF, read-only data:
 *
 *   seg_translate(cpu, SEG_DS, 0xFFC, 4, SEG_READ, r)  SEG_OK, linear 0x400FFC
 *   seg_translate(cpu, SEG_DS, 0xFFD, 4, SEG_READ, r)  SEG_LIMIT; byte 0x1000
 *                                   is outside; r->fault is FAULT_GP, 0, 0
 */
int seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset,
                  uint32_t size, enum seg_access access,
                  struct seg_result *result);

/* ---- The operating system's half: place_ --------------------------------- */

/*
 *   0          0x400       0x700             0xC00       0xFFF
 *   +-----------+-----------+-----------------+-----------+
 *   | segment   |   hole    |  segment        |   hole    |   a region of
 *   +-----------+-----------+-----------------+-----------+   0x1000 bytes
 *
 * A region of memory, from address 0 on, in which segments are placed.  A hole
 * is a row of free bytes with a segment or an end of the region on both sides,
 * so two holes never touch.  Sizes are taken exactly: nothing is rounded,
 * aligned or kept in the region itself.
 */
enum place_status {
    PLACE_NOT_IMPLEMENTED = -1,
    PLACE_OK = 0,
    PLACE_BAD_ARGUMENT,
    PLACE_NO_SPACE,   /* no hole is as large as that                          */
    PLACE_NO_SEGMENT, /* no segment begins at that address                    */
    PLACE_NO_MEMORY,  /* malloc failed                                        */
};

/* Which of the holes that are large enough; of several alike the lowest. */
enum place_fit {
    PLACE_FIRST_FIT, /* the lowest                                            */
    PLACE_BEST_FIT,  /* the smallest                                          */
    PLACE_WORST_FIT, /* BONUS: the largest                                    */
};

struct place_stat {
    uint64_t free_bytes;         /* in all holes together                     */
    uint64_t largest_hole_bytes; /* 0 when there is no hole                   */
    uint64_t hole_count;
    uint64_t segment_count;
};

struct place; /* yours to define */

/*
 * place_create - a region of `bytes` bytes, without a segment.
 * Returns it, or NULL with errno: EINVAL when bytes is 0, ENOMEM when malloc
 * failed.  (ENOSYS: not implemented.)  The caller destroys it.
 */
struct place *place_create(uint64_t bytes);

/*
 * place_destroy - frees all that `place` and its functions have allocated.
 * Returns PLACE_OK or PLACE_BAD_ARGUMENT.
 */
int place_destroy(struct place *place);

/*
 * place_alloc - places a segment.
 *   fit    which hole; the segment lies at that hole's lowest address
 *   bytes  of the segment, at least 1
 *   base   its address; untouched unless PLACE_OK
 * Returns PLACE_OK, PLACE_BAD_ARGUMENT, PLACE_NO_SPACE or PLACE_NO_MEMORY.
 *
 * In the picture above:
 *   PLACE_FIRST_FIT, 0x100 bytes    at 0x400
 *   PLACE_BEST_FIT,  0x300 bytes    at 0x400: it fits exactly
 *   PLACE_BEST_FIT,  0x500 bytes    PLACE_NO_SPACE, although 0x700 are free
 */
int place_alloc(struct place *place, enum place_fit fit, uint64_t bytes,
                uint64_t *base);

/*
 * place_free - takes the segment at `base` away.  Its bytes become free and
 * join the holes beside them.
 * Returns PLACE_OK, PLACE_BAD_ARGUMENT, or PLACE_NO_SEGMENT unless `base` is
 * where a segment begins: its middle, a hole, or one freed before is none.
 */
int place_free(struct place *place, uint64_t base);

/*
 * place_stat - counts.
 *   stat  untouched unless PLACE_OK
 * Returns PLACE_OK or PLACE_BAD_ARGUMENT.  In the picture above: 0x700 bytes
 * free, largest hole 0x400, 2 holes, 2 segments.
 */
int place_stat(struct place *place, struct place_stat *stat);

/*
 * place_compact - BONUS: slides all segments down until none has a hole below
 * it, in the order in which they lie, with their contents.
 *   mach   the machine whose physical memory, from address 0, the region is
 *   moved  how many bytes were moved: the sizes of all segments whose address
 *          changed; untouched unless PLACE_OK
 * Contents are moved with phys_move and no byte that is not in `moved`: a
 * segment that is where it belongs stays.  Bytes outside of segments may hold
 * anything afterwards.  From then on a segment is known by its new address,
 * the sum of the sizes of those below it.
 * Returns PLACE_OK or PLACE_BAD_ARGUMENT.
 *
 * In the picture above the second segment moves from 0x700 to 0x400: moved is
 * 0x500, and one hole of 0x700 bytes is left, at 0x900.
 */
int place_compact(struct place *place, struct mach *mach, uint64_t *moved);

#endif
