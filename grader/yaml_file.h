/*
 * yaml_file.h - a YAML file against a schema, with messages that help.
 *
 * libcyaml turns YAML into structs, but it stops at the first error, points at
 * the line before it as often as not, and takes "2x" for 2 and -5 for a very
 * large number.  So a file is read in two steps, both of them driven by the
 * same libcyaml schema:
 *
 *     file -- libyaml --> tree with line numbers -- checked against the schema
 *          -- libcyaml -> structs                   only when nothing was wrong
 *
 * All errors of a file are found at once, each as
 *
 *     catalogue.yaml:12: unknown key "wieght"; known here are name, weight
 *
 * A schema may use strings, unsigned integers, floating-point numbers, enums,
 * mappings and sequences of them; other types are a defect of ours.
 */
#ifndef VMLAB_YAML_FILE_H
#define VMLAB_YAML_FILE_H

#include <cyaml/cyaml.h>
#include <stddef.h>

#include "text.h"

struct yaml_file;

/* Reads `path`.  On success `*data` is what the schema describes, to be given
 * back with yaml_free_data, and the file stays open for yaml_line until
 * yaml_close.  NULL, after adding to `errors`, when anything is wrong. */
struct yaml_file *yaml_open(const char *path,
                            const cyaml_schema_value_t *schema, void **data,
                            struct strings *errors);
void yaml_close(struct yaml_file *file);
void yaml_free_data(const cyaml_schema_value_t *schema, void *data);

/* The line of the key `key` in entry number `entry` of the top-level sequence
 * `list`; of the entry itself when `key` is NULL or not there.  With `list`
 * NULL: of the top-level key. */
unsigned yaml_line(const struct yaml_file *file, const char *list, size_t entry,
                   const char *key);

/* Adds "PATH:LINE: message" to `errors`. */
void yaml_error(const struct yaml_file *file, unsigned line,
                struct strings *errors, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
