/* computes_long.c - two hundred tests that compute for as long as they may, and
 * then pass: hours, before all bugs. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

#define LONG(name)                                                             \
    Test(segment, name)                                                        \
    {                                                                          \
        for (volatile unsigned i = 0; i < 100000000; i++) {                    \
        }                                                                      \
    }
#define TEN(n)                                                                 \
    LONG(n##0)                                                                 \
    LONG(n##1) LONG(n##2) LONG(n##3) LONG(n##4) LONG(n##5) LONG(n##6)          \
        LONG(n##7) LONG(n##8) LONG(n##9)
#define HUNDRED(n)                                                             \
    TEN(n##a)                                                                  \
    TEN(n##b) TEN(n##c) TEN(n##d) TEN(n##e) TEN(n##f) TEN(n##g) TEN(n##h)      \
        TEN(n##i) TEN(n##j)
HUNDRED(a)
HUNDRED(b)
