/* renames_lines_by_a_return.c - #line behind a carriage return, which ends a line
 * for the compiler; what follows is nobody's. */
static int before;@RETURN@#line 1 "nobody.c"
__attribute__((no_profile_instrument_function)) int
hidden(void)
{
    return before++;
}
