/*
 * submission.h - makes what is handed in: a folder, a file or an archive.
 */
#ifndef VMLAB_ATTACKS_SUBMISSION_H
#define VMLAB_ATTACKS_SUBMISSION_H

#include "table.h"

/* What the texts of attacks are told: they contain @KIT@, @CANARY@, @MARK@, and
 * @ESC@, @BELL@, @BAD@, @RLO@, @FEED@, @SEPARATOR@ for bytes that have no place
 * in a source. */
struct attack_world {
    const char *kit;    /* root of the kit                                    */
    const char *corpus; /* tests/attacks                                      */
    const char *canary; /* a file beside the hidden tests                     */
    const char *mark;   /* part of the name of everything that attacks make   */
};

/* Makes it in the existing folder `folder`; returns its path, to be freed. */
char *submission_make(const struct attack *attack,
                      const struct attack_world *world, const char *folder);

#endif
