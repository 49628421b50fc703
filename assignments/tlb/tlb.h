/*
 * tlb.h - stage tlb: a cache of translations.
 *
 * A walk reads an entry per level of tables before the byte itself is reached.
 * A translation look-aside buffer keeps what recent walks have found, so that
 * most accesses read no table at all.  You build one: set-associative, with
 * address-space ids, on top of pw_walk of stage pagewalk.
 *
 *   virtual address    31                 12 11          0
 *                     +---------------------+-------------+
 *                     |     page number     |   offset    |
 *                     +---------------------+-------------+
 *                                | modulo sets
 *                                v
 *           way 0            way 1            way 2            way 3
 *         +----------------+----------------+----------------+--------------+
 *   set 0 | asid page ...  |                |                |              |
 *         +----------------+----------------+----------------+--------------+
 *   set 1 |                | asid page ...  |                | <- compared  |
 *         +----------------+----------------+----------------+--------------+
 *                            all ways of the set, nothing else
 *
 * Vocabulary
 *   asid       address-space id: tells apart what two spaces have at the same
 *              address.  Every 64-bit number is one; ids are not pointers and
 *              say nothing about the `struct space`
 *   match      an entry matches (asid, va) when va lies in its page, and it is
 *              global or its asid is that one
 *   suffice    the rights of an entry suffice for an access when
 *                in user mode (PW_USER)   user is 1
 *                for PW_WRITE             writable is 1, in either mode: a TLB
 *                                         does not know the space's PW_WP
 *                for PW_EXECUTE           no_execute is 0
 *   hit        a translation for which there is a matching entry whose rights
 *              suffice; everything else is a miss
 *   dirty walk the walk of a write that hits an entry whose dirty is 0: it
 *              must set D in the table
 *   touch      to make an entry the most recently used one of its set
 *   drop       to make the way of an entry free; touches nothing
 *   fill       to put an entry into its set, in this order:
 *                1. drop each entry of the same page (same va, same page_bytes)
 *                   that is global, or has the same asid, or, when the new one
 *                   is global, any asid: no access may find two translations
 *                2. take the free way of the lowest number; when none is free,
 *                   the victim that the policy names: it is evicted
 *                3. touch it
 *   set        of an entry: (va / page_bytes) modulo sets
 *
 * Rules that all functions share
 *   - Status enumerators stand in the order of the checks: when several apply,
 *     the first is returned.
 *   - A NULL pointer is BAD_ARGUMENT.
 *   - BAD_ARGUMENT changes nothing: no entry, no counter, no struct.
 *   - Nothing but a walk reads tables: a hit without one believes its entry,
 *     however old it is.  Who changes a table says so (tlb_needed).
 *   - Given, so never checked: a `struct tlb` is one that tlb_create returned
 *     and tlb_destroy has not yet had; `va` is below 2^32 when the space has a
 *     format of 32 bits.
 *   - What is marked BONUS may stay not implemented (-1; NULL with ENOSYS); the
 *     required part never asks for it.
 *
 * You may use: pw_walk of pagewalk/pagewalk.h, and of the C library malloc,
 * calloc, realloc, free, memcpy, memmove, memset, memcmp, qsort, bsearch,
 * assert, printf, puts, snprintf, errno.
 */
#ifndef VMLAB_TLB_H
#define VMLAB_TLB_H

#include <stdint.h>

#include "pagewalk/pagewalk.h"

enum {
    TLB_MOST_SETS = 1024,
    TLB_MOST_WAYS = 64,
};

enum tlb_status {
    TLB_NOT_IMPLEMENTED = -1,
    TLB_OK = 0,
    TLB_BAD_ARGUMENT,
    TLB_MISS,  /* probe: no entry matches                                     */
    TLB_FAULT, /* translate: the walk refuses                                 */
};

/* Which entry of a full set is the victim. */
enum tlb_policy {
    TLB_LRU,  /* the one whose last touch is the longest ago                  */
    TLB_PLRU, /* BONUS: the one that the tree points at; see tlb_create       */
};

/* What tlb_flush drops. */
enum tlb_flush {
    TLB_ALL,        /* every entry, global ones too                           */
    TLB_ALL_LOCAL,  /* every entry that is not global                         */
    TLB_ASID_LOCAL, /* every entry of one asid that is not global             */
};

/* What a switch to another address space does (Intel's MOV to CR3). */
enum tlb_switch {
    TLB_NO_IDS,  /* the system gives no ids to spaces (CR4.PCIDE = 0)         */
    TLB_NEW_ID,  /* the id may have belonged to another space (bit 63 = 0)    */
    TLB_SAME_ID, /* its entries are still right (bit 63 = 1)                  */
};

/* A translation, as a walk finds it and the TLB keeps it. */
struct tlb_entry {
    uint64_t asid;
    uint64_t va;         /* first address of the page                         */
    uint64_t pa;         /* where that lies                                   */
    uint64_t page_bytes; /* 4,096; BONUS: 2 MiB, 4 MiB or 1 GiB               */
    uint32_t writable;   /* these five are 0 or 1, as in struct pw_result     */
    uint32_t user;
    uint32_t no_execute;
    uint32_t global;
    uint32_t dirty;
};

struct tlb_result {
    uint64_t pa;  /* where the byte at `va` lies; untouched unless TLB_OK     */
    uint32_t hit; /* 1: a hit; 0: a miss; untouched unless TLB_OK             */
    int32_t walk; /* what pw_walk returned; untouched unless TLB_FAULT        */
    struct mach_fault fault; /* of that walk; untouched unless TLB_FAULT      */
};

/* Counts since tlb_create.  Translations are hits + misses. */
struct tlb_stats {
    uint64_t hits;        /* dirty walks are hits, too                        */
    uint64_t misses;
    uint64_t dirty_walks;
    uint64_t faults;      /* translations that ended in TLB_FAULT             */
    uint64_t evictions;   /* of translate and insert; a drop is none          */
};

/* What things cost, in any one unit of time (say, cycles). */
struct tlb_costs {
    uint64_t lookup;     /* one look into the TLB; 0 to 65,535                */
    uint64_t memory;     /* one reference to memory; 0 to 65,535              */
    uint64_t walk_reads; /* tables that a walk reads, 1 to 4                  */
};

/* A change that a system has made and tells nobody about yet. */
enum tlb_change_kind {
    TLB_LEAF,  /* the entry of one page                                       */
    TLB_TABLE, /* an entry that leads to a table                              */
    TLB_REUSE, /* no entry: the asid now belongs to another space             */
};

struct tlb_change {
    uint32_t kind;   /* enum tlb_change_kind                                  */
    uint32_t global; /* TLB_TABLE: 1 when a page below may be global, else 0  */
    uint64_t before; /* the entry as it was, in the bits of pagewalk.h        */
    uint64_t after;  /* and as it is now                                      */
};

/* What must follow it, from the least to the most. */
enum tlb_action {
    TLB_DO_NOTHING,
    TLB_DO_PAGE, /* tlb_invalidate of any address in the page                 */
    TLB_DO_ASID, /* tlb_flush, TLB_ASID_LOCAL                                 */
    TLB_DO_ALL,  /* tlb_flush, TLB_ALL                                        */
};

struct tlb; /* yours to define */

/*
 * tlb_create - a TLB in which every way is free and every count is 0.
 *   sets    a power of two, 1 to TLB_MOST_SETS
 *   ways    1 to TLB_MOST_WAYS; TLB_PLRU: a power of two
 *   policy  enum tlb_policy
 * Returns it, or NULL with errno: EINVAL when an argument is not as above,
 * ENOMEM when malloc failed.  (ENOSYS: not implemented.)
 * The caller destroys it.
 *
 * BONUS, TLB_PLRU: each set has a tree of ways - 1 bits, all 0 at first.  A bit
 * says in which half of its ways the victim is: 0 in the lower, 1 in the upper.
 *
 *                  [ b0 ]               victim: from b0 follow the bits
 *              0 /        \ 1             b0 = 0, b1 = 1  ->  way 1
 *            [ b1 ]      [ b2 ]
 *           0 /  \ 1    0 /  \ 1        touch of a way: each bit from b0 to it
 *         way 0 way 1 way 2 way 3       is made to point to the other half
 *                                         way 2: b0 = 0, b2 = 1; b1 stays
 *
 * Only a touch changes bits: a drop and a flush leave them.
 */
struct tlb *tlb_create(uint64_t sets, uint64_t ways, enum tlb_policy policy);

/*
 * tlb_destroy - frees all that tlb and its functions have allocated.
 * Returns TLB_OK or TLB_BAD_ARGUMENT.
 */
int tlb_destroy(struct tlb *tlb);

/*
 * tlb_insert - fills an entry by hand.
 *   entry  is copied
 * Returns TLB_OK, or TLB_BAD_ARGUMENT when page_bytes is none of those of
 * struct tlb_entry, va or pa is not a multiple of it, or one of the five is
 * neither 0 nor 1.  Counts at most an eviction.
 *
 * In a TLB of 4 sets of 1 way:
 *
 *   page 0x00005000, asid 1     TLB_OK: in set 1
 *   page 0x00009000, asid 1     TLB_OK: in set 1, the other one is evicted
 *   page 0x00009000, asid 1,    TLB_OK: the one before it is dropped, which is
 *     another pa                no eviction
 *   va 0x00009010               TLB_BAD_ARGUMENT
 */
int tlb_insert(struct tlb *tlb, const struct tlb_entry *entry);

/*
 * tlb_probe - what is cached for an address, without an access.
 *   entry  the entry that matches (asid, va), as it was filled; of several of
 *          different sizes the smallest.  Untouched unless TLB_OK
 * Returns TLB_OK, TLB_BAD_ARGUMENT or TLB_MISS.  Touches nothing, counts
 * nothing.
 */
int tlb_probe(struct tlb *tlb, uint64_t asid, uint64_t va,
              struct tlb_entry *entry);

/*
 * tlb_translate - translates one access, from the TLB where that will do.
 *   space   whose tables a walk reads
 *   asid    of the access; always this one, whatever tlb_switch was told
 *   va      of the byte
 *   access  as for pw_walk; what is not allowed there is TLB_BAD_ARGUMENT
 *   result  see struct tlb_result
 *
 * Look at the entry that matches (asid, va); of several of different sizes at
 * the smallest alone.
 *   its rights suffice, and the access is no write or its dirty is 1
 *                    a hit: touch it; no walk
 *   its rights suffice, a write, and its dirty is 0
 *                    a hit and a dirty walk: drop it, and walk
 *   its rights do not suffice
 *                    a miss: drop it, and walk.  The table may allow by now
 *                    what the entry forbids (SDM Vol. 3A 4.10.4.3)
 *   there is none    a miss: walk
 * A walk is one pw_walk of the same access.  What it finds is filled, under
 * `asid`, global as the leaf says.  What it refuses is TLB_FAULT, and nothing
 * is filled: a fault is never cached.
 *
 * With two levels, page 0x00400000 writable at 0x9000, asid 1:
 *
 *   PW_READ  0x00400123   TLB_OK: pa 0x9123, hit 0; 2 tables read
 *   PW_READ  0x00400FFF   TLB_OK: pa 0x9FFF, hit 1; none
 *   PW_WRITE 0x00400004   TLB_OK: pa 0x9004, hit 1; 2: D is set
 *   PW_WRITE 0x00400008   TLB_OK: pa 0x9008, hit 1; none
 *   PW_READ  0x00401000   TLB_FAULT: walk PW_NOT_PRESENT, fault FAULT_PF, 0,
 *                         0x00401000; and again when it is tried again
 * after which hits is 3, misses 2, dirty_walks 1, faults 1.
 */
int tlb_translate(struct tlb *tlb, struct space *space, uint64_t asid,
                  uint64_t va, uint32_t access, struct tlb_result *result);

/*
 * tlb_stat - the counts.
 * Returns TLB_OK or TLB_BAD_ARGUMENT.
 */
int tlb_stat(struct tlb *tlb, struct tlb_stats *stats);

/*
 * tlb_invalidate - drops every entry that matches (asid, va), of any size,
 *                  global ones too (INVLPG).
 *   va  any address in the page
 * Returns TLB_OK, also when there is none, or TLB_BAD_ARGUMENT.
 */
int tlb_invalidate(struct tlb *tlb, uint64_t asid, uint64_t va);

/*
 * tlb_flush - drops many.
 *   what  enum tlb_flush
 *   asid  for TLB_ASID_LOCAL; else of no meaning
 * Returns TLB_OK, or TLB_BAD_ARGUMENT when there is no such `what`.
 */
int tlb_flush(struct tlb *tlb, enum tlb_flush what, uint64_t asid);

/*
 * tlb_switch - the processor goes on in address space `asid`.
 *   how  enum tlb_switch
 * Returns TLB_OK, or TLB_BAD_ARGUMENT when there is no such `how`.
 *
 *   TLB_NO_IDS    drops every entry that is not global, whatever its asid:
 *                 without ids nobody can tell whose they are
 *   TLB_NEW_ID    drops the entries of `asid` that are not global
 *   TLB_SAME_ID   drops nothing
 */
int tlb_switch(struct tlb *tlb, uint64_t asid, enum tlb_switch how);

/*
 * tlb_needed - which invalidation a change of the tables needs at least.
 *   change  what has changed.  Given: after earlier changes what they needed
 *           was done; entries are cached by walks alone; of a leaf PS and the
 *           bits that mean nothing do not change
 *   action  enum tlb_action; untouched unless TLB_OK
 * Returns TLB_OK, or TLB_BAD_ARGUMENT when there is no such kind.
 *
 * Nothing is cached through an entry whose P or A was 0: a walk through it
 * faults, or sets A.  Such a change, then, needs nothing.  Else harmful is
 *   - P from 1 to 0, or (P = 1 still) another address: what is cached leads to
 *     the wrong frame
 *   - W or U from 1 to 0, or NX from 0 to 1: what is cached allows too much
 *   - A from 1 to 0; in a leaf D from 1 to 0: the processor would not set it
 *     again
 *   - in a leaf G from 1 to 0: what is cached serves all spaces
 * and harmless all the rest: what is cached forbids too much, which a walk
 * puts right, or the processor does not look at it.  D and G of an entry that
 * leads to a table mean nothing, and what a TLB_REUSE has in before, after and
 * global neither.  The address is bits 39..12 (PW_PA_BITS).
 *
 *   kind        harmful      global   action
 *   TLB_LEAF    no           any      TLB_DO_NOTHING
 *   TLB_LEAF    yes          any      TLB_DO_PAGE
 *   TLB_TABLE   no           any      TLB_DO_NOTHING
 *   TLB_TABLE   yes          0        TLB_DO_ASID
 *   TLB_TABLE   yes          1        TLB_DO_ALL
 *   TLB_REUSE                         TLB_DO_ASID
 *
 *   TLB_LEAF   0x9067 -> 0x9065   TLB_DO_PAGE: W is gone
 *   TLB_LEAF   0x9065 -> 0x9067   TLB_DO_NOTHING: a write walks
 *   TLB_LEAF   0x9007 -> 0x9005   TLB_DO_NOTHING: A was 0, so nobody has it
 */
int tlb_needed(const struct tlb_change *change, uint32_t *action);

/*
 * tlb_time - what the counted translations and their accesses took in all.
 *   stats  of tlb_stat, or made up; each count below 2^40
 *   costs  see struct tlb_costs
 *   total  untouched unless TLB_OK
 * Returns TLB_OK, or TLB_BAD_ARGUMENT when a count or cost is out of its
 * range, dirty_walks is above hits, or faults above misses + dirty_walks.
 *
 * Each translation looks into the TLB once; each miss and each dirty walk
 * reads walk_reads tables, also when it ends in a fault; and each translation
 * that does not end in one is followed by an access to memory.
 *
 * With lookup 1, memory 100 and walk_reads 2:
 *
 *   hits 98, misses 2, dirty_walks 0, faults 0    100*1 + 4*100 + 100*100
 *                                                 = 10,500: 105 per access
 *   hits 3, misses 2, dirty_walks 1, faults 1     5*1 + 6*100 + 4*100 = 1,005
 */
int tlb_time(const struct tlb_stats *stats, const struct tlb_costs *costs,
             uint64_t *total);

#endif
