/*
 * progress.c - see progress.h.
 */
#include "progress.h"

#include <string.h>
#include <unistd.h>

struct progress
progress_on(FILE *out, bool quiet)
{
    return (struct progress){
        .out = !quiet && isatty(fileno(out)) ? out : NULL,
    };
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
    /* Carriage return, and "erase to the end of the line". */
    fputs("\r\033[K", progress->out);
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
        fputs("\r\033[K", progress->out);
        fflush(progress->out);
    }
}
