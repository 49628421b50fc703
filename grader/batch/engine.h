/*
 * engine.h - the command line that grades one job: here, or in a container.
 *
 * Every submission has a process of its own, so that trouble with one never
 * reaches the others.  In a container it also has no network, a root that
 * cannot be written, no capability but those with which the grader takes
 * students' code to other users, and limits of processes and memory.
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
    const char *image;  /* of a container engine                              */
    const char *grader; /* ENGINE_LOCAL: the program, build/vmgrade           */
    bool allow_weak;    /* --allow-weak-sandbox                               */
};

/* Fills in the argument vector: `submission` is the path of what is graded and
 * `folder` of the job's folder, both absolute.  `argv` must be empty. */
void engine_command(const struct engine_options *options, const struct job *job,
                    const char *submission, const char *folder,
                    struct strings *argv);

/* What stands for the kit in the image, to be freed: its name by content.  Ends
 * the program with what to do when the engine or the image is missing. */
char *engine_image_id(const struct engine_options *options);

#endif
