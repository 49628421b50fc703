/* EXPECT: missing 0 */
