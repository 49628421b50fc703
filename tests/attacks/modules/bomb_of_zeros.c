/* bomb_of_zeros.c - an initialised table of 8 GiB. */
#include "segment/segment.h"

char table[1UL << 33] = {1};
