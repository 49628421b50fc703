/*
 * tlb_help.h - entries made by hand, and accesses of which the judge counts for
 * itself what they cost.
 *
 * Tests that ask where an entry goes use tlb_insert and tlb_probe; tests of
 * accesses use tlb_translate on tables that the reference of pagewalk makes.
 * Whether a translation was a hit is judged by the entries that the machine saw
 * being read, and only then by what the module says.
 */
#ifndef TESTS_TLB_HELP_H
#define TESTS_TLB_HELP_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tlb/tlb.h"
#include "vmlab_test.h"

enum { PAGE = 4096, RW = PW_W | PW_U, FRAMES = 64 };

#define BASE UINT64_C(0x00400000)

static inline struct tlb *
new_tlb(uint64_t sets, uint64_t ways, enum tlb_policy policy)
{
    struct tlb *const tlb = tlb_create(sets, ways, policy);
    check(tlb != NULL, "tlb_create(%u, %u, %s) returned NULL, errno %d",
          (unsigned)sets, (unsigned)ways,
          policy == TLB_LRU ? "TLB_LRU" : "TLB_PLRU", errno);
    return tlb;
}

/* ---- Entries made by hand ------------------------------------------------ */

/* An entry of 4 KiB that allows everything a user does. */
static inline struct tlb_entry
entry_of(uint64_t asid, uint64_t va, uint64_t pa)
{
    return (struct tlb_entry){.asid = asid,
                              .va = va,
                              .pa = pa,
                              .page_bytes = PAGE,
                              .writable = 1,
                              .user = 1,
                              .dirty = 1};
}

/* One entry in the arena, which all helpers of a test share: a test has a
 * process of its own. */
static inline struct tlb_entry *
arena_entry(void)
{
    static struct tlb_entry *entry;
    if (entry == NULL)
        entry = arena_object(struct tlb_entry);
    return entry;
}

/* Inserts a copy of it, through the arena. */
static inline int
insert(struct tlb *tlb, struct tlb_entry entry)
{
    *arena_entry() = entry;
    return tlb_insert(tlb, arena_entry());
}

static inline void
put(struct tlb *tlb, uint64_t asid, uint64_t va, uint64_t pa)
{
    check_status(insert(tlb, entry_of(asid, va, pa)), TLB_OK);
}

static inline void
put_global(struct tlb *tlb, uint64_t asid, uint64_t va, uint64_t pa)
{
    struct tlb_entry e = entry_of(asid, va, pa);
    e.global = 1;
    check_status(insert(tlb, e), TLB_OK);
}

/* Where the address would lie, by the entry that is cached for it. */
#define check_cached(tlb, asid, va, pa)                                        \
    help_check_cached(__FILE__, __LINE__, (tlb), (asid), (va), (pa))
static inline void
help_check_cached(const char *file, int line, struct tlb *tlb, uint64_t asid,
                  uint64_t va, uint64_t pa)
{
    struct tlb_entry *const e = arena_entry();
    *e = (struct tlb_entry){0};
    char call[80];
    snprintf(call, sizeof call, "tlb_probe(tlb, %llu, 0x%llx, entry)",
             (unsigned long long)asid, (unsigned long long)va);
    vmlab_check_status(file, line, call, tlb_probe(tlb, asid, va, e), TLB_OK,
                       "TLB_OK");
    const struct tlb_entry got = *e;
    if (got.page_bytes == 0)
        vmlab_fail(file, line, call, "the entry's page_bytes is 0");
    vmlab_check_eq(file, line, "entry->pa + offset in the page",
                   got.pa + va % got.page_bytes, pa, "where the page lies");
}

#define check_absent(tlb, asid, va)                                            \
    check_status(tlb_probe((tlb), (asid), (va), arena_entry()), TLB_MISS)

/* ---- Accesses ------------------------------------------------------------ */

/* A machine, a space in it and a TLB. */
struct world {
    struct mach *mach;
    struct space *space;
    struct tlb *tlb;
    struct tlb_result *r;
    enum pw_format format;
};

static inline struct space *
new_space(struct mach *mach, enum pw_format format, uint32_t flags)
{
    struct space *const space = pw_create(mach, format, flags);
    check(space != NULL, "the judge has no space");
    return space;
}

static inline struct world
new_world_of(enum pw_format format, uint32_t flags, uint64_t sets,
             uint64_t ways)
{
    struct world w = {.format = format};
    w.mach = test_machine(format == PW_FLAT ? 1100 : FRAMES);
    w.space = new_space(w.mach, format, flags);
    w.tlb = new_tlb(sets, ways, TLB_LRU);
    w.r = arena_object(struct tlb_result);
    return w;
}

static inline struct world
new_world(uint64_t sets, uint64_t ways)
{
    return new_world_of(PW_TWO_LEVEL, PW_WP, sets, ways);
}

static inline void
end_world(struct world *w)
{
    check_status(tlb_destroy(w->tlb), TLB_OK);
    check_status(pw_destroy(w->space), PW_OK);
}

static inline void
map(struct space *space, uint64_t va, uint64_t pa, uint64_t rights)
{
    check_status(pw_map(space, va, pa, PAGE, rights), PW_OK);
}

/* The leaf in memory, without counting it as a read of the module's. */
static inline uint64_t
leaf_of(struct space *space, uint64_t va)
{
    struct pw_leaf leaf = {0};
    check_status(pw_entry(space, va, &leaf), PW_OK);
    return leaf.entry;
}

/* What an access must be. */
struct want {
    enum tlb_status status;
    uint64_t reads; /* entries of tables that are read                        */
    uint64_t pa;    /* TLB_OK */
    uint32_t hit;
    int32_t walk; /* TLB_FAULT */
    uint32_t error_code;
};

static const struct tlb_result untouched = {
    0xA5A5A5A5A5A5A5A5,
    0xA5A5A5A5,
    0x25A5A5A5,
    {0xA5A5A5A5, 0xA5A5A5A5, 0xA5A5A5A5A5A5A5A5}};

#define access_once(w, asid, va, access, ...)                                  \
    help_access(__FILE__, __LINE__, (w), (w)->space, (asid), (va), (access),   \
                (struct want){__VA_ARGS__})
#define access_in(w, space, asid, va, access, ...)                             \
    help_access(__FILE__, __LINE__, (w), (space), (asid), (va), (access),      \
                (struct want){__VA_ARGS__})
/* The usual ones, in two levels: a hit reads no table, a walk two. */
#define check_hit(w, asid, va, access, where)                                  \
    access_once(w, asid, va, access, .status = TLB_OK, .reads = 0,             \
                .pa = (where), .hit = 1)
#define check_miss(w, asid, va, access, where)                                 \
    access_once(w, asid, va, access, .status = TLB_OK, .reads = 2,             \
                .pa = (where), .hit = 0)
#define check_dirty_walk(w, asid, va, access, where)                           \
    access_once(w, asid, va, access, .status = TLB_OK, .reads = 2,             \
                .pa = (where), .hit = 1)

static inline void
help_access(const char *file, int line, struct world *w, struct space *space,
            uint64_t asid, uint64_t va, uint32_t access, struct want want)
{
    static const char *const text[] = {"PW_READ", "PW_WRITE", "PW_EXECUTE"};
    char call[120];
    snprintf(call, sizeof call,
             "tlb_translate(tlb, space, %llu, 0x%llx, %s%s%s, r)",
             (unsigned long long)asid, (unsigned long long)va, text[access & 3],
             (access & PW_USER) != 0 ? " | PW_USER" : "",
             (access & PW_STACK) != 0 ? " | PW_STACK" : "");
    *w->r = untouched;
    const uint64_t before = mach_counts(w->mach).reads;
    const int status = tlb_translate(w->tlb, space, asid, va, access, w->r);
    const uint64_t reads = mach_counts(w->mach).reads - before;
    const struct tlb_result r = *w->r;
    check_context("%s", call);
    vmlab_check_status(file, line, call, status, (int)want.status,
                       want.status == TLB_OK ? "TLB_OK" : "TLB_FAULT");
    vmlab_check_eq(file, line, "entries of tables that were read", reads,
                   want.reads, want.reads == 0 ? "a hit reads none" : "a walk");
    if (want.status == TLB_OK) {
        vmlab_check_eq(file, line, "r->pa", r.pa, want.pa, "the byte's place");
        vmlab_check_eq(file, line, "r->hit", r.hit, want.hit,
                       want.hit ? "a hit" : "a miss");
        vmlab_check_eq(file, line, "r->walk", (uint64_t)r.walk,
                       (uint64_t)untouched.walk, "untouched");
        vmlab_check_bytes(file, line, "r->fault", &r.fault, &untouched.fault,
                          sizeof r.fault);
    } else {
        vmlab_check_eq(file, line, "r->walk", (uint64_t)r.walk,
                       (uint64_t)want.walk, "what pw_walk returned");
        vmlab_check_eq(file, line, "r->fault.vector", r.fault.vector, FAULT_PF,
                       "FAULT_PF");
        vmlab_check_eq(file, line, "r->fault.error_code", r.fault.error_code,
                       want.error_code, "that of the walk");
        vmlab_check_eq(file, line, "r->fault.address", r.fault.address, va,
                       "va");
        vmlab_check_eq(file, line, "r->pa", r.pa, untouched.pa, "untouched");
        vmlab_check_eq(file, line, "r->hit", r.hit, untouched.hit, "untouched");
    }
    check_context("%s", "");
}

/* ---- Counts -------------------------------------------------------------- */

#define check_stats(tlb, ...)                                                  \
    help_check_stats(__FILE__, __LINE__, (tlb), (struct tlb_stats){__VA_ARGS__})
static inline void
help_check_stats(const char *file, int line, struct tlb *tlb,
                 struct tlb_stats want)
{
    struct tlb_stats *const s = arena_object(struct tlb_stats);
    vmlab_check_status(file, line, "tlb_stat(tlb, stats)", tlb_stat(tlb, s),
                       TLB_OK, "TLB_OK");
    const struct tlb_stats got = *s;
    vmlab_check_eq(file, line, "hits", got.hits, want.hits, "as counted");
    vmlab_check_eq(file, line, "misses", got.misses, want.misses, "as counted");
    vmlab_check_eq(file, line, "dirty_walks", got.dirty_walks, want.dirty_walks,
                   "as counted");
    vmlab_check_eq(file, line, "faults", got.faults, want.faults, "as counted");
    vmlab_check_eq(file, line, "evictions", got.evictions, want.evictions,
                   "as counted");
}

#endif
