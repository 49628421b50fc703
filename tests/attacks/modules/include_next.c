/* include_next.c - leads past the kit's header. */
#include "segment/segment.h"
#include_next <stdio.h>
