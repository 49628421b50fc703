/*
 * attacks.c - hands every attack of attacks.yaml to vmgrade, as a student
 * would, and looks at what comes of it.
 *
 * Each must get its verdict and no more points than its line says; besides,
 * whatever it is,
 *   - vmgrade ends in time, and never says that the grader itself had trouble;
 *   - nothing that lies beside the hidden tests or in the reference's folder is
 *     seen in any output;
 *   - no output holds what could move a terminal or is not UTF-8;
 *   - afterwards no process, file, socket or shared memory is left.
 *
 * It needs a built kit alone, and runs as root, as any user that can read the
 * kit, and in a container.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "leftovers.h"
#include "submission.h"
#include "table.h"
#include "tally.h"

enum {
    WALL_MS = 600000, /* of one grading, on a machine that has other work     */
    OUTPUT_LIMIT = 8 << 20,
    ORDINARY_USER = 12345,
    SECRETS = 8,
};

/* ---- The program's arguments --------------------------------------------- */

struct arguments {
    const char *vmgrade, *corpus, *only, *make;
    unsigned share, shares;
    bool as_user, allow_weak, verbose;
};

enum { KEY_VMGRADE = 256, KEY_CORPUS, KEY_SHARE, KEY_USER, KEY_WEAK, KEY_MAKE };

static const struct argp_option options[] = {
    {"vmgrade", KEY_VMGRADE, "PATH", 0, "The program (build/vmgrade)", 0},
    {"corpus", KEY_CORPUS, "FOLDER", 0,
     "Where the attacks are (tests/attacks of the kit)", 0},
    {"share", KEY_SHARE, "K/N", 0,
     "Only every N-th attack, from the K-th on; K turns round at N", 0},
    {"as-user", KEY_USER, NULL, 0, "As root: step down to an ordinary user", 0},
    {"allow-weak-sandbox", KEY_WEAK, NULL, 0, "Hand it on to vmgrade", 0},
    {"make", KEY_MAKE, "FOLDER", 0,
     "Only put what is handed in into the folder, which exists", 0},
    {"verbose", 'v', NULL, 0, "Show what vmgrade said of each", 0},
    {0},
};

static error_t
parse(int key, char *text, struct argp_state *state)
{
    struct arguments *const arguments = state->input;
    int length = 0;
    switch (key) {
    case KEY_VMGRADE:
        arguments->vmgrade = text;
        break;
    case KEY_CORPUS:
        arguments->corpus = text;
        break;
    case KEY_SHARE:
        if (sscanf(text, "%u/%u%n", &arguments->share, &arguments->shares,
                   &length) != 2 ||
            text[length] != '\0' || arguments->shares == 0) {
            argp_error(state, "--share takes two numbers, as in 1/4");
        }
        arguments->share %= arguments->shares;
        break;
    case KEY_USER:
        arguments->as_user = true;
        break;
    case KEY_WEAK:
        arguments->allow_weak = true;
        break;
    case KEY_MAKE:
        arguments->make = text;
        break;
    case 'v':
        arguments->verbose = true;
        break;
    case ARGP_KEY_ARG:
        if (arguments->only != NULL) {
            argp_usage(state);
        }
        arguments->only = text;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* ---- Secrets ------------------------------------------------------------- */

/* Files beside the hidden tests and the reference, with contents that nobody
 * can guess; where the kit cannot be written, those lines of the hidden tests
 * and the reference that are longest stand in for them. */
static struct {
    char *text[SECRETS];
    size_t count;
    char *planted[2];
} secrets;

static void
remove_planted(void)
{
    for (size_t i = 0; i < 2; i++) {
        if (secrets.planted[i] != NULL) {
            unlink(secrets.planted[i]);
        }
    }
}

static void
end_early(int number)
{
    remove_planted();
    signal(number, SIG_DFL);
    raise(number);
}

static void
add_longest_line(const char *path)
{
    char *const text = text_read_file(path, 1 << 20, NULL);
    size_t longest = 0;
    const char *found = NULL;
    for (const char *line = text; line != NULL && *line != '\0';) {
        const size_t blank = strspn(line, " ");
        const size_t length = strcspn(line, "\n");
        if (length - blank > longest) {
            longest = length - blank;
            found = line + blank;
        }
        line += length + (line[length] == '\n');
    }
    if (found == NULL) {
        die(EX_NOINPUT, "cannot read %s:", path);
    }
    secrets.text[secrets.count++] = text_format("%.*s", (int)longest, found);
    free(text);
}

static char *
random_word(void)
{
    unsigned char bytes[12];
    char word[2 * sizeof bytes + 1];
    const int file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, bytes, sizeof bytes) != sizeof bytes) {
        die(EX_OSERR, "cannot read /dev/urandom:");
    }
    close(file);
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(word + 2 * i, 3, "%02x", bytes[i]);
    }
    return xstrdup(word);
}

/* Returns the path that attacks are told. */
static char *
plant(const char *kit)
{
    static const char *const folders[] = {"tests/segment", "solutions/segment"};
    static const char *const sources[] = {"tests/segment/hidden.c",
                                          "solutions/segment/segment.c"};
    char *told = text_format("%s/%s", kit, sources[0]);
    atexit(remove_planted);
    signal(SIGINT, end_early);
    signal(SIGTERM, end_early);
    for (size_t i = 0; i < 2; i++) {
        char *const source = text_format("%s/%s", kit, sources[i]);
        char *const path =
            text_format("%s/%s/canary-%d.c", kit, folders[i], (int)getpid());
        char *const word = random_word();
        char *const text = text_format("#error canary %s\n", word);
        add_longest_line(source);
        secrets.text[secrets.count++] = word;
        if (text_write_file(path, text, strlen(text)) == 0 &&
            chmod(path, 0644) == 0) {
            secrets.planted[i] = xstrdup(path);
            if (i == 0) {
                free(told);
                told = xstrdup(path);
            }
        }
        free(text);
        free(path);
        free(source);
    }
    return told;
}

/* ---- One grading --------------------------------------------------------- */

struct grading {
    int status;
    bool in_time;
    double seconds;
    char *record, *report, *said; /* what came out, NULL: nothing             */
    size_t record_bytes, report_bytes, said_bytes;
    json_t *json;
};

static double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int
output_file(const char *path)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) {
        die(EX_CANTCREAT, "cannot make %s:", path);
    }
    return file;
}

/* Waits for the process; ends it when its time is over. */
static bool
wait_for(pid_t pid, int *status)
{
    const double end = now() + WALL_MS / 1e3;
    bool in_time = true;
    while (waitpid(pid, status, in_time ? WNOHANG : 0) != pid) {
        if (in_time && now() > end) {
            in_time = false;
            kill(pid, SIGKILL);
        }
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    return in_time;
}

static struct grading
grade(const struct arguments *arguments, const char *stage,
      const char *submission, const char *folder)
{
    char *const stage_option = text_format("--stage=%s", stage);
    char *const record = text_format("%s/record.json", folder);
    char *const report = text_format("%s/report", folder);
    char *const said = text_format("%s/said", folder);
    char *const temporary = text_format("TMPDIR=%s/tmp", folder);
    char *const argv[] = {(char *)arguments->vmgrade,
                          (char *)"grade",
                          (char *)"--quiet",
                          stage_option,
                          (char *)"--json",
                          record,
                          (char *)submission,
                          arguments->allow_weak ? (char *)"--allow-weak-sandbox"
                                                : NULL,
                          NULL};
    char *const environment[] = {(char *)"PATH=/usr/bin:/bin",
                                 (char *)"LC_ALL=C.UTF-8", temporary, NULL};
    struct grading grading = {.status = -1};
    const int out = output_file(report), err = output_file(said);
    const double begin = now();
    const pid_t pid = fork();
    if (pid == 0) {
        const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(nothing, STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        execve(arguments->vmgrade, argv, environment);
        _exit(127);
    }
    if (pid < 0) {
        die(EX_OSERR, "cannot start a process:");
    }
    close(out);
    close(err);
    grading.in_time = wait_for(pid, &grading.status);
    grading.seconds = now() - begin;
    grading.record =
        text_read_file(record, OUTPUT_LIMIT, &grading.record_bytes);
    grading.report =
        text_read_file(report, OUTPUT_LIMIT, &grading.report_bytes);
    grading.said = text_read_file(said, OUTPUT_LIMIT, &grading.said_bytes);
    grading.json =
        grading.record != NULL
            ? json_loadb(grading.record, grading.record_bytes, 0, NULL)
            : NULL;
    free(stage_option);
    free(temporary);
    free(said);
    free(report);
    free(record);
    return grading;
}

static void
grading_free(struct grading *grading)
{
    json_decref(grading->json);
    free(grading->record);
    free(grading->report);
    free(grading->said);
}

/* ---- What must hold of every grading ------------------------------------- */

static void
check_output(const char *which, const char *text, size_t bytes,
             struct strings *wrong)
{
    for (size_t i = 0; i < secrets.count; i++) {
        if (memmem(text, bytes, secrets.text[i], strlen(secrets.text[i])) !=
            NULL) {
            strings_addf(wrong, "%s shows a secret: %s", which,
                         secrets.text[i]);
        }
    }
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if ((byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7F) {
            strings_addf(wrong, "%s holds the control character %#x", which,
                         byte);
            return;
        }
    }
    /* What is clean already is left as it is. */
    char *const clean = text_clean(text, bytes, bytes);
    if (strcmp(clean, text) != 0) {
        strings_addf(wrong, "%s is not UTF-8, or turns the text round", which);
    }
    free(clean);
}

static void
check_end(const struct attack *attack, const struct grading *grading,
          struct strings *wrong)
{
    const int status = grading->status;
    const bool ungraded = strcmp(attack->status, "ungraded") == 0;
    if (!grading->in_time) {
        strings_addf(wrong, "vmgrade had not ended after %d s", WALL_MS / 1000);
    } else if (!WIFEXITED(status) ||
               (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != EX_DATAERR &&
                !(ungraded && WEXITSTATUS(status) == EX_SOFTWARE))) {
        strings_addf(wrong, "vmgrade ended with status %#x: %.300s", status,
                     grading->said != NULL ? grading->said : "");
    } else if (grading->json == NULL) {
        strings_add(wrong, "there is no record");
    }
}

/* ---- What must hold of this one ------------------------------------------ */

static const char *
text_at(const json_t *object, const char *key)
{
    const char *const text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static double
got_at(const json_t *score, const char *key)
{
    return json_number_value(
        json_object_get(json_object_get(score, key), "got"));
}

/* What came of the stage, counted. */
struct outcome {
    const char *status;
    bool rule, verdict;
    unsigned tests, passed, clean, valid, caught;
    double points;
    char *summary; /* "failed 3, crashed 12"                                  */
};

static void
count_tests(const json_t *tests, const char *verdict, struct outcome *outcome)
{
    static const char *const verdicts[] = {
        "passed",        "failed",       "crashed",        "timed out",
        "out of memory", "exited early", "forbidden call", "not implemented",
    };
    size_t i;
    json_t *test;
    outcome->summary = xstrdup("");
    for (size_t v = 0; v < sizeof verdicts / sizeof *verdicts; v++) {
        unsigned count = 0;
        json_array_foreach(tests, i, test)
        {
            count += strcmp(text_at(test, "verdict"), verdicts[v]) == 0;
        }
        if (count > 0) {
            char *const longer =
                text_format("%s, %u %s", outcome->summary, count, verdicts[v]);
            free(outcome->summary);
            outcome->summary = longer;
        }
        outcome->tests += count;
        outcome->passed += v == 0 ? count : 0;
        outcome->verdict |=
            count > 0 && verdict != NULL && strcmp(verdict, verdicts[v]) == 0;
    }
    json_array_foreach(tests, i, test)
    {
        outcome->clean += json_is_true(
            json_object_get(json_object_get(test, "memory"), "clean"));
    }
}

static struct outcome
outcome_of(const struct attack *attack, const json_t *record)
{
    const json_t *const stage =
        json_array_get(json_object_get(record, "stages"), 0);
    const json_t *const score = json_object_get(stage, "score");
    const json_t *const bugs = json_object_get(stage, "bugs");
    struct outcome outcome = {.status = text_at(stage, "status")};
    size_t i;
    json_t *one;
    count_tests(json_object_get(stage, "tests"), attack->verdict, &outcome);
    json_array_foreach(json_object_get(stage, "findings"), i, one)
    {
        outcome.rule |= attack->rule != NULL &&
                        strcmp(text_at(one, "rule"), attack->rule) == 0;
    }
    json_array_foreach(
        json_object_get(json_object_get(stage, "own_tests"), "tests"), i, one)
    {
        outcome.valid += json_is_true(json_object_get(one, "valid"));
    }
    json_array_foreach(json_object_get(bugs, "list"), i, one)
    {
        outcome.caught += json_is_true(json_object_get(one, "caught"));
    }
    outcome.points = got_at(score, "must") + got_at(score, "bonus");
    return outcome;
}

static void
check_outcome(const struct attack *attack, const struct outcome *outcome,
              const struct grading *grading, struct strings *wrong)
{
    if (strcmp(outcome->status, attack->status) != 0) {
        strings_addf(wrong, "it is %s", outcome->status);
    }
    if (attack->rule != NULL && !outcome->rule) {
        strings_addf(wrong, "no finding of rule %s", attack->rule);
    }
    if (attack->verdict != NULL && !outcome->verdict) {
        strings_addf(wrong, "no test that is %s%s", attack->verdict,
                     outcome->summary);
    }
    if (attack->says != NULL && strstr(grading->record, attack->says) == NULL) {
        strings_addf(wrong, "the record does not say '%s'", attack->says);
    }
    const struct {
        const char *what;
        double got, most;
    } counts[] = {
        {"tests passed", outcome->passed, attack->passed},
        {"tests are clean", outcome->clean, attack->clean},
        {"own tests count", outcome->valid, attack->valid},
        {"bugs are caught", outcome->caught, attack->caught},
        {"points", outcome->points, attack->points},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i].got > counts[i].most) {
            strings_addf(wrong, "%g %s, at most %g may be", counts[i].got,
                         counts[i].what, counts[i].most);
        }
    }
}

/* ---- One attack ---------------------------------------------------------- */

static void
remove_folder(const char *folder)
{
    char *const command = text_format("rm -rf '%s'", folder);
    if (system(command) != 0) {
        warn_user("cannot remove %s", folder);
    }
    free(command);
}

static char *
make_folder(const char *parent, const char *name)
{
    char *const folder = text_format("%s/%s", parent, name);
    if (mkdir(folder, 0755) != 0 || chmod(folder, 0755) != 0) {
        die(EX_CANTCREAT, "cannot make %s:", folder);
    }
    return folder;
}

static bool
run(const struct attack *attack, struct attack_world *world,
    const struct arguments *arguments, struct tally *tally)
{
    char folder[] = "/tmp/vmlab-attack-XXXXXX";
    if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0) {
        die(EX_CANTCREAT, "cannot make a folder in /tmp:");
    }
    char *const handed_in = make_folder(folder, "submission");
    char *const temporary = make_folder(folder, "tmp");
    char *const mark = text_format("mark%s", folder + strlen(folder) - 6);
    world->mark = mark;
    char *const submission = submission_make(attack, world, handed_in);
    const struct leftovers before = leftovers_before();
    struct grading grading = 
        grade(arguments, attack_stage(attack), submission, folder);
    struct outcome outcome = {.status = ""};
    struct strings wrong = {0};
    check_end(attack, &grading, &wrong);
    if (grading.json != NULL) {
        outcome = outcome_of(attack, grading.json);
        check_outcome(attack, &outcome, &grading, &wrong);
        check_output("the record", grading.record, grading.record_bytes,
                     &wrong);
    }
    if (grading.report != NULL) {
        check_output("the report", grading.report, grading.report_bytes,
                     &wrong);
    }
    if (grading.said != NULL) {
        check_output("the log", grading.said, grading.said_bytes, &wrong);
    }
    leftovers_find(&before, mark, temporary, &wrong);

    const bool good = wrong.count == 0;
    tally_add(tally, attack->family, good, outcome.status, outcome.points);
    printf("%s %-28s %5.1f s  %s%s", good ? "ok  " : "FAIL", attack->name,
           grading.seconds, outcome.status,
           outcome.summary != NULL ? outcome.summary : "");
    if (attack->tests != NULL) {
        printf("; own tests: %u count, %u bugs", outcome.valid, outcome.caught);
    }
    putchar('\n');
    for (size_t i = 0; i < wrong.count; i++) {
        printf("     %s\n", wrong.item[i]);
    }
    if (arguments->verbose) {
        printf("%s%s", grading.report != NULL ? grading.report : "",
               grading.said != NULL ? grading.said : "");
    }
    fflush(stdout);
    free(outcome.summary);
    strings_free(&wrong);
    grading_free(&grading);
    remove_folder(folder);
    free(submission);
    free(mark);
    free(temporary);
    free(handed_in);
    return good;
}

/* ---- All of them --------------------------------------------------------- */

/* For others to grade; no canary is planted. */
static void
make_all(const struct attack_table *table, const char *kit, const char *corpus,
         const char *folder)
{
    char *const canary = text_format("%s/tests/segment/hidden.c", kit);
    const struct attack_world world = {
        .kit = kit, .corpus = corpus, .canary = canary, .mark = "mark"};
    for (unsigned i = 0; i < table->count; i++) {
        char *const path = submission_make(&table->attacks[i], &world, folder);
        free(path);
    }
    free(canary);
}

/* The kit around a program in its build folder. */
static char *
kit_of(const char *vmgrade)
{
    char *const root = realpath(vmgrade, NULL);
    if (root == NULL || access(root, X_OK) != 0) {
        die(EX_NOINPUT, "cannot execute %s:", vmgrade);
    }
    for (int i = 0; i < 2; i++) {
        *strrchr(root, '/') = '\0';
    }
    return root;
}

/* Goes on in a child that is an ordinary user; this process stays behind to
 * remove what it has planted. */
static void
step_down(void)
{
    int status = 0;
    if (geteuid() != 0) {
        return;
    }
    fflush(NULL);
    const pid_t child = fork();
    if (child < 0) {
        die(EX_OSERR, "cannot start a process:");
    }
    if (child > 0) {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        exit(WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE);
    }
    if (setgroups(0, NULL) != 0 ||
        setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) != 0 ||
        setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) != 0) {
        die(EX_NOPERM, "cannot become an ordinary user:");
    }
    /* The change of user has closed /proc/self. */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {.vmgrade = "build/vmgrade", .shares = 1};
    const struct argp argp = {
        options, parse, "[ATTACK]", "Runs the attack corpus against vmgrade.",
        NULL,    NULL,  NULL};
    argp_err_exit_status = EX_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);

    char *const kit = kit_of(arguments.vmgrade);
    char *const vmgrade = realpath(arguments.vmgrade, NULL);
    char *const corpus = arguments.corpus != NULL
                             ? xstrdup(arguments.corpus)
                             : text_format("%s/tests/attacks", kit);
    char *const table_path = text_format("%s/attacks.yaml", corpus);
    struct attack_table *const table = table_load(table_path);
    if (arguments.make != NULL) {
        make_all(table, kit, corpus, arguments.make);
        table_free(table);
        free(table_path);
        free(corpus);
        free(vmgrade);
        free(kit);
        return 0;
    }
    char *const canary = plant(kit);
    struct attack_world world = {
        .kit = kit, .corpus = corpus, .canary = canary};
    arguments.vmgrade = vmgrade;
    if (arguments.as_user) {
        step_down();
    }
    leftovers_watch();

    struct tally tally = {0};
    unsigned passed = 0, failed = 0;
    printf("as %s; canary: %s\n", geteuid() == 0 ? "root" : "ordinary user",
           secrets.planted[0] != NULL ? "planted" : "lines of the kit");
    for (unsigned i = 0; i < table->count; i++) {
        const struct attack *const attack = &table->attacks[i];
        if (arguments.only != NULL ? strcmp(arguments.only, attack->name) != 0
                                   : i % arguments.shares != arguments.share) {
            continue;
        }
        if (run(attack, &world, &arguments, &tally)) {
            passed++;
        } else {
            failed++;
        }
    }
    if (arguments.only == NULL && arguments.shares == 1) {
        tally_print(&tally);
    }
    printf("attacks: %u passed, %u failed\n", passed, failed);
    tally_free(&tally);
    table_free(table);
    for (size_t i = 0; i < secrets.count; i++) {
        free(secrets.text[i]);
    }
    free(canary);
    free(table_path);
    free(corpus);
    free(vmgrade);
    free(kit);
    return failed == 0 && passed > 0 ? 0 : 1;
}
