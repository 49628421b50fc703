/* hidden_random.c - many processes: a thousand children, memory that runs out
 * at every allocation, and random trees of processes against a model that
 * copies everything at fork. */
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

enum { PIDS = 10, PAGES = 5, TREE_FRAMES = 256, GROUPS = 8192 };

/* Page 0 and 1 lie in one table, 2 and 3 in the next, 4 far above. */
static const uint64_t page_va[PAGES] = {DATA, TEXT, SHARED, HIDDEN, 0x70000000};

enum operation { FORK, EXIT, WRITE, KERNEL, READ, RIGHTS, MAP, OPERATIONS };

/* A page as the model has it: its own bytes, copied at every fork. */
struct model_page {
    bool used, write, user, shared;
    bool cow;       /* a private page with `write` whose W is clear           */
    unsigned group; /* pages that may lie in one frame have one number        */
    unsigned char bytes[PAGE];
};

struct model_process {
    bool used;
    struct model_page page[PAGES];
    uint64_t cached[PAGES]; /* the entry, as a processor may have kept it     */
};

struct tree {
    struct world w;
    bool failures; /* whether allocations are made to fail                    */
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
                     t->process[p].page[i].group == group;
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
        "COW_OK",     "COW_BAD_ARGUMENT", "COW_NO_PROCESS", "COW_BAD_ADDRESS",
        "COW_EXISTS", "COW_NOT_MAPPED",   "COW_RIGHTS",     "COW_NO_MEMORY"};
    if (got == want)
        return true;
    snprintf(t->why, PROPERTY_WHY, "%s returned %s, not %s", call,
             got >= 0 && got <= COW_NO_MEMORY ? name[got] : "no status",
             name[want]);
    return false;
}

/* The entry of a page as it must be, apart from its address, A and D. */
static uint64_t
entry_of(const struct model_page *page)
{
    if (!page->used)
        return 0;
    return PW_P | (page->user ? PW_U : 0) | (page->shared ? PW_SHARED : 0) |
           (page->write ? (page->cow ? PW_COW : PW_W) : 0);
}

/* The leaf of a page of a process, without a check that would end the test. */
static uint64_t
raw_leaf(const struct tree *t, unsigned pid, unsigned page)
{
    struct space *const space = cow_space(t->w.cow, pid);
    if (space == NULL)
        return 0;
    const uint64_t at = leaf_at(t->w.mach, pw_root(space), page_va[page]);
    return at == 0 ? 0 : peek32(t->w.mach, at);
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
    if ((now & ~(ADDRESS_BITS | PW_A | PW_D)) != entry_of(page))
        return different(t, what, now, entry_of(page));
    if (!page->used)
        return true;
    unsigned char bytes[PAGE];
    const uint64_t from = whole ? 0 : (pid * 5 + i) * 64 % PAGE;
    const uint64_t length = whole ? PAGE : 64;
    if (mach_peek(t->w.mach, (now & ADDRESS_BITS) + from, bytes, length) != 0)
        return different(t, what, now, entry_of(page));
    for (uint64_t b = 0; b < length; b++) {
        snprintf(what, sizeof what, "byte %u of page 0x%llx of process %u",
                 (unsigned)(from + b), (unsigned long long)page_va[i], pid);
        if (bytes[b] != page->bytes[from + b])
            return different(t, what, bytes[b], page->bytes[from + b]);
    }
    return true;
}

/* Frames: pages of one group lie in one, always the same, those of two groups
 * in two; counts are numbers of pages; nothing else is in use but tables. */
static bool
frames_are_as_modelled(struct tree *t)
{
    static unsigned group_of[TREE_FRAMES], pages[TREE_FRAMES];
    memset(group_of, 0, sizeof group_of);
    memset(pages, 0, sizeof pages);
    uint64_t used = t->w.kept;
    char what[80];
    for (unsigned pid = 1; pid <= PIDS; pid++) {
        if (!t->process[pid].used)
            continue;
        const uint64_t root = pw_root(cow_space(t->w.cow, pid));
        used++;
        for (uint64_t e = 0; e < t->w.kernel_base >> 22; e++)
            used += peek32(t->w.mach, root + e * 4) != 0;
        for (unsigned i = 0; i < PAGES; i++) {
            const struct model_page *const page = &t->process[pid].page[i];
            if (!page->used)
                continue;
            const uint64_t f = raw_leaf(t, pid, i) / PAGE;
            uint64_t *const lies = &t->group_frame[page->group % GROUPS];
            used += pages[f] == 0;
            pages[f]++;
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
        snprintf(what, sizeof what, "cow_refs of frame %u", (unsigned)f);
        /* Few change in one step: all are asked for now and then. */
        if ((pages[f] > 0 || f % 16 == t->groups % 16) &&
            cow_refs(t->w.cow, f) != pages[f])
            return different(t, what, cow_refs(t->w.cow, f), pages[f]);
    }
    return mach_counts(t->w.mach).frames_used == used ||
           different(t, "the number of frames in use",
                     mach_counts(t->w.mach).frames_used, used);
}

/* ---- Steps: number[0] and [1] processes, [2] page, [3] value, [4] failure  */

static struct property_step
generate(const void *data)
{
    const struct tree *const t = data;
    static const enum operation often[] = {
        FORK, FORK,  FORK,  FORK,   FORK,   FORK, EXIT,   EXIT,   EXIT,
        EXIT, WRITE, WRITE, KERNEL, KERNEL, READ, RIGHTS, RIGHTS, MAP};
    struct property_step s = {
        .operation = often[test_random_below(sizeof often / sizeof *often)]};
    s.number[0] = 1 + test_random_below(PIDS);
    s.number[1] = 1 + test_random_below(PIDS);
    s.number[2] = test_random_below(PAGES);
    s.number[3] = test_random();
    s.number[4] =
        t->failures && test_random_below(3) == 0 ? 1 + test_random_below(4) : 0;
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
    if (s->number[4] != 0)
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
    if (want == COW_OK && s->number[4] > 0 &&
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

/* What a write to a page must come to, `allocations` being those that the call
 * has made so far; the page becomes what it then is. */
static int
model_write(struct tree *t, struct model_page *page, uint64_t fail_at,
            uint64_t *allocations)
{
    if (!page->used)
        return COW_NOT_MAPPED;
    if (!page->user || !page->write)
        return COW_RIGHTS;
    if (page->cow && pages_in_group(t, page->group) > 1) {
        if (++*allocations == fail_at)
            return COW_NO_MEMORY;
        page->group = ++t->groups;
    }
    page->cow = false;
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
    uint64_t allocations = 0;
    const int want = model_write(t, page, s->number[4], &allocations);
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
    uint64_t va = kernel_at(s), bytes = kernel_bytes(s), allocations = 0;
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
        want = i == PAGES ? COW_NOT_MAPPED
                          : model_write(t, &process->page[i], s->number[4],
                                        &allocations);
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
    const struct model_page *const page = &process->page[s->number[2]];
    const int want = !process->used ? COW_NO_PROCESS
                     : !page->used  ? COW_NOT_MAPPED
                     : !page->user  ? COW_RIGHTS
                                    : COW_OK;
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
        page->cow =
            page->write && !page->shared && pages_in_group(t, page->group) > 1;
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
        if (s->number[4] > 0 && s->number[4] <= needed)
            want = COW_NO_MEMORY;
        page->used = want == COW_OK;
    }
    if (want == COW_OK) {
        *page = (struct model_page){.used = true,
                                    .write = write,
                                    .user = true,
                                    .shared = shared,
                                    .group = ++t->groups};
    }
    return same_status(
        t, "cow_map",
        cow_map(t->w.cow, s->number[0], page_va[s->number[2]],
                PW_U | (write ? PW_W : 0) | (shared ? PW_SHARED : 0)),
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
        page->group = ++t->groups;
        const uint64_t f =
            put_page(&t->w, space, page_va[i], entry_of(page) & ~PW_P);
        (void)mach_peek(t->w.mach, f * PAGE, page->bytes, PAGE);
    }
    check_status(cow_spawn(t->w.cow, 1, space), COW_OK);
}

static bool
run_step(struct tree *t, const struct property_step *s, bool whole)
{
    static bool (*const run[OPERATIONS])(struct tree *,
                                         const struct property_step *) = {
        do_fork, do_exit, do_write, do_kernel, do_read, do_rights, do_map};
    bool any = false;
    for (unsigned pid = 1; pid <= PIDS; pid++)
        any = any || t->process[pid].used;
    if (!any)
        plant(t);
    const uint64_t told = mach_counts(t->w.mach).invalidations;
    frame_fail_at(t->w.mach, s->number[4]);
    if (!run[s->operation](t, s))
        return false;
    frame_fail_at(t->w.mach, 0);
    for (unsigned pid = 1; pid <= PIDS; pid++) {
        /* The two that the step names are looked at closely. */
        const bool near = pid == s->number[0] || pid == s->number[1];
        const bool exists = cow_space(t->w.cow, pid) != NULL;
        if (exists != t->process[pid].used)
            return different(t, "whether the process exists", exists,
                             t->process[pid].used);
        for (unsigned i = 0; i < PAGES; i++)
            if (!page_is_as_modelled(
                    t, pid, i, whole || (near && i == s->number[2]), told))
                return false;
    }
    return frames_are_as_modelled(t);
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
    return mach_counts(t.w.mach).frames_used == t.w.kept ||
           different(&t, "when all have exited the number of frames in use",
                     mach_counts(t.w.mach).frames_used, t.w.kept);
}

static void
check_tree(const char *about, bool failures, uint64_t kernel_base,
           unsigned steps)
{
    static struct tree t;
    memset(&t, 0, sizeof t);
    t.w = new_world_of(TREE_FRAMES, kernel_base);
    t.failures = failures;
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
    check_tree("a tree of processes", false, NO_KERNEL, 700);
}

Test(hidden, random_trees_agree_with_a_model_when_memory_runs_out)
{
    check_tree("a tree of processes, short of memory", true, NO_KERNEL, 700);
}

Test(hidden, random_trees_agree_with_a_model_beside_a_kernel)
{
    check_tree("a tree of processes beside a kernel", true, KERNEL_BASE, 500);
}
