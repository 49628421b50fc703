/* EXPECT: builtin 3 */
int module(void);
int module(void) { return (int)(long)__builtin_frame_address(0); }
