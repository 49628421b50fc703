/* EXPECT: attribute 2 */
<:<:maybe_unused:>:> static int started;
int module(void);
int module(void) { return started; }
