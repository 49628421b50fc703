#include "scoreboard.h"

#include <stdbool.h>
#include <stdlib.h>

#include "page.h"
#include "score.h"
#include "text.h"
#include "utf8.h"

enum column {
    STUDENT,
    STAGE,
    PASS,
    FAIL,
    CRASH,
    OTHER,
    TODO,
    MEMORY,
    COVER,
    BUGS,
    SCORE,
    MISCONCEPTION,
    COLUMN_COUNT
};

/* Columns and one more between them; the last takes what is left. */
static const struct {
    const char *title;
    unsigned width;
    enum side side;
} columns[COLUMN_COUNT] = {
    [STUDENT] = {"student", 14, SIDE_LEFT},
    [STAGE] = {"stage", 8, SIDE_LEFT},
    [PASS] = {"pass", 4, SIDE_RIGHT},
    [FAIL] = {"fail", 4, SIDE_RIGHT},
    [CRASH] = {"crash", 5, SIDE_RIGHT},
    [OTHER] = {"other", 5, SIDE_RIGHT},
    [TODO] = {"todo", 4, SIDE_RIGHT},
    [MEMORY] = {"memory", 7, SIDE_RIGHT},
    [COVER] = {"cover", 5, SIDE_RIGHT},
    [BUGS] = {"bugs", 5, SIDE_RIGHT},
    [SCORE] = {"score", 5, SIDE_RIGHT},
    [MISCONCEPTION] = {"misconception", 0, SIDE_LEFT},
};

static unsigned
column_of(enum column column)
{
    unsigned at = 0;
    for (enum column c = STUDENT; c < column; c++) {
        at += columns[c].width + 1;
    }
    return at;
}

static void
cell(const struct page *page, enum column column, enum style style,
     const char *text)
{
    page_spaces(page, column > 0 ? 1 : 0);
    page_field(page, style, text, columns[column].width, columns[column].side);
}

/* The last cell and the end of the line.  What does not fit stands below, from
 * the stage's column on. */
static void
last_cell(const struct page *page, enum style style, const char *text)
{
    const unsigned at = column_of(MISCONCEPTION);
    if (*text == '\0') {
        page_newline(page);
    } else if (at + utf8_columns(text) <= page->width) {
        page_spaces(page, 1);
        page_text(page, style, text);
        page_newline(page);
    } else {
        page_newline(page);
        page_wrap(page, style, text, 0, column_of(STAGE));
    }
}

/* A new text, shown and freed. */
static void
cell_new(const struct page *page, enum column column, enum style style,
         char *text)
{
    cell(page, column, style, text);
    free(text);
}

static void
cell_count(const struct page *page, enum column column, enum style style,
           size_t count)
{
    cell_new(page, column, count > 0 ? style : STYLE_FAINT,
             text_format("%zu", count));
}

static void
show_counts(const struct page *page, const struct stage_result *stage)
{
    const struct verdict_counts counts = report_count(stage, NULL);
    const size_t other =
        counts.all - counts.of[VERDICT_PASSED] - counts.of[VERDICT_FAILED] -
        counts.of[VERDICT_CRASHED] - counts.of[VERDICT_NOT_IMPLEMENTED];
    cell_count(page, PASS, STYLE_GOOD, counts.of[VERDICT_PASSED]);
    cell_count(page, FAIL, STYLE_BAD, counts.of[VERDICT_FAILED]);
    cell_count(page, CRASH, STYLE_BAD, counts.of[VERDICT_CRASHED]);
    cell_count(page, OTHER, STYLE_BAD, other);
    cell_count(page, TODO, STYLE_PLAIN, counts.of[VERDICT_NOT_IMPLEMENTED]);
}

static void
show_memory(const struct page *page, const struct stage_result *stage)
{
    size_t checked = 0;
    size_t clean = 0;
    for (size_t i = 0; i < stage->test_count; i++) {
        checked += stage->tests[i].memory_checked;
        clean += stage->tests[i].memory_checked && stage->tests[i].memory_clean;
    }
    cell_new(page, MEMORY, clean == checked ? STYLE_PLAIN : STYLE_BAD,
             checked > 0 ? text_format("%zu/%zu", clean, checked)
                         : xstrdup("-"));
}

static void
show_own_tests(const struct page *page, const struct stage_result *stage)
{
    const struct coverage *coverage = &stage->coverage;
    const struct bug_counts bugs = report_bugs(stage, PART_MUST);
    cell_new(page, COVER, STYLE_PLAIN,
             coverage->measured && coverage->lines > 0
                 ? text_format("%u%%",
                               100 * coverage->lines_covered / coverage->lines)
                 : xstrdup("-"));
    cell_new(page, BUGS, STYLE_PLAIN,
             bugs.all > 0 ? text_format("%zu/%zu", bugs.caught, bugs.all)
                          : xstrdup("-"));
}

static void
show_score(const struct page *page, const struct stage_result *stage)
{
    cell_new(page, SCORE, STYLE_STRONG,
             score_exists(&stage->score) ? report_points(stage->score.must.got)
                                         : xstrdup("-"));
}

/* "limit_is_a_size or wrap_missed"; "" when there is no diagnosis. */
static char *
list_misconceptions(const struct stage_result *stage)
{
    char *list = xstrdup("");
    for (size_t i = 0; i < stage->diagnosis_count; i++) {
        char *longer = text_format("%s%s%s", list, i > 0 ? " or " : "",
                                   stage->diagnosis[i]->name);
        free(list);
        list = longer;
    }
    return list;
}

static void
show_line(const struct page *page, const struct result *result,
          const struct stage_result *stage)
{
    cell(page, STUDENT, STYLE_PLAIN, result->submission);
    cell(page, STAGE, STYLE_PLAIN, stage->stage->name);
    if (stage->status != STAGE_GRADED) {
        const unsigned width = column_of(SCORE) - column_of(PASS) - 1;
        page_spaces(page, 1);
        page_field(page,
                   stage->status == STAGE_UNGRADED ? STYLE_WARN : STYLE_BAD,
                   stage_status_name(stage->status), width, SIDE_LEFT);
    } else {
        show_counts(page, stage);
        show_memory(page, stage);
        show_own_tests(page, stage);
    }
    show_score(page, stage);
    char *list = list_misconceptions(stage);
    last_cell(page, STYLE_WARN, list);
    free(list);
}

void
scoreboard_head(FILE *out, const struct report_options *options)
{
    const struct page page = {out, options->colour, options->width};
    for (enum column c = STUDENT; c < MISCONCEPTION; c++) {
        cell(&page, c, STYLE_STRONG, columns[c].title);
    }
    last_cell(&page, STYLE_STRONG,
              page.width >= column_of(MISCONCEPTION) + 13
                  ? columns[MISCONCEPTION].title
                  : "");
    page_rule(&page);
}

void
scoreboard_lines(FILE *out, const struct result *result,
                 const struct report_options *options)
{
    const struct page page = {out, options->colour, options->width};
    bool any = false;
    for (size_t i = 0; i < result->stage_count; i++) {
        any = any || result->stages[i].status != STAGE_NOT_SUBMITTED;
    }
    /* Of a submission with nothing in it one line is enough. */
    for (size_t i = 0; i < (any ? result->stage_count : 1); i++) {
        if (!report_leaves_out(result, &result->stages[i])) {
            show_line(&page, result, &result->stages[i]);
        }
    }
}
