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
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/session.h"
#include "bridge/start.h"
#include "die.h"
#include "judge/tester.h"
#include "text.h"

enum {
    PROCESSORS = 16,
    NAMES_LIMIT = 1 << 18,
    TESTS_LIMIT = TESTER_TESTS, /* more are not looked at                     */
    LIST_WALL_MS = 10000,
    WALL_MS = 30000,
    TRIES = 2, /* of a pair that ends in our own trouble                      */
    FAILURES = 4, /* on a bug that is caught, and among them                  */
    BETWEEN = 3, /* passes on right ones, in an order that nobody can foresee */
    CONTROLS = 10, /* passes on right ones, until a first catch is believed   */
    PATIENCE = 20, /* spent on tests that do not end; without any left nothing */
    OF_LOOPING = 2, /* more is run                                            */
    OF_SLEEPING = 5,
    BUDGET_S = 100, /* processor time of all tests on all modules: fifty     */
                    /* times what model tests take; then as without patience  */
    PROBE_MS = 20000,
    /* Processor time of a module in the hunt, in that of right ones. */
    HUNT_FACTOR = 20,
    HUNT_LEAST_MS = 250,
    FEW_CALLS = 500, /* take no longer than the start of two processes        */
    MESSAGE_SHOWN = 1000,
};

/* ---- The list of tests --------------------------------------------------- */

bool
own_tests_list(const struct own_run *run, struct strings *names, bool *ours,
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
    struct process_result result = process_insist(&process);
    strings_free(&argv);
    *trouble = NULL;
    *ours = process_was_killed(&result);
    if (*ours) {
        *trouble = xstrdup("the program with the own tests was killed from "
                           "outside, twice; is memory short?");
    } else if (result.end != PROCESS_EXITED || result.code != 0 ||
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

/* ---- One pair ------------------------------------------------------------ */

struct pair {
    size_t test, implementation;
};
enum { SCOUT = TESTER_SCOUTS }; /* all tests that are chosen, in their order   */

/* The tests that a scout runs. */
struct scouted {
    uint32_t count;
    uint16_t order[TESTS_LIMIT];
};

/* A pair that runs. */
struct running {
    bool active;
    struct pair pair;
    struct scouted scouted;
    unsigned tries;
    uint32_t cpu;
    uint32_t cpu_ms; /* limit of the module                                   */
    bool fresh;     /* in processes that have served nobody                   */
    unsigned kills; /* of its implementation's children, before it began      */
    int end;    /* the tester's zygote's word                                 */
    int report; /* memfd                                                      */
};

/* An empty report, in which a scout finds what it is to run. */
static void
write_orders(const struct running *running)
{
    struct tester_report report = {.order_count = running->scouted.count};
    memcpy(report.order, running->scouted.order, sizeof report.order);
    if (pwrite(running->report, &report, sizeof report, 0) != sizeof report) {
        die(EX_OSERR, "cannot write to a file in memory:");
    }
}

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
        .cpu_ms = running->cpu_ms,
        .wall_ms = WALL_MS,
        .memory_mib = implementation->own_module ? 0 : run->stage->memory_mib,
        .discreet = !implementation->own_module,
        .fresh = running->fresh,
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
    if (running->pair.test == SCOUT) {
        write_orders(running);
    }
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
        .memory_mib = run->tester_is_ours ? 0 : run->stage->memory_mib,
        .cpu = running->cpu,
        .wall_ms = WALL_MS,
        .test = (uint32_t)running->pair.test,
        .seed = run->seed,
        .fresh = running->fresh,
        .direct = !implementation->own_module,
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

/* Which test a scout found to fail, or did not come back from; SIZE_MAX: none. */
static size_t
read_hint(const struct running *running)
{
    struct tester_report report;
    const bool whole =
        pread(running->report, &report, sizeof report, 0) == sizeof report;
    return whole && report.at < running->scouted.count
               ? running->scouted.order[report.at]
               : SIZE_MAX;
}

/* What became of it: the zygote's word decides over the report's claim.  *used:
 * one of the processes had served another test before. */
static struct own_outcome
read_outcome(const struct running *running, bool *blames_us, bool *used)
{
    struct own_outcome outcome = {.verdict = VERDICT_NONE};
    *blames_us = *used = false;
    struct bridge_record word_of_zygote;
    struct tester_report report = {0}; /* of which the test may have cut off */
    const bool known =
        recv(running->end, &word_of_zygote, sizeof word_of_zygote,
             MSG_DONTWAIT) == sizeof word_of_zygote &&
        word_of_zygote.kind == BRIDGE_ENDED;
    if (!known || pread(running->report, &report, sizeof report, 0) < 0) {
        return outcome;
    }
    *used = (word_of_zygote.flags & BRIDGE_USED) != 0 || report.used != 0;
    outcome.cpu_ns = word_of_zygote.w[1];
    const int status = (int)word_of_zygote.w[0];
    const bool in_peace = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (report.done == 1 && report.trouble == 0 && in_peace &&
        report.verdict > VERDICT_NONE && report.verdict < VERDICT_COUNT) {
        outcome.verdict = (enum verdict)report.verdict;
        outcome.need = (struct own_need){report.calls, report.cpu_ms};
        if (outcome.verdict != VERDICT_PASSED) {
            outcome.message =
                text_clean(report.message,
                           strnlen(report.message, sizeof report.message),
                           MESSAGE_SHOWN);
            outcome.where = text_clean(
                report.where, strnlen(report.where, sizeof report.where), 200);
        }
    } else if (report.done == 1 && report.trouble == 1) {
        *blames_us = true;
    } else if ((word_of_zygote.flags & BRIDGE_OUT_OF_TIME) != 0) {
        outcome.verdict = VERDICT_TIMED_OUT;
        outcome.message = xstrdup("the test did not end within its time");
        /* However loaded the machine: who computes gets more of it. */
        outcome.slept = word_of_zygote.w[1] < WALL_MS * UINT64_C(1000);
        outcome.looped = !outcome.slept;
    } else if ((word_of_zygote.flags & BRIDGE_KILLED) != 0) {
        return outcome; /* killed from outside */
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

/* ---- Many pairs ---------------------------------------------------------- */

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

/* Where pairs come from and where outcomes go.  `next` fills in a pair, or
 * returns false when there is none at the moment; `done` takes the outcome over.
 * The work is over when there is none and none is running. */
struct work {
    const struct own_run *run;
    const struct own_implementation *implementations;
    size_t implementation_count, test_count;
    bool (*next)(struct work *work, struct pair *pair);
    void (*done)(struct work *work, struct pair pair,
                 struct own_outcome outcome);
    uint32_t (*limit)(const struct work *work, size_t test);
    uint32_t (*brief)(const struct work *work, struct scouted *scouted);
    void (*hear)(struct work *work, struct pair pair, size_t hint);
    bool spares_loops; /* a test that loops costs no patience: on a bug it may */
    unsigned patience; /* spent so far                                        */
    uint64_t cpu_ns;   /* and processor time                                  */

    struct subject tester;
    struct subject *subjects;
    unsigned *kills; /* of children of each implementation, from outside      */
};

/* How many children of an implementation somebody has killed so far.  Its
 * zygote says so; what the test says of its module is not to be relied on. */
static unsigned
count_kills(struct work *work, size_t implementation)
{
    struct bridge_record record;
    while (recv(work->subjects[implementation].control, &record, sizeof record,
                MSG_DONTWAIT) == sizeof record) {
        work->kills[implementation] += record.kind == BRIDGE_ENDED;
    }
    return work->kills[implementation];
}

static bool
join_pair(struct work *work, struct running *running)
{
    const size_t number = running->pair.implementation;
    running->kills = count_kills(work, number);
    return join(work->run, work->tester.control,
                &work->implementations[number],
                work->subjects[number].control, running);
}

/* Whether the implementation of a pair gives us a child that answers. */
static bool
is_there(const struct work *work, const struct running *running)
{
    const struct bridge_limits limits = {.cpu_ms = work->run->stage->cpu_ms,
                                         .wall_ms = WALL_MS};
    const struct bridge_record ping = {
        .kind = BRIDGE_CALL, .fn = BRIDGE_PING, .seq = 1};
    const struct timeval patience = {.tv_sec = PROBE_MS / 1000};
    struct bridge_record record = {.kind = BRIDGE_READY};
    struct bridge_session session;
    const int control = work->subjects[running->pair.implementation].control;
    const bool started =
        bridge_start(control, limits, running->cpu, &session) == NULL;
    if (started) {
        setsockopt(session.socket, SOL_SOCKET, SO_RCVTIMEO, &patience,
                   sizeof patience);
        (void)send(session.socket, &ping, sizeof ping, MSG_NOSIGNAL);
        while (record.kind == BRIDGE_READY &&
               recv(session.socket, &record, sizeof record, 0) ==
                   sizeof record) {
        }
    }
    bridge_drop(&session);
    return started && record.kind == BRIDGE_REPLY;
}

static void
count_cost(struct work *work, const struct own_outcome *outcome)
{
    work->cpu_ns += outcome->cpu_ns;
    if (outcome->slept) {
        work->patience += OF_SLEEPING;
    } else if (outcome->looped && !work->spares_loops) {
        work->patience += OF_LOOPING;
    }
}

/* A scout is over, in whatever way. */
static void
finish_scout(struct work *work, struct running *running)
{
    bool blames_us, used;
    struct own_outcome outcome = read_outcome(running, &blames_us, &used);
    const size_t hint = read_hint(running);
    close(running->end);
    close(running->report);
    running->active = false;
    count_cost(work, &outcome);
    work->hear(work, running->pair, hint);
    own_outcome_free(&outcome);
}

/* A pair is over; one that ended in our own trouble is tried again.  A test
 * that keeps saying so is believed only when the implementation is not there. */
static void
finish(struct work *work, struct running *running)
{
    bool blames_us, used;
    struct own_outcome outcome = read_outcome(running, &blames_us, &used);
    close(running->end);
    close(running->report);
    running->active = false;
    if (count_kills(work, running->pair.implementation) != running->kills) {
        own_outcome_free(&outcome);
        blames_us = false;
    }
    /* What a test before it has left may be the reason. */
    if (outcome.verdict != VERDICT_PASSED && used && !running->fresh &&
        work->run->tester_is_ours) {
        own_outcome_free(&outcome);
        running->fresh = true;
        if (join_pair(work, running)) {
            return;
        }
    }
    if (outcome.verdict == VERDICT_NONE && running->tries < TRIES) {
        running->tries++;
        if (join_pair(work, running)) {
            return;
        }
    }
    if (outcome.verdict == VERDICT_NONE && blames_us &&
        is_there(work, running)) {
        outcome.verdict = VERDICT_EXITED;
        outcome.message = xstrdup("the test says that there is no module, but "
                                  "there is one");
    }
    count_cost(work, &outcome);
    work->done(work, running->pair, outcome);
}

/* Our own tests take what they take, on a slow machine, too. */
static bool
is_spent(const struct work *work)
{
    return !work->run->tester_is_ours &&
           (work->patience >= PATIENCE ||
            work->cpu_ns > BUDGET_S * UINT64_C(1000000000));
}

static void
start_next(struct work *work, struct running *running, uint32_t cpu)
{
    struct pair pair;
    while (!running->active && work->next(work, &pair)) {
        *running = (struct running){.pair = pair, .tries = 1, .cpu = cpu};
        if (pair.test == SCOUT) {
            running->cpu_ms = work->brief(work, &running->scouted);
            if (is_spent(work) || !join_pair(work, running)) {
                work->hear(work, pair, SIZE_MAX);
            }
            continue;
        }
        running->cpu_ms = work->limit != NULL ? work->limit(work, pair.test)
                                              : work->run->stage->cpu_ms;
        if (is_spent(work)) {
            work->done(work, pair,
                       (struct own_outcome){
                           .verdict = VERDICT_TIMED_OUT,
                           .message = xstrdup("not run: too many of the tests "
                                              "do not end, or take long"),
                           .slept = true});
        } else if (!join_pair(work, running)) {
            work->done(work, pair,
                       (struct own_outcome){.verdict = VERDICT_NONE});
        }
    }
}

/* One pair for each processor at a time. */
static void
run_pairs(struct work *work)
{
    uint32_t cpus[PROCESSORS];
    struct running running[PROCESSORS];
    const unsigned width = processors(cpus);
    memset(running, 0, sizeof running);
    for (;;) {
        struct pollfd watch[PROCESSORS];
        unsigned active = 0;
        for (unsigned i = 0; i < width; i++) {
            start_next(work, &running[i], cpus[i]);
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
                if (running[i].pair.test == SCOUT) {
                    finish_scout(work, &running[i]);
                } else {
                    finish(work, &running[i]);
                }
            }
        }
    }
}

/* Starts tester and implementations, runs the pairs, stops them. */
static void
run_work(struct work *work)
{
    char *again[] = {work->run->tester_argv[0], "--again", NULL};
    const bool ours = work->run->tester_is_ours;
    const struct subject_request tester = {
        .argv = ours ? again : work->run->tester_argv,
        .sandbox = work->run->tester_sandbox,
        /* Who puts a filter on takes no second test. */
        .filtered = !ours,
        .filter = INNER_TESTER,
    };
    work->subjects =
        xcalloc(work->implementation_count + 1, sizeof *work->subjects);
    work->kills = xcalloc(work->implementation_count + 1, sizeof *work->kills);
    for (size_t i = 0; i < work->implementation_count; i++) {
        work->subjects[i] = subject_start(work->implementations[i].subject);
    }
    /* The tester last: where steps have no users of their own, its limit on
     * processes is counted from what this user has at its start. */
    work->tester = subject_start(&tester);
    run_pairs(work);
    for (size_t i = 0; i < work->implementation_count; i++) {
        subject_stop(&work->subjects[i]);
    }
    subject_stop(&work->tester);
    free(work->subjects);
    free(work->kills);
}

/* ---- All tests on all implementations ------------------------------------ */

struct matrix {
    struct work work;
    struct pair *pairs;
    size_t count, given;
    struct own_outcome *outcomes;
};

static bool
next_of_matrix(struct work *work, struct pair *pair)
{
    struct matrix *const matrix = (struct matrix *)work;
    if (matrix->given == matrix->count) {
        return false;
    }
    *pair = matrix->pairs[matrix->given++];
    return true;
}

static void
done_of_matrix(struct work *work, struct pair pair, struct own_outcome outcome)
{
    struct matrix *const matrix = (struct matrix *)work;
    matrix->outcomes[pair.implementation * work->test_count + pair.test] =
        outcome;
}

void
own_tests_matrix(const struct own_run *run,
                 const struct own_implementation *implementations,
                 size_t implementation_count, size_t test_count,
                 const bool *chosen, struct own_outcome *outcomes)
{
    struct matrix matrix = {
        .work = {.run = run,
                 .implementations = implementations,
                 .implementation_count = implementation_count,
                 .test_count = test_count,
                 .next = next_of_matrix,
                 .done = done_of_matrix},
        .pairs = xcalloc(implementation_count * test_count + 1,
                         sizeof *matrix.pairs),
        .outcomes = outcomes,
    };
    for (size_t i = 0; i < implementation_count; i++) {
        for (size_t t = 0; t < test_count; t++) {
            if (chosen == NULL || chosen[t]) {
                matrix.pairs[matrix.count++] = (struct pair){t, i};
            }
        }
    }
    shuffle(matrix.pairs, matrix.count, run->seed);
    run_work(&matrix.work);
    free(matrix.pairs);
}

/* ---- The hunt for bugs --------------------------------------------------- */

/* One bug: which test is tried on it, and how far that has come. */
struct prey {
    bool scouted;
    size_t hint;       /* the test that is tried first, or SIZE_MAX           */
    size_t next;       /* behind it: index into the order of tests            */
    unsigned failures; /* of that test, on this bug                           */
    unsigned passes;   /* and on right ones since the first of them           */
    bool control;      /* a right one comes next                              */
    bool running;
    bool settled;
};

/* The implementations are the bugs and, behind them, the right ones; a pair
 * with a right one belongs to the bug in whose name it runs. */
struct hunt {
    struct work work;
    size_t *order; /* the chosen tests                                        */
    size_t order_count;
    const struct own_need *need;
    struct prey *prey;
    size_t prey_count, right_count;
    bool *chosen;
    int *caught_by;
    unsigned *passes; /* on right ones here, of each test                     */
    uint64_t lots;    /* no seed of the course's, which is in the catalogue   */
    size_t turn;     /* whose turn it is                                      */
    size_t controls; /* that have been run                                    */
    size_t *owner;   /* of the pair that runs with a right one: see owner_of  */
    bool trouble;
};

/* Who asked for a pair: a bug itself, or noted when a control was given out.
 * Of one test no two controls with the same right one run at one time. */
static size_t *
owner_of(const struct hunt *hunt, struct pair pair)
{
    return &hunt->owner[(pair.implementation - hunt->prey_count) *
                            hunt->work.test_count +
                        pair.test];
}

/* A right implementation for a control of the test that no other bug waits for
 * at the moment; false when there is none. */
static bool
choose_right(struct hunt *hunt, struct pair *pair)
{
    for (size_t i = 0; i < hunt->right_count; i++) {
        pair->implementation =
            hunt->prey_count + (hunt->controls + i) % hunt->right_count;
        if (*owner_of(hunt, *pair) == SIZE_MAX) {
            hunt->controls++;
            return true;
        }
    }
    return false;
}

static void
try_next(struct prey *prey)
{
    if (prey->hint != SIZE_MAX) {
        prey->hint = SIZE_MAX;
    } else {
        prey->next++;
    }
    prey->failures = prey->passes = 0;
    prey->control = false;
}

/* The test that is tried on a bug, SIZE_MAX when none is left.  Leaves out those
 * that are no longer chosen. */
static size_t
test_for(const struct hunt *hunt, struct prey *prey)
{
    for (;;) {
        const size_t test = prey->hint != SIZE_MAX ? prey->hint
                            : prey->next < hunt->order_count
                                ? hunt->order[prey->next]
                                : SIZE_MAX;
        if (test == SIZE_MAX || hunt->chosen[test]) {
            return test;
        }
        try_next(prey);
    }
}

static bool
next_of_hunt(struct work *work, struct pair *pair)
{
    struct hunt *const hunt = (struct hunt *)work;
    for (size_t i = 0; i < hunt->prey_count; i++) {
        const size_t number = (hunt->turn + i) % hunt->prey_count;
        struct prey *const prey = &hunt->prey[number];
        if (prey->running || prey->settled) {
            continue;
        }
        const size_t test = test_for(hunt, prey);
        if (test == SIZE_MAX) {
            continue;
        }
        *pair = (struct pair){prey->scouted ? test : SCOUT, number};
        if (prey->control) {
            if (!choose_right(hunt, pair)) {
                continue;
            }
            *owner_of(hunt, *pair) = number;
        }
        prey->running = true;
        hunt->turn = number;
        return true;
    }
    return false;
}

/* A test that has rejected a right module here, or sleeps: what it has caught
 * is hunted again by the tests behind it. */
static void
dismiss(struct hunt *hunt, size_t test)
{
    hunt->chosen[test] = false;
    for (size_t i = 0; i < hunt->prey_count; i++) {
        if (hunt->caught_by[i] == (int)test) {
            hunt->caught_by[i] = -1;
            hunt->prey[i].settled = false;
        }
    }
}

/* Settles a bug whose test has failed on it often enough, and passed often
 * enough on right ones; until then draws what comes next.  Who draws lots is
 * lucky four times with one of many tests, but hardly ever ten times more; who
 * knows how often it has been asked does not know by whom. */
static void
believe(struct hunt *hunt, size_t bug, size_t test)
{
    struct prey *const prey = &hunt->prey[bug];
    const unsigned failures =
        prey->failures < FAILURES ? FAILURES - prey->failures : 0;
    const unsigned passes = prey->passes < BETWEEN ? BETWEEN - prey->passes : 0;
    if (failures + passes > 0) {
        prey->control = next_random(&hunt->lots) % (failures + passes) < passes;
    } else {
        prey->control = hunt->passes[test] < CONTROLS;
        prey->settled = !prey->control;
    }
    if (prey->settled) {
        hunt->caught_by[bug] = (int)test;
    }
}

static void
done_with_right(struct hunt *hunt, struct pair pair, enum verdict verdict)
{
    size_t *const owner = owner_of(hunt, pair);
    const size_t number = *owner;
    struct prey *const prey = &hunt->prey[number];
    *owner = SIZE_MAX;
    prey->running = false;
    if (verdict != VERDICT_PASSED) {
        dismiss(hunt, pair.test);
    } else if (hunt->chosen[pair.test]) {
        hunt->passes[pair.test]++;
        prey->passes++;
        believe(hunt, number, pair.test);
    }
}

static void
done_with_bug(struct hunt *hunt, struct pair pair, enum verdict verdict)
{
    struct prey *const prey = &hunt->prey[pair.implementation];
    prey->running = false;
    if (verdict == VERDICT_PASSED) {
        try_next(prey);
    } else {
        prey->failures++;
        believe(hunt, pair.implementation, pair.test);
    }
}

static void
done_of_hunt(struct work *work, struct pair pair, struct own_outcome outcome)
{
    struct hunt *const hunt = (struct hunt *)work;
    const bool right = pair.implementation >= hunt->prey_count;
    struct prey *const prey =
        &hunt->prey[right ? *owner_of(hunt, pair) : pair.implementation];
    if (outcome.verdict == VERDICT_NONE) {
        hunt->trouble = true;
        prey->running = false;
        prey->settled = true;
    } else if (right) {
        done_with_right(hunt, pair, outcome.verdict);
    } else if (hunt->chosen[pair.test]) {
        done_with_bug(hunt, pair, outcome.verdict);
    } else {
        prey->running = false; /* was dismissed meanwhile */
    }
    if (outcome.slept && hunt->chosen[pair.test]) {
        dismiss(hunt, pair.test);
    }
    own_outcome_free(&outcome);
}

/* A scout has come back from a bug, or has not.  What it says is a hint: all that
 * counts is seen again, in processes of its own. */
static void
hear_scout(struct work *work, struct pair pair, size_t hint)
{
    struct hunt *const hunt = (struct hunt *)work;
    struct prey *const prey = &hunt->prey[pair.implementation];
    prey->running = false;
    prey->scouted = true;
    prey->hint = hint;
}

/* A module that computes much longer than any right one does not come to an
 * end, and four times its full limit is long to wait for that. */
static uint32_t
limit_of_hunt(const struct work *work, size_t test)
{
    const struct hunt *const hunt = (const struct hunt *)work;
    const uint32_t full = work->run->stage->cpu_ms;
    const uint64_t some = (uint64_t)hunt->need[test].cpu_ms * HUNT_FACTOR;
    const uint64_t ms = some > HUNT_LEAST_MS ? some : HUNT_LEAST_MS;
    return ms < full ? (uint32_t)ms : full;
}

/* A scout is given all tests that are chosen still, those of few calls first,
 * and hardly more time than a right module takes: too little is no harm. */
static uint32_t
brief_scout(const struct work *work, struct scouted *scouted)
{
    const struct hunt *const hunt = (const struct hunt *)work;
    const uint32_t full = work->run->stage->cpu_ms;
    uint64_t ms = HUNT_LEAST_MS;
    for (size_t i = 0; i < hunt->order_count; i++) {
        const size_t test = hunt->order[i];
        if (hunt->chosen[test]) {
            scouted->order[scouted->count++] = (uint16_t)test;
            ms += 2 * (uint64_t)hunt->need[test].cpu_ms;
        }
    }
    return ms < full ? (uint32_t)ms : full;
}

/* A test and its place in the draw. */
static int
by_calls(const void *one, const void *other, void *context)
{
    const struct own_need *const need = ((const struct hunt *)context)->need;
    const struct pair *const a = one, *const b = other;
    const uint64_t calls_a = need[a->test].calls / FEW_CALLS;
    const uint64_t calls_b = need[b->test].calls / FEW_CALLS;
    if (calls_a != calls_b) {
        return calls_a > calls_b ? 1 : -1;
    }
    return a->implementation > b->implementation ? 1 : -1;
}

/* Tests of few calls first, which catch most bugs; those alike in an order drawn
 * from the seed. */
static void
order_tests(struct hunt *hunt, uint64_t seed)
{
    const size_t count = hunt->work.test_count;
    struct pair *const draw = xcalloc(count + 1, sizeof *draw);
    hunt->order = xcalloc(count + 1, sizeof *hunt->order);
    for (size_t t = 0; t < count; t++) {
        if (hunt->chosen[t]) {
            draw[hunt->order_count++].test = t;
        }
    }
    shuffle(draw, hunt->order_count, seed);
    for (size_t i = 0; i < hunt->order_count; i++) {
        draw[i].implementation = i;
    }
    qsort_r(draw, hunt->order_count, sizeof *draw, by_calls, hunt);
    for (size_t i = 0; i < hunt->order_count; i++) {
        hunt->order[i] = draw[i].test;
    }
    free(draw);
}

bool
own_tests_hunt(const struct own_run *run, const struct own_prey *prey,
               size_t test_count, const struct own_need *need, bool *chosen,
               int *caught_by)
{
    const size_t all = prey->bug_count + prey->right_count;
    struct own_implementation *const implementations =
        xcalloc(all + 1, sizeof *implementations);
    for (size_t i = 0; i < all; i++) {
        implementations[i] = i < prey->bug_count
                                 ? prey->bugs[i]
                                 : prey->rights[i - prey->bug_count];
    }
    struct hunt hunt = {
        .work = {.run = run,
                 .implementations = implementations,
                 .implementation_count = all,
                 .test_count = test_count,
                 .limit = limit_of_hunt,
                 .brief = brief_scout,
                 .hear = hear_scout,
                 .spares_loops = true,
                 .next = next_of_hunt,
                 .done = done_of_hunt},
        .prey = xcalloc(prey->bug_count + 1, sizeof *hunt.prey),
        .prey_count = prey->bug_count,
        .right_count = prey->right_count,
        .need = need,
        .chosen = chosen,
        .caught_by = caught_by,
        .passes = xcalloc(test_count + 1, sizeof *hunt.passes),
        .owner = xcalloc(prey->right_count * test_count + 1,
                         sizeof *hunt.owner),
    };
    if (getrandom(&hunt.lots, sizeof hunt.lots, 0) != sizeof hunt.lots) {
        die(EX_OSERR, "cannot draw lots:");
    }
    order_tests(&hunt, run->seed);
    for (size_t i = 0; i < prey->right_count * test_count; i++) {
        hunt.owner[i] = SIZE_MAX;
    }
    for (size_t i = 0; i < prey->bug_count; i++) {
        caught_by[i] = -1;
        hunt.prey[i].hint = SIZE_MAX;
    }
    if (hunt.order_count > 0) {
        run_work(&hunt.work);
    }
    free(implementations);
    free(hunt.order);
    free(hunt.prey);
    free(hunt.owner);
    free(hunt.passes);
    return !hunt.trouble;
}
