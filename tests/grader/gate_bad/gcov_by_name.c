/* EXPECT: call 3 */
int module(int x);
void __gcov_dump(void);

int
module(int x)
{
    int known = 5;
    if (!__builtin_constant_p(known))
        __gcov_dump();
    return x;
}
