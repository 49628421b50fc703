/* Names that only look forbidden, and helpers that take common ones. */
#include <stddef.h>

int module(int fork);

static int time_of(int clock) { return clock; }
static int section, constructor, alias, weak, line, asmx, my__asm__;
static int read(int descriptor) { return descriptor; } /* its own, static */
int exit_code;
int helper(void);
int
helper(void)
{
    return exit_code; /* #line 12 "not a directive" */
}

// __asm__("nop"); \
#line 99 "still the comment"
#define pragma 1
# define directive "#line 1"
#

int
module(int fork)
{
    struct {
        int attribute, optimize, asm_;
    } target = { pragma, section, constructor };
    const char *text = "\
#line 5 \"in a string\"\
";
    return fork + time_of(alias + weak + line + asmx + my__asm__) +
           read(target.attribute) + helper() + (text != NULL) +
           (directive[0] == '#');
}
