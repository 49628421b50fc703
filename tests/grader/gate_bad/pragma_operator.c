/* EXPECT: pragma 2 */
_Pragma("GCC push_options") int module(void);
int module(void) { return 1; }
