/* EXPECT: asm 5 */
int module(void);
int module(void)
{
    __asm__ volatile("nop");
    return 1;
}
