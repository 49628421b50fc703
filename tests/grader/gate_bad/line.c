/* EXPECT: directive 4 */
int module(void);
int module(void) { return 1; }
#line 1 "other.h"
