/* EXPECT: directive 2 */
# /* here */ li\
ne 1 "other.h"
int module(void);
int module(void) { return 1; }
