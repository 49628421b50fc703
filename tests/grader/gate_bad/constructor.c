/* EXPECT: attribute 4
   EXPECT: section 0 */
int started;
__attribute__((constructor)) static void before(void) { started = 1; }
int module(void);
int module(void) { return 1; }
