/* three_hundred_tests.c - more tests than anybody needs. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

#define ONE(name)                                                              \
    Test(segment, name)                                                        \
    {                                                                          \
        check_eq(1, 1);                                                        \
    }
#define A(n)                                                                   \
    ONE(n##0)                                                                  \
    ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) ONE(n##5) ONE(n##6) ONE(n##7)      \
        ONE(n##8) ONE(n##9)
#define B(n)                                                                   \
    A(n##0)                                                                    \
    A(n##1) A(n##2) A(n##3) A(n##4) A(n##5) A(n##6) A(n##7) A(n##8) A(n##9)
B(a)
B(b)
B(c)
