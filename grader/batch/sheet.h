/*
 * sheet.h - tables of comma-separated values, as instructors have them.
 */
#ifndef VMLAB_SHEET_H
#define VMLAB_SHEET_H

#include <stdbool.h>
#include <stdio.h>

#include "text.h"

/* Bytes of cells are as they are in the file, whatever their encoding. */
struct sheet {
    struct strings *rows; /* the first is the header                          */
    size_t row_count;
    char delimiter; /* ',' or, where a spreadsheet wrote it so, ';' or a tab  */
    bool mark;      /* the file begins with a byte order mark                 */
};

/* Reads the whole file.  One that cannot be read, or that is no such table, is
 * die(). */
struct sheet *sheet_read(const char *path);
void sheet_free(struct sheet *file);

/* Writes all rows, in the same manner. */
void sheet_write(FILE *out, const struct sheet *file);

/* One cell, quoted where that is needed. */
void sheet_write_cell(FILE *out, const char *text, char delimiter);

/* The same for text that others have chosen: what a spreadsheet would take for
 * a formula (=, +, -, @, tab or carriage return first) gets an apostrophe in
 * front. */
void sheet_write_text(FILE *out, const char *text, char delimiter);

/* The column whose header is the name, whatever the case; or -1. */
int sheet_column(const struct sheet *file, const char *name);

/* The cell; "" where the row is shorter. */
const char *sheet_cell(const struct sheet *file, size_t row, int column);

/* Sets the cell of a row, which grows as needed. */
void sheet_set(struct sheet *file, size_t row, int column, const char *text);

#endif
