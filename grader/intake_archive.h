/*
 * intake_archive.h - the files of an archive, offered to a pick.  Only intake*.c
 * and its tests use it.
 */
#ifndef VMLAB_INTAKE_ARCHIVE_H
#define VMLAB_INTAKE_ARCHIVE_H

#include <stddef.h>

#include "intake_pick.h"

/* Reads the archive that these bytes are in a process of its own.  Whatever the
 * archive does to that process, `pick` has the outcome. */
void intake_archive(struct pick *pick, const void *bytes, size_t length);

/* What that process does: offers every entry of the archive to the pick. */
void intake_archive_scan(struct pick *pick, const void *bytes, size_t length);

#endif
