/*
 * faults_test.c - trouble that no submission causes: a program of the grader's
 * that somebody kills, a disk that is full or may not be written, memory that
 * is not there, and vmgrade itself killed at any moment.
 *
 * All tests grade one submission with a small kit (small_kit), and know from a
 * grading without any fault what its record is.  A fault may leave it ungraded,
 * with the reason, or change nothing; it never has another score, and without
 * the fault it has the same record again.
 *
 * Run from the top of the kit, after build/vmgrade and the kit were made.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>

#include "files.h"
#include "process.h"
#include "text.h"

#define STAGE "segment"
enum { RUN_MS = 120000, OUTPUT = 1 << 18, PATIENCE_MS = 20000, TRIES = 30 };

static void
prepare(void)
{
    make_directory();
    char *const command = text_format(
        "chmod 755 %s && cd %s && mkdir -m 1777 tmp && mkdir s && cd "
        "\"$OLDPWD\" && "
        "cp solutions/segment/segment.c tests/submissions/course/"
        "juan-carlos-garcia/segment_test.c %s/s && "
        "tests/grader/small_kit %s/kit",
        test_directory, test_directory, test_directory, test_directory);
    cr_assert(system(command) == 0);
    free(command);
    /* What vmgrade leaves behind becomes a child of the test. */
    cr_assert(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
}

TestSuite(faults, .init = prepare, .fini = remove_directory, .timeout = 600);

static void
rest_us(long us)
{
    nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

/* ---- Processes ----------------------------------------------------------- */

struct kin {
    pid_t pid, parent;
    char name[16]; /* of its program, as the kernel cuts it                   */
    bool ours;
};

enum { KIN = 4096 };
static struct kin kin[KIN];

/* Every process there is, and which descend from `root`; returns how many. */
static size_t
look_around(pid_t root)
{
    size_t count = 0;
    DIR *const proc = opendir("/proc");
    cr_assert_not_null(proc);
    for (const struct dirent *entry;
         count < KIN && (entry = readdir(proc)) != NULL;) {
        char path[300], text[512];
        if (!isdigit((unsigned char)entry->d_name[0])) {
            continue;
        }
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        const int file = open(path, O_RDONLY | O_CLOEXEC);
        const ssize_t bytes = file < 0 ? 0 : read(file, text, sizeof text - 1);
        if (file >= 0) {
            close(file);
        }
        text[bytes > 0 ? bytes : 0] = '\0';
        const char *const name = strchr(text, '(');
        const char *const end = strrchr(text, ')');
        struct kin *const one = &kin[count];
        *one = (struct kin){.pid = atoi(entry->d_name)};
        if (name != NULL && end != NULL &&
            sscanf(end + 1, " %*c %d", &one->parent) == 1) {
            snprintf(one->name, sizeof one->name, "%.*s", (int)(end - name - 1),
                     name + 1);
            count++;
        }
    }
    closedir(proc);
    for (bool grown = true; grown;) {
        grown = false;
        for (size_t i = 0; i < count; i++) {
            bool ours = kin[i].parent == root;
            for (size_t j = 0; !ours && j < count; j++) {
                ours = kin[j].ours && kin[j].pid == kin[i].parent;
            }
            grown = grown || (ours && !kin[i].ours);
            kin[i].ours = ours;
        }
    }
    return count;
}

/* A program of the grader's that is to be killed. */
struct victim {
    const char *name;
    bool forked; /* by a program of that name: a child of a zygote            */
    unsigned most; /* how many are killed; 0: all                             */
};

static bool
is_victim(const struct victim *victim, size_t which, size_t count)
{
    if (!kin[which].ours || strcmp(kin[which].name, victim->name) != 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (kin[i].pid == kin[which].parent) {
            return victim->forked == (strcmp(kin[i].name, victim->name) == 0);
        }
    }
    return false;
}

/* ---- Grading ------------------------------------------------------------- */

/* A line of shell, in which $D is the test's directory.  With `exec` before a
 * program it is that program. */
static pid_t
start_shell(const char *line)
{
    char *const command =
        text_format("D=%s; export D TMPDIR=$D/tmp; exec >$D/said 2>&1; %s",
                    test_directory, line);
    const pid_t pid = fork();
    cr_assert(pid >= 0);
    if (pid == 0) {
        setsid();
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    free(command);
    return pid;
}

/* `before` ends in what is put before vmgrade, as "prlimit --as=1000000". */
static pid_t
start(const char *before)
{
    char *const line = text_format(
        "rm -f $D/out.json; %s $D/kit/build/vmgrade grade --json $D/out.json "
        "$D/s",
        before);
    const pid_t pid = start_shell(line);
    free(line);
    return pid;
}

static char *
said(void)
{
    return text_read_file(path_of("said"), 1 << 20, NULL);
}

static int
wait_for(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static void
remove_times(json_t *value)
{
    const char *key;
    void *next;
    json_t *below;
    size_t i;
    json_object_foreach_safe(value, next, key, below)
    {
        if (strcmp(key, "cpu_ms") == 0 || strcmp(key, "seconds") == 0) {
            json_object_del(value, key);
        } else {
            remove_times(below);
        }
    }
    json_array_foreach(value, i, below)
    {
        remove_times(below);
    }
}

static json_t *
read_record(void)
{
    json_t *const record = json_load_file(path_of("out.json"), 0, NULL);
    remove_times(record);
    return record;
}

/* The record of a grading without a fault; made by the first who asks. */
static const json_t *
faultless(void)
{
    static json_t *record;
    if (record == NULL) {
        const int status = wait_for(start(""));
        record = read_record();
        cr_assert(status == 0 && record != NULL,
                  "without a fault: status %#x\n%s", (unsigned)status, said());
    }
    return record;
}

/* What a grading has come to. */
enum outcome {
    AS_EVER,
    UNGRADED, /* the record says so, or there is none and vmgrade says why    */
    BLAMED,   /* anything else                                                */
};

static enum outcome
outcome_of(int status)
{
    json_t *const record = read_record();
    const json_t *const stage =
        json_array_get(json_object_get(record, "stages"), 0);
    const char *const word =
        json_string_value(json_object_get(stage, "status"));
    const char *const why = json_string_value(json_object_get(
        json_array_get(json_object_get(record, "trouble"), 0), "message"));
    const bool failed = WIFEXITED(status) && WEXITSTATUS(status) > EX_DATAERR;
    enum outcome outcome = BLAMED;
    if (record == NULL) {
        outcome = failed ? UNGRADED : BLAMED;
    } else if (word != NULL && strcmp(word, "ungraded") == 0) {
        outcome = failed && json_is_null(json_object_get(stage, "score")) &&
                          why != NULL && why[0] != '\0'
                      ? UNGRADED
                      : BLAMED;
    } else if (status == 0 && json_equal(record, faultless())) {
        outcome = AS_EVER;
    }
    json_decref(record);
    return outcome;
}

static void
goes_well_again(void)
{
    const int status = wait_for(start(""));
    cr_expect(outcome_of(status) == AS_EVER, "without a fault: status %#x\n%s",
              (unsigned)status, said());
}

static void
left_nothing(void)
{
    for (int waited = 0; waited < PATIENCE_MS; waited += 20) {
        int status;
        const pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid < 0 && errno == ECHILD) {
            break;
        }
        if (pid == 0) {
            rest_us(20000);
        }
    }
    cr_expect(waitpid(-1, NULL, WNOHANG) < 0, "a process is left");
    char *const empty =
        text_format("test -z \"$(ls -A %s/tmp)\"", test_directory);
    cr_expect(system(empty) == 0, "a work folder is left");
    free(empty);
}

/* Grades with the fault; whatever comes of it, nobody is blamed, and vmgrade
 * has said the words when the submission is ungraded. */
static enum outcome
grades_with(const char *before, const char *words)
{
    (void)faultless();
    const int status = wait_for(start(before));
    const enum outcome outcome = outcome_of(status);
    char *const text = said();
    cr_expect(outcome != BLAMED, "%s: status %#x\n%s", before, (unsigned)status,
              text);
    cr_expect(outcome != UNGRADED || strstr(text, words) != NULL,
              "%s: it does not say \"%s\":\n%s", before, words, text);
    free(text);
    left_nothing();
    return outcome;
}

/* ---- Somebody kills ------------------------------------------------------ */

static void
kill_victims(const struct victim *victim, pid_t program, unsigned *killed)
{
    const size_t count = look_around(program);
    for (size_t i = 0; i < count; i++) {
        if (is_victim(victim, i, count) &&
            (victim->most == 0 || *killed < victim->most) &&
            kill(kin[i].pid, SIGKILL) == 0) {
            ++*killed;
        }
    }
}

static enum outcome
grade_while_killing(const struct victim *victim, unsigned *killed)
{
    (void)faultless();
    const pid_t program = start("exec");
    int status;
    *killed = 0;
    while (waitpid(program, &status, WNOHANG) == 0) {
        kill_victims(victim, program, killed);
        rest_us(500);
    }
    const enum outcome outcome = outcome_of(status);
    char *const text = said();
    cr_expect(outcome != BLAMED, "%u times %s killed: status %#x\n%s", *killed,
              victim->name, (unsigned)status, text);
    free(text);
    left_nothing();
    return outcome;
}

/* Killed whenever it appears, it leaves the stage ungraded.  A moment that was
 * missed on a machine with other work is tried again. */
static void
killed_for_good_it_is_ungraded(const char *name, bool forked)
{
    const struct victim victim = {name, forked, 0};
    enum outcome outcome = AS_EVER;
    unsigned killed;
    for (int i = 0; i < TRIES && outcome == AS_EVER; i++) {
        outcome = grade_while_killing(&victim, &killed);
    }
    cr_expect(outcome == UNGRADED,
              "%s was killed %u times, and nothing is "
              "ungraded",
              name, killed);
}

/* Killed once, it is tried once more. */
static void
killed_once_it_is_graded(const char *name, bool forked)
{
    const struct victim victim = {name, forked, 1};
    unsigned killed = 0;
    for (int i = 0; i < TRIES && killed == 0; i++) {
        const enum outcome outcome = grade_while_killing(&victim, &killed);
        cr_expect(outcome == AS_EVER, "%s", said());
    }
    cr_expect(killed == 1, "%s was not seen", name);
}

Test(faults, killed_compiler)
{
    killed_for_good_it_is_ungraded("cc1", false);
    killed_for_good_it_is_ungraded("gcc", false);
    killed_for_good_it_is_ungraded("ld", false);
    killed_for_good_it_is_ungraded("objcopy", false);
    killed_once_it_is_graded("cc1", false);
    killed_once_it_is_graded("objcopy", false);
}

Test(faults, killed_judge)
{
    killed_for_good_it_is_ungraded("judge", false);
    killed_once_it_is_graded("judge", false);
}

Test(faults, killed_process_of_the_module)
{
    killed_for_good_it_is_ungraded("plain", false);
    killed_for_good_it_is_ungraded("plain", true);
    killed_once_it_is_graded("plain", true);
}

Test(faults, killed_tools_that_measure)
{
    killed_for_good_it_is_ungraded("memcheck-amd64-", false);
    killed_for_good_it_is_ungraded("memcheck-amd64-", true);
    killed_for_good_it_is_ungraded("gcovr", false);
    goes_well_again();
}

Test(faults, killed_own_tests)
{
    killed_for_good_it_is_ungraded("tester", false);
    killed_for_good_it_is_ungraded("tester", true);
    killed_for_good_it_is_ungraded("coverage", true);
    killed_for_good_it_is_ungraded("reference", true);
    killed_once_it_is_graded("tester", true);
}

/* ---- The disk ------------------------------------------------------------ */

static bool
can_mount(void)
{
    return system("unshare -m true 2>/dev/null") == 0;
}

static void
needs_mounts(void)
{
    if (!can_mount()) {
        cr_skip_test("only root can mount");
    }
}

/* Full from the first moment on, or from one in the middle. */
Test(faults, full_disk)
{
    needs_mounts();
    cr_expect(grades_with("unshare -m sh -c 'mount -t tmpfs -o size=1m,"
                          "mode=1777 tmpfs $D/tmp; exec \"$@\"' -",
                          "TMPDIR") == UNGRADED);
    static const char *const moments[] = {
        STAGE "/module/" STAGE ".o",
        STAGE "/programs/plain",
        STAGE "/memcheck",
        STAGE "/tester/tester",
    };
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        char *const before = text_format(
            "unshare -m sh -c 'mount -t tmpfs -o size=80m,mode=1777 tmpfs "
            "$D/tmp; (until test -e $D/tmp/*/%s; do sleep 0.01; done; cat "
            "/dev/zero >$D/tmp/full 2>/dev/null) & \"$@\"; status=$?; "
            "kill $! 2>/dev/null; umount -l $D/tmp; exit $status' -",
            moments[i]);
        cr_expect(grades_with(before, "full") == UNGRADED, "full since %s",
                  moments[i]);
        free(before);
    }
    goes_well_again();
}

Test(faults, read_only_work_folder)
{
    needs_mounts();
    cr_expect(grades_with("unshare -m sh -c 'mount -t tmpfs -o ro tmpfs "
                          "$D/tmp; exec \"$@\"' -",
                          "set TMPDIR to a folder that can be written") ==
              UNGRADED);
    goes_well_again();
}

Test(faults, output_that_cannot_be_written)
{
    static const char *const places[][2] = {
        {"--json=/dev/full", "cannot write"},
        {"--json=$D/none/out.json", "cannot write"},
        {"--reports=$D/none", "cannot write"},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *const command = text_format(
            "D=%s; export TMPDIR=$D/tmp; $D/kit/build/vmgrade grade %s $D/s "
            ">$D/said 2>&1",
            test_directory, places[i][0]);
        const int status = system(command);
        char *const text = said();
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == EX_CANTCREAT &&
                      strstr(text, places[i][1]) != NULL,
                  "%s: status %#x\n%s", places[i][0], (unsigned)status, text);
        free(text);
        free(command);
    }
    left_nothing();
    struct stat device;
    cr_expect(stat("/dev/full", &device) == 0 && S_ISCHR(device.st_mode));
}

/* ---- Limits of who started it -------------------------------------------- */

Test(faults, limits_from_outside_are_told_before_anything_is_graded)
{
    static const char *const limits[][2] = {
        {"prlimit --as=268435456", "ulimit -v"},
        {"prlimit --as=1073741824", "ulimit -v"},
        {"prlimit --data=134217728", "ulimit -d"},
        {"prlimit --fsize=65536", "ulimit -f"},
        {"prlimit --stack=65536", "ulimit -s"},
        {"prlimit --nofile=64", "ulimit -n"},
        {"prlimit --cpu=100", "ulimit -t"},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        cr_expect(grades_with(limits[i][0], limits[i][1]) == UNGRADED, "%s",
                  limits[i][0]);
    }
    goes_well_again();
}

/* A limit that could be raised does not matter. */
Test(faults, soft_limits_change_nothing)
{
    static const char *const limits[] = {
        "prlimit --as=100000000:unlimited", "prlimit --data=50000000:unlimited",
        "prlimit --fsize=65536:unlimited",  "prlimit --nofile=64:4096",
        "prlimit --core=unlimited",
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        cr_expect(grades_with(limits[i], "") == AS_EVER, "%s", limits[i]);
    }
}

/* ---- vmgrade itself ------------------------------------------------------ */

static uint64_t
next_random(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15U;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

/* Files in shared memory, which outlive a process. */
static size_t
shared_things(void)
{
    size_t count = 0;
    DIR *const folder = opendir("/dev/shm");
    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

static double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Printed; VMLAB_SEED=hex in the environment repeats a run. */
static uint64_t
draw_seed(void)
{
    const char *const given = getenv("VMLAB_SEED");
    const uint64_t seed =
        given != NULL ? strtoull(given, NULL, 16) : (uint64_t)(now() * 1e6);
    fprintf(stderr, "VMLAB_SEED=%llx\n", (unsigned long long)seed);
    return seed;
}

/* Within so many seconds. */
static void
kill_at_a_moment(pid_t program, double within, uint64_t *seed)
{
    rest_us((long)((double)(next_random(seed) % 1000000) * within));
    kill(program, SIGKILL);
    wait_for(program);
    left_nothing();
}

static void
succeeds(const char *line)
{
    const int status = wait_for(start_shell(line));
    cr_expect(status == 0, "%s: status %#x\n%s", line, (unsigned)status,
              said());
}

Test(faults, killed_at_any_moment_it_leaves_nothing)
{
    enum { KILLS = 8 };
    uint64_t seed = draw_seed();
    const size_t shared = shared_things();
    (void)faultless();
    const double began = now();
    goes_well_again();
    const double whole = now() - began;
    for (int i = 0; i < KILLS; i++) {
        kill_at_a_moment(start("exec"), whole, &seed);
        /* A record is whole or not there, and nothing lies beside it. */
        succeeds("! test -e $D/out.json || python3 -m json.tool $D/out.json");
        succeeds("test \"$(cd $D && ls -A -I out.json)\" = "
                 "\"$(printf 'kit\\ns\\nsaid\\ntmp')\"");
    }
    cr_expect(shared_things() <= shared, "shared memory is left");
    goes_well_again();
}

#define BATCH "$D/kit/build/vmgrade batch $D/in --jobs 2 --out "

/* The same of a class, which goes on where it was and comes to the same. */
Test(faults, batch_that_is_killed_at_any_moment_goes_on)
{
    enum { KILLS = 6 };
    uint64_t seed = draw_seed();
    succeeds("mkdir $D/in && for i in 1 2 3; do cp -r $D/s $D/in/$i && "
             "echo \"/* $i */\" >>$D/in/$i/segment.c; done");
    const double began = now();
    succeeds(BATCH "$D/quiet");
    const double whole = now() - began;
    for (int i = 0; i < KILLS; i++) {
        kill_at_a_moment(start_shell("exec " BATCH "$D/out"), whole / 2, &seed);
        succeeds("for f in $(find $D/out -name '*.json'); do "
                 "python3 -m json.tool $f || exit; done");
    }
    succeeds(BATCH "$D/out");
    succeeds("for o in quiet out; do $D/kit/build/vmgrade export --out $D/$o "
             ">$D/$o.csv || exit; done; cmp $D/quiet.csv $D/out.csv && "
             "test $(grep -c graded $D/out.csv) = 3");
    left_nothing();
}
