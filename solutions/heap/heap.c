/*
 * heap.c - malloc with segregated free lists, boundary tags and sealed headers.
 *
 *   first break                                                       break
 *   +-------------+-----------+------------------------+---------+------+
 *   | struct heap | live      | free                   | live    | end  |
 *   +-------------+-----------+------------------------+---------+------+
 *                 ^ header    ^ header, links ... foot ^          ^ header of
 *                   payload                                         size 0
 *
 * A header is two words.  `word` is the block's size, a multiple of 16, with
 * four bits below; `seal` is a function of `word` and of where the header
 * stands.  Whatever byte of the two is changed, or copied from elsewhere, they
 * no longer fit each other, so no size, and no bit, is believed before its
 * seal has been looked at.
 *
 *   bit 0  IN_USE     not in a bin: live, or put off
 *   bit 1  PUT_OFF    freed, but not joined with its neighbours yet
 *   bit 2  LOW_FREE   the block below is free, its size stands in its foot
 *   bit 3  MAPPED     the block has a mapping of its own
 *
 * A free block has two links behind its header and its size in its last word.
 * Links count 16-byte units from the struct heap on, so that two of them and
 * the foot fit into the 16 bytes of the smallest payload:
 *
 *   +------+------+------+------+----- - - ----+------+
 *   | word | seal | next | prev |              | foot |
 *   +------+------+------+------+----- - - ----+------+
 *     8      8      4      4                     8
 *
 * Small blocks are put off when they are freed: they keep IN_USE and wait in a
 * list of their size, from which the next request of that size takes them
 * without a search.  They join their neighbours when a large block is freed
 * and before the break moves.
 *
 * The smallest functions are inline: a module is compiled with -O1, which
 * inlines nothing else, and a heap is called often.
 */
#include "heap/heap.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
    IN_USE = 1,
    PUT_OFF = 2,
    LOW_FREE = 4,
    MAPPED = 8,
    BITS = 15,

    HEADER = HEAP_HEADER_BYTES,
    BLOCK_MIN = 32,      /* header, links and foot                            */
    JOIN_FROM = 512,     /* blocks below this size are put off                */
    SMALL_BINS = 64,     /* bin b < 64 holds blocks of exactly 16 b bytes     */
    BINS = 128,          /* above, four bins for each power of two            */
    SCAN = 16,           /* blocks looked at to find a better fit             */
    AHEAD = 32 << 10,    /* asked for beyond need when the break goes up      */
};

struct header {
    uint64_t word; /* size and bits */
    uint64_t seal;
};

struct free_block {
    struct header header;
    uint32_t next, prev; /* in the bin, or the list of those put off; 0: none */
};

/* In front of the header of a mapped block. */
struct mapping {
    struct mapping *next;
    uint64_t bytes; /* from this struct to the end of the mapping             */
};

struct heap {
    struct kmem *kmem;
    uint64_t threshold;
    uint64_t keep;
    char *first_break;
    struct header *end;      /* the header of size 0 below the break          */
    struct mapping *mapped;  /* all mapped blocks                             */
    uint64_t filled[BINS / 64];      /* a bit for each bin that is not empty  */
    uint32_t bin[BINS];
    uint32_t put_off[JOIN_FROM / 16]; /* by size                              */
};

/* The struct stands at a multiple of 16 bytes and so does what follows it. */
static const uint64_t state_bytes =
    (sizeof(struct heap) + HEAP_ALIGNMENT - 1) &
    ~(uint64_t)(HEAP_ALIGNMENT - 1);

static const uint64_t page = KMEM_PAGE_BYTES;

/* ---- Addresses --------------------------------------------------------- */

static inline uint64_t
round_up(uint64_t bytes, uint64_t multiple)
{
    return (bytes + multiple - 1) & ~(multiple - 1);
}

static inline void *
payload_of(struct header *block)
{
    return block + 1;
}

static inline struct header *
header_of(void *payload)
{
    return (struct header *)payload - 1;
}

static inline struct header *
at(struct header *block, uint64_t bytes)
{
    return (struct header *)((char *)block + bytes);
}

static inline uint32_t
link_to(const struct heap *heap, const struct free_block *block)
{
    return (uint32_t)(((const char *)block - (const char *)heap) / 16);
}

static inline struct free_block *
follow(struct heap *heap, uint32_t link)
{
    return (struct free_block *)((char *)heap + (uint64_t)link * 16);
}

/* ---- Headers ----------------------------------------------------------- */

static inline uint64_t
size_of(const struct header *block)
{
    return block->word & ~(uint64_t)BITS;
}

/* One to one in `word`: no change of a word leaves its seal right. */
static inline uint64_t
seal_for(const struct header *block, uint64_t word)
{
    return (word ^ (uintptr_t)block ^ 0x5EA1ED5EA1ED5EA1) *
           0x9E3779B97F4A7C15;
}

static inline void
write_header(struct header *block, uint64_t word)
{
    block->word = word;
    block->seal = seal_for(block, word);
}

static inline bool
is_sound(const struct header *block)
{
    return block->seal == seal_for(block, block->word);
}

static inline bool
is_live(const struct header *block)
{
    return (block->word & (IN_USE | PUT_OFF)) == IN_USE && is_sound(block);
}

static inline bool
is_free(const struct header *block)
{
    return (block->word & IN_USE) == 0 && is_sound(block);
}

/* Notes in a block whether the one below it is free.  A header that somebody
 * has overwritten stays as it is, or the damage would be hidden. */
static inline void
note_low(struct header *block, bool free)
{
    if (is_sound(block)) {
        const uint64_t others = block->word & ~(uint64_t)LOW_FREE;
        write_header(block, others | (free ? LOW_FREE : 0));
    }
}

/* ---- Bins -------------------------------------------------------------- */

static inline unsigned
bin_for(uint64_t size)
{
    if (size < 16 * SMALL_BINS)
        return (unsigned)(size / 16);
    /* 2^10 is the first size here: the two bits below the highest choose. */
    const unsigned power = 63 - (unsigned)__builtin_clzll(size);
    const unsigned bin =
        SMALL_BINS + (power - 10) * 4 + (unsigned)(size >> (power - 2) & 3);
    return bin < BINS ? bin : BINS - 1;
}

static inline void
put_into_bin(struct heap *heap, struct header *block, uint64_t size)
{
    struct free_block *const free = (struct free_block *)block;
    const unsigned bin = bin_for(size);
    const uint32_t me = link_to(heap, free);
    free->prev = 0;
    free->next = heap->bin[bin];
    if (free->next != 0)
        follow(heap, free->next)->prev = me;
    heap->bin[bin] = me;
    heap->filled[bin / 64] |= (uint64_t)1 << bin % 64;
}

static inline void
take_from_bin(struct heap *heap, struct header *block)
{
    struct free_block *const free = (struct free_block *)block;
    if (free->next != 0)
        follow(heap, free->next)->prev = free->prev;
    if (free->prev != 0) {
        follow(heap, free->prev)->next = free->next;
        return;
    }
    const unsigned bin = bin_for(size_of(block));
    heap->bin[bin] = free->next;
    if (free->next == 0)
        heap->filled[bin / 64] &= ~((uint64_t)1 << bin % 64);
}

/* The lowest bin from `bin` on that is not empty, or BINS. */
static inline unsigned
next_filled(const struct heap *heap, unsigned bin)
{
    for (unsigned i = bin / 64; i < BINS / 64; i++) {
        uint64_t filled = heap->filled[i];
        if (i == bin / 64)
            filled &= ~(uint64_t)0 << bin % 64;
        if (filled != 0)
            return i * 64 + (unsigned)__builtin_ctzll(filled);
    }
    return BINS;
}

/* The smallest block of at least `size` bytes among the first `most` that are
 * large enough; NULL when there is none in the bin. */
static struct header *
best_in_bin(struct heap *heap, unsigned bin, uint64_t size, unsigned most)
{
    struct header *best = NULL;
    for (uint32_t i = heap->bin[bin]; i != 0 && most > 0;
         i = follow(heap, i)->next) {
        struct header *const block = &follow(heap, i)->header;
        if (size_of(block) < size)
            continue;
        most--;
        if (best == NULL || size_of(block) < size_of(best))
            best = block;
        if (size_of(block) == size)
            break;
    }
    return best;
}

/* A free block of at least `size` bytes, still in its bin, or NULL. */
static struct header *
find_fit(struct heap *heap, uint64_t size)
{
    unsigned bin = bin_for(size);
    if (bin >= SMALL_BINS) {
        struct header *const fit = best_in_bin(heap, bin, size, SCAN);
        if (fit != NULL)
            return fit;
        bin++; /* every block of a higher bin is large enough */
    }
    bin = next_filled(heap, bin);
    if (bin == BINS)
        return NULL;
    return bin < SMALL_BINS ? &follow(heap, heap->bin[bin])->header
                            : best_in_bin(heap, bin, size, SCAN);
}

/* ---- Free blocks ------------------------------------------------------- */

/* Makes [block, block + size) a free block; its neighbours are not free.
 * `bits` is 0: the block below is in use. */
static void
make_free(struct heap *heap, struct header *block, uint64_t size)
{
    struct header *const above = at(block, size);
    write_header(block, size);
    ((uint64_t *)above)[-1] = size;
    note_low(above, true);
    put_into_bin(heap, block, size);
}

/* Takes a free block out of its bin for use as one of `size` bytes; what is
 * left over becomes a free block. */
static void
use(struct heap *heap, struct header *block, uint64_t size)
{
    const uint64_t all = size_of(block);
    take_from_bin(heap, block);
    if (all - size >= BLOCK_MIN) {
        write_header(block, size | IN_USE);
        make_free(heap, at(block, size), all - size);
    } else {
        write_header(block, all | IN_USE);
        note_low(at(block, all), false);
    }
}

/*
 * Frees a block and joins it with what is free on both sides.
 *
 *   before   | free  | block | free   |
 *   after    | free                   |    the two inner headers are wiped, so
 *                                          that none of them is taken for that
 *                                          of a live block again
 */
static void
join(struct heap *heap, struct header *block)
{
    uint64_t size = size_of(block);
    struct header *const above = at(block, size);
    if (is_free(above)) {
        take_from_bin(heap, above);
        size += size_of(above);
        above->seal = ~seal_for(above, above->word);
    }
    if ((block->word & LOW_FREE) != 0) {
        const uint64_t low_bytes = ((uint64_t *)block)[-1];
        block->seal = ~block->seal;
        block = (struct header *)((char *)block - low_bytes);
        take_from_bin(heap, block);
        size += low_bytes;
    }
    make_free(heap, block, size);
}

/* ---- Blocks that are put off ------------------------------------------- */

static inline void
put_off(struct heap *heap, struct header *block)
{
    struct free_block *const free = (struct free_block *)block;
    uint32_t *const first = &heap->put_off[size_of(block) / 16];
    write_header(block, block->word | PUT_OFF);
    free->next = *first;
    *first = link_to(heap, free);
}

/* One of exactly `size` bytes, live again; or NULL. */
static inline struct header *
take_put_off(struct heap *heap, uint64_t size)
{
    uint32_t *const first = &heap->put_off[size / 16];
    if (*first == 0)
        return NULL;
    struct free_block *const free = follow(heap, *first);
    *first = free->next;
    write_header(&free->header, free->header.word & ~(uint64_t)PUT_OFF);
    return &free->header;
}

/* Joins all; whether there were any. */
static bool
join_put_off(struct heap *heap)
{
    bool any = false;
    for (unsigned i = 0; i < JOIN_FROM / 16; i++) {
        while (heap->put_off[i] != 0) {
            struct free_block *const free = follow(heap, heap->put_off[i]);
            heap->put_off[i] = free->next;
            join(heap, &free->header);
            any = true;
        }
    }
    return any;
}

/* ---- The break --------------------------------------------------------- */

/* The free block right below the break, or NULL. */
static struct header *
top_of(struct heap *heap)
{
    if ((heap->end->word & LOW_FREE) == 0)
        return NULL;
    return (struct header *)((char *)heap->end -
                             ((uint64_t *)heap->end)[-1]);
}

/* Raises the break so that the top is a free block of at least `size` bytes,
 * and returns it; NULL when the kernel gives no memory. */
static struct header *
grow(struct heap *heap, uint64_t size)
{
    struct header *const top = top_of(heap);
    const uint64_t more = size - (top != NULL ? size_of(top) : 0) + AHEAD;
    char *const old = (char *)(heap->end + 1);
    char *const new = (char *)(uintptr_t)round_up((uintptr_t)old + more, page);
    if (new < old || kmem_brk(heap->kmem, new) != new)
        return NULL;
    /* The header that was the end's becomes that of a block, which is freed. */
    struct header *const block = heap->end;
    heap->end = (struct header *)new - 1;
    const uint64_t bytes = (uint64_t)((char *)heap->end - (char *)block);
    write_header(heap->end, IN_USE);
    write_header(block, bytes | IN_USE | (block->word & LOW_FREE));
    join(heap, block);
    return top_of(heap);
}

/* Gives back what the top has too much. */
static void
shrink(struct heap *heap)
{
    struct header *const top = top_of(heap);
    if (top == NULL || size_of(top) <= heap->keep)
        return;
    const uint64_t kept = heap->keep < BLOCK_MIN ? BLOCK_MIN : heap->keep;
    char *const new = (char *)(uintptr_t)round_up(
        (uintptr_t)top + kept + HEADER, page);
    if (new >= (char *)(heap->end + 1))
        return;
    take_from_bin(heap, top);
    heap->end = (struct header *)new - 1;
    write_header(heap->end, IN_USE);
    make_free(heap, top, (uint64_t)((char *)heap->end - (char *)top));
    kmem_brk(heap->kmem, new);
}

/* ---- Mapped blocks ----------------------------------------------------- */

static void *
map(struct heap *heap, uint64_t alignment, size_t n)
{
    const uint64_t front = sizeof(struct mapping) + HEADER;
    /* Payload at `front` is a multiple of 16; a larger multiple lies at most
     * `alignment` further on. */
    const uint64_t slack = alignment > HEAP_ALIGNMENT ? alignment : 0;
    const uint64_t bytes = round_up(n + front + slack, page);
    char *const start = kmem_mmap(heap->kmem, bytes);
    if (start == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    char *const payload = (char *)(uintptr_t)round_up(
        (uintptr_t)start + front, alignment);
    struct mapping *const mapping = (struct mapping *)(payload - front);
    const char *const from = (char *)((uintptr_t)mapping & ~(page - 1));
    if (from > start)
        kmem_munmap(heap->kmem, start, (size_t)(from - start));
    char *const needed =
        (char *)(uintptr_t)round_up((uintptr_t)payload + n, page);
    if (needed < start + bytes)
        kmem_munmap(heap->kmem, needed, (size_t)(start + bytes - needed));
    mapping->next = heap->mapped;
    mapping->bytes = (uint64_t)(needed - (char *)mapping);
    heap->mapped = mapping;
    write_header(header_of(payload),
                 (uint64_t)(needed - payload + HEADER) | IN_USE | MAPPED);
    return payload;
}

/* Where the mapped block that holds the byte at p is linked from, or NULL.
 * Nothing is read at p, which may be anywhere. */
static struct mapping **
find_mapping(struct heap *heap, const void *p)
{
    struct mapping **link = &heap->mapped;
    while (*link != NULL && ((const char *)p < (char *)*link ||
                             (const char *)p >= (char *)*link + (*link)->bytes))
        link = &(*link)->next;
    return *link != NULL ? link : NULL;
}

static void
unmap(struct heap *heap, struct mapping **link)
{
    struct mapping *const mapping = *link;
    char *const from = (char *)((uintptr_t)mapping & ~(page - 1));
    char *const to = (char *)mapping + mapping->bytes;
    *link = mapping->next;
    kmem_munmap(heap->kmem, from, (size_t)(to - from));
}

/* Gives back the pages that a request of n bytes has no use for. */
static void
cut_mapping(struct heap *heap, struct mapping *mapping, size_t n)
{
    char *const to = (char *)mapping + mapping->bytes;
    struct header *const block = (struct header *)(mapping + 1);
    char *const needed = (char *)(uintptr_t)round_up(
        (uintptr_t)payload_of(block) + n, page);
    if (needed == to ||
        kmem_munmap(heap->kmem, needed, (size_t)(to - needed)) != 0)
        return;
    mapping->bytes = (uint64_t)(needed - (char *)mapping);
    write_header(block,
                 (uint64_t)(needed - (char *)block) | IN_USE | MAPPED);
}

/* ---- The contract ------------------------------------------------------ */

struct heap *
heap_create(struct kmem *kmem)
{
    if (kmem == NULL) {
        errno = EINVAL;
        return NULL;
    }
    char *const first_break = kmem_brk(kmem, NULL);
    struct heap *const heap =
        (struct heap *)round_up((uintptr_t)first_break, HEAP_ALIGNMENT);
    char *const first = (char *)heap + state_bytes;
    char *const new =
        (char *)(uintptr_t)round_up((uintptr_t)first + HEADER, page);
    if (kmem_brk(kmem, new) != new) {
        errno = ENOMEM;
        return NULL;
    }
    memset(heap, 0, sizeof *heap);
    heap->kmem = kmem;
    heap->threshold = HEAP_THRESHOLD;
    heap->keep = HEAP_KEEP;
    heap->first_break = first_break;
    heap->end = (struct header *)new - 1;
    write_header(heap->end, IN_USE);
    const uint64_t bytes = (uint64_t)((char *)heap->end - first);
    if (bytes >= BLOCK_MIN) {
        make_free(heap, (struct header *)first, bytes);
    } else {
        /* Too small to be a block: a live one that nobody has. */
        heap->end = (struct header *)first;
        write_header(heap->end, IN_USE);
    }
    return heap;
}

int
heap_destroy(struct heap *heap)
{
    if (heap == NULL)
        return HEAP_BAD_ARGUMENT;
    while (heap->mapped != NULL)
        unmap(heap, &heap->mapped);
    kmem_brk(heap->kmem, heap->first_break);
    return HEAP_OK;
}

/* The size of a block for n bytes of payload, or 0 when there is none. */
static uint64_t
size_for(size_t n)
{
    if (n > PTRDIFF_MAX - 2 * page)
        return 0;
    const uint64_t size = round_up(n + HEADER, HEAP_ALIGNMENT);
    return size < BLOCK_MIN ? BLOCK_MIN : size;
}

/* A live block of at least `size` bytes in the heap; NULL and ENOMEM. */
static struct header *
block_in_heap(struct heap *heap, uint64_t size)
{
    struct header *block;
    if (size < JOIN_FROM && (block = take_put_off(heap, size)) != NULL)
        return block;
    block = find_fit(heap, size);
    if (block == NULL && join_put_off(heap))
        block = find_fit(heap, size);
    if (block == NULL)
        block = grow(heap, size);
    if (block == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    use(heap, block, size);
    return block;
}

void *
heap_malloc(struct heap *heap, size_t n)
{
    if (heap == NULL) {
        errno = EINVAL;
        return NULL;
    }
    const uint64_t size = size_for(n);
    if (size == 0) {
        errno = ENOMEM;
        return NULL;
    }
    if (n >= heap->threshold)
        return map(heap, HEAP_ALIGNMENT, n);
    struct header *const block = block_in_heap(heap, size);
    return block != NULL ? payload_of(block) : NULL;
}

/* Whether p is the payload of a live block; for a mapped one, *link is where
 * its mapping is linked from, else NULL. */
static enum heap_status
look_up(struct heap *heap, void *p, struct mapping ***link)
{
    *link = NULL;
    if ((uintptr_t)p % HEAP_ALIGNMENT != 0)
        return HEAP_BAD_POINTER;
    struct header *const first =
        (struct header *)((char *)heap + state_bytes);
    if ((char *)p > (char *)first && (char *)p <= (char *)heap->end)
        return is_live(header_of(p)) ? HEAP_OK : HEAP_BAD_HEADER;
    *link = find_mapping(heap, p);
    if (*link == NULL)
        return HEAP_BAD_POINTER;
    char *const only = (char *)**link + sizeof(struct mapping) + HEADER;
    return (char *)p == only && is_live(header_of(p)) ? HEAP_OK
                                                      : HEAP_BAD_HEADER;
}

/* Frees a live block in the heap. */
static void
release(struct heap *heap, struct header *block)
{
    if (size_of(block) < JOIN_FROM) {
        put_off(heap, block);
        return;
    }
    if (size_of(block) >= 4096)
        join_put_off(heap);
    join(heap, block);
    shrink(heap);
}

int
heap_free(struct heap *heap, void *p)
{
    if (heap == NULL)
        return HEAP_BAD_ARGUMENT;
    if (p == NULL)
        return HEAP_OK;
    struct mapping **link;
    const enum heap_status status = look_up(heap, p, &link);
    if (status != HEAP_OK)
        return status;
    if (link != NULL)
        unmap(heap, link);
    else
        release(heap, header_of(p));
    return HEAP_OK;
}

void *
heap_calloc(struct heap *heap, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n)) {
        errno = heap != NULL ? ENOMEM : EINVAL;
        return NULL;
    }
    void *const p = heap_malloc(heap, n);
    if (p != NULL && n < heap->threshold)
        memset(p, 0, n); /* a mapping is zero */
    return p;
}

/* Cuts a live block in the heap down to `size`, if a block is left over. */
static void
cut(struct heap *heap, struct header *block, uint64_t size)
{
    const uint64_t all = size_of(block);
    if (all - size < BLOCK_MIN)
        return;
    struct header *const rest = at(block, size);
    write_header(block, size | (block->word & BITS));
    write_header(rest, (all - size) | IN_USE);
    join(heap, rest);
}

enum extension { EXTENDED, NO_ROOM, REFUSED };

/* Makes a live block in the heap at least `size` bytes large where it stands,
 * unless others are in the way or the kernel refuses. */
static enum extension
extend(struct heap *heap, struct header *block, uint64_t size)
{
    struct header *above = at(block, size_of(block));
    if ((above->word & PUT_OFF) != 0 && is_sound(above))
        join_put_off(heap);
    const bool has_room = is_free(above);
    const uint64_t room = has_room ? size_of(above) : 0;
    if (size_of(block) + room < size) {
        if (at(above, room) != heap->end)
            return NO_ROOM;
        above = grow(heap, size - size_of(block));
        if (above == NULL)
            return REFUSED;
    }
    take_from_bin(heap, above);
    const uint64_t all = size_of(block) + size_of(above);
    above->seal = ~above->seal;
    note_low(at(block, all), false);
    write_header(block, all | (block->word & BITS));
    cut(heap, block, size);
    return EXTENDED;
}

/* Gives a live block in the heap another size; its payload, old or new, or
 * NULL and ENOMEM. */
static void *
resize_in_heap(struct heap *heap, struct header *block, uint64_t size)
{
    if (size <= size_of(block)) {
        cut(heap, block, size);
        return payload_of(block);
    }
    const enum extension extension = extend(heap, block, size);
    if (extension == EXTENDED)
        return payload_of(block);
    struct header *const larger =
        extension == NO_ROOM ? block_in_heap(heap, size) : NULL;
    if (larger == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(payload_of(larger), payload_of(block), size_of(block) - HEADER);
    release(heap, block);
    return payload_of(larger);
}

void *
heap_realloc(struct heap *heap, void *p, size_t n)
{
    if (heap == NULL || p == NULL)
        return heap_malloc(heap, n);
    struct mapping **link;
    if (look_up(heap, p, &link) != HEAP_OK) {
        errno = EINVAL;
        return NULL;
    }
    if (n == 0) {
        heap_free(heap, p);
        return NULL;
    }
    struct header *const block = header_of(p);
    const uint64_t usable = size_of(block) - HEADER;
    const uint64_t size = size_for(n);
    if (size != 0 && link == NULL && n < heap->threshold)
        return resize_in_heap(heap, block, size);
    if (link != NULL && n >= heap->threshold && n <= usable) {
        cut_mapping(heap, *link, n);
        return p;
    }
    void *const moved = heap_malloc(heap, n);
    if (moved == NULL)
        return NULL;
    memcpy(moved, p, n < usable ? n : usable);
    heap_free(heap, p);
    return moved;
}

uint64_t
heap_usable(struct heap *heap, void *p)
{
    struct mapping **link;
    if (heap == NULL || (p != NULL && look_up(heap, p, &link) != HEAP_OK)) {
        errno = EINVAL;
        return 0;
    }
    return p != NULL ? size_of(header_of(p)) - HEADER : 0;
}

int
heap_set(struct heap *heap, enum heap_option option, uint64_t value)
{
    if (heap == NULL)
        return HEAP_BAD_ARGUMENT;
    if (option == HEAP_SET_KEEP) {
        heap->keep = value;
        return HEAP_OK;
    }
    if (option != HEAP_SET_THRESHOLD || value == 0)
        return HEAP_BAD_ARGUMENT;
    heap->threshold = value;
    return HEAP_OK;
}

/* ---- Bonus ------------------------------------------------------------- */

void *
heap_aligned(struct heap *heap, size_t alignment, size_t n)
{
    if (heap == NULL || alignment == 0 || (alignment & (alignment - 1)) != 0) {
        errno = EINVAL;
        return NULL;
    }
    if (alignment <= HEAP_ALIGNMENT)
        return heap_malloc(heap, n);
    const uint64_t size = size_for(n);
    if (size == 0 || alignment > PTRDIFF_MAX - 2 * page - size) {
        errno = ENOMEM;
        return NULL;
    }
    if (n >= heap->threshold)
        return map(heap, alignment, n);
    /* A block that holds the payload wherever the multiple lies, and in front
     * of it nothing or a whole block. */
    struct header *const block =
        block_in_heap(heap, size + alignment + BLOCK_MIN);
    if (block == NULL)
        return NULL;
    struct header *aligned = block;
    if ((uintptr_t)payload_of(block) % alignment != 0) {
        aligned = header_of((void *)round_up(
            (uintptr_t)payload_of(block) + BLOCK_MIN, alignment));
        const uint64_t front = (uint64_t)((char *)aligned - (char *)block);
        write_header(aligned, (size_of(block) - front) | IN_USE);
        write_header(block, front | (block->word & BITS));
        join(heap, block);
    }
    cut(heap, aligned, size);
    return payload_of(aligned);
}

int
heap_check(struct heap *heap, struct heap_report *report)
{
    if (heap == NULL || report == NULL)
        return HEAP_BAD_ARGUMENT;
    struct heap_report found = {0};
    struct header *block = (struct header *)((char *)heap + state_bytes);
    for (; block != heap->end; block = at(block, size_of(block))) {
        if (!is_sound(block)) {
            report->bad = payload_of(block);
            return HEAP_BAD_HEADER;
        }
        if (is_live(block)) {
            found.blocks++;
            found.bytes += size_of(block) - HEADER;
        }
    }
    for (struct mapping *m = heap->mapped; m != NULL; m = m->next) {
        block = (struct header *)(m + 1);
        if (!is_live(block)) {
            report->bad = payload_of(block);
            return HEAP_BAD_HEADER;
        }
        found.blocks++;
        found.bytes += size_of(block) - HEADER;
    }
    *report = found;
    return HEAP_OK;
}
