/* tables64.c - descriptor tables and the kernel's own page tables in long
 * mode.  The kernel sees all physical memory, 1 TiB, where it is. */
#include "kernel.h"

#include "../walk_case.h"

enum {
    CR4_PAE = 1 << 5,
    EFER_LME = 1 << 8,
    RINGS = 4,
    TSS_WORDS = 26,
    IST1 = 9, /* its place in the TSS                                         */
};

static uint64_t home[512] __attribute__((aligned(4096)));
static uint64_t gigabytes[2][512] __attribute__((aligned(4096)));

static uint8_t interrupt_stack[4096] __attribute__((aligned(16)));
static uint32_t tss[TSS_WORDS];
static uint64_t gdt[TSS / 8 + 2];

struct gate {
    uint16_t offset_low, selector;
    uint16_t bits, offset_middle;
    uint32_t offset_high, reserved;
};
static struct gate idt[VECTORS];

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static void
make_segments(void)
{
    for (uint64_t ring = 0; ring < RINGS; ring++) {
        gdt[CODE0 / 8 + ring] = UINT64_C(0x00AF9B000000FFFF) | ring << 45;
        gdt[DATA0 / 8 + ring] = UINT64_C(0x00CF93000000FFFF) | ring << 45;
    }
    const uint64_t base = (uint64_t)tss;
    gdt[TSS / 8] = UINT64_C(0x0000890000000067) | (base & 0xFFFFFF) << 16 |
                   (base >> 24 & 0xFF) << 56;
    gdt[TSS / 8 + 1] = base >> 32;
    tss[IST1] = (uint32_t)(uint64_t)(interrupt_stack + sizeof interrupt_stack);
    tss[25] = sizeof tss << 16;
    const struct table_pointer pointer = {sizeof gdt - 1, (uint64_t)gdt};
    __asm__ volatile("lgdt %0\n\t"
                     "mov %1, %%ds\n\t"
                     "mov %1, %%es\n\t"
                     "mov %1, %%ss\n\t"
                     "ltr %w2"
                     :
                     : "m"(pointer), "r"(DATA0), "r"(TSS)
                     : "memory");
}

static void
make_gates(void)
{
    for (unsigned v = 0; v < VECTORS; v++) {
        const uint64_t offset = (uint64_t)vectors[v];
        /* An interrupt gate, open to ring 3, on the stack of IST1. */
        idt[v] = (struct gate){(uint16_t)offset,         CODE0, 0xEE01,
                               (uint16_t)(offset >> 16), 0,     0};
    }
    const struct table_pointer pointer = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static void
make_pages(void)
{
    for (uint64_t half = 0; half < 2; half++) {
        home[half] = (uint64_t)gigabytes[half] | PW_P | PW_W | PW_U;
        for (uint64_t i = 0; i < 512; i++)
            gigabytes[half][i] =
                (half * 512 + i) << 30 | PW_PS | PW_P | PW_W | PW_U;
    }
    home_cr3 = (word)home;
    home_cr4 = CR4_PAE;
    home_efer = EFER_LME;
    __asm__ volatile("mov %%cr0, %0" : "=r"(home_cr0));
    __asm__ volatile("mov %0, %%cr3" : : "r"(home_cr3) : "memory");
}

void
make_tables(void)
{
    make_segments();
    make_gates();
    make_pages();
}

word
kernel_entry_of_root(void)
{
    return home[0];
}

void *
see(uint64_t pa)
{
    return (void *)pa;
}
