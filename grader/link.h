/*
 * link.h - makes programs of a module: subjects and testers.
 */
#ifndef VMLAB_LINK_H
#define VMLAB_LINK_H

#include <stdbool.h>

#include "kit.h"

/* Links `object` with the bridge into the subject program `to`; with counters
 * of gcov when `coverage`.  Returns NULL, or the linker's words, to be freed:
 * after the gate they can only mean trouble of ours. */
char *link_subject(const struct kit_stage *stage, const char *object,
                   const char *to, bool coverage, unsigned slot);

/* Links `object` with the replay of traces into a program whose cost can be
 * measured (cost.h).  Names of its own that the contract does not have are
 * gone from it: callgrind knows the replay by a name. */
char *link_replay(const struct kit_stage *stage, const char *object,
                  const char *to, unsigned slot);

/* Links an object of own tests with the tester. */
char *link_tester(const struct kit_stage *stage, const char *object,
                  const char *to, unsigned slot);

#endif
