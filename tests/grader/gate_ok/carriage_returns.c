/* As other systems end lines, #line in a comment of more lines too:
#line 5 "x"
*/
#define TWICE(x) \
    ((x) + \
     (x))
int module(int x);

int
module(int x)
{
    return TWICE(x);
}
