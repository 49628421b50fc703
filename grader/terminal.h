/*
 * terminal.h - the report of one submission, for a person at a terminal.
 *
 * A block per stage, from the whole to the detail:
 *
 *     segment  Segmentation                      83.5 of 100, bonus 4 of 10
 *     ----------------------------------------------------------------------
 *     hidden tests 54/60   memory 9/10   bugs 15/20   coverage 5.5/10
 *
 *     Reading a descriptor      4 of 5  ..F..  1 failed
 *     Loading a register        6 of 6  ......
 *
 *     First failure   ...  called, expected, got, picture, clause, repeat,
 *                          debug, next hint; always in this order
 *     Not passed      ...  every other verdict, so that the list is complete
 *     Misconception   ...  when the failures are those of a known bug
 *     Memory          ...  memcheck's errors at the student's lines
 *     Your own tests  ...  set aside, bugs caught, coverage
 *
 * What a block has nothing to say about is left out; commands are never broken.
 * The letters stand for tests in teaching order: `.` passed, F failed, C
 * crashed, T timed out, M out of memory, E exited early, ! forbidden call, -
 * not implemented, ? ungraded.
 */
#ifndef VMLAB_TERMINAL_H
#define VMLAB_TERMINAL_H

#include <stdio.h>

#include "report.h"
#include "result.h"

void terminal_report(FILE *out, const struct result *result,
                     const struct report_options *options);

#endif
