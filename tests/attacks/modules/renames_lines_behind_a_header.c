/* renames_lines_behind_a_header.c - #line behind the name of a header in which
 * nothing is a comment; what follows is nobody's. */
#if __has_include(<a/*b>)
#endif
#line 1 "nobody.c"
/* */
__attribute__((no_profile_instrument_function)) int
hidden(void)
{
    return 1;
}
