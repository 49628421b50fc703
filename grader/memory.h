/*
 * memory.h - memcheck's reports: what valgrind found in the process of one
 * test.
 */
#ifndef VMLAB_MEMORY_H
#define VMLAB_MEMORY_H

#include <stdbool.h>

#include "result.h"
#include "text.h"

/* The program, and the folder with its tools: what a sandbox must let be
 * executed.  Debian's `valgrind` is a shell script around it. */
#define MEMORY_VALGRIND       "/usr/bin/valgrind.bin"
#define MEMORY_VALGRIND_TOOLS "/usr/libexec/valgrind"

/* The arguments that put a module's program under memcheck, which writes one
 * XML file per process into `folder`; NULL-terminated, `program` and its own
 * arguments last.  With `again` a process takes another test when nothing has
 * remained of the last (bridge/zygote.c): right for a module without variables
 * of its own. */
void memory_command(struct strings *argv, const char *folder,
                    const char *program, bool again);

/* Reads the report of process `child` from `folder` and adds its errors to the
 * test; `source` is the student's file name ("segment.c"), to which errors are
 * traced.  Returns false, with *trouble set, when there is no whole report. */
bool memory_read(struct test_result *test, const char *folder, int child,
                 const char *source, char **trouble);

#endif
