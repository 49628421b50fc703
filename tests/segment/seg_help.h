/*
 * seg_help.h - processors, tables and descriptors for the tests of the stage.
 *
 * The machine of a test has four frames:
 *
 *   0x0000        0x1000               0x2008                    0x3FFF
 *   |  (filler)   |  GDT, 16 entries   |  LDT, 16 entries        |
 *
 * The LDT does not begin at a multiple of 16, so that an address built with
 * "or" instead of "+" shows.
 */
#ifndef TESTS_SEG_HELP_H
#define TESTS_SEG_HELP_H

#include "segment/segment.h"
#include "vmlab_test.h"

enum {
    GDT_BASE = 0x1000,
    LDT_BASE = 0x2008,
    TABLE_ENTRIES = 16,
    MEMORY_BYTES = 4 * MACH_FRAME_BYTES,
};

/* The byte with P, DPL, S and type. */
enum {
    PRESENT = 0x80,
    DPL0 = 0x00,
    DPL1 = 0x20,
    DPL2 = 0x40,
    DPL3 = 0x60,
    SYSTEM = 0x00,
    DATA = 0x10,
    CODE = 0x18,
    WRITABLE = 0x02,
    READABLE = 0x02,
    DOWN = 0x04,
    CONFORMING = 0x04,
    ACCESSED = 0x01,
};

/* The four bits above the limit. */
enum { GRANULAR = 8, BIG = 4 };

/* A selector. */
enum { RPL0, RPL1, RPL2, RPL3, IN_LDT = 4 };
#define SELECTOR(index, rest) ((uint16_t)((index) << 3 | (rest)))

/* A descriptor as it stands in memory. */
static inline uint64_t
raw_descriptor(uint32_t base, uint32_t limit_field, unsigned access,
               unsigned flags)
{
    return (uint64_t)(limit_field & 0xFFFF) |
           (uint64_t)(base & 0xFFFFFF) << 16 | (uint64_t)access << 40 |
           (uint64_t)(limit_field >> 16 & 0xF) << 48 | (uint64_t)flags << 52 |
           (uint64_t)(base >> 24) << 56;
}

/* Puts a little-endian word into memory without counting it. */
static inline void
poke64(struct mach *mach, uint64_t pa, uint64_t value)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    check(mach_poke(mach, pa, bytes, 8) == 0, "the test pokes outside memory");
}

static inline uint64_t
peek64(struct mach *mach, uint64_t pa)
{
    unsigned char bytes[8] = {0};
    check(mach_peek(mach, pa, bytes, 8) == 0, "the test peeks outside memory");
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

/* The machine of the test's processor.  The module can write to cpu->mach, and
 * a pointer that it could have written is not followed here. */
static struct mach *machine;

static inline void
give_machine(struct seg_cpu *cpu, uint64_t frames)
{
    machine = test_machine(frames);
    cpu->mach = machine;
}

static inline struct mach *
machine_of(const struct seg_cpu *cpu)
{
    check(cpu->mach == machine, "the module has changed cpu->mach");
    return machine;
}

/* A processor with two tables whose descriptors are not present. */
static inline struct seg_cpu *
new_cpu(uint32_t cpl)
{
    struct seg_cpu *cpu = arena_object(struct seg_cpu);
    give_machine(cpu, MEMORY_BYTES / MACH_FRAME_BYTES);
    cpu->gdt = (struct seg_table){GDT_BASE, TABLE_ENTRIES * 8 - 1};
    cpu->ldt = (struct seg_table){LDT_BASE, TABLE_ENTRIES * 8 - 1};
    cpu->cpl = cpl;
    return cpu;
}

/* Where the descriptor of a selector lies. */
static inline uint64_t
descriptor_address(const struct seg_cpu *cpu, uint16_t selector)
{
    const uint32_t base = selector & IN_LDT ? cpu->ldt.base : cpu->gdt.base;
    return base + (uint64_t)(selector >> 3) * 8;
}

static inline void
put(const struct seg_cpu *cpu, uint16_t selector, uint64_t raw)
{
    poke64(machine_of(cpu), descriptor_address(cpu, selector), raw);
}

/* Puts a segment of 64 KiB from 0x10000 on. */
static inline void
put_kind(const struct seg_cpu *cpu, uint16_t selector, unsigned access)
{
    put(cpu, selector, raw_descriptor(0x10000, 0xFFFF, access, BIG));
}

/* A fault that no function leaves behind. */
static inline struct mach_fault
fault_pattern(void)
{
    return (struct mach_fault){0xA5A5A5A5, 0x5A5A5A5A, 0xA5A5A5A55A5A5A5A};
}

static inline struct mach_fault *
new_fault(void)
{
    struct mach_fault *fault = arena_object(struct mach_fault);
    *fault = fault_pattern();
    return fault;
}

/* Loads and wants a status alone. */
#define check_load(cpu, reg, selector, expected)                               \
    check_status(seg_load((cpu), (reg), (selector), new_fault()), expected)

/* Loads and wants a fault of that vector and error code. */
#define check_load_fault(cpu, reg, selector, expected, want_vector, want_code) \
    do {                                                                       \
        struct mach_fault *fault_ = new_fault();                               \
        check_status(seg_load((cpu), (reg), (selector), fault_), expected);    \
        check_eq(fault_->vector, want_vector);                                 \
        check_eq(fault_->error_code, want_code);                               \
    } while (0)

/* Fills in a register by hand: usable, with this hidden copy. */
static inline void
set_register(struct seg_cpu *cpu, enum seg_reg reg, uint32_t base,
             uint32_t limit, unsigned type, unsigned big)
{
    cpu->reg[reg] = (struct seg_register){
        .selector = 0x0B,
        .usable = 1,
        .copy = {.base = base,
                 .limit = limit,
                 .type = type,
                 .s = 1,
                 .dpl = 3,
                 .present = 1,
                 .big = big,
                 .granular = limit > 0xFFFFF},
    };
}

/* Types for set_register: accessed, as a load would leave them. */
enum {
    READ_ONLY_DATA = 1,
    WRITABLE_DATA = 3,
    READ_ONLY_DOWN = 5,
    WRITABLE_DOWN = 7,
    EXECUTE_ONLY = 9,
    READABLE_CODE = 11,
    CONFORMING_ONLY = 13,
    CONFORMING_READABLE = 15,
};

static inline struct seg_result *
new_result(void)
{
    struct seg_result *result = arena_object(struct seg_result);
    result->linear = 0xA5A5A5A5;
    result->fault = fault_pattern();
    return result;
}

/* Translates and wants a status alone. */
#define check_access(cpu, reg, offset, size, access, expected)                 \
    check_status(                                                              \
        seg_translate((cpu), (reg), (offset), (size), (access), new_result()), \
        expected)

/* Translates and wants a linear address. */
#define check_linear(cpu, reg, offset, size, access, want)                     \
    do {                                                                       \
        struct seg_result *result_ = new_result();                             \
        check_status(                                                          \
            seg_translate((cpu), (reg), (offset), (size), (access), result_),  \
            SEG_OK);                                                           \
        check_eq(result_->linear, want);                                       \
    } while (0)

/* ---- Placement --------------------------------------------------------------
 */

/* A region; NULL fails the test. */
static inline struct place *
new_place(uint64_t bytes)
{
    struct place *place = place_create(bytes);
    check(place != NULL, "place_create returned NULL");
    return place;
}

/* Places a segment and returns where; anything but PLACE_OK fails the test. */
static inline uint64_t
placed(struct place *place, enum place_fit fit, uint64_t bytes)
{
    uint64_t *base = arena_object(uint64_t);
    check_status(place_alloc(place, fit, bytes, base), PLACE_OK);
    return *base;
}

/* Wants these counts of a region. */
#define check_stat(place, want_free, want_largest, want_holes, want_segments)  \
    do {                                                                       \
        struct place_stat *stat_ = arena_object(struct place_stat);            \
        check_status(place_stat((place), stat_), PLACE_OK);                    \
        check_eq(stat_->free_bytes, want_free);                                \
        check_eq(stat_->largest_hole_bytes, want_largest);                     \
        check_eq(stat_->hole_count, want_holes);                               \
        check_eq(stat_->segment_count, want_segments);                         \
    } while (0)

/* Fills `base[0..count)` with segments of these sizes, one above the other. */
static inline void
place_all(struct place *place, const uint64_t *bytes, unsigned count,
          uint64_t *base)
{
    for (unsigned i = 0; i < count; i++)
        base[i] = placed(place, PLACE_FIRST_FIT, bytes[i]);
}

#endif
