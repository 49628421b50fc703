/*
 * own_tests.c - see own_tests.h.
 *
 * As many pairs run at one time as there are processors, each bound to one.
 * A pair is over when the tester's zygote has said how the test's process
 * ended; what that process claimed of itself lies in a file in memory.
 */
#include "own_tests.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/session.h"
#include "die.h"
#include "judge/tester.h"
#include "text.h"

enum {
    PROCESSORS = 16,
    NAMES_LIMIT = 1 << 18,
    TESTS_LIMIT = 500,
    LIST_WALL_MS = 10000,
    WALL_MS = 30000,
    TRIES = 2, /* of a pair that ends in our own trouble                      */
    MESSAGE_SHOWN = 1000,
};

/* ---- The list of tests ------------------------------------------------------------ */

bool
own_tests_list(const struct own_run *run, struct strings *names,
               char **trouble)
{
    struct strings argv = {0};
    for (char *const *argument = run->tester_argv; *argument != NULL;
         argument++) {
        strings_add(&argv, *argument);
    }
    strings_add(&argv, "--list");
    const struct process process = {
        .argv = argv.item,
        .sandbox = run->tester_sandbox,
        .standard_input = -1,
        .wall_ms = LIST_WALL_MS,
        .output_limit = NAMES_LIMIT,
    };
    struct process_result result = process_run(&process);
    strings_free(&argv);
    *trouble = NULL;
    if (result.end != PROCESS_EXITED || result.code != 0 ||
        result.output_cut) {
        *trouble = xstrdup("the program with your tests does not start");
    } else {
        char *rest = result.output;
        for (char *line = strsep(&rest, "\n"); line != NULL;
             line = strsep(&rest, "\n")) {
            if (line[0] != '\0' && names->count < TESTS_LIMIT) {
                char *const clean = text_clean(line, strlen(line), 200);
                strings_add(names, clean);
                free(clean);
            }
        }
    }
    process_result_free(&result);
    return *trouble == NULL;
}

/* ---- One pair ------------------------------------------------------------------------ */

struct pair {
    size_t test, implementation;
};

/* A pair that runs. */
struct running {
    bool active;
    struct pair pair;
    unsigned tries;
    uint32_t cpu;
    int end;    /* the tester's zygote's word                                 */
    int report; /* memfd                                                      */
};

static int
memory_file(const char *name, size_t bytes)
{
    const int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0 || ftruncate(file, (off_t)bytes) != 0) {
        die(EX_OSERR, "cannot make a file in memory:");
    }
    return file;
}

/* Joins a child of the tester and one of the implementation. */
static bool
join(const struct own_run *run, int tester,
     const struct own_implementation *implementation, int subject,
     struct running *running)
{
    const struct bridge_limits limits = {
        .cpu_ms = run->stage->cpu_ms,
        .wall_ms = WALL_MS,
        .memory_mib =
            implementation->unlimited_memory ? 0 : run->stage->memory_mib,
    };
    struct bridge_session session;
    int end[2];
    if (bridge_start(subject, limits, running->cpu, &session) != NULL) {
        bridge_drop(&session);
        return false;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end) != 0) {
        die(EX_OSERR, "cannot make a socket pair:");
    }
    running->report = memory_file("report", sizeof(struct tester_report));
    const int output = memory_file("output", 0);
    int fds[TESTER_DESCRIPTORS + 1];
    fds[TESTER_SUBJECT_SOCKET] = session.socket;
    fds[TESTER_SUBJECT_END] = session.end;
    fds[TESTER_SUBJECT_OUTPUT] = session.output;
    fds[TESTER_SUBJECT_ARENA] = session.arena;
    fds[TESTER_OUTPUT] = output;
    fds[TESTER_REPORT] = running->report;
    fds[TESTER_DESCRIPTORS] = end[1];
    const struct bridge_start start = {
        .arena = session.address,
        .arena_bytes = BRIDGE_ARENA_BYTES,
        .cpu_ms = run->stage->cpu_ms,
        .memory_mib = run->stage->memory_mib,
        .cpu = running->cpu,
        .wall_ms = WALL_MS,
        .test = (uint32_t)running->pair.test,
        .seed = run->seed,
    };
    const bool sent = bridge_send_start(tester, &start, fds,
                                        TESTER_DESCRIPTORS + 1) == 0;
    bridge_drop(&session);
    close(output);
    close(end[1]);
    running->end = end[0];
    running->active = sent;
    if (!sent) {
        close(running->end);
        close(running->report);
    }
    return sent;
}

/* What became of it: the zygote's word decides over the report's claim. */
static struct own_outcome
read_outcome(const struct running *running)
{
    struct own_outcome outcome = {.verdict = VERDICT_NONE};
    struct bridge_record word_of_zygote;
    struct tester_report report;
    const bool known =
        recv(running->end, &word_of_zygote, sizeof word_of_zygote,
             MSG_DONTWAIT) == sizeof word_of_zygote &&
        word_of_zygote.kind == BRIDGE_ENDED;
    if (!known ||
        pread(running->report, &report, sizeof report, 0) != sizeof report) {
        return outcome;
    }
    const int status = (int)word_of_zygote.w[0];
    const bool in_peace = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (report.done == 1 && report.trouble == 0 && in_peace &&
        report.verdict > VERDICT_NONE && report.verdict < VERDICT_COUNT) {
        outcome.verdict = (enum verdict)report.verdict;
        if (outcome.verdict != VERDICT_PASSED) {
            outcome.message =
                text_clean(report.message,
                           strnlen(report.message, sizeof report.message),
                           MESSAGE_SHOWN);
            outcome.where = text_clean(
                report.where, strnlen(report.where, sizeof report.where), 200);
        }
    } else if (report.done == 1 && report.trouble == 1) {
        return outcome;
    } else if (word_of_zygote.w[3] != 0) {
        outcome.verdict = VERDICT_TIMED_OUT;
        outcome.message = xstrdup("the test did not end within its time");
    } else if (WIFSIGNALED(status)) {
        outcome.verdict = VERDICT_CRASHED;
        outcome.message = text_format("the test itself crashed: %s",
                                      strsignal(WTERMSIG(status)));
    } else {
        outcome.verdict = VERDICT_EXITED;
        outcome.message = xstrdup("the test ended the program");
    }
    return outcome;
}

void
own_outcome_free(struct own_outcome *outcome)
{
    free(outcome->message);
    free(outcome->where);
    *outcome = (struct own_outcome){.verdict = VERDICT_NONE};
}

/* ---- Many pairs ------------------------------------------------------------------------ */

static uint64_t
next_random(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15U;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

static void
shuffle(struct pair *pairs, size_t count, uint64_t seed)
{
    for (size_t i = count; i > 1; i--) {
        const size_t j = (size_t)(next_random(&seed) % i);
        const struct pair swapped = pairs[i - 1];
        pairs[i - 1] = pairs[j];
        pairs[j] = swapped;
    }
}

static unsigned
processors(uint32_t list[PROCESSORS])
{
    cpu_set_t set;
    unsigned count = 0;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        for (uint32_t cpu = 0; cpu < CPU_SETSIZE && count < PROCESSORS;
             cpu++) {
            if (CPU_ISSET(cpu, &set)) {
                list[count++] = cpu;
            }
        }
    }
    if (count == 0) {
        list[count++] = 0;
    }
    return count;
}

/* Everything that own_tests_pairs holds while it runs. */
struct matrix {
    const struct own_run *run;
    const struct own_implementation *implementations;
    struct subject tester;
    struct subject *subjects;
    struct own_outcome *outcomes;
    size_t test_count;
};

static void
take_outcome(struct matrix *matrix, struct running *running)
{
    struct own_outcome outcome = read_outcome(running);
    const struct pair pair = running->pair;
    close(running->end);
    close(running->report);
    running->active = false;
    if (outcome.verdict == VERDICT_NONE && running->tries < TRIES) {
        running->tries++;
        if (join(matrix->run, matrix->tester.control,
                 &matrix->implementations[pair.implementation],
                 matrix->subjects[pair.implementation].control, running)) {
            return;
        }
    }
    matrix->outcomes[pair.implementation * matrix->test_count + pair.test] =
        outcome;
}

static void
run_all(struct matrix *matrix, const struct pair *pairs, size_t count)
{
    uint32_t cpus[PROCESSORS];
    struct running running[PROCESSORS];
    const unsigned width = processors(cpus);
    size_t next = 0;
    memset(running, 0, sizeof running);
    for (;;) {
        struct pollfd watch[PROCESSORS];
        unsigned active = 0;
        for (unsigned i = 0; i < width; i++) {
            while (!running[i].active && next < count) {
                running[i] =
                    (struct running){.pair = pairs[next++], .tries = 1,
                                     .cpu = cpus[i]};
                const size_t number = running[i].pair.implementation;
                join(matrix->run, matrix->tester.control,
                     &matrix->implementations[number],
                     matrix->subjects[number].control, &running[i]);
            }
            watch[i] = (struct pollfd){
                .fd = running[i].active ? running[i].end : -1,
                .events = POLLIN};
            active += running[i].active;
        }
        if (active == 0) {
            return;
        }
        if (poll(watch, width, -1) < 0) {
            continue;
        }
        for (unsigned i = 0; i < width; i++) {
            if (running[i].active && watch[i].revents != 0) {
                take_outcome(matrix, &running[i]);
            }
        }
    }
}

void
own_tests_pairs(const struct own_run *run,
                const struct own_implementation *implementations,
                size_t implementation_count, size_t test_count,
                const bool *wanted, struct own_outcome *outcomes)
{
    const struct subject_request tester = {
        .argv = run->tester_argv,
        .sandbox = run->tester_sandbox,
        .filtered = true,
        .filter = INNER_TESTER,
    };
    struct matrix matrix = {
        .run = run,
        .implementations = implementations,
        .tester = subject_start(&tester),
        .subjects = xcalloc(implementation_count, sizeof *matrix.subjects),
        .outcomes = outcomes,
        .test_count = test_count,
    };
    struct pair *const pairs =
        xcalloc(implementation_count * test_count + 1, sizeof *pairs);
    size_t count = 0;
    for (size_t i = 0; i < implementation_count; i++) {
        matrix.subjects[i] = subject_start(implementations[i].subject);
        for (size_t t = 0; t < test_count; t++) {
            if (wanted[i * test_count + t]) {
                pairs[count++] = (struct pair){t, i};
            }
        }
    }
    shuffle(pairs, count, run->seed);
    run_all(&matrix, pairs, count);
    for (size_t i = 0; i < implementation_count; i++) {
        subject_stop(&matrix.subjects[i]);
    }
    subject_stop(&matrix.tester);
    free(matrix.subjects);
    free(pairs);
}

void
own_tests_matrix(const struct own_run *run,
                 const struct own_implementation *implementations,
                 size_t implementation_count, size_t test_count,
                 const bool *chosen, struct own_outcome *outcomes)
{
    const size_t all = implementation_count * test_count;
    bool *const wanted = xcalloc(all + 1, sizeof *wanted);
    for (size_t i = 0; i < all; i++) {
        wanted[i] = chosen == NULL || chosen[i % test_count];
    }
    own_tests_pairs(run, implementations, implementation_count, test_count,
                    wanted, outcomes);
    free(wanted);
}
