/*
 * session.h - one test's child of a zygote, seen by who asked for it.
 */
#ifndef VMLAB_BRIDGE_SESSION_H
#define VMLAB_BRIDGE_SESSION_H

#include <stdbool.h>

#include "bridge.h"

/* A subject that has been asked for: the judge's ends. */
struct bridge_session {
    int socket; /* calls and replies                                          */
    int end;    /* the zygote's last word; closing it kills the child         */
    int output; /* memfd that receives what the module prints                 */
    int arena;  /* memfd, to be mapped at `address`                           */
    word address;
    uint32_t wall_ms;
};

struct bridge_limits {
    uint32_t cpu_ms;     /* processor time of the child                       */
    uint32_t wall_ms;    /* its age                                           */
    uint32_t memory_mib; /* its address space; 0: unlimited                   */
    bool discreet;       /* it shall not say where it crashed                 */
    bool fresh;          /* it may not have served another test               */
};

/* Asks the zygote on `control` for a child that runs on processor `cpu`, where
 * its caller should run, too: a call between two processors costs ten times as
 * much.  Returns NULL, or what went wrong: trouble of the host, never of the
 * subject; the session is then to be dropped all the same. */
const char *bridge_start(int control, struct bridge_limits limits,
                         uint32_t cpu, struct bridge_session *session);

/* Closes a session that nobody has opened; its child is killed. */
void bridge_drop(const struct bridge_session *session);

#endif
