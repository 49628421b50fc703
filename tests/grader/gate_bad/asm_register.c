/* EXPECT: asm 5 */
int module(void);
int module(void)
{
    register long sp __asm__("rsp");
    return (int)sp;
}
