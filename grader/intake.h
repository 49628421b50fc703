/*
 * intake.h - from what a student handed in to the files that are graded.
 *
 * A submission is a folder, an archive (.tar, also .gz .xz .zst .bz2, or .zip)
 * or a single file M.c.  Out of it come, by exact name, the files that the
 * caller lists and nothing else.  intake.c says how, and why it is safe.
 *
 * What is wrong with a submission is a value (`trouble`, `ignored`).  What the
 * host refuses (no work directory, a full disk, no memory) is die(), and so is
 * a path that does not exist (EX_NOINPUT): no submission is blamed for either.
 */
#ifndef VMLAB_INTAKE_H
#define VMLAB_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"

/* Limits.  Beyond one of the first three the one file is refused or left out,
 * beyond one of the others the submission as a whole. */
#define INTAKE_FILE_BYTES     (256u << 10) /* of one file that is graded      */
#define INTAKE_PATH_BYTES     1024u        /* of a path in the submission     */
#define INTAKE_DEPTH          16u          /* folders on the way to a file    */
#define INTAKE_ENTRIES        20000u       /* files and folders, of any name  */
#define INTAKE_ARCHIVE_BYTES  (16u << 20)  /* of the archive as it came       */
#define INTAKE_UNPACKED_BYTES (128u << 20) /* of all that it holds            */
#define INTAKE_RATIO          200u         /* unpacked to packed, from ...    */
#define INTAKE_RATIO_FROM     (4u << 20)   /* ... this unpacked size on       */
#define INTAKE_CPU_SECONDS    10u          /* for reading an archive          */
#define INTAKE_WALL_SECONDS   120u

/* Lines of `ignored`: of those that may be news to the student, and of the
 * rest; one more says how many were left out. */
#define INTAKE_NOTABLE_LINES 32u
#define INTAKE_PLAIN_LINES   16u

/* One file that was taken; it stands in the work directory as `name`. */
struct intake_file {
    const char *name; /* of the caller's list                                 */
    char *path;       /* where it was in the submission, fit to be shown      */
    size_t bytes;
};

struct intake {
    char *trouble; /* what is wrong and what to do, a line each; or NULL      */
    char *digest;  /* SHA-256 of the files taken, 64 hexadecimal digits       */
    struct intake_file *files; /* sorted by name                              */
    size_t file_count;
    struct ignored_file *ignored; /* fit to be shown                          */
    size_t ignored_count;
};

/* Takes from `submission` the files whose names are among the `count` names
 * `accepted` and writes them into the existing folder `directory`, in which
 * none of them may exist yet.
 *
 * A file that is there but cannot be taken (too large, unreadable, twice at the
 * same depth) is trouble and is not taken; the others are.  An archive that is
 * damaged, encrypted or beyond a limit gives nothing.  A name of the list that
 * is absent is no trouble as long as any other is there: that stage was not
 * submitted.  The names in `accepted` must outlive the answer.
 *
 * The digest is of, for each file in the order of names: the name, a NUL, the
 * length as 8 bytes (lowest first), the contents.  Where the files lay and how
 * they were packed does not enter. */
struct intake intake_take(const char *submission, const char *const *accepted,
                          size_t count, const char *directory);

/* Whether the file of that name was taken. */
bool intake_has(const struct intake *intake, const char *name);

void intake_free(struct intake *intake);

#endif
