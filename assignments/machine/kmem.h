/*
 * kmem.h - kernel memory: the two system calls from which a heap gets its
 * memory.  Given, tested, never edited.
 *
 *   low                                                              high
 *   +-------+------------------+ - - - - - - - +----+--+----------+--+
 *   |       | the heap's       |               | m2 |  |    m1    |  |
 *   |       | memory           |   nothing     |    |  |          |  |
 *   +-------+------------------+ - - - - - - - +----+--+----------+--+
 *           ^                  ^                 mappings, downward; never
 *      first break      the break: kmem_brk      side by side
 *
 * This is real memory: a pointer that comes from here is used as any other.
 * What was not asked for, or has been given back, is not there: touching it
 * is a segmentation fault.
 *
 * A module sees `struct kmem` as a token: it keeps the pointer, hands it back,
 * and never looks inside.  In a graded run each call below crosses to the
 * judge, which counts it and may refuse it.  Nobody but the module moves the
 * break.
 */
#ifndef VMLAB_KMEM_H
#define VMLAB_KMEM_H

#include <stddef.h>
#include <stdint.h>

enum { KMEM_PAGE_BYTES = 4096 };

struct kmem;

/* ---- For modules and tests --------------------------------------------- */

/*
 * kmem_brk - moves the break, as the system call brk of Linux does.
 *   end  where the break is to be, any address from the first break on; it
 *        need not be a multiple of anything.  NULL only asks
 * Returns the break as it is afterwards: `end`, or, when that cannot be had,
 * the old one, unchanged.
 *
 * The first break need not be aligned either.  A page that the break enters
 * for the first time is zero; when the break goes down, the pages that then
 * lie wholly above it are given back, and are zero when they come again.  The
 * page that the break cuts in two keeps what is in it.
 */
void *kmem_brk(struct kmem *kmem, void *end);

/*
 * kmem_mmap - maps fresh memory, away from the heap.
 *   bytes  how much, above 0; rounded up to whole pages
 * Returns its address, a multiple of KMEM_PAGE_BYTES; all bytes are zero.
 * NULL with errno = ENOMEM when it cannot be had, EINVAL when bytes is 0.
 */
void *kmem_mmap(struct kmem *kmem, size_t bytes);

/*
 * kmem_munmap - gives mapped memory back: a whole mapping, or some of its
 *               pages.
 *   address  a multiple of KMEM_PAGE_BYTES
 *   bytes    above 0; rounded up to whole pages, all of them mapped
 * Returns 0, or -1 with errno = EINVAL, and then nothing is given back.
 */
int kmem_munmap(struct kmem *kmem, void *address, size_t bytes);

/* ---- Controls: for tests alone, out of a module's reach ---------------- */

struct kmem_counts {
    uint64_t brk_calls;    /* calls of kmem_brk that were to move the break   */
    uint64_t brk_raised;   /* those that moved it up                          */
    uint64_t brk_lowered;  /* those that moved it down                        */
    uint64_t mmap_calls;   /* failed ones too                                 */
    uint64_t munmap_calls; /* failed ones too                                 */
    uint64_t refused;      /* calls of any kind that did not do as asked      */
    uint64_t heap_bytes;   /* from the first break to the break, now          */
    uint64_t mapped_bytes; /* in mappings, now                                */
    uint64_t mappings;     /* now                                             */
    uint64_t peak_bytes;   /* highest heap_bytes + mapped_bytes so far        */
};

/* A copy of the counters. */
struct kmem_counts kmem_counts(const struct kmem *kmem);

/* Makes the k-th call from now on that asks for more memory (kmem_mmap, or
 * kmem_brk upward) fail once (k = 1: the next one); 0 cancels. */
void kmem_fail_at(struct kmem *kmem, uint64_t k);

/* Whether all of `bytes` (> 0) bytes from `address` on have been handed out:
 * they lie in the heap's memory or in one mapping. */
int kmem_holds(const struct kmem *kmem, const void *address, uint64_t bytes);

/* Whether `address` lies in the heap's memory; in a mapping. */
int kmem_in_heap(const struct kmem *kmem, const void *address);
int kmem_in_mapping(const struct kmem *kmem, const void *address);

/* What memory a kmem hands out, and who is told. */
struct kmem_config {
    void *base;           /* page-aligned; all of it readable, writable, zero */
    uint64_t bytes;       /* all of it, whole pages                           */
    uint64_t first_break; /* bytes above base                                 */
    uint64_t heap_bytes;  /* how far the break may go above the first         */

    /* Told whenever the bytes [from, from + bytes) are handed out (on = 1) or
     * given back (on = 0).  Given back, the pages that begin there must be
     * forgotten: they are zero when they are handed out again.  NULL: kmem
     * fills them with zero itself, and that is all. */
    void (*access)(void *context, char *from, uint64_t bytes, int on);
    void *context;
};

/* Makes one; NULL with errno set when the configuration makes no sense or
 * malloc fails.  kmem_destroy(NULL) does nothing; the memory is the caller's
 * again. */
struct kmem *kmem_create(const struct kmem_config *config);
void kmem_destroy(struct kmem *kmem);

#endif
