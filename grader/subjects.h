/*
 * subjects.h - starts and stops the programs that hold a module: zygotes, each
 * with a control socket over which tests ask for children (bridge/session.h).
 */
#ifndef VMLAB_SUBJECTS_H
#define VMLAB_SUBJECTS_H

#include "process.h"
#include "sandbox/inner_filter.h"
#include "sandbox/sandbox.h"

/* A running zygote. */
struct subject {
    struct process_running process;
    int control; /* our end                                                   */
    int output;  /* memfd: what the zygote itself printed                     */
};

struct subject_request {
    char *const *argv;          /* the program, with valgrind before it or not */
    char *const *environment;   /* NULL: empty                                */
    const char *directory;      /* NULL: ours                                 */
    const struct sandbox *sandbox; /* NULL: none                              */
    bool filtered;              /* children put on the inner filter `filter`  */
    enum inner_filter filter;
};

/* Starts one.  A program that cannot be run shows when a test asks for a
 * child: nobody is there. */
struct subject subject_start(const struct subject_request *request);

/* Ends it and its children. */
void subject_stop(struct subject *subject);

#endif
