/*
 * gradescope_results.c - see gradescope_results.h.
 *
 * The entries of a stage, in the order of teaching:
 *
 *     public tests        no points, so passed or failed
 *     hidden tests        points of the rubric, a test each; or one entry when
 *                         nothing of them is to be seen
 *     memory, bugs that own tests catch, coverage by own tests
 *     bonus               shown without points, or with points on top
 *
 * Their points sum to the score, but for what adding many fractions loses; the
 * score at the top is made from the record's, exactly, and a penalty for
 * lateness is taken off there.
 */
#include "gradescope_results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "die.h"
#include "text.h"

/* Results under way. */
struct results {
    const struct gradescope_settings *settings;
    json_t *tests;
    size_t output_bytes; /* of all entries so far                            */
    size_t before_stage; /* entries of the stages before                     */
    double got;
};

/* ---- Values -------------------------------------------------------------- */

static const char *
text_at(const json_t *object, const char *key)
{
    const char *const text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static double
number_at(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static json_int_t
count_at(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void
set(json_t *object, const char *key, json_t *value)
{
    if (value == NULL || json_object_set_new(object, key, value) != 0) {
        die(EX_OSERR, "cannot make the field \"%s\" of results.json", key);
    }
}

static void
set_text(json_t *object, const char *key, const char *text, size_t limit)
{
    char *const clean = text_clean(text, strlen(text), limit);
    set(object, key, json_string(clean));
    free(clean);
}

/* Adds to a text that grows. */
static void add(char **text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(char **text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *const more = text_vformat(format, arguments);
    va_end(arguments);
    char *const both = text_format("%s%s", *text, more);
    free(*text);
    free(more);
    *text = both;
}

/* "label text" on a line of its own, unless there is no text. */
static void
add_field(char **text, const char *label, const json_t *object, const char *key)
{
    const char *const value = text_at(object, key);
    if (value[0] != '\0') {
        add(text, "%-9s %s\n", label, value);
    }
}

/* ---- Entries ------------------------------------------------------------- */

static json_t *
add_entry(struct results *results, unsigned stage_number, const char *stage,
          const char *name, const char *output,
          enum gradescope_visibility visibility)
{
    const size_t limit = results->output_bytes < GRADESCOPE_ALL_BYTES
                             ? GRADESCOPE_OUTPUT_BYTES
                             : GRADESCOPE_SHORT_BYTES;
    json_t *const entry = json_object();
    char *const whole = text_format("%s: %s", stage, name);
    char *const number = text_format("%u.%zu", stage_number,
                                     json_array_size(results->tests) -
                                         results->before_stage + 1);
    set(entry, "number", json_string(number));
    set_text(entry, "name", whole, GRADESCOPE_NAME_BYTES);
    set(entry, "name_format", json_string("text"));
    set_text(entry, "output", output, limit);
    set(entry, "output_format", json_string("text"));
    set(entry, "visibility",
        json_string(gradescope_visibility_name(visibility)));
    results->output_bytes += strlen(text_at(entry, "output"));
    free(whole);
    free(number);
    if (json_array_append_new(results->tests, entry) != 0) {
        die(EX_OSERR, "out of memory while writing results.json");
    }
    return entry;
}

static void
set_passed(json_t *entry, bool passed)
{
    set(entry, "status", json_string(passed ? "passed" : "failed"));
}

static void
set_points(json_t *entry, double got, double of)
{
    set(entry, "score", json_real(got));
    set(entry, "max_score", json_real(of));
    set_passed(entry, got >= of);
}

/* ---- Judge tests --------------------------------------------------------- */

static bool
has(const json_t *test, const char *key, const char *value)
{
    return strcmp(text_at(test, key), value) == 0;
}

static void
add_memory_errors(char **text, const json_t *test)
{
    const json_t *const memory = json_object_get(test, "memory");
    size_t index;
    json_t *error;
    json_array_foreach(json_object_get(memory, "errors"), index, error)
    {
        const char *const where = text_at(error, "where");
        add(text, "%s: %s%s%s\n", text_at(test, "title"),
            text_at(error, "what"), where[0] != '\0' ? ", at " : "", where);
    }
}

/* What a failure shows, in the order of the other reports. */
static char *
explain(const json_t *test)
{
    char *text = text_format("%s\n", text_at(test, "verdict"));
    if (!has(test, "verdict", "passed")) {
        add_field(&text, "called", test, "call");
        add_field(&text, "expected", test, "expected");
        add_field(&text, "got", test, "got");
        add_field(&text, "because", test, "message");
        add_field(&text, "when", test, "context");
        add_field(&text, "at", test, "where");
        if (text_at(test, "trace")[0] != '\0') {
            add(&text, "\n%s\n", text_at(test, "trace"));
        }
        add_field(&text, "printed", test, "output");
        add_field(&text, "rule", test, "clause");
        add_field(&text, "hint", test, "hint");
    }
    return text;
}

static void
add_tests(struct results *results, unsigned number, const json_t *stage,
          const char *suite, double points_per_point)
{
    const bool hidden = strcmp(suite, "hidden") == 0;
    const struct gradescope_visibilities *const when =
        &results->settings->visibility;
    size_t index;
    json_t *test;
    json_array_foreach(json_object_get(stage, "tests"), index, test)
    {
        const bool passed = has(test, "verdict", "passed");
        const double points = number_at(test, "points") * points_per_point;
        if (!has(test, "suite", suite) ||
            (hidden && has(test, "part", "bonus"))) {
            continue;
        }
        char *const text = explain(test);
        json_t *const entry = add_entry(
            results, number, text_at(stage, "name"), text_at(test, "title"),
            text, hidden ? when->hidden_tests : when->public_tests);
        if (hidden) {
            set_points(entry, passed ? points : 0, points);
        } else {
            set_passed(entry, passed);
        }
        free(text);
    }
}

/* The points that the rubric gives to the must part of the tests listed; 0 when
 * hidden tests are not listed. */
static double
rubric_points(const json_t *stage)
{
    double sum = 0;
    size_t index;
    json_t *test;
    json_array_foreach(json_object_get(stage, "tests"), index, test)
    {
        if (has(test, "suite", "hidden") && has(test, "part", "must")) {
            sum += number_at(test, "points");
        }
    }
    return sum;
}

/* ---- A stage ------------------------------------------------------------- */

static void
add_part(struct results *results, unsigned number, const json_t *stage,
         const char *key, double scale, const char *name, const char *output,
         enum gradescope_visibility visibility)
{
    const json_t *const points =
        json_object_get(json_object_get(stage, "score"), key);
    json_t *const entry = add_entry(results, number, text_at(stage, "name"),
                                    name, output, visibility);
    set_points(entry, number_at(points, "got") * scale,
               number_at(points, "of") * scale);
}

static void
add_hidden_tests(struct results *results, unsigned number, const json_t *stage,
                 double scale)
{
    const double listed = rubric_points(stage);
    const json_t *const of =
        json_object_get(json_object_get(stage, "score"), "tests");
    const char *const withheld =
        text_at(json_object_get(stage, "hidden"), "withheld");
    if (listed > 0) {
        add_tests(results, number, stage, "hidden",
                  number_at(of, "of") / listed * scale);
    } else {
        add_part(results, number, stage, "tests", scale, "hidden tests",
                 withheld, results->settings->visibility.hidden_tests);
    }
}

static void
add_memory(struct results *results, unsigned number, const json_t *stage,
           double scale)
{
    char *text = xstrdup("Tests that passed and have no memory error.\n");
    size_t index;
    json_t *test;
    json_array_foreach(json_object_get(stage, "tests"), index, test)
    {
        add_memory_errors(&text, test);
    }
    add_part(results, number, stage, "memory", scale, "memory", text,
             results->settings->visibility.memory);
    free(text);
}

static void
add_own_tests(struct results *results, unsigned number, const json_t *stage,
              double scale)
{
    const json_t *const own = json_object_get(stage, "own_tests");
    const json_t *const bugs =
        json_object_get(json_object_get(stage, "bugs"), "must");
    const json_t *const coverage = json_object_get(stage, "coverage");
    const enum gradescope_visibility when =
        results->settings->visibility.own_tests;
    size_t index;
    json_t *test;
    char *text =
        json_is_true(json_object_get(own, "submitted"))
            ? text_format("Your tests catch %lld of %lld bugs.\n",
                          (long long)count_at(bugs, "caught"),
                          (long long)count_at(bugs, "all"))
            : text_format("There is no %s_test.c.\n", text_at(stage, "name"));
    add_field(&text, "trouble", own, "trouble");
    json_array_foreach(json_object_get(own, "tests"), index, test)
    {
        if (!json_is_true(json_object_get(test, "valid"))) {
            add(&text, "Set aside: %s, which rejects what is right: %s\n",
                text_at(test, "name"), text_at(test, "rejects"));
        }
    }
    add_part(results, number, stage, "bugs", scale,
             "bugs that your tests catch", text, when);
    free(text);

    text = xstrdup("");
    if (json_is_object(coverage)) {
        add(&text,
            "Your tests reach %lld of %lld lines of your module, and "
            "%lld of %lld branches.\n",
            (long long)count_at(coverage, "lines_covered"),
            (long long)count_at(coverage, "lines"),
            (long long)count_at(coverage, "branches_covered"),
            (long long)count_at(coverage, "branches"));
        add_field(&text, "missed", coverage, "missed");
    }
    add_part(results, number, stage, "coverage", scale,
             "coverage by your tests", text, when);
    free(text);
}

/* Of a bonus part there is always to be seen how much of it is done. */
static void
add_bonus(struct results *results, unsigned number, const json_t *stage,
          double share_of_course)
{
    const json_t *const bonus =
        json_object_get(json_object_get(stage, "score"), "bonus");
    const double got = number_at(bonus, "got"), of = number_at(bonus, "of");
    if (of <= 0) {
        return;
    }
    char *const shown = report_points(got);
    char *const text =
        text_format("%s of %g points of the bonus part.\n", shown, of);
    free(shown);
    json_t *const entry =
        add_entry(results, number, text_at(stage, "name"), "bonus", text,
                  results->settings->visibility.bonus);
    if (results->settings->bonus_points > 0) {
        const double points =
            got / of * results->settings->bonus_points * share_of_course;
        set_points(entry, points, 0);
        results->got += points;
    }
    free(text);
}

/* Why a stage has nothing to show but 0. */
static char *
explain_stage(const json_t *stage)
{
    char *text = xstrdup("");
    size_t index;
    json_t *finding;
    if (has(stage, "status", "not submitted")) {
        add(&text, "There is no %s.c among the files.\n",
            text_at(stage, "name"));
    }
    json_array_foreach(json_object_get(stage, "findings"), index, finding)
    {
        const json_int_t line = count_at(finding, "line");
        if (line > 0) {
            add(&text, "%s.c:%lld: %s\n", text_at(stage, "name"),
                (long long)line, text_at(finding, "message"));
        } else {
            add(&text, "%s\n", text_at(finding, "message"));
        }
    }
    return text;
}

/* `points` is what the must part is worth, `share_of_course` the stage's part
 * of all stages. */
static void
add_stage(struct results *results, unsigned number, const json_t *stage,
          double points, double share_of_course)
{
    const json_t *const must =
        json_object_get(json_object_get(stage, "score"), "must");
    const double of = number_at(must, "of");
    results->before_stage = json_array_size(results->tests);
    if (!has(stage, "status", "graded")) {
        char *const text = explain_stage(stage);
        json_t *const entry =
            add_entry(results, number, text_at(stage, "name"),
                      text_at(stage, "status"), text, GRADESCOPE_VISIBLE);
        set_points(entry, 0, points);
        free(text);
        return;
    }
    const double scale = of > 0 ? points / of : 0;
    results->got += of > 0 ? points * (number_at(must, "got") / of) : 0;
    add_tests(results, number, stage, "public", 0);
    add_hidden_tests(results, number, stage, scale);
    add_memory(results, number, stage, scale);
    add_own_tests(results, number, stage, scale);
    add_bonus(results, number, stage, share_of_course);
}

/* ---- The platform's metadata --------------------------------------------- */

/* Seconds since 1970 of "2018-07-01T14:22:32.365935-07:00", or -1. */
static double
time_of(const char *text)
{
    struct tm when = {0};
    double second = 0;
    int hours = 0, minutes = 0, read = 0;
    char sign = '+';
    if (sscanf(text, "%d-%d-%dT%d:%d:%lf%n", &when.tm_year, &when.tm_mon,
               &when.tm_mday, &when.tm_hour, &when.tm_min, &second,
               &read) != 6) {
        return -1;
    }
    when.tm_year -= 1900;
    when.tm_mon -= 1;
    const char *const zone = text + read;
    if (zone[0] != 'Z' && zone[0] != '\0' &&
        (sscanf(zone, "%c%2d:%2d", &sign, &hours, &minutes) != 3 ||
         (sign != '+' && sign != '-'))) {
        return -1;
    }
    const double offset = hours * 3600.0 + minutes * 60.0;
    return (double)timegm(&when) + second + (sign == '-' ? offset : -offset);
}

/* Seconds after the due date; 0 when it is in time, or not known. */
static double
seconds_late(const json_t *metadata)
{
    const json_t *const assignment = json_object_get(metadata, "assignment");
    const double at = time_of(text_at(metadata, "created_at"));
    const double due = time_of(text_at(assignment, "due_date"));
    return at >= 0 && due >= 0 && at > due ? at - due : 0;
}

static double
points_of_assignment(const json_t *metadata,
                     const struct gradescope_settings *settings)
{
    const json_t *const assignment = json_object_get(metadata, "assignment");
    const json_t *const total = json_object_get(assignment, "total_points");
    double points = settings->points;
    if (!(points > 0)) {
        points = json_is_string(total) ? strtod(json_string_value(total), NULL)
                                       : json_number_value(total);
    }
    return points > 0 && isfinite(points) ? points : 100;
}

/* ---- The whole ----------------------------------------------------------- */

static void
add_diagnoses(char **text, const json_t *stage)
{
    size_t index;
    json_t *bug;
    json_array_foreach(json_object_get(stage, "diagnosis"), index, bug)
    {
        add(text, "%s: %s\n", text_at(stage, "name"),
            text_at(bug, "misconception"));
    }
}

static void
add_intake(char **text, const json_t *record)
{
    const json_t *const intake = json_object_get(record, "intake");
    size_t index;
    json_t *file;
    add_field(text, "The submission:", intake, "trouble");
    json_array_foreach(json_object_get(intake, "ignored"), index, file)
    {
        add(text, "Left out: %s (%s)\n", text_at(file, "name"),
            text_at(file, "why"));
    }
}

/* How many units have begun. */
static long
begun(double seconds, long unit)
{
    return ((long)seconds + unit - 1) / unit;
}

/* "1 day 3 hours"; below an hour, minutes. */
static void
add_duration(char **text, double seconds)
{
    const long minutes = begun(seconds, 60);
    const long days = minutes / 1440, hours = minutes % 1440 / 60;
    if (days > 0) {
        add(text, "%ld day%s ", days, days == 1 ? "" : "s");
    }
    if (days > 0 || hours > 0) {
        add(text, "%ld hour%s", hours, hours == 1 ? "" : "s");
    } else {
        add(text, "%ld minute%s", minutes, minutes == 1 ? "" : "s");
    }
}

/* The share of the score that lateness leaves. */
static double
add_lateness(char **text, double seconds,
             const struct gradescope_settings *settings)
{
    const double all =
        (double)begun(seconds, 86400) * settings->late_percent_per_day;
    const double percent = all < 100 ? all : 100;
    if (seconds > 0) {
        add(text, "Handed in ");
        add_duration(text, seconds);
        add(text, " after the due date");
        if (percent > 0) {
            add(text, ": %g %% of the score is taken off", percent);
        }
        add(text, ".\n");
    }
    return 1 - percent / 100;
}

json_t *
gradescope_results(const json_t *record, const json_t *metadata,
                   const struct gradescope_settings *settings)
{
    const double points = points_of_assignment(metadata, settings);
    const json_t *const stages = json_object_get(record, "stages");
    const size_t attempt =
        json_array_size(json_object_get(metadata, "previous_submissions")) + 1;
    const double late = seconds_late(metadata);
    struct results results = {.settings = settings, .tests = json_array()};
    double weights = 0;
    char *text = xstrdup("");
    size_t index;
    json_t *stage;

    const double left = add_lateness(&text, late, settings);
    add(&text, "Attempt %zu.\n", attempt);
    json_array_foreach(stages, index, stage)
    {
        weights += number_at(stage, "weight");
    }
    json_array_foreach(stages, index, stage)
    {
        const double share =
            weights > 0 ? number_at(stage, "weight") / weights : 0;
        add_stage(&results, (unsigned)index + 1, stage, points * share, share);
        add_diagnoses(&text, stage);
    }
    add_intake(&text, record);

    json_t *const extra = json_object();
    set(extra, "kit", json_string(text_at(record, "kit")));
    set(extra, "digest", json_string(text_at(record, "digest")));
    set(extra, "seed", json_string(text_at(record, "seed")));
    set(extra, "sandbox", json_deep_copy(json_object_get(record, "sandbox")));
    set(extra, "seconds_late", json_real(late));
    set(extra, "earlier_result", json_false());

    json_t *const object = json_object();
    set(object, "score", json_real(results.got * left));
    set_text(object, "output", text, GRADESCOPE_OUTPUT_BYTES);
    set(object, "output_format", json_string("text"));
    set(object, "test_output_format", json_string("text"));
    set(object, "test_name_format", json_string("text"));
    set(object, "stdout_visibility", json_string("hidden"));
    set(object, "tests", results.tests);
    set(object, "extra_data", extra);
    free(text);
    return object;
}

/* ---- What was before ----------------------------------------------------- */

/* The latest submission that was graded; the platform's order is not relied
 * on. */
static const json_t *
latest_graded(const json_t *metadata)
{
    const json_t *latest = NULL;
    double at = -2;
    size_t index;
    json_t *earlier;
    json_array_foreach(json_object_get(metadata, "previous_submissions"), index,
                       earlier)
    {
        const double when = time_of(text_at(earlier, "submission_time"));
        if (json_is_number(json_object_get(earlier, "score")) &&
            !json_is_true(json_object_get(earlier, "autograder_error")) &&
            when >= at) {
            latest = earlier;
            at = when;
        }
    }
    return latest;
}

json_t *
gradescope_earlier_results(const json_t *metadata, const char *why)
{
    const json_t *const earlier = latest_graded(metadata);
    if (earlier == NULL) {
        return NULL;
    }
    const json_t *const before = json_object_get(earlier, "results");
    const json_t *const extra = json_object_get(before, "extra_data");
    json_t *const object =
        json_is_object(before) ? json_deep_copy(before) : json_object();
    if (!json_is_true(json_object_get(extra, "earlier_result"))) {
        char *const text = text_format(
            "This submission could not be graded, which is no fault of yours "
            "(%s). The result of your submission of %s stands until it is; "
            "your instructor can have it graded again.\n\n%s",
            why, text_at(earlier, "submission_time"),
            text_at(before, "output"));
        set_text(object, "output", text, GRADESCOPE_OUTPUT_BYTES);
        free(text);
    }
    set(object, "output_format", json_string("text"));
    set(object, "score", json_real(number_at(earlier, "score")));
    if (!json_is_array(json_object_get(object, "tests"))) {
        set(object, "tests", json_array());
    }
    json_t *const kept =
        json_is_object(extra) ? json_deep_copy(extra) : json_object();
    set(kept, "earlier_result", json_true());
    set_text(kept, "trouble", why, GRADESCOPE_NAME_BYTES);
    set(object, "extra_data", kept);
    return object;
}
