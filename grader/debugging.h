/*
 * debugging.h - a public test with the student's module in gdb.
 */
#ifndef VMLAB_DEBUGGING_H
#define VMLAB_DEBUGGING_H

#include "kit.h"

/* Compiles the module in `folder`, starts gdb on its program in the foreground
 * with breakpoints at the contract's functions, and lets the judge run `test`
 * against it.  Ends the program when there is nothing to debug. */
void debug_module(const struct kit *kit, const struct kit_stage *stage,
                  const char *folder, const char *test, uint64_t seed);

#endif
