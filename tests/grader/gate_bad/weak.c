/* EXPECT: attribute 3
   EXPECT: object 3 */
__attribute__((weak)) int module(void) { return 1; }
