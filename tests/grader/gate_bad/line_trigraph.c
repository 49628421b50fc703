/* EXPECT: directive 4 */
// ??/
??=line 9 "other.h"
??=line 1 "other.h"
int module(void);
int module(void) { return 1; }
