/*
 * walk_case.h - random page walks.
 *
 * A case is an access, the processor's settings and one entry per level, each
 * with the place in physical memory where it stands.  All other entries of the
 * tables are empty, but for entry 0 of the root, through which a kernel maps
 * itself; no case goes through that one.
 *
 *   0         0x400000  0x602000        0x800000   0x1000000
 *   +---------+---------+---------------+----------+-----------+ - - -+------+
 *   | kernel  |         | tables, root  |  data    |  report   |      | data |
 *   |         |         | first         |          |           |      |      |
 *   +---------+---------+---------------+----------+-----------+ - - -+------+
 *                                                                 above 4 GiB
 *
 * A leaf that is to be reached points to one of the data frames.  Each of them
 * is filled with blocks of 16 bytes which tell where they are, to a read as
 * well as to a fetch:
 *
 *   0     1          5      7     8          12         16
 *   +-----+----------+------+-----+----------+----------+
 *   | B8  |  number  |CD 30 | 90  |  number  |    0     |
 *   +-----+----------+------+-----+----------+----------+
 *   mov $number, %eax ; int $0x30   is read    is written
 */
#ifndef ORACLE_WALK_CASE_H
#define ORACLE_WALK_CASE_H

#include <stdint.h>

#include "pagewalk/pagewalk.h"

/* Bits 21, and 13 to 20 as a whole, are set in no table's address by chance:
 * an entry that leads to a table and has PS by accident is a large page with a
 * reserved bit, never one that reaches memory which no case has in mind. */
#define WALK_TABLES_PA  UINT64_C(0x602000)
#define WALK_MEMORY_END UINT64_C(0x700000) /* of the machine of the reference */

enum {
    WALK_TABLES = 6, /* the root first                                        */
    WALK_LEVELS = 4,
    WALK_FRAMES = 40,
    WALK_LOW_FRAMES = 16, /* of which below 4 GiB                             */
    WALK_BLOCK = 16,
    WALK_BLOCK_READ = 8, /* offsets in a block                                */
    WALK_BLOCK_WRITE = 12,
};

struct walk_entry {
    uint64_t pa;
    uint64_t entry;
};

struct walk_case {
    enum pw_format format;
    uint32_t flags;  /* enum pw_flags                                         */
    uint32_t access; /* enum pw_access                                        */
    uint32_t levels; /* entries in `way`, as many as the format has           */
    uint64_t va;
    struct walk_entry way[WALK_LEVELS];
};

/* Physical address of data frame `n`; those from WALK_LOW_FRAMES on lie in
 * memory modules above 4 GiB, eight in the first 4 MiB of each. */
uint64_t walk_frame(unsigned n);

/* Makes case `number` of `seed` in a format: PW_TWO_LEVEL or PW_FOUR_LEVEL. */
void walk_generate(struct walk_case *c, enum pw_format format, uint64_t seed,
                   uint32_t number);

#endif
