/* EXPECT: asm 3
   EXPECT: call 0 */
int sneaky(const char *) __asm__("system");
int module(void);
int module(void) { return sneaky("true"); }
