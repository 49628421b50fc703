/* has_large_variables.c - compiles, and can be linked by nobody. */
#include <stddef.h>

static char table[(size_t)1 << 40];
int table_at(size_t at);

int
table_at(size_t at)
{
    return table[at]++;
}
