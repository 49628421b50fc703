/* As some editors save a file. */
int module(int x);

int
module(int x)
{
    return x;
}
