/*
 * load_case.h - random loads of segment registers.
 *
 * A case is an operation on a selector at one of the four levels of privilege,
 * the limits of both tables and the one descriptor that the selector names.
 * The kernel's own descriptors take the first places of the GDT; a selector
 * may name them, too, but they are never changed.
 */
#ifndef ORACLE_LOAD_CASE_H
#define ORACLE_LOAD_CASE_H

#include <stdint.h>

#include "segment/segment.h"

#define LOAD_GDT_PA  UINT32_C(0x3F0000)
#define LOAD_LDT_PA  UINT32_C(0x3F8003) /* crooked, which is allowed        */
#define LOAD_LANDING UINT32_C(0x3E0000) /* where a far jump arrives         */
#define LOAD_END     UINT32_C(0x400000) /* of the reference's memory        */

enum {
    LOAD_FIXED = 16,   /* descriptors of the kernel: index 0 to 15            */
    LOAD_ENTRIES = 48, /* of a whole table                                    */

    /* Of the fixed ones: code and data of ring 0 to 3, and two more. */
    LOAD_CODE = 1,
    LOAD_DATA = 5,
    LOAD_TSS = 9,
    LOAD_LDT = 10,
};

/* The first are enum seg_reg: a MOV to that register, for CS a far jump. */
enum load_operation {
    LOAD_LAR = SEG_REG_COUNT,
    LOAD_LSL,
    LOAD_VERR,
    LOAD_VERW,
    LOAD_OPERATIONS
};

struct load_case {
    uint32_t operation;
    uint32_t cpl;
    uint32_t selector;
    uint32_t offset;    /* a far jump's                                       */
    uint32_t gdt_limit; /* always holds the fixed descriptors                 */
    uint32_t ldt_limit;
    int names_fixed;     /* the selector names one of the kernel's            */
    uint32_t table;      /* physical address of the table that it names       */
    uint64_t descriptor; /* at index selector >> 3, unless names_fixed        */
};

/* The kernel's descriptors, A and the TSS's busy bit set already.  The base of
 * the TSS is 0 here. */
uint64_t load_fixed(unsigned index);

/* The one of them that a case changes: the LDT's, with its limit. */
uint64_t load_ldt(const struct load_case *c);

void load_generate(struct load_case *c, uint64_t seed, uint32_t number);

/* Whether the processor would go elsewhere than to a segment of code: a far
 * jump through a gate or to a task's segment, if all else about it suits. */
int load_leaves(const struct load_case *c);

#endif
