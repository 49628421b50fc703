/* asks_whether_it_is_there.c - learns of files without reading them. */
#include "segment/segment.h"

#if __has_include("@CANARY@")
#error the hidden tests are there
#endif
#if __has_include("@KIT@/solutions/segment/segment.c")
#error the reference is there
#endif
