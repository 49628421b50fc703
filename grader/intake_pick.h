/*
 * intake_pick.h - which files of a submission are taken: the rules, apart from
 * where the files come from.  Only intake*.c use it.
 *
 * A source (folder or archive) goes through its files in any order and asks
 * about each.  Of several files with the same accepted name the one with the
 * fewest folders above it counts, whatever is wrong with it: a file at the top
 * that is too large must not bring an old copy below into play.
 */
#ifndef VMLAB_INTAKE_PICK_H
#define VMLAB_INTAKE_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intake.h"

enum pick_state {
    PICK_ABSENT,     /* no regular file of that name                          */
    PICK_OPEN,       /* offered, contents not yet given                       */
    PICK_TAKEN,      /* `bytes` are its contents                              */
    PICK_TOO_LARGE,  /* more than INTAKE_FILE_BYTES                           */
    PICK_UNREADABLE, /* no permission                                         */
};

struct candidate {
    enum pick_state state;
    unsigned depth; /* folders above it                                       */
    char *path;
    char *rival; /* another one at the same depth; or NULL                    */
    unsigned char *bytes;
    size_t length;
};

/* Paths are kept as they came and cleaned when they leave (pick_shown). */
struct pick_line {
    char *path;
    char *why;
    bool notable;
};

struct pick {
    const char *const *accepted;
    size_t count;
    struct candidate *candidates; /* one per accepted name                    */
    struct pick_line lines[INTAKE_NOTABLE_LINES + INTAKE_PLAIN_LINES];
    size_t line_count, notable_count;
    size_t unlisted; /* ignored files beyond the lines                        */
    char *refusal;   /* of the submission as a whole, or NULL                 */
};

void pick_begin(struct pick *pick, const char *const *accepted, size_t count);
void pick_end(struct pick *pick);

/* ---- What a source asks and tells ---------------------------------------- */

/* The index of the accepted name `base`, or -1. */
long pick_index(const struct pick *pick, const char *base);

/* Whether the file at `path`, of accepted name `which`, is the one that counts
 * so far.  If so the source gives its contents next, with one of pick_give and
 * pick_spoil. */
bool pick_offer(struct pick *pick, size_t which, const char *path,
                unsigned depth);
/* `bytes` is from malloc and becomes the pick's. */
void pick_give(struct pick *pick, size_t which, unsigned char *bytes,
               size_t length);
void pick_spoil(struct pick *pick, size_t which, enum pick_state state);

/* Lists a file as ignored because of `why`. */
void pick_ignore(struct pick *pick, const char *path, const char *why);

/* Lists a regular file whose name is not accepted, with the reason or hint that
 * its name suggests. */
void pick_ignore_name(struct pick *pick, const char *path);

/* Why files and folders with this name in their path are left out without many
 * words (__MACOSX, .git, build, ...), or NULL; and one line for all of a kind. */
const char *pick_quiet(const char *component);
void pick_ignore_quiet(struct pick *pick, const char *path, const char *why);

/* Refuses the submission as a whole; the first refusal stays.  In printf's
 * manner. */
void pick_refuse(struct pick *pick, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- From the process that reads archives to the grader ------------------ */

/* Everything that a pick knows as bytes, and back.  pick_unpack believes
 * nothing: false, and the pick as good as new, when the bytes are not what
 * pick_pack could have written. */
unsigned char *pick_pack(const struct pick *pick, size_t *length);
bool pick_unpack(struct pick *pick, const unsigned char *bytes, size_t length);
/* No pick of `count` names packs to more bytes. */
size_t pick_packed_limit(size_t count);

/* ---- The outcome --------------------------------------------------------- */

/* What is wrong with the submission, a line each, or NULL.  From malloc. */
char *pick_trouble(const struct pick *pick);

/* A path on one line, without anything that a terminal or page would obey. */
char *pick_shown(const char *path);

#endif
