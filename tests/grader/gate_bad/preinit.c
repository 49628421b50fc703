/* EXPECT: attribute 4
   EXPECT: section 0 */
static void before(void) {}
static void (*const start)(void) __attribute__((section(".preinit_array"), used)) = before;
int module(void);
int module(void) { return 1; }
