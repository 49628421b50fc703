/*
 * stage_grading.h - all steps of one stage of one submission.
 */
#ifndef VMLAB_STAGE_GRADING_H
#define VMLAB_STAGE_GRADING_H

#include "pipeline.h"

/* Fills in everything of `result` but its status when nothing was submitted.
 * `module` and `tests` are the files taken by the intake, or NULL; `work` is a
 * folder of this stage's own, `records` one that no step can reach. */
void stage_grade(const struct pipeline *pipeline, const struct kit_stage *stage,
                 const char *module, const char *tests, const char *work,
                 const char *records, struct stage_result *result);

#endif
