/* EXPECT: attribute 2 */
__attribute__((optimize("O3"))) int module(void);
int module(void) { return 1; }
