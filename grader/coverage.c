/*
 * coverage.c - see coverage.h.  gcovr runs with a configuration of ours and
 * without markers, so that nothing in the student's file can change the
 * figures.
 */
#include "coverage.h"

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

/* gcov wants to see the text beside the counts, and gcovr reads counts and text
 * from one file, in which a form feed or U+2028 begins a line as well: a comment
 * could bring counts of its own.  Only '\n' is left of what ends a line. */
static bool
lay_out_source(const char *folder, const char *name, const char *source)
{
    size_t bytes;
    char *const text = text_read_file(source, SOURCE_LIMIT, &bytes);
    char *const to = text_format("%s/%s", folder, name);
    for (size_t i = 0; text != NULL && i < bytes; i++) {
        if (text[i] != '\n' && text[i] != '\t' &&
            (text[i] < ' ' || text[i] > '~')) {
            text[i] = ' ';
        }
    }
    const bool good =
        text != NULL && text_write_file(to, text, bytes) == 0 &&
        chmod(to, 0644) == 0;
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
