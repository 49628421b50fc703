#include "batch/board.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch/workers.h"
#include "report.h"

enum { BAR = 24, NAME = 16, WIDEST_NAME = 32, CELL = 8, MINUTE = 60 };

struct board
board_on(FILE *out, FILE *bar, bool quiet, const struct strings *stages)
{
    return (struct board){
        .page = {out, page_wants_colour(out), page_width(out)},
        .bar = !quiet && isatty(fileno(bar)) ? bar : NULL,
        .stages = stages,
    };
}

/* ---- The bar ------------------------------------------------------------- */

void
board_clear(struct board *board)
{
    if (board->bar_shown) {
        fputs("\r\033[K", board->bar);
        fflush(board->bar);
        board->bar_shown = false;
    }
}

void
board_bar(struct board *board)
{
    if (board->bar == NULL || board->count == 0) {
        return;
    }
    const size_t full = BAR * board->done / board->count;
    const double minutes = (workers_now() - board->began) / MINUTE;
    fputs("\r\033[K[", board->bar);
    for (size_t i = 0; i < BAR; i++) {
        fputc(i < full ? '#' : '-', board->bar);
    }
    fprintf(board->bar, "] %zu of %zu", board->done, board->count);
    if (board->done > 0 && minutes > 0) {
        const double left = minutes / (double)board->done *
                            (double)(board->count - board->done);
        fprintf(board->bar, ", %.1f a minute, ", (double)board->done / minutes);
        if (left < 1) {
            fprintf(board->bar, "%.0f s left", left * MINUTE);
        } else {
            fprintf(board->bar, "%.0f min left", left);
        }
    }
    if (board->ungraded > 0) {
        fprintf(board->bar, ", %zu ungraded", board->ungraded);
    }
    fflush(board->bar);
    board->bar_shown = true;
}

/* ---- Rows ---------------------------------------------------------------- */

/* Stages beside each other, or, of a long course, as many as fit. */
static size_t
columns_that_fit(const struct board *board)
{
    const size_t room = (board->page.width - NAME) / (CELL + 1);
    return room < board->stages->count ? room : board->stages->count;
}

/* What the columns leave is for names. */
static unsigned
name_width(const struct board *board)
{
    const unsigned room =
        board->page.width - (unsigned)columns_that_fit(board) * (CELL + 1);
    return room < WIDEST_NAME ? room : WIDEST_NAME;
}

static void
cell(const struct board *board, enum style style, const char *text)
{
    page_spaces(&board->page, 1);
    page_field(&board->page, style, text, CELL, SIDE_RIGHT);
}

void
board_begin(struct board *board, size_t count)
{
    const struct page *const page = &board->page;
    board->began = workers_now();
    board->count = count;
    page_field(page, STYLE_STRONG, "student", name_width(board), SIDE_LEFT);
    for (size_t i = 0; i < columns_that_fit(board); i++) {
        cell(board, STYLE_STRONG, board->stages->item[i]);
    }
    page_newline(page);
    page_rule(page);
    fflush(page->out);
    board_bar(board);
}

void
board_step(struct board *board, bool graded)
{
    board->done++;
    board->ungraded += !graded;
}

/* In a cell: points, or why there are none. */
static void
show_stage(const struct board *board, struct gradebook *book,
           const char *digest, const char *stage)
{
    sqlite3_stmt *const find = gradebook_prepare(
        book,
        "SELECT status, must_got, EXISTS(SELECT 1 FROM trouble WHERE digest = "
        "?1 AND stage = ?2) FROM (SELECT 1) LEFT JOIN current ON digest = ?1 "
        "AND stage = ?2",
        "tt", digest, stage);
    sqlite3_step(find);
    const char *const status = (const char *)sqlite3_column_text(find, 0);
    const bool trouble = sqlite3_column_int(find, 2) != 0;
    if (trouble) {
        cell(board, STYLE_WARN, "ungraded");
    } else if (status == NULL || strcmp(status, "not submitted") == 0) {
        cell(board, STYLE_FAINT, "-");
    } else if (strcmp(status, "does not compile") == 0) {
        cell(board, STYLE_BAD, "no build");
    } else if (strcmp(status, "refused") == 0) {
        cell(board, STYLE_BAD, "refused");
    } else {
        char *const points = report_points(sqlite3_column_double(find, 1));
        cell(board, STYLE_PLAIN, points);
        free(points);
    }
    sqlite3_finalize(find);
}

void
board_row(struct board *board, struct gradebook *book, const char *name,
          const char *digest)
{
    board_clear(board);
    page_field(&board->page, STYLE_PLAIN, name, name_width(board), SIDE_LEFT);
    for (size_t i = 0; i < columns_that_fit(board); i++) {
        show_stage(board, book, digest, board->stages->item[i]);
    }
    page_newline(&board->page);
    fflush(board->page.out);
}

void
board_say(struct board *board, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *const text = text_vformat(format, arguments);
    va_end(arguments);
    board_clear(board);
    page_wrap(&board->page, STYLE_PLAIN, text, 0, 0);
    fflush(board->page.out);
    free(text);
}
