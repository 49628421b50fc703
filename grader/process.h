/*
 * process.h - runs one program to its end, in the sandbox or out of it, and
 * says how it ended.  Used for the compiler, objcopy, valgrind, gcovr, the
 * judge and everything else that is not this program.
 *
 * Trouble of the host (no fork, no pipe) is die(); what the program did is in
 * the answer.  A program that outlives its limits is killed with everything
 * that it started.
 */
#ifndef VMLAB_PROCESS_H
#define VMLAB_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sandbox; /* sandbox/sandbox.h */

struct process {
    char *const *argv;            /* argv[0] is looked up in PATH              */
    char *const *environment;     /* NULL-terminated; NULL means an empty one  */
    const char *directory;        /* working directory; NULL: ours             */
    const struct sandbox *sandbox; /* NULL: none                               */
    int standard_input;           /* descriptor that becomes 0; -1: /dev/null  */
    const int *keep;              /* further descriptors it inherits; all      */
    size_t keep_count;            /* others are closed                         */
    const int *keep_at;           /* their numbers (above 2) in the program,   */
                                  /* NULL: the same                            */
    const char *leavings;         /* a path that, with its number behind, is   */
                                  /* a file of each process that is killed,    */
                                  /* and goes with it; NULL: there is none     */
    uint32_t wall_ms;             /* killed after that; 0: no limit            */
    size_t output_limit;          /* bytes of output kept (head and tail)      */
};

/* Memory that no honest step needs, and that makes the kernel choose it when
 * memory is short. */
enum { PROCESS_GREEDY_KIB = 512 << 10 };

enum process_end {
    PROCESS_EXITED,      /* `code` is its exit status                          */
    PROCESS_SIGNALLED,   /* `code` is the signal                               */
    PROCESS_OUT_OF_TIME, /* wall or processor time                             */
    PROCESS_NOT_FOUND,   /* no such program: `code` is errno                   */
};

struct process_result {
    enum process_end end;
    int code;
    char *output;        /* standard output and error together, as it came     */
    size_t output_bytes; /* kept; `output` has a NUL behind them               */
    bool output_cut;
    double wall_seconds, cpu_seconds;
    long peak_kib;       /* resident, of the largest of its processes; never   */
                         /* less than the grader's own when it started it      */
};

/* Runs it and waits.  Free the answer with process_result_free. */
struct process_result process_run(const struct process *process);

/* The same, and once more when it was killed from outside. */
struct process_result process_insist(const struct process *process);
void process_result_free(struct process_result *result);

/* Whether it did not come to an end of its own and is not to blame: somebody
 * sent it SIGKILL, or stopped it, or the machine did not let it run.  What it
 * worked on is then not known to be at fault.  One that had taken a lot of
 * memory is: the kernel ends who has most. */
bool process_was_killed(const struct process_result *result);

/* The file that `name` would be executed from, to be freed: itself when it has
 * a slash, else the first of that name in PATH.  NULL, with errno set, when
 * there is none that can be executed. */
char *process_find(const char *name);

/* Starts it and returns; for zygotes, which are talked to while they run.
 * Its output goes to the descriptor `output`.  process_stop shuts it down:
 * waits `grace_ms`, then kills it with everything that it started, and returns
 * the wait status. */
struct process_running {
    pid_t pid;      /* the program's own                                       */
    pid_t guardian; /* and of what process.c needs to end it                   */
    int report;
};
struct process_running process_start(const struct process *process, int output);
int process_stop(struct process_running *running, uint32_t grace_ms);

#endif
