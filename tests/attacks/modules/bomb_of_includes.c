/* bomb_of_includes.c - includes itself, twice, for ever. */
#include "segment.c"
#include "segment.c"
