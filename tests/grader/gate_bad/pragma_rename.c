/* EXPECT: pragma 3
   EXPECT: call 0 */
#pragma redefine_extname innocent system
int innocent(const char *);
int module(void);
int module(void) { return innocent("true"); }
