/*
 * batch_test.c - `vmgrade batch` and what belongs to it, as programs.
 *
 * Where grading itself is not the point, tests/grader/stub_grader stands for
 * it: it can be slow, fail or crash on demand, and logs what it is asked to do.
 * Run from the top of the kit, after build/vmgrade and the kit were made.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
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

enum { RUN_MS = 240000, OUTPUT = 1 << 20, KILLS = 100, CLASS = 24 };

#define STUB  "--grader=$PWD/tests/grader/stub_grader --stage segment "
#define BATCH "$D/kit/build/vmgrade batch --out $D/out --jobs 2 " STUB

/* ---- Running ------------------------------------------------------------- */

/* A shell command in the kit's folder; $D is the test's own.  Its output is
 * kept until the next call. */
static struct process_result
run(const char *format, ...)
{
    static struct process_result last;
    va_list arguments;
    va_start(arguments, format);
    char *const command = text_vformat(format, arguments);
    va_end(arguments);
    char *const directory = text_format("D=%s", test_directory);
    char *const log = text_format("STUB_LOG=%s/log", test_directory);
    process_result_free(&last);
    last = process_run(&(struct process){
        .argv = (char *[]){"/bin/sh", "-c", command, NULL},
        .environment = (char *[]){directory, log, "LC_ALL=C.UTF-8",
                                  "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL},
        .standard_input = -1,
        .wall_ms = RUN_MS,
        .output_limit = OUTPUT,
    });
    cr_assert(last.end == PROCESS_EXITED, "%s: end %d, code %d", command,
              last.end, last.code);
    free(command);
    free(directory);
    free(log);
    return last;
}

static void
must(const char *command)
{
    const struct process_result result = run("%s", command);
    cr_assert(result.code == 0, "%s\nhas status %d:\n%s", command, result.code,
              result.output);
}

static void
ends_with(int status, const char *words, const char *command)
{
    const struct process_result result = run("%s", command);
    cr_expect(result.code == status && strstr(result.output, words) != NULL,
              "%s\nhas status %d, not %d, or does not say \"%s\":\n%s", command,
              result.code, status, words, result.output);
}

/* What the command prints, and nothing else. */
static void
prints(const char *words, const char *command)
{
    const struct process_result result = run("%s", command);
    cr_expect(result.code == 0 && strcmp(result.output, words) == 0,
              "%s\nprints, with status %d,\n%s\nand not\n%s", command,
              result.code, result.output, words);
}

/* A kit with one stage, segment, of its own catalogue. */
static void
prepare(void)
{
    make_directory();
    must("mkdir -p $D/kit/build $D/kit/grader $D/in && "
         "cp build/vmgrade $D/kit/build && "
         "ln -s $PWD/build/kit $D/kit/build/kit && "
         "ln -s $PWD/assignments $PWD/solutions $PWD/tests $D/kit && "
         "awk '/^  - name: / { other = $3 != \"segment\" } !other' "
         "grader/catalogue.yaml >$D/kit/grader/catalogue.yaml");
}

TestSuite(batch, .init = prepare, .fini = remove_directory, .timeout = 600);

#define CSV "$D/kit/build/vmgrade export --out $D/out --format csv"

/* ---- A class ------------------------------------------------------------- */

Test(batch, class_is_graded_once_and_exported)
{
    must("for s in anna ben; do mkdir $D/in/$s; done; "
         "echo points 80 >$D/in/anna/behave; "
         "echo points 40 >$D/in/ben/behave");
    ends_with(EX_OK, "2 graded, 0 graded before, 0 ungraded", BATCH "$D/in");
    prints("anna,80,1,graded,80\nben,40,1,graded,40\n",
           CSV " | tr -d '\\r' | cut -d, -f1,9,10,11,14 | tail -n +2");
    ends_with(EX_OK, "0 graded, 2 graded before", BATCH "$D/in");
    prints("2\n", "grep -c begin $D/log");
    ends_with(EX_OK, "report of segment: 80.0",
              "$D/kit/build/vmgrade explain anna --out $D/out");
    ends_with(EX_OK, "the limit is taken for a size", "cat $D/out/class.html");
}

Test(batch, equal_submissions_are_graded_once)
{
    must("for s in a b c; do mkdir $D/in/$s; echo points 70 >$D/in/$s/behave; "
         "done; mkdir $D/in/d; echo points 71 >$D/in/d/behave");
    ends_with(EX_OK, "4 submissions in", BATCH "$D/in");
    prints("2\n", "grep -c begin $D/log");
    prints("3\n", CSV " | grep -c ,70,1,graded");
}

Test(batch, changed_submission_is_a_new_attempt)
{
    must("mkdir $D/in/a; echo points 70 >$D/in/a/behave");
    must(BATCH "$D/in");
    must("echo points 60 >$D/in/a/behave");
    must(BATCH "$D/in");
    prints("a,2,70\n", CSV " | tr -d '\\r' | cut -d, -f1,8,9 | tail -n +2");
    prints("a,2,60\n", CSV " --attempt last | tr -d '\\r' | "
                           "cut -d, -f1,8,9 | tail -n +2");
    /* The first once more is an attempt, but no grading. */
    must("echo points 70 >$D/in/a/behave");
    must(BATCH "$D/in");
    prints("a,3,70\n", CSV " --attempt last | tr -d '\\r' | "
                           "cut -d, -f1,8,9 | tail -n +2");
    prints("2\n", "grep -c begin $D/log");
}

/* ---- Trouble of the grader ----------------------------------------------- */

Test(batch, trouble_is_tried_twice_and_never_stops_the_others)
{
    must("for s in once ungraded die crash points; do mkdir $D/in/$s; "
         "echo $s 50 >$D/in/$s/behave; done");
    ends_with(EX_SOFTWARE, "2 graded, 0 graded before, 3 ungraded",
              BATCH "$D/in");
    ends_with(EX_OK, "less than 64 MiB free",
              "$D/kit/build/vmgrade explain die --out $D/out");
    prints("crash,,ungraded,\ndie,,ungraded,\nonce,50,graded,50\n"
           "points,50,graded,50\nungraded,,ungraded,\n",
           CSV " | tr -d '\\r' | cut -d, -f1,9,11,14 | tail -n +2");
    prints("9\n", "grep -c begin $D/log");
    /* The next run tries those alone. */
    must("echo points 51 >$D/in/die/behave");
    ends_with(EX_SOFTWARE, "1 graded, 2 graded before, 2 ungraded",
              BATCH "$D/in || exit $?");
}

Test(batch, submission_that_cannot_be_kept_is_ungraded)
{
    if (geteuid() != 0 || run("unshare -m true").code != 0) {
        cr_skip_test("only root can mount");
    }
    must("mkdir $D/in/a $D/in/b $D/in/c $D/out && echo x >$D/in/a/x && "
         "head -c 6000000 /dev/urandom >$D/in/b/large");
    ends_with(EX_SOFTWARE, "b is ungraded: cannot write",
              "unshare -m sh -c 'mount -t tmpfs -o size=4m tmpfs $D/out; " BATCH
              "$D/in; status=$?; " CSV "; exit $status'");
    prints("2\n", "grep -c end $D/log");
}

Test(batch, two_at_one_time_in_a_folder_are_refused)
{
    must("mkdir $D/in/a; echo slow 3 >$D/in/a/behave");
    ends_with(EX_TEMPFAIL, "another vmgrade is working",
              BATCH "$D/in >$D/first 2>&1 & "
                    "for i in $(seq 100); do grep -q begin $D/log && break; "
                    "sleep 0.1; done; " BATCH
                    "$D/in; status=$?; wait; exit $status");
}

/* ---- Being stopped ------------------------------------------------------- */

static void
make_class(void)
{
    for (int i = 0; i < CLASS; i++) {
        run("mkdir $D/in/s%02d; echo points %d slow 0.02 >$D/in/s%02d/behave",
            i, i * 3, i);
    }
}

static pid_t
start_batch(void)
{
    char *const log = text_format("%s/log", test_directory);
    char *const vmgrade = text_format("%s/kit/build/vmgrade", test_directory);
    char *const out = text_format("%s/out", test_directory);
    char *const in = text_format("%s/in", test_directory);
    char *const here = getcwd(NULL, 0);
    char *const stub =
        text_format("--grader=%s/tests/grader/stub_grader", here);
    const pid_t program = fork();
    if (program == 0) {
        const int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        setenv("STUB_LOG", log, 1);
        signal(SIGINT, SIG_DFL);
        execl(vmgrade, "vmgrade", "batch", "--out", out, "--jobs=2", stub,
              "--stage=segment", in, (char *)NULL);
        _exit(127);
    }
    free(log);
    free(vmgrade);
    free(out);
    free(in);
    free(here);
    free(stub);
    return program;
}

static int
stop(pid_t program, int number)
{
    int status;
    kill(program, number);
    waitpid(program, &status, 0);
    return status;
}

static void
rest(unsigned microseconds)
{
    nanosleep(&(struct timespec){microseconds / 1000000,
                                 (long)(microseconds % 1000000) * 1000},
              NULL);
}

/* No record was made twice: "end KEY DIGEST" is there once of each. */
static void
expect_nothing_twice(void)
{
    prints("", "grep end $D/log | sort | uniq -d");
}

/* Begins and ends of gradings so far. */
static size_t
lines_of_log(void)
{
    char *const log = text_read_file(path_of("log"), OUTPUT, NULL);
    size_t lines = 0;
    for (const char *at = log; at != NULL && (at = strchr(at, '\n')) != NULL;
         at++) {
        lines++;
    }
    free(log);
    return lines;
}

/* A number below `limit` of a fixed sequence. */
static unsigned
chance(unsigned limit)
{
    static unsigned long long state = 20260901;
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)((state >> 33) % limit);
}

/* Lets it grade for as long as that many gradings begin or end, and kills it a
 * moment later: how fast the machine is does not matter.  False when it was
 * done before. */
static bool
kill_after(size_t lines, unsigned microseconds)
{
    const size_t before = lines_of_log();
    const pid_t batch = start_batch();
    int status;
    while (lines_of_log() < before + lines) {
        if (waitpid(batch, &status, WNOHANG) == batch) {
            return false;
        }
        rest(500);
    }
    rest(microseconds);
    return WIFSIGNALED(stop(batch, SIGKILL));
}

Test(batch, killed_at_a_hundred_moments_it_goes_on_and_loses_nothing,
     .timeout = 1800)
{
    enum { LINES = 6, MOMENT = 30000, START = 200000 };
    int at_work = 0;
    make_class();
    for (int killed = 0; killed < KILLS;) {
        const size_t lines = chance(LINES);
        if (kill_after(lines, chance(lines > 0 ? MOMENT : START))) {
            killed++;
            at_work += run("test $(grep -c begin $D/log) -gt "
                           "$(grep -c end $D/log)")
                           .code == 0;
        } else {
            expect_nothing_twice();
            must("rm -r $D/out $D/log");
        }
    }
    cr_expect(at_work > KILLS / 4, "only %d while something was graded",
              at_work);
    ends_with(EX_OK, " 0 ungraded", BATCH "$D/in");
    expect_nothing_twice();
    must(CSV " >$D/after.csv; rm -r $D/out; " BATCH "$D/in");
    must(CSV " | cmp - $D/after.csv");
}

Test(batch, interrupted_it_ends_its_gradings_and_says_how_to_go_on)
{
    cr_assert(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    must("mkdir $D/in/a $D/in/b $D/in/c; echo slow 0 >$D/in/a/behave; "
         "echo slow 300 >$D/in/b/behave; echo slow 301 >$D/in/c/behave");
    const pid_t batch = start_batch();
    /* a is done, the others are at work */
    while (run("test $(grep -c begin $D/log) = 3").code != 0) {
        rest(50000);
    }
    const int status = stop(batch, SIGINT);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    cr_expect(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD,
              "a grading is left");
    must("echo points 1 >$D/in/b/behave; echo points 2 >$D/in/c/behave");
    ends_with(EX_OK, "2 graded, 1 graded before, 0 ungraded", BATCH "$D/in");
    expect_nothing_twice();
}

Test(batch, record_that_the_gradebook_lost_is_taken_in_again)
{
    make_class();
    must(BATCH "$D/in");
    must(CSV " >$D/before.csv; rm $D/out/gradebook.db*");
    ends_with(EX_OK, "0 graded, 24 graded before", BATCH "$D/in");
    must(CSV " | cmp - $D/before.csv");
}

/* ---- Regrading ----------------------------------------------------------- */

Test(batch, regrade_does_what_the_kit_has_changed)
{
    must("for s in a b; do mkdir $D/in/$s; echo points 5$s >$D/in/$s/x; done");
    must(BATCH "$D/in");
    const char *const regrade =
        "$D/kit/build/vmgrade regrade --out $D/out " STUB;
    ends_with(EX_OK, "0 graded, 2 graded before", regrade);
    /* A weight is applied when points are added up. */
    must("sed -i 's/weight: 100/weight: 50/' $D/kit/grader/catalogue.yaml");
    ends_with(EX_OK, "0 graded, 2 graded before", regrade);
    must("sed -i 's/cpu_ms: 500/cpu_ms: 501/' $D/kit/grader/catalogue.yaml");
    ends_with(EX_OK, "2 graded, 0 graded before", regrade);
    ends_with(EX_OK, "0 graded, 2 graded before", regrade);
    ends_with(EX_OK, "1 graded, 0 graded before",
              "$D/kit/build/vmgrade regrade a --again --out $D/out " STUB);
    /* Every grade that was is still there. */
    prints("3\n", "$D/kit/build/vmgrade explain a --out $D/out | "
                  "grep -c 'graded: 50 of 100'");
    prints("2\n", "$D/kit/build/vmgrade explain b --out $D/out | "
                  "grep -c 'graded: 50 of 100'");
}

/* ---- Layouts of the platforms -------------------------------------------- */

#define WHO CSV " | tr -d '\\r' | cut -d, -f1-7,8,9,13 | tail -n +2"

Test(batch, export_of_gradescope_is_understood)
{
    must("mkdir $D/in/submission_1 $D/in/submission_2 $D/in/stray && "
         "echo points 90 >$D/in/submission_1/behave && "
         "echo points 20 >$D/in/submission_2/behave && "
         "cat >$D/in/submission_metadata.yml <<'E'\n"
         "---\n"
         "submission_1:\n"
         "  :submitters:\n"
         "  - :name: Jane Doe\n"
         "    :sid: '0012'\n"
         "    :email: jane@example.edu\n"
         "  - :name: \"=1+1\"\n"
         "    :sid:\n"
         "    :email: x@example.edu\n"
         "  :created_at: 2026-10-01 12:00:00.000000000 Z\n"
         "submission_2:\n"
         "  :submitters:\n"
         "  - :name: 张伟\n"
         "    :email:\n"
         "    :sid: 7\n"
         "submission_3:\n"
         "  :submitters: []\n"
         "../../etc:\n"
         "  :submitters: []\n"
         "E");
    ends_with(EX_OK, "stray: not in the metadata", BATCH "$D/in");
    prints("x@example.edu,'=1+1,x@example.edu,,,,,1,90,\n"
           "jane@example.edu,Jane Doe,jane@example.edu,0012,,,,1,90,\n"
           "7,张伟,,7,,,,1,20,\n",
           WHO);
    prints("2\n", "grep -c begin $D/log");
    ends_with(EX_OK, "2026-10-01 12:00:00",
              "$D/kit/build/vmgrade explain jane --out $D/out");
    ends_with(EX_DATAERR, "submission_metadata.yml:3: not YAML",
              "printf '{\\n[' >$D/in/submission_metadata.yml; " BATCH "$D/in");
}

Test(batch, download_of_canvas_is_understood)
{
    must(
        "cd $D/in && echo points 90 >doejane_4321_98765_behave && "
        "echo x >doejane_4321_98766_segment-1.c && "
        "echo points 30 >oneil_LATE_77_99001_behave && "
        "(mkdir w && echo points 10 >w/behave && tar czf liwei_8_5_work.tar.gz "
        "-C w behave && rm -r w) && echo hi >readme");
    ends_with(EX_OK, "readme: no name that Canvas gives", BATCH "$D/in");
    prints("4321,doejane,,,,4321,,1,90,\n8,liwei,,,,8,,1,50,\n"
           "77,oneil,,,,77,,1,30,late\n",
           WHO);
    /* Under the names that they had at home; an archive as it is. */
    prints("behave\nsegment.c\n",
           "ls $D/out/submissions/$(grep -l 90 $D/out/submissions/*/behave | "
           "cut -d/ -f6)");
    prints("behave\n", "for f in $D/out/submissions/*; do test -d $f || tar "
                       "tzf $f; done");
}

Test(batch, download_of_moodle_is_understood)
{
    must("cd $D/in && mkdir 'Jane A. Doe_1234567_assignsubmission_file_' "
         "\"O'Neil_x_77_assignsubmission_file_\" "
         "'Jane A. Doe_1234567_assignsubmission_onlinetext_' && "
         "echo points 90 >'Jane A. Doe_1234567_assignsubmission_file_'/behave "
         "&& echo x >li.c && tar czf \"O'Neil_x_77_assignsubmission_file_"
         "/w.tgz\" li.c && rm li.c && "
         "echo points 20 >'Li Wei_8_assignsubmission_file_behave'");
    ends_with(EX_OK, "text that was typed in", BATCH "$D/in");
    prints("1234567,Jane A. Doe,,,,,1234567,1,90,\n"
           "8,Li Wei,,,,,8,1,20,\n77,O'Neil_x,,,,,77,1,50,\n",
           WHO);
    prints("li.c\n", "for f in $D/out/submissions/*; do test -d $f || tar "
                     "tzf $f; done");
}

Test(batch, roster_says_who_is_who)
{
    must("mkdir $D/in/jdoe $D/in/0012 $D/in/stranger && "
         "echo points 80 >$D/in/jdoe/behave && printf '"
         "\"Student\",ID,SIS User ID,SIS Login ID,Section,\"A (5)\"\\n"
         "    Points Possible,,,,,20\\n"
         "\"Doe, Jane\",4321,u123,jdoe,OS-01,\\n"
         "\"Nil, Zoe\",99,0012,znil,OS-01,\\n"
         "\"Absent, Al\",98,u9,al,OS-01,\\n' >$D/roster.csv");
    must(BATCH "$D/in --roster $D/roster.csv");
    prints("u9|Absent, Al|u9|al|98|0|-\nu123|Doe, Jane|u123|jdoe|4321|1|80\n"
           "0012|Nil, Zoe|0012|znil|99|1|50\nstranger|||||1|50\n",
           "$D/kit/build/vmgrade export --out $D/out --format json | jq -r "
           "'.students[] | [.student, .name, .sid, .login, .canvas, "
           "(.attempts | tostring), (.stages[0].must.got // \"-\" | "
           "tostring)] | join(\"|\")'");
}

/* ---- Containers ---------------------------------------------------------- */

/* An engine that has one image, and a docker/grade that notes how it is called:
 * the record comes out on standard output, the report on standard error. */
Test(batch, containers_are_asked_for_one_record_at_a_time)
{
    must(
        "mkdir $D/bin $D/in/a $D/in/b && echo hi >$D/in/b/x && "
        "printf '#!/bin/sh\necho sha256:0123\n' >$D/bin/docker && "
        "cat >$D/bin/grade <<'E' && chmod +x $D/bin/*\n"
        "#!/bin/sh\n"
        "echo \"$@\" >>$D/calls\n"
        "echo the whole report >&2\n"
        "case $6 in */$(cat $D/cut 2>/dev/null)) printf '{\"schema'; exit 70;; "
        "esac\n"
        "echo '{\"schema\": \"vmlab.result/1\", \"trouble\": [], \"stages\": "
        "[{\"name\": \"segment\", \"status\": \"graded\", \"score\": "
        "{\"must\": {\"got\": 64, \"of\": 100}}}]}'\n"
        "E");
    const char *const batch =
        "PATH=$D/bin:$PATH $D/kit/build/vmgrade batch --out $D/out --jobs 2 "
        "--engine docker --image i --grader $D/bin/grade --stage segment $D/in";
    ends_with(EX_OK, "2 graded, 0 graded before, 0 ungraded", batch);
    prints("a,64\nb,64\n", CSV " | cut -d, -f1,9 | tail -n +2");
    prints("2\n", "grep -c -e \"^--engine docker --image i --one "
                  "$D/out/submissions/[0-9a-f]* -- --seed=20260901 "
                  "--stage=segment$\" $D/calls");
    ends_with(EX_OK, "the whole report",
              "$D/kit/build/vmgrade explain a --out $D/out");
    ends_with(EX_OK, "0 graded, 2 graded before", batch);
    /* Half a record is none; the kit is the image's content. */
    must("sed -i s/0123/4567/ $D/bin/docker; "
         "basename $(dirname $D/out/submissions/*/x) >$D/cut");
    ends_with(EX_SOFTWARE, "1 graded, 0 graded before, 1 ungraded", batch);
    must("rm $D/cut");
    ends_with(EX_OK, "1 graded, 1 graded before, 0 ungraded", batch);
}

/* Of a record that this kit can read there is a report for each stage, as of
 * one that was graded here. */
Test(batch, containers_records_become_reports_of_stages)
{
    must("mkdir $D/bin && cp -r tests/submissions/course/lucas-meyer.zip "
         "$D/in && printf '#!/bin/sh\necho sha256:0123\n' >$D/bin/docker && "
         "cat >$D/bin/grade <<E && chmod +x $D/bin/*\n"
         "#!/bin/sh\n"
         "$PWD/build/vmgrade grade --quiet --stage segment --json $D/record "
         "\\$6 >&2\n"
         "cat $D/record\n"
         "E");
    ends_with(EX_OK, "1 graded, 0 graded before, 0 ungraded",
              "PATH=$D/bin:$PATH build/vmgrade batch --out $D/out --engine "
              "docker --image i --grader $D/bin/grade --stage segment $D/in");
    prints("segment.txt\nsubmission.txt\n",
           "cd $D/out/records/* && ls | grep -v -e log -e json");
    must("build/vmgrade grade --quiet --stage segment --reports $D "
         "$D/out/submissions/* >/dev/null && cd $D/out/records/* && "
         "diff $D/submission.txt . && "
         "sed '/^    repeat/,/^    next/{/next/!d}' $D/segment.txt | "
         "diff - segment.txt");
}

/* ---- The grader itself ---------------------------------------------------- */

Test(batch, students_reports_show_what_they_may)
{
    must("cp -r tests/submissions/course/nguyen-thi-lan "
         "tests/submissions/course/hana-sato $D/in");
    ends_with(EX_OK, "2 graded",
              "$D/kit/build/vmgrade batch $D/in --out $D/out --jobs 1");
#define REPORTS                                                                \
    "$D/kit/build/vmgrade export --out $D/out --format reports --output $D/r "
    must(REPORTS "--show everything");
    ends_with(EX_OK, "failed           last_byte_of_a_segment_is_inside",
              "cat $D/r/nguyen-thi-lan.txt");
    ends_with(EX_OK, "did you mean segment.c?", "cat $D/r/hana-sato.txt");
    must(REPORTS "--show nothing");
    ends_with(1, "", "grep last_byte_of_a_segment $D/r/nguyen-thi-lan.txt");
    ends_with(EX_OK, "nothing of them is shown", "cat $D/r/nguyen-thi-lan.txt");
    /* Titles, which is what is shown when nothing is said, and no values. */
    must(REPORTS);
    ends_with(EX_OK, "last_byte_of_a_segment", "cat $D/r/nguyen-thi-lan.txt");
    ends_with(1, "", "grep hidden_translate.c $D/r/nguyen-thi-lan.txt");
    /* The instructor's own has the same points. */
    prints("1\n", "head -n 3 $D/r/nguyen-thi-lan.txt | grep -cF \"$(grep -h "
                  "'^segment  ' $D/out/records/*/segment.txt)\"");
}

/* ---- Hostile names ------------------------------------------------------- */

Test(batch, hostile_names_do_no_harm)
{
    must("cd $D/in && mkdir -- '=HYPERLINK(\"http:x\")' '-rf' "
         "\"$(printf 'new\\nline')\" \"$(printf 'esc\\033[31m')\" "
         "\"$(printf 'bad\\377')\" \"$(printf 'bad\\376')\" "
         "'<script>alert(1)<' \"a'b; DROP TABLE student\" '@SUM(1)' "
         "'%s%n' 'x..'");
    ends_with(EX_OK, "11 submissions in", BATCH "$D/in");
    must(CSV " >$D/c.csv");
    /* No cell begins a formula, no byte is out of place. */
    ends_with(1, "", "grep -E '(^|,)\"?[-=+@]' $D/c.csv");
    must("iconv -f UTF-8 -t UTF-8 $D/c.csv >/dev/null");
    ends_with(1, "", "grep -P '\\x1b' $D/c.csv");
    prints("11\n", "grep -c ',1,50,1,graded' $D/c.csv");
    must("iconv -f UTF-8 -t UTF-8 $D/out/class.html >/dev/null");
    ends_with(1, "", "grep -e '<script' -e onerror $D/out/class.html");
    ends_with(EX_OK, "&lt;script&gt;alert(1)", "cat $D/out/class.html");
    must("$D/kit/build/vmgrade export --out $D/out --format json | "
         "python3 -m json.tool >/dev/null");
}

/* What a student can have the grader say, in every form that it is said in:
 * a name, a message of the compiler, of an own test, a word that is printed. */
Test(batch, hostile_words_do_no_harm_in_any_report)
{
    static const char *const reports[] = {
        "$D/kit/build/vmgrade grade $D/in/*",
        "$D/kit/build/vmgrade grade --scoreboard $D/in/*",
        "$D/kit/build/vmgrade grade --json $D/one.json $D/in/* && "
        "cat $D/one.json",
        "$D/kit/build/vmgrade explain script --out $D/out",
        "$D/kit/build/vmgrade export --out $D/out --format csv",
        "$D/kit/build/vmgrade export --out $D/out --format json",
        "$D/kit/build/vmgrade export --out $D/out --format html",
        "$D/kit/build/vmgrade export --out $D/out --format reports "
        "--show everything --output $D/r && ls $D/r && cat $D/r/*",
        "cat $D/out/class.html $D/out/records/*/*.txt "
        "$D/out/records/*/*.json",
        "$D/kit/build/vmgrade gradescope --metadata $D/metadata --settings "
        "docker/gradescope/gradescope.yaml --out $D/scope $D/in/* && "
        "cat $D/scope",
    };
    must("cd $D/in && s=\"$(printf "
         "'=1+1 <script>alert(1)<\\342\\200\\256\\033[2J\\377')\" && mkdir "
         "\"$s\" && cp $OLDPWD/assignments/segment/segment.c \"$s\" && printf "
         "'#include \"segment/segment.h\"\\n#include \"vmlab_test.h\"\\n"
         "#warning =2+2 <script>\\033[31m\\342\\200\\256\\377 warned\\n"
         "VMLAB_SUITE(segment)\\nTest(segment, words)\\n{\\n"
         "    printf(\"<script>\\\\033[2J\\\\342\\\\200\\\\256\\\\377\");\\n"
         "    cr_assert_fail(\"=3+3 ]]> <script>alert(3)<"
         "\\\\033[2J\\\\033]0;owned\\\\007 \\\\342\\\\200\\\\256 \\\\377 "
         "said\");"
         "\\n}\\n' >\"$s\"/segment_test.c && "
         "printf '\\nint seg_\\033x\\342\\200\\256y;\\n' "
         ">>\"$s\"/segment_test.c; "
         "sed -i '$d' \"$s\"/segment_test.c");
    must("echo '{}' >$D/metadata");
    ends_with(EX_OK, "1 graded",
              "$D/kit/build/vmgrade batch $D/in --out $D/out --jobs 1");
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        char *const report = text_format("(%s) >$D/report 2>&1", reports[i]);
        must(report);
        must("iconv -f UTF-8 -t UTF-8 $D/report >/dev/null");
        /* Nothing that moves a terminal, nothing that turns the text round. */
        ends_with(1, "",
                  "tr -d '\\r' <$D/report | LC_ALL=C grep -aP "
                  "'[\\x00-\\x08\\x0b-\\x1f\\x7f]|\\xe2\\x80\\xae'");
        ends_with(EX_OK, "script", "cat $D/report");
        free(report);
    }
    ends_with(1, "", "grep '<script' $D/out/class.html");
    must("python3 -m json.tool $D/scope >/dev/null");
    ends_with(1, "",
              "grep -E '\"(name|output)_format\": *\"(html|md|ansi)' "
              "$D/scope");
    ends_with(EX_OK, "said", "cat $D/scope");
    ends_with(EX_OK, "'=1+1", "$D/kit/build/vmgrade export --out $D/out");
}

Test(batch, links_and_odd_files_are_not_followed)
{
    must("mkdir $D/in/a $D/secret && echo points 99 >$D/secret/behave && "
         "ln -s $D/secret/behave $D/in/a/behave && mkfifo $D/in/a/pipe && "
         "ln -s $D/secret $D/in/b && truncate -s 1T $D/in/a/huge");
    ends_with(EX_OK, "b: neither a folder nor a file", BATCH "$D/in");
    prints("huge\n", "cd $D/out/submissions/* && find . -type f | sed s,./,,");
    must("test $(du -sk $D/out/submissions | cut -f1) -lt 1000");
}
