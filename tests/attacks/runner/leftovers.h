/*
 * leftovers.h - what an attack may have left on the machine: processes, files,
 * shared memory, queues, sockets.
 */
#ifndef VMLAB_ATTACKS_LEFTOVERS_H
#define VMLAB_ATTACKS_LEFTOVERS_H

#include "text.h"

/* From now on whatever descends from this process becomes its child when its
 * own parent ends, so that nothing can get away. */
void leftovers_watch(void);

/* What is there now of the kinds that carry no name of ours. */
struct leftovers {
    unsigned ipc; /* System V objects of users that run submissions, or ours  */
};
struct leftovers leftovers_before(void);

/* Adds what was left since `before`, in words.  Everything that attacks make by
 * name has `mark` in it; `folder` is the run's TMPDIR, which must be empty.
 * Processes are ended. */
void leftovers_find(const struct leftovers *before, const char *mark,
                    const char *folder, struct strings *found);

#endif
