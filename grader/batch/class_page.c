#include "batch/class_page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "batch/standings.h"
#include "report.h"

enum { BINS = 10, STRUGGLES = 15 };

/* ---- HTML ---------------------------------------------------------------- */

static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
    "'none'; style-src 'unsafe-inline'\">\n"
    "<title>vmlab: the class</title>\n<style>\n"
    ":root { color-scheme: light dark; --line: #8884; --good: #2a8f3c; "
    "--bad: #c2382e; --mid: #b07a00 }\n"
    "body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; "
    "max-width: 75rem; padding: 0 1rem }\n"
    "h1, h2 { line-height: 1.2 } h2 { margin-top: 2.5rem }\n"
    "table { border-collapse: collapse } caption { text-align: left; "
    "padding-bottom: .4rem }\n"
    "th, td { padding: .15rem .5rem; border-bottom: 1px solid var(--line); "
    "text-align: right }\n"
    "th:first-child, td:first-child, .text { text-align: left }\n"
    "thead th { position: sticky; top: 0; background: Canvas }\n"
    "td a { color: inherit }\n"
    ".wide { overflow-x: auto } .high { max-height: 32rem; overflow: auto }\n"
    ".low { color: var(--bad) } .mid { color: var(--mid) } "
    ".full { color: var(--good); font-weight: 600 }\n"
    ".none { opacity: .5 } .total { font-weight: 600 }\n"
    ".bar { display: inline-block; height: .7rem; background: var(--bad); "
    "vertical-align: middle }\n"
    ".bins { display: flex; gap: 1.5rem; flex-wrap: wrap }\n"
    ".bins table { font-size: 13px } .bins .bar { background: #57a }\n"
    ".tests td, .tests th { padding: 0 .2rem; font: 12px/1.4 monospace }\n"
    ".tests .f { color: var(--bad); font-weight: 700 } "
    ".tests .n { opacity: .4 }\n"
    "summary { cursor: pointer; margin: .6rem 0 }\n"
    "</style>\n";

static void
escape(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void
put_points(FILE *out, double points)
{
    char *const text = report_points(points);
    fputs(text, out);
    free(text);
}

/* ---- Scores -------------------------------------------------------------- */

static const char *
class_of(double share)
{
    return share >= 1     ? "full"
           : share >= 0.8 ? ""
           : share >= 0.5 ? "mid"
                          : "low";
}

static void
put_stage(FILE *out, const struct gradebook *book,
          const struct stage_standing *stage, const char *name)
{
    if (stage->status == NULL) {
        fputs("<td class=\"none\">&ndash;", out);
        return;
    }
    const bool graded = strcmp(stage->status, "graded") == 0;
    const double share =
        stage->must.of > 0 ? stage->must.got / stage->must.of : 0;
    fprintf(out, "<td class=\"%s\">", graded ? class_of(share) : "low");
    if (stage->job != NULL) {
        char *const report = job_report(book->out, stage->job, name);
        fprintf(out, "<a href=\"%s\">", report);
        free(report);
    }
    if (graded) {
        put_points(out, stage->must.got);
    } else {
        escape(out, stage->status);
    }
    fputs(stage->job != NULL ? "</a>" : "", out);
    if (graded && stage->bonus.got > 0) {
        fputs(" <small>+", out);
        put_points(out, stage->bonus.got);
        fputs("</small>", out);
    }
    fputs(stage->late ? " <small>late</small>" : "", out);
}

static void
put_scores(FILE *out, const struct gradebook *book,
           const struct standings *standings)
{
    fputs("<h2>Scores</h2>\n<div class=\"wide high\"><table>\n<caption>Of each "
          "stage the best attempt; + is the bonus. A score leads to its "
          "report.</caption>\n<thead><tr><th>student<th class=\"text\">key"
          "<th>attempts",
          out);
    for (size_t i = 0; i < standings->names.count; i++) {
        fprintf(out, "<th title=\"weight %g\">", standings->weights[i]);
        escape(out, standings->names.item[i]);
    }
    fputs("<th>total</thead>\n<tbody>\n", out);
    for (size_t i = 0; i < standings->count; i++) {
        const struct standing *const standing = &standings->students[i];
        fputs("<tr><td>", out);
        escape(out, standing_name(standing));
        fputs("<td class=\"text\">", out);
        escape(out, standing->student.key);
        fprintf(out, "<td>%u", standing->attempts);
        for (size_t s = 0; s < standings->names.count; s++) {
            put_stage(out, book, &standing->stages[s],
                      standings->names.item[s]);
        }
        fputs("<td class=\"total\">", out);
        if (standing->has_total) {
            put_points(out, standing->total);
        } else {
            fputs("?", out);
        }
        fputc('\n', out);
    }
    fputs("</table></div>\n", out);
}

/* How many students have 0 to 9, 10 to 19, ..., 90 to 100 points. */
static void
put_distribution(FILE *out, const struct standings *standings, size_t stage)
{
    size_t bins[BINS] = {0}, most = 1, count = 0;
    double sum = 0;
    for (size_t i = 0; i < standings->count; i++) {
        const struct stage_standing *const one =
            &standings->students[i].stages[stage];
        if (one->status != NULL && one->must.of > 0) {
            const double share = one->must.got / one->must.of;
            const size_t bin = (size_t)(share * BINS);
            const size_t at = bin < BINS ? bin : BINS - 1;
            bins[at]++;
            most = bins[at] > most ? bins[at] : most;
            sum += one->must.got;
            count++;
        }
    }
    fputs("<table><caption><b>", out);
    escape(out, standings->titles.item[stage]);
    fprintf(out, "</b><br>%zu handed in, mean ", count);
    put_points(out, count > 0 ? sum / (double)count : 0);
    fputs("</caption>\n", out);
    for (size_t bin = 0; bin < BINS; bin++) {
        fprintf(out,
                "<tr><td>%zu&ndash;%zu<td>%zu<td class=\"text\"><span "
                "class=\"bar\" style=\"width:%.1frem\"></span>\n",
                bin * 10, bin == BINS - 1 ? 100 : bin * 10 + 9, bins[bin],
                7.0 * (double)bins[bin] / (double)most);
    }
    fputs("</table>\n", out);
}

/* ---- Where the class struggles ------------------------------------------- */

/* The grades that count, and the tests in them, for questions in SQL. */
static void
note_counted(struct gradebook *book, const struct standings *standings)
{
    sqlite3_exec(book->db,
                 "DROP TABLE IF EXISTS temp.counted; CREATE TEMP TABLE "
                 "counted(stage TEXT, grade INT); BEGIN;",
                 NULL, NULL, NULL);
    for (size_t i = 0; i < standings->count; i++) {
        for (size_t s = 0; s < standings->names.count; s++) {
            const int64_t grade = standings->students[i].stages[s].grade;
            if (grade != 0) {
                gradebook_row(
                    book,
                    gradebook_prepare(book, "INSERT INTO counted VALUES(?, ?)",
                                      "ti", standings->names.item[s], grade));
            }
        }
    }
    sqlite3_exec(book->db,
                 "COMMIT; DROP TABLE IF EXISTS temp.shown; CREATE TEMP TABLE "
                 "shown AS SELECT t.stage, t.id, t.position, t.title FROM "
                 "(SELECT DISTINCT c.stage, v.test FROM counted c JOIN verdict "
                 "v ON v.grade = c.grade) s JOIN test t ON t.stage = s.stage "
                 "AND t.id = s.test",
                 NULL, NULL, NULL);
}

static void
put_struggles(FILE *out, struct gradebook *book)
{
    sqlite3_stmt *const rows = gradebook_prepare(
        book,
        "SELECT t.stage, t.title, t.part, sum(verdict = 'passed') AS passed, "
        "count(*) AS n FROM counted c JOIN verdict v ON v.grade = c.grade JOIN "
        "test t ON t.stage = c.stage AND t.id = v.test WHERE suite = 'hidden' "
        "GROUP BY t.stage, t.id HAVING passed < n ORDER BY passed * 1.0 / n, "
        "n DESC, t.stage, position LIMIT ?",
        "i", (int64_t)STRUGGLES);
    fputs("<h2>Where the class struggles</h2>\n<div class=\"wide\"><table>\n"
          "<caption>Hidden tests that the fewest pass, of those who handed the "
          "stage in.</caption>\n<thead><tr><th>test<th class=\"text\">stage"
          "<th>part<th>passed<th class=\"text\">not passed</thead>\n",
          out);
    while (gradebook_row(book, rows)) {
        const int passed = sqlite3_column_int(rows, 3);
        const int count = sqlite3_column_int(rows, 4);
        fputs("<tr><td>", out);
        escape(out, (const char *)sqlite3_column_text(rows, 1));
        fputs("<td class=\"text\">", out);
        escape(out, (const char *)sqlite3_column_text(rows, 0));
        fputs("<td>", out);
        escape(out, (const char *)sqlite3_column_text(rows, 2));
        fprintf(out,
                "<td>%d of %d<td class=\"text\"><span class=\"bar\" "
                "style=\"width:%.1frem\"></span>\n",
                passed, count, 10.0 * (count - passed) / count);
    }
    fputs("</table></div>\n", out);
}

static void
put_misconceptions(FILE *out, struct gradebook *book)
{
    sqlite3_stmt *const rows = gradebook_prepare(
        book,
        "SELECT c.stage, d.bug, d.title, count(*) AS n FROM counted c JOIN "
        "diagnosis d ON d.grade = c.grade GROUP BY c.stage, d.bug ORDER BY n "
        "DESC, c.stage, d.bug LIMIT ?",
        "i", (int64_t)STRUGGLES);
    bool any = false;
    while (gradebook_row(book, rows)) {
        if (!any) {
            fputs("<div class=\"wide\"><table>\n<caption>Misconceptions: "
                  "submissions that fail exactly the tests of a known bug."
                  "</caption>\n<thead><tr><th>misconception<th "
                  "class=\"text\">stage<th class=\"text\">bug<th>students"
                  "</thead>\n",
                  out);
            any = true;
        }
        fputs("<tr><td>", out);
        escape(out, (const char *)sqlite3_column_text(rows, 2));
        fputs("<td class=\"text\">", out);
        escape(out, (const char *)sqlite3_column_text(rows, 0));
        fputs("<td class=\"text\">", out);
        escape(out, (const char *)sqlite3_column_text(rows, 1));
        fprintf(out, "<td>%d\n", sqlite3_column_int(rows, 3));
    }
    fputs(any ? "</table></div>\n" : "", out);
}

/* ---- Tests by students --------------------------------------------------- */

/* As in the report for the terminal. */
static char
letter_of(const char *verdict)
{
    static const char letters[] = {
        [VERDICT_NONE] = '?',
        [VERDICT_PASSED] = '.',
        [VERDICT_FAILED] = 'F',
        [VERDICT_CRASHED] = 'C',
        [VERDICT_TIMED_OUT] = 'T',
        [VERDICT_OUT_OF_MEMORY] = 'M',
        [VERDICT_EXITED] = 'E',
        [VERDICT_FORBIDDEN] = '!',
        [VERDICT_NOT_IMPLEMENTED] = '-',
    };
    return letters[verdict_of_name(verdict)];
}

static size_t
put_test_heads(FILE *out, struct gradebook *book, const char *stage)
{
    sqlite3_stmt *const rows = gradebook_prepare(
        book, "SELECT title FROM shown WHERE stage = ? ORDER BY position", "t",
        stage);
    size_t count = 0;
    while (gradebook_row(book, rows)) {
        fputs("<th title=\"", out);
        escape(out, (const char *)sqlite3_column_text(rows, 0));
        fprintf(out, "\">%zu", ++count);
    }
    return count;
}

static void
put_verdicts(FILE *out, struct gradebook *book, const char *stage,
             int64_t grade)
{
    sqlite3_stmt *const rows =
        gradebook_prepare(book,
                          "SELECT verdict FROM shown LEFT JOIN verdict ON "
                          "grade = ?2 AND test = id "
                          "WHERE stage = ?1 ORDER BY position",
                          "ti", stage, grade);
    while (gradebook_row(book, rows)) {
        const char *const verdict = (const char *)sqlite3_column_text(rows, 0);
        const char letter = verdict != NULL ? letter_of(verdict) : ' ';
        fputs(letter == '.' || letter == ' ' ? "<td>"
              : letter == '-'                ? "<td class=n>"
                                             : "<td class=f>",
              out);
        fputc(letter, out);
    }
}

static void
put_tests(FILE *out, struct gradebook *book, const struct standings *standings,
          size_t stage)
{
    const char *const name = standings->names.item[stage];
    fputs("<details><summary>", out);
    escape(out, standings->titles.item[stage]);
    fputs("</summary>\n<div class=\"wide high\"><table "
          "class=\"tests\">\n<thead><tr><th>student",
          out);
    put_test_heads(out, book, name);
    fputs("</thead>\n", out);
    for (size_t i = 0; i < standings->count; i++) {
        const struct standing *const standing = &standings->students[i];
        if (standing->stages[stage].grade != 0) {
            fputs("<tr><td>", out);
            escape(out, standing_name(standing));
            put_verdicts(out, book, name, standing->stages[stage].grade);
            fputc('\n', out);
        }
    }
    fputs("</table></div></details>\n", out);
}

/* ---- The page ------------------------------------------------------------ */

static int
compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void
put_summary(FILE *out, const struct standings *standings)
{
    double *const totals = xcalloc(standings->count + 1, sizeof *totals);
    size_t count = 0, without = 0, unknown = 0;
    for (size_t i = 0; i < standings->count; i++) {
        const struct standing *const one = &standings->students[i];
        without += one->attempts == 0;
        unknown += !one->has_total;
        if (one->attempts > 0 && one->has_total) {
            totals[count++] = one->total;
        }
    }
    qsort(totals, count, sizeof *totals, compare_numbers);
    fprintf(out, "<p>%zu students, %zu without a submission", standings->count,
            without);
    if (count > 0) {
        fputs("; median of the totals ", out);
        put_points(out, count % 2 == 1
                            ? totals[count / 2]
                            : (totals[count / 2 - 1] + totals[count / 2]) / 2);
    }
    if (unknown > 0) {
        fprintf(out,
                "; <b>%zu without a total, because something is ungraded</b>",
                unknown);
    }
    fputs(".</p>\n", out);
    free(totals);
}

void
class_page_print(struct gradebook *book, FILE *out)
{
    struct standings *const standings = standings_read(book, WHICH_BEST);
    const time_t now = time(NULL);
    struct tm when;
    char date[32];
    strftime(date, sizeof date, "%Y-%m-%d %H:%M", localtime_r(&now, &when));
    note_counted(book, standings);
    fputs(head, out);
    fprintf(out, "<h1>The class</h1>\n<p>%s, vmlab %s</p>\n", date,
            VMLAB_VERSION);
    put_summary(out, standings);
    put_scores(out, book, standings);
    fputs("<h2>Distribution</h2>\n<div class=\"bins\">\n", out);
    for (size_t i = 0; i < standings->names.count; i++) {
        put_distribution(out, standings, i);
    }
    fputs("</div>\n", out);
    put_struggles(out, book);
    put_misconceptions(out, book);
    fputs("<h2>Tests by students</h2>\n<p>A column per test, in teaching "
          "order; its number tells its title. . passed, F failed, C crashed, T "
          "timed out, M out of memory, E exited early, ! forbidden call, - not "
          "implemented, ? ungraded.</p>\n",
          out);
    for (size_t i = 0; i < standings->names.count; i++) {
        put_tests(out, book, standings, i);
    }
    fputs("</html>\n", out);
    standings_free(standings);
}

int
class_page_write(struct gradebook *book, const char *path)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&text, &bytes);
    if (out == NULL) {
        return -1;
    }
    class_page_print(book, out);
    int status = fclose(out);
    if (status == 0) {
        status = text_write_file(path, text, bytes);
    }
    free(text);
    return status;
}
