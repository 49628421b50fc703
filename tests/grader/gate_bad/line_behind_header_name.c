/* In a header's name no comment begins.
   EXPECT: directive 3 */
#if __has_include(<a/*b>)
#endif
#line 7 "other.c"
/* */
int module(int x);

int
module(int x)
{
    return x;
}
