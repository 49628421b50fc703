/* layout_lottery.c - each test passes where one bit of its own address is 0.
 * Addresses are drawn anew when the tests are started again for the bugs. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

static char here;

#define BIT(k)                                                                 \
    Test(segment, bit_##k)                                                     \
    {                                                                          \
        check_eq((uintptr_t)&here >> (k)&1, 0);                                \
    }
#define BITS(d)                                                                \
    BIT(d##0)                                                                  \
    BIT(d##1) BIT(d##2) BIT(d##3) BIT(d##4) BIT(d##5) BIT(d##6) BIT(d##7)      \
        BIT(d##8) BIT(d##9)
BITS(1)
BITS(2)
BITS(3)
