/*
 * fuzz_judge.c - a stage's judge against a subject that lies (hostile.c).
 *
 *     fuzz_judge [--rounds N] [--seed HEX] [--direct] [--kept FILE] [--verbose]
 *                HOSTILE
 *
 * A round is one of the stage's own tests, hidden ones included, in a process
 * of its own, with address and undefined behaviour sanitized.  Behind the last
 * check of the test stands one more: the module must return a number that this
 * process has drawn for itself and told nobody.  So no round may pass, and none
 * may
 *
 *   - crash the judge, or make a sanitizer speak;
 *   - hang it: a round has ten seconds, the subject less than half of one;
 *   - end as trouble of the grader whenever it is tried: it would leave a stage
 *     ungraded.
 *
 * In half of the rounds, as under memcheck, machines lie where the subject
 * writes them without a call (bridge/direct.c).
 *
 * The first round has the seed itself, each further one a seed drawn from it.
 * A round that goes wrong says its seed; `--rounds 1 --seed` that repeats it,
 * as far as two processes that run at one time can be made to.  Seeds of rounds
 * that went wrong are kept in tests/fuzz/seeds, and played before all others.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/events.h"
#include "die.h"
#include "judge/criterion_shim.h"
#include "judge/run.h"
#include "subjects.h"
#include "text.h"
#include "vmlab_test.h"

enum {
    SUBJECT_CPU_MS = 50,
    SUBJECT_WALL_MS = 400,
    SUBJECT_MIB = 256,
    ROUND_MS = 10000,
    UNFILTERED = 16, /* one round in so many                                  */
    SPLIT = 4,       /* ... on two processors                                 */
    SHOWN = 10,      /* rounds that went wrong                                */
    TRIES = 4,       /* of a round that ends as trouble: on a loaded machine  */
    PAUSE_US = 200000, /* a subject may be too old before it has begun        */
    /* Exit statuses of a round; the verdict is added to the last. */
    ROUND_TROUBLE = 40,
    ROUND_OVER,
};

const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
    /* The judge leaves with what it has; so it does in a grading. */
    return "detect_leaks=0:exitcode=99:abort_on_error=0";
}

/* ---- Chance -------------------------------------------------------------- */

static uint64_t
draw(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15U;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

/* ---- One round, in a process of its own ---------------------------------- */

static struct {
    uint64_t seed;
    int control;
    uint32_t cpu;
    uint64_t secret;
    void (*body)(void);
    bool direct;
    bool verbose;
} fuzz;

const char *
host_session(struct bridge_session *session)
{
    const struct bridge_limits limits = {.cpu_ms = SUBJECT_CPU_MS,
                                         .wall_ms = SUBJECT_WALL_MS,
                                         .memory_mib = SUBJECT_MIB};
    const char *const why =
        bridge_start(fuzz.control, limits, fuzz.cpu, session);
    /* Behind all that a test and its proxies use. */
    const off_t place = BRIDGE_ARENA_BYTES - (off_t)sizeof fuzz.seed;
    if (why == NULL && pwrite(session->arena, &fuzz.seed, sizeof fuzz.seed,
                              place) != sizeof fuzz.seed) {
        return "cannot write the seed into the arena";
    }
    return why;
}

bool
host_has_more(void)
{
    return true;
}

bool
host_keeps_subject(void)
{
    return false;
}

bool
host_explains(void)
{
    return true;
}

bool
host_is_direct(void)
{
    return fuzz.direct;
}

uint64_t
host_seed(void)
{
    return fuzz.seed;
}

noreturn void
host_leave_test(void)
{
    shim_fail(run.failure.message, run.failure.where);
}

noreturn void
host_trouble(const char *what)
{
    fprintf(stderr, "%s: trouble: %s\n", run.name, what);
    _exit(ROUND_TROUBLE);
}

/* Makes of it what the record of a test is made of. */
void
host_test_over(void)
{
    struct bridge_memcheck list[64];
    char output[4096];
    const size_t printed = bridge_output(output, sizeof output);
    char *const clean = text_clean(output, printed, sizeof output);
    char *const trace = events_text(EVENTS_KEPT);
    for (unsigned i = bridge_memcheck(list, 64); i-- > 0;) {
        if (bridge_module[list[i].function].name == NULL) {
            abort();
        }
    }
    free(trace);
    free(clean);
    if (run.over) {
        shim_note_failure(run.failure.message, run.failure.where);
    }
}

void __real_criterion_internal_test_main(void (*body)(void));
void __wrap_criterion_internal_test_main(void (*body)(void));

static void
body_and_secret(void)
{
    const word nothing[6] = {0};
    fuzz.body();
    check_eq(
        bridge_call((unsigned)(fuzz.secret % bridge_module_count), nothing),
        fuzz.secret);
}

void
__wrap_criterion_internal_test_main(void (*body)(void))
{
    fuzz.body = body;
    __real_criterion_internal_test_main(body_and_secret);
}

static void
bind_to(uint32_t cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
}

static noreturn void
play(uint64_t seed, int control)
{
    uint64_t state = seed;
    const unsigned test = (unsigned)(draw(&state) % shim_count());
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    const uint32_t here = (uint32_t)(draw(&state) % (uint64_t)cpus);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bind_to(here);
    fuzz.seed = seed;
    fuzz.control = control;
    /* On another processor the subject writes while the judge reads. */
    fuzz.cpu = draw(&state) % SPLIT == 0 ? (here + 1) % (uint32_t)cpus : here;
    if (getrandom(&fuzz.secret, sizeof fuzz.secret, 0) != sizeof fuzz.secret) {
        _exit(EXIT_FAILURE);
    }
    const struct shim_outcome outcome = shim_run(test);
    const enum verdict verdict = !outcome.failed ? VERDICT_PASSED
                                 : run.over      ? run.failure.verdict
                                                 : VERDICT_FAILED;
    if (fuzz.verbose) {
        printf("%016" PRIx64 " %s: %s: %s %s\n", seed, shim_name(test),
               verdict_name(verdict), outcome.where, outcome.message);
        fflush(stdout);
    }
    _exit(ROUND_OVER + (int)verdict);
}

/* ---- All rounds ---------------------------------------------------------- */

static const char trouble[] = "it ends as trouble of the grader";

/* Plays it; returns what went wrong, or NULL and the verdict. */
static const char *
round_of(uint64_t seed, int control, enum verdict *verdict)
{
    int alive[2], status;
    if (pipe2(alive, O_CLOEXEC) != 0) {
        die(EX_OSERR, "cannot make a pipe:");
    }
    const pid_t pid = fork();
    if (pid < 0) {
        die(EX_OSERR, "cannot fork:");
    }
    if (pid == 0) {
        play(seed, control);
    }
    close(alive[1]);
    struct pollfd end = {.fd = alive[0], .events = POLLIN};
    const bool hangs = poll(&end, 1, ROUND_MS) == 0;
    if (hangs) {
        kill(pid, SIGKILL);
    }
    close(alive[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    *verdict = code > ROUND_OVER && code < ROUND_OVER + VERDICT_COUNT
                   ? (enum verdict)(code - ROUND_OVER)
                   : VERDICT_NONE;
    return hangs                        ? "the judge hangs"
           : code == ROUND_TROUBLE      ? trouble
           : *verdict == VERDICT_PASSED ? "a test passes that cannot"
           : *verdict == VERDICT_NONE   ? "the judge crashes"
                                        : NULL;
}

/* Two subjects, the second of which has no filter, and what came of them. */
struct all {
    struct subject filtered, unfiltered;
    uint64_t counts[VERDICT_COUNT];
    uint64_t rounds, wrong;
};

static void
play_round(struct all *all, uint64_t seed, bool direct)
{
    enum verdict verdict;
    fuzz.direct = direct;
    const int control = (seed >> 32) % UNFILTERED == 0 ? all->unfiltered.control
                                                       : all->filtered.control;
    const char *why = round_of(seed, control, &verdict);
    for (unsigned tries = 1; why == trouble && tries < TRIES; tries++) {
        usleep(tries * PAUSE_US);
        why = round_of(seed, control, &verdict);
    }
    all->rounds++;
    all->counts[verdict]++;
    if (why != NULL && all->wrong++ < SHOWN) {
        printf("seed %016" PRIx64 "%s: %s\n", seed, direct ? " --direct" : "",
               why);
        fflush(stdout);
    }
}

/* Rounds that have gone wrong once: a file of their seeds, a line each. */
static void
play_kept(struct all *all, const char *path)
{
    char *const text =
        path != NULL ? text_read_file(path, 1 << 16, NULL) : NULL;
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL;
         line = strsep(&rest, "\n")) {
        if (line[0] != '\0') {
            const uint64_t seed = strtoull(line, NULL, 16);
            play_round(all, seed, false);
            play_round(all, seed, true);
        }
    }
    free(text);
}

struct arguments {
    const char *kept;
    uint64_t rounds, seed;
    bool seeded, direct;
    char *hostile;
};

static error_t
parse(int key, char *text, struct argp_state *state)
{
    struct arguments *const arguments = state->input;
    switch (key) {
    case 'r':
        if (!text_read_number(text, &arguments->rounds)) {
            argp_error(state, "--rounds takes a number");
        }
        return 0;
    case 's':
        arguments->seed = strtoull(text, NULL, 16);
        arguments->seeded = true;
        return 0;
    case 'd':
        arguments->direct = true;
        return 0;
    case 'k':
        arguments->kept = text;
        return 0;
    case 'v':
        fuzz.verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        arguments->hostile = text;
        return 0;
    case ARGP_KEY_END:
        if (arguments->hostile == NULL) {
            argp_error(state, "name the hostile subject");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"rounds", 'r', "N", 0, "How many; default: 300", 0},
        {"seed", 's', "HEX", 0, "Of the first; default: drawn", 0},
        {"direct", 'd', NULL, 0, "Begin with a round where machines are reached",
         0},
        {"kept", 'k', "FILE", 0, "Play the seeds in FILE first, if it is there",
         0},
        {"verbose", 'v', NULL, 0, "Say how each round has ended", 0},
        {0},
    };
    const struct argp argp = {
        options, parse, "HOSTILE", "A judge against a subject that lies.",
        NULL,    NULL,  NULL};
    struct arguments arguments = {.rounds = 300};
    struct all all = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (!arguments.seeded && getrandom(&arguments.seed, sizeof arguments.seed,
                                       0) != sizeof arguments.seed) {
        die(EX_OSERR, "cannot draw a seed:");
    }
    printf("seed %016" PRIx64 "\n", arguments.seed);
    fflush(stdout);
    struct subject_request request = {
        .argv = (char *[]){arguments.hostile, NULL},
        .filtered = true,
        .filter = INNER_SUBJECT,
    };
    all.filtered = subject_start(&request);
    request.filtered = false;
    all.unfiltered = subject_start(&request);

    play_kept(&all, arguments.kept);
    uint64_t state = arguments.seed, seed = arguments.seed;
    for (uint64_t i = 0; i < arguments.rounds; i++, seed = draw(&state)) {
        play_round(&all, seed, (i + arguments.direct) % 2 != 0);
    }
    subject_stop(&all.filtered);
    subject_stop(&all.unfiltered);
    for (int i = 1; i < VERDICT_COUNT; i++) {
        printf("%8" PRIu64 " %s\n", all.counts[i],
               verdict_name((enum verdict)i));
    }
    printf("fuzz: %" PRIu64 " passed, %" PRIu64 " failed\n",
           all.rounds - all.wrong, all.wrong);
    return all.wrong == 0 && all.rounds > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
