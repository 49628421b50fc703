/*
 * utf8.h - characters and columns of UTF-8 text.
 *
 * Names and messages of submissions are UTF-8 wherever they are shown; a table
 * that counts bytes, or even characters, is crooked as soon as a student is
 * called Müller or 王.  Nothing here depends on the user's locale.
 */
#ifndef VMLAB_UTF8_H
#define VMLAB_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* What utf8_decode gives for bytes that are no character. */
#define UTF8_INVALID UINT32_MAX

/* Decodes the character at the start of `bytes`, of which `length` (> 0) may be
 * read, and returns how many bytes it takes.  Overlong forms, surrogates, what
 * lies above U+10FFFF and what is cut short give UTF8_INVALID and take one
 * byte. */
size_t utf8_decode(const char *bytes, size_t length, uint32_t *character);

/* Columns that valid text takes on a terminal: 2 for a wide character such as
 * a Chinese one, 0 for a combining mark. */
unsigned utf8_columns(const char *text);

/* Bytes at the start of `text` that fit into `columns` columns, never cutting a
 * character. */
size_t utf8_fit(const char *text, unsigned columns);

#endif
