/* owners.c - remembers for each frame who owns it, as a list of (process,
 * page), which is what Linux calls a reverse mapping.  The count is the list's
 * length, and the list of a process's pages says what exit has to give back.
 * Each page knows its slot; those of a slot are counted when somebody asks. */
#include "cow/cow.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct process;

/* One page of one process: in the list of its frame and in that of its
 * process. */
struct page {
    struct page *of_frame, *of_process;
    struct process *process;
    uint64_t va, frame, at; /* at: where its entry lies                       */
    uint64_t slot;          /* counted from 1; 0: it has none                 */
    bool swapped;           /* then `frame` means nothing                     */
};

struct process {
    struct process *left, *right; /* a binary tree by pid, not balanced       */
    uint64_t pid;
    struct space *space;
    struct page *pages;
};

struct cow {
    struct mach *mach;
    uint64_t frames, user_end;
    struct page **owners; /* per frame                                        */
    struct process *tree;
};

/* ---- Processes ---- */

static struct process **
seek(struct cow *c, uint64_t pid)
{
    struct process **p = &c->tree;
    while (*p != NULL && (*p)->pid != pid)
        p = pid < (*p)->pid ? &(*p)->left : &(*p)->right;
    return p;
}

static int
is_pid(uint64_t pid)
{
    return pid >= 1 && pid < COW_PIDS;
}

/* ---- Owners ---- */

static uint64_t
owners_of(const struct cow *c, uint64_t frame)
{
    uint64_t count = 0;
    for (const struct page *p = c->owners[frame]; p != NULL; p = p->of_frame)
        count++;
    return count;
}

static void
join(struct cow *c, struct page *page, uint64_t frame)
{
    page->frame = frame;
    page->of_frame = c->owners[frame];
    c->owners[frame] = page;
}

static void
leave(struct cow *c, struct page *page)
{
    struct page **p = &c->owners[page->frame];
    while (*p != page)
        p = &(*p)->of_frame;
    *p = page->of_frame;
    if (c->owners[page->frame] == NULL)
        frame_free(c->mach, page->frame);
}

/* A new owner of a frame. */
static int
add_page(struct cow *c, struct process *process, const struct pw_leaf *leaf)
{
    struct page *const page = malloc(sizeof *page);
    if (page == NULL)
        return COW_NO_MEMORY;
    *page = (struct page){.of_process = process->pages,
                          .process = process,
                          .va = leaf->va,
                          .at = leaf->entry_pa,
                          .swapped = (leaf->entry & PW_P) == 0};
    process->pages = page;
    if (!page->swapped)
        join(c, page, leaf->entry / MACH_FRAME_BYTES);
    return COW_OK;
}

static struct page *
page_at(const struct process *process, uint64_t va)
{
    struct page *p = process->pages;
    while (p != NULL && p->va != va - va % MACH_FRAME_BYTES)
        p = p->of_process;
    return p;
}

/* Forgets the pages of a process, without touching counts of frames that it
 * does not own alone. */
static void
forget_pages(struct cow *c, struct process *process)
{
    while (process->pages != NULL) {
        struct page *const page = process->pages;
        process->pages = page->of_process;
        mach_invalidate(c->mach, process->pid, page->va + 1);
        if (!page->swapped)
            leave(c, page);
        free(page);
    }
}

static uint64_t
entry_of(const struct cow *c, const struct page *page)
{
    return phys_read32(c->mach, page->at);
}

static void
set_entry(const struct cow *c, const struct page *page, uint64_t entry)
{
    phys_write32(c->mach, page->at, (uint32_t)entry);
    mach_invalidate(c->mach, page->process->pid, page->va);
}

/* ---- The contract ---- */

struct cow *
cow_create(struct mach *mach, const struct cow_config *config)
{
    if (mach == NULL || config == NULL || config->frames < 1 ||
        config->kernel_base < 0x400000 || config->kernel_base % 0x400000 ||
        config->kernel_base > 0x100000000) {
        errno = EINVAL;
        return NULL;
    }
    struct cow *const c = calloc(1, sizeof *c);
    struct page **const owners = calloc(config->frames, sizeof(struct page *));
    if (c == NULL || owners == NULL) {
        free(c);
        free(owners);
        errno = ENOMEM;
        return NULL;
    }
    *c = (struct cow){mach, config->frames, config->kernel_base, owners, NULL};
    return c;
}

static void
end_process(struct cow *c, struct process *process)
{
    forget_pages(c, process);
    const uint64_t root = pw_root(process->space);
    for (uint64_t i = c->user_end >> 22; i < 1024; i++)
        if (phys_read32(c->mach, root + i * 4) != 0)
            phys_write32(c->mach, root + i * 4, 0);
    pw_destroy(process->space);
    free(process);
}

int
cow_exit(struct cow *c, uint64_t pid)
{
    if (c == NULL || !is_pid(pid))
        return COW_BAD_ARGUMENT;
    struct process **const slot = seek(c, pid);
    struct process *const process = *slot;
    if (process == NULL)
        return COW_NO_PROCESS;
    /* The left subtree goes below the smallest of the right one. */
    if (process->right == NULL) {
        *slot = process->left;
    } else {
        struct process *low = process->right;
        while (low->left != NULL)
            low = low->left;
        low->left = process->left;
        *slot = process->right;
    }
    end_process(c, process);
    return COW_OK;
}

int
cow_destroy(struct cow *c)
{
    if (c == NULL)
        return COW_BAD_ARGUMENT;
    while (c->tree != NULL)
        cow_exit(c, c->tree->pid);
    free(c->owners);
    free(c);
    return COW_OK;
}

int
cow_spawn(struct cow *c, uint64_t pid, struct space *space)
{
    if (c == NULL || !is_pid(pid) || space == NULL)
        return COW_BAD_ARGUMENT;
    struct process **const slot = seek(c, pid);
    if (*slot != NULL)
        return COW_EXISTS;
    struct process *const process = calloc(1, sizeof *process);
    if (process == NULL)
        return COW_NO_MEMORY;
    process->pid = pid;
    process->space = space;
    struct pw_leaf leaf = {0};
    for (uint64_t va = 0;
         va < c->user_end && pw_next(space, va, &leaf) == PW_OK &&
         leaf.va < c->user_end;
         va = leaf.va + leaf.page_bytes)
        if (add_page(c, process, &leaf) != COW_OK)
            return COW_NO_MEMORY;
    *slot = process;
    return COW_OK;
}

struct space *
cow_space(struct cow *c, uint64_t pid)
{
    struct process *const process = c == NULL ? NULL : *seek(c, pid);
    return process == NULL ? NULL : process->space;
}

uint64_t
cow_refs(struct cow *c, uint64_t frame)
{
    return c == NULL || frame >= c->frames ? 0 : owners_of(c, frame);
}

/* The process, and for an address in the user half its page. */
static int
find(struct cow *c, uint64_t pid, uint64_t va, struct process **process,
     struct page **page)
{
    if (c == NULL || !is_pid(pid))
        return COW_BAD_ARGUMENT;
    *process = *seek(c, pid);
    if (*process == NULL)
        return COW_NO_PROCESS;
    if (va >= c->user_end)
        return COW_BAD_ADDRESS;
    *page = page_at(*process, va);
    return *page == NULL ? COW_NOT_MAPPED : COW_OK;
}

int
cow_map(struct cow *c, uint64_t pid, uint64_t va, uint64_t rights)
{
    struct process *process;
    struct page *page;
    struct pw_leaf leaf;
    if ((rights & ~(PW_W | PW_U | PW_SHARED)) != 0)
        return COW_BAD_ARGUMENT;
    const int status = find(c, pid, va, &process, &page);
    if (status != COW_NOT_MAPPED)
        return status == COW_OK ? COW_EXISTS : status;
    const uint64_t frame = frame_alloc(c->mach);
    if (frame == FRAME_NONE)
        return COW_NO_MEMORY;
    va -= va % MACH_FRAME_BYTES;
    if (pw_map(process->space, va, frame * MACH_FRAME_BYTES, MACH_FRAME_BYTES,
               rights) != PW_OK) {
        frame_free(c->mach, frame);
        return COW_NO_MEMORY;
    }
    pw_entry(process->space, va, &leaf);
    if (add_page(c, process, &leaf) != COW_OK) {
        pw_unmap(process->space, va, MACH_FRAME_BYTES);
        frame_free(c->mach, frame);
        return COW_NO_MEMORY;
    }
    phys_zero_frame(c->mach, frame);
    return COW_OK;
}

/* ---- Slots ---- */

static uint64_t
in_slot(const struct process *process, uint64_t slot)
{
    uint64_t count = 0;
    if (process == NULL)
        return 0;
    for (const struct page *p = process->pages; p != NULL; p = p->of_process)
        count += p->slot == slot;
    return count + in_slot(process->left, slot) + in_slot(process->right, slot);
}

uint64_t
cow_slot_refs(struct cow *c, uint64_t slot)
{
    return c == NULL || slot >= swapdev_slots(c->mach)
               ? 0
               : in_slot(c->tree, slot + 1);
}

/* The number of owners of what the page lies in. */
static uint64_t
company(const struct cow *c, const struct page *page)
{
    return page->swapped ? in_slot(c->tree, page->slot)
                         : owners_of(c, page->frame);
}

int
cow_evict(struct cow *c, uint64_t pid, uint64_t va)
{
    struct process *process;
    struct page *page;
    const int status = find(c, pid, va, &process, &page);
    if (status != COW_OK || page->swapped)
        return status;
    const uint64_t entry = entry_of(c, page);
    if ((entry & PW_SHARED) != 0 || company(c, page) > 1)
        return COW_PINNED;
    uint64_t slot = page->slot;
    if (slot == 0 || (entry & PW_D) != 0) {
        const uint64_t end = swapdev_slots(c->mach);
        if (slot == 0 || in_slot(c->tree, slot) > 1)
            for (slot = 1; slot <= end && in_slot(c->tree, slot) > 0;)
                slot++;
        if (slot > end)
            return COW_NO_SLOT;
        if (swapdev_write(c->mach, slot - 1, page->frame) != SWAPDEV_OK)
            return COW_WRITE_ERROR;
    }
    page->slot = slot;
    page->swapped = true;
    set_entry(c, page,
              (slot - 1) * MACH_FRAME_BYTES + PW_SWAPPED +
                  (entry & (PW_W | PW_U | PW_COW)));
    leave(c, page);
    return COW_OK;
}

static int
bring_back(struct cow *c, struct page *page)
{
    if (!page->swapped)
        return COW_OK;
    const uint64_t frame = frame_alloc(c->mach);
    if (frame == FRAME_NONE)
        return COW_NO_MEMORY;
    if (swapdev_read(c->mach, page->slot - 1, frame) != SWAPDEV_OK) {
        frame_free(c->mach, frame);
        return COW_READ_ERROR;
    }
    join(c, page, frame);
    page->swapped = false;
    phys_write32(c->mach, page->at,
                 (uint32_t)(frame * MACH_FRAME_BYTES + PW_P +
                            (entry_of(c, page) & (PW_W | PW_U | PW_COW))));
    return COW_OK;
}

/* ---- The rest of the contract ---- */

/* Gives `child` one page of its parent; the parent's entry stays. */
static int
inherit(struct cow *c, struct process *child, const struct page *page)
{
    struct pw_leaf leaf;
    uint64_t entry = entry_of(c, page);
    if ((entry & (PW_W | PW_SHARED)) == PW_W)
        entry = (entry & ~PW_W) | PW_COW;
    /* pw_map takes all of its rights that may stand in a leaf. */
    if (pw_map(child->space, page->va, page->frame * MACH_FRAME_BYTES,
               MACH_FRAME_BYTES,
               entry & (PW_W | PW_U | PW_G | PW_COW | PW_SHARED)) != PW_OK)
        return COW_NO_MEMORY;
    pw_entry(child->space, page->va, &leaf);
    leaf.entry = entry;
    phys_write32(c->mach, leaf.entry_pa, (uint32_t)entry);
    if (add_page(c, child, &leaf) != COW_OK)
        return COW_NO_MEMORY;
    child->pages->slot = page->slot;
    return COW_OK;
}

int
cow_fork(struct cow *c, uint64_t parent, uint64_t child)
{
    if (c == NULL || !is_pid(parent) || !is_pid(child))
        return COW_BAD_ARGUMENT;
    struct process *const old = *seek(c, parent);
    if (old == NULL)
        return COW_NO_PROCESS;
    struct process **const slot = seek(c, child);
    if (*slot != NULL)
        return COW_EXISTS;
    struct process *const new = calloc(1, sizeof *new);
    if (new == NULL)
        return COW_NO_MEMORY;
    new->pid = child;
    new->space = pw_create(c->mach, PW_TWO_LEVEL, PW_WP);
    if (new->space == NULL) {
        free(new);
        return COW_NO_MEMORY;
    }
    for (const struct page *p = old->pages; p != NULL; p = p->of_process)
        if (inherit(c, new, p) != COW_OK) {
            end_process(c, new);
            return COW_NO_MEMORY;
        }
    for (const struct page *p = old->pages; p != NULL; p = p->of_process) {
        const uint64_t entry = entry_of(c, p);
        if ((entry & (PW_W | PW_SHARED)) == PW_W)
            set_entry(c, p, (entry & ~PW_W) | PW_COW);
    }
    const uint64_t half = (c->user_end >> 22) * 4;
    phys_move(c->mach, pw_root(new->space) + half, pw_root(old->space) + half,
              MACH_FRAME_BYTES - half);
    *slot = new;
    return COW_OK;
}

/* A write to a page: COW_OK when it may be tried again. */
static int
write_to(struct cow *c, struct page *page)
{
    if ((entry_of(c, page) & (PW_W | PW_COW)) == 0)
        return COW_RIGHTS;
    const int status = bring_back(c, page);
    uint64_t entry = entry_of(c, page);
    if (status != COW_OK || (entry & PW_W) != 0)
        return status;
    entry ^= PW_W | PW_COW;
    if (c->owners[page->frame]->of_frame != NULL) {
        const uint64_t frame = frame_alloc(c->mach);
        if (frame == FRAME_NONE)
            return COW_NO_MEMORY;
        phys_move(c->mach, frame * MACH_FRAME_BYTES,
                  page->frame * MACH_FRAME_BYTES, MACH_FRAME_BYTES);
        leave(c, page);
        join(c, page, frame);
        page->slot = 0;
        entry = entry % MACH_FRAME_BYTES + frame * MACH_FRAME_BYTES;
    }
    set_entry(c, page, entry);
    return COW_OK;
}

int
cow_fault(struct cow *c, uint64_t pid, uint64_t va, uint32_t code)
{
    struct process *process;
    struct page *page;
    if (code >= PW_FAULT_R)
        return COW_BAD_ARGUMENT;
    const int status = find(c, pid, va, &process, &page);
    if (status != COW_OK)
        return status;
    if ((code & PW_FAULT_U) != 0 && (entry_of(c, page) & PW_U) == 0)
        return COW_RIGHTS;
    return (code & PW_FAULT_W) == 0 ? bring_back(c, page) : write_to(c, page);
}

int
cow_protect(struct cow *c, uint64_t pid, uint64_t va, uint64_t rights)
{
    struct process *process;
    struct page *page;
    if ((rights & ~(PW_W | PW_U)) != 0)
        return COW_BAD_ARGUMENT;
    const int status = find(c, pid, va, &process, &page);
    if (status != COW_OK)
        return status;
    uint64_t entry = entry_of(c, page) & ~(PW_W | PW_U | PW_COW);
    entry |= rights;
    if ((entry & (PW_W | PW_SHARED)) == PW_W && company(c, page) > 1)
        entry ^= PW_W | PW_COW;
    set_entry(c, page, entry);
    return COW_OK;
}

int
cow_copy_out(struct cow *c, uint64_t pid, uint64_t va,
             const unsigned char *from, uint64_t bytes, uint64_t *left)
{
    struct process *process;
    struct page *page;
    if (from == NULL || left == NULL || bytes == 0)
        return COW_BAD_ARGUMENT;
    int status = find(c, pid, va, &process, &page);
    if (status != COW_OK && status != COW_NOT_MAPPED)
        return status;
    if (bytes > c->user_end - va)
        return COW_BAD_ADDRESS;
    for (*left = bytes; *left > 0;) {
        status = find(c, pid, va, &process, &page);
        if (status == COW_OK && (entry_of(c, page) & PW_U) == 0)
            status = COW_RIGHTS;
        if (status == COW_OK)
            status = write_to(c, page);
        if (status != COW_OK)
            return status;
        phys_write32(c->mach, page->at,
                     (uint32_t)(entry_of(c, page) | PW_A | PW_D));
        do {
            phys_write8(c->mach,
                        page->frame * MACH_FRAME_BYTES + va % MACH_FRAME_BYTES,
                        *from++);
            va++;
            --*left;
        } while (*left > 0 && va % MACH_FRAME_BYTES != 0);
    }
    return COW_OK;
}
