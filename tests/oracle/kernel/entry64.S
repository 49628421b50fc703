/* entry64.S - from a multiboot loader, which leaves 32-bit mode, to main in
 * long mode.  The first tables map 1 GiB; make_tables makes better ones. */
        .section .multiboot, "a"
        .align  4
        .long   0x1BADB002, 0, -0x1BADB002

        .text
        .code32
        .globl  kernel_entry
kernel_entry:
        cli
        cld
        movl    $stack_end, %esp
        movl    $first_third + 7, first_root
        movl    $0x83, first_third      /* 1 GiB, present, writable        */
        movl    $first_root, %eax
        movl    %eax, %cr3
        movl    $0x20, %eax             /* PAE                             */
        movl    %eax, %cr4
        movl    $0xC0000080, %ecx       /* EFER: LME                       */
        rdmsr
        orl     $0x100, %eax
        wrmsr
        movl    %cr0, %eax
        orl     $0x80000001, %eax
        movl    %eax, %cr0
        lgdt    first_gdt_pointer
        ljmp    $8, $in_long_mode

        .code64
in_long_mode:
        xorl    %eax, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %ebx, %edi              /* what the loader tells           */
        call    kernel_main
        hlt

        .data
        .align  8
first_gdt:
        .quad   0, 0x00AF9B000000FFFF
first_gdt_pointer:
        .word   15
        .long   first_gdt

        .bss
        .align  4096
first_root:
        .skip   4096
first_third:
        .skip   4096
        .skip   16384
stack_end:
        .section .note.GNU-stack, "", @progbits
