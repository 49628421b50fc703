/* EXPECT: attribute 5 */
#define HIDE(x) __attribute__((x))
#define WHAT no_instrument_function
int module(void);
HIDE(WHAT) int module(void) { return 1; }
