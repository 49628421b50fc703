/*
 * clean.h - what came from a submission, made fit to be shown anywhere: on a
 * terminal, in a page, in a sheet.  Takes no memory and ends nothing, so that
 * the message of a program that ends can be cleaned, too.
 */
#ifndef VMLAB_CLEAN_H
#define VMLAB_CLEAN_H

#include <stddef.h>

enum { CLEAN_GROWTH = 3 }; /* bytes that a byte becomes, at most              */

/* Writes bytes as valid UTF-8 (U+FFFD for what is not), without control
 * characters but newline and tab, without bidirectional overrides.  `to` has
 * room for CLEAN_GROWTH * length + 1 bytes; returns the length of what it holds,
 * without the NUL at its end.  `bytes` may hold NULs. */
size_t clean_bytes(char *to, const void *bytes, size_t length);

/* Shortens clean text of `length` bytes to at most `limit`, keeping head and
 * tail, with "[...]" in the middle. */
void clean_cut(char *text, size_t length, size_t limit);

#endif
