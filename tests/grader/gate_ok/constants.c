/* Numbers that are bytes of a system call (0f 05, 0f 34, cd 80) when they
 * stand in the code. */
#include <stdint.h>

int module(volatile uint64_t *out, uint64_t in);

int
module(volatile uint64_t *out, uint64_t in)
{
    out[0] = 0x050f;
    out[1] = 0x340f;
    out[2] = 0x80cd;
    out[3] = 0x0000050f050f0000;
    if (in == 0x050F)
        return 0x050f;
    return (int)(in + 0x80cd);
}
