/*
 * tester.c - hosts a student's own tests (tester.h).
 */
#include "judge/tester.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "bridge/start.h"
#include "bridge/zygote.h"
#include "judge/criterion_shim.h"
#include "judge/run.h"
#include "sandbox/inner_filter.h"

/* The largest file that a test may write: its output, or a swap device of 1,024
 * slots (test_swapdev). */
enum { FILE_BYTES = 4 << 20 };
/* Those of the session, and a swap device for each machine: as files in memory
 * count for no other limit, there are not many. */
enum { FILES = 100 };

static struct bridge_session subject;
static struct tester_report *report;
static uint64_t course_seed;
static bool direct;
static bool scouts;

/* ---- What fixture.c asks of its host ------------------------------------- */

const char *
host_session(struct bridge_session *session)
{
    *session = subject;
    return NULL;
}

bool
host_has_more(void)
{
    return false;
}

bool
host_explains(void)
{
    return false;
}

bool
host_is_direct(void)
{
    return direct;
}

bool
host_keeps_subject(void)
{
    return scouts;
}

uint64_t
host_seed(void)
{
    return course_seed;
}

noreturn void
host_leave_test(void)
{
    shim_fail(run.failure.message, run.failure.where);
}

void
host_test_over(void)
{
    if (run.over) {
        shim_note_failure(run.failure.message, run.failure.where);
    }
}

noreturn void
host_trouble(const char *what)
{
    report->trouble = 1;
    snprintf(report->message, sizeof report->message, "%s", what);
    report->done = 1;
    _exit(EXIT_FAILURE);
}

/* ---- A child ------------------------------------------------------------- */

static void
limit(const struct bridge_start *start)
{
    const rlim_t seconds = start->cpu_ms / 1000 + 1;
    const struct rlimit cpu = {seconds, seconds};
    const struct rlimit file = {FILE_BYTES, FILE_BYTES};
    const struct rlimit files = {FILES, FILES};
    const struct rlimit core = {0, 0};
    setrlimit(RLIMIT_NOFILE, &files);
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_FSIZE, &file);
    setrlimit(RLIMIT_CORE, &core);
    if (start->memory_mib != 0) {
        const rlim_t bytes = (rlim_t)start->memory_mib << 20;
        const struct rlimit memory = {bytes, bytes};
        setrlimit(RLIMIT_AS, &memory);
    }
    signal(SIGXFSZ, SIG_IGN);
}

/* Takes over what came with a START message. */
static void
take_start(const struct bridge_start *start, const int *fds, unsigned count)
{
    if (count != TESTER_DESCRIPTORS) {
        _exit(EXIT_FAILURE);
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)start->cpu, &one);
    sched_setaffinity(0, sizeof one, &one);

    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED,
                  fds[TESTER_REPORT], 0);
    if (report == MAP_FAILED) {
        _exit(EXIT_FAILURE);
    }
    subject = (struct bridge_session){
        .socket = fds[TESTER_SUBJECT_SOCKET],
        .end = fds[TESTER_SUBJECT_END],
        .output = fds[TESTER_SUBJECT_OUTPUT],
        .arena = fds[TESTER_SUBJECT_ARENA],
        .address = start->arena,
        .wall_ms = start->wall_ms,
    };
    dup2(fds[TESTER_OUTPUT], STDOUT_FILENO);
    dup2(fds[TESTER_OUTPUT], STDERR_FILENO);
    close(fds[TESTER_OUTPUT]);
    close(fds[TESTER_REPORT]);
    course_seed = start->seed;
    direct = start->direct != 0;
    scouts = start->test == TESTER_SCOUTS;
}

/* Runs a test and reports; whether it passed. */
static bool
run_test(uint32_t number)
{
    const struct shim_outcome outcome = shim_run(number);
    enum verdict verdict = VERDICT_PASSED;
    if (outcome.failed) {
        verdict = run.over ? run.failure.verdict : VERDICT_FAILED;
    }
    snprintf(report->message, sizeof report->message, "%s", outcome.message);
    snprintf(report->where, sizeof report->where, "%s", outcome.where);
    report->cpu_ms = (uint32_t)(run.end.cpu_ns / 1000000);
    report->calls = run.end.calls;
    report->used = run.end.used;
    report->verdict = (uint32_t)verdict;
    report->done = 1;
    return verdict == VERDICT_PASSED;
}

/* Runs the tests that were named until one fails. */
static void
scout(void)
{
    for (report->at = 0; report->at < report->order_count; report->at++) {
        if (!run_test(report->order[report->at])) {
            return;
        }
    }
}

/* Whether there is processor time left for another test, of the limit that is a
 * process's. */
static bool
is_fit(const struct bridge_start *start)
{
    return clock() < (clock_t)start->cpu_ms * (CLOCKS_PER_SEC / 1000) / 4;
}

/* Waits for another test; false: there is none. */
static bool
take_another(struct bridge_start *start, int again)
{
    const struct bridge_record as_new = {.kind = BRIDGE_AS_NEW};
    int fds[BRIDGE_DESCRIPTORS_MAX];
    unsigned count;
    bool closed;
    munmap(report, sizeof *report);
    if (send(again, &as_new, sizeof as_new, MSG_NOSIGNAL) != sizeof as_new ||
        !bridge_receive_start(again, start, fds, &count, &closed)) {
        return false;
    }
    take_start(start, fds, count);
    return true;
}

noreturn void
zygote_child(const struct bridge_start *first, const int *fds, unsigned count,
             int again)
{
    struct bridge_start start = *first;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    take_start(&start, fds, count);
    setvbuf(stdout, NULL, _IONBF, 0);
    limit(&start);
    struct sock_fprog filter = inner_filter_read(BRIDGE_FILTER);
    close(BRIDGE_FILTER);
    if (inner_filter_enter(&filter) != 0) {
        _exit(EXIT_FAILURE);
    }
    if (scouts) {
        scout();
        _exit(0);
    }
    while (run_test(start.test) && again >= 0 && is_fit(&start) &&
           take_another(&start, again)) {
    }
    _exit(0);
}

void
zygote_rehearse(void)
{
}

bool
zygote_prepare(int argc, char **argv, bool *again)
{
    *again = argc == 2 && strcmp(argv[1], "--again") == 0;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (unsigned i = 0; i < shim_count(); i++) {
            puts(shim_name(i));
        }
        return false;
    }
    return true;
}
