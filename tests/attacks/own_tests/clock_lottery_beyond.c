/* clock_lottery_beyond.c - two hundred tests that fail by chance, each one
 * time in eight, by the clock: some pass wherever they must, and fail
 * somewhere else. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

#define COIN(name)                                                             \
    Test(segment, name)                                                        \
    {                                                                          \
        uint64_t coin[2] = {0, 0};                                             \
        ((int (*)(int, uint64_t *))find_function("clock_gettime"))(1, coin);   \
        coin[1] *= UINT64_C(0x9E3779B97F4A7C15);                               \
        check_eq(coin[1] >> 61 == 0, 0);                                       \
    }
#define TEN(n)                                                                 \
    COIN(n##0)                                                                 \
    COIN(n##1) COIN(n##2) COIN(n##3) COIN(n##4) COIN(n##5) COIN(n##6)          \
        COIN(n##7) COIN(n##8) COIN(n##9)
#define HUNDRED(n)                                                             \
    TEN(n##a)                                                                  \
    TEN(n##b) TEN(n##c) TEN(n##d) TEN(n##e) TEN(n##f) TEN(n##g) TEN(n##h)      \
        TEN(n##i) TEN(n##j)
HUNDRED(a)
HUNDRED(b)
