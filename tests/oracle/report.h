/*
 * report.h - what the hardware leaves behind for the comparison.
 *
 * A report is a heading and one record per case, in their order.  The kernels
 * write it into their physical memory, at REPORT_PA, which QEMU keeps in a
 * file; the program for the processor writes it to its standard output.  All
 * fields are of 64 bits, so that they lie alike for 32 and 64 bits.
 */
#ifndef ORACLE_REPORT_H
#define ORACLE_REPORT_H

#include <stdint.h>

#define REPORT_MAGIC UINT64_C(0x656C6361724F4D56)

enum report_kind {
    KIND_WALKS_TWO_LEVEL = 1,
    KIND_WALKS_FOUR_LEVEL,
    KIND_LOADS,
    KIND_ACCESSES,
};

struct report_heading {
    uint64_t magic;
    uint64_t kind; /* enum report_kind                                       */
    uint64_t seed;
    uint64_t count; /* records that follow; written last                      */
};

/* A fault, or none: vector is 0 then. */
struct report_fault {
    uint64_t vector;
    uint64_t error_code;
    uint64_t cr2; /* set to 0 before each access                              */
};

struct walk_record {
    struct report_fault fault;
    uint64_t pa;       /* where the access went; 0 after a fault              */
    uint64_t entry[4]; /* of the case's way, as they stand afterwards         */
};

struct load_record {
    struct report_fault fault;
    uint64_t selector;   /* read back from the register; 0 after a fault      */
    uint64_t descriptor; /* in memory, afterwards                             */
    uint64_t value;      /* LAR, LSL: the result; 0 unless `zero`             */
    uint64_t zero;       /* LAR, LSL, VERR, VERW: ZF                          */
};

struct access_record {
    struct report_fault fault;
    uint64_t value; /* bytes read; for a fetch EIP behind the instruction     */
    uint64_t place; /* linear address of the first byte that a write changed  */
    uint64_t bytes; /* how many bytes it changed                              */
    uint64_t zero;  /* LAR, LSL, VERR, VERW: ZF                               */
};

#endif
