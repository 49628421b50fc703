/*
 * tools.h - the programs of others that grading runs.
 */
#ifndef VMLAB_TOOLS_H
#define VMLAB_TOOLS_H

#include <stdbool.h>

/* Ends the program, with what to install, when the compiler is missing, or
 * valgrind (for `memory`), or gcovr (for `coverage`). */
void tools_must_be_there(bool memory, bool coverage);

/* The same for one: `program` of Debian's package `package`, needed `why`. */
void tool_must_be_there(const char *program, const char *package,
                        const char *why);

#endif
