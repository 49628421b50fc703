#include "catalogue.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "yaml_file.h"

/* ---- The schema: what stands in the file, and where it goes -------------- */

/* clang-format off */
static const cyaml_schema_value_t word = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED),
};

#define TEXT(key, type) \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, struct type, key, 1, \
                           CYAML_UNLIMITED)
#define WHOLE(key, type) \
    CYAML_FIELD_UINT(#key, CYAML_FLAG_DEFAULT, struct type, key)
#define NUMBER(key, type) \
    CYAML_FIELD_FLOAT(#key, CYAML_FLAG_DEFAULT, struct type, key)
#define WORDS(key, type) \
    CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER, struct type, key, &word, 0, \
                         CYAML_UNLIMITED)

static const cyaml_schema_field_t score_fields[] = {
    NUMBER(tests, score_rules),
    NUMBER(memory, score_rules),
    NUMBER(bugs, score_rules),
    NUMBER(coverage, score_rules),
    NUMBER(full_lines, score_rules),
    NUMBER(full_branches, score_rules),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t stage_fields[] = {
    TEXT(name, stage),
    TEXT(title, stage),
    WORDS(builds_on, stage),
    NUMBER(weight, stage),
    WHOLE(cpu_ms, stage),
    WHOLE(memory_mib, stage),
    WORDS(allow, stage),
    CYAML_FIELD_END
};

static const cyaml_schema_value_t stage_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct stage, stage_fields),
};

static const cyaml_schema_field_t catalogue_fields[] = {
    TEXT(kit, catalogue),
    WHOLE(seed, catalogue),
    CYAML_FIELD_MAPPING("score", CYAML_FLAG_DEFAULT, struct catalogue, score,
                        score_fields),
    CYAML_FIELD_SEQUENCE_COUNT("stages", CYAML_FLAG_POINTER, struct catalogue,
                               stages, stage_count, &stage_value, 1,
                               CYAML_UNLIMITED),
    CYAML_FIELD_END
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct catalogue, catalogue_fields),
};
/* clang-format on */

/* ---- What a schema cannot say -------------------------------------------- */

static void
check_score(const struct score_rules *score, const struct yaml_file *file,
            struct strings *errors)
{
    const unsigned line = yaml_line(file, NULL, 0, "score");
    const double sum =
        score->tests + score->memory + score->bugs + score->coverage;

    if (fabs(sum - 100) > 1e-9) {
        yaml_error(file, line, errors,
                   "tests, memory, bugs and coverage of \"score\" sum to %g; "
                   "change them so that they sum to 100",
                   sum);
    }
    if (score->full_lines <= 0 || score->full_lines > 100 ||
        score->full_branches <= 0 || score->full_branches > 100) {
        yaml_error(file, line, errors,
                   "full_lines and full_branches are percentages; give numbers "
                   "above 0 and up to 100");
    }
}

/* A name becomes a folder, a file and part of C identifiers. */
static bool
is_stage_name(const char *name)
{
    return name[0] >= 'a' && name[0] <= 'z' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* The number of the stage, or stage_count. */
static unsigned
find_stage(const struct catalogue *catalogue, const char *name)
{
    unsigned i = 0;
    while (i < catalogue->stage_count &&
           strcmp(catalogue->stages[i].name, name) != 0) {
        i++;
    }
    return i;
}

static void
check_prerequisites(const struct catalogue *catalogue, unsigned number,
                    const struct yaml_file *file, struct strings *errors)
{
    const struct stage *stage = &catalogue->stages[number];
    const unsigned line = yaml_line(file, "stages", number, "builds_on");

    for (unsigned i = 0; i < stage->builds_on_count; i++) {
        const char *name = stage->builds_on[i];
        const unsigned found = find_stage(catalogue, name);
        if (found == catalogue->stage_count) {
            yaml_error(file, line, errors,
                       "%s builds on \"%s\", which is no stage; name one of "
                       "the stages above it",
                       stage->name, name);
        } else if (found >= number) {
            yaml_error(file, line, errors,
                       "%s builds on %s, which does not come before it; move "
                       "%s above it or take it out",
                       stage->name, found == number ? "itself" : name, name);
        }
    }
}

static void
check_stage(const struct catalogue *catalogue, unsigned number,
            const struct yaml_file *file, struct strings *errors)
{
    const struct stage *stage = &catalogue->stages[number];
    const unsigned line = yaml_line(file, "stages", number, "name");
    const unsigned first = find_stage(catalogue, stage->name);

    if (!is_stage_name(stage->name)) {
        yaml_error(file, line, errors,
                   "\"%s\" cannot name a folder and a C file; use a-z, 0-9 and "
                   "_, a letter first",
                   stage->name);
    }
    if (first != number) {
        yaml_error(file, line, errors,
                   "stage \"%s\" stands already in line %u; rename or remove "
                   "one of them",
                   stage->name, yaml_line(file, "stages", first, "name"));
    }
    if (stage->weight <= 0) {
        yaml_error(file, yaml_line(file, "stages", number, "weight"), errors,
                   "a weight of 0 hides the stage from the total; give a "
                   "number above 0 or remove the stage");
    }
    if (stage->cpu_ms == 0) {
        yaml_error(file, yaml_line(file, "stages", number, "cpu_ms"), errors,
                   "no test ends within 0 ms; give at least 1");
    }
    if (stage->memory_mib == 0) {
        yaml_error(file, yaml_line(file, "stages", number, "memory_mib"),
                   errors, "no module fits into 0 MiB; give at least 1");
    }
    check_prerequisites(catalogue, number, file, errors);
}

/* ---- Reading ------------------------------------------------------------- */

struct catalogue *
catalogue_read(const char *path, struct strings *errors)
{
    void *data = NULL;
    struct yaml_file *file = yaml_open(path, &schema, &data, errors);
    if (file == NULL) {
        return NULL;
    }
    struct catalogue *catalogue = data;
    const size_t before = errors->count;

    check_score(&catalogue->score, file, errors);
    for (unsigned i = 0; i < catalogue->stage_count; i++) {
        check_stage(catalogue, i, file, errors);
    }
    yaml_close(file);
    if (errors->count != before) {
        catalogue_free(catalogue);
        return NULL;
    }
    return catalogue;
}

struct catalogue *
catalogue_load(const char *path)
{
    struct strings errors = {0};
    struct catalogue *catalogue = catalogue_read(path, &errors);
    if (catalogue == NULL) {
        config_die(&errors);
    }
    return catalogue;
}

void
catalogue_free(struct catalogue *catalogue)
{
    yaml_free_data(&schema, catalogue);
}

const struct stage *
catalogue_stage(const struct catalogue *catalogue, const char *name)
{
    const unsigned found = find_stage(catalogue, name);
    return found < catalogue->stage_count ? &catalogue->stages[found] : NULL;
}
