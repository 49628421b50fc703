/* EXPECT: attribute 6 */
static void after(int *x) { *x = 0; }
int module(void);
int module(void)
{
    int x __attribute__((cleanup(after))) = 1;
    return x;
}
