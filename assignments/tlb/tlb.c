/* tlb.c - your module.  The contract is tlb.h; hints are in the handout. */
#include "tlb/tlb.h"

#include <errno.h>
#include <stdlib.h>

struct tlb {
    uint64_t sets; /* and whatever else you need */
};

struct tlb *
tlb_create(uint64_t sets, uint64_t ways, enum tlb_policy policy)
{
    /* TODO: allocate sets of free ways; see tlb_create in tlb.h */
    (void)sets, (void)ways, (void)policy;
    errno = ENOSYS;
    return NULL;
}

int
tlb_destroy(struct tlb *tlb)
{
    /* TODO: free all of it; see tlb_destroy in tlb.h */
    (void)tlb;
    return TLB_NOT_IMPLEMENTED;
}

int
tlb_insert(struct tlb *tlb, const struct tlb_entry *entry)
{
    /* TODO: check and fill; see "fill" and tlb_insert in tlb.h */
    (void)tlb, (void)entry;
    return TLB_NOT_IMPLEMENTED;
}

int
tlb_probe(struct tlb *tlb, uint64_t asid, uint64_t va, struct tlb_entry *entry)
{
    /* TODO: find the entry that matches; see tlb_probe in tlb.h */
    (void)tlb, (void)asid, (void)va, (void)entry;
    return TLB_NOT_IMPLEMENTED;
}

int
tlb_translate(struct tlb *tlb, struct space *space, uint64_t asid, uint64_t va,
              uint32_t access, struct tlb_result *result)
{
    /* TODO: look, walk where needed, fill; see tlb_translate in tlb.h */
    (void)tlb, (void)space, (void)asid, (void)va, (void)access, (void)result;
    return TLB_NOT_IMPLEMENTED;
}

int
tlb_stat(struct tlb *tlb, struct tlb_stats *stats)
{
    /* TODO: hand the counts over; see tlb_stat in tlb.h */
    (void)tlb, (void)stats;
    return TLB_NOT_IMPLEMENTED;
}

int
tlb_invalidate(struct tlb *tlb, uint64_t asid, uint64_t va)
{
    /* TODO: drop what matches; see tlb_invalidate in tlb.h */
    (void)tlb, (void)asid, (void)va;
    return TLB_NOT_IMPLEMENTED;
}

int
tlb_flush(struct tlb *tlb, enum tlb_flush what, uint64_t asid)
{
    /* TODO: drop many; see tlb_flush in tlb.h */
    (void)tlb, (void)what, (void)asid;
    return TLB_NOT_IMPLEMENTED;
}

int
tlb_switch(struct tlb *tlb, uint64_t asid, enum tlb_switch how)
{
    /* TODO: drop what is not safe to keep; see tlb_switch in tlb.h */
    (void)tlb, (void)asid, (void)how;
    return TLB_NOT_IMPLEMENTED;
}

int
tlb_needed(const struct tlb_change *change, uint32_t *action)
{
    /* TODO: judge the change; see tlb_needed in tlb.h */
    (void)change, (void)action;
    return TLB_NOT_IMPLEMENTED;
}

int
tlb_time(const struct tlb_stats *stats, const struct tlb_costs *costs,
         uint64_t *total)
{
    /* TODO: add up; see tlb_time in tlb.h */
    (void)stats, (void)costs, (void)total;
    return TLB_NOT_IMPLEMENTED;
}
