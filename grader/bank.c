#include "bank.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

enum { LARGEST_PATCH_BYTES = 1 << 20 };

/* ---- Heading lines ------------------------------------------------------- */

enum heading {
    TITLE,
    MISCONCEPTION,
    CLAUSE,
    HANDOUT,
    PART,
    FAILS,
    HEADING_COUNT
};

static const char *const heading_names[HEADING_COUNT] = {
    [TITLE] = "Title",   [MISCONCEPTION] = "Misconception",
    [CLAUSE] = "Clause", [HANDOUT] = "Handout",
    [PART] = "Part",     [FAILS] = "Fails",
};

/* One patch while it is being read. */
struct reader {
    const char *path;
    struct strings *errors;
    unsigned line;              /* the one being read, from 1  */
    char *value[HEADING_COUNT]; /* into the text; NULL: not yet */
    unsigned line_of[HEADING_COUNT];
};

static void add_error(struct reader *reader, unsigned line, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));

static void
add_error(struct reader *reader, unsigned line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *message = text_vformat(format, arguments);
    va_end(arguments);
    strings_addf(reader->errors, "%s:%u: %s", reader->path, line, message);
    free(message);
}

static enum heading
heading_of_name(const char *name)
{
    enum heading heading = TITLE;
    while (heading < HEADING_COUNT &&
           strcmp(heading_names[heading], name) != 0) {
        heading++;
    }
    return heading;
}

/* "Key: value", cut into its two parts. */
static void
read_heading(struct reader *reader, char *line)
{
    char *colon = strchr(line, ':');
    if (colon == NULL) {
        add_error(reader, reader->line,
                  "\"%s\" is not a heading; write \"Key: text\" in one line, "
                  "and --- alone below the last one",
                  line);
        return;
    }
    *colon = '\0';
    const enum heading heading = heading_of_name(line);
    char *value = colon + 1 + strspn(colon + 1, " \t");
    if (heading == HEADING_COUNT) {
        add_error(reader, reader->line,
                  "unknown heading \"%s\"; known are Title, Misconception, "
                  "Clause, Handout, Part and Fails",
                  line);
    } else if (reader->value[heading] != NULL) {
        add_error(reader, reader->line,
                  "\"%s\" stands already in line %u; keep one of them", line,
                  reader->line_of[heading]);
    } else {
        if (*value == '\0') {
            add_error(reader, reader->line, "\"%s\" is empty; give it a text",
                      line);
        }
        reader->value[heading] = value;
        reader->line_of[heading] = reader->line;
    }
}

/* Reads the headings and the line below them.  Returns the diff, or NULL. */
static const char *
read_headings(struct reader *reader, char *text)
{
    char *rest = text;
    while (rest != NULL && *rest != '\0') {
        char *line = strsep(&rest, "\n");
        reader->line++;
        if (strcmp(line, "---") == 0) {
            return rest;
        }
        if (strncmp(line, "--- ", 4) == 0) {
            add_error(reader, reader->line,
                      "the diff starts here; put --- alone in the line above");
            return NULL;
        }
        read_heading(reader, line);
    }
    add_error(reader, reader->line + 1,
              "the heading has no end; put --- alone below it, then the diff");
    return NULL;
}

/* ---- What the headings say ----------------------------------------------- */

static void
read_part(struct reader *reader, struct bug *bug)
{
    const char *value = reader->value[PART];
    if (strcmp(value, part_name(PART_MUST)) == 0) {
        bug->part = PART_MUST;
    } else if (strcmp(value, part_name(PART_BONUS)) == 0) {
        bug->part = PART_BONUS;
    } else if (*value != '\0') {
        add_error(reader, reader->line_of[PART],
                  "\"Part\" is \"%s\"; write must or bonus", value);
    }
}

/* Adds one name of `Fails`: a hidden test, behind the ones before it. */
static void
add_fail(struct reader *reader, struct bug *bug, const struct rubric *rubric,
         const char *name)
{
    const struct rubric_test *test = rubric_find(rubric, name);
    const struct rubric_test *last =
        bug->fail_count > 0 ? bug->fails[bug->fail_count - 1] : NULL;
    const unsigned line = reader->line_of[FAILS];

    if (test == NULL) {
        add_error(reader, line,
                  "\"Fails\" names \"%s\", which is not in %s; run "
                  "`make kills STAGE=%s` and copy its list",
                  name, rubric->path, rubric->stage);
    } else if (test->suite != SUITE_HIDDEN) {
        add_error(reader, line,
                  "\"Fails\" names \"%s\", which is public; name hidden tests "
                  "only",
                  name);
    } else if (last != NULL && test <= last) {
        add_error(reader, line,
                  test == last ? "\"Fails\" names \"%s\" twice"
                               : "\"Fails\" names \"%s\" too late; keep the "
                                 "order of the rubric",
                  name);
    } else {
        bug->fails = xrealloc(bug->fails, (bug->fail_count + 1) *
                                              sizeof(struct rubric_test *));
        bug->fails[bug->fail_count++] = test;
    }
}

static void
read_fails(struct reader *reader, struct bug *bug, const struct rubric *rubric)
{
    const size_t before = reader->errors->count;
    char *rest = reader->value[FAILS];
    for (char *name; (name = strsep(&rest, " \t")) != NULL;) {
        if (*name != '\0') {
            add_fail(reader, bug, rubric, name);
        }
    }
    bool counts = bug->part == PART_BONUS;
    for (size_t i = 0; i < bug->fail_count; i++) {
        counts = counts || bug->fails[i]->part == PART_MUST;
    }
    if (!counts && reader->errors->count == before) {
        add_error(reader, reader->line_of[FAILS],
                  "a bug of the must part fails at least one test of that "
                  "part; add a test or write \"Part: bonus\"");
    }
}

/* The diff must be there and be one of the reference. */
static void
check_diff(struct reader *reader, const char *diff, const struct rubric *rubric)
{
    char *head = text_format("--- a/%s.c", rubric->stage);
    if (diff == NULL || strncmp(diff, head, strlen(head)) != 0) {
        add_error(reader, reader->line + 1,
                  "no unified diff of the reference starts here; its first "
                  "line is \"%s\"",
                  head);
    }
    free(head);
}

/* Turns "limit_is_a_size.patch" into the name of the bug. */
static char *
name_of_file(struct reader *reader, const char *file)
{
    char *name = xstrdup(file);
    char *dot = strrchr(name, '.');
    if (dot != NULL) {
        *dot = '\0';
    }
    if (name[0] < 'a' || name[0] > 'z' ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0') {
        add_error(reader, 1,
                  "\"%s\" cannot name a bug; use a-z, 0-9 and _, a letter "
                  "first",
                  name);
    }
    return name;
}

/* Fills in a bug from its file. */
static void
read_bug(struct bug *bug, const char *directory, const char *file,
         const struct rubric *rubric, struct strings *errors)
{
    bug->patch = text_format("%s/%s", directory, file);
    struct reader reader = {.path = bug->patch, .errors = errors};
    bug->name = name_of_file(&reader, file);

    size_t length;
    char *text = text_read_file(bug->patch, LARGEST_PATCH_BYTES, &length);
    if (text == NULL) {
        strings_addf(errors, "%s: cannot be read: %s", bug->patch,
                     strerror(errno));
        return;
    }
    const size_t before = errors->count;
    const char *diff = read_headings(&reader, text);
    if (errors->count == before) {
        check_diff(&reader, diff, rubric);
    }
    for (enum heading heading = TITLE; heading < HEADING_COUNT; heading++) {
        if (reader.value[heading] == NULL) {
            add_error(&reader, 1, "\"%s\" is missing in the heading; add it",
                      heading_names[heading]);
            reader.value[heading] = text + length; /* "" */
        }
    }
    bug->title = xstrdup(reader.value[TITLE]);
    bug->misconception = xstrdup(reader.value[MISCONCEPTION]);
    bug->clause = xstrdup(reader.value[CLAUSE]);
    bug->handout = xstrdup(reader.value[HANDOUT]);
    if (errors->count == before) {
        read_part(&reader, bug);
        read_fails(&reader, bug, rubric);
    }
    free(text);
}

/* ---- The directory ------------------------------------------------------- */

static int
is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* By bytes, so that the order is the same in every locale. */
static int
compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool
is_patch(const char *file)
{
    const size_t length = strlen(file);
    return length > 6 && strcmp(file + length - 6, ".patch") == 0;
}

struct bank *
bank_read(const char *directory, const struct rubric *rubric,
          struct strings *errors)
{
    struct dirent **entry;
    const int count = scandir(directory, &entry, is_visible, compare_names);
    if (count < 0) {
        strings_addf(errors, "%s: cannot be read: %s", directory,
                     strerror(errno));
        return NULL;
    }
    const size_t before = errors->count;
    struct bank *bank = xcalloc(1, sizeof *bank);
    bank->bugs = xcalloc((size_t)count, sizeof *bank->bugs);
    bool any_must = false;

    for (int i = 0; i < count; i++) {
        if (is_patch(entry[i]->d_name)) {
            struct bug *bug = &bank->bugs[bank->bug_count++];
            read_bug(bug, directory, entry[i]->d_name, rubric, errors);
            any_must = any_must || bug->part == PART_MUST;
        } else {
            strings_addf(errors, "%s/%s: is no .patch; move it elsewhere",
                         directory, entry[i]->d_name);
        }
        free(entry[i]);
    }
    free(entry);
    if (!any_must) {
        strings_addf(errors,
                     "%s: no bug of the must part, so own tests could earn "
                     "nothing; add one",
                     directory);
    }
    if (errors->count != before) {
        bank_free(bank);
        return NULL;
    }
    return bank;
}

struct bank *
bank_load(const char *directory, const struct rubric *rubric)
{
    struct strings errors = {0};
    struct bank *bank = bank_read(directory, rubric, &errors);
    if (bank == NULL) {
        config_die(&errors);
    }
    return bank;
}

void
bank_free(struct bank *bank)
{
    if (bank == NULL) {
        return;
    }
    for (size_t i = 0; i < bank->bug_count; i++) {
        struct bug *bug = &bank->bugs[i];
        free(bug->name);
        free(bug->title);
        free(bug->misconception);
        free(bug->clause);
        free(bug->handout);
        free(bug->fails);
        free(bug->patch);
    }
    free(bank->bugs);
    free(bank);
}

/* ---- The bank and the rubric --------------------------------------------- */

static const struct bug *
bug_that_fails(const struct bank *bank, const struct rubric_test *test)
{
    for (size_t i = 0; i < bank->bug_count; i++) {
        const struct bug *bug = &bank->bugs[i];
        for (size_t f = 0; f < bug->fail_count; f++) {
            if (bug->fails[f] == test) {
                return bug;
            }
        }
    }
    return NULL;
}

void
bank_check_rubric(const struct bank *bank, const struct rubric *rubric,
                  struct strings *errors)
{
    for (unsigned i = 0; i < rubric->test_count; i++) {
        const struct rubric_test *test = &rubric->tests[i];
        if (test->suite != SUITE_HIDDEN) {
            continue;
        }
        const struct bug *bug = bug_that_fails(bank, test);
        if (bug == NULL && test->why == NULL) {
            strings_addf(errors,
                         "%s:%u: no bug fails %s; add a bug, or say in "
                         "\"why\" what the test guards against",
                         rubric->path, test->line, test->id);
        } else if (bug != NULL && test->why != NULL) {
            strings_addf(errors,
                         "%s:%u: %s says why it is there although no bug "
                         "fails it, but %s does; remove \"why\"",
                         rubric->path, test->line, test->id, bug->name);
        }
    }
}
