/*
 * calls.c - what the bridge costs: a call in each direction, and a child.
 *
 *     calls SUBJECT     the toy's program (tests/toy)
 *
 * Prints medians of several rounds, with the least and the most, in
 * microseconds of wall time; both ends run on one processor, as in a test.
 */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bridge/judge.h"
#include "machine/machine.h"
#include "toy/toy.h"

enum { ROUNDS = 11, CALLS = 20000, CHILDREN = 200 };

static double
now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static noreturn void
give_up(const char *what)
{
    fprintf(stderr, "calls: %s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- What the bridge asks of its host ------------------------------------ */

noreturn void
bridge_lost_subject(enum bridge_loss loss, const char *doing,
                    const char *detail)
{
    (void)loss;
    (void)detail;
    give_up(doing);
}

noreturn void
bridge_not_implemented(const char *function)
{
    give_up(function);
}

noreturn void
bridge_misused(const char *function, const char *detail)
{
    (void)function;
    give_up(detail);
}

noreturn void
mach_stop(const char *format, ...)
{
    give_up(format);
}

/* ---- Rounds -------------------------------------------------------------- */

static int control;
static uint32_t cpu;

static void
open_child(void)
{
    const struct bridge_limits limits = {.cpu_ms = 60000, .wall_ms = 60000};
    struct bridge_session session;
    if (bridge_start(control, limits, cpu, &session) != NULL ||
        bridge_open(&session) != NULL) {
        give_up("no child");
    }
}

static double
one_call(void)
{
    open_child();
    const double before = now_us();
    for (int i = 0; i < CALLS; i++) {
        (void)toy_count();
    }
    const double after = now_us();
    (void)bridge_close();
    return (after - before) / CALLS;
}

static double
one_machine_call(void)
{
    struct mach *const mach = mach_create(1);
    open_child();
    const double before = now_us();
    (void)toy_call_machine(mach, CALLS);
    const double after = now_us();
    (void)bridge_close();
    mach_destroy(mach);
    return (after - before) / CALLS;
}

/* From asking for a child to its first answer, and to the word of its end. */
static double
one_child(void)
{
    const double before = now_us();
    for (int i = 0; i < CHILDREN; i++) {
        open_child();
        (void)toy_count();
        (void)bridge_close();
    }
    return (now_us() - before) / CHILDREN;
}

static int
by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void
measure(const char *what, double (*round)(void))
{
    double figure[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        figure[i] = round();
    }
    qsort(figure, ROUNDS, sizeof *figure, by_size);
    printf("%-44s %8.2f us   (%.2f to %.2f)\n", what, figure[ROUNDS / 2],
           figure[0], figure[ROUNDS - 1]);
}

int
main(int argc, char **argv)
{
    int pair[2];
    if (argc != 2) {
        fprintf(stderr, "usage: calls SUBJECT\n");
        return 64;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        give_up("no socket pair");
    }
    const pid_t zygote = fork();
    if (zygote == 0) {
        dup2(pair[1], BRIDGE_CONTROL);
        execl(argv[1], argv[1], (char *)NULL);
        _exit(127);
    }
    close(pair[1]);
    control = pair[0];
    cpu = (uint32_t)sched_getcpu();
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);

    measure("a call of the module", one_call);
    measure("a call of the machine by the module", one_machine_call);
    measure("a child, with one call, to its end", one_child);
    close(control);
    waitpid(zygote, NULL, 0);
    return 0;
}
