/*
 * zygote.h - what a program that zygote.c turns into a zygote supplies: the
 * work of one child.
 */
#ifndef VMLAB_BRIDGE_ZYGOTE_H
#define VMLAB_BRIDGE_ZYGOTE_H

#include <stdbool.h>
#include <stdnoreturn.h>

#include "bridge.h"

/* Runs a test in a freshly forked process.  `fds` are the START message's
 * descriptors but the last, `count` of them; all others are still open.
 * `again` is -1, or a socket on which the child may say that it is as new, and
 * then gets another START message with as many descriptors. */
noreturn void zygote_child(const struct bridge_start *start, const int *fds,
                           unsigned count, int again);

/* Called once before the first fork when the program runs under valgrind: does
 * what children will do, so that it is translated once. */
void zygote_rehearse(void);

/* Called first, with main's arguments; returns whether to go on, and whether
 * children are used *again. */
bool zygote_prepare(int argc, char **argv, bool *again);

#endif
