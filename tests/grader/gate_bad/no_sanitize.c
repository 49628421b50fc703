/* EXPECT: attribute 2 */
__attribute__((no_sanitize_address)) int module(void);
int module(void) { return 1; }
