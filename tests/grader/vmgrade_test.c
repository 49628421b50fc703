/*
 * vmgrade_test.c - vmgrade and vmlab as programs: what each kind of bad input
 * and of trouble says, the exit status that it has, and what is left behind.
 *
 * Run from the top of the kit, after build/vmgrade and the kit were made.
 * Tests that need root (another user, a file system that is full) say so.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "process.h"
#include "text.h"

#define SAMPLE    "tests/submissions/course/juan-carlos-garcia"
/* Prints a catalogue with stage segment alone. */
#define ONE_STAGE "awk '/^  - name: / { other = $3 != \"segment\" } !other'"
enum { RUN_MS = 120000, OUTPUT = 1 << 20, PATIENCE_MS = 20000 };

/* ---- Running ------------------------------------------------------------- */

/* A shell command in the kit's folder; $D is the test's own folder, which is
 * TMPDIR as well.  Its output is kept until the next call. */
static struct process_result
run(const char *format, ...)
{
    static struct process_result last;
    va_list arguments;
    va_start(arguments, format);
    char *const command = text_vformat(format, arguments);
    va_end(arguments);
    char *const directory = text_format("D=%s", test_directory);
    char *const temporary = text_format("TMPDIR=%s/tmp", test_directory);
    process_result_free(&last);
    last = process_run(&(struct process){
        .argv = (char *[]){"/bin/sh", "-c", command, NULL},
        .environment = (char *[]){directory, temporary, "LC_ALL=C.UTF-8",
                                  "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL},
        .standard_input = -1,
        .wall_ms = RUN_MS,
        .output_limit = OUTPUT,
    });
    cr_assert(last.end == PROCESS_EXITED, "%s: end %d, code %d", command,
              last.end, last.code);
    free(command);
    free(directory);
    free(temporary);
    return last;
}

static void
prepare(void)
{
    make_directory();
    cr_assert(chmod(test_directory, 0755) == 0);
    cr_assert(run("mkdir -m 1777 $D/tmp").code == 0);
}

static void
ends_with(int status, const char *words, const char *command)
{
    const struct process_result result = run("%s", command);
    cr_expect(result.code == status && strstr(result.output, words) != NULL,
              "%s\nhas status %d, not %d, or does not say \"%s\":\n%s", command,
              result.code, status, words, result.output);
    cr_expect(run("ls -A $D/tmp").output_bytes == 0, "%s leaves files",
              command);
}

/* A kit in $D/kit that shares all but its catalogue, its rubric and its
 * programs with this one. */
static void
make_kit(void)
{
    cr_assert(run("mkdir -p $D/kit/build $D/kit/grader $D/kit/tests/segment && "
                  "cp build/vmgrade build/vmlab $D/kit/build && "
                  "ln -s $PWD/build/kit $D/kit/build/kit && "
                  "ln -s $PWD/assignments $PWD/solutions $D/kit && " ONE_STAGE
                  " grader/catalogue.yaml "
                  ">$D/kit/grader/catalogue.yaml && "
                  "cp tests/segment/rubric.yaml $D/kit/tests/segment")
                  .code == 0);
}

TestSuite(programs, .init = prepare, .fini = remove_directory, .timeout = 300);

/* ---- What a submission can have -------------------------------------------- */

Test(programs, submissions_that_hold_nothing_say_why)
{
    static const char *const cases[][2] = {
        {"mkdir $D/s", "The folder is empty"},
        {"mkdir $D/s && echo hi >$D/s/notes.txt", "None of the files"},
        {"mkdir $D/s && cp assignments/segment/segment.c $D/s/Segment.c",
         "did you mean segment.c?"},
        {"truncate -s 1G $D/s", "larger than 16 MiB"},
        {"mkdir $D/s && truncate -s 1G $D/s/segment.c", "larger than 256 KiB"},
        {"head -c 5000 /dev/urandom >$D/s", "The archive is damaged"},
        {": >$D/s", "The file is empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert(run("%s", cases[i][0]).code == 0);
        ends_with(EX_DATAERR, cases[i][1], "build/vmgrade grade $D/s");
        ends_with(1, cases[i][1], "build/vmgrade grade --fail-under 1 $D/s");
        run("rm -rf $D/s");
    }
}

Test(programs, modules_that_cannot_be_judged_are_graded_with_0)
{
    static const char *const cases[][2] = {
        {"cp /bin/true $D/segment.c", "The file is not text"},
        {": >$D/segment.c", "Not defined in segment.c: seg_decode"},
        {"echo 'int x' >$D/segment.c", "segment.c does not compile"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert(run("%s", cases[i][0]).code == 0);
        ends_with(EX_OK, cases[i][1], "build/vmgrade grade $D/segment.c");
        ends_with(1, "0 of 100",
                  "build/vmgrade grade --fail-under 1 $D/segment.c");
        run("rm -f $D/segment.c");
    }
}

Test(programs, one_submission_with_nothing_does_not_spoil_the_others)
{
    run("mkdir $D/a $D/b && echo >$D/b/segment.c");
    ends_with(EX_OK, "not submitted", "build/vmgrade grade $D/a $D/b");
}

/* ---- What the command line can have ------------------------------------------ */

Test(programs, usage_errors_say_what_to_do)
{
    static const char *const cases[][2] = {
        {"build/vmgrade", "vmgrade grade PATH"},
        {"build/vmgrade frob", "no command 'frob'"},
        {"build/vmgrade grade", "name a submission"},
        {"build/vmgrade --frob", "unrecognized option"},
        {"build/vmgrade grade --stage nope $D", "no stage 'nope'"},
        {"build/vmgrade grade --seed x $D", "whole number"},
        {"build/vmgrade grade --seed -1 $D", "whole number"},
        {"build/vmgrade grade --seed 18446744073709551616 $D", "below 2^64"},
        {"build/vmgrade grade --fail-under nan $D", "from 0 to 100"},
        {"build/vmgrade grade --show some $D", "everything, inputs"},
        {"mkdir $D/x $D/y $D/x/a $D/y/a; "
         "build/vmgrade grade --json $D/out $D/x/a $D/y/a",
         "would both be written to"},
        {"build/vmlab", "check, status or debug"},
        {"build/vmlab frob", "no command 'frob'"},
        {"build/vmlab status segment", "takes no stage"},
        {"build/vmlab debug segment", "a stage and a public test"},
        {"build/vmlab debug segment nope", "no public test 'nope'"},
        {"build/vmlab check nope", "no stage 'nope'; there are:\n"},
        {"build/vmlab check segment --test nope", "no public test 'nope'"},
        {"build/vmlab check --test nope", "no public test 'nope'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ends_with(EX_USAGE, cases[i][1], cases[i][0]);
    }
}

Test(programs, paths_that_are_not_there_are_told_before_any_grading)
{
    ends_with(EX_NOINPUT, "there is no submission", "build/vmgrade grade $D/s");
    const struct process_result result =
        run("build/vmgrade grade " SAMPLE " $D/s");
    cr_expect(result.code == EX_NOINPUT);
    cr_expect(strstr(result.output, "student") == NULL, "%s", result.output);
    ends_with(EX_NOINPUT, "there is no file or folder",
              "build/vmlab check segment -C $D/s");
}

Test(programs, help_and_version_go_to_standard_output)
{
    ends_with(EX_OK, "Exit status:", "build/vmgrade --help 2>/dev/null");
    ends_with(EX_OK, "Exit status:", "build/vmlab --help 2>/dev/null");
    ends_with(EX_OK, "vmgrade 0.", "build/vmgrade --version 2>/dev/null");
    ends_with(EX_OK, "vmlab 0.", "build/vmlab --version 2>/dev/null");
    ends_with(1, "", "build/vmgrade --help | grep '.\\{81\\}'");
    ends_with(1, "", "build/vmlab --help | grep '.\\{81\\}'");
}

/* ---- What the kit can have ------------------------------------------------------ */

Test(programs, errors_in_the_kits_files_have_a_line)
{
    static const char *const cases[][2] = {
        {"sed -i 's/tests: 60/tests: 61/' $D/kit/grader/catalogue.yaml",
         "catalogue.yaml:5: "},
        {"sed -i 's/^seed:/\\tseed:/' $D/kit/grader/catalogue.yaml",
         "catalogue.yaml:3: not YAML"},
        {": >$D/kit/grader/catalogue.yaml", "the file is empty"},
        {"rm $D/kit/grader/catalogue.yaml && mkdir "
         "$D/kit/grader/catalogue.yaml",
         "cannot be read"},
        {"sed -i '0,/points: /s/points: /pts: /' "
         "$D/kit/tests/segment/rubric.yaml",
         "unknown key \"pts\""},
        {"rm $D/kit/tests/segment/rubric.yaml", "cannot be read"},
        {"rm -r $D/kit/grader", "there is no grader/catalogue.yaml"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_kit();
        cr_assert(run("%s", cases[i][0]).code == 0);
        ends_with(EX_CONFIG, cases[i][1], "$D/kit/build/vmgrade grade $D/tmp");
        run("rm -rf $D/kit");
    }
}

Test(programs, kit_that_is_not_built_says_so)
{
    make_kit();
    cr_assert(run("rm $D/kit/build/kit && mkdir -p $D/kit/build/kit/segment && "
                  "ln -s $PWD/build/kit/segment/* $D/kit/build/kit/segment && "
                  "rm $D/kit/build/kit/segment/modules")
                  .code == 0);
    ends_with(EX_UNAVAILABLE, "run make all first",
              "$D/kit/build/vmgrade grade $D/tmp");
}

/* ---- What the machine can lack ---------------------------------------------------- */

Test(programs, missing_tools_are_named_with_their_package)
{
    static const char *const tools[][2] = {
        {"gcc", "gcc is missing"},
        {"objcopy", "objcopy is missing"},
        {"gcovr", "gcovr is missing"},
    };
    const char *const compiler = VMLAB_CC;
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        if (i == 0 && strcmp(compiler, "gcc") != 0) {
            continue; /* the kit was built for another one */
        }
        run("mkdir $D/bin && ln -s /usr/bin/* $D/bin && rm $D/bin/%s",
            tools[i][0]);
        ends_with(EX_UNAVAILABLE, tools[i][1],
                  "PATH=$D/bin; build/vmgrade grade " SAMPLE);
        run("rm -r $D/bin");
    }
}

static void
needs_root(void)
{
    if (geteuid() != 0 || run("unshare -m true").code != 0) {
        cr_skip_test("only root can mount");
    }
}

Test(programs, missing_valgrind_is_named_with_its_package)
{
    needs_root();
    ends_with(EX_UNAVAILABLE, "apt-get install valgrind",
              "unshare -m sh -c 'mount --bind /dev/null /usr/bin/valgrind.bin; "
              "build/vmgrade grade " SAMPLE "'");
}

Test(programs, missing_gdb_is_named_with_its_package)
{
    run("mkdir $D/bin && ln -s /usr/bin/* $D/bin && rm -f $D/bin/gdb");
    ends_with(EX_UNAVAILABLE, "apt-get install gdb",
              "PATH=$D/bin; build/vmlab debug segment "
              "decode_takes_a_descriptor_apart");
}

Test(programs, place_to_work_that_is_none_is_no_fault_of_a_submission)
{
    ends_with(EX_CANTCREAT, "set TMPDIR to a folder",
              "TMPDIR=$D/none build/vmgrade grade " SAMPLE);
    ends_with(EX_CANTCREAT, "set TMPDIR to a folder",
              "TMPDIR=/dev/null build/vmgrade grade " SAMPLE);
}

Test(programs, full_disk_is_no_fault_of_a_submission)
{
    needs_root();
    ends_with(EX_CANTCREAT, "less than 64 MiB free",
              "mkdir $D/small; unshare -m sh -c 'mount -t tmpfs -o size=1m "
              "tmpfs $D/small; TMPDIR=$D/small build/vmgrade grade " SAMPLE
              "'");
}

static void copy_kit(void);

Test(programs, full_disk_leaves_each_submission_ungraded_by_name)
{
    needs_root();
    copy_kit();
    ends_with(EX_SOFTWARE, "student is ungraded: see above",
              "mkdir $D/small $D/own/kit/other; cd $D/own/kit; unshare -m sh "
              "-c 'mount -t tmpfs -o size=1m tmpfs $D/small; TMPDIR=$D/small "
              "build/vmgrade grade student other'");
    ends_with(EX_SOFTWARE, "2 of 2 submissions are ungraded",
              "cd $D/own/kit; unshare -m sh "
              "-c 'mount -t tmpfs -o size=1m tmpfs $D/small; TMPDIR=$D/small "
              "build/vmgrade grade student other'");
}

/* ---- Whose kit it is ------------------------------------------------------------- */

/* A whole copy: nothing in it is also to be had elsewhere. */
static void
copy_kit(void)
{
    cr_assert(run("mkdir -p $D/own/kit/build/kit $D/own/kit/grader "
                  "$D/own/kit/tests/segment && cd $D/own/kit && "
                  "cp -r $OLDPWD/assignments . && mkdir solutions && "
                  "cp -r $OLDPWD/solutions/segment solutions && "
                  "cp $OLDPWD/build/vmgrade $OLDPWD/build/vmlab build && "
                  "cp -r $OLDPWD/build/kit/segment build/kit && "
                  "cp $OLDPWD/tests/segment/rubric.yaml tests/segment && "
                  "cp -r $OLDPWD/" SAMPLE " student && " ONE_STAGE
                  " $OLDPWD/grader/catalogue.yaml >grader/catalogue.yaml")
                  .code == 0);
}

static void
expect_same_scores(const char *one, const char *other)
{
    json_t *const a = json_load_file(path_of(one), 0, NULL);
    json_t *const b = json_load_file(path_of(other), 0, NULL);
    const char *const way[] = {"score", "must", "got"};
    const json_t *x = json_array_get(json_object_get(a, "stages"), 0);
    const json_t *y = json_array_get(json_object_get(b, "stages"), 0);
    for (size_t i = 0; i < 3; i++) {
        x = json_object_get(x, way[i]);
        y = json_object_get(y, way[i]);
    }
    cr_expect(json_is_number(x) && json_equal(x, y), "%g and %g points",
              json_number_value(x), json_number_value(y));
    json_decref(a);
    json_decref(b);
}

Test(programs, kit_in_a_closed_folder_and_kit_of_another_user_grade_alike)
{
    if (geteuid() != 0) {
        cr_skip_test("only root grades with users of their own");
    }
    copy_kit();
    ends_with(EX_OK, "2 of 3 count",
              "setpriv --reuid 12345 --regid 12345 --clear-groups "
              "$D/own/kit/build/vmgrade grade --json $D/tmp/other.json "
              "$D/own/kit/student && mv $D/tmp/other.json $D");
    ends_with(1, "0 of 11 tests passed",
              "setpriv --reuid 12345 --regid 12345 --clear-groups "
              "$D/own/kit/build/vmlab check segment -C "
              "$D/own/kit/assignments/segment");
    ends_with(EX_OK, "2 of 3 count",
              "chmod 700 $D/own && $D/own/kit/build/vmgrade grade "
              "--json $D/root.json $D/own/kit/student");
    expect_same_scores("other.json", "root.json");
}

/* ---- Output ------------------------------------------------------------------------ */

Test(programs, output_that_is_no_terminal_is_plain_and_80_wide)
{
    const struct process_result result =
        run("build/vmlab check segment -C assignments/segment | "
            "grep -v 'build/vm' >$D/report; cat $D/report");
    cr_expect(strstr(result.output, "not implemented") != NULL);
    cr_expect(strchr(result.output, '\033') == NULL, "%s", result.output);
    cr_expect(strchr(result.output, '\r') == NULL);
    ends_with(1, "", "grep '.\\{81\\}' $D/report");
}

static bool
is_time(const char *key)
{
    return strcmp(key, "cpu_ms") == 0 || strcmp(key, "seconds") == 0;
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
        if (is_time(key)) {
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

Test(programs, same_submission_gets_the_same_record_on_a_loaded_machine)
{
    cr_assert(run("build/vmgrade grade --json $D/idle " SAMPLE).code == 0);
    cr_assert(
        run("mkdir -m 1777 $D/elsewhere; for i in 1 2 3 4; do "
            "while :; do :; done & loads=\"$loads $!\"; done; "
            "TMPDIR=$D/elsewhere build/vmgrade grade --json $D/loaded " SAMPLE
            "; status=$?; kill $loads; exit $status")
            .code == 0);
    json_t *const idle = json_load_file(path_of("idle"), 0, NULL);
    json_t *const loaded = json_load_file(path_of("loaded"), 0, NULL);
    cr_assert(idle != NULL && loaded != NULL);
    cr_expect(!json_equal(idle, loaded), "a record without times");
    remove_times(idle);
    remove_times(loaded);
    cr_expect(json_equal(idle, loaded));
    json_decref(idle);
    json_decref(loaded);
}

/* ---- Being stopped ------------------------------------------------------------------- */

static void
rest(void)
{
    nanosleep(&(struct timespec){0, 20000000}, NULL);
}

/* Stops a grading in the middle; all that it started, whatever it is, must be
 * gone soon, and its work folder with it. */
static void
stop_with(int number)
{
    cr_assert(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    char *const place = text_format("%s/tmp", test_directory);
    const pid_t program = fork();
    if (program == 0) {
        const int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        setenv("TMPDIR", place, 1);
        setsid(); /* a shell may have made SIGINT ignored */
        signal(SIGINT, SIG_DFL);
        execl("build/vmgrade", "vmgrade", "grade", SAMPLE, (char *)NULL);
        _exit(127);
    }
    int waited = 0;
    while (run("ls $D/tmp/*/segment/programs/plain").code != 0 &&
           waited++ < PATIENCE_MS / 20) {
        rest();
    }
    cr_assert(kill(program, number) == 0);
    int status, first = -1;
    pid_t pid = 0;
    for (waited = 0; pid >= 0 && waited < PATIENCE_MS / 20; waited++) {
        pid = waitpid(-1, &status, WNOHANG);
        if (pid == program) {
            first = status;
        } else if (pid == 0) {
            rest();
        }
    }
    cr_expect(pid < 0 && errno == ECHILD, "a process is left");
    cr_expect(WIFSIGNALED(first) && WTERMSIG(first) == number);
    cr_expect(run("ls -A $D/tmp").output_bytes == 0, "a work folder is left");
    free(place);
}

Test(programs, interrupted_grading_leaves_nothing)
{
    stop_with(SIGINT);
}

Test(programs, interrupted_grading_takes_its_progress_away)
{
    /* What a terminal showed: the last progress, then the line is empty. */
    run("script -qec 'timeout -s INT 2 build/vmgrade grade --stage "
        "segment " SAMPLE "' $D/shown </dev/null >/dev/null; "
        "for i in $(seq 100); do ls -A $D/tmp | grep -q . || break; sleep 0.1; "
        "done");
    ends_with(EX_OK, "segment: ", "cat $D/shown");
    ends_with(EX_OK, "",
              "tail -n +2 $D/shown | head -c -0 | tr -d '\\n' | "
              "grep -aqP '\\.\\.\\.\\r\\x1b\\[K(\\r?Script done.*)?$'");
}

Test(programs, killed_grading_leaves_nothing)
{
    stop_with(SIGKILL);
}
