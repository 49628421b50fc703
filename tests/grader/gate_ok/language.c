/* What C11 has and a module may well use. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>

int module(void);

struct bits {
    unsigned type : 4, s : 1, dpl : 2, present : 1;
    uint64_t base : 36;
};

union either {
    uint64_t word;
    struct {
        uint32_t low, high;
    };
};

static const int table[4][2] = { [1] = { 3, 4 }, [3] = { [1] = 7 } };
static _Thread_local int per_thread;
static alignas(64) char line[64];
static int counter;

_Static_assert(sizeof(union either) == 8, "two halves");

#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define NAME_OF(x) _Generic((x), int: "int", char *: "text", default: "other")
#define STRING(x) #x
#define JOIN(a, b) a##b

typedef int (*compare)(const void *, const void *);

static inline int
by_number(const void *left, const void *right)
{
    const int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

static noreturn void
give_up(void)
{
    assert(!"reached");
    abort();
}

static int
sum(int count, ...)
{
    va_list rest;
    int total = 0;
    va_start(rest, count);
    while (count-- > 0)
        total += va_arg(rest, int);
    va_end(rest);
    return total;
}

static int
choose(int what)
{
    switch (what) {
    case 0: return 10;
    case 1: return 21;
    case 2: return 32;
    case 3: return 47;
    case 4: return 51;
    case 5: return 62;
    default: break;
    }
    goto out;
out:
    return -1;
}

static long double
ratio(double a, float b)
{
    return (long double)a / b;
}

int
module(void)
{
    int JOIN(num, bers)[] = { 5, 3, 9 };
    struct bits *bits = &(struct bits){ .type = 3, .present = 1 };
    const int size = numbers[0] + 1;
    int variable[size];
    char text[64];
    double fraction = 0x1.8p3 + 1e-5 + .5;
    const char *odd = "asm(\"nop\"); __attribute__((constructor)) // #line 7";
    char quote = '\'', bracket = '[';
    wchar_t wide[] = L"__asm__";
    const compare order = by_number;

    memset(variable, 0, sizeof variable);
    qsort(numbers, 3, sizeof *numbers, order);
    const int key = 5;
    if (!bsearch(&key, numbers, 3, sizeof *numbers, order))
        give_up();
    snprintf(text, sizeof text, "%s %" PRIu64 " %d", odd, (uint64_t)UINT64_MAX,
             sum(3, 1, 2, 3));
    printf("%s\n", text);
    printf("plain\n");
    printf("x");
    if (table[numbers[0] & 3][1] > INT_MAX - 1)
        errno = EINVAL;
    per_thread++;
    counter += choose(counter) + (int)ratio(fraction, 2.0f);
    line[0] = quote;
    line[1] = bracket;
    for (size_t i = 0, n = MAX(1u, 2u); i < n; i++)
        counter += (int)strlen(STRING(per_thread)) + (int)wide[0];
    return counter + strcmp(NAME_OF(text), "text") +
           (int)sizeof *bits + (int)offsetof(union either, low);
}
