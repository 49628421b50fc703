/* hidden_random.c - many processes: a thousand children, memory that runs out
 * at every allocation, and random trees of processes against a model that
 * copies everything at fork; for the bonus, with pages in swap. */
#include <stdio.h>

#include "cow_help.h"
#include "property.h"

/* ---- A thousand children ------------------------------------------------- */

Test(hidden, thousand_processes_share_one_frame)
{
    enum { CHILDREN = 1000 };
    const struct world w = new_world_of(3 * CHILDREN + 64, NO_KERNEL);
    struct space *const space = new_space(&w);
    const uint64_t number = put_page(&w, space, DATA, PW_W | PW_U);
    check_status(cow_spawn(w.cow, 1, space), COW_OK);
    for (uint64_t i = 1; i <= CHILDREN; i++) {
        check_status(cow_fork(w.cow, i / 2 + 1, i + 1), COW_OK);
        check_refs(&w, number, i + 1);
    }
    check_status(user_write(&w, 700, DATA, 1), COW_OK);
    check_refs(&w, number, CHILDREN);
    check_filled(&w, 1, DATA, number);
    check_filled(&w, 1000, DATA, number);
    for (uint64_t i = 1; i <= CHILDREN; i++)
        check_status(cow_exit(w.cow, i), COW_OK);
    check_refs(&w, number, 1);
    check_status(user_write(&w, CHILDREN + 1, DATA, 1), COW_OK);
    check_eq(frame(&w, CHILDREN + 1, DATA), number);
    end_world(&w);
    check_all_back(&w);
}

/* ---- Out of memory, everywhere ------------------------------------------- */

/* Calls, and when there was no memory, calls again: the failure was arranged
 * once.  Counts in `failed`. */
#define AGAIN(failed, call)                                                    \
    do {                                                                       \
        int status_ = (call);                                                  \
        if (status_ == COW_NO_MEMORY) {                                        \
            (failed)++;                                                        \
            status_ = (call);                                                  \
        }                                                                      \
        check_status(status_, COW_OK);                                         \
    } while (0)

Test(hidden, memory_may_run_out_at_every_allocation)
{
    enum { MANY = 60 };
    const struct world w = new_world();
    uint64_t k = 1;
    for (; k < MANY; k++) {
        spawn_four(&w, 1);
        const uint64_t data = frame(&w, 1, DATA), text = frame(&w, 1, TEXT);
        unsigned failed = 0;
        check_context("allocation %u of the scenario fails", (unsigned)k);
        frame_fail_at(w.mach, k);
        AGAIN(failed, cow_fork(w.cow, 1, 2));
        AGAIN(failed, cow_fault(w.cow, 2, DATA, USER_WRITE));
        AGAIN(failed, cow_map(w.cow, 2, 0x40000000, PW_W | PW_U));
        AGAIN(failed, cow_fork(w.cow, 2, 3));
        AGAIN(failed, cow_fork(w.cow, 1, 4));
        AGAIN(failed, cow_copy_out(w.cow, 3, DATA, w.from, 300, w.left));
        AGAIN(failed, cow_copy_out(w.cow, 3, 0x40000000, w.from, 9, w.left));
        AGAIN(failed, cow_protect(w.cow, 4, TEXT, PW_W | PW_U));
        AGAIN(failed, cow_fault(w.cow, 4, TEXT, USER_WRITE));
        AGAIN(failed, cow_fault(w.cow, 1, DATA, USER_WRITE));
        frame_fail_at(w.mach, 0);
        check_filled(&w, 1, DATA, data);
        check_filled(&w, 2, DATA, data);
        check_filled(&w, 4, DATA, data);
        for (uint64_t pid = 1; pid <= 4; pid++)
            check_filled(&w, pid, TEXT, text);
        check_refs(&w, text, 3);
        check_refs(&w, frame(&w, 2, 0x40000000), 1);
        for (uint64_t pid = 1; pid <= 4; pid++)
            check_status(cow_exit(w.cow, pid), COW_OK);
        check_all_back(&w);
        if (failed == 0)
            break;
        check_eq(failed, 1);
    }
    check_context("%s", "");
    /* Forks 3 + 4 + 3 for tables, a page and its table, five copies. */
    check_eq(k - 1, 17);
    end_world(&w);
}

/* ---- Random trees -------------------------------------------------------- */

enum { PIDS = 10, PAGES = 5, TREE_FRAMES = 256, GROUPS = 8192, NONE = -1 };

/* Page 0 and 1 lie in one table, 2 and 3 in the next, 4 far above. */
static const uint64_t page_va[PAGES] = {DATA, TEXT, SHARED, HIDDEN, 0x70000000};

enum operation {
    FORK,
    EXIT,
    WRITE,
    KERNEL,
    READ,
    RIGHTS,
    MAP,
    EVICT,
    OPERATIONS
};

/* What a step makes fail: 1 to MOST_FRAMES, the allocation of that number; or
 * the next transfer of the device. */
enum { MOST_FRAMES = 4, FAIL_READ, FAIL_WRITE };

/* A page as the model has it: its own bytes, copied at every fork. */
struct model_page {
    bool used, write, user, shared;
    bool cow;       /* a private page with `write` whose W is clear           */
    bool written;   /* A and D: here only writes are accesses                 */
    bool swapped;   /* it lies in its slot                                    */
    int slot;       /* or NONE                                                */
    unsigned group; /* resident pages of one number may lie in one frame      */
    unsigned char bytes[PAGE];
};

struct model_process {
    bool used;
    struct model_page page[PAGES];
    uint64_t cached[PAGES]; /* the entry, as a processor may have kept it     */
    bool has_space;         /* from cow_space                                 */
    uint64_t root;          /* of that space                                  */
};

struct tree {
    struct world w;
    bool failures; /* whether allocations and transfers are made to fail      */
    int slots;     /* of the swap device                                      */
    struct model_process process[PIDS + 1];
    unsigned groups;
    uint64_t group_frame[GROUPS]; /* where a group lies, as long as it lives  */
    char *why;
};

static unsigned
pages_in_group(const struct tree *t, unsigned group)
{
    unsigned count = 0;
    for (unsigned p = 1; p <= PIDS; p++)
        for (unsigned i = 0; i < PAGES; i++)
            count += t->process[p].used && t->process[p].page[i].used &&
                     !t->process[p].page[i].swapped &&
                     t->process[p].page[i].group == group;
    return count;
}

static unsigned
pages_with_slot(const struct tree *t, int slot)
{
    unsigned count = 0;
    for (unsigned p = 1; p <= PIDS; p++)
        for (unsigned i = 0; i < PAGES; i++)
            count += t->process[p].used && t->process[p].page[i].used &&
                     t->process[p].page[i].slot == slot;
    return count;
}

static bool
different(struct tree *t, const char *what, uint64_t got, uint64_t want)
{
    snprintf(t->why, PROPERTY_WHY, "%s is 0x%llx, not 0x%llx", what,
             (unsigned long long)got, (unsigned long long)want);
    return false;
}

static bool
same_status(struct tree *t, const char *call, int got, int want)
{
    static const char *const name[] = {
        "COW_OK",     "COW_BAD_ARGUMENT", "COW_NO_PROCESS",  "COW_BAD_ADDRESS",
        "COW_EXISTS", "COW_NOT_MAPPED",   "COW_RIGHTS",      "COW_NO_MEMORY",
        "COW_PINNED", "COW_NO_SLOT",      "COW_WRITE_ERROR", "COW_READ_ERROR"};
    if (got == want)
        return true;
    snprintf(t->why, PROPERTY_WHY, "%s returned %s, not %s", call,
             got >= 0 && got <= COW_READ_ERROR ? name[got] : "no status",
             name[want]);
    return false;
}

/* The entry of a page as it must be, apart from the frame of a resident one. */
static uint64_t
entry_of(const struct model_page *page)
{
    if (!page->used)
        return 0;
    return (page->swapped ? PW_SWAPPED | (uint64_t)page->slot * PAGE : PW_P) |
           (page->user ? PW_U : 0) | (page->shared ? PW_SHARED : 0) |
           (page->written ? PW_A | PW_D : 0) |
           (page->write ? (page->cow ? PW_COW : PW_W) : 0);
}

/* The leaf of a page of a process; 0 when there is none. */
static uint64_t
raw_leaf(const struct tree *t, unsigned pid, unsigned page)
{
    const struct model_process *const process = &t->process[pid];
    const uint64_t at = process->has_space
                            ? leaf_at(t->w.mach, process->root, page_va[page])
                            : 0;
    return at == 0 ? 0 : peek32(t->w.mach, at);
}

/* Asks where the tables of a process are, and whether it is there at all. */
static bool
process_is_as_modelled(struct tree *t, unsigned pid)
{
    struct model_process *const process = &t->process[pid];
    struct space *const space = cow_space(t->w.cow, pid);
    process->has_space = space != NULL;
    process->root = pw_root(space);
    return process->has_space == process->used ||
           different(t, "whether the process exists", process->has_space,
                     process->used);
}

/* What the processor kept of an entry may not say more than the entry. */
static bool
may_keep(uint64_t cached, uint64_t now)
{
    return (cached & PW_P) == 0 ||
           ((now & PW_P) != 0 &&
            (now & ADDRESS_BITS) == (cached & ADDRESS_BITS) &&
            (cached & ~now & (PW_W | PW_U)) == 0);
}

static bool
page_is_as_modelled(struct tree *t, unsigned pid, unsigned i, bool whole,
                    uint64_t told_before)
{
    struct model_process *const process = &t->process[pid];
    struct model_page *const page = &process->page[i];
    const uint64_t now = process->used ? raw_leaf(t, pid, i) : 0;
    char what[100];
    if (!may_keep(process->cached[i], now) &&
        !was_told(&t->w, told_before, pid, page_va[i])) {
        snprintf(t->why, PROPERTY_WHY,
                 "the entry of page 0x%llx of process %u went from 0x%llx to "
                 "0x%llx, and mach_invalidate was not called",
                 (unsigned long long)page_va[i], pid,
                 (unsigned long long)process->cached[i],
                 (unsigned long long)now);
        return false;
    }
    process->cached[i] = now;
    if (!process->used)
        return true;
    snprintf(what, sizeof what, "the entry of page 0x%llx of process %u",
             (unsigned long long)page_va[i], pid);
    if ((page->swapped ? now : now & ~ADDRESS_BITS) != entry_of(page))
        return different(t, what, now, entry_of(page));
    if (!page->used)
        return true;
    unsigned char bytes[PAGE];
    const uint64_t from = whole ? 0 : (pid * 5 + i) * 64 % PAGE;
    const uint64_t length = whole ? PAGE : 64;
    if (page->swapped) {
        unsigned char slot[PAGE];
        (void)swapdev_peek(t->w.mach, (uint64_t)page->slot, slot);
        memcpy(bytes, slot + from, length);
    } else if (mach_peek(t->w.mach, (now & ADDRESS_BITS) + from, bytes,
                         length) != 0) {
        return different(t, what, now, entry_of(page));
    }
    if (memcmp(bytes, page->bytes + from, length) == 0)
        return true;
    uint64_t b = 0;
    while (bytes[b] == page->bytes[from + b])
        b++;
    snprintf(what, sizeof what, "byte %u of page 0x%llx of process %u",
             (unsigned)(from + b), (unsigned long long)page_va[i], pid);
    return different(t, what, bytes[b], page->bytes[from + b]);
}

/* Frames: pages of one group lie in one, always the same, those of two groups
 * in two; counts are numbers of pages; nothing else is in use but tables.  A
 * count that is asked for is a call: each step asks for those of the processes
 * near it and a few others, and now and then for all. */
static bool
frames_are_as_modelled(struct tree *t, const struct property_step *s,
                       bool whole)
{
    static unsigned group_of[TREE_FRAMES], pages[TREE_FRAMES];
    static bool ask[TREE_FRAMES];
    memset(group_of, 0, sizeof group_of);
    memset(pages, 0, sizeof pages);
    for (uint64_t f = 0; f < TREE_FRAMES; f++)
        ask[f] = whole || f % 64 == t->groups % 64;
    uint64_t used = t->w.kept;
    char what[80];
    for (unsigned pid = 1; pid <= PIDS; pid++) {
        if (!t->process[pid].used)
            continue;
        const bool near = pid == s->number[0] || pid == s->number[1];
        const uint64_t root = t->process[pid].root;
        used++;
        for (uint64_t e = 0; e < t->w.kernel_base >> 22; e++)
            used += peek32(t->w.mach, root + e * 4) != 0;
        for (unsigned i = 0; i < PAGES; i++) {
            const struct model_page *const page = &t->process[pid].page[i];
            if (!page->used || page->swapped)
                continue;
            const uint64_t f = raw_leaf(t, pid, i) / PAGE;
            uint64_t *const lies = &t->group_frame[page->group % GROUPS];
            used += pages[f] == 0;
            pages[f]++;
            ask[f] = ask[f] || near;
            if (group_of[f] == 0)
                group_of[f] = page->group;
            if (*lies == UINT64_MAX)
                *lies = f;
            if (group_of[f] == page->group && *lies == f)
                continue;
            snprintf(t->why, PROPERTY_WHY,
                     group_of[f] == page->group
                         ? "page 0x%llx of process %u was copied needlessly"
                         : "page 0x%llx of process %u lies in a frame that is "
                           "not its own",
                     (unsigned long long)page_va[i], pid);
            return false;
        }
    }
    for (uint64_t f = 0; f < TREE_FRAMES; f++) {
        const uint64_t refs = ask[f] ? cow_refs(t->w.cow, f) : pages[f];
        snprintf(what, sizeof what, "cow_refs of frame %u", (unsigned)f);
        if (refs != pages[f])
            return different(t, what, refs, pages[f]);
    }
    return mach_counts(t->w.mach).frames_used == used ||
           different(t, "the number of frames in use",
                     mach_counts(t->w.mach).frames_used, used);
}

/* The count of each slot is the number of pages that have it. */
static bool
slots_are_as_modelled(struct tree *t, bool whole)
{
    for (int slot = 0; slot < t->slots; slot++) {
        if (!whole && (unsigned)slot % 4 != t->groups % 4)
            continue;
        const uint64_t got = cow_slot_refs(t->w.cow, (uint64_t)slot);
        char what[40];
        snprintf(what, sizeof what, "cow_slot_refs of slot %d", slot);
        if (got != pages_with_slot(t, slot))
            return different(t, what, got, pages_with_slot(t, slot));
    }
    return true;
}

/* ---- Steps: number[0] and [1] processes, [2] page, [3] value, [4] failure  */

/* What may fail in such a step: fork and map need tables, a write one frame or
 * two, an eviction the device alone. */
static uint64_t
failure(const struct tree *t, unsigned operation)
{
    const bool device = t->slots > 0 && test_random_below(2) == 0;
    switch (operation) {
    case FORK:
    case MAP:
        return 1 + test_random_below(MOST_FRAMES);
    case EVICT:
        return FAIL_WRITE;
    default:
        return device ? FAIL_READ : 1 + test_random_below(2);
    }
}

/* Which processes there will be, as far as can be foreseen while a sequence is
 * made: most steps shall name some that are there.  And the process and page of
 * the last eviction, so that some pages soon come back. */
static bool foreseen[PIDS + 1];
static uint64_t evicted[2];

static uint64_t
pick_process(bool there)
{
    uint64_t fitting[PIDS], count = 0;
    for (uint64_t pid = 1; pid <= PIDS; pid++)
        if (foreseen[pid] == there)
            fitting[count++] = pid;
    return count == 0 || test_random_below(16) == 0
               ? 1 + test_random_below(PIDS)
               : fitting[test_random_below(count)];
}

static unsigned
pick_operation(const struct tree *t)
{
    /* How often; evictions come last, for trees over a device. */
    static const uint64_t weight[OPERATIONS] = {
        [FORK] = 6, [EXIT] = 5,   [WRITE] = 8, [KERNEL] = 3,
        [READ] = 5, [RIGHTS] = 2, [MAP] = 2,   [EVICT] = 10};
    uint64_t n = test_random_below(t->slots > 0 ? 41 : 31);
    unsigned operation = FORK;
    while (n >= weight[operation])
        n -= weight[operation++];
    return operation;
}

static struct property_step
generate(const void *data)
{
    const struct tree *const t = data;
    struct property_step s = {.operation = pick_operation(t)};
    s.number[0] = pick_process(true);
    s.number[1] = pick_process(false);
    /* Half of the time a private page that began writable: 0 or 4. */
    s.number[2] = test_random_below(2) == 0
                      ? test_random_below(PAGES)
                      : test_random_below(2) * (PAGES - 1);
    s.number[3] = test_random();
    if (s.operation == EVICT) {
        evicted[0] = s.number[0];
        evicted[1] = s.number[2];
    } else if (t->slots > 0 && s.operation >= WRITE && s.operation <= READ &&
               test_random_below(3) == 0) {
        s.number[0] = evicted[0];
        s.number[2] = evicted[1];
    }
    if (t->failures && test_random_below(3) == 0)
        s.number[4] = failure(t, s.operation);
    if (s.operation == EXIT)
        foreseen[s.number[0]] = false;
    if (s.operation == FORK && foreseen[s.number[0]] && s.number[4] == 0)
        foreseen[s.number[1]] = true;
    bool any = false;
    for (unsigned pid = 1; pid <= PIDS; pid++)
        any = any || foreseen[pid];
    foreseen[1] = foreseen[1] || !any; /* plant() */
    return s;
}

/* Where a kernel write begins, and how long it is: most are short. */
static uint64_t
kernel_at(const struct property_step *s)
{
    return page_va[s->number[2]] + s->number[3] % PAGE;
}

static uint64_t
kernel_bytes(const struct property_step *s)
{
    const uint64_t any = s->number[3] >> 16;
    return 1 + any % ((any >> 20) % 8 == 0 ? 2 * PAGE : 40);
}

static uint64_t
rights_of(const struct property_step *s)
{
    const uint64_t n = s->number[3] % 16;
    return (n % 4 != 0 ? PW_W : 0) | (n < 14 ? PW_U : 0);
}

static void
show(const struct property_step *s, char *to, size_t room, const void *data)
{
    (void)data;
    const unsigned p = (unsigned)s->number[0], q = (unsigned)s->number[1];
    const unsigned long long va = page_va[s->number[2]];
    char fails[40] = "";
    if (s->number[4] > MOST_FRAMES)
        snprintf(fails, sizeof fails, "swapdev_fail_%s_at(mach, 1, 0), ",
                 s->number[4] == FAIL_READ ? "read" : "write");
    else if (s->number[4] != 0)
        snprintf(fails, sizeof fails, "frame_fail_at(mach, %u), ",
                 (unsigned)s->number[4]);
    switch (s->operation) {
    case FORK:
        snprintf(to, room, "%scow_fork(cow, %u, %u)", fails, p, q);
        break;
    case EXIT:
        snprintf(to, room, "cow_exit(cow, %u)", p);
        break;
    case KERNEL:
        snprintf(to, room, "%scow_copy_out(cow, %u, 0x%llx, from, %llu, left)",
                 fails, p, (unsigned long long)kernel_at(s),
                 (unsigned long long)kernel_bytes(s));
        break;
    case RIGHTS:
        snprintf(to, room, "cow_protect(cow, %u, 0x%llx, %s%s)", p, va,
                 (rights_of(s) & PW_W) != 0 ? "PW_W" : "0",
                 (rights_of(s) & PW_U) != 0 ? " | PW_U" : "");
        break;
    case MAP:
        snprintf(to, room, "%scow_map(cow, %u, 0x%llx, PW_U%s%s)", fails, p, va,
                 s->number[3] % 4 != 0 ? " | PW_W" : "",
                 s->number[3] % 5 == 0 ? " | PW_SHARED" : "");
        break;
    case EVICT:
        snprintf(to, room, "%scow_evict(cow, %u, 0x%llx)", fails, p, va);
        break;
    default:
        snprintf(to, room, "%sprocess %u %s byte %u of page 0x%llx", fails, p,
                 s->operation == READ ? "reads" : "writes",
                 (unsigned)(s->number[3] % PAGE), va);
    }
}

/* The tables below the root that the pages of a process need. */
static unsigned
tables_of(const struct model_process *process)
{
    const struct model_page *const p = process->page;
    const bool one = p[0].used || p[1].used, two = p[2].used || p[3].used;
    return (one ? 1U : 0U) + (two ? 1U : 0U) + (p[4].used ? 1U : 0U);
}

static bool
do_fork(struct tree *t, const struct property_step *s)
{
    struct model_process *const from = &t->process[s->number[0]];
    struct model_process *const to = &t->process[s->number[1]];
    int want = !from->used ? COW_NO_PROCESS : to->used ? COW_EXISTS : COW_OK;
    if (want == COW_OK && s->number[4] > 0 && s->number[4] <= MOST_FRAMES &&
        s->number[4] <= 1 + tables_of(from))
        want = COW_NO_MEMORY;
    if (!same_status(t, "cow_fork",
                     cow_fork(t->w.cow, s->number[0], s->number[1]), want))
        return false;
    if (want == COW_NO_PROCESS || want == COW_EXISTS)
        return true;
    for (unsigned i = 0; i < PAGES; i++) {
        struct model_page *const page = &from->page[i];
        /* After a failure each of them may be COW or not. */
        if (page->used && page->write && !page->shared)
            page->cow = want == COW_OK ||
                        (raw_leaf(t, (unsigned)s->number[0], i) & PW_COW) != 0;
    }
    if (want == COW_OK) {
        to->used = true;
        memcpy(to->page, from->page, sizeof to->page);
    }
    return true;
}

static bool
do_exit(struct tree *t, const struct property_step *s)
{
    struct model_process *const process = &t->process[s->number[0]];
    const int want = process->used ? COW_OK : COW_NO_PROCESS;
    process->used = false;
    return same_status(t, "cow_exit", cow_exit(t->w.cow, s->number[0]), want);
}

/* Reads a swapped page back; `done` are the allocations, and the reads, that
 * the call has made so far. */
struct done {
    uint64_t allocations, reads;
};

static int
model_read_back(struct tree *t, struct model_page *page, uint64_t fails,
                struct done *done)
{
    if (!page->swapped)
        return COW_OK;
    if (++done->allocations == fails && fails <= MOST_FRAMES)
        return COW_NO_MEMORY;
    if (++done->reads == 1 && fails == FAIL_READ)
        return COW_READ_ERROR;
    page->swapped = false;
    page->group = ++t->groups;
    return COW_OK;
}

/* What a write to a page must come to; the page becomes what it then is. */
static int
model_write(struct tree *t, struct model_page *page, uint64_t fails,
            struct done *done)
{
    if (!page->used)
        return COW_NOT_MAPPED;
    if (!page->user || !page->write)
        return COW_RIGHTS;
    const int status = model_read_back(t, page, fails, done);
    if (status != COW_OK)
        return status;
    if (page->cow && pages_in_group(t, page->group) > 1) {
        if (++done->allocations == fails && fails <= MOST_FRAMES)
            return COW_NO_MEMORY;
        page->group = ++t->groups;
        page->slot = NONE;
    }
    page->cow = false;
    page->written = true;
    return COW_OK;
}

static bool
do_write(struct tree *t, const struct property_step *s)
{
    struct model_process *const process = &t->process[s->number[0]];
    struct model_page *const page = &process->page[s->number[2]];
    const uint64_t va = page_va[s->number[2]] + s->number[3] % PAGE;
    if (!process->used)
        return same_status(t, "cow_fault",
                           cow_fault(t->w.cow, s->number[0], va, USER_WRITE),
                           COW_NO_PROCESS);
    struct done done = {0, 0};
    const int want = model_write(t, page, s->number[4], &done);
    const unsigned char value = (unsigned char)(s->number[3] >> 24);
    if (!same_status(t, "cow_fault", user_write(&t->w, s->number[0], va, value),
                     want))
        return false;
    if (want != COW_OK)
        return true;
    /* A shared page is written for all who have it. */
    for (unsigned pid = 1; pid <= PIDS; pid++)
        for (unsigned i = 0; i < PAGES; i++) {
            struct model_page *const other = &t->process[pid].page[i];
            if (t->process[pid].used && other->used &&
                other->group == page->group)
                other->bytes[s->number[3] % PAGE] = value;
        }
    return true;
}

static bool
do_kernel(struct tree *t, const struct property_step *s)
{
    struct model_process *const process = &t->process[s->number[0]];
    uint64_t va = kernel_at(s), bytes = kernel_bytes(s);
    struct done done = {0, 0};
    const uint64_t shift = s->number[3] % 1000;
    const unsigned char *from = t->w.from + shift;
    const int got =
        cow_copy_out(t->w.cow, s->number[0], va, from, bytes, t->w.left);
    if (!process->used)
        return same_status(t, "cow_copy_out", got, COW_NO_PROCESS);
    int want = COW_OK;
    while (bytes > 0) {
        unsigned i = 0;
        while (i < PAGES && page_va[i] != va - va % PAGE)
            i++;
        want = i == PAGES
                   ? COW_NOT_MAPPED
                   : model_write(t, &process->page[i], s->number[4], &done);
        if (want != COW_OK)
            break;
        const uint64_t at = va % PAGE;
        const uint64_t here = bytes < PAGE - at ? bytes : PAGE - at;
        for (unsigned pid = 1; pid <= PIDS; pid++)
            for (unsigned j = 0; j < PAGES; j++) {
                struct model_page *const other = &t->process[pid].page[j];
                if (t->process[pid].used && other->used &&
                    other->group == process->page[i].group)
                    memcpy(other->bytes + at, from, here);
            }
        va += here;
        from += here;
        bytes -= here;
    }
    return same_status(t, "cow_copy_out", got, want) &&
           (*t->w.left == bytes || different(t, "*left", *t->w.left, bytes));
}

static bool
do_read(struct tree *t, const struct property_step *s)
{
    const struct model_process *const process = &t->process[s->number[0]];
    struct model_page *const page =
        &t->process[s->number[0]].page[s->number[2]];
    struct done done = {0, 0};
    const int want = !process->used ? COW_NO_PROCESS
                     : !page->used  ? COW_NOT_MAPPED
                     : !page->user
                         ? COW_RIGHTS
                         : model_read_back(t, page, s->number[4], &done);
    return same_status(
        t, "cow_fault",
        cow_fault(t->w.cow, s->number[0], page_va[s->number[2]], PW_FAULT_U),
        want);
}

static bool
do_rights(struct tree *t, const struct property_step *s)
{
    struct model_process *const process = &t->process[s->number[0]];
    struct model_page *const page = &process->page[s->number[2]];
    const int want = !process->used ? COW_NO_PROCESS
                     : !page->used  ? COW_NOT_MAPPED
                                    : COW_OK;
    if (want == COW_OK) {
        page->write = (rights_of(s) & PW_W) != 0;
        page->user = (rights_of(s) & PW_U) != 0;
        page->cow = page->write && !page->shared &&
                    (page->swapped ? pages_with_slot(t, page->slot)
                                   : pages_in_group(t, page->group)) > 1;
    }
    return same_status(t, "cow_protect",
                       cow_protect(t->w.cow, s->number[0],
                                   page_va[s->number[2]], rights_of(s)),
                       want);
}

static bool
do_map(struct tree *t, const struct property_step *s)
{
    struct model_process *const process = &t->process[s->number[0]];
    struct model_page *const page = &process->page[s->number[2]];
    const bool write = s->number[3] % 4 != 0, shared = s->number[3] % 5 == 0;
    int want = !process->used ? COW_NO_PROCESS
               : page->used   ? COW_EXISTS
                              : COW_OK;
    if (want == COW_OK) {
        const unsigned before = tables_of(process);
        page->used = true;
        const unsigned needed = 1 + tables_of(process) - before;
        if (s->number[4] > 0 && s->number[4] <= MOST_FRAMES &&
            s->number[4] <= needed)
            want = COW_NO_MEMORY;
        page->used = want == COW_OK;
    }
    if (want == COW_OK) {
        *page = (struct model_page){.used = true,
                                    .write = write,
                                    .user = true,
                                    .shared = shared,
                                    .slot = NONE,
                                    .group = ++t->groups};
    }
    return same_status(
        t, "cow_map",
        cow_map(t->w.cow, s->number[0], page_va[s->number[2]],
                PW_U | (write ? PW_W : 0) | (shared ? PW_SHARED : 0)),
        want);
}

/* Turns a page out, in the model. */
static int
model_evict(struct tree *t, struct model_page *page, uint64_t fails)
{
    if (!page->used)
        return COW_NOT_MAPPED;
    if (page->swapped)
        return COW_OK;
    if (page->shared || pages_in_group(t, page->group) > 1)
        return COW_PINNED;
    if (page->slot == NONE || page->written) {
        int slot = page->slot;
        if (slot == NONE || pages_with_slot(t, slot) > 1)
            for (slot = 0; slot < t->slots && pages_with_slot(t, slot) > 0;)
                slot++;
        if (slot == t->slots)
            return COW_NO_SLOT;
        if (fails == FAIL_WRITE)
            return COW_WRITE_ERROR;
        page->slot = slot;
    }
    page->swapped = true;
    page->written = false;
    return COW_OK;
}

static bool
do_evict(struct tree *t, const struct property_step *s)
{
    struct model_process *const process = &t->process[s->number[0]];
    const int want =
        !process->used
            ? COW_NO_PROCESS
            : model_evict(t, &process->page[s->number[2]], s->number[4]);
    return same_status(t, "cow_evict",
                       cow_evict(t->w.cow, s->number[0], page_va[s->number[2]]),
                       want);
}

/* Process 1 as it is spawned: pages 0 to 3 of cow_help.h's picture. */
static void
plant(struct tree *t)
{
    static const struct model_page kind[4] = {
        {.used = true, .write = true, .user = true},
        {.used = true, .user = true},
        {.used = true, .write = true, .user = true, .shared = true},
        {.used = true, .write = true},
    };
    struct space *const space = new_space(&t->w);
    memset(t->process, 0, sizeof t->process);
    memset(t->group_frame, 0xFF, sizeof t->group_frame);
    t->groups = 0;
    t->process[1].used = true;
    for (unsigned i = 0; i < 4; i++) {
        struct model_page *const page = &t->process[1].page[i];
        *page = kind[i];
        page->slot = NONE;
        page->group = ++t->groups;
        const uint64_t f =
            put_page(&t->w, space, page_va[i], entry_of(page) & ~PW_P);
        (void)mach_peek(t->w.mach, f * PAGE, page->bytes, PAGE);
    }
    check_status(cow_spawn(t->w.cow, 1, space), COW_OK);
    t->process[1].has_space = true;
    t->process[1].root = pw_root(space);
}

static bool
run_step(struct tree *t, const struct property_step *s, bool whole)
{
    static bool (*const run[OPERATIONS])(struct tree *,
                                         const struct property_step *) = {
        do_fork, do_exit,   do_write, do_kernel,
        do_read, do_rights, do_map,   do_evict};
    bool any = false;
    for (unsigned pid = 1; pid <= PIDS; pid++)
        any = any || t->process[pid].used;
    if (!any)
        plant(t);
    const uint64_t told = mach_counts(t->w.mach).invalidations;
    const uint64_t fails = s->number[4];
    frame_fail_at(t->w.mach, fails <= MOST_FRAMES ? fails : 0);
    swapdev_fail_read_at(t->w.mach, fails == FAIL_READ, 0);
    swapdev_fail_write_at(t->w.mach, fails == FAIL_WRITE, 0);
    if (!run[s->operation](t, s))
        return false;
    frame_fail_at(t->w.mach, 0);
    for (unsigned pid = 1; pid <= PIDS; pid++) {
        /* The two that the step names are looked at closely. */
        const bool near = pid == s->number[0] || pid == s->number[1];
        if ((near || whole) && !process_is_as_modelled(t, pid))
            return false;
        for (unsigned i = 0; i < PAGES; i++)
            if (!page_is_as_modelled(
                    t, pid, i, whole || (near && i == s->number[2]), told))
                return false;
    }
    return frames_are_as_modelled(t, s, whole) &&
           slots_are_as_modelled(t, whole);
}

static bool
replay(const struct property_step *step, unsigned count, char *why,
       unsigned *at, const void *data)
{
    static struct tree t;
    const struct tree *const given = data;
    memcpy(&t, given, sizeof t);
    t.why = why;
    /* What a replay that differed has left behind. */
    for (unsigned pid = 1; pid <= PIDS; pid++)
        if (cow_space(t.w.cow, pid) != NULL)
            (void)cow_exit(t.w.cow, pid);
    plant(&t);
    for (unsigned i = 0; i < count; i++) {
        property_step(i);
        *at = i;
        if (!run_step(&t, &step[i], i % 32 == 31 || i + 1 == count))
            return false;
    }
    for (unsigned pid = 1; pid <= PIDS; pid++)
        if (t.process[pid].used && cow_exit(t.w.cow, pid) != COW_OK)
            return different(&t, "a last cow_exit's process", pid, pid);
    memset(t.process, 0, sizeof t.process);
    return slots_are_as_modelled(&t, true) &&
           (mach_counts(t.w.mach).frames_used == t.w.kept ||
            different(&t, "when all have exited the number of frames in use",
                      mach_counts(t.w.mach).frames_used, t.w.kept));
}

static void
check_tree(const char *about, bool failures, uint64_t kernel_base, int slots,
           unsigned steps)
{
    static struct tree t;
    memset(&t, 0, sizeof t);
    t.w = new_world_with_swap(TREE_FRAMES, kernel_base, (uint64_t)slots);
    memset(foreseen, 0, sizeof foreseen);
    foreseen[1] = true;
    evicted[0] = 1;
    evicted[1] = 0;
    t.failures = failures;
    t.slots = slots;
    const struct property property = {.about = about,
                                      .steps = steps,
                                      .generate = generate,
                                      .show = show,
                                      .replay = replay,
                                      .data = &t,
                                      .patience = 2 * steps};
    check_property(&property);
    end_world(&t.w);
    check_all_back(&t.w);
}

Test(hidden, random_trees_agree_with_a_model_that_copies_everything)
{
    check_tree("a tree of processes", false, NO_KERNEL, 0, 600);
}

Test(hidden, random_trees_agree_with_a_model_when_memory_runs_out)
{
    check_tree("a tree of processes, short of memory", true, NO_KERNEL, 0, 400);
}

Test(hidden, random_trees_agree_with_a_model_beside_a_kernel)
{
    check_tree("a tree of processes beside a kernel", true, KERNEL_BASE, 0,
               350);
}

Test(hidden, random_trees_with_pages_in_swap_agree_with_a_model)
{
    check_tree("a tree of processes over 16 slots", false, NO_KERNEL, 16, 400);
}

Test(hidden, random_trees_over_a_device_that_fails_agree_with_a_model)
{
    check_tree("a tree of processes over 5 slots that fail", true, KERNEL_BASE,
               5, 400);
}
