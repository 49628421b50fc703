/*
 * board.h - a class that is being graded, on a terminal or in a pipe.
 *
 *     student          segment   tlb  heap  total
 *     alice               83.5   100     -   61.1
 *     [########------------] 120 of 300, 14.2 a minute, 13 min left
 *
 * A line per student, as soon as the student is graded; the bar is on a
 * terminal alone and always the last line.
 */
#ifndef VMLAB_BOARD_H
#define VMLAB_BOARD_H

#include "batch/gradebook.h"
#include "page.h"

struct board {
    struct page page; /* rows                                                 */
    FILE *bar;        /* NULL: nobody is watching                             */
    const struct strings *stages;
    double began;
    size_t done, count, ungraded;
    bool bar_shown;
};

struct board board_on(FILE *out, FILE *bar, bool quiet,
                      const struct strings *stages);

/* `count` gradings are about to begin. */
void board_begin(struct board *board, size_t count);

/* One of them is over, well or not. */
void board_step(struct board *board, bool graded);

/* What the submission has now, under the student's name. */
void board_row(struct board *board, struct gradebook *book, const char *name,
               const char *digest);

/* A line of text among the rows. */
void board_say(struct board *board, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Draws the bar anew, or takes it away. */
void board_bar(struct board *board);
void board_clear(struct board *board);

#endif
