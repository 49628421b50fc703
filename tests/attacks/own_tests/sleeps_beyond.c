/* sleeps_beyond.c - a hundred tests that sleep, which costs no processor. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

#define SLEEP(name)                                                            \
    Test(segment, name)                                                        \
    {                                                                          \
        ((unsigned (*)(unsigned))find_function("sleep"))(100000);              \
    }
#define TEN(n)                                                                 \
    SLEEP(n##0)                                                                \
    SLEEP(n##1) SLEEP(n##2) SLEEP(n##3) SLEEP(n##4) SLEEP(n##5) SLEEP(n##6)    \
        SLEEP(n##7) SLEEP(n##8) SLEEP(n##9)
TEN(a) TEN(b) TEN(c) TEN(d) TEN(e) TEN(f) TEN(g) TEN(h) TEN(i) TEN(j)
