/* EXPECT: missing 3 */
static int
module(void)
{
    return 1;
}
int other(void);
int
other(void)
{
    return module();
}
