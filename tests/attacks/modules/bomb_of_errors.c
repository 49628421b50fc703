/* bomb_of_errors.c - messages without an end. */
#include "segment/segment.h"

#define A(x) x x x x x x x x x x
#define B(x) A(A(A(A(x))))
B(undefined_type name; int name = "text" + {};)
