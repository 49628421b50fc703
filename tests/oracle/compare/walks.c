/* walks.c - page walks: has the reference walk through the same entries. */
#include "compare.h"

#include <inttypes.h>
#include <stdio.h>

#include "../walk_case.h"

struct walked {
    int status;
    struct pw_result result;
    uint64_t entry[WALK_LEVELS]; /* afterwards                                */
    uint64_t reads;              /* entries that were read                    */
};

static unsigned
entry_bytes(const struct walk_case *c)
{
    return c->format == PW_FOUR_LEVEL ? 8 : 4;
}

/* One machine for all cases, in which the next frame that is to be had is the
 * one where the tables begin. */
static struct mach *
machine(void)
{
    static struct mach *mach;
    if (mach != NULL)
        return mach;
    mach = mach_create(WALK_MEMORY_END / MACH_FRAME_BYTES);
    if (mach == NULL ||
        frame_alloc_run(mach, WALK_TABLES_PA / MACH_FRAME_BYTES) != 0)
        mach_stop("no machine");
    return mach;
}

static void
walk(const struct walk_case *c, struct walked *w)
{
    struct mach *mach = machine();
    struct space *space = pw_create(mach, c->format, c->flags);
    if (space == NULL || pw_root(space) != WALK_TABLES_PA)
        mach_stop("no space at 0x%" PRIx64, WALK_TABLES_PA);
    *w = (struct walked){0};
    for (unsigned l = 0; l < c->levels; l++)
        mach_poke(mach, c->way[l].pa, &c->way[l].entry, entry_bytes(c));
    const uint64_t before = mach_counts(mach).reads;
    w->status = pw_walk(space, c->va, c->access, &w->result);
    w->reads = mach_counts(mach).reads - before;
    for (unsigned l = 0; l < c->levels; l++) {
        static const uint64_t empty;
        mach_peek(mach, c->way[l].pa, &w->entry[l], entry_bytes(c));
        mach_poke(mach, c->way[l].pa, &empty, entry_bytes(c));
    }
    pw_destroy(space);
}

/* What is documented about faults of QEMU, before the fault is compared: each
 * is undone in `got`, so that all else must be as the reference says. */
static void
excuse_fault(struct verdict *v, const struct walk_case *c,
             const struct walked *w, struct report_fault *got)
{
    if (w->status == PW_RESERVED && got->vector == FAULT_PF &&
        (got->error_code & PW_FAULT_P) == 0) {
        got->error_code |= PW_FAULT_P;
        differ(v, DIFFERS_RESERVED_P);
    }
    if (w->status == PW_NOT_CANONICAL && (c->access & PW_STACK) != 0 &&
        got->vector == FAULT_GP) {
        got->vector = FAULT_SS;
        differ(v, DIFFERS_STACK_VECTOR);
    }
}

/* Whether level `l` is that of an entry which QEMU marks before it finds out
 * that the entry is a leaf and forbids the access. */
static bool
is_marked_early(const struct walk_case *c, unsigned l)
{
    return c->format == PW_FOUR_LEVEL && l == 1 &&
           (c->way[l].entry & PW_PS) != 0;
}

/* A fault may leave A set in entries that lead to the one that faults. */
static void
compare_entries(struct verdict *v, const struct walk_case *c,
                const struct walked *w, const struct walk_record *record)
{
    for (unsigned l = 0; l < c->levels; l++) {
        uint64_t got = record->entry[l];
        const bool marked = w->status != PW_OK && got != w->entry[l] &&
                            got == (w->entry[l] | PW_A);
        if (marked && l + 1 < w->reads) {
            got = w->entry[l];
            differ(v, DIFFERS_ACCESSED_ABOVE);
        } else if (marked && l + 1 == w->reads && is_marked_early(c, l)) {
            got = w->entry[l];
            differ(v, DIFFERS_ACCESSED_HUGE);
        }
        if (got != w->entry[l])
            disagree(v,
                     "entry of level %u is 0x%" PRIx64
                     ", the reference has 0x%" PRIx64,
                     l, got, w->entry[l]);
    }
}

bool
compare_walk(uint64_t kind, uint64_t seed, uint32_t number,
             const struct walk_record *record, struct verdict *v)
{
    struct walk_case c;
    walk_generate(&c,
                  kind == KIND_WALKS_FOUR_LEVEL ? PW_FOUR_LEVEL : PW_TWO_LEVEL,
                  seed, number);
    struct walked w;
    walk(&c, &w);
    const bool fault = w.status != PW_OK;
    if (fault && w.result.fault.vector == FAULT_NONE)
        disagree(v, "the reference returns %d", w.status);
    struct report_fault got = record->fault;
    excuse_fault(v, &c, &w, &got);
    compare_faults(v, fault, &w.result.fault, &got);
    const uint64_t want = fault ? 0 : w.result.pa;
    if (record->pa != want)
        disagree(v, "address 0x%" PRIx64 ", the reference has 0x%" PRIx64,
                 record->pa, want);
    compare_entries(v, &c, &w, record);
    return fault;
}

void
show_walk(uint64_t kind, uint64_t seed, uint32_t number,
          const struct walk_record *record)
{
    struct walk_case c;
    walk_generate(&c,
                  kind == KIND_WALKS_FOUR_LEVEL ? PW_FOUR_LEVEL : PW_TWO_LEVEL,
                  seed, number);
    struct walked w;
    walk(&c, &w);
    printf("    %s%s%s of 0x%" PRIx64 "%s%s%s%s\n",
           c.access & PW_WRITE     ? "write"
           : c.access & PW_EXECUTE ? "fetch"
                                   : "read",
           c.access & PW_STACK ? " through the stack" : "",
           c.access & PW_USER ? " in user mode" : "", c.va,
           c.flags ? ", with" : "", c.flags & PW_WP ? " PW_WP" : "",
           c.flags & PW_PSE ? " PW_PSE" : "",
           c.flags & PW_NXE ? " PW_NXE" : "");
    for (unsigned l = 0; l < c.levels; l++)
        printf("    level %u at 0x%" PRIx64 ": 0x%016" PRIx64
               ", afterwards 0x%016" PRIx64 ", reference 0x%016" PRIx64 "\n",
               l, c.way[l].pa, c.way[l].entry, record->entry[l], w.entry[l]);
    printf("    hardware:  vector %" PRIu64 ", error code 0x%" PRIx64
           ", CR2 0x%" PRIx64 ", address 0x%" PRIx64 "\n",
           record->fault.vector, record->fault.error_code, record->fault.cr2,
           record->pa);
    const bool ok = w.status == PW_OK;
    printf("    reference: vector %" PRIu32 ", error code 0x%" PRIx32
           ", CR2 0x%" PRIx64 ", address 0x%" PRIx64 " (status %d)\n",
           ok ? 0 : w.result.fault.vector, ok ? 0 : w.result.fault.error_code,
           ok ? 0 : w.result.fault.address, w.result.pa, w.status);
}
