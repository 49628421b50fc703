/* EXPECT: builtin 4 */
void *where(void);
int module(void);
int module(void) { void *jump[5]; return __builtin_setjmp(jump); }
