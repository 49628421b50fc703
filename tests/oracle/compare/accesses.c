/* accesses.c - accesses through segment registers, in ring 3: the reference
 * loads the register and translates the access. */
#include "compare.h"

#include <inttypes.h>
#include <stdio.h>

#include "../access_case.h"
#include "pagewalk/pagewalk.h"

enum {
    CPL = 3,
    PAGE_FAULT_USER = 4,
    PAGE_FAULT_WRITE = 2,
    PAGE_FAULT_FETCH = 16
};

struct accessed {
    bool fault_expected;
    bool wraps; /* refused for bytes beyond 4 GiB, and for nothing else       */
    struct mach_fault fault;
    struct access_record record; /* what it must be without a fault           */
};

static struct seg_cpu
make_cpu(uint32_t selector, uint64_t descriptor)
{
    static struct mach *mach;
    if (mach == NULL)
        mach = mach_create(1);
    if (mach == NULL)
        mach_stop("no machine");
    const uint64_t empty = 0;
    for (unsigned i = 0; i < ACCESS_ENTRIES; i++)
        mach_poke(mach, i * 8, &empty, 8);
    if ((selector & 4) != 0 && selector >> 3 < ACCESS_ENTRIES)
        mach_poke(mach, selector & 0xFFF8, &descriptor, 8);
    return (struct seg_cpu){
        .mach = mach, .ldt = {0, ACCESS_ENTRIES * 8 - 1}, .cpl = CPL};
}

static void
expect_fault(struct accessed *a, const struct mach_fault *fault)
{
    a->fault_expected = true;
    a->fault = *fault;
}

/* What is read from, written to or executed at the linear address. */
static void
expect_access(struct accessed *a, const struct access_case *c, uint32_t linear)
{
    if (linear - ACCESS_HOLE < ACCESS_HOLE_BYTES) {
        a->fault_expected = true;
        a->fault = (struct mach_fault){
            .vector = FAULT_PF,
            .error_code = PAGE_FAULT_USER |
                          (c->operation == SEG_WRITE     ? PAGE_FAULT_WRITE
                           : c->operation == SEG_EXECUTE ? PAGE_FAULT_FETCH
                                                         : 0u),
            .address = linear,
        };
        return;
    }
    struct access_record *r = &a->record;
    if (c->operation == SEG_EXECUTE) {
        r->value = c->offset + c->size;
    } else if (c->operation == SEG_WRITE) {
        r->place = linear;
        r->bytes = c->size;
    } else {
        for (uint32_t i = 0; i < c->size && i < 4; i++)
            r->value |= (uint64_t)access_pattern(linear + i) << (8 * i);
    }
}

/* Translates; false with the fault in `a`. */
static bool
translate(struct accessed *a, struct seg_cpu *cpu, enum seg_reg reg,
          uint32_t offset, uint32_t size, enum seg_access access,
          uint32_t *linear)
{
    struct seg_result result;
    const int status = seg_translate(cpu, reg, offset, size, access, &result);
    if (status != SEG_OK) {
        expect_fault(a, &result.fault);
        /* The bytes up to 4 GiB alone would be inside. */
        a->wraps = status == SEG_LIMIT && offset + size - 1 < offset &&
                   seg_translate(cpu, reg, offset, 0u - offset, access,
                                 &result) == SEG_OK;
        return false;
    }
    *linear = result.linear;
    return true;
}

static void
make_access(struct accessed *a, const struct access_case *c)
{
    struct seg_cpu cpu = make_cpu(c->selector, c->descriptor);
    const enum seg_reg reg = (enum seg_reg)c->reg;
    struct mach_fault fault;
    if (seg_load(&cpu, reg, (uint16_t)c->selector, &fault) != SEG_OK) {
        expect_fault(a, &fault);
        return;
    }
    uint32_t linear;
    uint8_t bytes[ACCESS_CODE_BYTES];
    /* The jump's target, the instruction, and INT3 when it is reached. */
    if (access_needs_code(c) &&
        !translate(a, &cpu, SEG_CS, c->code,
                   access_code_bytes(access_code(c), bytes), SEG_EXECUTE,
                   &linear))
        return;
    if (translate(a, &cpu, reg, c->offset, c->size,
                  (enum seg_access)c->operation, &linear))
        expect_access(a, c, linear);
    if (access_needs_code(c) && !a->fault_expected)
        translate(a, &cpu, SEG_CS,
                  c->code + access_code_bytes(access_code(c), bytes), 1,
                  SEG_EXECUTE, &linear);
}

/* Whether the segment could be loaded and then used so, if it were present. */
static bool
would_allow(const struct access_case *c, enum seg_access access)
{
    struct seg_cpu cpu =
        make_cpu(c->selector, c->descriptor | UINT64_C(1) << 47);
    struct mach_fault fault;
    struct seg_result result;
    if ((c->selector & 0xFFFC) == 0 ||
        seg_load(&cpu, SEG_DS, (uint16_t)c->selector, &fault) != SEG_OK)
        return false;
    return seg_translate(&cpu, SEG_DS, 0, 1, access, &result) != SEG_RIGHTS;
}

static void
ask(struct accessed *a, const struct access_case *c)
{
    struct access_record *r = &a->record;
    if (c->operation == ACCESS_VERR || c->operation == ACCESS_VERW) {
        r->zero =
            would_allow(c, c->operation == ACCESS_VERR ? SEG_READ : SEG_WRITE);
        return;
    }
    /* Every descriptor that is laid has DPL 3: LAR and LSL tell about all. */
    r->zero = c->descriptor != 0;
    if (c->descriptor == 0)
        return;
    struct seg_descriptor d;
    seg_decode(c->descriptor, &d);
    r->value = d.limit;
    if (c->operation == ACCESS_LAR)
        r->value = d.type << 8 | d.s << 12 | d.dpl << 13 | d.present << 15 |
                   d.big << 22 | d.granular << 23;
}

/* Has the reference walk in a space of four levels. */
static void
walk(struct accessed *a, const struct access_case *c)
{
    static struct space *space;
    if (space == NULL)
        space = pw_create(mach_create(1), PW_FOUR_LEVEL, 0);
    if (space == NULL)
        mach_stop("no space");
    const uint32_t which = c->operation - ACCESS_WIDE;
    const uint32_t access = PW_USER | (which & 1 ? PW_WRITE : PW_READ) |
                            (which & 2 ? (uint32_t)PW_STACK : 0);
    struct pw_result result;
    if (pw_walk(space, c->wide, access, &result) != PW_NOT_CANONICAL)
        mach_stop("takes 0x%" PRIx64 " for canonical", c->wide);
    expect_fault(a, &result.fault);
}

static void
decide(struct accessed *a, const struct access_case *c)
{
    *a = (struct accessed){0};
    if (c->operation >= ACCESS_WIDE)
        walk(a, c);
    else if (c->operation <= SEG_EXECUTE)
        make_access(a, c);
    else
        ask(a, c);
}

/* The bits of LAR's result that the manual defines and seg_decode reads. */
static uint64_t
mask(const struct access_case *c)
{
    return c->operation == ACCESS_LAR ? UINT64_C(0x00C0FF00) : UINT64_MAX;
}

/* Takes what an access without the fault would do for what is expected. */
static void
allow_wrap(struct verdict *v, struct accessed *a, const struct access_case *c)
{
    differ(v, DIFFERS_WRAP);
    a->fault_expected = false;
    expect_access(a, c, c->linear);
}

bool
compare_access(uint64_t seed, uint32_t number,
               const struct access_record *record, struct verdict *v)
{
    struct access_case c;
    access_generate(&c, seed, number);
    struct accessed a;
    decide(&a, &c);
    const bool fault = a.fault_expected;
    if (a.wraps && record->fault.vector != a.fault.vector)
        allow_wrap(v, &a, &c);
    compare_faults(v, a.fault_expected, &a.fault, &record->fault);
    const struct access_record none = {0};
    const struct access_record *want = a.fault_expected ? &none : &a.record;
    if (record->zero != want->zero)
        disagree(v, "ZF %" PRIu64 ", the reference has %" PRIu64, record->zero,
                 want->zero);
    if ((record->value & mask(&c)) != (want->value & mask(&c)))
        disagree(v, "value 0x%" PRIx64 ", the reference has 0x%" PRIx64,
                 record->value, want->value);
    if (record->place != want->place || record->bytes != want->bytes)
        disagree(v,
                 "%" PRIu64 " bytes written at 0x%" PRIx64
                 ", the reference has %" PRIu64 " at 0x%" PRIx64,
                 record->bytes, record->place, want->bytes, want->place);
    return fault;
}

void
show_access(uint64_t seed, uint32_t number, const struct access_record *record)
{
    static const char *const operations[] = {"read", "write", "fetch", "LAR",
                                             "LSL",  "VERR",  "VERW"};
    static const char *const wide[] = {"read", "write", "read by the stack",
                                       "write by the stack"};
    static const char *const registers[] = {"ES", "CS", "SS", "DS", "FS", "GS"};
    struct access_case c;
    access_generate(&c, seed, number);
    struct accessed a;
    decide(&a, &c);
    if (c.operation >= ACCESS_WIDE)
        printf("    %s in 64-bit mode at 0x%" PRIx64 "\n",
               wide[c.operation - ACCESS_WIDE], c.wide);
    else
        printf("    %s of %" PRIu32 " bytes at 0x%" PRIx32
               " through %s, selector 0x%" PRIx32 ", descriptor 0x%016" PRIx64
               ", linear 0x%" PRIx32 "\n",
               operations[c.operation], c.size, c.offset, registers[c.reg],
               c.selector, c.descriptor, c.linear);
    printf("    processor: vector %" PRIu64 ", error code 0x%" PRIx64
           ", CR2 0x%" PRIx64 ", value 0x%" PRIx64 ", %" PRIu64
           " bytes written at 0x%" PRIx64 ", ZF %" PRIu64 "\n",
           record->fault.vector, record->fault.error_code, record->fault.cr2,
           record->value, record->bytes, record->place, record->zero);
    printf("    reference: vector %" PRIu32 ", error code 0x%" PRIx32
           ", CR2 0x%" PRIx64 ", value 0x%" PRIx64 ", %" PRIu64
           " bytes written at 0x%" PRIx64 ", ZF %" PRIu64 "\n",
           a.fault.vector, a.fault.error_code, a.fault.address, a.record.value,
           a.record.bytes, a.record.place, a.record.zero);
}
