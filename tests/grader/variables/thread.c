/* A variable of each thread. */
int module(void);

static _Thread_local int calls;

int
module(void)
{
    return ++calls;
}
