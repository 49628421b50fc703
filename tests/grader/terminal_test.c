/* terminal_test.c - reports for people: golden texts, width, colour, and what
 * must not be shown. */
#include <fcntl.h>

#include "terminal.h"
#include "files.h"
#include "page.h"
#include "sample.h"
#include "scoreboard.h"
#include "utf8.h"

static struct sample sample;
static struct report_options options;

static void
begin(void)
{
    make_directory();
    sample = make_sample();
    options = sample_options();
}

static void
end(void)
{
    free_sample(&sample);
    remove_directory();
}

TestSuite(terminal, .init = begin, .fini = end);

static char *
report(void)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    terminal_report(out, sample.result, &options);
    fclose(out);
    return text;
}

static void
expect_report(const char *golden)
{
    char *text = report();
    expect_golden(golden, text);
    free(text);
}

/* No line is wider than the page, none ends in spaces. */
static void
expect_fits(char *text)
{
    for (char *line = strtok(text, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        cr_expect_leq(utf8_columns(line), options.width, "too wide: %s", line);
        cr_expect_neq(line[strlen(line) - 1], ' ', "trailing space: %s", line);
    }
}

/* The same of the second stage alone, which ended with that status. */
static void
expect_report_of(enum stage_status status, const char *golden)
{
    struct result *whole = sample.result;
    struct result second = *whole;
    second.stages = &whole->stages[1];
    second.stage_count = 1;
    second.ignored_count = 0;
    second.stages[0].status = status;
    sample.result = &second;
    char *text = report();
    sample.result = whole;
    expect_golden(golden, text);
    free(text);
}

static void
add_finding(unsigned line, const char *rule, const char *message)
{
    struct stage_result *stage = &sample.result->stages[1];
    stage->findings = xrealloc(stage->findings, (stage->finding_count + 1) *
                                                    sizeof *stage->findings);
    stage->findings[stage->finding_count++] =
        (struct finding){line, xstrdup(rule), xstrdup(message)};
}

Test(terminal, report_of_the_sample_is_golden)
{
    expect_report("report.txt");
}

Test(terminal, wide_report_is_golden)
{
    options.width = 100;
    options.uncaught_bugs = true;
    options.debug = sample_repeat;
    expect_report("report-wide.txt");
}

Test(terminal, coloured_report_is_golden)
{
    options.colour = true;
    expect_report("report-colour.txt");
}

Test(terminal, report_with_titles_only_is_golden)
{
    options.hidden = SHOW_TITLE;
    expect_report("report-title.txt");
}

Test(terminal, report_that_shows_nothing_is_golden)
{
    options.hidden = SHOW_NOTHING;
    expect_report("report-nothing.txt");
}

Test(terminal, report_of_a_full_score_is_golden)
{
    struct stage_result *stage = sample.segment;
    for (size_t i = 0; i < stage->test_count; i++) {
        stage->tests[i].verdict = VERDICT_PASSED;
        stage->tests[i].memory_checked = stage->tests[i].memory_clean = true;
    }
    for (size_t i = 0; i < stage->bug_count; i++) {
        stage->bugs[i].caught = true;
    }
    stage->own_tests[1].on_own_module = VERDICT_PASSED;
    stage->own_test_count = 2;
    free(stage->own_tests[2].name);
    free(stage->own_tests[2].rejects);
    judge_sample(&sample);
    sample.result->stage_count = 1;
    expect_report("report-full.txt");
}

/* A stage whose cost is measured. */
static void
expect_report_with_cost(const char *golden, const struct cost *own,
                        const char *trouble)
{
    struct cost_rules rules = {
        .space = {.points = 4, .full = 1.1, .none = 2},
        .instructions = {.points = 4, .full = 1.5, .none = 6},
    };
    sample.segment->cost = (struct cost_result){
        .asked = true,
        .own = *own,
        .reference = {3880731, 4214784, 12734894},
        .trouble = trouble != NULL ? xstrdup(trouble) : NULL,
    };
    sample.rubric->cost = &rules;
    judge_sample(&sample);
    sample.rubric->cost = NULL; /* it is not the rubric's to free */
    sample.segment->test_count = 1; /* the rest has reports of its own */
    sample.segment->own_tests_submitted = false;
    sample.segment->diagnosis_count = 0;
    sample.result->stage_count = 1;
    expect_report(golden);
    sample.segment->test_count = SAMPLE_TESTS;
}

Test(terminal, report_of_a_cost_is_golden)
{
    const struct cost own = {3880731, 5068112, 31415926};
    expect_report_with_cost("report-cost.txt", &own, NULL);
}

Test(terminal, report_of_a_cost_that_cannot_be_counted_is_golden)
{
    const struct cost own = {3880731, 4214784, 0};
    expect_report_with_cost("report-cost-high.txt", &own, NULL);
}

Test(terminal, report_of_no_cost_is_golden)
{
    const struct cost none = {0};
    expect_report_with_cost("report-cost-none.txt", &none,
                            "byte 3 of 100 of block 7 has changed");
}

Test(terminal, report_of_public_tests_alone_is_golden)
{
    struct stage_result *stage = sample.segment;
    stage->test_count = 1;
    stage->tests[0].verdict = VERDICT_CRASHED;
    stage->tests[0].memory_checked = false;
    stage->tests[0].message =
        xstrdup("SIGSEGV at address 0x8, an offset from NULL");
    stage->tests[0].call =
        xstrdup("seg_decode(0x00CF9A000000FFFF, descriptor)");
    stage->score = (struct stage_score){0};
    stage->diagnosis_count = 0;
    stage->own_tests_submitted = false;
    sample.result->stage_count = 1;
    expect_report("report-public.txt");
    stage->test_count = SAMPLE_TESTS; /* to be freed */
}

Test(terminal, report_of_what_does_not_compile_is_golden)
{
    add_finding(12, "", "expected ';' before 'return'");
    expect_report_of(STAGE_NOT_COMPILED, "report-compile.txt");
}

Test(terminal, report_of_a_refusal_is_golden)
{
    add_finding(40, "call",
                "fork is not available in this stage; a module computes, it "
                "starts no process");
    add_finding(0, "section", "code that runs before main is not available");
    sample.result->stages[1].warnings =
        xstrdup("pagewalk.c:7:9: warning: unused variable 'x'\n"
                "    7 |     int x;\n"
                "      |\t^");
    expect_report_of(STAGE_REFUSED, "report-refused.txt");
}

Test(terminal, report_of_our_own_trouble_is_golden)
{
    sample.result->stages[1].score = (struct stage_score){0};
    sample.result->stages[1].trouble = xstrdup("the judge ended by signal 9");
    expect_report_of(STAGE_UNGRADED, "report-ungraded.txt");
}

Test(terminal, report_of_a_broken_archive_is_golden)
{
    sample.result->intake_trouble = xstrdup("broken archive, at byte 512");
    sample.segment->status = STAGE_NOT_SUBMITTED;
    sample.segment->test_count = 0;
    sample.segment->own_tests_submitted = false;
    sample.segment->diagnosis_count = 0;
    judge_sample(&sample);
    expect_report("report-broken.txt");
    sample.segment->test_count = SAMPLE_TESTS; /* to be freed */
}

Test(terminal, every_verdict_is_shown)
{
    for (int verdict = VERDICT_FAILED; verdict < VERDICT_COUNT; verdict++) {
        sample.segment->tests[WRAPS].verdict = (enum verdict)verdict;
        char *text = report();
        char *id = text_format("    %-17san_access_that_wraps_is_refused\n",
                               verdict_name((enum verdict)verdict));
        cr_expect_not_null(strstr(text, id), "%s", id);
        free(id);
        free(text);
    }
}

Test(terminal, fields_of_a_failure_stand_in_a_fixed_order)
{
    static const char *const labels[] = {
        "\n    called ", "\n    expected ", "\n    got ",  "\n    picture",
        "\n    clause ", "\n    repeat",    "\n    debug", "\n    next hint "};
    options.debug = sample_repeat;
    char *text = report();
    const char *at = text;
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        at = strstr(at, labels[i]);
        cr_assert_not_null(at, "no%s behind the ones before", labels[i]);
    }
    free(text);
}

/* A command of 77 columns. */
static char *
long_command(const struct stage_result *stage, const struct test_result *test,
             void *context)
{
    (void)stage;
    (void)test;
    (void)context;
    return xstrdup("build/vmlab check segment --seed 18446744073709551615 "
                   "--test a_b_c_d_e_f_g_h_i");
}

Test(terminal, commands_are_never_broken)
{
    options.repeat = options.debug = long_command;
    char *command = long_command(NULL, NULL, NULL);
    char *expected = text_format(
        "\n    repeat\n      %s\n    debug\n      %s\n", command, command);
    char *text = report();
    cr_expect_not_null(strstr(text, expected));
    free(text);
    free(expected);
    free(command);
}

Test(terminal, lines_that_the_program_does_not_know_are_left_out)
{
    options.repeat = options.debug = options.hint = NULL;
    char *text = report();
    cr_expect_null(strstr(text, "\n    repeat"));
    cr_expect_null(strstr(text, "\n    debug"));
    cr_expect_null(strstr(text, "\n    next hint"));
    free(text);
}

Test(terminal, hidden_values_are_not_shown)
{
    static const char *const values[] = {"4095 is the last", "hidden.c:88",
                                         "phys_read64", "SEG_LIMIT\n    in"};
    static const char *const inputs[] = {"seg_translate(cpu, SEG_DS",
                                         "byte granular", "limit=4095"};
    for (int shown = SHOW_NOTHING; shown <= SHOW_INPUTS; shown++) {
        options.hidden = (enum visibility)shown;
        char *text = report();
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            cr_expect_null(strstr(text, values[i]), "%s", values[i]);
        }
        for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
            cr_expect_eq(strstr(text, inputs[i]) != NULL, shown == SHOW_INPUTS,
                         "%s", inputs[i]);
        }
        free(text);
    }
}

Test(terminal, more_than_is_shown_is_always_mentioned)
{
    for (int shown = SHOW_NOTHING; shown <= SHOW_EVERYTHING; shown++) {
        options.hidden = (enum visibility)shown;
        char *text = report();
        cr_expect_eq(strstr(text, "5 hidden tests") != NULL,
                     shown != SHOW_EVERYTHING);
        free(text);
    }
}

Test(terminal, hostile_text_stays_in_its_place)
{
    static const char hostile[] =
        "\033[2J\033]0;title\a\x9b"
        "31m a\tb\r\n\n"
        "averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylong"
        "wordwithoutanyspacethatgoesonandon 王小明王小明王小明王小明王小明王小"
        "明王小明王小明王小明王小明王小明 \u202Eabc %s%n\xFF";
    char *text = text_clean(hostile, sizeof hostile - 1, 1000);
    struct test_result *failed = &sample.segment->tests[LAST_BYTE];
    char **fields[] = {&failed->call,
                       &failed->expected,
                       &failed->got,
                       &failed->message,
                       &failed->context,
                       &failed->trace,
                       &failed->output,
                       &failed->where,
                       &sample.segment->own_tests[1].name,
                       &sample.segment->own_tests[1].message,
                       &sample.segment->own_tests[2].rejects,
                       &sample.result->submission,
                       &sample.result->ignored[0].name};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        free(*fields[i]);
        *fields[i] = xstrdup(text);
    }
    char *shown = report();
    for (const char *at = shown; *at != '\0'; at++) {
        cr_assert(*at == '\n' || (unsigned char)*at >= ' ', "control %d", *at);
    }
    expect_fits(shown);
    free(shown);
    free(text);
}

Test(terminal, every_report_fits_its_width)
{
    for (options.width = 80; options.width <= 100; options.width += 5) {
        char *text = report();
        expect_fits(text);
        free(text);
    }
}

/* ---- The scoreboard ------------------------------------------------------ */

static char *
scoreboard(void)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    scoreboard_head(out, &options);
    scoreboard_lines(out, sample.result, &options);
    free(sample.result->submission);
    sample.result->submission = xstrdup("王小明王小明王小明");
    sample.result->stages[1].status = STAGE_UNGRADED;
    sample.result->stages[1].score = (struct stage_score){0};
    sample.segment->tests[WRAPS].verdict = VERDICT_CRASHED;
    sample.segment->tests[WORST_FIT].verdict = VERDICT_PASSED;
    sample.segment->tests[FLAT_SEGMENT].verdict = VERDICT_TIMED_OUT;
    sample.segment->tests[WRAPS].memory_checked = false;
    sample.segment->coverage.measured = false;
    sample.segment->tests[LAST_BYTE].verdict = VERDICT_PASSED;
    sample.segment->tests[PAGES].verdict = VERDICT_PASSED;
    judge_sample(&sample);
    scoreboard_lines(out, sample.result, &options);
    sample.segment->tests[WRAPS].verdict = VERDICT_PASSED;
    sample.segment->tests[LAST_BYTE].verdict = VERDICT_FAILED;
    judge_sample(&sample);
    scoreboard_lines(out, sample.result, &options);
    fclose(out);
    return text;
}

Test(terminal, scoreboard_is_golden)
{
    char *text = scoreboard();
    expect_golden("scoreboard.txt", text);
    expect_fits(text);
    free(text);
}

Test(terminal, wide_scoreboard_is_golden)
{
    options.width = 100;
    char *text = scoreboard();
    expect_golden("scoreboard-wide.txt", text);
    expect_fits(text);
    free(text);
}

/* ---- Colour and width ---------------------------------------------------- */

/* The writing end of a pseudo-terminal. */
static FILE *
open_terminal(void)
{
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert_geq(master, 0);
    cr_assert_eq(grantpt(master), 0);
    cr_assert_eq(unlockpt(master), 0);
    FILE *out = fopen(ptsname(master), "w");
    cr_assert_not_null(out);
    return out;
}

Test(terminal, colour_is_for_terminals)
{
    FILE *terminal = open_terminal();
    FILE *file = fopen(path_of("file"), "w");
    unsetenv("NO_COLOR");
    cr_expect(page_wants_colour(terminal));
    cr_expect_not(page_wants_colour(file));
    fclose(terminal);
    fclose(file);
}

Test(terminal, no_color_switches_colour_off)
{
    FILE *terminal = open_terminal();
    setenv("NO_COLOR", "1", 1);
    cr_expect_not(page_wants_colour(terminal));
    setenv("NO_COLOR", "", 1); /* empty is as if it were not set */
    cr_expect(page_wants_colour(terminal));
    fclose(terminal);
}

Test(terminal, colour_changes_nothing_but_colour)
{
    char *plain = report();
    options.colour = true;
    char *coloured = report();
    cr_expect_null(strchr(plain, '\033'));
    cr_expect_not_null(strchr(coloured, '\033'));
    char *to = coloured;
    for (const char *from = coloured; *from != '\0'; from++) {
        if (*from == '\033') {
            from = strchr(from, 'm');
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    cr_expect_str_eq(coloured, plain);
    free(plain);
    free(coloured);
}

Test(terminal, a_file_has_80_columns)
{
    FILE *file = fopen(path_of("file"), "w");
    cr_expect_eq(page_width(file), 80);
    fclose(file);
}
