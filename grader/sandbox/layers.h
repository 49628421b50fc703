/*
 * layers.h - between sandbox.c and the layers, one file each.
 *
 * Every *_enter is called in the child, once, in the order of sandbox.c, and
 * returns 0, or -1 with errno set.
 */
#ifndef VMLAB_SANDBOX_LAYERS_H
#define VMLAB_SANDBOX_LAYERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "sandbox.h"

struct layers {
    bool own_users;     /* root that may change user, own and signal any     */
    bool seccomp;
    int landlock;       /* ABI version, 0: none                              */
    bool pids_limited;  /* a control group bounds the number of processes    */
};

/* What this machine has; looked up once. */
const struct layers *layers_here(void);

/* Behaves from now on as on a machine without the layers that are false (0) in
 * `have`; for tests of what remains then.  Never adds one. */
void layers_pretend(struct layers have);

/* ---- user.c -------------------------------------------------------------- */

enum {
    USER_FIRST = 61000, /* user and group of slot 0: above adduser's users,   */
    USER_COUNT = 177,   /* and below systemd's dynamic ones from 61184 on;    */
    USERS_OF_ONE = 3,   /* times a prime: PIPELINE_SLOTS, see first_slot()    */
};

bool user_available(void);
uid_t user_of(const struct sandbox *sandbox);
int user_enter(const struct sandbox *sandbox);

/* ---- limits.c ------------------------------------------------------------ */

bool limits_pids_bounded(void);
/* Raises the limits of this process that are lower than `most`'s, and adds those
 * that it may not raise. */
void limits_make_room(const struct sandbox *most, struct strings *list);
int limits_enter(const struct sandbox *sandbox, bool own_user);

/* ---- landlock.c ---------------------------------------------------------- */

int landlock_version(void);

/* A descriptor of the rules, made while the paths can still be opened, and its
 * end, which restricts the calling process. */
int landlock_prepare(const struct sandbox *sandbox, int version);
int landlock_enter(int rules);

/* ---- seccomp.c ----------------------------------------------------------- */

bool seccomp_available(void);
int seccomp_enter(enum sandbox_step step, bool signals_contained);

#endif
