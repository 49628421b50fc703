/* EXPECT: attribute 4 */
int module(void);
int module(void) { return 1; }
int second(void) __attribute__((alias("module")));
