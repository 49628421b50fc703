/*
 * kmem.c - kernel memory: a break and a list of mappings in one range of
 * memory.
 *
 *   base      first        brk            top-down, first fit          end
 *   |          |============|.............[===].[=======]........[====].|
 *                           heap_end ^                  mapping[0] ^
 *
 * mapping[] is sorted by address, highest first.  One page above each mapping
 * stays empty, so that running out of one ends in a fault and not in the next.
 */
#include "kmem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mapping {
    char *from, *to; /* [from, to)                                            */
};

struct kmem {
    struct kmem_config config;
    char *first;    /* the first break                                        */
    char *brk;      /* the break                                              */
    char *heap_end; /* the break goes no further                              */
    char *end;      /* of the range                                           */
    struct mapping *mapping;
    uint64_t room; /* for so many in mapping[]                                */
    uint64_t fail_at; /* requests until the arranged failure; 0: none         */
    struct kmem_counts counts;
};

/* ---- Pages ------------------------------------------------------------- */

static uint64_t
pages_up(uint64_t bytes)
{
    return (bytes + KMEM_PAGE_BYTES - 1) & ~(uint64_t)(KMEM_PAGE_BYTES - 1);
}

static uint64_t
above_page(const char *address)
{
    return (uintptr_t)address % KMEM_PAGE_BYTES;
}

static void
hand_out(struct kmem *kmem, char *from, char *to)
{
    const uint64_t all = kmem->counts.heap_bytes + kmem->counts.mapped_bytes;
    if (all > kmem->counts.peak_bytes)
        kmem->counts.peak_bytes = all;
    if (kmem->config.access != NULL)
        kmem->config.access(kmem->config.context, from, (uint64_t)(to - from),
                            1);
}

/* Pages that begin in [from, to) are forgotten; the one that holds the new
 * break does not. */
static void
take_back(struct kmem *kmem, char *from, char *to)
{
    if (kmem->config.access != NULL) {
        kmem->config.access(kmem->config.context, from, (uint64_t)(to - from),
                            0);
        return;
    }
    const char *const base = kmem->config.base;
    const uint64_t start = pages_up((uint64_t)(from - base));
    const uint64_t end = pages_up((uint64_t)(to - base));
    memset((char *)kmem->config.base + start, 0, (size_t)(end - start));
}

/* Counts a request for more memory; whether it is the one arranged to fail. */
static int
arranged_to_fail(struct kmem *kmem)
{
    return kmem->fail_at != 0 && --kmem->fail_at == 0;
}

/* ---- The break --------------------------------------------------------- */

void *
kmem_brk(struct kmem *kmem, void *end)
{
    char *const to = end;
    if (to == NULL)
        return kmem->brk;
    kmem->counts.brk_calls++;
    const int fails = to > kmem->brk && arranged_to_fail(kmem);
    if (fails || to < kmem->first || to > kmem->heap_end) {
        kmem->counts.refused++;
        return kmem->brk;
    }
    char *const from = kmem->brk;
    kmem->brk = to;
    kmem->counts.heap_bytes = (uint64_t)(to - kmem->first);
    if (to > from) {
        kmem->counts.brk_raised++;
        hand_out(kmem, from, to);
    } else if (to < from) {
        kmem->counts.brk_lowered++;
        take_back(kmem, to, from);
    }
    return to;
}

/* ---- Mappings ---------------------------------------------------------- */

/* How many mappings lie above `address`, wholly or in part. */
static uint64_t
count_above(const struct kmem *kmem, const char *address)
{
    uint64_t low = 0, high = kmem->counts.mappings;
    while (low < high) {
        const uint64_t middle = (low + high) / 2;
        if (kmem->mapping[middle].to > address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The mapping that holds the byte at `address`, or NULL. */
static struct mapping *
mapping_of(const struct kmem *kmem, const char *address)
{
    const uint64_t above = count_above(kmem, address);
    if (above == 0 || kmem->mapping[above - 1].from > address)
        return NULL;
    return &kmem->mapping[above - 1];
}

/* Makes place `at` of mapping[] free; 0, or -1 when malloc fails. */
static int
make_room(struct kmem *kmem, uint64_t at)
{
    if (kmem->counts.mappings == kmem->room) {
        const uint64_t room = 2 * kmem->room + 8;
        struct mapping *const list =
            realloc(kmem->mapping, room * sizeof *list);
        if (list == NULL)
            return -1;
        kmem->mapping = list;
        kmem->room = room;
    }
    memmove(&kmem->mapping[at + 1], &kmem->mapping[at],
            (kmem->counts.mappings - at) * sizeof *kmem->mapping);
    kmem->counts.mappings++;
    return 0;
}

static void
remove_mapping(struct kmem *kmem, uint64_t at)
{
    kmem->counts.mappings--;
    memmove(&kmem->mapping[at], &kmem->mapping[at + 1],
            (kmem->counts.mappings - at) * sizeof *kmem->mapping);
}

/* The highest place for `bytes` with an empty page above; *at is where it
 * belongs in mapping[].  NULL: none. */
static char *
find_place(const struct kmem *kmem, uint64_t bytes, uint64_t *at)
{
    const char *ceiling = kmem->end;
    const uint64_t needed = bytes + KMEM_PAGE_BYTES;
    for (*at = 0; *at < kmem->counts.mappings; ++*at) {
        if ((uint64_t)(ceiling - kmem->mapping[*at].to) >= needed)
            break;
        ceiling = kmem->mapping[*at].from;
    }
    const char *const floor = *at < kmem->counts.mappings
                                  ? kmem->mapping[*at].to
                                  : kmem->heap_end + KMEM_PAGE_BYTES;
    if (ceiling < floor || (uint64_t)(ceiling - floor) < needed)
        return NULL;
    return (char *)(uintptr_t)ceiling - needed;
}

void *
kmem_mmap(struct kmem *kmem, size_t bytes)
{
    kmem->counts.mmap_calls++;
    uint64_t at;
    char *place = NULL;
    const int fails = arranged_to_fail(kmem);
    if (bytes > 0 && bytes <= kmem->config.bytes && !fails)
        place = find_place(kmem, pages_up(bytes), &at);
    if (place == NULL || make_room(kmem, at) != 0) {
        kmem->counts.refused++;
        errno = bytes == 0 ? EINVAL : ENOMEM;
        return NULL;
    }
    kmem->mapping[at] = (struct mapping){place, place + pages_up(bytes)};
    kmem->counts.mapped_bytes += pages_up(bytes);
    hand_out(kmem, place, place + pages_up(bytes));
    return place;
}

int
kmem_munmap(struct kmem *kmem, void *address, size_t bytes)
{
    kmem->counts.munmap_calls++;
    char *const from = address;
    const uint64_t all = bytes <= kmem->config.bytes ? pages_up(bytes) : 0;
    struct mapping *const in = mapping_of(kmem, from);
    if (all == 0 || in == NULL || above_page(from) != 0 ||
        (uint64_t)(in->to - from) < all) {
        kmem->counts.refused++;
        errno = EINVAL;
        return -1;
    }
    char *const to = from + all;
    const uint64_t at = (uint64_t)(in - kmem->mapping);
    if (from == in->from && to == in->to) {
        remove_mapping(kmem, at);
    } else if (from == in->from) {
        in->from = to;
    } else if (to == in->to) {
        in->to = from;
    } else {
        const struct mapping upper = {to, in->to};
        in->to = from;
        if (make_room(kmem, at) != 0) {
            kmem->mapping[at].to = upper.to;
            kmem->counts.refused++;
            errno = EINVAL;
            return -1;
        }
        kmem->mapping[at] = upper;
    }
    kmem->counts.mapped_bytes -= all;
    take_back(kmem, from, to);
    return 0;
}

/* ---- Controls ---------------------------------------------------------- */

struct kmem_counts
kmem_counts(const struct kmem *kmem)
{
    return kmem->counts;
}

void
kmem_fail_at(struct kmem *kmem, uint64_t k)
{
    kmem->fail_at = k;
}

int
kmem_in_heap(const struct kmem *kmem, const void *address)
{
    const char *const at = address;
    return at >= kmem->first && at < kmem->brk;
}

int
kmem_in_mapping(const struct kmem *kmem, const void *address)
{
    return mapping_of(kmem, address) != NULL;
}

int
kmem_holds(const struct kmem *kmem, const void *address, uint64_t bytes)
{
    const char *const from = address;
    if (bytes == 0)
        return 0;
    if (kmem_in_heap(kmem, from))
        return bytes <= (uint64_t)(kmem->brk - from);
    const struct mapping *const in = mapping_of(kmem, from);
    return in != NULL && bytes <= (uint64_t)(in->to - from);
}

struct kmem *
kmem_create(const struct kmem_config *config)
{
    const uint64_t bytes = config->bytes;
    if (config->base == NULL || above_page(config->base) != 0 ||
        bytes % KMEM_PAGE_BYTES != 0 || config->first_break > bytes ||
        config->heap_bytes > bytes - config->first_break) {
        errno = EINVAL;
        return NULL;
    }
    struct kmem *const kmem = calloc(1, sizeof *kmem);
    if (kmem == NULL)
        return NULL;
    char *const base = config->base;
    kmem->config = *config;
    kmem->first = kmem->brk = base + config->first_break;
    kmem->heap_end = kmem->first + config->heap_bytes;
    kmem->end = base + bytes;
    return kmem;
}

void
kmem_destroy(struct kmem *kmem)
{
    if (kmem == NULL)
        return;
    free(kmem->mapping);
    free(kmem);
}
