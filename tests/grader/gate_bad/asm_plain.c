/* EXPECT: asm 2 */
__asm("nop");
int module(void);
int module(void) { return 1; }
