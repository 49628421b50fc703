/*
 * gradebook_test.c - attempts, grades and standings, without any grading.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "batch/class_page.h"
#include "batch/gradebook.h"
#include "batch/kept.h"
#include "batch/standings.h"
#include "files.h"

static struct gradebook *book;
static const char *out;

static void
open_book(void)
{
    static struct stage stages[] = {
        {.name = "segment", .title = "Segmentation", .weight = 1},
        {.name = "tlb", .title = "TLB", .weight = 3},
    };
    static const struct catalogue catalogue = {
        .stages = stages,
        .stage_count = 2,
    };
    make_directory();
    out = xstrdup(path_of("out"));
    book = gradebook_open(out, GRADEBOOK_MAKE);
    cr_assert(gradebook_set_stages(book, &catalogue));
}

static void
close_book(void)
{
    gradebook_close(book);
    remove_directory();
}

TestSuite(gradebook, .init = open_book, .fini = close_book, .timeout = 60);

/* ---- Filling it ---------------------------------------------------------- */

static void
hand_in(const char *student, const char *digest)
{
    struct student entry = {.key = (char *)student};
    struct handed_in item = {.source = (char *)"x"};
    cr_assert(gradebook_add_student(book, &entry));
    cr_assert(gradebook_add_attempt(book, student, digest, &item));
}

static json_t *
stage_of(const char *name, const char *status, double points)
{
    return json_pack("{s:s, s:s, s:{s:{s:f, s:i}, s:{s:i, s:i}}, s:[{s:s, s:s, "
                     "s:s, s:s, s:s}], s:[]}",
                     "name", name, "status", status, "score", "must", "got",
                     points, "of", 100, "bonus", "got", 0, "of", 5, "tests",
                     "id", "t", "title", "T", "suite", "hidden", "part", "must",
                     "verdict", points > 50 ? "passed" : "failed", "diagnosis");
}

static json_t *
record_of(const char *stage, const char *status, double points)
{
    return json_pack("{s:s, s:[o], s:[]}", "schema", "vmlab.result/1", "stages",
                     stage_of(stage, status, points), "trouble");
}

static struct job
job_of(const char *digest, const char *stage, const char *kit, unsigned again)
{
    struct job job = job_create(digest, 1, again);
    job_add_stage(&job, stage, kit);
    job_seal(&job);
    return job;
}

static void
grade(const char *digest, const char *stage, const char *kit, double points)
{
    struct job job = job_of(digest, stage, kit, 0);
    json_t *const record = record_of(stage, "graded", points);
    cr_assert(gradebook_take(book, &job, record, 1));
    json_decref(record);
    job_free(&job);
}

/* "segment tlb total", "-" for nothing and "?" for ungraded. */
static void
has(const char *student, enum which which, const char *expected)
{
    struct standings *const all = standings_read(book, which);
    bool several;
    const struct standing *const one = standings_find(all, student, &several);
    cr_assert_not_null(one);
    char *text = xstrdup("");
    for (size_t i = 0; i < all->names.count; i++) {
        const struct stage_standing *const stage = &one->stages[i];
        char *const next = stage->status == NULL ? text_format("%s- ", text)
                           : strcmp(stage->status, "ungraded") == 0
                               ? text_format("%s? ", text)
                               : text_format("%s%g/%u ", text, stage->must.got,
                                             stage->attempt);
        free(text);
        text = next;
    }
    char *const line = one->has_total ? text_format("%s%g", text, one->total)
                                      : text_format("%s?", text);
    cr_expect_str_eq(line, expected, "%s has \"%s\", expected \"%s\"", student,
                     line, expected);
    free(text);
    free(line);
    standings_free(all);
}

/* ---- Attempts ------------------------------------------------------------ */

Test(gradebook, best_is_of_each_stage_and_last_the_last_that_holds_it)
{
    hand_in("ann", "d1");
    grade("d1", "segment", "k", 80);
    grade("d1", "tlb", "k", 20);
    hand_in("ann", "d2");
    grade("d2", "segment", "k", 60);
    struct job job = job_of("d2", "tlb", "k", 0);
    json_t *const record = record_of("tlb", "not submitted", 0);
    cr_assert(gradebook_take(book, &job, record, 1));
    has("ann", WHICH_BEST, "80/1 20/1 35");
    has("ann", WHICH_LAST, "60/2 20/1 30");
}

Test(gradebook, same_submission_again_is_no_attempt_but_an_older_one_is)
{
    hand_in("ann", "d1");
    hand_in("ann", "d1");
    hand_in("ann", "d2");
    hand_in("ann", "d1");
    grade("d1", "segment", "k", 10);
    grade("d2", "segment", "k", 90);
    has("ann", WHICH_BEST, "90/2 90");
    has("ann", WHICH_LAST, "10/3 10");
}

Test(gradebook, equal_work_shares_its_grade)
{
    hand_in("ann", "d1");
    hand_in("ben", "d1");
    grade("d1", "segment", "k", 70);
    has("ann", WHICH_BEST, "70/1 70");
    has("ben", WHICH_BEST, "70/1 70");
}

/* ---- Kits ---------------------------------------------------------------- */

Test(gradebook, grade_that_was_used_last_is_current)
{
    hand_in("ann", "d1");
    grade("d1", "segment", "k1", 80);
    grade("d1", "segment", "k2", 60);
    has("ann", WHICH_BEST, "60/1 60");
    cr_expect_not(gradebook_use_grade(book, "d1", "segment", "k3", 1));
    cr_expect_not(gradebook_use_grade(book, "d1", "segment", "k1", 2));
    cr_expect(gradebook_use_grade(book, "d1", "segment", "k1", 1));
    has("ann", WHICH_BEST, "80/1 80");
}

/* ---- Trouble ------------------------------------------------------------- */

Test(gradebook, trouble_is_no_0_and_goes_when_it_is_graded)
{
    hand_in("ann", "d1");
    struct job job = job_of("d1", "segment", "k", 0);
    cr_assert(gradebook_note_trouble(book, &job, "no zygote"));
    has("ann", WHICH_BEST, "? ?");
    grade("d1", "segment", "k", 80);
    has("ann", WHICH_BEST, "80/1 80");
}

Test(gradebook, stage_that_is_ungraded_in_a_record_is_trouble)
{
    hand_in("ann", "d1");
    struct job job = job_create("d1", 1, 0);
    job_add_stage(&job, "segment", "k");
    job_add_stage(&job, "tlb", "k");
    job_seal(&job);
    json_t *const record = json_pack(
        "{s:s, s:[o, {s:s, s:s}], s:[{s:s, s:s}]}", "schema", "vmlab.result/1",
        "stages", stage_of("segment", "graded", 40), "name", "tlb", "status",
        "ungraded", "trouble", "stage", "tlb", "message", "killed");
    cr_assert_not_null(record);
    cr_assert(gradebook_take(book, &job, record, 1));
    has("ann", WHICH_BEST, "40/1 ? ?");
}

/* ---- What is on disk ----------------------------------------------------- */

static void
leave_record(const struct job *job, json_t *record)
{
    cr_assert(job_write(job, out) == 0);
    char *const path = text_format("%s/records/%s/result.json", out, job->key);
    cr_assert(json_dump_file(record, path, 0) == 0);
    free(path);
}

static void
open_again(void)
{
    gradebook_close(book);
    book = gradebook_open(out, GRADEBOOK_WRITE);
}

Test(gradebook, record_of_a_killed_run_is_found)
{
    hand_in("ann", "d1");
    struct job job = job_of("d1", "segment", "k", 0);
    leave_record(&job, record_of("segment", "graded", 75));
    has("ann", WHICH_BEST, "?");
    open_again();
    has("ann", WHICH_BEST, "75/1 75");
    open_again(); /* once */
    has("ann", WHICH_BEST, "75/1 75");
}

Test(gradebook, record_in_a_folder_of_another_name_is_none)
{
    hand_in("ann", "d1");
    struct job job = job_of("d1", "segment", "k", 0);
    leave_record(&job, record_of("segment", "graded", 75));
    job.key[0] = job.key[0] == '0' ? '1' : '0';
    char *const forged = text_format("%s/records/%s", out, job.key);
    struct job right = job_of("d1", "segment", "k", 0);
    char *const folder = job_folder(out, right.key);
    cr_assert(rename(folder, forged) == 0);
    open_again();
    has("ann", WHICH_BEST, "?");
}

Test(gradebook, damaged_record_is_none)
{
    hand_in("ann", "d1");
    struct job job = job_of("d1", "segment", "k", 0);
    leave_record(&job, record_of("segment", "graded", 75));
    char *const path = text_format("%s/records/%s/result.json", out, job.key);
    cr_assert(text_write_file(path, "{\"schema\": \"vmlab.res", 21) == 0);
    open_again();
    has("ann", WHICH_BEST, "?");
}

/* ---- Finding ------------------------------------------------------------- */

Test(gradebook, student_is_found_by_a_part_that_only_one_has)
{
    bool several;
    hand_in("ann", "d1");
    hand_in("anna", "d2");
    hand_in("ben", "d3");
    struct standings *const all = standings_read(book, WHICH_BEST);
    cr_expect_str_eq(standings_find(all, "be", &several)->student.key, "ben");
    cr_expect_str_eq(standings_find(all, "ANN", &several)->student.key, "ann");
    cr_expect_null(standings_find(all, "an", &several));
    cr_expect(several);
    cr_expect_null(standings_find(all, "x", &several));
    cr_expect_not(several);
}

/* ---- Keeping submissions ------------------------------------------------- */

static char *
keep(const char *path, const char *name, char **trouble)
{
    struct piece piece = {(char *)path, (char *)name};
    const struct handed_in item = {.pieces = &piece, .piece_count = 1};
    char *const kept = text_format("%s/submissions", out);
    char *const digest = kept_take(&item, kept, trouble);
    free(kept);
    return digest;
}

Test(gradebook, digest_is_of_names_and_contents_alone)
{
    char *trouble;
    cr_assert(mkdir(path_of("a"), 0755) == 0 &&
              mkdir(path_of("b"), 0755) == 0 && mkdir(path_of("c"), 0755) == 0);
    write_text("a/x.c", "1");
    write_text("b/x.c", "1");
    write_text("c/y.c", "1");
    char *const a = keep(path_of("a"), "a", &trouble);
    char *const b = keep(path_of("b"), "b", &trouble);
    char *const c = keep(path_of("c"), "c", &trouble);
    cr_expect_str_eq(a, b);
    cr_expect_str_neq(a, c);
    char *const file = text_format("%s/submissions/%s/x.c", out, a);
    char *const text = read_text(file);
    cr_expect_str_eq(text, "1");
}

Test(gradebook, submission_that_is_gone_is_trouble)
{
    char *trouble = NULL;
    cr_expect_null(keep(path_of("none"), "none", &trouble));
    cr_assert_not_null(trouble);
    cr_expect(strstr(trouble, "No such file") != NULL, "%s", trouble);
}
