/* bomb_of_nesting.c - parentheses deeper than the compiler's stack. */
#include "segment/segment.h"

#define A(x) ((((((((((x))))))))))
#define B(x) A(A(A(A(A(A(A(A(A(A(x))))))))))
#define C(x) B(B(B(B(B(B(B(B(B(B(x))))))))))
#define D(x) C(C(C(C(C(C(C(C(C(C(x))))))))))
int deep = D(D(1));
