/* cow.c - your module.  The contract is cow.h; hints are in the handout. */
#include "cow/cow.h"

#include <errno.h>
#include <stdlib.h>

struct cow {
    struct mach *mach; /* and whatever else you need */
};

struct cow *
cow_create(struct mach *mach, const struct cow_config *config)
{
    /* TODO: allocate a system without processes; see cow_create in cow.h */
    (void)mach, (void)config;
    errno = ENOSYS;
    return NULL;
}

int
cow_destroy(struct cow *cow)
{
    /* TODO: let all processes exit, free the rest; see cow_destroy in cow.h */
    (void)cow;
    return COW_NOT_IMPLEMENTED;
}

int
cow_spawn(struct cow *cow, uint64_t pid, struct space *space)
{
    /* TODO: take the space over and count its pages; see cow_spawn in cow.h */
    (void)cow, (void)pid, (void)space;
    return COW_NOT_IMPLEMENTED;
}

struct space *
cow_space(struct cow *cow, uint64_t pid)
{
    /* TODO: find the process; see cow_space in cow.h */
    (void)cow, (void)pid;
    errno = ENOSYS;
    return NULL;
}

uint64_t
cow_refs(struct cow *cow, uint64_t frame)
{
    /* TODO: look the count up; see cow_refs in cow.h */
    (void)cow, (void)frame;
    return UINT64_MAX; /* not implemented */
}

int
cow_map(struct cow *cow, uint64_t pid, uint64_t va, uint64_t rights)
{
    /* TODO: take a frame, clear it, map it; see cow_map in cow.h */
    (void)cow, (void)pid, (void)va, (void)rights;
    return COW_NOT_IMPLEMENTED;
}

int
cow_fork(struct cow *cow, uint64_t parent, uint64_t child)
{
    /* TODO: make tables that share all frames; see cow_fork in cow.h */
    (void)cow, (void)parent, (void)child;
    return COW_NOT_IMPLEMENTED;
}

int
cow_fault(struct cow *cow, uint64_t pid, uint64_t va, uint32_t code)
{
    /* TODO: check, then copy or make writable; see cow_fault in cow.h */
    (void)cow, (void)pid, (void)va, (void)code;
    return COW_NOT_IMPLEMENTED;
}

int
cow_protect(struct cow *cow, uint64_t pid, uint64_t va, uint64_t rights)
{
    /* TODO: change the rights of a page; see cow_protect in cow.h */
    (void)cow, (void)pid, (void)va, (void)rights;
    return COW_NOT_IMPLEMENTED;
}

int
cow_copy_out(struct cow *cow, uint64_t pid, uint64_t va,
             const unsigned char *from, uint64_t bytes, uint64_t *left)
{
    /* TODO: write page by page; see cow_copy_out in cow.h */
    (void)cow, (void)pid, (void)va, (void)from, (void)bytes, (void)left;
    return COW_NOT_IMPLEMENTED;
}

int
cow_exit(struct cow *cow, uint64_t pid)
{
    /* TODO: give pages and tables back; see cow_exit in cow.h */
    (void)cow, (void)pid;
    return COW_NOT_IMPLEMENTED;
}

/* ---- BONUS --------------------------------------------------------------- */

int
cow_evict(struct cow *cow, uint64_t pid, uint64_t va)
{
    /* TODO: from its frame to a slot; see cow_evict in cow.h */
    (void)cow, (void)pid, (void)va;
    return COW_NOT_IMPLEMENTED;
}

uint64_t
cow_slot_refs(struct cow *cow, uint64_t slot)
{
    /* TODO: look the count up; see cow_slot_refs in cow.h */
    (void)cow, (void)slot;
    return UINT64_MAX; /* not implemented */
}
