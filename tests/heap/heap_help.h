/*
 * heap_help.h - heaps, blocks and what is in them, for the tests of the stage.
 *
 * No test looks at where a block lies, but through what the contract says:
 * multiples of 16, in the heap or in a mapping, side by side.
 */
#ifndef TESTS_HEAP_HELP_H
#define TESTS_HEAP_HELP_H

#include <errno.h>
#include <string.h>

#include "heap/heap.h"
#include "vmlab_test.h"

enum {
    KIB = 1 << 10,
    MIB = 1 << 20,
    PAGE = KMEM_PAGE_BYTES,
    HEADER = HEAP_HEADER_BYTES,
    SPARE = 48, /* a fit may need so many bytes more                          */
    EDGE = 64,  /* what a heap may keep at the top for itself                 */
};

/* Kernel memory of 12 MiB for the heap and 12 for mappings. */
static inline struct kmem *
new_kmem(void)
{
    return test_kmem(0, 12 * MIB, 12 * MIB);
}

static inline struct heap *
new_heap(struct kmem *kmem)
{
    struct heap *heap = heap_create(kmem);
    check(heap != NULL, "heap_create returned NULL");
    return heap;
}

static inline uint64_t
address(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static inline void *
break_of(struct kmem *kmem)
{
    return kmem_brk(kmem, NULL);
}

/* ---- Blocks ------------------------------------------------------------ */

static inline void *
block_at(const char *file, int line, const char *call, struct kmem *kmem,
         void *p, size_t n)
{
    vmlab_check_memory(file, line, call, kmem, p, n);
    if (address(p) % HEAP_ALIGNMENT != 0)
        vmlab_fail(file, line, call, "the payload %p is no multiple of 16", p);
    vmlab_check_memory(file, line, "the header in front of it", kmem,
                       (char *)p - HEADER, HEADER);
    return p;
}

/* What `call` returns must be a payload of n bytes, which is then the value. */
#define block(kmem, call, n)                                                   \
    block_at(__FILE__, __LINE__, #call, (kmem), (call), (n))

/* A call that must return NULL with this errno. */
#define check_null(call, want_errno)                                           \
    do {                                                                       \
        errno = 0;                                                             \
        void *const null_ = (call);                                            \
        const int errno_ = errno;                                              \
        check(null_ == NULL, "%s returned a pointer", #call);                  \
        check(errno_ == (want_errno), "%s set errno to %s, not %s", #call,     \
              errno_name(errno_), #want_errno);                                \
    } while (0)

static inline const char *
errno_name(int number)
{
    const char *name = number == 0 ? "0" : strerrorname_np(number);
    return name != NULL ? name : "an unknown number";
}

/* Usable bytes, which must be there. */
static inline uint64_t
usable(struct kmem *kmem, struct heap *heap, void *p)
{
    const uint64_t bytes = heap_usable(heap, p);
    check_memory(kmem, p, bytes);
    return bytes;
}

/* `count` blocks of n bytes, one after the other. */
static inline void
take_blocks(struct kmem *kmem, struct heap *heap, void **p, unsigned count,
            size_t n)
{
    for (unsigned i = 0; i < count; i++)
        p[i] = block(kmem, heap_malloc(heap, n), n);
}

static inline void
free_blocks(struct heap *heap, void **p, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        check_status(heap_free(heap, p[i]), HEAP_OK);
}

/* Puts them into the order in which they lie. */
static inline void
sort_blocks(void **p, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        void *const moved = p[i];
        unsigned j = i;
        for (; j > 0 && address(p[j - 1]) > address(moved); j--)
            p[j] = p[j - 1];
        p[j] = moved;
    }
}

/* `count` equal blocks of a fresh heap, in the order in which they lie, side by
 * side. */
static inline void
row_of_blocks(struct kmem *kmem, struct heap *heap, void **p, unsigned count,
              size_t n)
{
    take_blocks(kmem, heap, p, count, n);
    sort_blocks(p, count);
    for (unsigned i = 0; i + 1 < count; i++) {
        const uint64_t next = address(p[i]) + heap_usable(heap, p[i]) + HEADER;
        check(address(p[i + 1]) == next,
              "equal blocks of a fresh heap do not lie side by side: %p with "
              "%llu usable bytes, then %p",
              p[i], (unsigned long long)heap_usable(heap, p[i]), p[i + 1]);
    }
}

/* ---- Contents ---------------------------------------------------------- */

static inline unsigned char
pattern(unsigned seed, size_t i)
{
    return (unsigned char)(seed * 59 + i + (i >> 8) * 13 + 1);
}

/* Fills n bytes that the test may touch. */
static inline void
fill(void *p, size_t n, unsigned seed)
{
    unsigned char *const to = p;
    for (size_t i = 0; i < n; i++)
        to[i] = pattern(seed, i);
}

static inline void
filled_at(const char *file, int line, const char *what, const void *p,
          size_t n, unsigned seed)
{
    const unsigned char *const got = p;
    for (size_t i = 0; i < n; i++) {
        if (got[i] != pattern(seed, i))
            vmlab_fail(file, line, what,
                       "byte %zu of %zu has changed: 0x%02x was written, "
                       "0x%02x is there",
                       i, n, pattern(seed, i), got[i]);
    }
}

/* The n bytes still hold what fill(p, n, seed) has written. */
#define check_filled(p, n, seed)                                               \
    filled_at(__FILE__, __LINE__, "contents of " #p, (p), (n), (seed))

static inline void
zero_at(const char *file, int line, const char *what, const void *p, size_t n)
{
    const unsigned char *const got = p;
    for (size_t i = 0; i < n; i++) {
        if (got[i] != 0)
            vmlab_fail(file, line, what, "byte %zu of %zu is 0x%02x, not zero",
                       i, n, got[i]);
    }
}
#define check_zero(p, n)                                                       \
    zero_at(__FILE__, __LINE__, "contents of " #p, (p), (n))

/* ---- The break --------------------------------------------------------- */

/* `what` does not raise the break. */
#define check_no_growth(kmem, what)                                            \
    do {                                                                       \
        const uint64_t raised_ = kmem_counts(kmem).brk_raised;                 \
        what;                                                                  \
        check(kmem_counts(kmem).brk_raised == raised_,                         \
              "the break was raised although there was room: %s", #what);      \
    } while (0)

/* Bytes between the end of a block and the break. */
static inline uint64_t
above_block(struct kmem *kmem, struct heap *heap, void *p)
{
    return address(break_of(kmem)) - address(p) - usable(kmem, heap, p);
}

/* Everything that a failed call must leave alone. */
static inline void
unchanged_at(const char *file, int line, struct kmem_counts before,
             struct kmem_counts after)
{
    vmlab_check_eq(file, line, "bytes of the heap", after.heap_bytes,
                   before.heap_bytes, "");
    vmlab_check_eq(file, line, "mapped bytes", after.mapped_bytes,
                   before.mapped_bytes, "");
}
#define check_unchanged(kmem, before)                                          \
    unchanged_at(__FILE__, __LINE__, (before), kmem_counts(kmem))

#endif
