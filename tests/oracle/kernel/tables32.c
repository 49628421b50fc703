/* tables32.c - descriptor tables and the kernel's own page tables, 32 bits.
 *
 * The kernel sees physical memory where it is, below 3 GiB, and each memory
 * module above 4 GiB through a window of 4 MiB from WINDOWS on. */
#include "kernel.h"

#include "../load_case.h"
#include "../walk_case.h"

#define WINDOWS UINT32_C(0xC0000000)
#define CR0_PG  UINT32_C(0x80000000)

enum {
    CR4_PSE = 1 << 4,
    FRAMES_A_MODULE = 8,
    WINDOW_SHIFT = 22,
};

static uint32_t home[1024] __attribute__((aligned(4096)));

/* The first 4 MiB in pages of 4 KiB, which mean the same under all settings:
 * for tables under test.  Open to all rings; nothing is guarded here. */
static uint32_t kernel_pages[1024] __attribute__((aligned(4096)));

static uint8_t interrupt_stack[4096] __attribute__((aligned(16)));
static uint32_t tss[26];

struct gate {
    uint16_t offset_low, selector;
    uint16_t bits, offset_high;
};
static struct gate idt[VECTORS];

struct table_pointer {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

static void
make_segments(void)
{
    uint64_t *gdt = (uint64_t *)LOAD_GDT_PA;
    for (unsigned i = 0; i < LOAD_FIXED; i++)
        gdt[i] = load_fixed(i);
    const uint64_t base = (uint32_t)tss;
    /* Available yet: the processor sets the busy bit. */
    gdt[LOAD_TSS] = (load_fixed(LOAD_TSS) & ~(UINT64_C(2) << 40)) |
                    (base & 0xFFFFFF) << 16 | (base >> 24) << 56;
    tss[1] = (uint32_t)(interrupt_stack + sizeof interrupt_stack);
    tss[2] = DATA0;
    tss[25] = sizeof tss << 16;
    const struct table_pointer pointer = {LOAD_FIXED * 8 - 1, LOAD_GDT_PA};
    __asm__ volatile("lgdt %0\n\t"
                     "ljmp %1, $1f\n"
                     "1: mov %2, %%ds\n\t"
                     "mov %2, %%es\n\t"
                     "mov %2, %%fs\n\t"
                     "mov %2, %%gs\n\t"
                     "mov %2, %%ss\n\t"
                     "ltr %w3"
                     :
                     : "m"(pointer), "i"(CODE0), "r"(DATA0), "r"(TSS)
                     : "memory");
}

static void
make_gates(void)
{
    for (unsigned v = 0; v < VECTORS; v++) {
        const uint32_t offset = (uint32_t)vectors[v];
        /* A 32-bit interrupt gate, open to ring 3. */
        idt[v] = (struct gate){(uint16_t)offset, CODE0, 0xEE00,
                               (uint16_t)(offset >> 16)};
    }
    const struct table_pointer pointer = {sizeof idt - 1, (uint32_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static void
make_pages(void)
{
    for (uint32_t i = 0; i < WINDOWS >> WINDOW_SHIFT; i++)
        home[i] = i << WINDOW_SHIFT | PW_PS | PW_P | PW_W | PW_U;
    uint32_t window = WINDOWS >> WINDOW_SHIFT;
    for (uint32_t f = WALK_LOW_FRAMES; f < WALK_FRAMES; f += FRAMES_A_MODULE) {
        const uint64_t pa = walk_frame(f);
        home[window++] =
            (uint32_t)pa | (uint32_t)(pa >> 32) << 13 | PW_PS | PW_P | PW_W;
    }
    for (uint32_t i = 0; i < 1024; i++)
        kernel_pages[i] = i << 12 | PW_P | PW_W | PW_U;
    home_cr3 = (word)home;
    home_cr4 = CR4_PSE;
    __asm__ volatile("mov %%cr0, %0" : "=r"(home_cr0));
    home_cr0 |= CR0_PG;
    __asm__ volatile("mov %0, %%cr4\n\t"
                     "mov %1, %%cr3\n\t"
                     "mov %2, %%cr0"
                     :
                     : "r"(home_cr4), "r"(home_cr3), "r"(home_cr0)
                     : "memory");
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
    return (word)kernel_pages | PW_P | PW_W | PW_U;
}

void *
see(uint64_t pa)
{
    if (pa < WINDOWS)
        return (void *)(word)pa;
    for (uint32_t f = WALK_LOW_FRAMES; f < WALK_FRAMES; f += FRAMES_A_MODULE)
        if (pa >> WINDOW_SHIFT == walk_frame(f) >> WINDOW_SHIFT) {
            const word window = (f - WALK_LOW_FRAMES) / FRAMES_A_MODULE;
            return (void *)(WINDOWS + (window << WINDOW_SHIFT) +
                            ((word)pa & ((1u << WINDOW_SHIFT) - 1)));
        }
    panic("no such memory", 0, (word)pa);
}
