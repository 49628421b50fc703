/* includes_the_tests.c - the hidden tests as a header. */
#include "segment/segment.h"
#include "@CANARY@"
