/*
 * cow.c - fork with copy-on-write.
 *
 * Everything here is bookkeeping about one number: how many pages lie in a
 * frame.  fork raises it, exit lowers it, and a write asks whether it is 1.
 *
 *   hold()   one page more lies in a frame
 *   drop()   one page less; the last one gives the frame back
 *   own()    makes a COW page writable: the only place that copies
 *
 * The processor's view and ours differ only where it kept a translation of an
 * entry that has changed, so whoever takes something away from a present entry
 * calls mach_invalidate at once, next to the write.
 *
 * Slots of the swap device (the bonus) are counted in the same way.  All pages
 * in one frame have the same slot, because only fork puts several private pages
 * into one frame; so the slot of a resident page is remembered per frame, and
 * hold() and drop() count it along.
 */
#include "cow/cow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOT_ENTRY_BYTES = 4, ROOT_SHIFT = 22 };

/* The bits of a leaf that are its address. */
#define ADDRESS UINT64_C(0xFFFFF000)

#define NO_SLOT UINT64_MAX /* of a page that has none */

enum { KEPT = PW_W | PW_U | PW_COW }; /* on the way to a slot and back */

struct cow {
    struct mach *mach;
    uint64_t kernel_base;
    uint64_t frames;
    uint64_t slots;       /* of the swap device                               */
    uint64_t *slot_of;    /* of the pages in each frame, or NO_SLOT           */
    uint32_t *slot_count; /* pages that have each slot                        */
    struct space *process[COW_PIDS]; /* NULL: no process has this pid         */
    uint32_t count[];                /* pages in each frame                   */
};

/* ---- Frames and entries -------------------------------------------------- */

static uint64_t
frame_of(uint64_t entry)
{
    return (entry & ADDRESS) / MACH_FRAME_BYTES;
}

static void
hold(struct cow *k, uint64_t frame)
{
    k->count[frame]++;
    if (k->slot_of[frame] != NO_SLOT)
        k->slot_count[k->slot_of[frame]]++;
}

static void
drop(struct cow *k, uint64_t frame)
{
    if (k->slot_of[frame] != NO_SLOT)
        k->slot_count[k->slot_of[frame]]--;
    if (--k->count[frame] > 0)
        return;
    k->slot_of[frame] = NO_SLOT;
    frame_free(k->mach, frame);
}

static int
is_swapped(uint64_t entry)
{
    return (entry & PW_P) == 0;
}

/* The slot of a swapped leaf stands where the frame would. */
static uint64_t
slot_of(uint64_t entry)
{
    return frame_of(entry);
}

/* One page more, or one less, with this leaf. */
static void
hold_page(struct cow *k, uint64_t entry)
{
    if (is_swapped(entry))
        k->slot_count[slot_of(entry)]++;
    else
        hold(k, frame_of(entry));
}

static void
drop_page(struct cow *k, uint64_t entry)
{
    if (is_swapped(entry))
        k->slot_count[slot_of(entry)]--;
    else
        drop(k, frame_of(entry));
}

/* Changes an entry of a process, and makes the processor forget the old one. */
static void
change(struct cow *k, uint64_t pid, struct pw_leaf *leaf, uint64_t entry)
{
    leaf->entry = entry;
    phys_write32(k->mach, leaf->entry_pa, (uint32_t)entry);
    mach_invalidate(k->mach, pid, leaf->va);
}

static int
valid_pid(uint64_t pid)
{
    return pid != 0 && pid < COW_PIDS;
}

/* What the functions that concern one process check first. */
static int
find_process(struct cow *k, uint64_t pid)
{
    if (k == NULL || !valid_pid(pid))
        return COW_BAD_ARGUMENT;
    return k->process[pid] == NULL ? COW_NO_PROCESS : COW_OK;
}

/* The lowest page of the user half from `va` on. */
static int
next_page(const struct cow *k, struct space *space, uint64_t va,
          struct pw_leaf *leaf)
{
    return va < k->kernel_base && pw_next(space, va, leaf) == PW_OK &&
           leaf->va < k->kernel_base;
}

/* ---- Beginning and end --------------------------------------------------- */

struct cow *
cow_create(struct mach *mach, const struct cow_config *config)
{
    const uint64_t top = UINT64_C(1) << 32;
    const uint64_t granule = UINT64_C(1) << ROOT_SHIFT;
    if (mach == NULL || config == NULL || config->frames == 0 ||
        config->kernel_base == 0 || config->kernel_base > top ||
        config->kernel_base % granule != 0) {
        errno = EINVAL;
        return NULL;
    }
    struct cow *const k =
        config->frames > (SIZE_MAX - sizeof *k) / sizeof k->slot_of[0]
            ? NULL
            : calloc(1, sizeof *k + config->frames * sizeof k->count[0]);
    if (k == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    k->mach = mach;
    k->kernel_base = config->kernel_base;
    k->frames = config->frames;
    k->slots = swapdev_slots(mach);
    k->slot_of = malloc(config->frames * sizeof *k->slot_of);
    k->slot_count = calloc(k->slots + 1, sizeof *k->slot_count);
    if (k->slot_of == NULL || k->slot_count == NULL) {
        cow_destroy(k);
        errno = ENOMEM;
        return NULL;
    }
    for (uint64_t frame = 0; frame < k->frames; frame++)
        k->slot_of[frame] = NO_SLOT;
    return k;
}

/* The bytes of a root table that lead to the kernel half. */
static uint64_t
kernel_entries(const struct cow *k)
{
    return (k->kernel_base >> ROOT_SHIFT) * ROOT_ENTRY_BYTES;
}

/* Gives back all that an address space holds. */
static void
release(struct cow *k, uint64_t pid, struct space *space)
{
    struct pw_leaf leaf;
    for (uint64_t va = 0; next_page(k, space, va, &leaf);
         va = leaf.va + leaf.page_bytes) {
        mach_invalidate(k->mach, pid, leaf.va);
        drop_page(k, leaf.entry);
    }
    /* pw_destroy gives back every table that it finds.  The kernel's must not
     * be found, because all other processes still use them. */
    for (uint64_t at = kernel_entries(k); at < MACH_FRAME_BYTES;
         at += ROOT_ENTRY_BYTES)
        phys_write32(k->mach, pw_root(space) + at, 0);
    pw_destroy(space);
}

int
cow_exit(struct cow *k, uint64_t pid)
{
    const int status = find_process(k, pid);
    if (status != COW_OK)
        return status;
    release(k, pid, k->process[pid]);
    k->process[pid] = NULL;
    return COW_OK;
}

int
cow_destroy(struct cow *k)
{
    if (k == NULL)
        return COW_BAD_ARGUMENT;
    for (uint64_t pid = 1; pid < COW_PIDS; pid++)
        cow_exit(k, pid);
    free(k->slot_of);
    free(k->slot_count);
    free(k);
    return COW_OK;
}

int
cow_spawn(struct cow *k, uint64_t pid, struct space *space)
{
    if (k == NULL || !valid_pid(pid) || space == NULL)
        return COW_BAD_ARGUMENT;
    if (k->process[pid] != NULL)
        return COW_EXISTS;
    struct pw_leaf leaf;
    for (uint64_t va = 0; next_page(k, space, va, &leaf);
         va = leaf.va + leaf.page_bytes)
        hold(k, frame_of(leaf.entry));
    k->process[pid] = space;
    return COW_OK;
}

/* ---- To look at ---------------------------------------------------------- */

struct space *
cow_space(struct cow *k, uint64_t pid)
{
    return find_process(k, pid) == COW_OK ? k->process[pid] : NULL;
}

uint64_t
cow_refs(struct cow *k, uint64_t frame)
{
    return k == NULL || frame >= k->frames ? 0 : k->count[frame];
}

/* ---- Pages --------------------------------------------------------------- */

int
cow_map(struct cow *k, uint64_t pid, uint64_t va, uint64_t rights)
{
    if ((rights & ~(PW_W | PW_U | PW_SHARED)) != 0)
        return COW_BAD_ARGUMENT;
    const int status = find_process(k, pid);
    if (status != COW_OK)
        return status;
    if (va >= k->kernel_base)
        return COW_BAD_ADDRESS;
    struct pw_leaf leaf;
    if (pw_entry(k->process[pid], va, &leaf) == PW_OK)
        return COW_EXISTS;

    const uint64_t frame = frame_alloc(k->mach);
    if (frame == FRAME_NONE)
        return COW_NO_MEMORY;
    phys_zero_frame(k->mach, frame);
    const uint64_t page = va - va % MACH_FRAME_BYTES;
    if (pw_map(k->process[pid], page, frame * MACH_FRAME_BYTES,
               MACH_FRAME_BYTES, rights) != PW_OK) {
        frame_free(k->mach, frame);
        return COW_NO_MEMORY;
    }
    hold(k, frame);
    return COW_OK;
}

/* The page of a process that holds `va`. */
static int
find_page(struct cow *k, uint64_t pid, uint64_t va, struct pw_leaf *leaf)
{
    const int status = find_process(k, pid);
    if (status != COW_OK)
        return status;
    if (va >= k->kernel_base)
        return COW_BAD_ADDRESS;
    return pw_entry(k->process[pid], va, leaf) == PW_OK ? COW_OK
                                                        : COW_NOT_MAPPED;
}

/* Whether no other page lies where this one lies. */
static int
is_alone(const struct cow *k, uint64_t entry)
{
    return is_swapped(entry) ? k->slot_count[slot_of(entry)] == 1
                             : k->count[frame_of(entry)] == 1;
}

int
cow_protect(struct cow *k, uint64_t pid, uint64_t va, uint64_t rights)
{
    if ((rights & ~(PW_W | PW_U)) != 0)
        return COW_BAD_ARGUMENT;
    struct pw_leaf leaf;
    const int status = find_page(k, pid, va, &leaf);
    if (status != COW_OK)
        return status;
    uint64_t entry = leaf.entry & ~(PW_W | PW_COW | PW_U);
    entry |= rights & PW_U;
    if ((rights & PW_W) != 0) {
        entry |= (leaf.entry & PW_SHARED) != 0 || is_alone(k, leaf.entry)
                     ? PW_W
                     : PW_COW;
    }
    change(k, pid, &leaf, entry);
    return COW_OK;
}

/* ---- Fork ---------------------------------------------------------------- */

/* What an entry becomes, in the parent and in the child. */
static uint64_t
after_fork(uint64_t entry)
{
    if ((entry & PW_SHARED) != 0 || (entry & PW_W) == 0)
        return entry;
    return (entry & ~PW_W) | PW_COW;
}

/* Maps one page of the parent in the child, too. */
static int
share_page(struct cow *k, struct space *child, const struct pw_leaf *page)
{
    struct pw_leaf leaf;
    if (pw_map(child, page->va, page->entry & ADDRESS, MACH_FRAME_BYTES, 0) !=
        PW_OK)
        return COW_NO_MEMORY;
    /* pw_map knows rights alone; A and D are part of the page's history. */
    pw_entry(child, page->va, &leaf);
    phys_write32(k->mach, leaf.entry_pa, (uint32_t)page->entry);
    hold_page(k, page->entry);
    return COW_OK;
}

int
cow_fork(struct cow *k, uint64_t parent, uint64_t child)
{
    if (!valid_pid(child))
        return COW_BAD_ARGUMENT;
    const int status = find_process(k, parent);
    if (status != COW_OK)
        return status;
    if (k->process[child] != NULL)
        return COW_EXISTS;

    struct space *const from = k->process[parent];
    struct space *const to = pw_create(k->mach, PW_TWO_LEVEL, PW_WP);
    if (to == NULL)
        return COW_NO_MEMORY;
    const uint64_t kernel = kernel_entries(k);
    phys_move(k->mach, pw_root(to) + kernel, pw_root(from) + kernel,
              MACH_FRAME_BYTES - kernel);

    struct pw_leaf leaf;
    for (uint64_t va = 0; next_page(k, from, va, &leaf);
         va = leaf.va + leaf.page_bytes) {
        const uint64_t entry = after_fork(leaf.entry);
        if (entry != leaf.entry)
            change(k, parent, &leaf, entry);
        if (share_page(k, to, &leaf) != COW_OK) {
            release(k, child, to);
            return COW_NO_MEMORY;
        }
    }
    k->process[child] = to;
    return COW_OK;
}

/* ---- Bonus: slots -------------------------------------------------------- */

uint64_t
cow_slot_refs(struct cow *k, uint64_t slot)
{
    return k == NULL || slot >= k->slots ? 0 : k->slot_count[slot];
}

static uint64_t
free_slot(const struct cow *k)
{
    for (uint64_t slot = 0; slot < k->slots; slot++)
        if (k->slot_count[slot] == 0)
            return slot;
    return NO_SLOT;
}

/* Writes the only page in a frame; its slot is then the one that holds it. */
static int
write_out(struct cow *k, uint64_t frame)
{
    const uint64_t old = k->slot_of[frame];
    const int stays = old != NO_SLOT && k->slot_count[old] == 1;
    const uint64_t slot = stays ? old : free_slot(k);
    if (slot == NO_SLOT)
        return COW_NO_SLOT;
    if (swapdev_write(k->mach, slot, frame) != SWAPDEV_OK)
        return COW_WRITE_ERROR;
    if (stays)
        return COW_OK;
    if (old != NO_SLOT)
        k->slot_count[old]--;
    k->slot_count[slot] = 1;
    k->slot_of[frame] = slot;
    return COW_OK;
}

int
cow_evict(struct cow *k, uint64_t pid, uint64_t va)
{
    struct pw_leaf leaf;
    int status = find_page(k, pid, va, &leaf);
    if (status != COW_OK || is_swapped(leaf.entry))
        return status;
    const uint64_t frame = frame_of(leaf.entry);
    if ((leaf.entry & PW_SHARED) != 0 || k->count[frame] > 1)
        return COW_PINNED;
    if (k->slot_of[frame] == NO_SLOT || (leaf.entry & PW_D) != 0)
        status = write_out(k, frame);
    if (status != COW_OK)
        return status;
    const uint64_t slot = k->slot_of[frame];
    change(k, pid, &leaf,
           slot * MACH_FRAME_BYTES | PW_SWAPPED | (leaf.entry & KEPT));
    hold_page(k, leaf.entry);
    drop(k, frame);
    return COW_OK;
}

/* Reads a swapped page into a frame of its own, where it keeps its slot. */
static int
read_back(struct cow *k, uint64_t pid, struct pw_leaf *leaf)
{
    const uint64_t slot = slot_of(leaf->entry);
    const uint64_t frame = frame_alloc(k->mach);
    if (frame == FRAME_NONE)
        return COW_NO_MEMORY;
    if (swapdev_read(k->mach, slot, frame) != SWAPDEV_OK) {
        frame_free(k->mach, frame);
        return COW_READ_ERROR;
    }
    k->slot_of[frame] = slot;
    hold(k, frame);
    drop_page(k, leaf->entry);
    change(k, pid, leaf,
           frame * MACH_FRAME_BYTES | PW_P | (leaf->entry & KEPT));
    return COW_OK;
}

/* ---- Writes -------------------------------------------------------------- */

/* Makes a COW page writable: where it is, when it is alone there, else in a
 * frame of its own. */
static int
own(struct cow *k, uint64_t pid, struct pw_leaf *leaf)
{
    const uint64_t frame = frame_of(leaf->entry);
    uint64_t entry = (leaf->entry & ~PW_COW) | PW_W;
    if (k->count[frame] > 1) {
        const uint64_t copy = frame_alloc(k->mach);
        if (copy == FRAME_NONE)
            return COW_NO_MEMORY;
        phys_move(k->mach, copy * MACH_FRAME_BYTES, frame * MACH_FRAME_BYTES,
                  MACH_FRAME_BYTES);
        entry = (entry & ~ADDRESS) | copy * MACH_FRAME_BYTES;
        hold(k, copy);
        drop(k, frame);
    }
    change(k, pid, leaf, entry);
    return COW_OK;
}

int
cow_fault(struct cow *k, uint64_t pid, uint64_t va, uint32_t code)
{
    if ((code & ~(uint32_t)(PW_FAULT_P | PW_FAULT_W | PW_FAULT_U)) != 0)
        return COW_BAD_ARGUMENT;
    struct pw_leaf leaf;
    const int status = find_page(k, pid, va, &leaf);
    if (status != COW_OK)
        return status;
    if ((code & PW_FAULT_U) != 0 && (leaf.entry & PW_U) == 0)
        return COW_RIGHTS;
    const int writes = (code & PW_FAULT_W) != 0;
    if (writes && (leaf.entry & (PW_W | PW_COW)) == 0)
        return COW_RIGHTS;
    if (is_swapped(leaf.entry)) {
        const int read = read_back(k, pid, &leaf);
        if (read != COW_OK)
            return read;
    }
    if (!writes || (leaf.entry & PW_W) != 0)
        return COW_OK;
    return own(k, pid, &leaf);
}

/* Where the byte at `va` lies once it may be written, with A and D set: the
 * same way that the process's own write would take. */
static int
writable(struct cow *k, uint64_t pid, uint64_t va, uint64_t *pa)
{
    struct pw_result r;
    const uint32_t access = PW_WRITE | PW_USER;
    if (pw_walk(k->process[pid], va, access, &r) != PW_OK) {
        const int status = cow_fault(k, pid, va, r.fault.error_code);
        if (status != COW_OK)
            return status;
        pw_walk(k->process[pid], va, access, &r);
    }
    *pa = r.pa;
    return COW_OK;
}

/* Bytes into physical memory, eight at a time where that is possible. */
static void
put(struct mach *mach, uint64_t pa, const unsigned char *from, uint64_t bytes)
{
    for (; bytes >= 8; pa += 8, from += 8, bytes -= 8) {
        uint64_t eight;
        memcpy(&eight, from, sizeof eight);
        phys_write64(mach, pa, eight);
    }
    for (; bytes > 0; pa++, from++, bytes--)
        phys_write8(mach, pa, *from);
}

int
cow_copy_out(struct cow *k, uint64_t pid, uint64_t va,
             const unsigned char *from, uint64_t bytes, uint64_t *left)
{
    if (from == NULL || bytes == 0 || left == NULL)
        return COW_BAD_ARGUMENT;
    int status = find_process(k, pid);
    if (status != COW_OK)
        return status;
    if (va >= k->kernel_base || bytes > k->kernel_base - va)
        return COW_BAD_ADDRESS;

    while (bytes > 0) {
        uint64_t pa;
        status = writable(k, pid, va, &pa);
        if (status != COW_OK)
            break;
        const uint64_t room = MACH_FRAME_BYTES - va % MACH_FRAME_BYTES;
        const uint64_t here = bytes < room ? bytes : room;
        put(k->mach, pa, from, here);
        va += here;
        from += here;
        bytes -= here;
    }
    *left = bytes;
    return status;
}
