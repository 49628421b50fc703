/*
 * exports.h - the standings for other programs.
 */
#ifndef VMLAB_EXPORTS_H
#define VMLAB_EXPORTS_H

#include <stdio.h>

#include "batch/sheet.h"
#include "batch/standings.h"

/* A table with a row per student, for a spreadsheet: points of each stage, its
 * bonus, its status, and the total.  Text that could be taken for a formula is
 * made harmless. */
void export_csv(FILE *out, const struct standings *standings);

/* The same as JSON, `vmlab.class/1`. */
void export_json(FILE *out, const struct standings *standings);

/* What goes into which column of a sheet. */
struct column_wish {
    const char *title; /* of the column; of Canvas' "Page walk (98765)" also  */
                       /* "Page walk" and "98765"                             */
    const char *stage; /* whose points; NULL: the total                       */
};

struct filling {
    const struct column_wish *wishes;
    size_t wish_count;
    bool zeros; /* 0 points to those who handed nothing in            */
    struct strings unknown; /* rows that are nobody of the gradebook          */
    struct strings absent;  /* students of the gradebook who have no row      */
    struct strings ungraded; /* rows that were left as they are               */
    size_t filled;
};

/* Fill in an instructor's own sheet, as it was exported from the platform: the
 * cells of the wished columns and nothing else.  Points are scaled to what the
 * sheet says is possible; a cell that excuses a student stays.  A sheet without
 * such a column is die().  `path` is for messages. */
void fill_canvas(struct sheet *sheet, const struct standings *standings,
                 struct filling *filling, const char *path);
void fill_moodle(struct sheet *sheet, const struct standings *standings,
                 struct filling *filling, const char *path);
void filling_free(struct filling *filling);

#endif
