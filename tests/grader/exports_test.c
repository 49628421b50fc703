/*
 * exports_test.c - sheets, rosters, and what is written for other programs.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/exports.h"
#include "batch/roster.h"
#include "files.h"

TestSuite(exports, .init = make_directory, .fini = remove_directory,
          .timeout = 30);

/* ---- Standings ----------------------------------------------------------- */

/* Two stages, segment (weight 1) and tlb (weight 3). */
static struct standings *
make_standings(size_t count)
{
    struct standings *const standings = xcalloc(1, sizeof *standings);
    strings_add(&standings->names, "segment");
    strings_add(&standings->names, "tlb");
    strings_add(&standings->titles, "Segmentation");
    strings_add(&standings->titles, "TLB");
    standings->weights = xcalloc(2, sizeof *standings->weights);
    standings->students = xcalloc(count, sizeof *standings->students);
    standings->count = count;
    for (size_t i = 0; i < count; i++) {
        standings->students[i].stages =
            xcalloc(2, sizeof(struct stage_standing));
        standings->students[i].has_total = true;
    }
    return standings;
}

static void
give(struct standing *standing, size_t stage, double points, double total)
{
    standing->attempts = 1;
    standing->total = total;
    standing->stages[stage] = (struct stage_standing){
        .status = xstrdup("graded"),
        .must = {points, 100},
        .bonus = {2.5, 10},
        .attempt = 1,
    };
}

static void
is_ungraded(struct standing *standing, size_t stage)
{
    standing->attempts = 1;
    standing->has_total = false;
    standing->stages[stage] =
        (struct stage_standing){.status = xstrdup("ungraded"), .attempt = 1};
}

/* ---- Sheets -------------------------------------------------------------- */

static char *
sheet_text(const struct sheet *sheet)
{
    char *text;
    size_t bytes;
    FILE *const out = open_memstream(&text, &bytes);
    sheet_write(out, sheet);
    fclose(out);
    return text;
}

/* A sheet that is read and written stays as it is, in its own manner. */
static void
survives(const char *table)
{
    struct sheet *const sheet = sheet_read(write_text("sheet.csv", table));
    char *const text = sheet_text(sheet);
    cr_expect_str_eq(text, table);
    free(text);
    sheet_free(sheet);
}

Test(exports, sheet_that_nothing_is_filled_into_stays_as_it_is)
{
    survives("a,b,c\r\n1,,3\r\n");
    survives("a;b\r\n\"x;y\";1,5\r\n");
    survives("a\tb\r\n1\t2\r\n");
    survives("\xEF\xBB\xBFStudent,ID\r\n\"Doe, \"\"J\"\"\",1\r\n");
    survives("a,b\r\n\"    Points Possible\",20\r\n");
    survives("a,b\r\n\"two\nlines\",\r\n");
    survives("a,b\r\n\xFF\xFE,=1+1\r\n"); /* the platform's own, untouched */
}

Test(exports, sheet_that_is_damaged_ends_the_program, .exit_code = 65)
{
    sheet_read(write_text("sheet.csv", "a,b\n\"x\"y,2\n"));
}

static const char canvas[] =
    "Student,ID,SIS User ID,SIS Login ID,Section,Page walk (98765),Page "
    "(5),Final Score\r\n"
    "    Points Possible,,,,,20,10,(read only)\r\n"
    "\"Doe, Jane\",4321,u123,jdoe,OS-01,,3,1\r\n"
    "\"Roe, Bob\",4322,u124,broe,OS-01,EX,,2\r\n"
    "\"Poe, Eve\",4323,u125,epoe,OS-01,7,,3\r\n"
    "\"Who, Is\",9,u9,who,OS-01,,,4\r\n"
    "\"Nil, Zoe\",4324,u126,znil,OS-01,,,5\r\n";

static struct standings *
class_of_canvas(void)
{
    struct standings *const all = make_standings(5);
    all->students[0].student.key = xstrdup("u123"); /* by school number */
    give(&all->students[0], 0, 87.5, 50);
    all->students[1].student.key = xstrdup("4322");
    all->students[1].student.canvas = xstrdup("4322"); /* by Canvas' number */
    give(&all->students[1], 0, 100, 100);
    all->students[2].student.key = xstrdup("epoe"); /* by login; ungraded */
    is_ungraded(&all->students[2], 0);
    all->students[3].student.key = xstrdup("zoe"); /* by name; nothing */
    all->students[3].student.name = xstrdup("Zoe Nil");
    all->students[4].student.key = xstrdup("stranger");
    return all;
}

Test(exports, canvas_sheet_is_filled_in_and_scaled)
{
    struct standings *const all = class_of_canvas();
    struct sheet *const sheet = sheet_read(write_text("c.csv", canvas));
    const struct column_wish wishes[] = {{"98765", "segment"}, {"Page", NULL}};
    struct filling filling = {.wishes = wishes, .wish_count = 2};
    fill_canvas(sheet, all, &filling, "c.csv");
    char *const text = sheet_text(sheet);
    cr_expect_str_eq(
        text,
        "Student,ID,SIS User ID,SIS Login ID,Section,Page walk (98765),Page "
        "(5),Final Score\r\n"
        "\"    Points Possible\",,,,,20,10,(read only)\r\n"
        "\"Doe, Jane\",4321,u123,jdoe,OS-01,17.5,5,1\r\n"
        "\"Roe, Bob\",4322,u124,broe,OS-01,EX,10,2\r\n"
        "\"Poe, Eve\",4323,u125,epoe,OS-01,7,,3\r\n"
        "\"Who, Is\",9,u9,who,OS-01,,,4\r\n"
        "\"Nil, Zoe\",4324,u126,znil,OS-01,,,5\r\n");
    cr_expect_eq(filling.unknown.count, 1);
    cr_expect_str_eq(filling.unknown.item[0], "Who, Is");
    cr_expect_eq(filling.absent.count, 1);
    cr_expect_str_eq(filling.absent.item[0], "stranger");
    cr_expect_eq(filling.ungraded.count, 2); /* cells */
    cr_expect_eq(filling.filled, 2);
    free(text);
}

Test(exports, zeros_are_given_when_they_are_asked_for)
{
    struct standings *const all = class_of_canvas();
    struct sheet *const sheet = sheet_read(write_text("c.csv", canvas));
    const struct column_wish wish = {"Page walk", "segment"};
    struct filling filling = {.wishes = &wish, .wish_count = 1, .zeros = true};
    fill_canvas(sheet, all, &filling, "c.csv");
    cr_expect_str_eq(sheet_cell(sheet, 6, 5), "0");
    cr_expect_str_eq(sheet_cell(sheet, 4, 5), "7", "ungraded is not 0");
    cr_expect_str_eq(sheet_cell(sheet, 5, 5), "", "nor a stranger");
}

Test(exports, column_that_is_not_there_is_told, .exit_code = 64)
{
    struct standings *const all = class_of_canvas();
    struct sheet *const sheet = sheet_read(write_text("c.csv", canvas));
    const struct column_wish wish = {"Page wal", "segment"};
    fill_canvas(sheet, all, &(struct filling){.wishes = &wish, .wish_count = 1},
                "c.csv");
}

Test(exports, moodle_worksheet_is_filled_in_with_its_own_decimal_point)
{
    struct standings *const all = make_standings(3);
    all->students[0].student.key = xstrdup("1234567");
    all->students[0].student.moodle = xstrdup("1234567");
    give(&all->students[0], 0, 55.55, 55.55);
    all->students[1].student.key = xstrdup("li@example.edu");
    give(&all->students[1], 0, 200.0 / 3, 200.0 / 3);
    all->students[2].student.key = xstrdup("Ann Lee");
    give(&all->students[2], 0, 1, 1);
    struct sheet *const sheet = sheet_read(write_text(
        "m.csv",
        "Identifier,Full name,Email address,Status,Grade,Maximum Grade,"
        "Feedback comments\r\n"
        "Participant 1234567,Jane Doe,j@example.edu,Submitted,,\"50,00\",hi\r\n"
        "Participant 8,Li Wei,LI@example.edu,Submitted,1,100.00,\r\n"
        "Participant 9,Ann Lee,a@example.edu,Submitted,,10.00,\r\n"
        "Participant 10,Ann Lee,b@example.edu,Submitted,,10.00,\r\n"));
    const struct column_wish wish = {"grade", NULL};
    struct filling filling = {.wishes = &wish, .wish_count = 1};
    fill_moodle(sheet, all, &filling, "m.csv");
    cr_expect_str_eq(sheet_cell(sheet, 1, 4), "27,775");
    cr_expect_str_eq(sheet_cell(sheet, 1, 6), "hi");
    /* Never rounded up. */
    cr_expect_str_eq(sheet_cell(sheet, 2, 4), "66.6666");
    /* Two rows are called so: neither is filled in. */
    cr_expect_str_eq(sheet_cell(sheet, 3, 4), "");
    cr_expect_str_eq(sheet_cell(sheet, 4, 4), "");
    cr_expect_eq(filling.absent.count, 1);
    cr_expect_eq(filling.unknown.count, 2);
}

/* ---- Rosters ------------------------------------------------------------- */

Test(exports, name_that_two_have_decides_nothing)
{
    const struct roster *const roster = roster_read(
        write_text("r.csv", "student,name,sid\nx,Ann Lee,1\ny,Ann Lee,2\n"
                            "z,\"Roe, Bob\",3\n"));
    cr_expect_null(
        roster_find(roster, &(struct student){.key = "k", .name = "Ann Lee"}));
    const struct student *const bob =
        roster_find(roster, &(struct student){.key = "k", .name = "Bob Roe"});
    cr_assert_not_null(bob);
    cr_expect_str_eq(bob->key, "z");
    /* A number says that it is another Bob. */
    cr_expect_null(roster_find(
        roster, &(struct student){.key = "k", .name = "Bob Roe", .sid = "4"}));
}

Test(exports, roster_without_any_known_column_is_told, .exit_code = 65)
{
    roster_read(write_text("r.csv", "Bewertung,Nachname\n1,2\n"));
}

/* ---- CSV and JSON -------------------------------------------------------- */

Test(exports, text_that_a_spreadsheet_would_run_is_made_harmless)
{
    static const char *const cases[][2] = {
        {"=1+1", "'=1+1"},  {"+1", "'+1"},
        {"-1", "'-1"},      {"@SUM(A1)", "'@SUM(A1)"},
        {"\tx", "'\tx"},    {"plain", "plain"},
        {"a,b", "\"a,b\""}, {"=\"x\"", "\"'=\"\"x\"\"\""},
        {"a=1", "a=1"},     {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text;
        size_t bytes;
        FILE *const out = open_memstream(&text, &bytes);
        sheet_write_text(out, cases[i][0], ',');
        fclose(out);
        cr_expect_str_eq(text, cases[i][1]);
        free(text);
    }
}

Test(exports, csv_tells_0_from_ungraded_and_from_nothing)
{
    struct standings *const all = make_standings(3);
    static char *const keys[] = {"zero", "ungraded", "nothing"};
    for (size_t i = 0; i < 3; i++) {
        all->students[i].student.key = keys[i];
    }
    give(&all->students[0], 0, 0, 0);
    is_ungraded(&all->students[1], 0);
    char *text;
    size_t bytes;
    FILE *const out = open_memstream(&text, &bytes);
    export_csv(out, all);
    fclose(out);
    cr_expect_str_eq(
        strchr(text, '\n') + 1,
        "zero,,,,,,,1,0,2.5,graded,1,,,,not submitted,,,0\r\n"
        "ungraded,,,,,,,1,,,ungraded,1,,,,not submitted,,,\r\n"
        "nothing,,,,,,,0,,,not submitted,,,,,not submitted,,,0\r\n");
    free(text);
}
