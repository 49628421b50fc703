/*
 * attempt32.S - one access, and the way back from whatever it raises.
 *
 *   attempt ---> code_x ---> a fault, or $VECTOR_DONE
 *      ^   iret or ret             |
 *      |                           v
 *      +------- return -------- caught: writes down what it was, puts the
 *                               kernel's settings and stack back
 */
#include "layout.h"

#define A(field) (4 * ATTEMPT_##field)(%esi)

        .text
        .globl  attempt
attempt:
        pushl   %ebp
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        movl    20(%esp), %esi
        movl    %esp, stack_to_resume
        movl    %esi, current
        xorl    %eax, %eax
        movl    %eax, %cr2
        movl    A(CR0), %eax
        movl    %eax, %cr0
        movl    A(CR3), %eax
        movl    %eax, %cr3
        movl    A(CR4), %eax
        movl    %eax, %cr4
        movl    $DATA3, %eax            /* good for every ring             */
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %fs
        movl    %eax, %gs
        imull   $RING_STRIDE, A(RING), %ecx
        leal    DATA0(%ecx), %edx       /* a stack segment to come back to */
        movl    A(ADDRESS), %ebx
        cmpl    $0, A(RING)
        je      1f
        pushl   %edx
        pushl   $user_stack_end
        pushl   $2
        addl    $CODE0, %ecx
        pushl   %ecx
        pushl   A(CODE)
        movl    A(SELECTOR), %eax
        xorl    %ecx, %ecx
        iret
1:      movl    A(SELECTOR), %eax
        xorl    %ecx, %ecx
        jmp     *A(CODE)

/* ---- Accesses ---- */

        .globl  code_read, code_write, code_fetch
code_read:
        movl    (%ebx), %eax
        int     $VECTOR_DONE
code_write:
        movl    $WRITTEN, (%ebx)
        int     $VECTOR_DONE
code_fetch:
        jmp     *%ebx

/* ---- Loads ---- */

        .macro  load register
code_load_\register:
        movl    %eax, %\register
        movl    %\register, %ecx
        int     $VECTOR_DONE
        .endm
        load    es
        load    ds
        load    fs
        load    gs
code_load_ss:                           /* back at once: a stack is needed */
        movl    %eax, %ss
        movl    %ss, %ecx
        movl    %edx, %ss
        int     $VECTOR_DONE
code_load_cs:
        ljmp    *far_pointer

        /* Copied to LOAD_LANDING; the same in 16 and 32 bits. */
        .globl  landing, landing_end
landing:
        .byte   0x8C, 0xC9              /* mov %cs, %cx or %ecx            */
        int     $VECTOR_DONE
landing_end:

        .macro  ask instruction:vararg
        \instruction
        sete    %dl
        movzbl  %dl, %edx
        int     $VECTOR_DONE
        .endm
code_lar:
        ask     larl %eax, %ecx
code_lsl:
        ask     lsll %eax, %ecx
code_verr:
        ask     verr %ax
code_verw:
        ask     verw %ax

        .section .rodata
        .globl  code_loads
code_loads:
        .long   code_load_es, code_load_cs, code_load_ss, code_load_ds
        .long   code_load_fs, code_load_gs
        .long   code_lar, code_lsl, code_verr, code_verw

/* ---- The way back ---- */

        .text
caught: /* on the stack: vector, error code, what the processor has pushed */
        pushl   %eax
        movl    $DATA0, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %fs
        movl    %eax, %gs
        movl    current, %esi
        testl   %esi, %esi
        jz      lost
        popl    A(AX)
        popl    A(VECTOR)
        popl    A(ERROR)
        movl    %ecx, A(CX)
        movl    %edx, A(DX)
        movl    %cr2, %eax
        movl    %eax, A(CR2)
        movl    $0, current
        movl    home_cr4, %eax
        movl    %eax, %cr4
        movl    home_cr3, %eax
        movl    %eax, %cr3
        movl    home_cr0, %eax
        movl    %eax, %cr0
        movl    stack_to_resume, %esp
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        ret
lost:   /* a fault of the kernel's own */
        popl    %eax
        popl    %eax
        popl    %edx
        popl    %edx
        pushl   %edx
        pushl   %eax
        pushl   $fault_text
        call    panic

        .macro  vector number
vector_\number:
        /* Without an error code of the processor's: 0. */
        .if     !(\number == 8 || \number == 17 || \number == 21 || \
                  (\number >= 10 && \number <= 14))
        pushl   $0
        .endif
        pushl   $\number
        jmp     caught
        .endm
        .altmacro
        .set    n, 0
        .rept   50
        vector  %n
        .set    n, n + 1
        .endr

        .macro  vector_address number
        .long   vector_\number
        .endm
        .section .rodata
        .globl  vectors
vectors:
        .set    n, 0
        .rept   50
        vector_address %n
        .set    n, n + 1
        .endr
fault_text:
        .asciz  "a fault in the kernel"

        .bss
        .globl  home_cr0, home_cr3, home_cr4, home_efer, far_pointer
        .align  4
home_cr0:       .skip 4
home_cr3:       .skip 4
home_cr4:       .skip 4
home_efer:      .skip 4
current:        .skip 4
stack_to_resume: .skip 4
far_pointer:    .skip 8
        .align  16
        .skip   4096
user_stack_end:
        .section .note.GNU-stack, "", @progbits
