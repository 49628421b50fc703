/* includes_the_reference.c - the reference by a relative path. */
#include "../../../../../../../../../../@KIT@/solutions/segment/segment.c"
