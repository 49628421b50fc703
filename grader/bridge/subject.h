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

/* Which machines lie in the arena, where the module reaches them (direct.c; in
 * stages without machines these are absent): the bytes of one, and one at `memory`,
 * all of which is in the arena. */
uint64_t direct_bytes(uint64_t frames) __attribute__((weak));
void direct_add(const void *mach, uint64_t frames, void *memory)
    __attribute__((weak));
void direct_forget(void) __attribute__((weak));

/* Used by thunks.  Who calls may be a student's test that sends what no proxy
 * would, in order to read the module instead of trying it.  So an object is
 * NULL or lies in the arena, and of the module's own structs, which are not in
 * the arena, a token goes out and nothing else comes in; a child that is asked
 * for anything else leaves. */
void *subject_take_object(word address, size_t bytes);
word subject_give_state(const void *state);
void *subject_take_state(word token);

#endif
