/* EXPECT: attribute 3
   EXPECT: section 0 */
static int kept __attribute__((used, aligned(8), section(".mine"))) = 3;
int module(void);
int module(void) { return kept; }
