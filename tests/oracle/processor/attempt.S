/*
 * attempt.S - one access on the processor itself, in a 32-bit user program.
 *
 *   attempt(code): %eax the selector, %ebx the offset, %ecx and the first
 *   registers of MMX and SSE what a write writes.  Each piece of code ends with
 *   INT3, so every access ends in a signal, a good one, too: on_signal
 *   (processor.c) writes down what it was and calls come_back.
 */
        .text
        .globl  _start
_start:
        movl    %esp, %eax
        andl    $-16, %esp
        pushl   %eax
        pushl   %eax
        pushl   %eax
        pushl   %eax
        call    processor_main

/* long system_call(number, a, b, c, d, e, f) */
        .globl  system_call
system_call:
        pushl   %ebp
        pushl   %edi
        pushl   %esi
        pushl   %ebx
        movl    20(%esp), %eax
        movl    24(%esp), %ebx
        movl    28(%esp), %ecx
        movl    32(%esp), %edx
        movl    36(%esp), %esi
        movl    40(%esp), %edi
        movl    44(%esp), %ebp
        int     $0x80
        popl    %ebx
        popl    %esi
        popl    %edi
        popl    %ebp
        ret

/* void attempt(code, selector, offset) */
        .globl  attempt
attempt:
        pushl   %ebp
        pushl   %edi
        pushl   %esi
        pushl   %ebx
        movl    %esp, stack_to_resume
        movq    written, %mm0
        movups  written, %xmm0
        movl    20(%esp), %edx
        movl    24(%esp), %eax
        movl    28(%esp), %ebx
        movl    written, %ecx
        jmp     *%edx

        .globl  come_back
come_back:
        xorl    %eax, %eax
        movl    %eax, %fs
        movl    %eax, %gs
        movl    stack_to_resume, %esp
        popl    %ebx
        popl    %esi
        popl    %edi
        popl    %ebp
        emms
        ret

/* ---- Accesses: ten pieces of 32 bytes for each register ---- */

        .macro  accesses register
        .balign 32
        movl    %eax, %\register
        xorl    %ecx, %ecx
        movb    %\register:(%ebx), %cl
        int3
        .balign 32
        movl    %eax, %\register
        xorl    %ecx, %ecx
        movw    %\register:(%ebx), %cx
        int3
        .balign 32
        movl    %eax, %\register
        movl    %\register:(%ebx), %ecx
        int3
        .balign 32
        movl    %eax, %\register
        movq    %\register:(%ebx), %mm0
        movd    %mm0, %ecx
        int3
        .balign 32
        movl    %eax, %\register
        movups  %\register:(%ebx), %xmm0
        movd    %xmm0, %ecx
        int3
        .balign 32
        movl    %eax, %\register
        movb    %cl, %\register:(%ebx)
        int3
        .balign 32
        movl    %eax, %\register
        movw    %cx, %\register:(%ebx)
        int3
        .balign 32
        movl    %eax, %\register
        movl    %ecx, %\register:(%ebx)
        int3
        .balign 32
        movl    %eax, %\register
        movq    %mm0, %\register:(%ebx)
        int3
        .balign 32
        movl    %eax, %\register
        movups  %xmm0, %\register:(%ebx)
        int3
        .endm

        .globl  code_accesses, code_far_jump
        .globl  code_lar, code_lsl, code_verr, code_verw
        .balign 32
code_accesses:                          /* enum seg_reg, without CS        */
        accesses es
        accesses ss
        accesses ds
        accesses fs
        accesses gs

        .balign 32
code_far_jump:
        ljmp    *far_pointer

        .macro  ask instruction:vararg
        xorl    %ecx, %ecx
        \instruction
        sete    %al
        movzbl  %al, %eax
        int3
        .endm
code_lar:
        ask     larl %eax, %ecx
code_lsl:
        ask     lsll %eax, %ecx
code_verr:
        ask     verr %ax
code_verw:
        ask     verw %ax

/* ---- Accesses in 64-bit mode, by enum access_operation ---- */

        .macro  wide instruction:vararg
        .balign 32
        movl    $wide_address, %esi
        ljmp    $0x33, $1f              /* Linux's code segment of 64 bits */
        .code64
1:      movl    %esi, %esi
        movq    (%rsi), %rbx
        movq    %rbx, %rsp
        \instruction
        int3
        .code32
        .endm

        .globl  code_wide
        .balign 32
code_wide:
        wide    movl (%rbx), %ecx
        wide    movl %ecx, (%rbx)
        wide    movl (%rsp), %ecx
        wide    movl %ecx, (%rsp)

        .section .rodata
        .balign 16
written:
        .fill   16, 1, 0xC3             /* ACCESS_WRITTEN                  */

        .bss
        .globl  far_pointer, wide_address
        .balign 4
far_pointer:    .skip 8
wide_address:   .skip 8
stack_to_resume: .skip 4
        .section .note.GNU-stack, "", @progbits
