/*
 * process.c - theory of operation.
 *
 *     grader ---- guardian ---- program ---- whatever it starts
 *            fork          fork, exec
 *
 * Between the grader and each program stands a guardian: a fork of the grader
 * that executes nothing.  It is the subreaper of the program, so every
 * descendant, whatever sessions and double forks it has gone through, becomes
 * its child when its own parent ends.  The guardian ends when it has no child
 * left, and not before:
 *
 *   - the program ends: what it left behind is killed, then the report is sent;
 *   - the wall time is over: the same, with everything killed;
 *   - the grader asks (SIGTERM, process_stop), or is gone, even by SIGKILL: the
 *     kernel sends the guardian SIGTERM then (PR_SET_PDEATHSIG).
 *
 * A fork bomb is ended by stopping all that can be seen until nothing new
 * appears and only then killing; where the step has a user of its own and that
 * does not converge, one kill(-1) as that user does it in one go.
 *
 * The report is one struct over a pipe.  A pipe that ends without one means
 * that the guardian itself was killed, which the sandbox does not allow; it
 * counts as the program's death by SIGKILL.
 *
 * The signal at the grader's end is bound to the thread that forked, so a
 * program is started from a thread that lives as long as the program.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "process.h"
#include "sandbox/layers.h"
#include "sandbox/sandbox.h"
#include "text.h"

/* What the child says when it cannot execute the program. */
struct obstacle {
    int error;      /* errno                                                  */
    char layer[24]; /* of the sandbox, or "" when exec itself failed          */
};

/* What the guardian says: once when the program is executed (`started`), once
 * when all is over. */
struct report {
    bool started;
    pid_t pid;
    struct obstacle obstacle; /* error 0: none                                */
    int status;               /* wait status of the program                   */
    bool timed_out;
    double wall_seconds, cpu_seconds;
    long peak_kib;
};

enum { READ_END, WRITE_END };
enum { IDLE_SECONDS = 1 };

static double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static bool
write_all(int file, const void *bytes, size_t count)
{
    const char *from = bytes;
    while (count) {
        ssize_t written = write(file, from, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        from += written;
        count -= (size_t)written;
    }
    return true;
}

static bool
read_all(int file, void *bytes, size_t count)
{
    char *to = bytes;
    while (count) {
        ssize_t got = read(file, to, count);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        count -= (size_t)got;
    }
    return true;
}

/* ---- Descriptors --------------------------------------------------------- */

static int
compare_int(const void *left, const void *right)
{
    const int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

/* Closes every descriptor above 2 that is not in the list, which is sorted. */
static void
close_others(int *keep, size_t count)
{
    unsigned from = 3;
    qsort(keep, count, sizeof *keep, compare_int);
    for (size_t i = 0; i < count; i++) {
        if (keep[i] < (int)from)
            continue;
        if ((unsigned)keep[i] > from)
            close_range(from, (unsigned)keep[i] - 1, 0);
        from = (unsigned)keep[i] + 1;
    }
    close_range(from, ~0u, 0);
}

/* ---- The child ----------------------------------------------------------- */

struct start {
    const struct process *process;
    const char *path; /* of the program */
    int input, output;
    int report; /* the guardian's; -1 in the child */
    pid_t grader;
};

static _Noreturn void
hindered(int obstacles, const char *layer)
{
    struct obstacle obstacle = {.error = errno ? errno : EINVAL};
    snprintf(obstacle.layer, sizeof obstacle.layer, "%s", layer);
    write_all(obstacles, &obstacle, sizeof obstacle);
    _exit(127);
}

/* Puts the program's descriptors where it expects them and closes all others
 * but `*obstacles`, which moves.  Any of them may stand at the number of
 * another, so all are first moved above every number that is asked for. */
static bool
arrange_descriptors(const struct start *start, int *obstacles)
{
    const struct process *process = start->process;
    const size_t count = process->keep_count + 3;
    const int *at = process->keep_at ? process->keep_at : process->keep;
    int *from = xcalloc(count + 1, sizeof *from);
    int *to = xcalloc(count + 1, sizeof *to);
    int above = 3;
    for (size_t i = 0; i < process->keep_count; i++) {
        from[i] = process->keep[i];
        to[i] = at[i];
        above = at[i] >= above ? at[i] + 1 : above;
    }
    from[count - 3] = start->input;
    from[count - 2] = from[count - 1] = start->output;
    to[count - 2] = 1, to[count - 1] = 2;

    bool good = true;
    for (size_t i = 0; i < count; i++)
        good &= (from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, above)) >= 0;
    *obstacles = fcntl(*obstacles, F_DUPFD_CLOEXEC, above);
    for (size_t i = 0; i < count; i++)
        good &= dup2(from[i], to[i]) == to[i];
    to[count] = *obstacles;
    close_others(to, count + 1);
    free(from);
    free(to);
    return good && *obstacles >= 0;
}

static _Noreturn void
become_program(const struct start *start, int obstacles, pid_t guardian)
{
    const struct process *process = start->process;
    static char *const empty[] = {NULL};
    sigset_t none;

    setsid();
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);

    if (!arrange_descriptors(start, &obstacles))
        hindered(obstacles, "descriptors");
    if (process->directory && chdir(process->directory))
        hindered(obstacles, "directory");

    errno = 0;
    const char *layer =
        process->sandbox ? sandbox_enter(process->sandbox) : NULL;
    if (layer)
        hindered(obstacles, layer);
    /* After the change of user, which clears it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != guardian)
        hindered(obstacles, "guardian");
    execve(start->path, process->argv,
           process->environment ? process->environment : empty);
    /* EAGAIN: the step's user has more processes than the sandbox allows. */
    hindered(obstacles, errno == EAGAIN || errno == ENOMEM ? "execve" : "");
}

/* ---- The guardian -------------------------------------------------------- */

/* A process of /proc and its parent. */
struct kin {
    pid_t pid, parent;
    bool ours, handled;
};

static size_t
all_processes(struct kin **list)
{
    size_t count = 0, room = 0;
    DIR *proc = opendir("/proc");
    *list = NULL;
    if (!proc)
        return 0;
    for (const struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        char path[sizeof entry->d_name + sizeof "/proc//stat"], text[512];
        if (!isdigit((unsigned char)*entry->d_name))
            continue;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
        if (file >= 0)
            close(file);
        if (length <= 0)
            continue;
        text[length] = '\0';
        /* "PID (NAME) STATE PARENT ...", and the name may hold anything. */
        const char *end = strrchr(text, ')');
        int parent;
        if (!end || sscanf(end + 1, " %*c %d", &parent) != 1)
            continue;
        if (count == room)
            *list = xrealloc(*list, (room = 2 * room + 64) * sizeof **list);
        (*list)[count++] = (struct kin){atoi(entry->d_name), parent, 0, 0};
    }
    closedir(proc);
    return count;
}

static void
remove_leaving(const char *leavings, pid_t pid)
{
    char *const path = text_format("%s%ld", leavings, (long)pid);
    unlink(path);
    free(path);
}

/* Sends a signal to every descendant; returns how many there are.  `leavings`
 * (struct process), or NULL: what each leaves is removed. */
static size_t
signal_descendants(int number, const char *leavings)
{
    struct kin *list;
    const size_t count = all_processes(&list);
    const pid_t self = getpid();
    size_t found = 0;
    for (bool grown = true; grown;) {
        grown = false;
        for (size_t i = 0; i < count; i++) {
            if (list[i].ours)
                continue;
            bool ours = list[i].parent == self;
            for (size_t j = 0; !ours && j < count; j++)
                ours = list[j].ours && list[j].pid == list[i].parent;
            if (ours)
                grown = list[i].ours = true;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (list[i].ours && ++found) {
            kill(list[i].pid, number);
            if (leavings != NULL)
                remove_leaving(leavings, list[i].pid);
        }
    free(list);
    return found;
}

/* Ends everything that runs as the step's own user. */
static void
kill_user(const struct sandbox *sandbox)
{
    const uid_t user = user_of(sandbox);
    const pid_t helper = fork();
    if (helper == 0) {
        if (setresuid(user, user, user) == 0)
            kill(-1, SIGKILL);
        _exit(0);
    }
}

struct ward {
    pid_t pid;
    bool ended;
    int status;
};

/* Collects the dead; without WNOHANG waits for one.  Returns false when no
 * child is left. */
static bool
collect(struct ward *ward, int flags)
{
    for (;;) {
        int status;
        const pid_t pid = waitpid(-1, &status, flags);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid <= 0)
            return pid == 0;
        if (pid == ward->pid) {
            ward->ended = true;
            ward->status = status;
        }
        if (!(flags & WNOHANG))
            return true;
    }
}

/* Returns when no descendant is left. */
static void
end_descendants(struct ward *ward, const struct process *process)
{
    const struct sandbox *const sandbox = process->sandbox;
    enum { ROUNDS_OF_STOPPING = 8 };
    while (collect(ward, WNOHANG)) {
        size_t before = 0, seen = signal_descendants(SIGSTOP, NULL);
        int round = 0;
        while (seen > before && ++round < ROUNDS_OF_STOPPING) {
            before = seen;
            seen = signal_descendants(SIGSTOP, NULL);
        }
        if (round == ROUNDS_OF_STOPPING && sandbox && layers_here()->own_users)
            kill_user(sandbox);
        signal_descendants(SIGKILL, process->leavings);
        if (!collect(ward, 0))
            return;
    }
}

/* Waits until the program has ended, its time is over or the grader wants it
 * to end; whatever that was, nothing runs when this returns. */
static void
watch(struct ward *ward, const struct start *start, const sigset_t *signals,
      struct report *report)
{
    const double begin = now();
    const double end = begin + start->process->wall_ms / 1e3;
    bool wanted = true;
    collect(ward, WNOHANG);
    while (!ward->ended && wanted) {
        struct timespec left = {3600, 0};
        if (start->process->wall_ms) {
            const double seconds = end - now();
            if (seconds <= 0) {
                report->timed_out = true;
                break;
            }
            left.tv_sec = (time_t)seconds;
            left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
        }
        const int number = sigtimedwait(signals, NULL, &left);
        if (number == SIGCHLD)
            collect(ward, WNOHANG);
        else if (number > 0)
            wanted = false;
    }
    end_descendants(ward, start->process);
    report->wall_seconds = now() - begin;
}

static _Noreturn void
guard(const struct start *start)
{
    struct report report = {0};
    sigset_t signals;
    int obstacles[2];

    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    setsid();
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) ||
        prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) ||
        pipe2(obstacles, O_CLOEXEC))
        _exit(EX_OSERR);
    if (getppid() != start->grader)
        _exit(0);

    struct ward ward = {.pid = 0};
    const pid_t self = getpid();
    ward.pid = fork();
    if (ward.pid == 0) {
        close(start->report);
        become_program(start, obstacles[WRITE_END], self);
    }
    close(obstacles[WRITE_END]);
    close(0), close(1), close(2);
    close_others((int[]){start->report, obstacles[READ_END]}, 2);
    report.pid = ward.pid;
    if (ward.pid < 0)
        report.obstacle = (struct obstacle){errno, "fork"};
    else if (!read_all(obstacles[READ_END], &report.obstacle,
                       sizeof report.obstacle))
        report.obstacle.error = 0;
    close(obstacles[READ_END]);
    report.started = !report.obstacle.error;
    if (!write_all(start->report, &report, sizeof report) || !report.started) {
        if (ward.pid > 0)
            end_descendants(&ward, start->process);
        _exit(0);
    }

    watch(&ward, start, &signals, &report);
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    report.status = ward.status;
    report.cpu_seconds =
        (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    report.peak_kib = usage.ru_maxrss;
    write_all(start->report, &report, sizeof report);
    _exit(0);
}

/* ---- The grader ---------------------------------------------------------- */

char *
process_find(const char *name)
{
    const char *folders = getenv("PATH");
    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? xstrdup(name) : NULL;
    if (!folders)
        folders = "/usr/local/bin:/usr/bin:/bin";
    while (*folders) {
        const size_t length = strcspn(folders, ":");
        char *path = length ? text_format("%.*s/%s", (int)length, folders, name)
                            : text_format("./%s", name);
        if (access(path, X_OK) == 0)
            return path;
        free(path);
        folders += length + (folders[length] == ':');
    }
    errno = ENOENT;
    return NULL;
}

static int
reap(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Starts guardian and program, with its output to `output`; waits until the
 * program is executed or known not to be. */
static struct report
launch(const struct process *process, const char *path, int output,
       struct process_running *running)
{
    int pipes[2];
    int input = process->standard_input;
    if (input < 0 && (input = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
        die(EX_OSFILE, "cannot open /dev/null:");
    if (pipe2(pipes, O_CLOEXEC))
        die(EX_OSERR, "cannot make a pipe:");
    const struct start start = {
        .process = process,
        .path = path,
        .input = input,
        .output = output,
        .report = pipes[WRITE_END],
        .grader = getpid(),
    };
    layers_here();
    fflush(NULL);
    running->guardian = fork();
    if (running->guardian < 0)
        die(EX_OSERR, "cannot fork:");
    if (running->guardian == 0)
        guard(&start);
    close(pipes[WRITE_END]);
    if (input != process->standard_input)
        close(input);
    running->report = pipes[READ_END];

    struct report report;
    if (!read_all(running->report, &report, sizeof report)) {
        reap(running->guardian);
        die(EX_OSERR, "cannot start %s: its guardian did not come up", path);
    }
    running->pid = report.pid;
    if (report.obstacle.error) {
        reap(running->guardian);
        close(running->report);
        errno = report.obstacle.error;
        if (*report.obstacle.layer)
            die(EX_OSERR, "cannot start %s (%s):", path, report.obstacle.layer);
    }
    return report;
}

/* Output that grows without bound, of which head and tail are kept:
 *
 *     | head: the first half | tail: a ring of the last bytes |   */
struct output {
    char *bytes;
    size_t head, room;       /* bytes of head so far; room for head and tail  */
    unsigned long long seen; /* bytes that came in all                        */
};

static void
output_add(struct output *output, const char *bytes, size_t count)
{
    const size_t half = output->room / 2, ring = output->room - half;
    while (count) {
        size_t at, fits;
        if (output->seen < half) {
            at = (size_t)output->seen;
            fits = half - at;
        } else {
            const size_t turn =
                (size_t)((output->seen - half) % (ring | !ring));
            at = half + turn;
            fits = ring - turn;
        }
        if (!output->room)
            fits = count;
        if (fits > count)
            fits = count;
        if (output->room)
            memcpy(output->bytes + at, bytes, fits);
        output->seen += fits;
        bytes += fits;
        count -= fits;
    }
}

/* Turns the ring so that it reads in order; sets the result's three fields. */
static void
output_finish(struct output *output, struct process_result *result)
{
    const size_t half = output->room / 2, ring = output->room - half;
    result->output_cut = output->seen > output->room;
    result->output_bytes =
        result->output_cut ? output->room : (size_t)output->seen;
    if (result->output_cut && ring) {
        const size_t turn = (size_t)((output->seen - half) % ring);
        char *tail = xmalloc(ring);
        memcpy(tail, output->bytes + half + turn, ring - turn);
        memcpy(tail + ring - turn, output->bytes + half, turn);
        memcpy(output->bytes + half, tail, ring);
        free(tail);
    }
    output->bytes[result->output_bytes] = '\0';
    result->output = output->bytes;
}

/* Takes what is in the pipe now.  Returns false at its end. */
static bool
output_drain(struct output *output, int from)
{
    static const int whole_pipe = 1 << 16;
    char buffer[1 << 16];
    ssize_t got = read(from, buffer, (size_t)whole_pipe);
    if (got > 0)
        output_add(output, buffer, (size_t)got);
    return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Reads output until the guardian reports.  The end of the output is not
 * waited for: who holds the pipe is up to the program. */
static bool
follow(struct output *output, int from, int report_pipe, struct report *report)
{
    struct pollfd wait[] = {{report_pipe, POLLIN, 0}, {from, POLLIN, 0}};
    for (;;) {
        if (poll(wait, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            die(EX_OSERR, "cannot wait for a program:");
        }
        if (wait[1].revents && !output_drain(output, from))
            wait[1].fd = -1;
        if (wait[0].revents)
            break;
    }
    const bool told = read_all(report_pipe, report, sizeof *report);
    while (wait[1].fd >= 0 && poll(&wait[1], 1, 0) > 0)
        if (!output_drain(output, from))
            break;
    return told;
}

/* Whether the program was ended by a limit on time. */
static bool
out_of_time(const struct process *process, const struct report *report)
{
    const int number =
        WIFSIGNALED(report->status) ? WTERMSIG(report->status) : 0;
    const bool limited = process->sandbox && process->sandbox->cpu_ms;
    return report->timed_out || number == SIGXCPU ||
           (number == SIGKILL && limited &&
            report->cpu_seconds * 1000 >= process->sandbox->cpu_ms);
}

struct process_result
process_run(const struct process *process)
{
    struct process_result result = {.end = PROCESS_NOT_FOUND};
    struct output output = {.bytes = xmalloc(process->output_limit + 1),
                            .room = process->output_limit};
    char *path = process_find(process->argv[0]);
    if (!path) {
        result.code = errno;
        output_finish(&output, &result);
        return result;
    }
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC))
        die(EX_OSERR, "cannot make a pipe:");
    struct process_running running;
    struct report report = launch(process, path, pipes[WRITE_END], &running);
    close(pipes[WRITE_END]);
    free(path);
    if (report.obstacle.error) {
        result.code = report.obstacle.error;
        close(pipes[READ_END]);
        output_finish(&output, &result);
        return result;
    }
    if (!follow(&output, pipes[READ_END], running.report, &report))
        report = (struct report){.status = SIGKILL};
    close(pipes[READ_END]);
    close(running.report);
    reap(running.guardian);

    output_finish(&output, &result);
    result.wall_seconds = report.wall_seconds;
    result.cpu_seconds = report.cpu_seconds;
    result.peak_kib = report.peak_kib;
    if (WIFSIGNALED(report.status)) {
        result.end = PROCESS_SIGNALLED;
        result.code = WTERMSIG(report.status);
    } else {
        result.end = PROCESS_EXITED;
        result.code = WEXITSTATUS(report.status);
    }
    if (out_of_time(process, &report))
        result.end = PROCESS_OUT_OF_TIME;
    return result;
}

bool
process_was_killed(const struct process_result *result)
{
    if (result->peak_kib >= PROCESS_GREEDY_KIB)
        return false;
    if (result->end == PROCESS_OUT_OF_TIME) /* computes when it may */
        return result->code == SIGKILL && result->cpu_seconds < IDLE_SECONDS;
    return result->end == PROCESS_SIGNALLED && result->code == SIGKILL;
}

struct process_result
process_insist(const struct process *process)
{
    struct process_result result = process_run(process);
    if (process_was_killed(&result)) {
        process_result_free(&result);
        result = process_run(process);
    }
    return result;
}

void
process_result_free(struct process_result *result)
{
    free(result->output);
    result->output = NULL;
}

struct process_running
process_start(const struct process *process, int output)
{
    struct process_running running;
    char *path = process_find(process->argv[0]);
    if (!path)
        die(EX_UNAVAILABLE, "cannot find the program %s:", process->argv[0]);
    const struct report report = launch(process, path, output, &running);
    if (report.obstacle.error)
        die(EX_UNAVAILABLE, "cannot execute %s:", path);
    free(path);
    return running;
}

int
process_stop(struct process_running *running, uint32_t grace_ms)
{
    const double end = now() + grace_ms / 1e3;
    struct pollfd wait = {running->report, POLLIN, 0};
    struct report report = {.status = SIGKILL};
    int ready;
    do {
        const double left = end - now();
        ready = poll(&wait, 1, left > 0 ? (int)(left * 1e3) + 1 : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0)
        kill(running->guardian, SIGTERM);
    if (!read_all(running->report, &report, sizeof report))
        report.status = SIGKILL;
    close(running->report);
    reap(running->guardian);
    running->pid = running->guardian = -1;
    return report.status;
}
