#include "die.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clean.h"

/* One line to standard error.  What goes to standard output comes out first,
 * so that the message stands below what the program had already said. */
static void
report(const char *format, va_list arguments)
{
    const int error = errno;
    const size_t length = strlen(format);

    fflush(stdout);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    /* Names in it may be a submission's, and the reader's is a terminal. */
    char *words = NULL;
    const int bytes = vasprintf(&words, format, arguments);
    char *const clean =
        bytes < 0 ? NULL : malloc((size_t)bytes * CLEAN_GROWTH + 1);
    if (clean != NULL) {
        clean_bytes(clean, words, (size_t)bytes);
        fputs(clean, stderr);
    }
    free(clean);
    free(bytes < 0 ? NULL : words);
    if (length > 0 && format[length - 1] == ':') {
        fprintf(stderr, " %s", strerror(error));
    }
    fputc('\n', stderr);
    errno = error;
}

/* Only one thread ends the program: what it takes away at the end would make
 * another one fail, too, with words that mislead. */
static void
be_the_only_one(void)
{
    static atomic_flag taken = ATOMIC_FLAG_INIT;
    static _Thread_local bool mine;
    if (!mine && atomic_flag_test_and_set(&taken)) {
        for (;;) {
            pause();
        }
    }
    mine = true;
}

void
die(int status, const char *format, ...)
{
    va_list arguments;
    be_the_only_one();
    va_start(arguments, format);
    report(format, arguments);
    va_end(arguments);
    exit(status);
}

void
warn_user(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(format, arguments);
    va_end(arguments);
}
