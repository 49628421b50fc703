/*
 * power_of_two_lists.c - a list of free blocks for each power of two, sorted by
 * address, searched for the lowest that fits.
 */
#include "heap/heap.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
    LIVE = 1,
    FREE = 2,
    STATE = 3,
    LOW = 4, /* the block below is free; its size stands in its last word    */
    HEADER = HEAP_HEADER_BYTES,
    PAGE = KMEM_PAGE_BYTES,
    SMALLEST = 48,
    AHEAD = HEAP_AHEAD,
};

struct block {
    uint64_t word;
    uint64_t check;
};

struct links {
    struct block *next;
};

struct mapped {
    struct mapped *next, *prev;
    char *start, *end;
};

struct heap {
    struct kmem *kmem;
    char *start;
    struct block *first, *end;
    uint64_t threshold, keep;
    struct mapped *mapped;
    struct block *list[64];
};

static size_t
up(size_t bytes, size_t multiple)
{
    return (bytes + multiple - 1) & ~(multiple - 1);
}

static uint64_t
check_of(const struct block *b, uint64_t word)
{
    uint64_t x = word + (uintptr_t)b * 0xD6E8FEB86659FD93;
    x = (x ^ x >> 32) * 0xD6E8FEB86659FD93;
    return x ^ x >> 32;
}

static size_t
size_of(const struct block *b)
{
    return b->word & ~(uint64_t)15;
}

static struct block *
above(struct block *b)
{
    return (struct block *)((char *)b + size_of(b));
}

/* Whether the block is sound and in that state. */
static bool
is(const struct block *b, unsigned state)
{
    return (b->word & STATE) == state && b->check == check_of(b, b->word);
}

/* Writes a header; whether the block below is free stays as it is. */
static void
seal(struct block *b, size_t size, unsigned state)
{
    b->word = size | state;
    b->check = check_of(b, b->word);
}

/* The block below b is free (or not); a damaged header is left alone. */
static void
mark(struct block *b, bool low)
{
    if (is(b, LIVE) || is(b, FREE)) {
        b->word = (b->word & ~(uint64_t)LOW) | (low ? LOW : 0);
        b->check = check_of(b, b->word);
    }
}

static struct block **
next_of(struct block *b)
{
    return &((struct links *)(b + 1))->next;
}

static unsigned
list_for(size_t size)
{
    return 63 - (unsigned)__builtin_clzll(size);
}

/* Where a block of that size and address is, or should be, linked from. */
static struct block **
place(struct heap *heap, const struct block *b, size_t size)
{
    struct block **at = &heap->list[list_for(size)];
    while (*at != NULL && *at < b)
        at = next_of(*at);
    return at;
}

static void
insert(struct heap *heap, struct block *b)
{
    struct block **const at = place(heap, b, size_of(b));
    *next_of(b) = *at;
    *at = b;
}

static void
erase(struct heap *heap, struct block *b)
{
    *place(heap, b, size_of(b)) = *next_of(b);
}

static struct block *
find(struct heap *heap, size_t size)
{
    for (unsigned i = list_for(size); i < 64; i++) {
        for (struct block *b = heap->list[i]; b != NULL; b = *next_of(b)) {
            if (size_of(b) >= size)
                return b;
        }
    }
    return NULL;
}

static void
make_free(struct heap *heap, struct block *b, size_t size)
{
    seal(b, size, FREE);
    ((size_t *)above(b))[-1] = size;
    mark(above(b), true);
    insert(heap, b);
}

/* Frees a block and joins it with its neighbours. */
static void
give(struct heap *heap, struct block *b)
{
    size_t size = size_of(b);
    struct block *const next = above(b);
    if (is(next, FREE)) {
        erase(heap, next);
        size += size_of(next);
        next->check = ~next->check;
    }
    if (b->word & LOW) {
        const size_t low = ((size_t *)b)[-1];
        b->check = ~b->check;
        b = (struct block *)((char *)b - low);
        erase(heap, b);
        size += low;
    }
    make_free(heap, b, size);
}

static struct block *
top(struct heap *heap)
{
    return heap->end->word & LOW
               ? (struct block *)((char *)heap->end -
                                  ((size_t *)heap->end)[-1])
               : NULL;
}

static struct block *
grow(struct heap *heap, size_t size)
{
    struct block *const b = heap->end;
    const size_t have = top(heap) != NULL ? size_of(top(heap)) : 0;
    const size_t more = up(size - have, 16) + AHEAD;
    char *const to = (char *)b + HEADER + more;
    if (kmem_brk(heap->kmem, to) != to)
        return NULL;
    heap->end = (struct block *)to - 1;
    seal(heap->end, 0, LIVE);
    b->word = more | LIVE | (b->word & LOW);
    give(heap, b);
    return top(heap);
}

static void
shrink(struct heap *heap)
{
    struct block *const b = top(heap);
    const size_t keep = up(heap->keep < SMALLEST ? SMALLEST : heap->keep, 16);
    if (b == NULL || size_of(b) <= heap->keep || size_of(b) <= keep)
        return;
    erase(heap, b);
    heap->end = (struct block *)((char *)b + keep);
    seal(heap->end, 0, LIVE);
    make_free(heap, b, keep);
    kmem_brk(heap->kmem, heap->end + 1);
}

/* Cuts a live block down to `size`. */
static void
cut(struct heap *heap, struct block *b, size_t size)
{
    const size_t rest = size_of(b) - size;
    if (rest < SMALLEST)
        return;
    seal(b, size, LIVE | (b->word & LOW));
    seal(above(b), rest, LIVE);
    give(heap, above(b));
}

/* Takes a free block into use; the rest above stays free. */
static struct block *
use(struct heap *heap, struct block *b, size_t size)
{
    erase(heap, b);
    seal(b, size_of(b), LIVE);
    mark(above(b), false);
    cut(heap, b, size);
    return b;
}

/* The same block with another size; false when it would have to move. */
static bool
stretch(struct heap *heap, struct block *b, size_t size)
{
    if (size > size_of(b)) {
        struct block *next = above(b);
        const bool open = is(next, FREE);
        const size_t room = size_of(b) + (open ? size_of(next) : 0);
        if (room < size) {
            if ((struct block *)((char *)b + room) != heap->end ||
                grow(heap, size - size_of(b)) == NULL)
                return false;
        }
        erase(heap, next);
        const size_t all = size_of(b) + size_of(next);
        next->check = ~next->check;
        seal(b, all, LIVE | (b->word & LOW));
        mark(above(b), false);
    }
    cut(heap, b, size);
    return true;
}

/* Cuts an aligned block out of a live one that is large enough. */
static struct block *
align(struct heap *heap, struct block *b, size_t alignment, size_t size)
{
    const uintptr_t p = (uintptr_t)(b + 1);
    if (p % alignment != 0) {
        struct block *const high =
            (struct block *)up(p + SMALLEST, alignment) - 1;
        const size_t front = (size_t)((char *)high - (char *)b);
        seal(high, size_of(b) - front, LIVE);
        seal(b, front, LIVE | (b->word & LOW));
        give(heap, b);
        b = high;
    }
    cut(heap, b, size);
    return b;
}

/* ---- Mapped blocks ----------------------------------------------------- */

static struct mapped *
find_mapped(struct heap *heap, const void *p)
{
    struct mapped *m = heap->mapped;
    while (m != NULL &&
           ((const char *)p < (char *)m || (const char *)p >= m->end))
        m = m->next;
    return m;
}

static void *
map(struct heap *heap, size_t alignment, size_t n)
{
    const size_t front = sizeof(struct mapped) + HEADER;
    const size_t slack = alignment > 16 ? alignment : 0;
    const size_t bytes = up(front + slack + n, PAGE);
    char *const start = kmem_mmap(heap->kmem, bytes);
    if (start == NULL)
        return NULL;
    char *const p =
        (char *)(uintptr_t)up((uintptr_t)start + front, alignment);
    struct mapped *const m = (struct mapped *)(p - front);
    m->start = start;
    m->end = start + bytes;
    m->prev = NULL;
    m->next = heap->mapped;
    if (m->next != NULL)
        m->next->prev = m;
    heap->mapped = m;
    seal((struct block *)(p - HEADER), (size_t)(m->end - p) + HEADER, LIVE);
    return p;
}

static void
unmap(struct heap *heap, struct mapped *m)
{
    if (m->next != NULL)
        m->next->prev = m->prev;
    if (m->prev != NULL)
        m->prev->next = m->next;
    else
        heap->mapped = m->next;
    kmem_munmap(heap->kmem, m->start, (size_t)(m->end - m->start));
}

/* ---- The contract ------------------------------------------------------ */

struct heap *
heap_create(struct kmem *kmem)
{
    if (kmem == NULL) {
        errno = EINVAL;
        return NULL;
    }
    char *const start = kmem_brk(kmem, NULL);
    struct heap *const heap = (struct heap *)up((uintptr_t)start, 16);
    char *const first = (char *)heap + up(sizeof *heap, 16);
    char *const end = first + HEADER;
    if (kmem_brk(kmem, end) != end) {
        errno = ENOMEM;
        return NULL;
    }
    memset(heap, 0, sizeof *heap);
    heap->kmem = kmem;
    heap->start = start;
    heap->first = heap->end = (struct block *)first;
    heap->threshold = HEAP_THRESHOLD;
    heap->keep = HEAP_KEEP;
    seal(heap->end, 0, LIVE);
    return heap;
}

int
heap_destroy(struct heap *heap)
{
    if (heap == NULL)
        return HEAP_BAD_ARGUMENT;
    while (heap->mapped != NULL)
        unmap(heap, heap->mapped);
    kmem_brk(heap->kmem, heap->start);
    return HEAP_OK;
}

static size_t
size_for(size_t n)
{
    const size_t size = up(n + HEADER, 16);
    return size < SMALLEST ? SMALLEST : size;
}

static bool
is_too_much(size_t n)
{
    return n > PTRDIFF_MAX - 4 * PAGE;
}

static struct block *
take(struct heap *heap, size_t size)
{
    struct block *b = find(heap, size);
    if (b == NULL)
        b = grow(heap, size);
    return b != NULL ? use(heap, b, size) : NULL;
}

void *
heap_aligned(struct heap *heap, size_t alignment, size_t n)
{
    if (heap == NULL || alignment == 0 || (alignment & (alignment - 1)) != 0) {
        errno = EINVAL;
        return NULL;
    }
    if (is_too_much(n) || alignment > PTRDIFF_MAX / 2 - n) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = NULL;
    if (n >= heap->threshold) {
        p = map(heap, alignment < 16 ? 16 : alignment, n);
    } else if (alignment <= 16) {
        struct block *const b = take(heap, size_for(n));
        p = b != NULL ? b + 1 : NULL;
    } else {
        struct block *const b =
            take(heap, size_for(n) + alignment + SMALLEST);
        if (b != NULL)
            p = align(heap, b, alignment, size_for(n)) + 1;
    }
    if (p == NULL)
        errno = ENOMEM;
    return p;
}

void *
heap_malloc(struct heap *heap, size_t n)
{
    return heap_aligned(heap, 16, n);
}

void *
heap_calloc(struct heap *heap, size_t count, size_t size)
{
    if (heap != NULL && size != 0 && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    void *const p = heap_malloc(heap, count * size);
    return p != NULL ? memset(p, 0, count * size) : NULL;
}

static int
look_up(struct heap *heap, void *p, struct mapped **m)
{
    *m = NULL;
    if (heap == NULL)
        return HEAP_BAD_ARGUMENT;
    if ((uintptr_t)p % 16 != 0)
        return HEAP_BAD_POINTER;
    struct block *const b = (struct block *)((uintptr_t)p - HEADER);
    if ((char *)p > (char *)heap->first && (char *)p <= (char *)heap->end)
        return is(b, LIVE) ? HEAP_OK : HEAP_BAD_HEADER;
    *m = find_mapped(heap, p);
    if (*m == NULL)
        return HEAP_BAD_POINTER;
    return (char *)p == (char *)(*m + 1) + HEADER && is(b, LIVE)
               ? HEAP_OK
               : HEAP_BAD_HEADER;
}

int
heap_free(struct heap *heap, void *p)
{
    struct mapped *m;
    const int status = p != NULL && heap != NULL ? look_up(heap, p, &m)
                       : heap == NULL            ? HEAP_BAD_ARGUMENT
                                                 : HEAP_OK;
    if (status != HEAP_OK || p == NULL)
        return status;
    if (m != NULL) {
        unmap(heap, m);
    } else {
        give(heap, (struct block *)p - 1);
        shrink(heap);
    }
    return HEAP_OK;
}

uint64_t
heap_usable(struct heap *heap, void *p)
{
    struct mapped *m;
    if (heap != NULL && p == NULL)
        return 0;
    if (look_up(heap, p, &m) != HEAP_OK) {
        errno = EINVAL;
        return 0;
    }
    return size_of((struct block *)p - 1) - HEADER;
}

void *
heap_realloc(struct heap *heap, void *p, size_t n)
{
    struct mapped *m;
    if (p == NULL || heap == NULL)
        return heap_malloc(heap, n);
    if (look_up(heap, p, &m) != HEAP_OK) {
        errno = EINVAL;
        return NULL;
    }
    if (n == 0) {
        heap_free(heap, p);
        return NULL;
    }
    if (is_too_much(n)) {
        errno = ENOMEM;
        return NULL;
    }
    struct block *const b = (struct block *)p - 1;
    if (m == NULL && n < heap->threshold && stretch(heap, b, size_for(n)))
        return p;
    const size_t had = size_of(b) - HEADER;
    void *const q = heap_malloc(heap, n);
    if (q == NULL)
        return NULL;
    memcpy(q, p, had < n ? had : n);
    heap_free(heap, p);
    return q;
}

int
heap_set(struct heap *heap, enum heap_option option, uint64_t value)
{
    if (heap == NULL ||
        (option != HEAP_SET_KEEP &&
         (option != HEAP_SET_THRESHOLD || value == 0)))
        return HEAP_BAD_ARGUMENT;
    *(option == HEAP_SET_KEEP ? &heap->keep : &heap->threshold) = value;
    return HEAP_OK;
}

int
heap_check(struct heap *heap, struct heap_report *report)
{
    struct heap_report sum = {0};
    if (heap == NULL || report == NULL)
        return HEAP_BAD_ARGUMENT;
    for (struct block *b = heap->first; b != heap->end; b = above(b)) {
        if (!is(b, LIVE) && !is(b, FREE)) {
            report->bad = b + 1;
            return HEAP_BAD_HEADER;
        }
        sum.blocks += is(b, LIVE);
        sum.bytes += is(b, LIVE) ? size_of(b) - HEADER : 0;
    }
    for (struct mapped *m = heap->mapped; m != NULL; m = m->next) {
        struct block *const b = (struct block *)(m + 1);
        if (!is(b, LIVE)) {
            report->bad = b + 1;
            return HEAP_BAD_HEADER;
        }
        sum.blocks++;
        sum.bytes += size_of(b) - HEADER;
    }
    *report = sum;
    return HEAP_OK;
}
