/*
 * progress.c - see progress.h.
 */
#include "progress.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Carriage return, and "erase to the end of the line". */
#define CLEAR "\r\033[K"

static int watched;

/* The shell's next prompt stands on a line of its own. */
static void
clear_and_die(int number)
{
    (void)!write(watched, CLEAR, sizeof CLEAR - 1);
    raise(number); /* the handler is gone: SA_RESETHAND */
}

static void
clear_when_stopped(int terminal)
{
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction action = {
        .sa_handler = clear_and_die,
        .sa_flags = (int)(SA_RESETHAND | SA_NODEFER),
    };
    watched = terminal;
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        struct sigaction old;
        if (sigaction(stops[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
            sigaction(stops[i], &action, NULL);
        }
    }
}

struct progress
progress_on(FILE *out, bool quiet)
{
    const bool shown = !quiet && isatty(fileno(out));
    if (shown) {
        clear_when_stopped(fileno(out));
    }
    return (struct progress){.out = shown ? out : NULL};
}

void
progress_submission(struct progress *progress, const char *name,
                    size_t number, size_t count)
{
    const char *const slash = strrchr(name, '/');
    progress->submission =
        slash != NULL && slash[1] != '\0' ? slash + 1 : name;
    progress->number = number;
    progress->count = count;
}

void
progress_step(const char *stage, const char *step, void *context)
{
    const struct progress *const progress = context;
    if (progress->out == NULL) {
        return;
    }
    fputs(CLEAR, progress->out);
    if (progress->count > 1) {
        fprintf(progress->out, "[%zu/%zu] %.40s: ", progress->number,
                progress->count, progress->submission);
    }
    fprintf(progress->out, "%s: %s ...", stage, step);
    fflush(progress->out);
}

void
progress_clear(struct progress *progress)
{
    if (progress->out != NULL) {
        fputs(CLEAR, progress->out);
        fflush(progress->out);
    }
}
