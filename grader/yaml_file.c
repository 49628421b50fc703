#include "yaml_file.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { LARGEST_FILE_BYTES = 1 << 20 };

struct yaml_file {
    char *path;
    char *text; /* the file; `tree` does not point into it */
    size_t length;
    yaml_document_t tree;
};

/* ---- Messages ------------------------------------------------------------ */

void
yaml_error(const struct yaml_file *file, unsigned line, struct strings *errors,
           const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *message = text_vformat(format, arguments);
    va_end(arguments);
    strings_addf(errors, "%s:%u: %s", file->path, line, message);
    free(message);
}

/* Joins the keys of a mapping, or the names of an enum, for a message. */
static char *
list_keys(const cyaml_schema_field_t *field)
{
    char *list = xstrdup("");
    for (const char *comma = ""; field->key != NULL; field++, comma = ", ") {
        char *longer = text_format("%s%s%s", list, comma, field->key);
        free(list);
        list = longer;
    }
    return list;
}

static char *
list_names(const cyaml_strval_t *names, uint32_t count)
{
    char *list = xstrdup("");
    for (uint32_t i = 0; i < count; i++) {
        char *longer =
            text_format("%s%s%s", list, i == 0 ? "" : " or ", names[i].str);
        free(list);
        list = longer;
    }
    return list;
}

/* ---- The tree ------------------------------------------------------------ */

/* libyaml's functions take documents that are not const, but only read. */
static yaml_node_t *
node_at(const struct yaml_file *file, int number)
{
    return yaml_document_get_node((yaml_document_t *)&file->tree, number);
}

static unsigned
line_of(const yaml_node_t *node)
{
    return (unsigned)node->start_mark.line + 1;
}

/* The text of a scalar; libyaml ends it with a NUL. */
static const char *
text_of(const yaml_node_t *node)
{
    assert(node->type == YAML_SCALAR_NODE);
    return (const char *)node->data.scalar.value;
}

/* The first pair of a mapping with the key, or NULL. */
static const yaml_node_pair_t *
find_pair(const struct yaml_file *file, const yaml_node_t *mapping,
          const char *key)
{
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = node_at(file, pair->key);
        if (name->type == YAML_SCALAR_NODE && strcmp(text_of(name), key) == 0) {
            return pair;
        }
    }
    return NULL;
}

unsigned
yaml_line(const struct yaml_file *file, const char *list, size_t entry,
          const char *key)
{
    const yaml_node_t *node = node_at(file, 1); /* the root */
    if (list != NULL) {
        const yaml_node_pair_t *pair = find_pair(file, node, list);
        assert(pair != NULL);
        const yaml_node_t *sequence = node_at(file, pair->value);
        assert(sequence->type == YAML_SEQUENCE_NODE);
        node = node_at(file, sequence->data.sequence.items.start[entry]);
    }
    if (key != NULL && node->type == YAML_MAPPING_NODE) {
        const yaml_node_pair_t *pair = find_pair(file, node, key);
        if (pair != NULL) {
            node = node_at(file, pair->key);
        }
    }
    return line_of(node);
}

/* ---- Checking the tree against the schema -------------------------------- */

static void check_node(const struct yaml_file *file, const yaml_node_t *node,
                       const char *name, const cyaml_schema_value_t *schema,
                       struct strings *errors);

static bool
is_whole_number(const char *text, uint32_t bytes)
{
    if (*text == '\0' || strspn(text, "0123456789") != strlen(text)) {
        return false;
    }
    errno = 0;
    const unsigned long long value = strtoull(text, NULL, 10);
    return errno == 0 && (bytes >= 8 || value < 1ULL << (8 * bytes)) &&
           (text[0] != '0' || text[1] == '\0'); /* cyaml reads 010 as 8 */
}

static bool
is_number(const char *text)
{
    char *end;
    const double value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(value) && value >= 0;
}

static bool
is_name_of(const char *text, const cyaml_schema_value_t *schema)
{
    for (uint32_t i = 0; i < schema->enumeration.count; i++) {
        if (strcmp(text, schema->enumeration.strings[i].str) == 0) {
            return true;
        }
    }
    return false;
}

static void
check_scalar(const struct yaml_file *file, const yaml_node_t *node,
             const char *name, const cyaml_schema_value_t *schema,
             struct strings *errors)
{
    const unsigned line = line_of(node);
    if (node->type != YAML_SCALAR_NODE) {
        yaml_error(file, line, errors,
                   "\"%s\" takes one value, not a %s; put text with [, { or "
                   "\": \" in it between quotes",
                   name, node->type == YAML_SEQUENCE_NODE ? "list" : "mapping");
        return;
    }
    const char *text = text_of(node);
    if (strlen(text) != node->data.scalar.length) {
        yaml_error(file, line, errors, "\"%s\" contains a NUL; take it out",
                   name);
        return;
    }
    switch (schema->type) {
    case CYAML_STRING:
        if (strlen(text) < schema->string.min) {
            yaml_error(file, line, errors, "\"%s\" is empty; give it a text",
                       name);
        }
        break;
    case CYAML_UINT:
        if (!is_whole_number(text, schema->data_size)) {
            yaml_error(file, line, errors,
                       "\"%s\" is \"%s\"; give a whole number without a sign, "
                       "in decimal, below 2^%u",
                       name, text, 8 * schema->data_size);
        }
        break;
    case CYAML_FLOAT:
        if (!is_number(text)) {
            yaml_error(file, line, errors,
                       "\"%s\" is \"%s\"; give a number that is not negative",
                       name, text);
        }
        break;
    case CYAML_ENUM:
        if (!is_name_of(text, schema)) {
            char *names = list_names(schema->enumeration.strings,
                                     schema->enumeration.count);
            yaml_error(file, line, errors, "\"%s\" is \"%s\"; write %s", name,
                       text, names);
            free(names);
        }
        break;
    default:
        assert(false); /* a type that yaml_file.h does not promise */
    }
}

static void
check_sequence(const struct yaml_file *file, const yaml_node_t *node,
               const char *name, const cyaml_schema_value_t *schema,
               struct strings *errors)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        yaml_error(file, line_of(node), errors,
                   "\"%s\" takes a list; write [a, b], or [] for none", name);
        return;
    }
    const yaml_node_item_t *item = node->data.sequence.items.start;
    const yaml_node_item_t *end = node->data.sequence.items.top;
    if ((uint64_t)(end - item) < schema->sequence.min) {
        yaml_error(file, line_of(node), errors,
                   "\"%s\" is empty; give at least %u", name,
                   schema->sequence.min);
    }
    for (; item < end; item++) {
        check_node(file, node_at(file, *item), name, schema->sequence.entry,
                   errors);
    }
}

/* One pair of a mapping: a known key, there for the first time, and its value.
 */
static void
check_pair(const struct yaml_file *file, const yaml_node_t *mapping,
           const yaml_node_pair_t *pair, const cyaml_schema_field_t *fields,
           struct strings *errors)
{
    const yaml_node_t *key = node_at(file, pair->key);
    if (key->type != YAML_SCALAR_NODE) {
        yaml_error(file, line_of(key), errors, "a key must be a plain word");
        return;
    }
    const yaml_node_pair_t *first = find_pair(file, mapping, text_of(key));
    if (first != pair) {
        yaml_error(file, line_of(key), errors,
                   "\"%s\" stands here already, in line %u; keep one of them",
                   text_of(key), line_of(node_at(file, first->key)));
        return;
    }
    for (const cyaml_schema_field_t *field = fields; field->key != NULL;
         field++) {
        if (strcmp(field->key, text_of(key)) == 0) {
            check_node(file, node_at(file, pair->value), field->key,
                       &field->value, errors);
            return;
        }
    }
    char *keys = list_keys(fields);
    yaml_error(file, line_of(key), errors,
               "unknown key \"%s\"; known here are %s", text_of(key), keys);
    free(keys);
}

static void
check_mapping(const struct yaml_file *file, const yaml_node_t *node,
              const char *name, const cyaml_schema_value_t *schema,
              struct strings *errors)
{
    const cyaml_schema_field_t *fields = schema->mapping.fields;
    if (node->type != YAML_MAPPING_NODE) {
        char *keys = list_keys(fields);
        yaml_error(file, line_of(node), errors,
                   "%s%s%smust be a mapping with the keys %s",
                   *name ? "\"" : "this", name, *name ? "\" " : " ", keys);
        free(keys);
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        check_pair(file, node, pair, fields, errors);
    }
    for (const cyaml_schema_field_t *field = fields; field->key != NULL;
         field++) {
        if ((field->value.flags & CYAML_FLAG_OPTIONAL) == 0 &&
            find_pair(file, node, field->key) == NULL) {
            yaml_error(file, line_of(node), errors,
                       "\"%s\" is missing here; add it", field->key);
        }
    }
}

static void
check_node(const struct yaml_file *file, const yaml_node_t *node,
           const char *name, const cyaml_schema_value_t *schema,
           struct strings *errors)
{
    switch (schema->type) {
    case CYAML_MAPPING:
        check_mapping(file, node, name, schema, errors);
        break;
    case CYAML_SEQUENCE:
        check_sequence(file, node, name, schema, errors);
        break;
    default:
        check_scalar(file, node, name, schema, errors);
    }
}

/* ---- Reading ------------------------------------------------------------- */

static void
syntax_error(const struct yaml_file *file, const yaml_parser_t *parser,
             struct strings *errors)
{
    const char *problem = parser->problem ? parser->problem : "not readable";
    if (parser->error == YAML_READER_ERROR) { /* an offset, no line */
        unsigned line = 1;
        for (size_t i = 0; i < parser->problem_offset && i < file->length;
             i++) {
            line += file->text[i] == '\n';
        }
        yaml_error(file, line, errors,
                   "not UTF-8 text (%s); save the file as UTF-8", problem);
        return;
    }
    yaml_error(file, (unsigned)parser->problem_mark.line + 1, errors,
               "not YAML: %s%s%s; check indentation, brackets and quotes",
               parser->context ? parser->context : "",
               parser->context ? ", " : "", problem);
}

/* Whether nothing follows the document that was loaded. */
static bool
ends_here(const struct yaml_file *file, yaml_parser_t *parser,
          struct strings *errors)
{
    yaml_document_t next;
    if (!yaml_parser_load(parser, &next)) {
        syntax_error(file, parser, errors);
        return false;
    }
    const bool ends = yaml_document_get_root_node(&next) == NULL;
    if (!ends) {
        yaml_error(file, (unsigned)next.start_mark.line + 1, errors,
                   "a second document starts here; keep one");
    }
    yaml_document_delete(&next);
    return ends;
}

/* Parses the text into the tree: one document, nothing behind it. */
static bool
parse(struct yaml_file *file, struct strings *errors)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        strings_addf(errors, "%s: out of memory", file->path);
        return false;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)file->text,
                                 file->length);
    const bool loaded = yaml_parser_load(&parser, &file->tree);
    bool single = false;
    if (!loaded) {
        syntax_error(file, &parser, errors);
        file->tree = (yaml_document_t){0};
    } else if (node_at(file, 1) == NULL) {
        yaml_error(file, 1, errors, "the file is empty");
    } else {
        single = ends_here(file, &parser, errors);
    }
    yaml_parser_delete(&parser);
    return single;
}

/* No log: the tree has been checked, and what is left is in the error code. */
static const cyaml_config_t config = {
    .log_fn = NULL,
    .mem_fn = cyaml_mem,
    .log_level = CYAML_LOG_ERROR,
    .flags = CYAML_CFG_DEFAULT,
};

void
yaml_free_data(const cyaml_schema_value_t *schema, void *data)
{
    if (data != NULL) {
        cyaml_free(&config, schema, data, 0);
    }
}

struct yaml_file *
yaml_open(const char *path, const cyaml_schema_value_t *schema, void **data,
          struct strings *errors)
{
    size_t length;
    char *text = text_read_file(path, LARGEST_FILE_BYTES, &length);
    if (text == NULL) {
        strings_addf(errors, "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    struct yaml_file *file = xcalloc(1, sizeof *file);
    file->path = xstrdup(path);
    file->text = text;
    file->length = length;

    const size_t before = errors->count;
    if (parse(file, errors)) {
        check_node(file, node_at(file, 1), "", schema, errors);
    }
    if (errors->count == before) {
        const cyaml_err_t error = cyaml_load_data((const uint8_t *)text, length,
                                                  &config, schema, data, NULL);
        if (error != CYAML_OK) {
            yaml_error(file, 1, errors, "%s", cyaml_strerror(error));
        }
    }
    if (errors->count != before) {
        yaml_close(file);
        return NULL;
    }
    return file;
}

void
yaml_close(struct yaml_file *file)
{
    if (file->tree.nodes.start != NULL) {
        yaml_document_delete(&file->tree);
    }
    free(file->text);
    free(file->path);
    free(file);
}
