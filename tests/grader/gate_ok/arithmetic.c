/* Arithmetic for which the compiler calls its own library. */
#include <stdint.h>

int module(uint64_t a, uint64_t b, double d);

typedef unsigned __int128 wide;

int
module(uint64_t a, uint64_t b, double d)
{
    const wide product = (wide)a * b;
    const wide quotient = product / (b | 1), rest = product % (a | 1);
    const double back = (double)product;
    const float small = (float)(__int128)rest;
    const wide truncated = (wide)d;
    double _Complex z = d;
    z *= z;
    return __builtin_popcountll(a) + __builtin_clzll(b | 1) +
           __builtin_ctz((unsigned)a | 1) + __builtin_parityll(a) +
           __builtin_ffsll((long long)a) + (int)quotient + (int)back +
           (int)small + (int)truncated + (int)__real__ z +
           (int)__builtin_bswap64(a);
}
