/*
 * kit_digest.h - which kit a stage is graded with.
 *
 * The digest is of everything of the kit that decides a score: the rules of the
 * catalogue, the stage's limits, rubric, judge, tester, reference, alternatives
 * and bugs, and what cost is measured with.  Weights of stages do not enter: they are applied when grades are
 * added up.  A stage whose digest is unchanged need not be graded again.
 */
#ifndef VMLAB_KIT_DIGEST_H
#define VMLAB_KIT_DIGEST_H

#include "kit.h"

/* To be freed. */
char *kit_digest(const struct kit *kit, const struct kit_stage *stage);

#endif
