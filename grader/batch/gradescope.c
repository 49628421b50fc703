/*
 * gradescope.c - submission_metadata.yml, as Gradescope exports it:
 *
 *     submission_12345678:
 *       :submitters:
 *       - :name: Jane Doe
 *         :sid: '1234'
 *         :email: jane@example.edu
 *       :created_at: 2026-10-01 12:00:00.000000000 Z
 *
 * Keys are Ruby's symbols, and the top ones name folders, so there is no schema
 * to read it with: the document is looked at as libyaml gives it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "batch/downloads.h"
#include "die.h"

enum { SHOWN = 200 };

/* Whether the node is the text, with or without Ruby's colon before it. */
static bool
is_key(const yaml_node_t *node, const char *text)
{
    if (node == NULL || node->type != YAML_SCALAR_NODE) {
        return false;
    }
    const char *const value = (const char *)node->data.scalar.value;
    return strcmp(value[0] == ':' ? value + 1 : value, text) == 0;
}

static yaml_node_t *
value_of(yaml_document_t *document, const yaml_node_t *mapping, const char *key)
{
    if (mapping == NULL || mapping->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        if (is_key(yaml_document_get_node(document, pair->key), key)) {
            return yaml_document_get_node(document, pair->value);
        }
    }
    return NULL;
}

/* A new text fit to be shown; NULL when there is none. */
static char *
text_of(yaml_document_t *document, const yaml_node_t *mapping, const char *key)
{
    const yaml_node_t *const node = value_of(document, mapping, key);
    if (node == NULL || node->type != YAML_SCALAR_NODE ||
        node->data.scalar.length == 0 ||
        strcmp((const char *)node->data.scalar.value, "~") == 0) {
        return NULL;
    }
    return text_clean(node->data.scalar.value, node->data.scalar.length, SHOWN);
}

static void
read_students(struct handed_in *item, yaml_document_t *document,
              const yaml_node_t *list, const char *folder)
{
    if (list != NULL && list->type == YAML_SEQUENCE_NODE) {
        for (yaml_node_item_t *at = list->data.sequence.items.start;
             at < list->data.sequence.items.top; at++) {
            const yaml_node_t *const node =
                yaml_document_get_node(document, *at);
            struct student *const student = handed_in_add_student(item);
            student->name = text_of(document, node, "name");
            student->email = text_of(document, node, "email");
            student->sid = text_of(document, node, "sid");
            const char *const key = student->email != NULL  ? student->email
                                    : student->sid != NULL  ? student->sid
                                    : student->name != NULL ? student->name
                                                            : folder;
            student->key = text_clean(key, strlen(key), SHOWN);
        }
    }
    if (item->student_count == 0) {
        handed_in_add_student(item)->key =
            text_clean(folder, strlen(folder), SHOWN);
    }
}

static bool
is_among(const struct strings *entries, const char *name)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (strcmp(entries->item[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void
read_submission(struct download *download, const char *folder,
                const struct strings *entries, yaml_document_t *document,
                const char *name, const yaml_node_t *node)
{
    if (!is_among(entries, name)) { /* which also keeps out "../x" */
        char *const shown = text_clean(name, strlen(name), SHOWN);
        strings_addf(&download->left_out,
                     "%s: in the metadata, but there is no such folder", shown);
        free(shown);
        return;
    }
    struct handed_in *const item = download_add(download, name);
    char *const path = text_format("%s/%s", folder, name);
    handed_in_add_upload(item, path, name);
    item->time = text_of(document, node, "created_at");
    read_students(item, document, value_of(document, node, "submitters"), name);
    free(path);
}

static int
compare_items(const void *a, const void *b)
{
    return strcmp(((const struct handed_in *)a)->source,
                  ((const struct handed_in *)b)->source);
}

static void
list_others(struct download *download, const struct strings *entries,
            yaml_document_t *document, const yaml_node_t *root)
{
    for (size_t i = 0; i < entries->count; i++) {
        const char *const name = entries->item[i];
        if (strcmp(name, "submission_metadata.yml") != 0 &&
            value_of(document, root, name) == NULL) {
            char *const shown = text_clean(name, strlen(name), SHOWN);
            strings_addf(&download->left_out, "%s: not in the metadata", shown);
            free(shown);
        }
    }
}

void
download_read_gradescope(struct download *download, const char *folder,
                         const struct strings *entries)
{
    char *const path = text_format("%s/submission_metadata.yml", folder);
    FILE *const file = fopen(path, "re");
    yaml_parser_t parser;
    yaml_document_t document;
    if (file == NULL) {
        die(EX_NOINPUT, "cannot read %s:", path);
    }
    if (!yaml_parser_initialize(&parser)) {
        die(EX_OSERR, "out of memory");
    }
    yaml_parser_set_input_file(&parser, file);
    if (!yaml_parser_load(&parser, &document)) {
        die(EX_DATAERR, "%s:%zu: not YAML (%s); download the export again",
            path, parser.problem_mark.line + 1,
            parser.problem != NULL ? parser.problem : "damaged");
    }
    const yaml_node_t *const root = yaml_document_get_root_node(&document);
    if (root == NULL || root->type != YAML_MAPPING_NODE) {
        die(EX_DATAERR, "%s: no list of submissions; download the export again",
            path);
    }
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *const key =
            yaml_document_get_node(&document, pair->key);
        if (key != NULL && key->type == YAML_SCALAR_NODE) {
            read_submission(download, folder, entries, &document,
                            (const char *)key->data.scalar.value,
                            yaml_document_get_node(&document, pair->value));
        }
    }
    qsort(download->items, download->count, sizeof *download->items,
          compare_items);
    list_others(download, entries, &document, root);
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    fclose(file);
    free(path);
}
