/* entry32.S - from a multiboot loader to main, 32 bits. */
        .section .multiboot, "a"
        .align  4
        .long   0x1BADB002, 0, -0x1BADB002

        .text
        .globl  kernel_entry
kernel_entry:
        cli
        cld
        movl    $stack_end, %esp
        pushl   %ebx                    /* what the loader tells           */
        call    kernel_main
        hlt

        .bss
        .align  16
        .skip   16384
stack_end:
        .section .note.GNU-stack, "", @progbits
