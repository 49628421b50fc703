/*
 * start.h - START messages: what a zygote needs to make a child, and what a
 * child needs that takes another test.
 */
#ifndef VMLAB_BRIDGE_START_H
#define VMLAB_BRIDGE_START_H

#include <stdbool.h>

#include "bridge.h"

/* Sends one with `count` descriptors; 0, or -1 with errno. */
int bridge_send_start(int to, const struct bridge_start *start, const int *fds,
                      size_t count);

/* Receives one; the descriptors are then the caller's.  Returns false when what
 * came is no START message, or when nobody is there any more: then *closed. */
bool bridge_receive_start(int from, struct bridge_start *start,
                          int fds[BRIDGE_DESCRIPTORS_MAX], unsigned *count,
                          bool *closed);

#endif
