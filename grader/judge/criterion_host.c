/*
 * criterion_host.c - the judge of a stage as a Criterion program: each test is
 * a worker process that asks the zygote for a subject and writes one record,
 * a JSON line, as it ends.  Who reads the records knows from the rubric which
 * must be there; a test without one is ungraded.
 *
 * From the environment, which no subject sees:
 *   VMLAB_TESTS       file with the tests to run, "suite/test" a line each
 *   VMLAB_RECORDS     file to append records to
 *   VMLAB_SEED        the course's seed
 *   VMLAB_PATIENT     no test is ended by Criterion's clock: there is a debugger
 *   VMLAB_CPU_MS, VMLAB_WALL_MS, VMLAB_MEMORY_MIB   limits of a subject
 *   VMLAB_DIRECT      1: machines lie where the subject reaches them
 */
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "bridge/events.h"
#include "judge/run.h"
#include "text.h"

enum { TRACE_LINES = 24, OUTPUT_SHOWN = 4096, LEAST_WALL_MS = 1000 };

/* ---- Control socket ------------------------------------------------------ */

/* Runs before Criterion closes standard input. */
__attribute__((constructor)) static void
keep_control_socket(void)
{
    int type;
    socklen_t bytes = sizeof type;
    if (getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 &&
        type == SOCK_SEQPACKET && dup2(0, BRIDGE_CONTROL) == BRIDGE_CONTROL) {
        fcntl(BRIDGE_CONTROL, F_SETFD, FD_CLOEXEC);
    }
}

/* ---- Choice of tests ----------------------------------------------------- */

/* The descriptions that Criterion's macros leave, bounded by the linker. */
extern struct criterion_test *__start_cr_tst[];
extern struct criterion_test *__stop_cr_tst[];

static bool
is_listed(const char *list, const struct criterion_test *test)
{
    char name[sizeof run.name];
    snprintf(name, sizeof name, "\n%s/%s\n", test->category, test->name);
    return strstr(list, name) != NULL;
}

/* Disables what is not listed.  Criterion's own --filter is a pattern matcher
 * that gives up on a hundred alternatives. */
__attribute__((constructor)) static void
choose_tests(void)
{
    const char *const path = getenv("VMLAB_TESTS");
    if (path == NULL) {
        return;
    }
    char *const names = text_read_file(path, 1 << 20, NULL);
    char *const list = text_format("\n%s\n", names != NULL ? names : "");
    for (struct criterion_test **test = __start_cr_tst; test < __stop_cr_tst;
         test++) {
        if (*test != NULL && !is_listed(list, *test)) {
            (*test)->data->disabled = true;
        }
    }
    free(names);
    free(list);
}

extern struct criterion_suite *__start_cr_sts[];
extern struct criterion_suite *__stop_cr_sts[];

__attribute__((constructor)) static void
be_patient(void)
{
    for (struct criterion_suite **suite = __start_cr_sts;
         suite < __stop_cr_sts && getenv("VMLAB_PATIENT") != NULL; suite++) {
        if (*suite != NULL) {
            (*suite)->data->timeout = 1e9;
        }
    }
}

/* ---- Limits and processor ------------------------------------------------ */

static uint64_t
number(const char *name, uint64_t otherwise)
{
    const char *const text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

bool
host_has_more(void)
{
    return true;
}

bool
host_explains(void)
{
    return true;
}

bool
host_is_direct(void)
{
    return number("VMLAB_DIRECT", 0) != 0;
}

bool
host_keeps_subject(void)
{
    return false;
}

uint64_t
host_seed(void)
{
    return number("VMLAB_SEED", 1);
}

static uint32_t
bind_to_processor(void)
{
    const int cpu = sched_getcpu();
    const uint32_t here = cpu < 0 ? 0 : (uint32_t)cpu;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(here, &one);
    sched_setaffinity(0, sizeof one, &one);
    return here;
}

/* Of the wall time that a test has, not that a subject has: a test may ask for
 * several, and Criterion must not be the one to end it. */
static uint32_t
wall_left(void)
{
    static struct timespec first;
    struct timespec now;
    const uint64_t all = number("VMLAB_WALL_MS", 60000);
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (first.tv_sec == 0) {
        first = now;
    }
    const uint64_t gone = (uint64_t)(now.tv_sec - first.tv_sec) * 1000;
    return gone + LEAST_WALL_MS < all ? (uint32_t)(all - gone) : LEAST_WALL_MS;
}

const char *
host_session(struct bridge_session *session)
{
    const struct bridge_limits limits = {
        .cpu_ms = (uint32_t)number("VMLAB_CPU_MS", 2000),
        .wall_ms = wall_left(),
        .memory_mib = (uint32_t)number("VMLAB_MEMORY_MIB", 0),
    };
    return bridge_start(BRIDGE_CONTROL, limits, bind_to_processor(), session);
}

/* ---- Records ------------------------------------------------------------- */

/* One write(2) of a whole line to a file opened for appending: lines of
 * workers that run side by side do not mix. */
static void
write_record(json_t *record)
{
    const char *const path = getenv("VMLAB_RECORDS");
    char *const text = json_dumps(record, JSON_COMPACT);
    json_decref(record);
    if (path == NULL || text == NULL) {
        free(text);
        return;
    }
    char *line = NULL;
    const int bytes = asprintf(&line, "%s\n", text);
    const int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (bytes < 0 || file < 0 || write(file, line, (size_t)bytes) != bytes) {
        fprintf(stderr, "cannot write a record to %s: %s\n", path,
                strerror(errno));
    }
    close(file);
    free(line);
    free(text);
}

/* Text that may hold anything that the module printed or returned. */
static void
set_text(json_t *record, const char *key, const char *text, size_t bytes)
{
    if (text != NULL && bytes != 0) {
        char *const clean = text_clean(text, bytes, OUTPUT_SHOWN);
        json_object_set_new(record, key, json_string(clean));
        free(clean);
    }
}

static json_t *
memcheck_by_call(void)
{
    struct bridge_memcheck list[64];
    const unsigned count = bridge_memcheck(list, 64);
    json_t *const calls = json_array();
    for (unsigned i = 0; i < count; i++) {
        json_array_append_new(
            calls,
            json_pack("{s:s, s:i}", "call",
                      bridge_module[list[i].function].name, "errors",
                      (int)list[i].errors));
    }
    return calls;
}

void
host_test_over(void)
{
    json_t *const record = json_pack(
        "{s:s, s:s, s:s, s:f, s:i, s:b}", "test", run.name, "verdict",
        verdict_name(run.over ? run.failure.verdict : VERDICT_PASSED), "kind",
        "test", "cpu_ms", (double)run.end.cpu_ns / 1e6, "child",
        run.end.lives_on ? 0 : run.end.pid, "used", run.end.used);
    json_object_set_new(record, "seed",
                        json_sprintf("%llu", (unsigned long long)run.seed));
    json_object_set_new(record, "memcheck", memcheck_by_call());
    if (run.over) {
        set_text(record, "call", run.failure.call,
                 strlen(run.failure.call));
        set_text(record, "expected", run.failure.expected,
                 strlen(run.failure.expected));
        set_text(record, "got", run.failure.got,
                 strlen(run.failure.got));
        set_text(record, "message", run.failure.message,
                 strlen(run.failure.message));
        set_text(record, "where", run.failure.where,
                 strlen(run.failure.where));
        set_text(record, "context", run.context, strlen(run.context));
        char *const trace = events_text(TRACE_LINES);
        set_text(record, "trace", trace, trace != NULL ? strlen(trace) : 0);
        free(trace);
    }
    char output[OUTPUT_SHOWN];
    set_text(record, "output", output, bridge_output(output, sizeof output));
    write_record(record);
}

noreturn void
host_leave_test(void)
{
    cr_assert_fail("%s", run.failure.message);
    abort();
}

noreturn void
host_trouble(const char *what)
{
    fprintf(stderr, "%s: %s\n", run.name, what);
    write_record(json_pack("{s:s, s:s, s:s}", "kind", "trouble", "test",
                           run.name, "message", what));
    _exit(EXIT_FAILURE);
}

/* The runner's own word, to be held against the worker's: a test that fails by
 * anything but a check of ours, or crashes itself, must not pass. */
ReportHook(POST_TEST)(struct criterion_test_stats *stats)
{
    char name[sizeof run.name];
    snprintf(name, sizeof name, "%s/%s", stats->test->category,
             stats->test->name);
    write_record(json_pack("{s:s, s:s, s:s}", "kind", "criterion", "test", name,
                           "status",
                           stats->test_status == CR_STATUS_PASSED ? "passed"
                                                                  : "failed"));
}
