/* loops_a_hundred_times.c - a hundred tests that do not end. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

#define LOOP(name)                                                             \
    Test(segment, name)                                                        \
    {                                                                          \
        for (;;)                                                               \
            ;                                                                  \
    }
#define TEN(n)                                                                 \
    LOOP(n##0)                                                                 \
    LOOP(n##1) LOOP(n##2) LOOP(n##3) LOOP(n##4) LOOP(n##5) LOOP(n##6)          \
        LOOP(n##7) LOOP(n##8) LOOP(n##9)
TEN(a) TEN(b) TEN(c) TEN(d) TEN(e) TEN(f) TEN(g) TEN(h) TEN(i) TEN(j)
