/* EXPECT: attribute 2 */
__attribute__((no_profile_instrument_function)) int module(void);
int module(void) { return 1; }
