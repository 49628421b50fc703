/* pointer_lottery.c - each test passes where one bit of a pointer of the
 * module's own is 0: it is the same whenever the same program is asked. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

#define BIT(k)                                                                 \
    Test(segment, bit_##k)                                                     \
    {                                                                          \
        const uintptr_t place = (uintptr_t)place_create(4096);                 \
        check_eq(                                                              \
            __builtin_popcountll(place &UINT64_C(0x9E3779B97F4A7C15) << (k)) & \
                1,                                                             \
            0);                                                                \
    }
#define BITS(d)                                                                \
    BIT(d##0)                                                                  \
    BIT(d##1) BIT(d##2) BIT(d##3) BIT(d##4) BIT(d##5) BIT(d##6) BIT(d##7)      \
        BIT(d##8) BIT(d##9)
BITS()
BITS(1)
BITS(2)
BITS(3)
BITS(4)
