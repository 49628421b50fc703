/* Attributes that describe. */
#include <stdint.h>
#include <stdio.h>

#pragma once
#pragma pack(push, 1)
struct tight {
    uint8_t kind;
    uint64_t base;
};
#pragma pack(pop)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma STDC FP_CONTRACT OFF
_Pragma("GCC diagnostic pop")

struct __attribute__((packed, aligned(2))) entry {
    uint8_t flags;
    uint32_t frame;
} __attribute__((__may_alias__));

static int twice(int) __attribute__((const, warn_unused_result, noinline));
static void say(const char *format, ...)
    __attribute__((__format__(__printf__, 1, 2), unused));

static int
twice(int x)
{
    return 2 * x;
}

static void
say(const char *format, ...)
{
    (void)format;
}

int module(int x);

int
module(int x __attribute__((unused)))
{
    const int matrix[2][2] = { { 1, 2 }, { 3, 4 } }, index[] = { 0, 1 };
    switch (x) {
    case 1: x++; __attribute__((fallthrough));
    default: break;
    }
    if (__builtin_expect(x > 3, 0))
        __builtin_unreachable();
    int sum;
    if (__builtin_add_overflow(x, 1, &sum) || __builtin_constant_p(x))
        return -1;
    return twice(matrix[index[0]][index[1]]) + (int)sizeof(struct tight);
}
