/*
 * die.h - trouble of the host: our own, never a submission's.
 *
 * Three kinds of failure have three channels: a bug of ours is an assert, what
 * a submission did wrong is a value in the result record, and what the host
 * refuses us (no memory, no disk, a tool that is missing) ends here.
 */
#ifndef VMLAB_DIE_H
#define VMLAB_DIE_H

#include <stdnoreturn.h>
#include <sysexits.h>

/* Prints "PROGRAM: message" and a newline to standard error and exits with
 * `status`, one of sysexits.h.  A format that ends with ':' is followed by
 * strerror(errno).  Say in the message what to do about it. */
noreturn void die(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, without ending the program. */
void warn_user(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
