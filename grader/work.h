/*
 * work.h - folders in which to work, which do not outlive the program.
 */
#ifndef VMLAB_WORK_H
#define VMLAB_WORK_H

#include <stdbool.h>

/* Makes an empty folder in TMPDIR (/tmp) and returns its path, to be freed.
 * However this program ends, the folder goes: on return, by die(), by Ctrl-C
 * or by SIGKILL.  A place that cannot be written or has no room ends the
 * program with what to do. */
char *work_make(void);

/* Removes the folder now; `path` is what work_make returned. */
void work_remove(const char *path);

/* Leaves the folder in place when the program ends. */
void work_keep(const char *path);

/* Whether there is still room at `path` for the largest file that a step may
 * write.  What was measured on a full disk says nothing of a submission. */
bool work_has_room(const char *path);

#endif
