/*
 * page.h - text on a terminal: colour, columns, wrapping.
 *
 * Columns are counted in characters as they are shown, so tables stay straight
 * with names in any script.  Text must have been cleaned (text_clean).
 */
#ifndef VMLAB_PAGE_H
#define VMLAB_PAGE_H

#include <stdbool.h>
#include <stdio.h>

struct page {
    FILE *out;
    bool colour;
    unsigned width; /* in columns */
};

enum style {
    STYLE_PLAIN,
    STYLE_STRONG,
    STYLE_FAINT,
    STYLE_GOOD,
    STYLE_BAD,
    STYLE_WARN,
};

enum side {
    SIDE_LEFT,
    SIDE_RIGHT,
};

/* Whether `out` is a terminal and NO_COLOR is not set (no-color.org: set and
 * not empty). */
bool page_wants_colour(FILE *out);

/* The width of the terminal, within 80 to 100 columns; 80 for anything else. */
unsigned page_width(FILE *out);

void page_text(const struct page *page, enum style style, const char *text);
void page_spaces(const struct page *page, unsigned columns);
void page_newline(const struct page *page);

/* A line from one border to the other. */
void page_rule(const struct page *page);

/* `text` in a field of `columns`, at its left or right side; what does not fit
 * ends in an ellipsis; newlines become spaces. */
void page_field(const struct page *page, enum style style, const char *text,
                unsigned columns, enum side side);

/* Text broken at spaces, from column `at`, where the cursor stands, on; ends
 * with a newline.  Further lines start at column `indent`.  A newline in the
 * text starts a new line, too. */
void page_wrap(const struct page *page, enum style style, const char *text,
               unsigned at, unsigned indent);

/* Lines as they are, each from column `indent` on, what is too long continued
 * on the next.  Tabs go to the next multiple of 8 columns. */
void page_verbatim(const struct page *page, enum style style, const char *text,
                   unsigned indent);

#endif
