/* Constants alone, with pointers and without. */
int module(void);

static const char *const name[] = {"zero", "one", "two"};
static const int value[] = {1, 2, 3};
static const char text[] = "constant";

int
module(void)
{
    int sum = 0;
    for (unsigned i = 0; i < 3; i++)
        sum += name[i][0] + value[i] + text[i];
    return sum;
}
