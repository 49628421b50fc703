#include "gradescope_settings.h"

#include "yaml_file.h"

/* ---- The schema ---------------------------------------------------------- */

static const cyaml_strval_t visibilities[] = {
    {"hidden", GRADESCOPE_HIDDEN},
    {"after_due_date", GRADESCOPE_AFTER_DUE_DATE},
    {"after_published", GRADESCOPE_AFTER_PUBLISHED},
    {"visible", GRADESCOPE_VISIBLE},
};

static const cyaml_strval_t shown[] = {
    {"nothing", SHOW_NOTHING},
    {"title", SHOW_TITLE},
    {"inputs", SHOW_INPUTS},
    {"everything", SHOW_EVERYTHING},
};

static const cyaml_schema_value_t stage_name = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED),
};

#define NUMBER(key)                                                            \
    CYAML_FIELD_FLOAT(#key, CYAML_FLAG_DEFAULT, struct gradescope_settings, key)
#define WHEN(key)                                                              \
    CYAML_FIELD_ENUM(#key, CYAML_FLAG_STRICT, struct gradescope_visibilities,  \
                     key, visibilities, CYAML_ARRAY_LEN(visibilities))

static const cyaml_schema_field_t visibility_fields[] = {
    WHEN(public_tests), WHEN(hidden_tests), WHEN(memory),
    WHEN(own_tests),    WHEN(bonus),        CYAML_FIELD_END};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_SEQUENCE("stages", CYAML_FLAG_POINTER,
                         struct gradescope_settings, stages, &stage_name, 0,
                         CYAML_UNLIMITED),
    NUMBER(points),
    NUMBER(bonus_points),
    CYAML_FIELD_ENUM("show", CYAML_FLAG_STRICT, struct gradescope_settings,
                     show, shown, CYAML_ARRAY_LEN(shown)),
    CYAML_FIELD_MAPPING("visibility", CYAML_FLAG_DEFAULT,
                        struct gradescope_settings, visibility,
                        visibility_fields),
    NUMBER(late_percent_per_day),
    CYAML_FIELD_UINT("minutes", CYAML_FLAG_DEFAULT, struct gradescope_settings,
                     minutes),
    CYAML_FIELD_END};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct gradescope_settings, fields),
};

/* ---- What a schema cannot say -------------------------------------------- */

static void
check(const struct gradescope_settings *settings,
      const struct catalogue *catalogue, const struct yaml_file *file,
      struct strings *errors)
{
    for (unsigned i = 0; i < settings->stages_count; i++) {
        if (catalogue_stage(catalogue, settings->stages[i]) == NULL) {
            yaml_error(file, yaml_line(file, NULL, 0, "stages"), errors,
                       "there is no stage \"%s\" in the catalogue",
                       settings->stages[i]);
        }
    }
    if (settings->points < 0 || settings->bonus_points < 0) {
        yaml_error(file, yaml_line(file, NULL, 0, "points"), errors,
                   "points and bonus_points are 0 or more");
    }
    if (settings->late_percent_per_day < 0 ||
        settings->late_percent_per_day > 100) {
        yaml_error(file, yaml_line(file, NULL, 0, "late_percent_per_day"),
                   errors, "late_percent_per_day is from 0 to 100");
    }
    if (settings->minutes < 1 || settings->minutes > 1440) {
        yaml_error(file, yaml_line(file, NULL, 0, "minutes"), errors,
                   "minutes is from 1 to 1440");
    }
}

struct gradescope_settings *
gradescope_settings_read(const char *path, const struct catalogue *catalogue,
                         struct strings *errors)
{
    const size_t before = errors->count;
    void *data = NULL;
    struct yaml_file *const file = yaml_open(path, &schema, &data, errors);
    if (file == NULL) {
        return NULL;
    }
    struct gradescope_settings *const settings = data;
    check(settings, catalogue, file, errors);
    yaml_close(file);
    if (errors->count > before) {
        gradescope_settings_free(settings);
        return NULL;
    }
    return settings;
}

void
gradescope_settings_free(struct gradescope_settings *settings)
{
    if (settings != NULL) {
        yaml_free_data(&schema, settings);
    }
}

const char *
gradescope_visibility_name(enum gradescope_visibility visibility)
{
    return visibilities[visibility].str;
}
