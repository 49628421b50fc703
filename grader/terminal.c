#include "terminal.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "score.h"
#include "text.h"
#include "utf8.h"

enum {
    MARGIN = 2,         /* columns before everything within a block          */
    NESTED = 4,         /* ... and before what belongs to a heading          */
    LABELLED = 17,      /* column of the text behind a label                 */
    GROUP_COLUMNS = 34, /* of a group's title                                */
    MARKS_AT_MOST = 24, /* longer rows of marks would push the words away    */
    VERDICT_COLUMNS = 17, /* "not implemented" and a gap */
    ERRORS_AT_MOST = 3, /* memory errors shown of one test                   */
};

/* A report under way. */
struct report {
    struct page page;
    const struct report_options *options;
    const struct result *result;
};

static const struct {
    char mark;
    enum style style;
} verdicts[VERDICT_COUNT] = {
    [VERDICT_NONE] = {'?', STYLE_WARN},
    [VERDICT_PASSED] = {'.', STYLE_GOOD},
    [VERDICT_FAILED] = {'F', STYLE_BAD},
    [VERDICT_CRASHED] = {'C', STYLE_BAD},
    [VERDICT_TIMED_OUT] = {'T', STYLE_BAD},
    [VERDICT_OUT_OF_MEMORY] = {'M', STYLE_BAD},
    [VERDICT_EXITED] = {'E', STYLE_BAD},
    [VERDICT_FORBIDDEN] = {'!', STYLE_BAD},
    [VERDICT_NOT_IMPLEMENTED] = {'-', STYLE_FAINT},
};

/* ---- Lines that recur ---------------------------------------------------- */

static const char *
plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void
heading(const struct page *page, const char *text)
{
    page_newline(page);
    page_spaces(page, MARGIN);
    page_text(page, STYLE_STRONG, text);
    page_newline(page);
}

/* "    called     seg_load(...)"; nothing when there is no text. */
static void
labelled(const struct page *page, const char *label, enum style style,
         const char *text)
{
    if (text != NULL && *text != '\0') {
        page_spaces(page, NESTED);
        page_field(page, STYLE_FAINT, label, LABELLED - NESTED, SIDE_LEFT);
        page_wrap(page, style, text, LABELLED, LABELLED);
    }
}

/* The same for lines of their own, below their label.  Those that a student's
 * code printed stay as they are. */
static void
labelled_lines(const struct page *page, const char *label, const char *text,
               bool verbatim)
{
    if (text != NULL && *text != '\0') {
        page_spaces(page, NESTED);
        page_text(page, STYLE_FAINT, label);
        page_newline(page);
        if (verbatim) {
            page_verbatim(page, STYLE_PLAIN, text, NESTED + 2);
        } else {
            page_wrap(page, STYLE_PLAIN, text, 0, NESTED + 2);
        }
    }
}

/* A new text is shown and freed. */
static void
labelled_new(const struct page *page, const char *label, char *text)
{
    labelled(page, label, STYLE_PLAIN, text);
    free(text);
}

/* A message; the lines after its first one are calls to be copied, which fit
 * when they begin further left. */
static void
show_message(const struct page *page, const char *message)
{
    const size_t length = message != NULL ? strcspn(message, "\n") : 0;
    if (length > 0) {
        labelled_new(page, "in words",
                     text_format("%.*s", (int)length, message));
        if (message[length] != '\0') {
            page_verbatim(page, STYLE_PLAIN, message + length + 1, NESTED);
        }
    }
}

/* A command to be copied: never broken, so it may be wider than the page.  It
 * stands below its label when it does not fit beside it. */
static void
labelled_command(const struct page *page, const char *label, char *command)
{
    if (command != NULL && *command != '\0') {
        page_spaces(page, NESTED);
        page_text(page, STYLE_FAINT, label);
        if (LABELLED + utf8_columns(command) > page->width) {
            page_newline(page);
            page_spaces(page, NESTED + 2);
        } else {
            page_spaces(page, LABELLED - NESTED - utf8_columns(label));
        }
        page_text(page, STYLE_PLAIN, command);
        page_newline(page);
    }
    free(command);
}

static void
paragraph(const struct page *page, enum style style, char *text)
{
    page_wrap(page, style, text, 0, MARGIN);
    free(text);
}

/* ---- Score --------------------------------------------------------------- */

static char *
format_score(const struct points *points, const char *between)
{
    char *got = report_points(points->got);
    char *of = report_points(points->of);
    char *text = text_format("%s%s%s", got, between, of);
    free(got);
    free(of);
    return text;
}

/* What stands at the right of a stage's title. */
static char *
format_outcome(const struct stage_result *stage)
{
    const struct stage_score *score = &stage->score;
    if (stage->status == STAGE_UNGRADED) {
        return xstrdup(stage_status_name(stage->status));
    }
    if (!score_exists(score)) {
        const struct verdict_counts counts = report_count(stage, NULL);
        return stage->status != STAGE_GRADED
                   ? xstrdup(stage_status_name(stage->status))
                   : text_format("%zu of %zu tests passed",
                                 counts.of[VERDICT_PASSED], counts.all);
    }
    char *must = format_score(&score->must, " of ");
    char *bonus = format_score(&score->bonus, " of ");
    char *text = score->bonus.of > 0 ? text_format("%s, bonus %s", must, bonus)
                                     : text_format("%s points", must);
    free(must);
    free(bonus);
    return text;
}

static enum style
style_of_outcome(const struct stage_result *stage)
{
    if (stage->status == STAGE_UNGRADED) {
        return STYLE_WARN;
    }
    if (stage->status != STAGE_GRADED) {
        return STYLE_BAD;
    }
    const struct verdict_counts counts = report_count(stage, NULL);
    return counts.of[VERDICT_PASSED] == counts.all ? STYLE_GOOD : STYLE_STRONG;
}

static void
show_title(const struct page *page, const struct stage_result *stage)
{
    char *outcome = format_outcome(stage);
    char *title =
        text_format("%s  %s", stage->stage->name, stage->stage->title);
    const unsigned right = page->width / 2;
    page_field(page, STYLE_STRONG, title, page->width - right, SIDE_LEFT);
    page_field(page, style_of_outcome(stage), outcome, right, SIDE_RIGHT);
    page_newline(page);
    page_rule(page);
    free(title);
    free(outcome);
}

/* How the must part came about; a plain 0 needs no explanation. */
static void
show_score(const struct page *page, const struct stage_score *score)
{
    if (score->must.got <= 0) {
        return;
    }
    char *tests = format_score(&score->tests, "/");
    char *memory = format_score(&score->memory, "/");
    char *bugs = format_score(&score->bugs, "/");
    char *coverage = format_score(&score->coverage, "/");
    paragraph(page, STYLE_PLAIN,
              text_format("hidden tests %s   memory %s   bugs %s   coverage %s",
                          tests, memory, bugs, coverage));
    free(tests);
    free(memory);
    free(bugs);
    free(coverage);
}

/* ---- Stages that were not judged ----------------------------------------- */

static void
show_findings(const struct page *page, const struct stage_result *stage)
{
    for (size_t i = 0; i < stage->finding_count; i++) {
        const struct finding *finding = &stage->findings[i];
        char *where =
            finding->line > 0
                ? text_format("%s.c:%u: ", stage->stage->name, finding->line)
                : xstrdup("");
        char *rule = *finding->rule != '\0' && stage->status == STAGE_REFUSED
                         ? text_format(" [%s]", finding->rule)
                         : xstrdup("");
        char *text = text_format("%s%s%s", where, finding->message, rule);
        page_wrap(page, STYLE_PLAIN, text, 0, NESTED);
        free(where);
        free(rule);
        free(text);
    }
}

/* Whether all that the gate found is that something is not there. */
static bool
is_only_missing(const struct stage_result *stage)
{
    for (size_t i = 0; i < stage->finding_count; i++) {
        if (strcmp(stage->findings[i].rule, "missing") != 0) {
            return false;
        }
    }
    return true;
}

static void
show_status(const struct report *report, const struct stage_result *stage)
{
    const struct page *page = &report->page;
    const char *name = stage->stage->name;
    switch (stage->status) {
    case STAGE_NOT_SUBMITTED:
        /* What stopped the intake is told at the top. */
        if (report->result->intake_trouble == NULL) {
            paragraph(page, STYLE_PLAIN,
                      text_format("There is no %s.c in the submission.", name));
        }
        break;
    case STAGE_NOT_COMPILED:
        paragraph(page, STYLE_BAD,
                  text_format("%s.c does not compile, so no test ran.%s", name,
                              stage->finding_count > 1
                                  ? " Start with the first message:"
                                  : ""));
        break;
    case STAGE_REFUSED:
        paragraph(page, STYLE_BAD,
                  text_format("%s.c %s, so no test ran:", name,
                              is_only_missing(stage)
                                  ? "is not complete"
                                  : "uses what this stage does not allow"));
        break;
    case STAGE_UNGRADED:
        paragraph(page, STYLE_WARN,
                  text_format("The grader had trouble of its own: %s. This "
                              "lowers no score; it has to be graded again.",
                              stage->trouble != NULL ? stage->trouble
                                                     : "no reason is known"));
        break;
    case STAGE_GRADED:
        break;
    }
    show_findings(page, stage);
    if (stage->warnings != NULL) {
        heading(page, "Warnings of the compiler");
        page_verbatim(page, STYLE_PLAIN, stage->warnings, NESTED);
    }
}

/* ---- Groups -------------------------------------------------------------- */

static bool
in_group(const struct report *report, const struct test_result *test,
         const struct rubric_group *group)
{
    return test->rubric->in == group &&
           report_visibility(report->options, test) > SHOW_NOTHING;
}

/* "1 failed, 2 crashed": all verdicts but passed. */
static char *
format_others(const struct verdict_counts *counts)
{
    char *text = xstrdup("");
    for (int v = 0; v < VERDICT_COUNT; v++) {
        if (v != VERDICT_PASSED && counts->of[v] > 0) {
            char *longer =
                text_format("%s%s%zu %s", text, *text != '\0' ? ", " : "",
                            counts->of[v],
                            v == VERDICT_NOT_IMPLEMENTED
                                ? "to do" /* there is not much room */
                                : verdict_name((enum verdict)v));
            free(text);
            text = longer;
        }
    }
    return text;
}

/* The marks of a group, and its counts on the way. */
static unsigned
show_marks(const struct report *report, const struct stage_result *stage,
           const struct rubric_group *group)
{
    unsigned shown = 0;
    for (size_t i = 0; i < stage->test_count; i++) {
        if (in_group(report, &stage->tests[i], group)) {
            const enum verdict verdict = stage->tests[i].verdict;
            const char mark[] = {verdicts[verdict].mark, '\0'};
            page_text(&report->page, verdicts[verdict].style, mark);
            shown++;
        }
    }
    return shown;
}

static struct verdict_counts
count_group(const struct report *report, const struct stage_result *stage,
            const struct rubric_group *group)
{
    struct verdict_counts counts = {0};
    for (size_t i = 0; i < stage->test_count; i++) {
        if (in_group(report, &stage->tests[i], group)) {
            counts.of[stage->tests[i].verdict]++;
            counts.all++;
        }
    }
    return counts;
}

static void
show_group(const struct report *report, const struct stage_result *stage,
           const struct rubric_group *group, unsigned marks)
{
    const struct page *page = &report->page;
    const struct verdict_counts counts = count_group(report, stage, group);
    const bool passed = counts.of[VERDICT_PASSED] == counts.all;
    char *ratio =
        text_format("%zu of %zu", counts.of[VERDICT_PASSED], counts.all);
    char *others = format_others(&counts);

    page_spaces(page, MARGIN);
    page_field(page, STYLE_PLAIN, group->title, GROUP_COLUMNS, SIDE_LEFT);
    page_field(page, passed ? STYLE_GOOD : STYLE_BAD, ratio, 10, SIDE_RIGHT);
    unsigned at = MARGIN + GROUP_COLUMNS + 10;
    if (counts.all <= MARKS_AT_MOST) {
        page_spaces(page, 2);
        at += 2 + show_marks(report, stage, group);
    }
    if (*others != '\0') {
        const unsigned column = MARGIN + GROUP_COLUMNS + 10 + 2 + marks + 2;
        page_spaces(page, column - at);
        page_wrap(page, STYLE_PLAIN, others, column, column);
    } else {
        page_newline(page);
    }
    free(ratio);
    free(others);
}

/* Whether the test is the first of its group that may be shown. */
static bool
opens_group(const struct report *report, const struct stage_result *stage,
            size_t number)
{
    const struct rubric_group *group = stage->tests[number].rubric->in;
    for (size_t i = 0; i < number; i++) {
        if (in_group(report, &stage->tests[i], group)) {
            return false;
        }
    }
    return in_group(report, &stage->tests[number], group);
}

static void
show_groups(const struct report *report, const struct stage_result *stage)
{
    unsigned widest = 0;
    for (size_t i = 0; i < stage->test_count; i++) {
        if (opens_group(report, stage, i)) {
            const size_t all =
                count_group(report, stage, stage->tests[i].rubric->in).all;
            if (all <= MARKS_AT_MOST && all > widest) {
                widest = (unsigned)all;
            }
        }
    }
    if (stage->score.must.got > 0 || stage->warnings != NULL) {
        page_newline(&report->page); /* below the score, or the warnings */
    }
    for (size_t i = 0; i < stage->test_count; i++) {
        if (opens_group(report, stage, i)) {
            show_group(report, stage, stage->tests[i].rubric->in, widest);
        }
    }
}

/* ---- Failures ------------------------------------------------------------ */

static void
show_first_failure(const struct report *report,
                   const struct stage_result *stage,
                   const struct test_result *test)
{
    const struct page *page = &report->page;
    const struct report_options *options = report->options;
    const enum visibility shown = report_visibility(options, test);
    char *points = report_points(test->rubric->points);
    char *kind =
        test->rubric->suite == SUITE_PUBLIC
            ? text_format("%s, public test", verdict_name(test->verdict))
            : text_format("%s, hidden test, %s %spoint%s",
                          verdict_name(test->verdict), points,
                          test->rubric->part == PART_BONUS ? "bonus " : "",
                          test->rubric->points == 1 ? "" : "s");

    heading(page, "First failure");
    labelled(page, "test", STYLE_STRONG, test->rubric->id);
    labelled(page, "rule", STYLE_PLAIN, test->rubric->title);
    labelled(page, "verdict", verdicts[test->verdict].style, kind);
    if (shown >= SHOW_INPUTS) {
        labelled(page, "called", STYLE_PLAIN, test->call);
        labelled(page, "during", STYLE_PLAIN, test->context);
    }
    if (shown >= SHOW_EVERYTHING) {
        labelled(page, "expected", STYLE_GOOD, test->expected);
        labelled(page, "got", STYLE_BAD, test->got);
        show_message(page, test->message);
        labelled_lines(page, "picture", test->trace, false);
    }
    if (shown >= SHOW_INPUTS) {
        labelled_lines(page, "printed", test->output, true);
    }
    labelled(page, "clause", STYLE_PLAIN, test->rubric->clause);
    if (shown >= SHOW_EVERYTHING) {
        labelled(page, "checked at", STYLE_PLAIN, test->where);
    }
    if (options->repeat != NULL) {
        labelled_command(page, "repeat",
                         options->repeat(stage, test, options->context));
    }
    if (options->debug != NULL) {
        labelled_command(page, "debug",
                         options->debug(stage, test, options->context));
    }
    if (options->hint != NULL) {
        labelled_new(page, "next hint",
                     options->hint(stage, test, options->context));
    }
    free(points);
    free(kind);
}

static void
show_other_failures(const struct report *report,
                    const struct stage_result *stage,
                    const struct test_result *first)
{
    const struct page *page = &report->page;
    bool any = false;
    for (size_t i = 0; i < stage->test_count; i++) {
        const struct test_result *test = &stage->tests[i];
        if (test == first || test->verdict == VERDICT_PASSED ||
            report_visibility(report->options, test) == SHOW_NOTHING) {
            continue;
        }
        if (!any) {
            heading(page, first != NULL ? "Also not passed" : "Not passed");
            any = true;
        }
        page_spaces(page, NESTED);
        page_field(page, verdicts[test->verdict].style,
                   verdict_name(test->verdict), VERDICT_COLUMNS, SIDE_LEFT);
        page_wrap(page, STYLE_PLAIN, test->rubric->id, NESTED + VERDICT_COLUMNS,
                  NESTED + VERDICT_COLUMNS);
    }
}

static void
show_diagnosis(const struct report *report, const struct stage_result *stage)
{
    const struct page *page = &report->page;
    if (stage->diagnosis_count == 0 ||
        report->options->hidden == SHOW_NOTHING) {
        return;
    }
    heading(page, stage->diagnosis_count == 1
                      ? "Misconception that explains exactly these failures"
                      : "Misconceptions that each explain exactly these "
                        "failures");
    for (size_t i = 0; i < stage->diagnosis_count; i++) {
        const struct bug *bug = stage->diagnosis[i];
        if (i > 0) {
            page_newline(page);
        }
        page_wrap(page, STYLE_WARN, bug->misconception, 0, NESTED);
        labelled(page, "clause", STYLE_PLAIN, bug->clause);
        labelled(page, "read", STYLE_PLAIN, bug->handout);
    }
}

/* ---- Memory
 * --------------------------------------------------------------------------------
 */

static void
show_memory_error(const struct page *page, const struct memory_error *error,
                  enum visibility shown)
{
    page_wrap(page, STYLE_PLAIN, error->what, 0, NESTED + 2);
    char *place = *error->where != '\0' ? text_format("at %s", error->where)
                  : strcmp(error->kind, "ClientCheck") == 0
                      ? xstrdup("at the end of the function")
                      : xstrdup("outside the module");
    char *text = *error->call != '\0' && shown >= SHOW_INPUTS
                     ? text_format("%s, during %s", place, error->call)
                     : text_format("%s", place);
    page_wrap(page, STYLE_FAINT, text, 0, NESTED + 4);
    free(place);
    free(text);
}

static void
show_test_memory(const struct report *report, const struct test_result *test)
{
    const struct page *page = &report->page;
    const enum visibility shown = report_visibility(report->options, test);

    page_wrap(page, STYLE_BAD, test->rubric->id, 0, NESTED);
    if (test->error_count == 0) {
        page_wrap(page, STYLE_PLAIN,
                  "gave another answer under memcheck than before: a sign of "
                  "memory that is read before it is written",
                  0, NESTED + 2);
    }
    size_t i = 0;
    for (; i < test->error_count && i < ERRORS_AT_MOST; i++) {
        show_memory_error(page, &test->errors[i], shown);
    }
    if (i < test->error_count) {
        char *more = text_format("and %zu more", test->error_count - i);
        page_wrap(page, STYLE_FAINT, more, 0, NESTED + 2);
        free(more);
    }
}

static void
show_memory(const struct report *report, const struct stage_result *stage)
{
    size_t checked = 0;
    size_t unclean = 0;
    for (size_t i = 0; i < stage->test_count; i++) {
        checked += stage->tests[i].memory_checked;
        unclean +=
            stage->tests[i].memory_checked && !stage->tests[i].memory_clean;
    }
    if (checked == 0) {
        return;
    }
    char *title = text_format("Memory: %zu of %zu test%s clean under memcheck",
                              checked - unclean, checked, plural(checked));
    heading(&report->page, title);
    free(title);
    for (size_t i = 0; i < stage->test_count; i++) {
        const struct test_result *test = &stage->tests[i];
        if (test->memory_checked && !test->memory_clean &&
            report_visibility(report->options, test) > SHOW_NOTHING) {
            show_test_memory(report, test);
        }
    }
}

/* ---- Cost ---------------------------------------------------------------- */

/* "4821 KiB, 1.27 times the reference's: 3.65 of 4 points" */
static void
show_figure(const struct page *page, const char *label, uint64_t own,
            uint64_t reference, const struct points *points, char *amount)
{
    char *score = format_score(points, " of ");
    labelled_new(page, label,
                 text_format("%s, %.2f times the reference's: %s points",
                             amount, (double)own / (double)reference, score));
    free(score);
    free(amount);
}

static void
show_cost(const struct report *report, const struct stage_result *stage)
{
    const struct page *page = &report->page;
    const struct cost_result *cost = &stage->cost;
    if (!cost->asked) {
        return;
    }
    heading(page, "Cost on traces of real programs (bonus)");
    if (cost->trouble != NULL) {
        labelled(page, "no figures", STYLE_BAD, cost->trouble);
        return;
    }
    show_figure(page, "space", cost->own.footprint_bytes,
                cost->reference.footprint_bytes, &stage->score.space,
                text_format("%.0f KiB",
                            (double)cost->own.footprint_bytes / 1024));
    if (cost->own.instructions == 0) {
        labelled(page, "instructions", STYLE_PLAIN,
                 "too many to count in the time that is given: no points");
        return;
    }
    show_figure(page, "instructions", cost->own.instructions,
                cost->reference.instructions, &stage->score.instructions,
                text_format("%.2f million",
                            (double)cost->own.instructions / 1e6));
}

/* ---- The student's own tests --------------------------------------------- */

static void
show_own_test(const struct page *page, const struct own_test *test)
{
    if (!test->valid) {
        char *text = text_format(
            "%s is set aside: it rejects a right implementation%s%s",
            test->name, test->rejects != NULL ? ", " : "",
            test->rejects != NULL ? test->rejects : "");
        page_wrap(page, STYLE_WARN, text, 0, NESTED);
        free(text);
    }
    if (test->on_own_module != VERDICT_PASSED &&
        test->on_own_module != VERDICT_NONE) {
        char *text = text_format("%s on your module: %s%s%s", test->name,
                                 verdict_name(test->on_own_module),
                                 test->message != NULL ? ", " : "",
                                 test->message != NULL ? test->message : "");
        page_wrap(page, STYLE_PLAIN, text, 0, NESTED);
        free(text);
    }
}

static double
percent(unsigned part, unsigned whole)
{
    return whole > 0 ? 100.0 * part / whole : 100.0;
}

static void
show_coverage(const struct page *page, const struct coverage *coverage)
{
    if (!coverage->measured) {
        return;
    }
    char *lines =
        report_points(percent(coverage->lines_covered, coverage->lines));
    char *branches =
        report_points(percent(coverage->branches_covered, coverage->branches));
    labelled_new(page, "coverage",
                 text_format("%s %% of lines (%u of %u), %s %% of branches "
                             "(%u of %u)",
                             lines, coverage->lines_covered, coverage->lines,
                             branches, coverage->branches_covered,
                             coverage->branches));
    free(lines);
    free(branches);
    if (coverage->missed != NULL && *coverage->missed != '\0') {
        labelled_new(page, "not reached",
                     text_format("lines %s", coverage->missed));
    }
}

static void
show_bugs(const struct report *report, const struct stage_result *stage)
{
    const struct bug_counts must = report_bugs(stage, PART_MUST);
    const struct bug_counts bonus = report_bugs(stage, PART_BONUS);
    if (must.all + bonus.all == 0) {
        return;
    }
    labelled_new(&report->page, "bugs",
                 bonus.all > 0
                     ? text_format("%zu of %zu caught, bonus %zu of %zu",
                                   must.caught, must.all, bonus.caught,
                                   bonus.all)
                     : text_format("%zu of %zu caught", must.caught, must.all));
    for (size_t i = 0; i < stage->bug_count; i++) {
        if (report->options->uncaught_bugs && !stage->bugs[i].caught) {
            labelled(&report->page, "not caught", STYLE_PLAIN,
                     stage->bugs[i].bug->title);
        }
    }
}

static void
show_own_tests(const struct report *report, const struct stage_result *stage)
{
    const struct page *page = &report->page;
    if (!stage->own_tests_submitted) {
        return;
    }
    if (stage->own_tests_trouble != NULL) {
        heading(page, "Your own tests did not build");
        page_verbatim(page, STYLE_PLAIN, stage->own_tests_trouble, NESTED);
        return;
    }
    size_t valid = 0;
    for (size_t i = 0; i < stage->own_test_count; i++) {
        valid += stage->own_tests[i].valid;
    }
    char *title = stage->own_test_count == 0
                      ? xstrdup("Your own tests: none yet")
                      : text_format("Your own tests: %zu of %zu count", valid,
                                    stage->own_test_count);
    heading(page, title);
    free(title);
    for (size_t i = 0; i < stage->own_test_count; i++) {
        show_own_test(page, &stage->own_tests[i]);
    }
    show_bugs(report, stage);
    show_coverage(page, &stage->coverage);
}

/* ---- The whole
 * ------------------------------------------------------------------------------------
 */

static void
show_judged(const struct report *report, const struct stage_result *stage)
{
    const struct page *page = &report->page;
    const struct test_result *first =
        report_first_failure(report->options, stage);
    const struct verdict_counts counts = report_count(stage, NULL);

    show_groups(report, stage);
    if (counts.all > 0 && counts.of[VERDICT_PASSED] == counts.all) {
        page_newline(page);
        paragraph(page, STYLE_GOOD,
                  counts.all == 1
                      ? xstrdup("The one test passed.")
                      : text_format("All %zu tests passed.", counts.all));
    }
    if (first != NULL) {
        show_first_failure(report, stage, first);
    }
    show_other_failures(report, stage, first);
    show_diagnosis(report, stage);
    show_memory(report, stage);
    show_cost(report, stage);
}

static void
show_stage(const struct report *report, const struct stage_result *stage)
{
    const struct page *page = &report->page;
    page_newline(page);
    show_title(page, stage);
    show_score(page, &stage->score);
    show_status(report, stage);
    if (stage->test_count > 0) {
        show_judged(report, stage);
    }
    show_own_tests(report, stage);
    char *withheld = report_withheld(report->options, stage);
    if (withheld != NULL) {
        page_newline(page);
        paragraph(page, STYLE_FAINT, withheld);
    }
}

static void
show_head(const struct report *report)
{
    const struct page *page = &report->page;
    const struct result *result = report->result;
    char *run = text_format("vmlab %s, seed %llu", report->options->kit_version,
                            (unsigned long long)result->seed);
    page_field(page, STYLE_STRONG, result->submission, page->width / 2,
               SIDE_LEFT);
    page_field(page, STYLE_FAINT, run, page->width - page->width / 2,
               SIDE_RIGHT);
    page_newline(page);
    free(run);
    for (size_t i = 0; i < result->uncovered_count; i++) {
        char *text = text_format("Weak sandbox: the submission could %s.",
                                 result->uncovered[i]);
        page_wrap(page, STYLE_BAD, text, 0, MARGIN);
        free(text);
    }
    if (result->intake_trouble != NULL) {
        page_wrap(page, STYLE_BAD, result->intake_trouble, 0, MARGIN);
    }
}

/* The course's total, where there is more than one stage to add up. */
static void
show_total(const struct report *report)
{
    const struct points total = score_course(report->result);
    if (report->result->stage_count < 2 || total.of <= 0) {
        return;
    }
    char *score = format_score(&total, " of ");
    page_newline(&report->page);
    page_field(&report->page, STYLE_STRONG, "Course", report->page.width / 2,
               SIDE_LEFT);
    page_field(&report->page, STYLE_STRONG, score,
               report->page.width - report->page.width / 2, SIDE_RIGHT);
    page_newline(&report->page);
    free(score);
}

static void
show_ignored(const struct report *report)
{
    const struct result *result = report->result;
    if (result->ignored_count == 0) {
        return;
    }
    heading(&report->page, "Files of the submission that were left out");
    for (size_t i = 0; i < result->ignored_count; i++) {
        char *text = text_format("%s: %s", result->ignored[i].name,
                                 result->ignored[i].why);
        page_wrap(&report->page, STYLE_PLAIN, text, 0, NESTED);
        free(text);
    }
}

static void
show_left_out(const struct report *report)
{
    const struct result *const result = report->result;
    char *names = NULL;
    for (size_t i = 0; i < result->stage_count; i++) {
        const struct stage_result *const stage = &result->stages[i];
        if (report_leaves_out(result, stage)) {
            char *const longer =
                names == NULL ? xstrdup(stage->stage->name)
                              : text_format("%s, %s", names,
                                            stage->stage->name);
            free(names);
            names = longer;
        }
    }
    if (names != NULL) {
        fputc('\n', report->page.out);
        paragraph(&report->page, STYLE_PLAIN,
                  text_format("Not submitted: %s", names));
    }
    free(names);
}

void
terminal_report(FILE *out, const struct result *result,
                const struct report_options *options)
{
    const struct report report = {
        .page = {out, options->colour, options->width},
        .options = options,
        .result = result,
    };
    show_head(&report);
    for (size_t i = 0; i < result->stage_count; i++) {
        if (!report_leaves_out(result, &result->stages[i])) {
            show_stage(&report, &result->stages[i]);
        }
    }
    show_left_out(&report);
    show_total(&report);
    show_ignored(&report);
}
