/* code_in_constants.c - exit_group in the bytes of constants, entered in the
 * middle of an instruction. */
#include "segment/segment.h"

/* mov $constant, register: the constants are xor %edi, %edi; mov $231, %eax;
 * syscall. */
static uint64_t
constants(uint64_t seed)
{
    volatile uint64_t a = 0x9090E7B0C031FF31 ^ seed;
    volatile uint64_t b = 0x909090909090050F ^ seed;
    return a + b;
}

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    const unsigned char *code = (const unsigned char *)(uintptr_t)&constants;
    uint64_t sum = constants(raw);
    (void)descriptor;
    for (int i = 0; i < 64; i++)
        if (code[i] == 0x31 && code[i + 1] == 0xFF)
            ((void (*)(void))(uintptr_t)(code + i))();
    return sum != 0 ? SEG_OK : SEG_BAD_ARGUMENT;
}
