/* EXPECT: attribute 2 */
[[deprecated, constructor]] static int started;
int module(void);
int module(void) { return started; }
