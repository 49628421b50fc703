#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"
#include "yaml_file.h"

static const cyaml_strval_t bases[] = {
    {"skeleton", BASE_SKELETON},
    {"reference", BASE_REFERENCE},
    {"none", BASE_NONE},
};
static const cyaml_strval_t packs[] = {
    {"folder", PACK_FOLDER},
    {"file", PACK_FILE},
    {"tar", PACK_TAR},
    {"zip", PACK_ZIP},
};
static const cyaml_strval_t kinds[] = {
    {"file", ENTRY_FILE},         {"symlink", ENTRY_SYMLINK},
    {"hardlink", ENTRY_HARDLINK}, {"fifo", ENTRY_FIFO},
    {"device", ENTRY_DEVICE},
};

/* clang-format off */
#define TEXT(key, type) \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, struct type, key, 1, \
                           CYAML_UNLIMITED)
#define OPTIONAL_TEXT(key, type) \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, \
                           struct type, key, 0, CYAML_UNLIMITED)
#define OPTIONAL_COUNT(key, type) \
    CYAML_FIELD_UINT(#key, CYAML_FLAG_OPTIONAL, struct type, key)
#define OPTIONAL_NAME(key, type, names) \
    CYAML_FIELD_ENUM(#key, CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL, \
                     struct type, key, names, CYAML_ARRAY_LEN(names))

static const cyaml_schema_field_t entry_fields[] = {
    TEXT(path, attack_entry),
    OPTIONAL_NAME(kind, attack_entry, kinds),
    OPTIONAL_TEXT(text, attack_entry),
    OPTIONAL_TEXT(file, attack_entry),
    OPTIONAL_COUNT(mib, attack_entry),
    OPTIONAL_COUNT(times, attack_entry),
    CYAML_FIELD_END
};

static const cyaml_schema_value_t entry_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct attack_entry, entry_fields),
};

static const cyaml_schema_field_t attack_fields[] = {
    TEXT(name, attack),
    TEXT(family, attack),
    OPTIONAL_TEXT(tries, attack),
    TEXT(why, attack),
    OPTIONAL_TEXT(stage, attack),
    OPTIONAL_TEXT(module, attack),
    OPTIONAL_TEXT(tests, attack),
    OPTIONAL_NAME(base, attack, bases),
    OPTIONAL_NAME(pack, attack, packs),
    CYAML_FIELD_SEQUENCE_COUNT("entries",
                               CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                               struct attack, entries, entry_count,
                               &entry_value, 0, CYAML_UNLIMITED),
    TEXT(status, attack),
    OPTIONAL_TEXT(rule, attack),
    OPTIONAL_TEXT(verdict, attack),
    OPTIONAL_TEXT(says, attack),
    OPTIONAL_COUNT(passed, attack),
    OPTIONAL_COUNT(clean, attack),
    OPTIONAL_COUNT(valid, attack),
    OPTIONAL_COUNT(caught, attack),
    CYAML_FIELD_FLOAT("points", CYAML_FLAG_OPTIONAL, struct attack, points),
    CYAML_FIELD_END
};

static const cyaml_schema_value_t attack_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct attack, attack_fields),
};

static const cyaml_schema_field_t table_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("attacks", CYAML_FLAG_POINTER,
                               struct attack_table, attacks, count,
                               &attack_value, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct attack_table, table_fields),
};
/* clang-format on */

const char *
attack_stage(const struct attack *attack)
{
    return attack->stage != NULL ? attack->stage : "segment";
}

/* A name is what an attack is asked for by. */
static void
check_names(const struct attack_table *table, const struct yaml_file *file,
            struct strings *errors)
{
    for (unsigned i = 0; i < table->count; i++) {
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(table->attacks[i].name, table->attacks[j].name) == 0) {
                yaml_error(file, yaml_line(file, "attacks", i, "name"), errors,
                           "%s stands here already", table->attacks[i].name);
            }
        }
    }
}

struct attack_table *
table_load(const char *path)
{
    struct strings errors = {0};
    void *table = NULL;
    struct yaml_file *const file = yaml_open(path, &schema, &table, &errors);
    if (file != NULL) {
        check_names(table, file, &errors);
        yaml_close(file);
    }
    for (size_t i = 0; i < errors.count; i++) {
        fprintf(stderr, "%s\n", errors.item[i]);
    }
    if (errors.count > 0) {
        die(EX_CONFIG, "%s has errors", path);
    }
    return table;
}

void
table_free(struct attack_table *table)
{
    yaml_free_data(&schema, table);
}
