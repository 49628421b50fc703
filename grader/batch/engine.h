/*
 * engine.h - the command line that grades one job: here, or in a container.
 *
 * Every submission has a process of its own, so that trouble with one never
 * reaches the others.  Containers are docker/grade's business, which has one
 * submission in and one record out; what they are given and denied is told in
 * docker/README.md.
 */
#ifndef VMLAB_ENGINE_H
#define VMLAB_ENGINE_H

#include <stdbool.h>

#include "batch/job.h"

enum engine {
    ENGINE_LOCAL,
    ENGINE_DOCKER,
    ENGINE_PODMAN,
};
/* Returns whether there is one of that name. */
bool engine_of_name(const char *name, enum engine *engine);

struct engine_options {
    enum engine engine;
    const char *image;   /* of a container engine                             */
    const char *program; /* ENGINE_LOCAL: vmgrade; else docker/grade          */
    bool allow_weak;     /* --allow-weak-sandbox                              */
};

/* Whether the record comes out on standard output, instead of being put into
 * the job's folder with a report per stage. */
bool engine_prints_record(enum engine engine);

/* Fills in the argument vector: `submission` is the path of what is graded and
 * `folder` that of the job's folder, both absolute.  `argv` must be empty. */
void engine_command(const struct engine_options *options, const struct job *job,
                    const char *submission, const char *folder,
                    struct strings *argv);

/* The image that docker/grade makes of this kit, which may take minutes; its
 * name changes with the kit.  To be freed. */
char *engine_make_image(const struct engine_options *options);

/* What an image is by content, to be freed; the end of the program when the
 * engine does not have it. */
char *engine_image_id(const struct engine_options *options);

#endif
