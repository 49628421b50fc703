/*
 * coverage.c - see coverage.h.  gcovr runs with a configuration of ours,
 * without markers, and without the student's text, so that nothing in it can
 * change the figures.
 */
#include "coverage.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "process.h"
#include "text.h"

enum { GCOVR_WALL_MS = 60000, JSON_LIMIT = 16 << 20, SOURCE_LIMIT = 1 << 20 };

/* "41-43, 57" from the lines that were not reached, in order. */
static void
add_missed(char **missed, unsigned from, unsigned to)
{
    char *const before = *missed;
    const char *const separator = before != NULL ? ", " : "";
    *missed = from == to ? text_format("%s%s%u", before != NULL ? before : "",
                                       separator, from)
                         : text_format("%s%s%u-%u",
                                       before != NULL ? before : "",
                                       separator, from, to);
    free(before);
}

static void
count_lines(struct coverage *coverage, const json_t *lines)
{
    size_t index;
    json_t *line;
    unsigned first_missed = 0, last_missed = 0;
    json_array_foreach(lines, index, line) {
        if (json_is_true(json_object_get(line, "gcovr/noncode"))) {
            continue;
        }
        const unsigned number = (unsigned)json_integer_value(
            json_object_get(line, "line_number"));
        const bool covered =
            json_integer_value(json_object_get(line, "count")) > 0;
        coverage->lines++;
        coverage->lines_covered += covered;
        if (!covered) {
            first_missed = first_missed != 0 ? first_missed : number;
            last_missed = number;
        } else if (first_missed != 0) {
            add_missed(&coverage->missed, first_missed, last_missed);
            first_missed = 0;
        }
        size_t which;
        json_t *branch;
        json_array_foreach(json_object_get(line, "branches"), which, branch) {
            coverage->branches++;
            coverage->branches_covered +=
                json_integer_value(json_object_get(branch, "count")) > 0;
        }
    }
    if (first_missed != 0) {
        add_missed(&coverage->missed, first_missed, last_missed);
    }
}

/* The entry of the student's file, whatever folder gcovr puts before it. */
static const json_t *
file_entry(const json_t *report, const char *source)
{
    size_t index;
    json_t *file;
    json_array_foreach(json_object_get(report, "files"), index, file) {
        const char *const path =
            json_string_value(json_object_get(file, "file"));
        const char *const slash = path != NULL ? strrchr(path, '/') : NULL;
        if (path != NULL &&
            strcmp(slash != NULL ? slash + 1 : path, source) == 0) {
            return file;
        }
    }
    return NULL;
}

/* Whether a line has no code but what the compiler adds to a block. */
static bool
is_brace(const char *line, size_t length)
{
    static const char *const braces[] = {"{", "}", "{}", "else"};
    while (length > 0 && isspace((unsigned char)line[length - 1])) {
        length--;
    }
    while (length > 0 && isspace((unsigned char)*line)) {
        line++;
        length--;
    }
    for (size_t i = 0; i < sizeof braces / sizeof *braces; i++) {
        if (strlen(braces[i]) == length && !memcmp(line, braces[i], length)) {
            return true;
        }
    }
    return false;
}

/* gcov wants to see the text beside the counts, and gcovr reads both from one
 * file and judges by the text which lines count.  So it is not shown the
 * student's: a form feed or U+2028 begins a line for it, in which a comment
 * could bring counts of its own, and what it takes for a comment may be code. */
static bool
lay_out_source(const char *folder, const char *name, const char *source)
{
    size_t bytes;
    char *const text = text_read_file(source, SOURCE_LIMIT, &bytes);
    char *const to = text_format("%s/%s", folder, name);
    FILE *const file = text != NULL ? fopen(to, "we") : NULL;
    for (char *line = text; file != NULL && line < text + bytes;) {
        char *const newline = memchr(line, '\n', (size_t)(text + bytes - line));
        char *const end = newline != NULL ? newline : text + bytes;
        const size_t length = (size_t)(end - line);
        if (is_brace(line, length)) {
            fprintf(file, "%.*s\n", (int)length, line);
        } else {
            fputs("code\n", file);
        }
        line = end + 1;
    }
    const bool good =
        file != NULL && fclose(file) == 0 && chmod(to, 0644) == 0;
    free(to);
    free(text);
    return good;
}

bool
coverage_read(struct coverage *coverage, const char *folder,
              const char *name, const char *source,
              const struct sandbox *sandbox, char **trouble)
{
    if (!lay_out_source(folder, name, source)) {
        *trouble = text_format("cannot copy %s into the work folder", name);
        return false;
    }
    char *const output = text_format("%s/coverage.json", folder);
    const struct process process = {
        .argv = (char *[]){"gcovr", "--config", "/dev/null", "--no-markers",
                           "--exclude-unreachable-branches", "--root", ".",
                           "--json", "coverage.json", ".", NULL},
        .environment = (char *[]){"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                  "TMPDIR=.", NULL},
        .directory = folder,
        .sandbox = sandbox,
        .standard_input = -1,
        .wall_ms = GCOVR_WALL_MS,
        .output_limit = 4096,
    };
    struct process_result result = process_insist(&process);
    size_t bytes = 0;
    char *const text = text_read_file(output, JSON_LIMIT, &bytes);
    json_t *const report =
        text != NULL ? json_loadb(text, bytes, 0, NULL) : NULL;
    const json_t *const file = file_entry(report, name);
    if (file != NULL) {
        coverage->measured = true;
        count_lines(coverage, json_object_get(file, "lines"));
    } else {
        *trouble = text_format("gcovr tells nothing of %s: %s", name,
                               result.end == PROCESS_NOT_FOUND
                                   ? "it is not installed"
                                   : result.output);
    }
    json_decref(report);
    free(text);
    free(output);
    process_result_free(&result);
    return file != NULL;
}
