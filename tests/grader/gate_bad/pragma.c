/* EXPECT: pragma 2 */
#pragma GCC optimize("O3")
int module(void);
int module(void) { return 1; }
