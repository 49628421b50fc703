/*
 * diagnose.h - from failures to the misconception behind them.
 *
 * Each bug of the bank fails a certain set of hidden tests.  A submission whose
 * failures are exactly such a set most probably has that bug.  An approximate
 * match is never reported: a wrong explanation costs a student more than none.
 *
 * Tests of the bonus part that answer "not implemented" are left aside on both
 * sides: whoever has not written the bonus has no misconception about it, and
 * would otherwise never get a diagnosis of the must part.
 */
#ifndef VMLAB_DIAGNOSE_H
#define VMLAB_DIAGNOSE_H

#include "bank.h"
#include "result.h"

/* Fills in `diagnosis` of a stage: all bugs whose failures are exactly the
 * hidden tests that did not pass, in the bank's order.  None when nothing else
 * fails, when the stage was not graded, or when any hidden test has no verdict
 * or ended with an exit or a forbidden call, which no bug of the bank makes.
 * An earlier diagnosis is replaced. */
void diagnose_stage(struct stage_result *stage, const struct bank *bank);

#endif
