/* EXPECT: undefined 3 */
int module(void);
int helper_that_is_not(int);
int
module(void)
{
    return helper_that_is_not(1);
}
