/*
 * scoreboard.h - many submissions at a glance: a line per student and stage.
 *
 *     student  stage    pass fail crash other todo memory cover bugs  score
 *     anna     segment    24    1     0     0    0 23/24    91% 14/20  83.5
 *              limit_is_a_size
 *
 * `fail` are wrong values; `other` are the verdicts timed out, out of memory,
 * exited early, forbidden call and ungraded; `todo` is not implemented;
 * `memory` is how many of the tests that passed were clean; `cover` is percent
 * of lines.
 */
#ifndef VMLAB_SCOREBOARD_H
#define VMLAB_SCOREBOARD_H

#include <stddef.h>
#include <stdio.h>

#include "report.h"
#include "result.h"

/* The heading, and then the lines of one submission after the other. */
void scoreboard_head(FILE *out, const struct report_options *options);
void scoreboard_lines(FILE *out, const struct result *result,
                      const struct report_options *options);

#endif
