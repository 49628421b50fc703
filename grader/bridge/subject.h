/*
 * subject.h - the subject's side of the bridge: a zygote's child that serves
 * one test (child.c).
 */
#ifndef VMLAB_BRIDGE_SUBJECT_H
#define VMLAB_BRIDGE_SUBJECT_H

#include "bridge.h"

/* The contract's functions, for the judge to call. */
extern const struct bridge_serves bridge_serves;

/* Descriptors of a child: the judge's socket. */
enum { CHILD_SOCKET = 3 };

/* Used by proxies. */
word subject_pass_object(unsigned parameter, const void *object, size_t bytes);
void subject_fetch_object(unsigned parameter, void *object, size_t bytes);

#endif
