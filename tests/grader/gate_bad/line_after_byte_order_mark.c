#line 7 "other.c" /* EXPECT: directive 1 */
int module(int x);

int
module(int x)
{
    return x;
}
