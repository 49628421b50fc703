/* EXPECT: directive 2 */
%:line 1 "other.h"
int module(void);
int module(void) { return 1; }
