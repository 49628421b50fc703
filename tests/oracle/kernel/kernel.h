/*
 * kernel.h - the oracle's kernel.
 *
 * It performs one access after the other on tables that it has filled, sees
 * what the processor does, and writes that down.  There is no process, no
 * interrupt from outside and no memory management: the only thing that it must
 * be good at is to come back from whatever fault an access raises.
 *
 *   main.c         reads the order, performs the cases, ends the machine
 *   walks.c        page walks, of either kernel
 *   loads.c        loads of segment registers; 32 bits
 *   tables32.c,    descriptor tables, the kernel's own page tables, for that
 *   tables64.c     kernel
 *   entry*.S       from the boot loader to main
 *   attempt*.S     one access, from the kernel and back
 *
 * Physical memory is drawn in walk_case.h.
 */
#ifndef ORACLE_KERNEL_H
#define ORACLE_KERNEL_H

#include <stdint.h>

#include "../report.h"
#include "layout.h"

#define REPORT_PA UINT32_C(0x1000000)

/* A register. */
typedef uintptr_t word;

/* One access, and what came of it; in the order of layout.h. */
struct attempt {
    word cr0, cr3, cr4, efer; /* in force during the access                   */
    word code;                /* what makes it: one of the labels below       */
    word ring;                /* privilege                                    */
    word address;             /* BX                                           */
    word selector;            /* AX                                           */
    word vector, error_code;  /* what ended it                                */
    word cr2;                 /* 0 unless the processor has written it        */
    word ax, cx, dx;          /* as they were then                            */
};

/* Makes an access and comes back, with the kernel's own settings in force. */
void attempt(struct attempt *a);

/* The settings to come back to. */
extern word home_cr0, home_cr3, home_cr4, home_efer;

/* Code for accesses, with BX the address; each ends with VECTOR_DONE, or, a
 * fetch that succeeds, with VECTOR_FETCHED. */
extern char code_read[], code_write[], code_fetch[];
#ifdef __x86_64__
extern char code_read_stack[], code_write_stack[];
#else
/* Code for loads, with AX the selector; CX is what was read back, DX the flag
 * ZF where there is one.  Indexed by enum load_operation. */
extern void *const code_loads[];
extern char landing[], landing_end[];
extern struct {
    uint32_t offset;
    uint16_t selector;
} far_pointer;
#endif

/* The vectors' code, for the interrupt descriptor table. */
extern void *const vectors[];
enum { VECTORS = 0x32 };

/* Makes the descriptor tables and page tables and puts them in force. */
void make_tables(void);

/* The root of a page table under test, with the kernel mapped by entry 0. */
word kernel_entry_of_root(void);

/* Where the kernel sees `pa`. */
void *see(uint64_t pa);

/* Perform `count` cases each and return where their records end. */
void perform_walks(uint64_t seed, uint32_t count);
void perform_loads(uint64_t seed, uint32_t count);

/* Begins a report, gives room for record `n` of `bytes` bytes, and ends it. */
void report_begin(uint64_t kind, uint64_t seed);
void *report_record(uint32_t n, uint32_t bytes);
void report_end(uint32_t count);

/* Ends the machine. */
_Noreturn void finish(void);
_Noreturn void panic(const char *why, word vector, word at);

#endif
