/* EXPECT: missing 2 */
int module = 3;
