/* EXPECT: attribute 5
   EXPECT: object 5 */
static int one(void) { return 1; }
static int (*pick(void))(void) { return one; }
int module(void) __attribute__((ifunc("pick")));
