#include "batch/job.h"

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch/kept.h"

enum { RECORD_BYTES = 64 << 20 };

struct job
job_create(const char *digest, uint64_t seed, unsigned again)
{
    return (struct job){
        .digest = xstrdup(digest),
        .seed = seed,
        .again = again,
    };
}

void
job_add_stage(struct job *job, const char *stage, const char *kit)
{
    strings_add(&job->stages, stage);
    strings_add(&job->kits, kit);
}

void
job_seal(struct job *job)
{
    SHA2_CTX hash;
    char hex[SHA256_DIGEST_STRING_LENGTH];
    SHA256Init(&hash);
    char *const head = text_format("%s %llu %u", job->digest,
                                   (unsigned long long)job->seed, job->again);
    SHA256Update(&hash, (const uint8_t *)head, strlen(head));
    for (size_t i = 0; i < job->stages.count; i++) {
        char *const line =
            text_format("\n%s %s", job->stages.item[i], job->kits.item[i]);
        SHA256Update(&hash, (const uint8_t *)line, strlen(line));
        free(line);
    }
    SHA256End(&hash, hex);
    free(head);
    free(job->key);
    job->key = text_format("%.*s", DIGEST_DIGITS, hex);
}

void
job_free(struct job *job)
{
    free(job->key);
    free(job->digest);
    strings_free(&job->stages);
    strings_free(&job->kits);
    *job = (struct job){0};
}

const char *
job_kit(const struct job *job, const char *stage)
{
    for (size_t i = 0; i < job->stages.count; i++) {
        if (strcmp(job->stages.item[i], stage) == 0) {
            return job->kits.item[i];
        }
    }
    return NULL;
}

/* ---- On disk ------------------------------------------------------------- */

char *
job_folder(const char *out, const char *key)
{
    return text_format("%s/records/%s", out, key);
}

int
job_write(const struct job *job, const char *out)
{
    char *const folder = job_folder(out, job->key);
    char *const path = text_format("%s/job.json", folder);
    json_t *const stages = json_array();
    for (size_t i = 0; i < job->stages.count; i++) {
        json_array_append_new(stages, json_pack("{s:s, s:s}", "stage",
                                                job->stages.item[i], "kit",
                                                job->kits.item[i]));
    }
    char *const seed = text_format("%llu", (unsigned long long)job->seed);
    json_t *const json = json_pack(
        "{s:s, s:s, s:s, s:i, s:o}", "schema", "vmlab.job/1", "digest",
        job->digest, "seed", seed, "again", (int)job->again, "stages", stages);
    char *const text = json_dumps(json, JSON_INDENT(2));
    int status = -1;
    if (text != NULL && (mkdir(folder, 0755) == 0 || errno == EEXIST)) {
        status = text_write_file(path, text, strlen(text));
    }
    const int error = errno;
    free(text);
    free(seed);
    free(path);
    free(folder);
    json_decref(json);
    errno = error;
    return status;
}

static json_t *
load(const char *out, const char *key, const char *name)
{
    char *const folder = job_folder(out, key);
    char *const path = text_format("%s/%s", folder, name);
    size_t length;
    char *const text = text_read_file(path, RECORD_BYTES, &length);
    json_t *const json =
        text != NULL ? json_loadb(text, length, 0, NULL) : NULL;
    free(text);
    free(path);
    free(folder);
    return json;
}

bool
job_read(struct job *job, const char *out, const char *key)
{
    json_t *const json = load(out, key, "job.json");
    const char *digest, *seed;
    int again;
    json_t *stages, *each;
    size_t i;
    uint64_t number;
    if (json_unpack(json, "{s:s, s:s, s:i, s:o}", "digest", &digest, "seed",
                    &seed, "again", &again, "stages", &stages) != 0 ||
        !text_read_number(seed, &number)) {
        json_decref(json);
        return false;
    }
    *job = job_create(digest, number, (unsigned)again);
    json_array_foreach(stages, i, each)
    {
        const char *stage, *kit;
        if (json_unpack(each, "{s:s, s:s}", "stage", &stage, "kit", &kit) ==
            0) {
            job_add_stage(job, stage, kit);
        }
    }
    job_seal(job);
    json_decref(json);
    /* A folder that was renamed or edited is none of ours. */
    if (strcmp(job->key, key) != 0) {
        job_free(job);
        return false;
    }
    return true;
}

char *
job_report(const char *out, const char *key, const char *name)
{
    char *const report = text_format("records/%s/%s.txt", key, name);
    char *const path = text_format("%s/%s", out, report);
    const bool is_there = access(path, R_OK) == 0;
    free(path);
    if (is_there) {
        return report;
    }
    free(report);
    return text_format("records/%s/log.txt", key);
}

static json_t *
load_record(const char *out, const char *key, const char *name)
{
    json_t *const record = load(out, key, name);
    const char *const schema =
        json_string_value(json_object_get(record, "schema"));
    if (schema == NULL || strcmp(schema, "vmlab.result/1") != 0) {
        json_decref(record);
        return NULL;
    }
    return record;
}

json_t *
job_record(const char *out, const char *key)
{
    return load_record(out, key, "result.json");
}

void
job_accept_output(const char *out, const char *key)
{
    json_t *const record = load_record(out, key, "output.json");
    if (record != NULL) {
        char *const folder = job_folder(out, key);
        char *const from = text_format("%s/output.json", folder);
        char *const to = text_format("%s/result.json", folder);
        (void)rename(from, to); /* else there is no record, which is told */
        free(folder);
        free(from);
        free(to);
    }
    json_decref(record);
}
