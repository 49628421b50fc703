/* EXPECT: attribute 5
   EXPECT: section 0 */
extern int started;
int started;
__attribute__((unused, __destructor__(101))) static void after(void) { started = 1; }
int module(void);
int module(void) { return 1; }
