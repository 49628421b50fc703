/*
 * hidden_history.c - long random histories, held against a model that knows
 * which bytes belong to which block.
 *
 * A history speaks of slots, p[0] to p[47]: a slot is empty or holds a block,
 * so that any part of a history is a history, too, and a failing one can be cut
 * down (property.h).  A replay has a subject of its own when the one before has
 * failed, so crashes are cut down like everything else.
 */
#include <stdio.h>

#include "heap_help.h"
#include "judge/run.h"
#include "property.h"

enum { SLOTS = 48 };

enum operation { MALLOC, CALLOC, REALLOC, FREE, REFUSE };

/* A kind of history: what it asks for. */
struct history {
    const char *about;
    unsigned small_percent;  /* requests below 64 bytes                     */
    uint64_t most;           /* other requests are below that               */
    unsigned around_percent; /* requests around the threshold               */
    unsigned realloc_percent;
    unsigned free_percent;
    unsigned refuse_percent; /* the next request for memory is refused      */
    uint64_t first_break;
    unsigned steps;
};

static struct property_step
next_step(const void *data)
{
    const struct history *h = data;
    struct property_step step = {.number = {test_random_below(SLOTS)}};
    const uint64_t dice = test_random_below(100);
    const uint64_t size = test_random_below(100);
    if (size < h->small_percent)
        step.number[1] = test_random_below(64);
    else if (size < h->small_percent + h->around_percent)
        step.number[1] = HEAP_THRESHOLD - 40 + test_random_below(80);
    else
        step.number[1] = test_random_below(h->most);
    if (dice < h->free_percent)
        step.operation = FREE;
    else if (dice < h->free_percent + h->realloc_percent)
        step.operation = REALLOC;
    else if (dice < h->free_percent + h->realloc_percent + h->refuse_percent)
        step.operation = REFUSE;
    else
        step.operation = dice % 4 == 0 ? CALLOC : MALLOC;
    return step;
}

static void
show_step(const struct property_step *step, char *to, size_t room,
          const void *data)
{
    (void)data;
    const unsigned slot = (unsigned)step->number[0];
    const unsigned long long n = step->number[1];
    switch ((enum operation)step->operation) {
    case MALLOC:
        snprintf(to, room, "p[%u] = heap_malloc(heap, %llu), FILL(%u)", slot, n,
                 slot);
        break;
    case CALLOC:
        snprintf(to, room, "p[%u] = heap_calloc(heap, 1, %llu), FILL(%u)", slot,
                 n, slot);
        break;
    case REALLOC:
        snprintf(to, room, "p[%u] = heap_realloc(heap, p[%u], %llu), FILL(%u)",
                 slot, slot, n, slot);
        break;
    case FREE:
        snprintf(to, room, "heap_free(heap, p[%u]), p[%u] = NULL", slot, slot);
        break;
    case REFUSE:
        snprintf(to, room, "kmem_fail_at(kmem, 1)");
        break;
    }
}

/* ---- The model --------------------------------------------------------- */

struct slot {
    char *p;
    size_t bytes; /* usable, all of them filled                               */
    unsigned seed;
};

struct model {
    struct kmem *kmem;
    struct heap *heap;
    struct slot slot[SLOTS];
    unsigned seed;
};

/* A new block in a slot: its bytes belong to nobody else. */
static void
put(struct model *m, struct slot *slot, void *p, size_t n, size_t kept)
{
    block(m->kmem, p, n);
    const uint64_t bytes = usable(m->kmem, m->heap, p);
    check(bytes >= n, "%llu bytes are usable of a request of %zu",
          (unsigned long long)bytes, n);
    for (struct slot *other = m->slot; other < m->slot + SLOTS; other++) {
        check(other == slot || other->p == NULL ||
                  other->p + other->bytes <= (char *)p - HEADER ||
                  (char *)p + bytes <= other->p - HEADER,
              "the block at %p with %llu bytes overlaps that of p[%u] at %p "
              "with %zu",
              p, (unsigned long long)bytes, (unsigned)(other - m->slot),
              (void *)other->p, other->bytes);
    }
    check_filled(p, kept, slot->seed);
    *slot = (struct slot){p, (size_t)bytes, ++m->seed};
    fill(p, slot->bytes, slot->seed);
}

static void
take_step(struct model *m, const struct property_step *step)
{
    struct slot *slot = &m->slot[step->number[0]];
    const size_t n = (size_t)step->number[1];
    const struct kmem_counts before = kmem_counts(m->kmem);
    void *p;
    switch ((enum operation)step->operation) {
    case REFUSE:
        kmem_fail_at(m->kmem, 1);
        return;
    case FREE:
        check_filled(slot->p, slot->bytes, slot->seed);
        check_status(heap_free(m->heap, slot->p), HEAP_OK);
        slot->p = NULL;
        slot->bytes = 0;
        return;
    case REALLOC:
        p = heap_realloc(m->heap, slot->p, n);
        if (p == NULL && n == 0 && slot->p != NULL) {
            slot->p = NULL;
            slot->bytes = 0;
            return;
        }
        if (p != NULL)
            put(m, slot, p, n, slot->bytes < n ? slot->bytes : n);
        break;
    default:
        if (slot->p != NULL)
            return;
        if (step->operation == CALLOC) {
            p = heap_calloc(m->heap, 1, n);
            check_memory(m->kmem, p != NULL ? p : m->heap, p != NULL ? n : 0);
            if (p != NULL)
                check_zero(p, n);
        } else {
            p = heap_malloc(m->heap, n);
        }
        if (p != NULL)
            put(m, slot, p, n, 0);
        break;
    }
    const struct kmem_counts after = kmem_counts(m->kmem);
    if (p == NULL) {
        check(after.refused > before.refused, "NULL although there is memory");
        check_unchanged(m->kmem, before);
    } else {
        check(kmem_in_mapping(m->kmem, p) == (n >= HEAP_THRESHOLD),
              "a request of %zu bytes is in the wrong place", n);
    }
}

/* What a trial replays, and how far it has come. */
static struct {
    const struct property_step *step;
    unsigned count;
    unsigned at;
    const struct history *history;
} replaying;

static void
replay_all(const void *data)
{
    (void)data;
    struct model m = {
        .kmem = test_kmem(replaying.history->first_break, 12 * MIB, 12 * MIB)};
    m.heap = new_heap(m.kmem);
    for (unsigned i = 0; i < replaying.count; i++) {
        replaying.at = i;
        property_step(i);
        take_step(&m, &replaying.step[i]);
    }
    replaying.at = replaying.count;
    for (unsigned i = 0; i < SLOTS; i++) {
        if (m.slot[i].p == NULL)
            continue;
        check_filled(m.slot[i].p, m.slot[i].bytes, m.slot[i].seed);
        check_status(heap_free(m.heap, m.slot[i].p), HEAP_OK);
    }
    check_eq(kmem_counts(m.kmem).mapped_bytes, 0);
    check_status(heap_destroy(m.heap), HEAP_OK);
}

static bool
replay(const struct property_step *step, unsigned count, char *why,
       unsigned *at, const void *data)
{
    replaying.step = step;
    replaying.count = count;
    replaying.history = data;
    struct failure failure;
    if (run_trial(replay_all, data, &failure))
        return true;
    snprintf(why, PROPERTY_WHY, "%.*s", PROPERTY_WHY - 1, failure.message);
    *at = replaying.at;
    return false;
}

static void
check_history(const struct history *history)
{
    char before[400];
    snprintf(before, sizeof before,
             "\n  #define FILL(i) memset(p[i], i + 1, heap_usable(heap, p[i]))"
             "\n  struct kmem *kmem = test_kmem(%llu, 12 << 20, 12 << 20);"
             "\n  struct heap *heap = heap_create(kmem);"
             "\n  char *p[%d] = {NULL};",
             (unsigned long long)history->first_break, SLOTS);
    const struct property property = {
        .about = history->about,
        .steps = history->steps,
        .generate = next_step,
        .show = show_step,
        .before = before,
        .after = "\n  for (int i = 0; i < 48; i++)"
                 "\n      check_status(heap_free(heap, p[i]), HEAP_OK);"
                 "\n  check_status(heap_destroy(heap), HEAP_OK);",
        .replay = replay,
        .data = history,
        .patience = 40 * history->steps,
    };
    check_property(&property);
}

Test(hidden, history_of_small_blocks)
{
    static const struct history small = {
        .about = "small blocks",
        .small_percent = 70,
        .most = 700,
        .realloc_percent = 15,
        .free_percent = 40,
        .steps = 4000,
    };
    check_history(&small);
}

Test(hidden, history_of_blocks_of_all_sizes)
{
    static const struct history all = {
        .about = "blocks of all sizes",
        .small_percent = 30,
        .most = 20000,
        .around_percent = 2,
        .realloc_percent = 20,
        .free_percent = 40,
        .first_break = 24,
        .steps = 2500,
    };
    check_history(&all);
}

Test(hidden, history_around_the_threshold)
{
    static const struct history around = {
        .about = "blocks around the threshold",
        .small_percent = 20,
        .most = 200000,
        .around_percent = 40,
        .realloc_percent = 35,
        .free_percent = 35,
        .steps = 400,
    };
    check_history(&around);
}

Test(hidden, history_of_blocks_that_change_their_size)
{
    static const struct history resized = {
        .about = "blocks that change their size",
        .small_percent = 40,
        .most = 6000,
        .realloc_percent = 70,
        .free_percent = 15,
        .first_break = 4000,
        .steps = 3000,
    };
    check_history(&resized);
}

Test(hidden, history_with_refusals)
{
    static const struct history refused = {
        .about = "memory that is refused now and then",
        .small_percent = 30,
        .most = 60000,
        .around_percent = 5,
        .realloc_percent = 30,
        .free_percent = 30,
        .refuse_percent = 10,
        .steps = 1200,
    };
    check_history(&refused);
}
