/*
 * report_files.h - a report in files, one for each stage.
 */
#ifndef VMLAB_REPORT_FILES_H
#define VMLAB_REPORT_FILES_H

#include "report.h"

/* Writes FOLDER/M.txt for each stage M of which there is something to say, and
 * FOLDER/submission.txt about the rest, without colour.  Returns 0, or -1 with
 * errno when one could not be written. */
int report_files_write(const struct result *result,
                       const struct report_options *options,
                       const char *folder);

#endif
