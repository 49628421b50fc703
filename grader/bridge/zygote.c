/*
 * zygote.c - main() of every subject program: loaded once, it forks a fresh
 * child for each START message and tells the judge how that child ended.
 *
 * One loop over poll(2): the control socket, SIGCHLD as a descriptor, and the
 * end socket of every living child.  A child dies by its own doing, by its
 * limits, by its age, or because the judge has closed the end socket (which
 * a killed judge does as well).  When the control socket closes, the zygote
 * kills what is left and goes.
 *
 * Under valgrind a child is dear: it translates the module anew.  So it is where
 * tens of thousands of tests run, which trust each other (check_kit).  One that
 * says that it is as new has ended its test, too, and idles until the next START
 * message is handed on to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

#include "start.h"
#include "zygote.h"

enum {
    CHILDREN = 64,
    CPU_MS_LIMIT = 600000, /* no test is given more, whatever START says      */
    /* A child that grows too old without having computed waits for nothing.
     * Under valgrind, whose time is ample and where only tests run that have
     * passed already, one that is late at all is up to something.  After so
     * many of them nobody waits long for another. */
    IDLERS = 4,
    IDLER_CPU_NS = 50 * 1000000,
    IDLER_WALL_MS = 1000,
    STACK_USED = 1 << 14, /* more than any function here, with what it calls */
};

struct child {
    pid_t pid;
    int end;      /* socket for the last word; -1: idle                       */
    int again;    /* socket to a child that may be used again, or -1          */
    word served;  /* tests that have ended                                    */
    word cpu_before_ns; /* processor time until then                          */
    int64_t deadline_ms;
    word cpu_limit_ns;
    bool too_old;
    bool dismissed; /* killed here                                           */
    bool discreet;  /* as in bridge.h                                         */
    uint32_t cpu;   /* where it runs                                          */
};

static struct child child[CHILDREN];
static unsigned children;
static unsigned idlers;
static bool used_again;

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
say_how_it_ended(const struct child *ended, int status,
                 const struct rusage *usage)
{
    const word cpu_ns =
        (word)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000000U +
        (word)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000U -
        ended->cpu_before_ns;
    /* A child leaves with 128 + SIGPROF when its timer rings (child.c), which
     * counts in ticks and so is no exact match of rusage.  One that has made
     * itself deaf to it is killed later, with its time used up. */
    const bool out_of_time =
        ended->too_old || cpu_ns >= ended->cpu_limit_ns ||
        (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGPROF);
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
                        !ended->dismissed && !out_of_time;
    idlers += (ended->too_old && cpu_ns < IDLER_CPU_NS) ||
              (RUNNING_ON_VALGRIND && out_of_time);
    struct bridge_record record = {
        .kind = BRIDGE_ENDED,
        .w = {(word)status, cpu_ns, (word)ended->pid, (word)usage->ru_maxrss},
        .flags = (out_of_time ? BRIDGE_OUT_OF_TIME : 0) |
                 (killed ? BRIDGE_KILLED : 0) |
                 (ended->served != 0 ? BRIDGE_USED : 0)};
    /* Whoever holds the other end may be a student's test, which can say what it
     * likes of its module: this goes to the grader itself, and first. */
    if (killed) {
        (void)send(BRIDGE_CONTROL, &record, sizeof record,
                   MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    /* How much memory it had is the program's, and a number to know it by. */
    if (ended->discreet) {
        record.w[2] = record.w[3] = 0;
    }
    (void)send(ended->end, &record, sizeof record,
               MSG_NOSIGNAL | MSG_DONTWAIT);
}

static word
cpu_ns_of(pid_t pid)
{
    clockid_t clock;
    struct timespec used = {0, 0};
    if (clock_getcpuclockid(pid, &clock) == 0) {
        clock_gettime(clock, &used);
    }
    return (word)used.tv_sec * 1000000000U + (word)used.tv_nsec;
}

/* A child has something to say between two tests: that it is as new.  If not
 * that, it is no longer spoken to. */
static void
hear(struct child *of)
{
    struct bridge_record record;
    const bool heard = recv(of->again, &record, sizeof record, MSG_DONTWAIT) ==
                       sizeof record;
    if (!heard || record.kind != BRIDGE_AS_NEW || of->end < 0) {
        close(of->again);
        of->again = -1;
        return;
    }
    const word cpu_ns = cpu_ns_of(of->pid);
    const struct bridge_record ended = {
        .kind = BRIDGE_ENDED,
        .w = {0, cpu_ns - of->cpu_before_ns, (word)of->pid},
        .flags = BRIDGE_LIVES_ON | (of->served != 0 ? BRIDGE_USED : 0)};
    (void)send(of->end, &ended, sizeof ended, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(of->end);
    of->end = -1;
    of->served++;
    of->cpu_before_ns = cpu_ns;
}

/* Apart from main(), in whose frame nothing of it may stay (see
 * forget_the_others). */
__attribute__((noinline)) static void
collect(int signals)
{
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) > 0) {
    }
    int status;
    struct rusage usage;
    pid_t pid;
    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        for (unsigned i = 0; i < children; i++) {
            if (child[i].pid == pid) {
                if (child[i].end >= 0) {
                    say_how_it_ended(&child[i], status, &usage);
                    close(child[i].end);
                }
                if (child[i].again >= 0) {
                    close(child[i].again);
                }
                child[i] = child[--children];
                break;
            }
        }
    }
}

/* A child takes over all memory of the zygote: of the tests before its own, how
 * they ended and when they began, nothing may be left in it, or a student's
 * test could count how often it has been asked. */
__attribute__((noinline)) static void
forget_the_others(void)
{
    char below[STACK_USED];
    explicit_bzero(below, sizeof below);
    explicit_bzero(child, sizeof child);
    children = idlers = 0;
}

/* A child is born where it will run: a process that moves between processors
 * takes its memory's translations along, and each is thrown away everywhere. */
static void
move_to(uint32_t cpu)
{
    static uint32_t here = UINT32_MAX;
    cpu_set_t one;
    if (cpu == here) {
        return;
    }
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    here = cpu;
}

/* An idle child that takes the test, at best one that is where it shall run;
 * or NULL. */
static struct child *
find_idle(const struct bridge_start *start, const int *fds, unsigned count)
{
    for (int anywhere = 0; anywhere < 2; anywhere++) {
        for (unsigned i = 0; i < children; i++) {
            if (child[i].end < 0 && child[i].again >= 0 &&
                (anywhere || child[i].cpu == start->cpu) &&
                bridge_send_start(child[i].again, start, fds, count) == 0) {
                child[i].cpu = start->cpu;
                return &child[i];
            }
        }
    }
    return NULL;
}

/* A child for a test: an idle one that takes it, or a new one; NULL when there
 * is none, the host's trouble. */
static struct child *
find_child(const struct bridge_start *start, const int *fds, unsigned count)
{
    int pair[2] = {-1, -1};
    struct child *const idle =
        start->fresh == 0 ? find_idle(start, fds, count) : NULL;
    if (idle != NULL) {
        return idle;
    }
    if (children == CHILDREN ||
        (used_again && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
                                  pair) != 0)) {
        return NULL;
    }
    move_to(start->cpu);
    /* There is one thread, and no handler to run: _Fork does what is left. */
    const pid_t pid = _Fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* What belongs to the zygote and to the other children. */
        close(fds[count]);
        close(BRIDGE_CONTROL);
        for (unsigned i = 0; i < children; i++) {
            close(child[i].end);
            close(child[i].again);
        }
        forget_the_others();
        zygote_child(start, fds, count, pair[1]);
    }
    if (used_again) {
        close(pair[1]);
    }
    if (pid < 0) {
        close(pair[0]);
        return NULL;
    }
    child[children] = (struct child){
        .pid = pid, .again = pair[0], .cpu = start->cpu};
    return &child[children++];
}

static void
start_child(struct bridge_start *start, const int *fds, unsigned count)
{
    const unsigned last = count - 1;
    if (start->cpu_ms > CPU_MS_LIMIT) {
        start->cpu_ms = CPU_MS_LIMIT;
    }
    if (idlers >= IDLERS && start->wall_ms > IDLER_WALL_MS) {
        start->wall_ms = IDLER_WALL_MS;
    }
    struct child *const found = find_child(start, fds, last);
    for (unsigned i = 0; i < last; i++) {
        close(fds[i]);
    }
    if (found == NULL) {
        close(fds[last]); /* no word */
        return;
    }
    found->end = fds[last];
    found->deadline_ms = now_ms() + start->wall_ms;
    found->cpu_limit_ns = (word)start->cpu_ms * 1000000U;
    found->discreet = start->discreet != 0;
}

/* Kills who is too old; returns how long until the next one is, or -1. */
static int
kill_the_old(void)
{
    const int64_t now = now_ms();
    int64_t next = -1;
    for (unsigned i = 0; i < children; i++) {
        const int64_t left = child[i].deadline_ms - now;
        if (child[i].end < 0) {
            continue;
        }
        if (left <= 0 && !child[i].too_old) {
            child[i].too_old = child[i].dismissed = true;
            kill(child[i].pid, SIGKILL);
        } else if (left > 0 && (next < 0 || left < next)) {
            next = left;
        }
    }
    return next > INT32_MAX ? INT32_MAX : (int)next;
}

static noreturn void
finish(void)
{
    for (unsigned i = 0; i < children; i++) {
        kill(child[i].pid, SIGKILL);
    }
    _exit(0);
}

static int
by_value(const void *one, const void *other)
{
    return *(const char *)one - *(const char *)other;
}

/* Sorting more than a KiB, libc asks once how much memory there is, and may
 * sort in another way afterwards.  A child can not ask any more. */
static void
settle_sorting(void)
{
    static char values[2048];
    qsort(values, sizeof values, 1, by_value);
}

int
main(int argc, char **argv)
{
    if (!zygote_prepare(argc, argv, &used_again)) {
        return 0;
    }
    settle_sorting();
    if (RUNNING_ON_VALGRIND) {
        zygote_rehearse();
    }
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    const int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    for (;;) {
        struct pollfd watch[2 + 2 * CHILDREN] = {
            {.fd = BRIDGE_CONTROL, .events = POLLIN},
            {.fd = signals, .events = POLLIN},
        };
        for (unsigned i = 0; i < children; i++) {
            watch[2 + 2 * i].fd = child[i].end;
            watch[3 + 2 * i].fd = child[i].again;
            watch[3 + 2 * i].events = POLLIN;
        }
        if (poll(watch, 2 + 2 * children, kill_the_old()) < 0) {
            continue;
        }
        for (unsigned i = 0; i < children; i++) {
            if ((watch[2 + 2 * i].revents & (POLLHUP | POLLERR)) != 0) {
                child[i].dismissed = true;
                kill(child[i].pid, SIGKILL);
            }
            if (watch[3 + 2 * i].revents != 0) {
                hear(&child[i]);
            }
        }
        if (watch[1].revents != 0) {
            collect(signals);
        }
        if (watch[0].revents != 0) {
            struct bridge_start start;
            int fds[BRIDGE_DESCRIPTORS_MAX];
            unsigned count;
            bool closed;
            if (bridge_receive_start(BRIDGE_CONTROL, &start, fds, &count,
                                     &closed)) {
                start_child(&start, fds, count);
            } else if (closed) {
                finish();
            }
        }
    }
}
