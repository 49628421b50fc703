/* EXPECT: attribute 2 */
__attribute__((section(".text.hidden"))) int module(void);
int module(void) { return 1; }
