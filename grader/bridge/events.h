/*
 * events.h - what happened between judge and subject, in order: calls of the
 * contract, calls of the machine and of served references, their results, and
 * what the judge derives from them.  Failure messages, reports and pictures
 * come from it alone.  The last EVENTS_KEPT events stay in memory; with
 * VMLAB_EVENTS set to a file name all are also written there as JSON lines.
 */
#ifndef VMLAB_BRIDGE_EVENTS_H
#define VMLAB_BRIDGE_EVENTS_H

#include <stddef.h>

#include "bridge.h"

enum { EVENTS_KEPT = 512 };

/* A call begins; `depth` 0 is the contract, 1 what the module calls, ... */
void events_call(const struct bridge_function *function, const word w[6],
                 unsigned depth);
/* The innermost open call of that depth came back. */
void events_result(unsigned depth, word value, int err);
/* Something that the judge derives ("the entry of 0x4000 lost W"). */
void events_derive(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* Forgets everything: a new test. */
void events_reset(const char *test);

/* The last events as text, one line each, the newest last, at most `lines`
 * lines; the caller frees it.  Calls that never came back say so. */
char *events_text(unsigned lines);

/* A call as C would write it: "seg_load(cpu=0x.., SEG_DS, 16, ...)". */
void events_format_call(char *to, size_t room,
                        const struct bridge_function *function,
                        const word w[6]);
void events_format_result(char *to, size_t room,
                          const struct bridge_function *function, word value,
                          int err);

#endif
