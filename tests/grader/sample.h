/*
 * sample.h - for tests of the grader: a small course and a submission to it.
 *
 * Anna's segment.c treats the limit as a size, reads memory that it has freed
 * and has no worst fit; she has written three tests, one of them wrong.  Her
 * pagewalk.c was not submitted.
 */
#ifndef VMLAB_TESTS_SAMPLE_H
#define VMLAB_TESTS_SAMPLE_H

#include "bank.h"
#include "catalogue.h"
#include "diagnose.h"
#include "report.h"
#include "result.h"
#include "rubric.h"
#include "score.h"
#include "text.h"

#define SAMPLE "tests/grader/sample/"

struct sample {
    struct catalogue *catalogue;
    struct rubric *rubric;
    struct bank *bank;
    struct result *result;
    struct stage_result *segment; /* in the result */
};

/* The tests of the sample's rubric, by number. */
enum {
    FLAT_SEGMENT,
    THREE_PIECES,
    PAGES,
    LAST_BYTE,
    WRAPS,
    WORST_FIT,
    SAMPLE_TESTS
};

static inline struct strings
no_errors(void)
{
    return (struct strings){0};
}

static inline void
fill_tests(struct sample *sample)
{
    struct stage_result *stage = sample->segment;
    stage->test_count = SAMPLE_TESTS;
    stage->tests = xcalloc(SAMPLE_TESTS, sizeof *stage->tests);
    for (unsigned i = 0; i < SAMPLE_TESTS; i++) {
        struct test_result *test = &stage->tests[i];
        test->rubric = &sample->rubric->tests[i];
        test->verdict = VERDICT_PASSED;
        test->seed = 18446744073709551615u - i;
        test->cpu_ms = 1.5;
        test->memory_checked = true;
        test->memory_clean = true;
    }
    struct test_result *failed = &stage->tests[LAST_BYTE];
    failed->verdict = VERDICT_FAILED;
    failed->memory_checked = failed->memory_clean = false;
    failed->call =
        xstrdup("seg_translate(cpu, SEG_DS, 4095, 1, SEG_READ, result)");
    failed->expected = xstrdup("SEG_OK");
    failed->got = xstrdup("SEG_LIMIT");
    failed->message = xstrdup("4095 is the last offset of this segment");
    failed->context = xstrdup("limit 0xFFF, byte granular");
    failed->trace = xstrdup("seg_load(cpu, SEG_DS, 0x10, fault) -> SEG_OK\n"
                            "    phys_read64 0x1010 -> 0x0040920000000FFF\n"
                            "seg_translate(cpu, SEG_DS, 4095, 1, ...) -> "
                            "SEG_LIMIT");
    failed->output = xstrdup("limit=4095\n");
    failed->where = xstrdup("hidden.c:88");

    struct test_result *unclean = &stage->tests[PAGES];
    unclean->memory_clean = false;
    unclean->error_count = 1;
    unclean->errors = xcalloc(1, sizeof *unclean->errors);
    unclean->errors[0] = (struct memory_error){
        .kind = xstrdup("InvalidRead"),
        .what = xstrdup("Invalid read of size 8"),
        .where = xstrdup("segment.c:41 (seg_decode)"),
        .call = xstrdup("seg_decode(0x00CF9A000000FFFF, descriptor)"),
    };

    stage->tests[WORST_FIT].verdict = VERDICT_NOT_IMPLEMENTED;
    stage->tests[WORST_FIT].memory_checked = false;
    stage->tests[WORST_FIT].memory_clean = false;
}

static inline void
fill_own_tests(struct sample *sample)
{
    struct stage_result *stage = sample->segment;
    stage->own_tests_submitted = true;
    stage->own_test_count = 3;
    stage->own_tests = xcalloc(3, sizeof *stage->own_tests);
    stage->own_tests[0] = (struct own_test){
        .name = xstrdup("segment/flat"),
        .on_own_module = VERDICT_PASSED,
        .valid = true,
        .caught = 2,
    };
    stage->own_tests[1] = (struct own_test){
        .name = xstrdup("segment/last_byte"),
        .on_own_module = VERDICT_FAILED,
        .message = xstrdup("expected SEG_OK, got SEG_LIMIT"),
        .valid = true,
        .caught = 1,
    };
    stage->own_tests[2] = (struct own_test){
        .name = xstrdup("segment/null_is_ok"),
        .on_own_module = VERDICT_PASSED,
        .valid = false,
        .rejects = xstrdup("a load of the null selector into DS succeeds"),
    };
    stage->bug_count = sample->bank->bug_count;
    stage->bugs = xcalloc(stage->bug_count, sizeof *stage->bugs);
    for (size_t i = 0; i < stage->bug_count; i++) {
        stage->bugs[i].bug = &sample->bank->bugs[i];
        stage->bugs[i].caught = i < 2; /* base_in_two_..., granularity_... */
        stage->bugs[i].by = i < 2 ? xstrdup("segment/flat") : NULL;
    }
    stage->coverage = (struct coverage){
        .measured = true,
        .lines = 100,
        .lines_covered = 95,
        .branches = 40,
        .branches_covered = 34,
        .missed = xstrdup("41-43, 57, 60"),
    };
}

/* Scores and diagnoses again what a test has changed. */
static inline void
judge_sample(struct sample *sample)
{
    struct stage_result *stage = sample->segment;
    stage->score =
        score_stage(stage, sample->catalogue, sample->rubric, sample->bank);
    diagnose_stage(stage, sample->bank);
}

static inline struct sample
make_sample(void)
{
    struct strings errors = no_errors();
    struct sample sample = {0};
    sample.catalogue = catalogue_read(SAMPLE "catalogue.yaml", &errors);
    cr_assert_not_null(sample.catalogue, "%s", errors.item[0]);
    sample.rubric = rubric_read(SAMPLE "rubric.yaml", sample.catalogue,
                                &sample.catalogue->stages[0], &errors);
    cr_assert_not_null(sample.rubric, "%s", errors.item[0]);
    sample.bank = bank_read(SAMPLE "bugs", sample.rubric, &errors);
    cr_assert_not_null(sample.bank, "%s", errors.item[0]);

    struct result *result = result_create("Anna Müller", 20260901);
    sample.result = result;
    free(result->digest);
    result->digest = xstrdup("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934c"
                             "a495991b7852b855");
    result->ignored_count = 1;
    result->ignored = xcalloc(1, sizeof *result->ignored);
    result->ignored[0] = (struct ignored_file){
        .name = xstrdup("Makefile"),
        .why = xstrdup("only segment.c, segment_test.c and the like are taken"),
    };
    result->sandbox_count = 2;
    result->sandbox = xcalloc(2, sizeof *result->sandbox);
    result->sandbox[0] = xstrdup("seccomp");
    result->sandbox[1] = xstrdup("landlock");

    result->stage_count = 2;
    result->stages = xcalloc(2, sizeof *result->stages);
    result->stages[0].stage = &sample.catalogue->stages[0];
    result->stages[0].status = STAGE_GRADED;
    result->stages[1].stage = &sample.catalogue->stages[1];
    result->stages[1].status = STAGE_NOT_SUBMITTED;
    sample.segment = &result->stages[0];
    fill_tests(&sample);
    fill_own_tests(&sample);
    judge_sample(&sample);

    /* Not submitted: 0 of 100, as score_stage says of an empty result. */
    result->stages[1].score = score_stage(&result->stages[1], sample.catalogue,
                                          sample.rubric, sample.bank);
    return sample;
}

static inline void
free_sample(struct sample *sample)
{
    result_free(sample->result);
    bank_free(sample->bank);
    rubric_free(sample->rubric);
    catalogue_free(sample->catalogue);
}

static inline char *
sample_repeat(const struct stage_result *stage, const struct test_result *test,
              void *context)
{
    (void)context;
    return text_format("build/vmlab check %s --test %s", stage->stage->name,
                       test->rubric->id);
}

static inline char *
sample_hint(const struct stage_result *stage, const struct test_result *test,
            void *context)
{
    (void)stage;
    (void)test;
    (void)context;
    return xstrdup("Which offset does the last byte of a segment of one byte "
                   "have?");
}

static inline struct report_options
sample_options(void)
{
    return (struct report_options){
        .kit_version = "1.0",
        .hidden = SHOW_EVERYTHING,
        .width = 80,
        .repeat = sample_repeat,
        .hint = sample_hint,
    };
}

#endif
