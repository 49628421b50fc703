/*
 * endings.h - how a subject that did not answer becomes a verdict in words.
 */
#ifndef VMLAB_JUDGE_ENDINGS_H
#define VMLAB_JUDGE_ENDINGS_H

/* Looks at how the subject ended after a test that saw nothing wrong
 * (run.end), and sets run.over when it was not in peace. */
void judge_quiet_end(void);

#endif
