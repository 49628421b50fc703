/* attempt64.S - as attempt32.S, in long mode.  Every vector has a stack of its
 * own (IST), because an access through the stack leaves none that is usable. */
#include "layout.h"

#define A(field) (8 * ATTEMPT_##field)(%rsi)

        .text
        .globl  attempt
attempt:
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rdi, %rsi
        movq    %rsp, stack_to_resume
        movq    %rsi, current
        xorl    %eax, %eax
        movq    %rax, %cr2
        movl    $EFER_MSR, %ecx
        movl    A(EFER), %eax
        xorl    %edx, %edx
        wrmsr
        movq    A(CR0), %rax
        movq    %rax, %cr0
        movq    A(CR4), %rax
        movq    %rax, %cr4
        movq    A(CR3), %rax
        movq    %rax, %cr3
        imulq   $RING_STRIDE, A(RING), %rcx
        leaq    DATA0(%rcx), %rdx
        pushq   %rdx
        pushq   $user_stack_end
        pushq   $2
        addq    $CODE0, %rcx
        pushq   %rcx
        pushq   A(CODE)
        movq    A(ADDRESS), %rbx
        iretq

        .globl  code_read, code_write, code_fetch
        .globl  code_read_stack, code_write_stack
code_read:
        movl    (%rbx), %eax
        int     $VECTOR_DONE
code_write:
        movl    $WRITTEN, (%rbx)
        int     $VECTOR_DONE
code_read_stack:
        movq    %rbx, %rsp
        movl    (%rsp), %eax
        int     $VECTOR_DONE
code_write_stack:
        movq    %rbx, %rsp
        movl    $WRITTEN, (%rsp)
        int     $VECTOR_DONE
code_fetch:
        jmp     *%rbx

caught: /* on the stack: vector, error code, what the processor has pushed */
        movq    current, %rsi
        testq   %rsi, %rsi
        jz      lost
        popq    A(VECTOR)
        popq    A(ERROR)
        movq    %rax, A(AX)
        movq    %cr2, %rax
        movq    %rax, A(CR2)
        movq    $0, current
        movl    $EFER_MSR, %ecx
        movl    home_efer, %eax
        xorl    %edx, %edx
        wrmsr
        movq    home_cr4, %rax
        movq    %rax, %cr4
        movq    home_cr3, %rax
        movq    %rax, %cr3
        movq    home_cr0, %rax
        movq    %rax, %cr0
        movq    stack_to_resume, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
lost:   /* a fault of the kernel's own */
        popq    %rsi
        popq    %rdx
        popq    %rdx
        movq    $fault_text, %rdi
        call    panic

        .macro  vector number
vector_\number:
        /* Without an error code of the processor's: 0. */
        .if     !(\number == 8 || \number == 17 || \number == 21 || \
                  (\number >= 10 && \number <= 14))
        pushq   $0
        .endif
        pushq   $\number
        jmp     caught
        .endm
        .altmacro
        .set    n, 0
        .rept   50
        vector  %n
        .set    n, n + 1
        .endr

        .macro  vector_address number
        .quad   vector_\number
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
        .globl  home_cr0, home_cr3, home_cr4, home_efer
        .align  8
home_cr0:       .skip 8
home_cr3:       .skip 8
home_cr4:       .skip 8
home_efer:      .skip 8
current:        .skip 8
stack_to_resume: .skip 8
        .align  16
        .skip   4096
user_stack_end:
        .section .note.GNU-stack, "", @progbits
