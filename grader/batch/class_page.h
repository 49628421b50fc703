/*
 * class_page.h - the class on one HTML page, for the instructor: scores, where
 * the class struggles, every test by every student.
 *
 * The page needs no network and no script.  Everything on it that a student
 * chose is escaped.  Links lead to the reports in OUT/records.
 */
#ifndef VMLAB_CLASS_PAGE_H
#define VMLAB_CLASS_PAGE_H

#include "batch/gradebook.h"

/* Writes the page whole or not at all, of the best attempts.  0, or -1 with
 * errno set. */
int class_page_write(struct gradebook *book, const char *path);

/* The same to a stream. */
void class_page_print(struct gradebook *book, FILE *out);

#endif
