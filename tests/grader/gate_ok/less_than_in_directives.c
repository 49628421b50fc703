/* A comment behind a comparison is no header's name. */
#include <stdint.h> /* uint64_t, it's there */
#include <stddef.h> // size_t
#if SIZE_MAX < 8 /* don't */
#error "small"
#elif 1 < 2 && 4 > 3 /* > */
#endif
int module(int x);

int
module(int x)
{
    return x;
}
