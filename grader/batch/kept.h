/*
 * kept.h - every submission that was ever seen, by its digest.
 *
 * OUT/submissions/DIGEST is a copy of the folder or archive as it was handed
 * in: what was graded can be graded again when the download is long gone.  The
 * name is all that a grading is told, so nothing of a student's name gets into
 * a report that two students with equal work share.
 */
#ifndef VMLAB_KEPT_H
#define VMLAB_KEPT_H

#include "batch/downloads.h"

/* Hexadecimal digits of a digest: the first 128 bits of SHA-256. */
enum { DIGEST_DIGITS = 32 };

/* Copies the submission into the folder `kept` unless it is there already.
 * Returns its digest, to be freed; or NULL, with a sentence in `*trouble` that
 * says why, when something cannot be read or written.  What no intake would
 * look at is not copied: a file beyond INTAKE_ARCHIVE_BYTES becomes a hole of
 * the same size, links stay links, devices and the like are left out. */
char *kept_take(const struct handed_in *item, const char *kept, char **trouble);

#endif
