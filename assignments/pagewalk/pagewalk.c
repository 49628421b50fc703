/* pagewalk.c - your module.  The contract is pagewalk.h; hints are in the
 * handout. */
#include "pagewalk/pagewalk.h"

#include <errno.h>
#include <stdlib.h>

struct space {
    struct mach *mach;
    /* TODO: what else a space has to remember */
};

/* ---- Making and destroying ---------------------------------------------- */

struct space *
pw_create(struct mach *mach, enum pw_format format, uint32_t flags)
{
    /* TODO: a root table of empty entries; see pw_create in pagewalk.h */
    (void)mach, (void)format, (void)flags;
    errno = ENOSYS;
    return NULL;
}

int
pw_destroy(struct space *space)
{
    /* TODO: give back all tables; see pw_destroy in pagewalk.h */
    (void)space;
    return PW_NOT_IMPLEMENTED;
}

uint64_t
pw_root(struct space *space)
{
    /* TODO: where the root table lies; see pw_root in pagewalk.h */
    (void)space;
    return UINT64_MAX;
}

uint64_t
pw_table_bytes(struct space *space)
{
    /* TODO: what all tables cost; see pw_table_bytes in pagewalk.h */
    (void)space;
    return UINT64_MAX;
}

/* ---- Mapping ------------------------------------------------------------ */

int
pw_map(struct space *space, uint64_t va, uint64_t pa, uint64_t bytes,
       uint64_t rights)
{
    /* TODO: check all, then map; see pw_map in pagewalk.h */
    (void)space, (void)va, (void)pa, (void)bytes, (void)rights;
    return PW_NOT_IMPLEMENTED;
}

int
pw_entry(struct space *space, uint64_t va, struct pw_leaf *leaf)
{
    /* TODO: find the leaf; see pw_entry in pagewalk.h */
    (void)space, (void)va, (void)leaf;
    return PW_NOT_IMPLEMENTED;
}

/* ---- Walking ------------------------------------------------------------ */

int
pw_walk(struct space *space, uint64_t va, uint32_t access,
        struct pw_result *result)
{
    /* TODO: walk as the processor does; see pw_walk in pagewalk.h */
    (void)space, (void)va, (void)access, (void)result;
    return PW_NOT_IMPLEMENTED;
}

/* ---- Changing ----------------------------------------------------------- */

int
pw_unmap(struct space *space, uint64_t va, uint64_t bytes)
{
    /* TODO: empty the leaves, free the tables; see pw_unmap in pagewalk.h */
    (void)space, (void)va, (void)bytes;
    return PW_NOT_IMPLEMENTED;
}

int
pw_protect(struct space *space, uint64_t va, uint64_t bytes, uint64_t rights)
{
    /* TODO: change rights and nothing else; see pw_protect in pagewalk.h */
    (void)space, (void)va, (void)bytes, (void)rights;
    return PW_NOT_IMPLEMENTED;
}

int
pw_next(struct space *space, uint64_t va, struct pw_leaf *leaf)
{
    /* TODO: find the next page in use; see pw_next in pagewalk.h */
    (void)space, (void)va, (void)leaf;
    return PW_NOT_IMPLEMENTED;
}

/* ---- Bonus: segments over paging ---------------------------------------- */

int
pw_walk_segmented(struct seg_cpu *cpu, struct space *space, enum seg_reg reg,
                  uint32_t offset, uint32_t access, struct pw_result *result)
{
    /* TODO: segment first, then page; see pw_walk_segmented in pagewalk.h */
    (void)cpu, (void)space, (void)reg, (void)offset, (void)access;
    (void)result;
    return PW_NOT_IMPLEMENTED;
}
