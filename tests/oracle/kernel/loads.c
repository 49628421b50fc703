/* loads.c - loads of segment registers, from each ring. */
#include "kernel.h"

#include "../load_case.h"

static void
lay_descriptor(uint32_t pa, uint64_t descriptor)
{
    *(volatile uint32_t *)see(pa) = (uint32_t)descriptor;
    *(volatile uint32_t *)see(pa + 4) = (uint32_t)(descriptor >> 32);
}

static uint64_t
descriptor_at(uint32_t pa)
{
    return *(volatile uint32_t *)see(pa) |
           (uint64_t) * (volatile uint32_t *)see(pa + 4) << 32;
}

/* Puts both tables in force with the case's limits. */
static void
set_limits(const struct load_case *c)
{
    const struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) gdt = {(uint16_t)c->gdt_limit, LOAD_GDT_PA};
    __asm__ volatile("lgdt %0" : : "m"(gdt));
    lay_descriptor(LOAD_GDT_PA + LOAD_LDT * 8, load_ldt(c));
    __asm__ volatile("lldt %w0" : : "r"(LOAD_LDT * 8));
}

static void
perform(const struct load_case *c, struct load_record *record)
{
    const uint32_t pa = c->table + (c->selector & 0xFFF8);
    if (!c->names_fixed)
        lay_descriptor(pa, c->descriptor);
    *record = (struct load_record){0};
    if (!load_leaves(c)) {
        set_limits(c);
        far_pointer.offset = c->offset;
        far_pointer.selector = (uint16_t)c->selector;
        struct attempt a = {
            .cr0 = home_cr0,
            .cr3 = home_cr3,
            .cr4 = home_cr4,
            .code = (word)code_loads[c->operation],
            .ring = c->cpl,
            .selector = c->selector,
        };
        attempt(&a);
        record->fault.cr2 = a.cr2;
        if (a.vector != VECTOR_DONE) {
            record->fault.vector = a.vector;
            record->fault.error_code = a.error_code;
        } else if (c->operation < SEG_REG_COUNT) {
            record->selector = a.cx;
        } else {
            record->zero = a.dx;
            record->value = a.dx ? a.cx : 0;
        }
    }
    record->descriptor = descriptor_at(pa);
    if (!c->names_fixed)
        lay_descriptor(pa, 0);
}

void
perform_loads(uint64_t seed, uint32_t count)
{
    char *to = see(LOAD_LANDING);
    for (const char *from = landing; from < landing_end; from++)
        *to++ = *from;
    for (uint32_t n = 0; n < count; n++) {
        struct load_case c;
        load_generate(&c, seed, n);
        perform(&c, report_record(n, sizeof(struct load_record)));
    }
}
