/* whole_tables.c - goes through the tables themselves: 1,024 entries at a time
 * are read by hand, and fork copies a table in one move. */
#include "cow/cow.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 1024, MANY = 3 };

struct cow {
    struct mach *mach;
    uint32_t frames, roots; /* roots: entries of a root for the user half     */
    uint32_t *pages;        /* per frame                                      */
    uint32_t *slot;         /* per frame: of its pages, counted from 1, or 0  */
    uint32_t *in_slot;      /* pages per slot, counted from 1                 */
    struct space **space;   /* per pid                                        */
};

static uint32_t
get(const struct cow *c, uint64_t pa)
{
    return phys_read32(c->mach, pa);
}

/* Where the table for entry `i` of a root lies; 0: there is none. */
static uint64_t
table(const struct cow *c, struct space *space, uint32_t i)
{
    return get(c, pw_root(space) + 4 * (uint64_t)i) & 0xFFFFF000;
}

struct cow *
cow_create(struct mach *mach, const struct cow_config *config)
{
    const uint64_t base = config == NULL ? 0 : config->kernel_base;
    errno = EINVAL;
    if (mach == NULL || base == 0 || base % 0x400000 != 0 ||
        base / 0x400000 > ENTRIES || config->frames == 0)
        return NULL;
    struct cow *const c = malloc(sizeof *c);
    if (c != NULL) {
        c->mach = mach;
        c->frames = (uint32_t)config->frames;
        c->roots = (uint32_t)(base / 0x400000);
        c->pages = calloc(c->frames, sizeof *c->pages);
        c->slot = calloc(c->frames, sizeof *c->slot);
        c->in_slot = calloc(swapdev_slots(mach) + 1, sizeof *c->in_slot);
        c->space = calloc(COW_PIDS, sizeof *c->space);
        if (c->pages != NULL && c->slot != NULL && c->in_slot != NULL &&
            c->space != NULL)
            return c;
        free(c->pages);
        free(c->slot);
        free(c->in_slot);
        free(c->space);
        free(c);
    }
    errno = ENOMEM;
    return NULL;
}

/* Calls `what` for each page of a space, through the tables. */
static void
for_each(struct cow *c, uint64_t pid, struct space *space,
         void (*what)(struct cow *, uint64_t pid, uint64_t va, uint64_t at))
{
    struct pw_leaf leaf;
    const uint64_t end = (uint64_t)c->roots << 22;
    uint64_t va = 0;
    while (va < end && pw_next(space, va, &leaf) == PW_OK && leaf.va < end) {
        /* The rest of this table by hand. */
        const uint64_t t = table(c, space, (uint32_t)(leaf.va >> 22));
        uint64_t gap = 0;
        for (va = leaf.va; gap < MANY && (va == leaf.va || va << 42 != 0);
             va += 4096) {
            const uint64_t at = t + (va >> 12) % ENTRIES * 4;
            if (get(c, at) == 0) {
                gap++;
                continue;
            }
            gap = 0;
            what(c, pid, va, at);
        }
    }
}

static void
count_page(struct cow *c, uint64_t pid, uint64_t va, uint64_t at)
{
    (void)pid, (void)va;
    const uint32_t entry = get(c, at), number = entry >> 12;
    if ((entry & PW_P) == 0) {
        c->in_slot[number + 1]++;
        return;
    }
    c->pages[number]++;
    if (c->slot[number] != 0)
        c->in_slot[c->slot[number]]++;
}

/* A page leaves a frame. */
static void
leave(struct cow *c, uint32_t frame)
{
    if (c->slot[frame] != 0)
        c->in_slot[c->slot[frame]]--;
    if (--c->pages[frame] == 0) {
        c->slot[frame] = 0;
        frame_free(c->mach, frame);
    }
}

static void
drop_page(struct cow *c, uint64_t pid, uint64_t va, uint64_t at)
{
    const uint32_t entry = get(c, at);
    mach_invalidate(c->mach, pid, va);
    if ((entry & PW_P) == 0)
        c->in_slot[(entry >> 12) + 1]--;
    else
        leave(c, entry >> 12);
}

static void
freeze_page(struct cow *c, uint64_t pid, uint64_t va, uint64_t at)
{
    const uint32_t entry = get(c, at);
    if ((entry & PW_W) == 0 || (entry & PW_SHARED) != 0)
        return;
    phys_write32(c->mach, at, entry - (uint32_t)PW_W + (uint32_t)PW_COW);
    mach_invalidate(c->mach, pid, va);
}

int
cow_spawn(struct cow *c, uint64_t pid, struct space *space)
{
    if (c == NULL || space == NULL || pid < 1 || pid >= COW_PIDS)
        return COW_BAD_ARGUMENT;
    if (c->space[pid] != NULL)
        return COW_EXISTS;
    c->space[pid] = space;
    for_each(c, pid, space, count_page);
    return COW_OK;
}

struct space *
cow_space(struct cow *c, uint64_t pid)
{
    return c != NULL && pid < COW_PIDS ? c->space[pid] : NULL;
}

uint64_t
cow_refs(struct cow *c, uint64_t frame)
{
    return c != NULL && frame < c->frames ? c->pages[frame] : 0;
}

/* Destroys a space, without the kernel's half. */
static void
raze(struct cow *c, struct space *space)
{
    for (uint32_t i = c->roots; i < ENTRIES; i++)
        phys_write32(c->mach, pw_root(space) + 4 * (uint64_t)i, 0);
    pw_destroy(space);
}

int
cow_exit(struct cow *c, uint64_t pid)
{
    if (c == NULL || pid < 1 || pid >= COW_PIDS)
        return COW_BAD_ARGUMENT;
    struct space *const space = c->space[pid];
    if (space == NULL)
        return COW_NO_PROCESS;
    c->space[pid] = NULL;
    for_each(c, pid, space, drop_page);
    raze(c, space);
    return COW_OK;
}

int
cow_destroy(struct cow *c)
{
    if (c == NULL)
        return COW_BAD_ARGUMENT;
    for (uint64_t pid = COW_PIDS; --pid > 0;)
        (void)cow_exit(c, pid);
    free(c->pages);
    free(c->slot);
    free(c->in_slot);
    free(c->space);
    free(c);
    return COW_OK;
}

int
cow_fork(struct cow *c, uint64_t parent, uint64_t child)
{
    if (c == NULL || parent < 1 || parent >= COW_PIDS || child < 1 ||
        child >= COW_PIDS)
        return COW_BAD_ARGUMENT;
    struct space *const from = c->space[parent];
    if (from == NULL)
        return COW_NO_PROCESS;
    if (c->space[child] != NULL)
        return COW_EXISTS;
    struct space *const to = pw_create(c->mach, PW_TWO_LEVEL, PW_WP);
    if (to == NULL)
        return COW_NO_MEMORY;

    /* An empty table in the child for each of the parent's, made by a mapping
     * where the parent has one. */
    struct pw_leaf leaf;
    const uint64_t end = (uint64_t)c->roots << 22;
    for (uint64_t va = 0;
         va < end && pw_next(from, va, &leaf) == PW_OK && leaf.va < end;
         va = (leaf.va | 0x3FFFFF) + 1)
        if (pw_map(to, leaf.va, 0, 4096, 0) != PW_OK) {
            pw_destroy(to);
            return COW_NO_MEMORY;
        }
    for_each(c, parent, from, freeze_page);
    for (uint64_t va = 0;
         va < end && pw_next(from, va, &leaf) == PW_OK && leaf.va < end;
         va = (leaf.va | 0x3FFFFF) + 1) {
        const uint32_t i = (uint32_t)(leaf.va >> 22);
        phys_move(c->mach, table(c, to, i), table(c, from, i), 4096);
    }
    phys_move(c->mach, pw_root(to) + 4 * (uint64_t)c->roots,
              pw_root(from) + 4 * (uint64_t)c->roots,
              4 * (uint64_t)(ENTRIES - c->roots));
    c->space[child] = to;
    for_each(c, child, to, count_page);
    return COW_OK;
}

/* Where the entry of a page lies, in *at; looks at the tables itself. */
static int
entry_of(struct cow *c, uint64_t pid, uint64_t va, uint64_t *at)
{
    if (c == NULL || pid < 1 || pid >= COW_PIDS)
        return COW_BAD_ARGUMENT;
    if (c->space[pid] == NULL)
        return COW_NO_PROCESS;
    if (va >> 22 >= c->roots)
        return COW_BAD_ADDRESS;
    const uint64_t t = table(c, c->space[pid], (uint32_t)(va >> 22));
    *at = t + (va >> 12) % ENTRIES * 4;
    return t == 0 || get(c, *at) == 0 ? COW_NOT_MAPPED : COW_OK;
}

int
cow_map(struct cow *c, uint64_t pid, uint64_t va, uint64_t rights)
{
    uint64_t at;
    if ((rights & ~(PW_W | PW_U | PW_SHARED)) != 0)
        return COW_BAD_ARGUMENT;
    const int status = entry_of(c, pid, va, &at);
    if (status != COW_NOT_MAPPED)
        return status == COW_OK ? COW_EXISTS : status;
    const uint64_t frame = frame_alloc(c->mach);
    if (frame == FRAME_NONE)
        return COW_NO_MEMORY;
    if (pw_map(c->space[pid], va >> 12 << 12, frame << 12, 4096, rights) !=
        PW_OK) {
        frame_free(c->mach, frame);
        return COW_NO_MEMORY;
    }
    phys_zero_frame(c->mach, frame);
    c->pages[frame] = 1;
    return COW_OK;
}

uint64_t
cow_slot_refs(struct cow *c, uint64_t slot)
{
    return c == NULL || slot >= swapdev_slots(c->mach) ? 0
                                                       : c->in_slot[slot + 1];
}

int
cow_evict(struct cow *c, uint64_t pid, uint64_t va)
{
    uint64_t at;
    const int status = entry_of(c, pid, va, &at);
    if (status != COW_OK)
        return status;
    const uint32_t entry = get(c, at), frame = entry >> 12;
    if ((entry & PW_P) == 0)
        return COW_OK;
    if ((entry & PW_SHARED) != 0 || c->pages[frame] != 1)
        return COW_PINNED;
    const uint32_t had = c->slot[frame];
    uint32_t slot = had;
    if (had == 0 || (entry & PW_D) != 0) {
        const uint64_t end = swapdev_slots(c->mach);
        if (had == 0 || c->in_slot[had] > 1)
            for (slot = 1; slot <= end && c->in_slot[slot] > 0; slot++) {
            }
        if (slot > end)
            return COW_NO_SLOT;
        if (swapdev_write(c->mach, slot - 1, frame) != SWAPDEV_OK)
            return COW_WRITE_ERROR;
    }
    c->in_slot[slot]++;
    leave(c, frame);
    phys_write32(c->mach, at,
                 (slot - 1) << 12 | (uint32_t)PW_SWAPPED |
                     (entry & (uint32_t)(PW_W | PW_U | PW_COW)));
    return mach_invalidate(c->mach, pid, va);
}

/* Reads the page in whose entry lies at `at`, if it is swapped. */
static int
need(struct cow *c, uint64_t at)
{
    const uint32_t entry = get(c, at);
    if ((entry & PW_P) != 0)
        return COW_OK;
    const uint64_t frame = frame_alloc(c->mach);
    if (frame == FRAME_NONE)
        return COW_NO_MEMORY;
    if (swapdev_read(c->mach, entry >> 12, frame) != SWAPDEV_OK) {
        frame_free(c->mach, frame);
        return COW_READ_ERROR;
    }
    /* The slot has one page as before. */
    c->pages[frame] = 1;
    c->slot[frame] = (entry >> 12) + 1;
    phys_write32(c->mach, at,
                 (uint32_t)frame << 12 |
                     (entry & (uint32_t)(PW_W | PW_U | PW_COW)) |
                     (uint32_t)PW_P);
    return COW_OK;
}

/* What a write to the entry at `at` needs; 0 for one that needs nothing. */
static int
allow_write(struct cow *c, uint64_t pid, uint64_t va, uint64_t at)
{
    if ((get(c, at) & (PW_W | PW_COW)) == 0)
        return COW_RIGHTS;
    const int status = need(c, at);
    uint32_t entry = get(c, at);
    if (status != COW_OK || (entry & PW_W) != 0)
        return status;
    const uint32_t old = entry >> 12;
    entry = (entry | (uint32_t)PW_W) & ~(uint32_t)PW_COW;
    if (c->pages[old] > 1) {
        const uint64_t new = frame_alloc(c->mach);
        if (new == FRAME_NONE)
            return COW_NO_MEMORY;
        phys_move(c->mach, new << 12, (uint64_t)old << 12, 4096);
        leave(c, old);
        c->pages[new] = 1;
        entry = (entry & 0xFFF) | (uint32_t) new << 12;
    }
    phys_write32(c->mach, at, entry);
    return mach_invalidate(c->mach, pid, va);
}

int
cow_fault(struct cow *c, uint64_t pid, uint64_t va, uint32_t code)
{
    uint64_t at;
    if ((code & ~7U) != 0)
        return COW_BAD_ARGUMENT;
    const int status = entry_of(c, pid, va, &at);
    if (status != COW_OK)
        return status;
    const bool user = (code & PW_FAULT_U) != 0;
    if (user && (get(c, at) & PW_U) == 0)
        return COW_RIGHTS;
    return (code & PW_FAULT_W) != 0 ? allow_write(c, pid, va, at) : need(c, at);
}

int
cow_protect(struct cow *c, uint64_t pid, uint64_t va, uint64_t rights)
{
    uint64_t at;
    if (rights != 0 && rights != PW_W && rights != PW_U &&
        rights != (PW_W | PW_U))
        return COW_BAD_ARGUMENT;
    const int status = entry_of(c, pid, va, &at);
    if (status != COW_OK)
        return status;
    uint32_t entry = get(c, at);
    const bool together =
        (entry & PW_P) == 0        ? c->in_slot[(entry >> 12) + 1] > 1
        : (entry & PW_SHARED) != 0 ? false
                                   : c->pages[entry >> 12] > 1;
    entry &= ~(uint32_t)(PW_W | PW_U | PW_COW);
    entry |= (uint32_t)(rights & PW_U);
    if ((rights & PW_W) != 0)
        entry |= (uint32_t)(together ? PW_COW : PW_W);
    phys_write32(c->mach, at, entry);
    mach_invalidate(c->mach, pid, va);
    return COW_OK;
}

int
cow_copy_out(struct cow *c, uint64_t pid, uint64_t va,
             const unsigned char *from, uint64_t bytes, uint64_t *left)
{
    uint64_t at;
    if (from == NULL || left == NULL || bytes == 0)
        return COW_BAD_ARGUMENT;
    int status = entry_of(c, pid, va, &at);
    if (status != COW_OK && status != COW_NOT_MAPPED)
        return status;
    if (bytes > ((uint64_t)c->roots << 22) - va)
        return COW_BAD_ADDRESS;
    for (bool first = true; bytes > 0; bytes--, va++, from++, first = false) {
        if (first || va % 4096 == 0) {
            status = entry_of(c, pid, va, &at);
            if (status == COW_OK && (get(c, at) & PW_U) == 0)
                status = COW_RIGHTS;
            if (status == COW_OK)
                status = allow_write(c, pid, va, at);
            if (status != COW_OK)
                break;
            phys_write32(c->mach, at, get(c, at) | (uint32_t)(PW_A | PW_D));
        }
        phys_write8(c->mach, (get(c, at) & 0xFFFFF000) + va % 4096, *from);
    }
    *left = bytes;
    return status;
}
