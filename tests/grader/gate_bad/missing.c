/* EXPECT: missing 0 */
int other(void);
int
other(void)
{
    return 1;
}
