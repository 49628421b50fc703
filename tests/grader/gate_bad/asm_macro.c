/* EXPECT: asm 7 */
#define A(x) __as##x##__
#define B A(m)
int module(void);
int module(void)
{
    B("nop");
    return 1;
}
