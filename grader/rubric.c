#include "rubric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "yaml_file.h"

/* ---- Names --------------------------------------------------------------- */

static const cyaml_strval_t suites[] = {
    {"public", SUITE_PUBLIC},
    {"hidden", SUITE_HIDDEN},
};

static const cyaml_strval_t parts[] = {
    {"must", PART_MUST},
    {"bonus", PART_BONUS},
};

const char *
suite_name(enum suite suite)
{
    return suites[suite].str;
}

const char *
part_name(enum part part)
{
    return parts[part].str;
}

/* ---- The schema: what stands in the file, and where it goes -------------- */

/* clang-format off */
#define TEXT(key, type) \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, struct type, key, 1, \
                           CYAML_UNLIMITED)
#define OPTIONAL_TEXT(key, type) \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, \
                           struct type, key, 1, CYAML_UNLIMITED)

static const cyaml_schema_field_t group_fields[] = {
    TEXT(id, rubric_group),
    TEXT(title, rubric_group),
    TEXT(handout, rubric_group),
    CYAML_FIELD_END
};

static const cyaml_schema_value_t group_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rubric_group, group_fields),
};

static const cyaml_schema_field_t test_fields[] = {
    TEXT(id, rubric_test),
    CYAML_FIELD_ENUM("suite", CYAML_FLAG_STRICT, struct rubric_test, suite,
                     suites, CYAML_ARRAY_LEN(suites)),
    TEXT(group, rubric_test),
    CYAML_FIELD_ENUM("part", CYAML_FLAG_STRICT, struct rubric_test, part,
                     parts, CYAML_ARRAY_LEN(parts)),
    CYAML_FIELD_FLOAT("points", CYAML_FLAG_DEFAULT, struct rubric_test, points),
    TEXT(title, rubric_test),
    TEXT(clause, rubric_test),
    OPTIONAL_TEXT(why, rubric_test),
    CYAML_FIELD_END
};

static const cyaml_schema_value_t test_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rubric_test, test_fields),
};

#define NUMBER(key) \
    CYAML_FIELD_FLOAT(#key, CYAML_FLAG_DEFAULT, struct cost_rule, key)

static const cyaml_schema_field_t rule_fields[] = {
    NUMBER(points),
    NUMBER(full),
    NUMBER(none),
    CYAML_FIELD_END
};

static const cyaml_schema_value_t trace_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t cost_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("traces", CYAML_FLAG_POINTER, struct cost_rules,
                               traces, trace_count, &trace_value, 1,
                               CYAML_UNLIMITED),
    CYAML_FIELD_MAPPING("space", CYAML_FLAG_DEFAULT, struct cost_rules, space,
                        rule_fields),
    CYAML_FIELD_MAPPING("instructions", CYAML_FLAG_DEFAULT, struct cost_rules,
                        instructions, rule_fields),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t rubric_fields[] = {
    TEXT(stage, rubric),
    CYAML_FIELD_SEQUENCE_COUNT("groups", CYAML_FLAG_POINTER, struct rubric,
                               groups, group_count, &group_value, 1,
                               CYAML_UNLIMITED),
    CYAML_FIELD_MAPPING_PTR("cost", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                            struct rubric, cost, cost_fields),
    CYAML_FIELD_SEQUENCE_COUNT("tests", CYAML_FLAG_POINTER, struct rubric,
                               tests, test_count, &test_value, 1,
                               CYAML_UNLIMITED),
    CYAML_FIELD_END
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct rubric, rubric_fields),
};
/* clang-format on */

/* ---- What a schema cannot say -------------------------------------------- */

/* The number of the group, or group_count. */
static unsigned
find_group(const struct rubric *rubric, const char *id)
{
    unsigned i = 0;
    while (i < rubric->group_count && strcmp(rubric->groups[i].id, id) != 0) {
        i++;
    }
    return i;
}

/* The number of the test, or test_count. */
static unsigned
find_test(const struct rubric *rubric, const char *id)
{
    unsigned i = 0;
    while (i < rubric->test_count && strcmp(rubric->tests[i].id, id) != 0) {
        i++;
    }
    return i;
}

/* Groups are known by their id, come once, and hold something. */
static void
check_groups(const struct rubric *rubric, const struct yaml_file *file,
             struct strings *errors)
{
    for (unsigned i = 0; i < rubric->group_count; i++) {
        const char *id = rubric->groups[i].id;
        const unsigned line = yaml_line(file, "groups", i, "id");
        const unsigned first = find_group(rubric, id);
        if (first != i) {
            yaml_error(file, line, errors,
                       "group \"%s\" stands already in line %u; rename or "
                       "remove one of them",
                       id, yaml_line(file, "groups", first, "id"));
        }
        unsigned tests = 0;
        for (unsigned t = 0; t < rubric->test_count; t++) {
            tests += strcmp(rubric->tests[t].group, id) == 0;
        }
        if (tests == 0 && rubric_has_hidden_tests(rubric)) {
            yaml_error(file, line, errors,
                       "group \"%s\" has no test; remove it or put one in", id);
        }
    }
}

/* The identifier of a C function. */
static bool
is_test_name(const char *id)
{
    return id[0] >= 'a' && id[0] <= 'z' &&
           id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static void
check_test(const struct rubric *rubric, unsigned number,
           const struct yaml_file *file, struct strings *errors)
{
    const struct rubric_test *test = &rubric->tests[number];
    const unsigned first = find_test(rubric, test->id);

    if (!is_test_name(test->id)) {
        yaml_error(file, test->line, errors,
                   "\"%s\" cannot name a test; use a-z, 0-9 and _, a letter "
                   "first",
                   test->id);
    }
    if (first != number) {
        yaml_error(file, test->line, errors,
                   "test \"%s\" stands already in line %u; names are unique "
                   "within a stage",
                   test->id, rubric->tests[first].line);
    }
    if (test->in == NULL) {
        yaml_error(file, yaml_line(file, "tests", number, "group"), errors,
                   "group \"%s\" is not among the groups; add it there or "
                   "correct its name",
                   test->group);
    }
    if (test->suite == SUITE_PUBLIC && test->points > 0) {
        yaml_error(file, yaml_line(file, "tests", number, "points"), errors,
                   "public tests carry no points; write 0, or make it hidden");
    }
    if (test->suite == SUITE_HIDDEN && test->points <= 0) {
        yaml_error(file, yaml_line(file, "tests", number, "points"), errors,
                   "a hidden test without points changes no score; give it "
                   "some, or make it public");
    }
    if (test->suite == SUITE_PUBLIC && test->why != NULL) {
        yaml_error(file, yaml_line(file, "tests", number, "why"), errors,
                   "\"why\" is for hidden tests that no bug fails; remove it "
                   "from a public one");
    }
}

static void
check_points(const struct rubric *rubric, const struct catalogue *catalogue,
             const struct yaml_file *file, struct strings *errors)
{
    double sum = 0;
    for (unsigned i = 0; i < rubric->test_count; i++) {
        if (rubric_counts(&rubric->tests[i])) {
            sum += rubric->tests[i].points;
        }
    }
    if (rubric_has_hidden_tests(rubric) &&
        fabs(sum - catalogue->score.tests) > 1e-9) {
        yaml_error(file, yaml_line(file, NULL, 0, "tests"), errors,
                   "the hidden tests of the must part have %g points; change "
                   "them so that they sum to %g, as in the catalogue",
                   sum, catalogue->score.tests);
    }
}

static void
check_cost_rule(const struct cost_rule *rule, const char *name, unsigned line,
                const struct yaml_file *file, struct strings *errors)
{
    if (rule->points <= 0 || rule->full < 1 || rule->none <= rule->full) {
        yaml_error(file, line, errors,
                   "the cost of %s needs points above 0, a \"full\" of 1 or "
                   "more, and a \"none\" above it",
                   name);
    }
}

static void
check_cost(const struct rubric *rubric, const struct yaml_file *file,
           struct strings *errors)
{
    const unsigned line = yaml_line(file, NULL, 0, "cost");
    check_cost_rule(&rubric->cost->space, "space", line, file, errors);
    check_cost_rule(&rubric->cost->instructions, "instructions", line, file,
                    errors);
}

/* ---- Reading ------------------------------------------------------------- */

/* Fills in what is not in the file. */
static void
link_tests(struct rubric *rubric, const struct yaml_file *file)
{
    for (unsigned i = 0; i < rubric->test_count; i++) {
        struct rubric_test *test = &rubric->tests[i];
        const unsigned group = find_group(rubric, test->group);
        test->in = group < rubric->group_count ? &rubric->groups[group] : NULL;
        test->line = yaml_line(file, "tests", i, "id");
    }
}

struct rubric *
rubric_read(const char *path, const struct catalogue *catalogue,
            const struct stage *stage, struct strings *errors)
{
    void *data = NULL;
    struct yaml_file *file = yaml_open(path, &schema, &data, errors);
    if (file == NULL) {
        return NULL;
    }
    struct rubric *rubric = data;
    const size_t before = errors->count;

    rubric->path = xstrdup(path);
    link_tests(rubric, file);
    if (strcmp(rubric->stage, stage->name) != 0) {
        yaml_error(file, yaml_line(file, NULL, 0, "stage"), errors,
                   "this is the rubric of stage %s, but says \"%s\"; correct "
                   "the name or move the file",
                   stage->name, rubric->stage);
    }
    check_groups(rubric, file, errors);
    for (unsigned i = 0; i < rubric->test_count; i++) {
        check_test(rubric, i, file, errors);
    }
    check_points(rubric, catalogue, file, errors);
    if (rubric->cost != NULL) {
        check_cost(rubric, file, errors);
    }
    yaml_close(file);
    if (errors->count != before) {
        rubric_free(rubric);
        return NULL;
    }
    return rubric;
}

struct rubric *
rubric_load(const char *path, const struct catalogue *catalogue,
            const struct stage *stage)
{
    struct strings errors = {0};
    struct rubric *rubric = rubric_read(path, catalogue, stage, &errors);
    if (rubric == NULL) {
        config_die(&errors);
    }
    return rubric;
}

void
rubric_free(struct rubric *rubric)
{
    if (rubric != NULL) {
        free(rubric->path);
        yaml_free_data(&schema, rubric);
    }
}

const struct rubric_test *
rubric_find(const struct rubric *rubric, const char *id)
{
    const unsigned found = find_test(rubric, id);
    return found < rubric->test_count ? &rubric->tests[found] : NULL;
}

bool
rubric_has_hidden_tests(const struct rubric *rubric)
{
    for (unsigned i = 0; i < rubric->test_count; i++) {
        if (rubric->tests[i].suite == SUITE_HIDDEN) {
            return true;
        }
    }
    return false;
}

bool
rubric_counts(const struct rubric_test *test)
{
    return test->suite == SUITE_HIDDEN && test->part == PART_MUST;
}
