/*
 * job.h - one grading of one submission: what was asked for, in a folder that
 * also receives the answer.
 *
 *     OUT/records/KEY/job.json        what is graded, with which kit and seed
 *                     result.json     the record; written last, and by rename
 *                     M.txt           the report of stage M
 *                     submission.txt  what there is to say of the whole
 *                     log.txt         what the grader said; from a container
 *                                     all reports
 *                     output.json     from a container: becomes result.json
 *
 * A folder with both JSON files is complete, whatever was killed when: the
 * gradebook can be made anew from them.
 */
#ifndef VMLAB_JOB_H
#define VMLAB_JOB_H

#include <jansson.h>
#include <stdint.h>

#include "text.h"

struct job {
    char *key;    /* digest of all that follows                      */
    char *digest; /* of the submission (kept.h)                      */
    uint64_t seed;
    unsigned again;        /* how often it was graded anew on purpose         */
    struct strings stages; /* that are to be graded                           */
    struct strings kits;   /* ... and with which kit, each (kit_digest.h)     */
};

struct job job_create(const char *digest, uint64_t seed, unsigned again);
void job_add_stage(struct job *job, const char *stage, const char *kit);
/* Gives it its key, when all stages are there. */
void job_seal(struct job *job);
void job_free(struct job *job);

/* The kit of that stage, or NULL when it is not in the job. */
const char *job_kit(const struct job *job, const char *stage);

/* OUT/records/KEY, to be freed. */
char *job_folder(const char *out, const char *key);

/* Makes the folder and writes job.json.  0, or -1 with errno set. */
int job_write(const struct job *job, const char *out);

/* Reads job.json of that key; false when there is none, or a damaged one. */
bool job_read(struct job *job, const char *out, const char *key);

/* The report of that name ("submission", or a stage), or what stands for it;
 * relative to OUT, to be freed. */
char *job_report(const char *out, const char *key, const char *name);

/* Makes what a container has printed the record, if it is one. */
void job_accept_output(const char *out, const char *key);

/* The record, or NULL when there is none, or a damaged one. */
json_t *job_record(const char *out, const char *key);

#endif
