/*
 * machine.h - the simulated computer: given, tested, never edited.
 *
 *   physical memory                     frame allocator
 *   0        0x1000   0x2000            one owner per frame, lowest number first
 *   +--------+--------+--------+--      +---+---+---+---+---+---+
 *   | frame 0| frame 1| frame 2| ..     | x | x |   | x |   |   |   x: in use
 *   +--------+--------+--------+--      +---+---+---+---+---+---+
 *
 * A machine is a value: there is no global state, and several may live side by
 * side.  In a graded run the machine stands in the judge's process and every
 * function below that a module may use is a call across the bridge, so that
 * its counters cannot be forged.  A module therefore sees `struct mach` as a
 * token: it keeps the pointer, hands it back, and never looks inside.
 *
 * Words used throughout the kit
 *   frame     4 KiB of physical memory; frame numbers are addresses / 4096
 *   page      4 KiB of virtual memory
 *   pa, va    physical and virtual address, in bytes
 *   fault     what the processor would raise, here a value: struct mach_fault
 *
 * An access to physical memory that does not exist is a bus error.  It is not
 * a status: no correct module ever causes one, so it ends the test and names
 * the address.
 */
#ifndef VMLAB_MACHINE_H
#define VMLAB_MACHINE_H

#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

enum {
    MACH_FRAME_SHIFT = 12,
    MACH_FRAME_BYTES = 1 << MACH_FRAME_SHIFT, /* bytes in a frame and in a page */
};

/* No frame: what frame_alloc and frame_alloc_run return when they fail. */
#define FRAME_NONE UINT64_MAX

struct mach;

/* Exceptions that the modelled hardware raises, by vector (SDM Vol. 3A 6.3.1). */
enum mach_vector {
    FAULT_NONE = 0,
    FAULT_NP = 11, /* segment not present                      */
    FAULT_SS = 12, /* stack segment                            */
    FAULT_GP = 13, /* general protection                       */
    FAULT_PF = 14, /* page fault                               */
};

/* A fault as a value: filled by the function that detects it. */
struct mach_fault {
    uint32_t vector;     /* enum mach_vector                                  */
    uint32_t error_code; /* as the processor would push it                    */
    uint64_t address;    /* CR2: the linear address of a page fault, else 0   */
};

/* ---- Physical memory: for modules and tests ------------------------------ */

/* Reads 1, 4 or 8 bytes, little-endian, at physical address `pa`; the address
 * need not be aligned.  Each call counts as one read.  Ends the test with a
 * bus error unless all bytes lie in physical memory. */
uint8_t phys_read8(struct mach *mach, uint64_t pa);
uint32_t phys_read32(struct mach *mach, uint64_t pa);
uint64_t phys_read64(struct mach *mach, uint64_t pa);

/* Writes 1, 4 or 8 bytes, little-endian, at `pa`.  Each call counts as one
 * write.  Bus error as above.  Always returns 0. */
int phys_write8(struct mach *mach, uint64_t pa, uint8_t value);
int phys_write32(struct mach *mach, uint64_t pa, uint32_t value);
int phys_write64(struct mach *mach, uint64_t pa, uint64_t value);

/* Moves `bytes` bytes from `from` to `to`; the two may overlap, and bytes may
 * be 0.  Counts as one bulk operation, not as reads and writes.  Bus error
 * unless both ranges lie in physical memory.  Always returns 0. */
int phys_move(struct mach *mach, uint64_t to, uint64_t from, uint64_t bytes);

/* Fills frame number `frame` with zero bytes.  Counts as one bulk operation.
 * Bus error when there is no such frame.  Always returns 0. */
int phys_zero_frame(struct mach *mach, uint64_t frame);

/* ---- Frames: for modules and tests --------------------------------------- */

/* Takes the free frame of the lowest number.  Its contents are what the last
 * owner left there.  Returns its number, or FRAME_NONE when none is free or
 * the failure of this allocation has been arranged (frame_fail_at). */
uint64_t frame_alloc(struct mach *mach);

/* Takes `count` free frames in a row, at the lowest number that fits.  Returns
 * the first number, or FRAME_NONE as above and when count is 0. */
uint64_t frame_alloc_run(struct mach *mach, uint64_t count);

/* Gives one frame back; a run is given back frame by frame.  Returns 0.
 * Giving back a frame that is not in use ends the test, named. */
int frame_free(struct mach *mach, uint64_t frame);

/* ---- The processor ------------------------------------------------------- */

/* Tells the hardware that the entry that translates `va` in address space
 * `asid` has changed, so that no translation cached from it is used again.
 * Returns 0; counted and logged. */
int mach_invalidate(struct mach *mach, uint64_t asid, uint64_t va);

/* ---- Controls: for tests alone, out of a module's reach ------------------ */

struct mach_counts {
    uint64_t reads;         /* calls of phys_read*                       */
    uint64_t writes;        /* calls of phys_write*                      */
    uint64_t moves;         /* calls of phys_move                        */
    uint64_t moved_bytes;   /* bytes that they moved                     */
    uint64_t zeroed_frames; /* calls of phys_zero_frame                  */
    uint64_t frame_allocs;  /* calls of frame_alloc and frame_alloc_run, */
                            /* failed ones too                           */
    uint64_t frames_used;   /* frames in use now                         */
    uint64_t invalidations; /* calls of mach_invalidate                  */
};

/* Makes a machine of `frames` frames (1 to 2^28; memory is touched only where
 * it is used), all free and zero.  NULL with errno set when the host has no
 * memory for it.  mach_destroy(NULL) does nothing. */
struct mach *mach_create(uint64_t frames);
void mach_destroy(struct mach *mach);

/* Number of frames of the machine. */
uint64_t mach_frames(const struct mach *mach);

/* A copy of the counters. */
struct mach_counts mach_counts(const struct mach *mach);

/* Makes the k-th allocation from now on fail once (k = 1: the next one);
 * 0 cancels.  frame_alloc_run counts as one allocation. */
void frame_fail_at(struct mach *mach, uint64_t k);

/* Whether frame number `frame` is in use. */
int frame_in_use(const struct mach *mach, uint64_t frame);

/* The lowest frame in use at or above `from`, or FRAME_NONE: for leak
 * reports. */
uint64_t frame_next_used(const struct mach *mach, uint64_t from);

/* Looks at physical memory without counting: copies `bytes` bytes out of or
 * into it.  Returns 0, or -1 when the range is not all in physical memory. */
int mach_peek(const struct mach *mach, uint64_t pa, void *to, uint64_t bytes);
int mach_poke(struct mach *mach, uint64_t pa, const void *from, uint64_t bytes);

/* The last invalidations, newest first: fills at most `room` pairs and returns
 * how many there are to see (at most 64 are remembered). */
struct mach_invalidation {
    uint64_t asid, va;
    uint64_t watched; /* the 8 bytes at the watched address at that moment    */
};
unsigned mach_invalidated(const struct mach *mach,
                          struct mach_invalidation *list, unsigned room);

/* From now on each invalidation remembers the 8 bytes at `pa` as they are when
 * the processor is told (0 where there are none): whether an entry had changed
 * by then. */
void mach_watch(struct mach *mach, uint64_t pa);

/* Supplied by whoever links the machine: ends the test (or program) with the
 * message.  The judge fails the running test with it. */
noreturn void mach_stop(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
