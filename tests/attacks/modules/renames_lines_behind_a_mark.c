@BOM@#line 1 "nobody.c"
/* renames_lines_behind_a_mark.c - #line behind a byte order mark, which stands for
 * nothing; what follows is nobody's. */
__attribute__((no_profile_instrument_function)) int
hidden(void)
{
    return 1;
}
