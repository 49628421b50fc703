/*
 * downloads.h - whose submission is what, in a folder of submissions.
 *
 * Four layouts are understood; which one it is, is seen from the names.
 *
 *   folders     one folder, archive or M.c per student, named after the student
 *   gradescope  the export of submissions: submission_metadata.yml, and a
 *               folder per submission; a group's submission is each member's
 *   canvas      doejane_[LATE_]USERID_SUBMISSIONID_FILE, several per student
 *   moodle      NAME_PARTICIPANT_assignsubmission_file_, folders or files
 *
 * Nothing in the folder is opened here but the metadata.  Names are made fit to
 * be shown; paths are as they are on disk.
 */
#ifndef VMLAB_DOWNLOADS_H
#define VMLAB_DOWNLOADS_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* What a student goes by.  `key` is never NULL and names the student in the
 * gradebook; the others are NULL when they are not known. */
struct student {
    char *key;
    char *name;
    char *email;
    char *sid; /* of the school: SIS ID, matriculation number              */
    char *login;
    char *canvas; /* Canvas' number of the user                               */
    char *moodle; /* Moodle's number of the participant                       */
};
/* Copies; NULL stays NULL. */
struct student student_copy(const struct student *student);
void student_free(struct student *student);

/* A file or folder, and the name that it has in the submission. */
struct piece {
    char *path;
    char *name;
};

struct handed_in {
    struct student *students;
    size_t student_count;
    struct piece
        *pieces;        /* sorted by name; a lone folder or archive is        */
    size_t piece_count; /* the submission itself                              */
    char *source;       /* where it was in the folder, fit to be shown        */
    char *time;         /* when it was handed in, as the platform says; NULL  */
    bool late;          /* the platform says so                               */
};

enum layout {
    LAYOUT_UNKNOWN,
    LAYOUT_FOLDERS,
    LAYOUT_GRADESCOPE,
    LAYOUT_CANVAS,
    LAYOUT_MOODLE,
};
const char *layout_name(enum layout layout);
/* Of that name, or LAYOUT_UNKNOWN. */
enum layout layout_of_name(const char *name);

struct download {
    enum layout layout;
    struct handed_in *items; /* in the order of sources                       */
    size_t count;
    struct strings left_out; /* "NAME: why", of what is nobody's submission   */
};

/* Looks at the folder; `layout` LAYOUT_UNKNOWN: finds out.  A folder that
 * cannot be read, or metadata that is damaged, is die(). */
struct download *download_read(const char *folder, enum layout layout);
void download_free(struct download *download);

/* For the readers of a layout: a new empty item at the end. */
struct handed_in *download_add(struct download *download, const char *source);
/* A file, a folder, or the lone archive in a folder. */
void handed_in_add_upload(struct handed_in *item, const char *path,
                          const char *name);
void handed_in_add_piece(struct handed_in *item, const char *path,
                         const char *name);
struct student *handed_in_add_student(struct handed_in *item);

/* gradescope.c: adds the submissions that the metadata lists. */
void download_read_gradescope(struct download *download, const char *folder,
                              const struct strings *entries);

#endif
