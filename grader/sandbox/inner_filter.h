/*
 * inner_filter.h - the tight filter that a zygote's child puts on before it
 * runs a student's code: an allow list of what computing needs.
 *
 * The grader makes the filter and each child installs it (inner_enter.c).  A
 * call that is not on the list raises SIGSYS with its number in si_syscall.
 * Under valgrind it can not be installed: see sandbox.c.
 */
#ifndef VMLAB_INNER_FILTER_H
#define VMLAB_INNER_FILTER_H

#include <linux/filter.h>

/* Stands in a filter for the process that puts it on; above any process id
 * (2^22). */
#define INNER_FILTER_SELF 0x5e1f5e1fU

enum inner_filter {
    INNER_SUBJECT,  /* memory, the socket and the output it holds, its end    */
    INNER_COVERAGE, /* and files, for the .gcda; Landlock says which          */
    INNER_TESTER,   /* own tests on the quick runner: also time and waiting   */
};

/* Makes the filter.  Returns 0, or -1 with errno set when this machine has no
 * such filters; `program` is then empty.  Never freed. */
int inner_filter_make(enum inner_filter kind, struct sock_fprog *program);

/* The filter that was handed over as the open file `file`; an empty one when
 * there is none.  The memory is the function's own. */
struct sock_fprog inner_filter_read(int file);

/* Installs it in the calling process for good, which may signal none but
 * itself from then on.  An empty one does nothing.  Returns 0, or -1 with
 * errno set. */
int inner_filter_enter(struct sock_fprog *program);

/* The name of a system call, as SIGSYS numbers it; from malloc. */
char *inner_filter_call_name(int number);

#endif
