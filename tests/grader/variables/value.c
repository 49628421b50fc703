/* A variable with a value, at file level. */
int module(void);

static unsigned seed = 1;

int
module(void)
{
    seed = seed * 1103515245 + 12345;
    return (int)(seed >> 16);
}
