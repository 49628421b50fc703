/*
 * reports.h - a report per student, to be given to the student.
 */
#ifndef VMLAB_REPORTS_H
#define VMLAB_REPORTS_H

#include "batch/standings.h"
#include "record.h"
#include "report.h"

/* Writes into the existing folder, for every student who handed something in,
 * NAME.txt with the stages that count and as much of hidden tests as `hidden`
 * says.  NAME is the student's key, made fit for a file.  Returns how many were
 * written; who has none, and why, is added to `trouble`. */
size_t reports_write(struct gradebook *book, const struct standings *standings,
                     const struct record_kit *kit, enum visibility hidden,
                     const char *folder, struct strings *trouble);

#endif
