/* EXPECT: object 0 */
int module(int);
int module(int x)
{
    int inner(int y) { return x + y; }
    int (*volatile call)(int) = inner;
    return call(1);
}
