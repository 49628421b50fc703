#include "batch/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

/* A whole grading takes seconds; every step in it has limits of its own, so
 * whatever takes this long is a defect of the grader. */
#define LIMIT_SECONDS 1800.0
enum { GRACE_MS = 10000, STEP_MS = 20 };

static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
enum { STOPS = sizeof stops / sizeof *stops };

static sigset_t watched;  /* the stops, and SIGCHLD; blocked                  */
static sigset_t original; /* what workers start with                          */
static int told;          /* the signal, or 0                                 */

double
workers_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
nothing(int number)
{
    (void)number;
}

struct workers
workers_create(size_t count)
{
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    /* A signal that is ignored by default never becomes pending. */
    signal(SIGCHLD, nothing);
    for (size_t i = 0; i < STOPS; i++) {
        struct sigaction old;
        if (sigaction(stops[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            sigaddset(&watched, stops[i]);
        }
    }
    sigprocmask(SIG_BLOCK, &watched, &original);
    return (struct workers){
        .worker = xcalloc(count, sizeof(struct worker)),
        .count = count,
    };
}

/* ---- One worker ---------------------------------------------------------- */

/* Where there are as many workers as processors, each has one of its own: what
 * a grading starts, a thousand short processes, does not wander, and no two
 * gradings wait for each other. */
static void
keep_to_a_processor(size_t number, size_t workers)
{
    cpu_set_t ours, one;
    if (sched_getaffinity(0, sizeof ours, &ours) != 0 ||
        (size_t)CPU_COUNT(&ours) > workers) {
        return;
    }
    size_t left = number % (size_t)CPU_COUNT(&ours);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &ours) && left-- == 0) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof one, &one);
            return;
        }
    }
}

/* A group of its own: Ctrl-C is for this program, which tells its workers. */
static _Noreturn void
be_worker(char *const *argv, int log, int output, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigprocmask(SIG_SETMASK, &original, NULL);
    const int null = open("/dev/null", O_RDONLY);
    if (getppid() != parent || dup2(null, STDIN_FILENO) < 0 ||
        dup2(output, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0) {
        _exit(127);
    }
    close_range(STDERR_FILENO + 1, ~0U, 0);
    execvp(argv[0], argv);
    dprintf(STDERR_FILENO, "cannot run %s\n", argv[0]);
    _exit(127);
}

static int
create(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
                0644);
}

bool
workers_start(struct workers *workers, char *const *argv, const char *log,
              const char *output, size_t job)
{
    struct worker *free_one = workers->worker;
    while (free_one->pid != 0) {
        free_one++;
    }
    const pid_t parent = getpid();
    const int errors = create(log);
    const int answers = output != NULL ? create(output) : errors;
    const pid_t pid = errors >= 0 && answers >= 0 ? fork() : -1;
    if (pid == 0) {
        keep_to_a_processor((size_t)(free_one - workers->worker),
                            workers->count);
        be_worker(argv, errors, answers, parent);
    }
    const int error = errno;
    if (output != NULL && answers >= 0) {
        close(answers);
    }
    if (errors >= 0) {
        close(errors);
    }
    errno = error;
    if (pid < 0) {
        return false;
    }
    setpgid(pid, pid);
    *free_one = (struct worker){pid, job, workers_now()};
    workers->busy++;
    return true;
}

/* ---- Waiting ------------------------------------------------------------- */

/* Takes one that has ended. */
static bool
reap(struct workers *workers, struct ended *ended)
{
    for (size_t i = 0; i < workers->count; i++) {
        struct worker *const worker = &workers->worker[i];
        int status;
        if (worker->pid == 0) {
            continue;
        }
        const double seconds = workers_now() - worker->began;
        const bool too_long = seconds > LIMIT_SECONDS;
        if (too_long) {
            kill(-worker->pid, SIGKILL);
        }
        if (waitpid(worker->pid, &status, WNOHANG) == worker->pid) {
            *ended = (struct ended){worker->job, status,
                                    too_long && WIFSIGNALED(status), seconds};
            worker->pid = 0;
            workers->busy--;
            return true;
        }
    }
    return false;
}

enum workers_event
workers_wait(struct workers *workers, unsigned ms, struct ended *ended)
{
    const double until = workers_now() + ms / 1000.0;
    for (;;) {
        if (told != 0) {
            return WORKERS_SIGNAL;
        }
        if (reap(workers, ended)) {
            return WORKERS_ENDED;
        }
        const double left = until - workers_now();
        if (left <= 0) {
            return WORKERS_TICK;
        }
        const struct timespec wait = {
            (time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        const int number = sigtimedwait(&watched, NULL, &wait);
        if (number > 0 && number != SIGCHLD) {
            told = number;
        }
    }
}

void
workers_stop(struct workers *workers)
{
    const struct timespec step = {0, STEP_MS * 1000000L};
    for (int waited = 0; workers->busy > 0; waited += STEP_MS) {
        for (size_t i = 0; i < workers->count; i++) {
            if (workers->worker[i].pid != 0 &&
                (waited == 0 || waited > GRACE_MS)) {
                kill(waited == 0 ? workers->worker[i].pid
                                 : -workers->worker[i].pid,
                     waited == 0 ? SIGTERM : SIGKILL);
            }
        }
        struct ended ended;
        while (reap(workers, &ended)) {
        }
        nanosleep(&step, NULL);
    }
}

void
workers_finish(struct workers *workers)
{
    free(workers->worker);
    *workers = (struct workers){0};
    sigprocmask(SIG_SETMASK, &original, NULL);
    if (told != 0) {
        signal(told, SIG_DFL);
        raise(told);
    }
}
