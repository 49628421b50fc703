/*
 * coverage.h - how much of a module the student's own tests have reached, by
 * gcovr from the counts that gcov's runtime wrote.
 */
#ifndef VMLAB_COVERAGE_H
#define VMLAB_COVERAGE_H

#include <stdbool.h>

#include "result.h"

struct sandbox;

/* Reads the counts below `folder` (.gcno and .gcda), of the file `source`
 * ("segment.c"), which stands in the folder source beside it (build.h); the
 * sandbox lets both folders be written.  Returns false, with *trouble set, when gcovr does not tell. */
bool coverage_read(struct coverage *coverage, const char *folder,
                   const char *source, const struct sandbox *sandbox,
                   char **trouble);

#endif
