/*
 * files.h - for tests of the grader: files that are made, changed and compared.
 *
 * Tests run in the repository's root.  Everything that they write lies in a
 * directory of their own, which is removed when the test ends.
 */
#ifndef VMLAB_TESTS_FILES_H
#define VMLAB_TESTS_FILES_H

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

/* The directory of the running test. */
static char test_directory[64];

static inline void
make_directory(void)
{
    strcpy(test_directory, "/tmp/vmlab-test-XXXXXX");
    cr_assert_not_null(mkdtemp(test_directory));
}

static inline int
remove_one(const char *path, const struct stat *status, int type,
           struct FTW *position)
{
    (void)status;
    (void)type;
    (void)position;
    return remove(path);
}

static inline void
remove_directory(void)
{
    nftw(test_directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path in the test's directory; valid until the next call but three. */
static inline const char *
path_of(const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", test_directory, name);
    return path;
}

static inline const char *
write_text(const char *name, const char *text)
{
    const char *path = path_of(name);
    cr_assert_eq(text_write_file(path, text, strlen(text)), 0);
    return path;
}

static inline char *
read_text(const char *path)
{
    char *text = text_read_file(path, 1 << 20, NULL);
    cr_assert_not_null(text, "cannot read %s", path);
    return text;
}

/* A copy of `text` in which `old`, which must be there, is `new`. */
static inline char *
replaced(const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);
    cr_assert_not_null(at, "\"%s\" is not in the sample", old);
    return text_format("%.*s%s%s", (int)(at - text), text, new,
                       at + strlen(old));
}

/* Expects one error, which ends with `message` and names the file by its path
 * in the test's directory. */
static inline void
expect_error(struct strings *errors, const char *name, const char *message)
{
    char *all = xstrdup("");
    for (size_t i = 0; i < errors->count; i++) {
        char *longer = text_format("%s%s\n", all, errors->item[i]);
        free(all);
        all = longer;
    }
    char *expected = text_format("%s%s\n", path_of(name), message);
    cr_expect_str_eq(all, expected, "expected  %sgot       %s", expected, all);
    free(all);
    free(expected);
    strings_free(errors);
}

/* Compares with tests/grader/golden/NAME byte by byte and shows how they
 * differ.  With VMLAB_GOLDEN=update in the environment the file is written
 * instead, and the test fails all the same: look at what `git diff` says. */
static inline void
expect_golden(const char *name, const char *text)
{
    char *golden = text_format("tests/grader/golden/%s", name);
    const char *mode = getenv("VMLAB_GOLDEN");
    if (mode != NULL && strcmp(mode, "update") == 0) {
        cr_assert_eq(text_write_file(golden, text, strlen(text)), 0);
        cr_assert_fail("%s was written; read it before it is committed",
                       golden);
    }
    const char *got = write_text("got", text);
    char *command = text_format("diff -u %s %s >&2", golden, got);
    cr_expect_eq(system(command), 0, "the report is not %s", golden);
    free(command);
    free(golden);
}

#endif
