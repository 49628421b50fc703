/* what_was_never_set.c - two hundred tests, each of which fails where the structs
 * that a module has handed on hold one value in what it never set: it is another
 * one in every program. */
#include "swap/swap.h"
#include "vmlab_test.h"

VMLAB_SUITE(swap)

/* Where structs on a module's stack are handed on: the end of the arena. */
enum { PAGES = 6, PAGE = 4096, WORDS = 32 };
static const uintptr_t end = 0x200000000000 + (64 << 20);

static uint64_t
left(void)
{
    struct mach *mach = test_machine(16);
    frame_alloc_run(mach, 5);
    test_swapdev(mach, 8);
    struct space *space = pw_create(mach, PW_TWO_LEVEL, PW_WP);
    struct swap_config *config = arena_object(struct swap_config);
    *config = (struct swap_config){4, 1, SWAP_CLOCK};
    struct swap *swap = swap_create(mach, config);
    struct swap_result *result = arena_object(struct swap_result);
    swap_fault(swap, space, 0x00400123, PW_WRITE | PW_USER, result);
    swap_release(swap, space, 0x00800123);
    uint64_t sum = 0;
    for (unsigned page = 1; page <= PAGES; page++)
        for (unsigned i = 0; i < WORDS; i++)
            sum = (sum ^ ((const uint64_t *)(end - page * PAGE))[i]) *
                  UINT64_C(0x9E3779B97F4A7C15);
    swap_destroy(swap);
    return sum >> 40;
}

#define VALUE(k)                                                               \
    Test(swap, value_##k)                                                      \
    {                                                                          \
        check_eq(left() % 200 == 1##k - 1000, 0);                              \
    }
#define TEN(n)                                                                 \
    VALUE(n##0)                                                                \
    VALUE(n##1) VALUE(n##2) VALUE(n##3) VALUE(n##4) VALUE(n##5) VALUE(n##6)    \
        VALUE(n##7) VALUE(n##8) VALUE(n##9)
#define HUNDRED(n)                                                             \
    TEN(n##0)                                                                  \
    TEN(n##1) TEN(n##2) TEN(n##3) TEN(n##4) TEN(n##5) TEN(n##6) TEN(n##7)      \
        TEN(n##8) TEN(n##9)
HUNDRED(0)
HUNDRED(1)
