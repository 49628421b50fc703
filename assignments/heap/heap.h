/*
 * heap.h - stage 4: malloc over two system calls.
 *
 *   one block
 *
 *        p - 16     p - 8      p                                 p + usable
 *     ---+----------+----------+---------------------------------+---
 *        | size and | yours    | payload: what the caller has    | next block's
 *        | 4 bits   |          |                                 | header, ...
 *     ---+----------+----------+---------------------------------+---
 *        |<----- header ------>|<-- p is a multiple of 16 ------>|
 *
 *   two places
 *
 *     first break                              break
 *     +--------+-------+--------+-----+--------+ - - -     +--------------+
 *     | block  | free  | block  |block| free   |           | large block  |
 *     +--------+-------+--------+-----+--------+ - - -     +--------------+
 *     the heap: kmem_brk                                   a mapping of its
 *                                                          own: kmem_mmap
 *
 * Vocabulary
 *   block      a header of 16 bytes and the payload behind it
 *   live       handed out and not freed since
 *   request    the n that the caller asked for
 *   usable     bytes of payload that a live block really has, at least n
 *   heap       the memory between the first break and the break
 *   top        the free bytes right below the break
 *   mapped     a block in a mapping of its own
 *   sound      nobody but the heap has written to the header
 *
 * Rules that all functions share
 *   - `heap` is NULL: HEAP_BAD_ARGUMENT, or NULL (or 0) with errno = EINVAL.
 *   - A pointer to payload is a multiple of 16.  All usable bytes belong to the
 *     caller: the heap neither reads nor writes them while the block is live.
 *   - The heap keeps everything that it must remember in memory from kmem: it
 *     calls no malloc and has no variables of its own, so that two heaps can
 *     live side by side.  (What it keeps beside headers is up to it: in free
 *     blocks, at the first break, in front of a mapped block's header.)
 *   - When a call fails, all live blocks, the break and the mappings are as
 *     they were, and the heap can be used on.
 *   - The word at p - 16 of a live block holds, in all but its lowest 4 bits,
 *     the block's size: header and usable payload, a multiple of 16.  The
 *     lowest 4 bits and the 8 bytes at p - 8 are the heap's to use.
 *   - A header that is not sound is found out, whichever of its 16 bytes has
 *     changed: by the next heap_free, heap_realloc or heap_usable of that
 *     block.  Until then other calls leave the changed bytes as they are, and
 *     work for all other blocks.
 *
 * You may use: machine/kmem.h; memcpy, memmove, memset, memcmp; errno.
 */
#ifndef VMLAB_HEAP_H
#define VMLAB_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "machine/kmem.h"

enum {
    HEAP_ALIGNMENT = 16,       /* of every payload                            */
    HEAP_HEADER_BYTES = 16,    /* right before it                             */
    HEAP_THRESHOLD = 128 << 10, /* requests from here on are mapped           */
    HEAP_KEEP = 128 << 10,     /* bytes that stay at the top when it shrinks  */
    HEAP_AHEAD = 128 << 10,    /* the most that growing asks for in advance   */
};

enum heap_status {
    HEAP_NOT_IMPLEMENTED = -1,
    HEAP_OK = 0,
    HEAP_BAD_ARGUMENT,
    HEAP_BAD_POINTER, /* not a multiple of 16, or neither in the heap nor in  */
                      /* a mapping of this heap                               */
    HEAP_BAD_HEADER,  /* there is no sound header of a live block before it:  */
                      /* it has been freed before, or overwritten             */
};

enum heap_option {
    HEAP_SET_THRESHOLD, /* instead of HEAP_THRESHOLD                          */
    HEAP_SET_KEEP,      /* instead of HEAP_KEEP                               */
};

struct heap; /* yours to define */

/*
 * heap_create - a heap without blocks.
 *   kmem  where its memory comes from; no other heap uses it, and its break
 *         has not been moved yet.  That break may be any address
 * Returns the heap, or NULL with errno: EINVAL when kmem is NULL, ENOMEM when
 * there is no memory for it, and then the break is where it was.  (ENOSYS: not
 * implemented.)  What it asks for at once is at most HEAP_AHEAD.  The caller
 * destroys it.
 */
struct heap *heap_create(struct kmem *kmem);

/*
 * heap_destroy - gives back all memory, live blocks included: the break is the
 * first break again, and nothing is mapped.
 * Returns HEAP_OK or HEAP_BAD_ARGUMENT.
 */
int heap_destroy(struct heap *heap);

/*
 * heap_malloc - hands out a block.
 *   n  bytes that the caller needs; 0 is a request like any other: each gets a
 *      block of its own
 * A request of the threshold or more gets a mapping of its own, which is at
 * most two pages larger than n; a smaller one lies in the heap.  It is the
 * request that counts, not what becomes of it with header and rounding.
 *
 * In the heap: while some free bytes in a row, with 48 to spare, would hold the
 * block, the break is not moved.  A larger free block is split, and what is
 * left over can be had by others when it is 64 bytes or more.  Otherwise the
 * break goes up in one call, by the block's size plus at most HEAP_AHEAD; bytes
 * free at the top are used first.  Equal blocks that a fresh heap hands out
 * one after the other lie side by side, in any order.
 *
 * Returns the payload, whose contents are anything; or NULL with errno =
 * ENOMEM when brk or mmap gives no memory or n is so large that no size can
 * hold it.  Who is refused may ask again, for less.  A request below the
 * threshold never falls back on a mapping.
 *
 *   heap_malloc(h, 1)       a payload in the heap, heap_usable at least 1
 *   heap_malloc(h, 131071)  in the heap
 *   heap_malloc(h, 131072)  33 or 34 pages of its own: 131072 + 16 do not fit
 *                           into 32
 *   heap_malloc(h, SIZE_MAX - 8)  NULL, ENOMEM: header and rounding overflow
 */
void *heap_malloc(struct heap *heap, size_t n);

/*
 * heap_free - takes a block back.
 *   p  the payload of a live block, or NULL: nothing to do
 * A block in the heap becomes free and joins the free bytes on both sides: at
 * once when it has 4096 bytes or more, and then those put off before join, too;
 * a smaller one at the latest when a request would otherwise move the break.
 * When the top then has more than HEAP_KEEP bytes, the break goes down until
 * HEAP_KEEP of them are left, rounded up to the next page boundary if the heap
 * likes; with HEAP_KEEP or less it stays where it is.  (What the heap keeps at
 * the top for itself, at most 64 bytes, may be counted either way.)
 * A mapped block is unmapped at once.
 *
 * Returns HEAP_OK, or in this order: HEAP_BAD_ARGUMENT, HEAP_BAD_POINTER,
 * HEAP_BAD_HEADER.  A block that has been freed is BAD_HEADER until its bytes
 * are handed out again, also after it has joined others (BAD_POINTER when it
 * is gone from the heap altogether); a pointer outside is never followed.  For
 * a pointer to the heap's own bytes before its first block both are right.
 *
 *   heap_free(h, p)      HEAP_OK
 *   heap_free(h, p)      HEAP_BAD_HEADER: freed before
 *   heap_free(h, p + 8)  HEAP_BAD_POINTER
 */
int heap_free(struct heap *heap, void *p);

/*
 * heap_calloc - a block for `count` things of `size` bytes, all bytes that were
 * asked for zero.  count * size is the request.
 * Returns as heap_malloc; ENOMEM, too, when count * size cannot be held.
 *
 *   heap_calloc(h, 3, 100)                  300 zero bytes
 *   heap_calloc(h, (size_t)1 << 32, (size_t)1 << 32)  NULL, ENOMEM
 */
void *heap_calloc(struct heap *heap, size_t count, size_t size);

/*
 * heap_realloc - gives a block another size.
 *   p  NULL: as heap_malloc(heap, n)
 *   n  0 (and p not NULL): as heap_free(heap, p), and returns NULL with errno
 *      as it was
 * The first min(old request, n) bytes keep their contents, whether the block
 * moves or not.  A block below the threshold lies in the heap afterwards, one
 * from the threshold on in a mapping, wherever it was before; a mapping is
 * then again at most two pages larger than n.
 * A block that stays in the heap stays where it is when n fits into it, and
 * when the bytes behind it are free and enough (with 48 to spare), or it is
 * the last before the top and the break can go up.  What a smaller block no
 * longer needs becomes free if it is 64 bytes or more.
 * Returns the payload, old or new; or NULL with errno, and then the old block
 * is live and as it was: ENOMEM as heap_malloc (a block that the break does not
 * let grow may move to free bytes elsewhere instead), EINVAL where heap_free would
 * return BAD_POINTER or BAD_HEADER.
 *
 *   p = heap_malloc(h, 100), then heap_realloc(h, p, 40)   p, and the tail can
 *                                                          be had by others
 *   heap_realloc(h, p, 200000)   a mapping with p's contents; p is free
 */
void *heap_realloc(struct heap *heap, void *p, size_t n);

/*
 * heap_usable - how many bytes of payload a live block has: at least its
 * request, at most 96 more in the heap, at most two pages more in a mapping.
 * Returns 0 with errno = EINVAL where heap_free would return BAD_POINTER or
 * BAD_HEADER, and 0 when p is NULL.  (UINT64_MAX: not implemented.)
 */
uint64_t heap_usable(struct heap *heap, void *p);

/*
 * heap_set - changes an option from now on.
 *   option  HEAP_SET_THRESHOLD: value is above 0; blocks that are live stay
 *           where they are until they are freed or get another size
 *           HEAP_SET_KEEP: any value; counts when a block of 4096 bytes or
 *           more is freed next
 * Returns HEAP_OK, or HEAP_BAD_ARGUMENT and then nothing has changed.
 */
int heap_set(struct heap *heap, enum heap_option option, uint64_t value);

/* ---- BONUS ------------------------------------------------------------- */

/*
 * heap_aligned - BONUS: heap_malloc with a payload that is a multiple of
 * `alignment`, a power of two; up to 16 it is heap_malloc.
 * The block is one like any other for every function; in the heap, the bytes
 * passed over to reach the multiple are free for others when they are 64 or
 * more, and heap_usable is as for heap_malloc.  A search, a growth of the heap
 * and a mapping may each be for alignment + 64 bytes more than the block needs.
 * Returns as heap_malloc; NULL with errno = EINVAL when alignment is 0 or no
 * power of two.
 *
 *   heap_aligned(h, 4096, 100)   a multiple of 4096, freed by heap_free
 *   heap_aligned(h, 24, 100)     NULL, EINVAL
 */
void *heap_aligned(struct heap *heap, size_t alignment, size_t n);

/* What heap_check found.  Untouched unless HEAP_OK or HEAP_BAD_HEADER. */
struct heap_report {
    uint64_t blocks; /* live blocks, mapped ones included; HEAP_OK only       */
    uint64_t bytes;  /* their usable bytes together; HEAP_OK only             */
    void *bad;       /* payload of a block whose header is not sound, or NULL */
};

/*
 * heap_check - BONUS: looks at the header of every live block, mapped ones
 * included.  Changes nothing.
 * Returns HEAP_OK, HEAP_BAD_ARGUMENT, or HEAP_BAD_HEADER when some header is
 * not sound: report->bad then says which block's; of several any.
 *
 *   a heap with one block of 100 bytes    HEAP_OK; blocks 1, bytes 100 or more
 *   ... after its byte p[-1] was changed  HEAP_BAD_HEADER; bad == p
 */
int heap_check(struct heap *heap, struct heap_report *report);

#endif
