/*
 * access_case.h - random accesses through segment registers, in ring 3.
 *
 * A case lays a descriptor into the LDT, loads a register with its selector and
 * accesses some bytes, or asks about the selector.  Offset and base are chosen
 * together, so that the bytes lie in one of two places in linear memory:
 *
 *   WINDOW - 0x1000    WINDOW      WINDOW + 0x1000         HOLE
 *   +------------------+-----------+------------------+    +- - - - - - - -+
 *   | code, for CS     | pattern   | pattern          |    |  no memory    |
 *   +------------------+-----------+------------------+    +- - - - - - - -+
 *
 * What is read from or written to the window tells which address was meant; in
 * the hole the page fault's CR2 does.
 *
 * A few cases are accesses in 64-bit mode instead, to addresses that are not
 * canonical, because QEMU does not tell the stack from other segments there.
 */
#ifndef ORACLE_ACCESS_CASE_H
#define ORACLE_ACCESS_CASE_H

#include <stdint.h>

#include "segment/segment.h"

#define ACCESS_WINDOW     UINT32_C(0x30000000)
#define ACCESS_HOLE       UINT32_C(0x40000000)
#define ACCESS_HOLE_BYTES UINT32_C(0x10000000)

enum {
    ACCESS_WINDOW_BYTES = 0x1000, /* in which bytes of an access begin        */
    ACCESS_ENTRIES = 16,          /* of the LDT                               */
    ACCESS_WRITTEN = 0xC3,        /* each byte of a write; in no pattern      */

    /* In the page before the window: an access through CS, which only code in
     * that segment can make, for 32 and 16 bits; each ends with INT3. */
    ACCESS_CODE = 0x1000, /* bytes before the window                          */
    ACCESS_CODE_BYTES = 16,
    ACCESS_CODE_PIECES = 4,
};

/* The first are enum seg_access. */
enum access_operation {
    ACCESS_LAR = SEG_EXECUTE + 1,
    ACCESS_LSL,
    ACCESS_VERR,
    ACCESS_VERW,
    /* In 64-bit mode, at an address that is not canonical; plus 1 for a write
     * and 2 through the stack. */
    ACCESS_WIDE,
    ACCESS_OPERATIONS = ACCESS_WIDE + 4
};

struct access_case {
    uint32_t operation;
    uint32_t reg;
    uint32_t selector;
    uint64_t descriptor; /* at index selector >> 3 of the LDT; 0: none there  */
    uint32_t offset;
    uint32_t size; /* 1, 2, 4, 8 or 16; of an instruction 1 to 8              */
    uint32_t linear;
    uint32_t code; /* read or write through CS: offset of the code for it     */
    uint64_t wide; /* of ACCESS_WIDE: the address                             */
};

void access_generate(struct access_case *c, uint64_t seed, uint32_t number);

/* Whether it is an access through CS by code that lies elsewhere. */
int access_needs_code(const struct access_case *c);

/* The number of that code: 2 for a write, plus 1 in a 16-bit segment. */
unsigned access_code(const struct access_case *c);

/* The bytes of such a piece of code, ACCESS_CODE_BYTES, with what it takes; the
 * length of its first instruction is returned. */
unsigned access_code_bytes(unsigned code, uint8_t *bytes);

/* The pattern's byte at a linear address; below 0x80. */
uint8_t access_pattern(uint32_t linear);

#endif
