/*
 * text.h - strings of the grader: made, cleaned, joined.  All memory comes
 * from malloc and is the caller's; running out of it ends the program.
 */
#ifndef VMLAB_TEXT_H
#define VMLAB_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* malloc, calloc, realloc and strdup that never return NULL. */
void *xmalloc(size_t bytes);
void *xcalloc(size_t count, size_t bytes);
void *xrealloc(void *old, size_t bytes);
char *xstrdup(const char *text);

/* A new string in printf's manner. */
char *text_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
char *text_vformat(const char *format, va_list arguments)
    __attribute__((format(printf, 1, 0)));

/* The whole of the text as a number without a sign, in C's notation; false when
 * it is none or not below 2^64. */
bool text_read_number(const char *text, uint64_t *number);

/* Makes bytes from a submission fit to be shown anywhere: valid UTF-8
 * (U+FFFD for what is not), no control characters but newline and tab, no
 * bidirectional overrides, at most `limit` bytes with "[...]" in the middle
 * where something was left out.  `bytes` may hold NULs. */
char *text_clean(const void *bytes, size_t length, size_t limit);

/* Text as one word of a shell's command line, which can be shown and copied
 * whatever is in it: 'as it is', or $'escaped' when it would not survive
 * text_clean. */
char *text_shell_word(const char *text);

/* The whole file, NUL-terminated, with its length (may be NULL); at most
 * `limit` bytes.  NULL with errno set (EFBIG when it is longer). */
char *text_read_file(const char *path, size_t limit, size_t *length);

/* Writes a file whole or not at all: a temporary file beside it, without a name
 * until it is synced, and renamed.  What is there and no regular file, such as
 * /dev/stdout, is written as it is.  Returns 0, or -1 with errno set. */
int text_write_file(const char *path, const void *bytes, size_t length);

/* A growing list of strings, NULL-terminated; {0} is an empty one. */
struct strings {
    char **item;
    size_t count;
};
void strings_add(struct strings *list, const char *text);
void strings_addf(struct strings *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void strings_free(struct strings *list);

/* Adds the names of the files in `folder` that end in `suffix`, without it, in
 * the order of the alphabet; nothing when there is no such folder. */
void strings_list_folder(struct strings *list, const char *folder,
                         const char *suffix);

#endif
