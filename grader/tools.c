/*
 * tools.c - see tools.h.  Asked before anything is graded, so that a missing
 * tool is one message and not a trouble of every submission.
 */
#include "tools.h"

#include <stddef.h>
#include <stdlib.h>

#include "die.h"
#include "memory.h"
#include "process.h"

void
tool_must_be_there(const char *program, const char *package, const char *why)
{
    char *const path = process_find(program);
    if (path == NULL) {
        die(EX_UNAVAILABLE,
            "%s is missing, which %s; install it with: apt-get install %s",
            program, why, package);
    }
    free(path);
}

void
tools_must_be_there(bool memory, bool coverage)
{
    tool_must_be_there(VMLAB_CC, VMLAB_CC, "compiles modules and own tests");
    tool_must_be_there("objcopy", "binutils", "prepares what was compiled");
    if (memory) {
        tool_must_be_there(MEMORY_VALGRIND, "valgrind", "checks memory");
    }
    if (coverage) {
        tool_must_be_there("gcovr", "gcovr", "measures coverage");
    }
}
