/* loads.c - segment loads, and the four instructions that ask about segments.
 *
 * LSL and LAR must show what seg_decode reads, VERR and VERW say whether
 * seg_load and seg_translate would let the segment be read and written: the
 * checks are the same (SDM 2, VERR/VERW), but absence does not count. */
#include "compare.h"

#include <inttypes.h>
#include <stdio.h>

#include "../load_case.h"

struct loaded {
    int status;
    struct mach_fault fault;
    uint64_t descriptor; /* in memory, afterwards                             */
    uint64_t selector;   /* in the register                                   */
    uint64_t zero, value;
};

static struct mach *
machine(void)
{
    static struct mach *mach;
    if (mach == NULL)
        mach = mach_create(LOAD_END / MACH_FRAME_BYTES);
    if (mach == NULL)
        mach_stop("no machine");
    return mach;
}

static uint32_t
descriptor_pa(const struct load_case *c)
{
    return c->table + (c->selector & 0xFFF8);
}

static struct seg_cpu
make_cpu(const struct load_case *c)
{
    return (struct seg_cpu){
        .mach = machine(),
        .gdt = {LOAD_GDT_PA, c->gdt_limit},
        .ldt = {LOAD_LDT_PA, c->ldt_limit},
        .cpl = c->cpl,
    };
}

/* Whether the segment could be loaded into DS if it were present, and then
 * `access` would be allowed. */
static bool
would_allow(const struct load_case *c, enum seg_access access)
{
    struct seg_cpu cpu = make_cpu(c);
    struct mach_fault fault;
    const uint64_t present = c->descriptor | UINT64_C(1) << 47;
    if ((c->selector & 0xFFFC) == 0)
        return false;
    mach_poke(cpu.mach, descriptor_pa(c), &present, sizeof present);
    if (seg_load(&cpu, SEG_DS, (uint16_t)c->selector, &fault) != SEG_OK)
        return false;
    /* A single byte that is in the segment, whichever way it expands. */
    const struct seg_descriptor *d = &cpu.reg[SEG_DS].copy;
    struct seg_result result;
    const int first = seg_translate(&cpu, SEG_DS, 0, 1, access, &result);
    return first != SEG_RIGHTS && d->s == 1;
}

/* Whether LAR or LSL tells about the segment: the types that they know, and
 * the privileges of a load into DS (SDM 2, LAR and LSL). */
static bool
would_tell(const struct load_case *c, const struct seg_descriptor *d)
{
    const uint32_t limit = c->selector & 4 ? c->ldt_limit : c->gdt_limit;
    if ((c->selector & 0xFFFC) == 0 || (c->selector & 0xFFF8) + 7 > limit)
        return false;
    const bool conforming =
        d->s && (d->type & (SEG_TYPE_CODE | SEG_TYPE_CONFORMING)) ==
                    (SEG_TYPE_CODE | SEG_TYPE_CONFORMING);
    if (!conforming && (d->dpl < c->cpl || d->dpl < (c->selector & 3)))
        return false;
    if (d->s)
        return true;
    /* TSS of 16 and 32 bits, and LDT; LAR knows call and task gates, too. */
    static const uint16_t lsl = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 9 | 1 << 11;
    static const uint16_t gates = 1 << 4 | 1 << 5 | 1 << 12;
    const int known = c->operation == LOAD_LAR ? lsl | gates : lsl;
    return (known >> d->type & 1) != 0;
}

static void
ask(const struct load_case *c, struct loaded *l)
{
    struct seg_descriptor d;
    seg_decode(c->descriptor, &d);
    if (c->operation == LOAD_VERR) {
        l->zero = would_allow(c, SEG_READ);
        return;
    }
    if (c->operation == LOAD_VERW) {
        l->zero = would_allow(c, SEG_WRITE);
        return;
    }
    l->zero = would_tell(c, &d);
    if (!l->zero)
        return;
    l->value = d.limit;
    if (c->operation == LOAD_LAR)
        l->value = d.type << 8 | d.s << 12 | d.dpl << 13 | d.present << 15 |
                   d.big << 22 | d.granular << 23;
}

static void
load(const struct load_case *c, struct loaded *l)
{
    struct seg_cpu cpu = make_cpu(c);
    *l = (struct loaded){0};
    mach_poke(cpu.mach, descriptor_pa(c), &c->descriptor, 8);
    if (c->operation < SEG_REG_COUNT) {
        const enum seg_reg reg = (enum seg_reg)c->operation;
        l->status = seg_load(&cpu, reg, (uint16_t)c->selector, &l->fault);
        if (l->status == SEG_OK)
            l->selector = cpu.reg[reg].selector;
    }
    mach_peek(cpu.mach, descriptor_pa(c), &l->descriptor, 8);
    if (c->operation >= SEG_REG_COUNT)
        ask(c, l);
}

/* The bits of LAR's result that the manual defines: bits 16 to 19 are not, and
 * 20 and 21 mean nothing to seg_decode. */
static uint64_t
mask(const struct load_case *c)
{
    return c->operation == LOAD_LAR ? UINT64_C(0x00C0FF00) : UINT64_MAX;
}

bool
compare_load(uint64_t seed, uint32_t number, const struct load_record *record,
             struct verdict *v)
{
    struct load_case c;
    load_generate(&c, seed, number);
    struct loaded l;
    load(&c, &l);
    struct load_record got = *record;
    if (load_leaves(&c)) {
        if (l.status != SEG_WRONG_TYPE)
            disagree(v, "the reference takes a system descriptor for code");
        differ(v, DIFFERS_PASSAGE);
        return true;
    }
    if (c.names_fixed && c.selector >> 3 == LOAD_TSS) /* all but its base */
        got.descriptor &= UINT64_C(0x00FFFF000000FFFF);
    const uint64_t accessed = UINT64_C(1) << 40;
    if (c.operation == SEG_CS && l.status == SEG_OK &&
        got.descriptor == (l.descriptor & ~accessed) &&
        got.descriptor != l.descriptor) {
        got.descriptor = l.descriptor;
        differ(v, DIFFERS_JUMP_ACCESSED);
    }
    compare_faults(v, l.status != SEG_OK, &l.fault, &got.fault);
    if (got.descriptor != l.descriptor)
        disagree(v,
                 "descriptor 0x%016" PRIx64 ", the reference has 0x%016" PRIx64,
                 got.descriptor, l.descriptor);
    if (got.selector != l.selector)
        disagree(v, "selector 0x%" PRIx64 ", the reference has 0x%" PRIx64,
                 got.selector, l.selector);
    if (got.zero != l.zero)
        disagree(v, "ZF %" PRIu64 ", the reference has %" PRIu64, got.zero,
                 l.zero);
    if ((got.value & mask(&c)) != (l.value & mask(&c)))
        disagree(v, "result 0x%" PRIx64 ", the reference has 0x%" PRIx64,
                 got.value, l.value);
    return l.status != SEG_OK;
}

void
show_load(uint64_t seed, uint32_t number, const struct load_record *record)
{
    static const char *const names[] = {"ES", "CS",  "SS",  "DS",   "FS",
                                        "GS", "LAR", "LSL", "VERR", "VERW"};
    struct load_case c;
    load_generate(&c, seed, number);
    struct loaded l;
    load(&c, &l);
    printf("    %s of selector 0x%" PRIx32 " at CPL %" PRIu32
           ", descriptor 0x%016" PRIx64 ", limits 0x%" PRIx32 " 0x%" PRIx32
           "\n",
           names[c.operation], c.selector, c.cpl, c.descriptor, c.gdt_limit,
           c.ldt_limit);
    printf("    hardware:  vector %" PRIu64 ", error code 0x%" PRIx64
           ", selector 0x%" PRIx64 ", descriptor 0x%016" PRIx64
           ", result 0x%" PRIx64 ", ZF %" PRIu64 "\n",
           record->fault.vector, record->fault.error_code, record->selector,
           record->descriptor, record->value, record->zero);
    printf("    reference: vector %" PRIu32 ", error code 0x%" PRIx32
           ", selector 0x%" PRIx64 ", descriptor 0x%016" PRIx64
           ", result 0x%" PRIx64 ", ZF %" PRIu64 " (status %d)\n",
           l.fault.vector, l.fault.error_code, l.selector, l.descriptor,
           l.value, l.zero, l.status);
}
