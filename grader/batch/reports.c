#include "batch/reports.h"

#include <ctype.h>
#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "terminal.h"

/* A name that needs no quoting in a shell; two keys never share one. */
static char *
file_name(const char *key)
{
    char *const name = xstrdup(key);
    for (char *at = name; *at != '\0'; at++) {
        const unsigned char byte = (unsigned char)*at;
        if (byte < 0x80 && !isalnum(byte) && strchr("@._-", byte) == NULL) {
            *at = '_';
        }
    }
    if (name[0] == '.' || name[0] == '-') {
        name[0] = '_';
    }
    if (strcmp(name, key) == 0) {
        return name;
    }
    char digest[SHA256_DIGEST_STRING_LENGTH];
    SHA256Data((const uint8_t *)key, strlen(key), digest);
    char *const unique = text_format("%.80s~%.8s", name, digest);
    free(name);
    return unique;
}

/* The records that a report is put together from, one for each stage and one
 * for what there is to say of the last attempt as a whole. */
struct sources {
    struct result **result;
    size_t count;
};

static struct result *
read_source(struct gradebook *book, const struct record_kit *kit,
            const char *job, struct sources *sources, char **why)
{
    json_t *const json = job_record(book->out, job);
    struct result *const result = record_read(json, kit, why);
    json_decref(json);
    if (result != NULL) {
        sources->result = xrealloc(
            sources->result, (sources->count + 1) * sizeof *sources->result);
        sources->result[sources->count++] = result;
    }
    return result;
}

/* Takes the stage of that name over from the record. */
static void
take_stage(struct result *whole, const struct result *from, const char *name)
{
    for (size_t i = 0; i < from->stage_count; i++) {
        if (strcmp(from->stages[i].stage->name, name) == 0) {
            whole->stages[whole->stage_count++] = from->stages[i];
        }
    }
    whole->seed = from->seed;
}

/* What counts, in one record that owns nothing; false, with the reason, when a
 * part cannot be read. */
static bool
put_together(struct gradebook *book, const struct standings *standings,
             const struct standing *standing, const struct record_kit *kit,
             struct result *whole, struct sources *sources, char **why)
{
    for (size_t i = 0; i < standings->names.count; i++) {
        const struct stage_standing *const stage = &standing->stages[i];
        if (stage->status == NULL) {
            continue;
        }
        if (stage->job == NULL || strcmp(stage->status, "ungraded") == 0) {
            *why = text_format("%s is ungraded", standings->names.item[i]);
            return false;
        }
        const struct result *const from =
            read_source(book, kit, stage->job, sources, why);
        if (from == NULL) {
            return false;
        }
        take_stage(whole, from, standings->names.item[i]);
    }
    char *const last = gradebook_last_job(book, standing->student.key);
    const struct result *const from =
        last != NULL ? read_source(book, kit, last, sources, why) : NULL;
    free(last);
    if (from == NULL) {
        return *why == NULL;
    }
    whole->intake_trouble = from->intake_trouble;
    whole->ignored = from->ignored;
    whole->ignored_count = from->ignored_count;
    whole->uncovered = from->uncovered;
    whole->uncovered_count = from->uncovered_count;
    whole->seed = from->seed;
    return true;
}

static bool
write_one(const struct result *result, enum visibility hidden,
          const char *folder, const char *key, char **why)
{
    const struct report_options options = {
        .kit_version = VMLAB_VERSION,
        .hidden = hidden,
        .width = 80,
        .hint = report_hint,
    };
    char *text = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&text, &bytes);
    char *const name = file_name(key);
    char *const path = text_format("%s/%s.txt", folder, name);
    if (out != NULL) {
        terminal_report(out, result, &options);
    }
    const bool well = out != NULL && fclose(out) == 0 &&
                      text_write_file(path, text, bytes) == 0;
    if (!well) {
        *why = text_format("cannot write %s: %s", path, strerror(errno));
    }
    free(text);
    free(name);
    free(path);
    return well;
}

size_t
reports_write(struct gradebook *book, const struct standings *standings,
              const struct record_kit *kit, enum visibility hidden,
              const char *folder, struct strings *trouble)
{
    size_t written = 0;
    for (size_t i = 0; i < standings->count; i++) {
        const struct standing *const one = &standings->students[i];
        struct sources sources = {0};
        struct result whole = {
            .submission = (char *)standing_name(one),
            .stages = xcalloc(standings->names.count + 1,
                              sizeof(struct stage_result)),
        };
        char *why = NULL;
        if (one->attempts > 0) {
            if (put_together(book, standings, one, kit, &whole, &sources,
                             &why) &&
                write_one(&whole, hidden, folder, one->student.key, &why)) {
                written++;
            } else {
                strings_addf(trouble, "%s: %s", standing_name(one), why);
            }
        }
        for (size_t j = 0; j < sources.count; j++) {
            result_free(sources.result[j]);
        }
        free(sources.result);
        free(whole.stages);
        free(why);
    }
    return written;
}
