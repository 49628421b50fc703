/*
 * workers.h - gradings that run beside each other, each a process.
 *
 * A worker and all that it started end with this program, however it ends; at a
 * signal that stops it, they are ended first, so that the caller can put
 * things in order.
 */
#ifndef VMLAB_WORKERS_H
#define VMLAB_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct worker {
    pid_t pid; /* 0: free                                                     */
    size_t job;
    double began; /* seconds of the monotonic clock                           */
};

struct workers {
    struct worker *worker;
    size_t count, busy;
};

/* From here on SIGINT, SIGTERM and SIGHUP are told by workers_wait. */
struct workers workers_create(size_t count);

/* Starts the program; what it prints goes to the new file `log`, and its
 * standard output to `output` instead where that is not NULL.  False, with
 * errno set, when no process can be started.  There must be a free worker. */
bool workers_start(struct workers *workers, char *const *argv, const char *log,
                   const char *output, size_t job);

struct ended {
    size_t job;
    int status;     /* wait status                                            */
    bool timed_out; /* it was killed: nothing takes that long                 */
    double seconds;
};

enum workers_event {
    WORKERS_ENDED,  /* one has, see *ended                                    */
    WORKERS_TICK,   /* the time given is over                                 */
    WORKERS_SIGNAL, /* this program is to stop                                */
};
enum workers_event workers_wait(struct workers *workers, unsigned ms,
                                struct ended *ended);

/* Ends all that run, and waits for them. */
void workers_stop(struct workers *workers);

/* Frees the list and dies of the signal that was told, if there was one. */
void workers_finish(struct workers *workers);

/* The monotonic clock in seconds. */
double workers_now(void);

#endif
