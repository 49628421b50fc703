/* lists.c - processes in a list, counts in a sorted array of those frames and
 * slots that have one, bytes moved word by word, and every translation of a
 * process dropped when one of its entries changes. */
#include "cow/cow.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct process {
    struct process *next;
    uint64_t pid;
    struct space *space;
};

/* A slot stands in the same table, behind all frames. */
#define SLOT(number) ((UINT64_C(1) << 40) + (number))

struct counted {
    uint64_t frame, pages;
    uint64_t slot; /* of the pages in the frame: SLOT(..), or 0               */
};

struct cow {
    struct mach *mach;
    struct cow_config config;
    struct process *first;
    struct counted *table; /* by frame number, then by slot number */
    size_t used, room;
};

/* ---- Counts ---- */

static size_t
place_of(const struct cow *c, uint64_t frame)
{
    size_t low = 0, high = c->used;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (c->table[middle].frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t
pages_in(const struct cow *c, uint64_t frame)
{
    const size_t at = place_of(c, frame);
    return at < c->used && c->table[at].frame == frame ? c->table[at].pages : 0;
}

/* Makes room beforehand, so that counting itself cannot fail. */
static bool
reserve(struct cow *c, size_t more)
{
    if (c->used + more <= c->room)
        return true;
    const size_t room = 2 * (c->used + more);
    struct counted *const table = realloc(c->table, room * sizeof *table);
    if (table == NULL)
        return false;
    c->table = table;
    c->room = room;
    return true;
}

static void
more(struct cow *c, uint64_t frame)
{
    const size_t at = place_of(c, frame);
    if (at == c->used || c->table[at].frame != frame) {
        memmove(c->table + at + 1, c->table + at,
                (c->used - at) * sizeof *c->table);
        c->table[at] = (struct counted){frame, 0, 0};
        c->used++;
    }
    c->table[at].pages++;
}

static void
less(struct cow *c, uint64_t frame)
{
    const size_t at = place_of(c, frame);
    if (--c->table[at].pages > 0)
        return;
    c->used--;
    memmove(c->table + at, c->table + at + 1,
            (c->used - at) * sizeof *c->table);
    if (frame < SLOT(0))
        frame_free(c->mach, frame);
}

/* Where a page with this entry lies, as the table has it. */
static uint64_t
place(uint64_t entry)
{
    return (entry & PW_P) != 0 ? entry >> 12 : SLOT(entry >> 12);
}

/* The slot of the pages in a frame, or 0. */
static uint64_t *
slot_in(const struct cow *c, uint64_t frame)
{
    return &c->table[place_of(c, frame)].slot;
}

/* A page comes to where its entry says, or goes from there; with it comes or
 * goes the slot that it has besides its frame. */
static void
page_comes(struct cow *c, uint64_t entry)
{
    more(c, place(entry));
    if ((entry & PW_P) != 0 && *slot_in(c, place(entry)) != 0)
        more(c, *slot_in(c, place(entry)));
}

static void
page_goes(struct cow *c, uint64_t entry)
{
    const uint64_t slot = (entry & PW_P) != 0 ? *slot_in(c, place(entry)) : 0;
    less(c, place(entry));
    if (slot != 0)
        less(c, slot);
}

/* ---- Pages ---- */

static bool
bad_pid(uint64_t pid)
{
    return pid - 1 >= COW_PIDS - 1;
}

static struct process **
process_at(struct cow *c, uint64_t pid)
{
    struct process **p = &c->first;
    while (*p != NULL && (*p)->pid != pid)
        p = &(*p)->next;
    return p;
}

/* All pages of the user half, in an array that the caller frees; *count of
 * them.  NULL when there is no memory. */
static struct pw_leaf *
pages_of(const struct cow *c, struct space *space, size_t *count)
{
    struct pw_leaf leaf, *list = malloc(sizeof *list);
    size_t used = 0;
    uint64_t va = 0;
    while (list != NULL && va < c->config.kernel_base &&
           pw_next(space, va, &leaf) == PW_OK &&
           leaf.va < c->config.kernel_base) {
        struct pw_leaf *const longer =
            realloc(list, (used + 2) * sizeof *longer);
        if (longer == NULL) {
            free(list);
            return NULL;
        }
        list = longer;
        list[used++] = leaf;
        va = leaf.va + MACH_FRAME_BYTES;
    }
    *count = used;
    return list;
}

static void
flush(struct cow *c, uint64_t pid, struct space *space)
{
    struct pw_leaf leaf;
    uint64_t va = 0;
    while (va < c->config.kernel_base && pw_next(space, va, &leaf) == PW_OK) {
        mach_invalidate(c->mach, pid, leaf.va + 0xABC);
        va = leaf.va + MACH_FRAME_BYTES;
    }
}

static void
store(struct cow *c, const struct pw_leaf *leaf, uint64_t entry)
{
    phys_write32(c->mach, leaf->entry_pa, (uint32_t)entry);
}

/* ---- The contract ---- */

struct cow *
cow_create(struct mach *mach, const struct cow_config *config)
{
    if (mach == NULL || config == NULL || config->frames == 0 ||
        config->kernel_base == 0 || (config->kernel_base & 0x3FFFFF) != 0 ||
        config->kernel_base > 0x100000000) {
        errno = EINVAL;
        return NULL;
    }
    struct cow *const c = calloc(1, sizeof *c);
    if (c != NULL) {
        c->mach = mach;
        c->config = *config;
    }
    return c;
}

int
cow_spawn(struct cow *c, uint64_t pid, struct space *space)
{
    if (c == NULL || space == NULL || bad_pid(pid))
        return COW_BAD_ARGUMENT;
    struct process **const end = process_at(c, pid);
    if (*end != NULL)
        return COW_EXISTS;
    size_t count;
    struct process *const p = malloc(sizeof *p);
    struct pw_leaf *const leaf = pages_of(c, space, &count);
    if (p == NULL || leaf == NULL || !reserve(c, count)) {
        free(p);
        free(leaf);
        return COW_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++)
        page_comes(c, leaf[i].entry);
    free(leaf);
    *p = (struct process){NULL, pid, space};
    *end = p;
    return COW_OK;
}

struct space *
cow_space(struct cow *c, uint64_t pid)
{
    if (c == NULL)
        return NULL;
    const struct process *const p = *process_at(c, pid);
    return p == NULL ? NULL : p->space;
}

uint64_t
cow_refs(struct cow *c, uint64_t frame)
{
    return c == NULL || frame >= SLOT(0) ? 0 : pages_in(c, frame);
}

static void
bury(struct cow *c, uint64_t pid, struct space *space)
{
    struct pw_leaf leaf;
    flush(c, pid, space);
    /* The kernel's tables must not be found. */
    for (uint64_t va = c->config.kernel_base; va >> 32 == 0; va += 1 << 22)
        if (phys_read32(c->mach, pw_root(space) + (va >> 22) * 4) != 0)
            phys_write32(c->mach, pw_root(space) + (va >> 22) * 4, 0);
    while (pw_next(space, 0, &leaf) == PW_OK) {
        pw_unmap(space, leaf.va, 1);
        page_goes(c, leaf.entry);
    }
    pw_destroy(space);
}

int
cow_exit(struct cow *c, uint64_t pid)
{
    if (c == NULL || bad_pid(pid))
        return COW_BAD_ARGUMENT;
    struct process **const link = process_at(c, pid);
    struct process *const p = *link;
    if (p == NULL)
        return COW_NO_PROCESS;
    *link = p->next;
    bury(c, pid, p->space);
    free(p);
    return COW_OK;
}

int
cow_destroy(struct cow *c)
{
    if (c == NULL)
        return COW_BAD_ARGUMENT;
    while (c->first != NULL)
        cow_exit(c, c->first->pid);
    free(c->table);
    free(c);
    return COW_OK;
}

int
cow_map(struct cow *c, uint64_t pid, uint64_t va, uint64_t rights)
{
    struct pw_leaf leaf;
    if (c == NULL || bad_pid(pid) ||
        (rights & (PW_W | PW_U | PW_SHARED)) != rights)
        return COW_BAD_ARGUMENT;
    struct space *const space = cow_space(c, pid);
    if (space == NULL)
        return COW_NO_PROCESS;
    if (va >= c->config.kernel_base)
        return COW_BAD_ADDRESS;
    if (pw_entry(space, va, &leaf) == PW_OK)
        return COW_EXISTS;
    if (!reserve(c, 1))
        return COW_NO_MEMORY;
    const uint64_t frame = frame_alloc(c->mach);
    if (frame == FRAME_NONE)
        return COW_NO_MEMORY;
    if (pw_map(space, va & ~UINT64_C(0xFFF), frame << 12, 1, rights) != PW_OK) {
        frame_free(c->mach, frame);
        return COW_NO_MEMORY;
    }
    for (unsigned i = 0; i < 4096; i += 8)
        phys_write64(c->mach, (frame << 12) + i, 0);
    more(c, frame);
    return COW_OK;
}

int
cow_fork(struct cow *c, uint64_t parent, uint64_t child)
{
    if (c == NULL || bad_pid(parent) || bad_pid(child))
        return COW_BAD_ARGUMENT;
    struct space *const from = cow_space(c, parent);
    if (from == NULL)
        return COW_NO_PROCESS;
    if (cow_space(c, child) != NULL)
        return COW_EXISTS;
    size_t count = 0, done = 0;
    struct process *const p = malloc(sizeof *p);
    struct pw_leaf *const leaf = pages_of(c, from, &count);
    struct space *const to =
        p == NULL || leaf == NULL ? NULL : pw_create(c->mach, PW_TWO_LEVEL, 0);
    /* First all that can fail: the child's tables, without counting. */
    while (to != NULL && done < count &&
           pw_map(to, leaf[done].va, leaf[done].entry & ~UINT64_C(0xFFF), 1,
                  0) == PW_OK)
        done++;
    if (to == NULL || done < count) {
        if (to != NULL)
            pw_destroy(to);
        free(p);
        free(leaf);
        return COW_NO_MEMORY;
    }
    /* Then all that cannot. */
    for (size_t i = 0; i < count; i++) {
        struct pw_leaf copy;
        uint64_t entry = leaf[i].entry;
        if ((entry & (PW_W | PW_SHARED)) == PW_W) {
            entry ^= PW_W | PW_COW;
            store(c, &leaf[i], entry);
        }
        pw_entry(to, leaf[i].va, &copy);
        store(c, &copy, entry);
        page_comes(c, entry);
    }
    for (uint64_t at = c->config.kernel_base >> 20; at < 4096; at += 4) {
        const uint32_t up = phys_read32(c->mach, pw_root(from) + at);
        phys_write32(c->mach, pw_root(to) + at, up);
    }
    flush(c, parent, from);
    free(leaf);
    *p = (struct process){c->first, child, to};
    c->first = p;
    return COW_OK;
}

/* A private page that may be written, and is not writable, becomes so. */
static int
unshare(struct cow *c, uint64_t pid, const struct pw_leaf *leaf)
{
    const uint64_t old = leaf->entry >> 12;
    uint64_t entry = (leaf->entry | PW_W) & ~PW_COW;
    if (pages_in(c, old) == 1) {
        store(c, leaf, entry);
        return COW_OK;
    }
    if (!reserve(c, 1))
        return COW_NO_MEMORY;
    const uint64_t new = frame_alloc(c->mach);
    if (new == FRAME_NONE)
        return COW_NO_MEMORY;
    for (uint64_t i = 0; i < 4096; i += 8)
        phys_write64(c->mach, (new << 12) + i,
                     phys_read64(c->mach, (old << 12) + i));
    entry = (entry & 0xFFF) | new << 12;
    store(c, leaf, entry);
    flush(c, pid, cow_space(c, pid));
    more(c, new);
    page_goes(c, leaf->entry);
    return COW_OK;
}

/* Reads a swapped page into a frame. */
static int
fetch(struct cow *c, struct pw_leaf *leaf)
{
    if (!reserve(c, 1))
        return COW_NO_MEMORY;
    const uint64_t frame = frame_alloc(c->mach);
    if (frame == FRAME_NONE)
        return COW_NO_MEMORY;
    const uint64_t slot = leaf->entry >> 12;
    if (swapdev_read(c->mach, slot, frame) != SWAPDEV_OK) {
        frame_free(c->mach, frame);
        return COW_READ_ERROR;
    }
    more(c, frame);
    *slot_in(c, frame) = SLOT(slot);
    leaf->entry = frame << 12 | (leaf->entry & (PW_W | PW_U | PW_COW)) | PW_P;
    store(c, leaf, leaf->entry);
    return COW_OK;
}

static int
look_up(struct cow *c, uint64_t pid, uint64_t va, struct pw_leaf *leaf)
{
    if (c == NULL || bad_pid(pid))
        return COW_BAD_ARGUMENT;
    struct space *const space = cow_space(c, pid);
    if (space == NULL)
        return COW_NO_PROCESS;
    if (va >= c->config.kernel_base)
        return COW_BAD_ADDRESS;
    return pw_entry(space, va, leaf) == PW_OK ? COW_OK : COW_NOT_MAPPED;
}

int
cow_fault(struct cow *c, uint64_t pid, uint64_t va, uint32_t code)
{
    struct pw_leaf leaf;
    if (code > 7)
        return COW_BAD_ARGUMENT;
    const int status = look_up(c, pid, va, &leaf);
    if (status != COW_OK)
        return status;
    if ((code & PW_FAULT_U) != 0 && (leaf.entry & PW_U) == 0)
        return COW_RIGHTS;
    const uint64_t write = leaf.entry & (PW_W | PW_COW);
    if ((code & PW_FAULT_W) != 0 && write == 0)
        return COW_RIGHTS;
    if ((leaf.entry & PW_P) == 0) {
        const int fetched = fetch(c, &leaf);
        if (fetched != COW_OK)
            return fetched;
    }
    return (code & PW_FAULT_W) != 0 && write == PW_COW ? unshare(c, pid, &leaf)
                                                       : COW_OK;
}

uint64_t
cow_slot_refs(struct cow *c, uint64_t slot)
{
    return c == NULL || slot >= SLOT(0) ? 0 : pages_in(c, SLOT(slot));
}

int
cow_evict(struct cow *c, uint64_t pid, uint64_t va)
{
    struct pw_leaf leaf;
    const int status = look_up(c, pid, va, &leaf);
    if (status != COW_OK || (leaf.entry & PW_P) == 0)
        return status;
    const uint64_t frame = leaf.entry >> 12;
    if ((leaf.entry & PW_SHARED) != 0 || pages_in(c, frame) > 1)
        return COW_PINNED;
    if (!reserve(c, 1))
        return COW_NO_MEMORY;
    uint64_t slot = *slot_in(c, frame);
    const bool own = slot != 0 && pages_in(c, slot) == 1;
    if (slot == 0 || (leaf.entry & PW_D) != 0) {
        if (!own) {
            slot = SLOT(0);
            while (pages_in(c, slot) > 0)
                slot++;
        }
        if (slot - SLOT(0) >= swapdev_slots(c->mach))
            return COW_NO_SLOT;
        if (swapdev_write(c->mach, slot - SLOT(0), frame) != SWAPDEV_OK)
            return COW_WRITE_ERROR;
    }
    more(c, slot);
    page_goes(c, leaf.entry);
    store(c, &leaf,
          (slot - SLOT(0)) << 12 | PW_SWAPPED |
              (leaf.entry & (PW_W | PW_U | PW_COW)));
    flush(c, pid, cow_space(c, pid));
    mach_invalidate(c->mach, pid, va);
    return COW_OK;
}

int
cow_protect(struct cow *c, uint64_t pid, uint64_t va, uint64_t rights)
{
    struct pw_leaf leaf;
    if ((rights & (PW_W | PW_U)) != rights)
        return COW_BAD_ARGUMENT;
    const int status = look_up(c, pid, va, &leaf);
    if (status != COW_OK)
        return status;
    uint64_t entry = leaf.entry & ~(PW_W | PW_U | PW_COW);
    if ((rights & PW_U) != 0)
        entry |= PW_U;
    if ((rights & PW_W) != 0 && (entry & PW_SHARED) == 0 &&
        pages_in(c, place(entry)) > 1)
        entry |= PW_COW;
    else if ((rights & PW_W) != 0)
        entry |= PW_W;
    store(c, &leaf, entry);
    flush(c, pid, cow_space(c, pid));
    return COW_OK;
}

int
cow_copy_out(struct cow *c, uint64_t pid, uint64_t va,
             const unsigned char *from, uint64_t bytes, uint64_t *left)
{
    struct pw_leaf leaf;
    if (c == NULL || bad_pid(pid) || from == NULL || left == NULL || bytes == 0)
        return COW_BAD_ARGUMENT;
    if (cow_space(c, pid) == NULL)
        return COW_NO_PROCESS;
    const uint64_t end = va + bytes;
    if (end < va || end > c->config.kernel_base)
        return COW_BAD_ADDRESS;
    int status = COW_OK;
    while (va < end) {
        status = cow_fault(c, pid, va, PW_FAULT_W | PW_FAULT_U);
        if (status != COW_OK)
            break;
        look_up(c, pid, va, &leaf);
        store(c, &leaf, leaf.entry | PW_A | PW_D);
        const uint64_t base = leaf.entry & ~UINT64_C(0xFFF);
        do
            phys_write8(c->mach, base + va % 4096, *from++);
        while (++va < end && va % 4096 != 0);
    }
    *left = end - va;
    return status;
}
