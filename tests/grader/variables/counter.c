/* A variable without a value. */
int module(void);

int
module(void)
{
    static int calls;
    return ++calls;
}
