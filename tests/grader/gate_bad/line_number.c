/* EXPECT: directive 2 */
# 1 "other.h" 3
int module(void);
int module(void) { return 1; }
