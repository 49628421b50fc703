/* process_test.c - what becomes of programs that the grader runs. */
#include "steps.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- Acts ---------------------------------------------------------------- */

static int
exit_with(const char *argument)
{
    return atoi(argument);
}

static int
die_by(const char *argument)
{
    raise(atoi(argument));
    return 0;
}

static int
print_lines(const char *argument)
{
    const int count = atoi(argument);
    for (int i = 0; i < count; i++)
        printf("line %07d\n", i);
    return 0;
}

static int
print_both(const char *argument)
{
    printf("out ");
    fflush(stdout);
    fprintf(stderr, "err %s", argument);
    return 0;
}

static int
print_input(const char *argument)
{
    char text[100] = "";
    ssize_t length = read(0, text, sizeof text - 1);
    printf("%s%zd:%s", argument, length, text);
    return 0;
}

static int
print_surroundings(const char *argument)
{
    extern char **environ;
    char *here = getcwd(NULL, 0);
    int count = 0;
    for (char **variable = environ; *variable; variable++)
        count++;
    printf("%s%s %d", argument, here, count);
    free(here);
    return 0;
}

static int
print_descriptors(const char *argument)
{
    for (int i = 0; i < 1000; i++)
        if (fcntl(i, F_GETFD) >= 0)
            printf("%s%d ", argument, i);
    return 0;
}

static int
read_kept(const char *argument)
{
    char text[3] = "";
    if (read(60, text, 1) != 1 || read(61, text + 1, 1) != 1)
        return 1;
    printf("%s%s", argument, text);
    return 0;
}

static int
sleep_long(const char *argument)
{
    for (int number = 1; number < 32; number++)
        signal(number, SIG_IGN);
    sleep(1000);
    return *argument;
}

static int
spin(const char *argument)
{
    for (volatile unsigned i = 0;; i++)
        if (argument[0] == '!')
            return 0;
}

static int
stop_itself(const char *argument)
{
    raise(SIGSTOP);
    return *argument;
}

/* A daemon: out of the parent's session, group and line of descent. */
static int
leave_daemon(const char *argument)
{
    int ready[2];
    char byte;
    if (pipe(ready))
        return 1;
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            setsid();
            for (int number = 1; number < 32; number++)
                signal(number, SIG_IGN);
            if (write(ready[1], "x", 1) != 1)
                _exit(1);
            sleep(1000); /* holds standard output open, too */
        }
        _exit(0);
    }
    if (read(ready[0], &byte, 1) != 1)
        return 1;
    printf("daemon started");
    fflush(stdout);
    if (strcmp(argument, "stay") == 0)
        sleep(1000);
    return 0;
}

static int
print_for_ever(const char *argument)
{
    for (;;)
        if (puts(argument) < 0)
            return 1;
}

const struct act acts[] = {
    {"exit", exit_with},
    {"die", die_by},
    {"lines", print_lines},
    {"both", print_both},
    {"input", print_input},
    {"surroundings", print_surroundings},
    {"descriptors", print_descriptors},
    {"read kept", read_kept},
    {"sleep", sleep_long},
    {"spin", spin},
    {"stop", stop_itself},
    {"daemon", leave_daemon},
    {"flood", print_for_ever},
    {NULL, NULL},
};

TestSuite(process, .fini = forget, .timeout = 120);

/* ---- How it ended -------------------------------------------------------- */

Test(process, exit_status_is_told)
{
    enter(AS_STARTED);
    struct process_result result = act(NULL, "exit", "7");
    cr_assert_eq(result.end, PROCESS_EXITED);
    cr_assert_eq(result.code, 7);
    cr_assert_str_eq(result.output, "");
    cr_assert_gt(result.peak_kib, 0);
    process_result_free(&result);
}

Test(process, signal_is_told)
{
    enter(AS_STARTED);
    struct process_result result = act(NULL, "die", "11");
    cr_assert_eq(result.end, PROCESS_SIGNALLED);
    cr_assert_eq(result.code, SIGSEGV);
    process_result_free(&result);
}

Test(process, program_that_is_not_there_is_told)
{
    char *const *const missing[] = {
        (char *const[]){(char *)"no-such-program-here", NULL},
        (char *const[]){(char *)"/no/such/program", NULL},
    };
    for (int i = 0; i < 2; i++) {
        struct process_result result = process_run(
            &(struct process){.argv = missing[i], .standard_input = -1});
        cr_assert_eq(result.end, PROCESS_NOT_FOUND);
        cr_assert_eq(result.code, ENOENT);
        process_result_free(&result);
    }
}

Test(process, name_is_looked_up_in_path)
{
    struct process_result result = process_run(&(struct process){
        .argv = (char *const[]){(char *)"true", NULL}, .standard_input = -1});
    cr_assert_eq(result.end, PROCESS_EXITED);
    cr_assert_eq(result.code, 0);
    process_result_free(&result);
}

/* ---- Output -------------------------------------------------------------- */

Test(process, output_and_error_come_together_in_order)
{
    enter(AS_STARTED);
    struct process_result result = act(NULL, "both", "x");
    cr_assert_str_eq(result.output, "out err x");
    cr_assert_not(result.output_cut);
    process_result_free(&result);
}

Test(process, long_output_keeps_head_and_tail)
{
    enter(AS_STARTED);
    struct process process = {
        .argv = ACT("lines", "100000"),
        .standard_input = -1,
        .output_limit = 2 * 5 * 13, /* five lines at either end */
    };
    struct process_result result = process_run(&process);
    cr_assert(result.output_cut);
    cr_assert_eq(result.output_bytes, 130);
    cr_assert_eq(strncmp(result.output, "line 0000000\n", 13), 0);
    cr_assert_eq(strncmp(result.output + 4 * 13, "line 0000004\n", 13), 0);
    cr_assert_str_eq(result.output + 5 * 13,
                     "line 0099995\nline 0099996\nline 0099997\n"
                     "line 0099998\nline 0099999\n");
    process_result_free(&result);
}

Test(process, output_of_exactly_the_limit_is_whole)
{
    enter(AS_STARTED);
    for (size_t limit = 38; limit <= 40; limit++) {
        struct process_result result =
            process_run(&(struct process){.argv = ACT("lines", "3"),
                                          .standard_input = -1,
                                          .output_limit = limit});
        cr_assert_eq(result.output_cut, limit < 39);
        cr_assert_eq(result.output_bytes, limit < 39 ? limit : 39);
        process_result_free(&result);
    }
}

Test(process, output_may_be_thrown_away)
{
    enter(AS_STARTED);
    struct process_result result = process_run(
        &(struct process){.argv = ACT("lines", "10000"), .standard_input = -1});
    cr_assert_eq(result.code, 0);
    cr_assert_str_eq(result.output, "");
    process_result_free(&result);
}

Test(process, endless_output_is_bounded)
{
    enter(AS_STARTED);
    struct process_result result =
        process_run(&(struct process){.argv = ACT("flood", "flood"),
                                      .standard_input = -1,
                                      .wall_ms = 300,
                                      .output_limit = 1000});
    cr_assert_eq(result.end, PROCESS_OUT_OF_TIME);
    cr_assert_eq(result.output_bytes, 1000);
    process_result_free(&result);
}

/* ---- What it is given ---------------------------------------------------- */

Test(process, input_is_empty_or_what_was_given)
{
    enter(AS_STARTED);
    struct process_result result = act(NULL, "input", "");
    cr_assert_str_eq(result.output, "0:");
    process_result_free(&result);

    int pipes[2];
    cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
    cr_assert_eq(write(pipes[1], "hello", 5), 5);
    result = process_run(&(struct process){.argv = ACT("input", ""),
                                           .standard_input = pipes[0],
                                           .output_limit = 100});
    cr_assert_str_eq(result.output, "5:hello");
    process_result_free(&result);
}

Test(process, surroundings_are_empty_unless_given)
{
    enter(AS_STARTED);
    struct process_result result =
        process_run(&(struct process){.argv = ACT("surroundings", ""),
                                      .standard_input = -1,
                                      .directory = "/usr",
                                      .output_limit = 100});
    cr_assert_str_eq(result.output, "/usr 0");
    process_result_free(&result);
    result = process_run(&(struct process){
        .argv = ACT("surroundings", ""),
        .standard_input = -1,
        .environment = (char *const[]){(char *)"A=1", (char *)"B=2", NULL},
        .directory = "/",
        .output_limit = 100});
    cr_assert_str_eq(result.output, "/ 2");
    process_result_free(&result);
}

Test(process, only_descriptors_named_are_inherited)
{
    enter(AS_STARTED);
    for (int i = 0; i < 10; i++) /* these must not get through */
        cr_assert_gt(open("/dev/null", O_RDONLY), 2);
    cr_assert_eq(dup2(1, 57), 57);
    const int other = fcntl(1, F_DUPFD_CLOEXEC, 100);
    struct process_result result =
        process_run(&(struct process){.argv = ACT("descriptors", ""),
                                      .standard_input = -1,
                                      .keep = (const int[]){other, 57},
                                      .keep_count = 2,
                                      .output_limit = 1000});
    cr_assert_eq(other, 100);
    cr_assert_str_eq(result.output, "0 1 2 57 100 ");
    process_result_free(&result);
}

Test(process, descriptors_are_moved_where_the_program_expects_them)
{
    enter(AS_STARTED);
    /* Each stands where another is to go. */
    int file[2];
    for (int i = 0; i < 2; i++) {
        const int made = memfd_create("file", MFD_CLOEXEC);
        file[i] = 61 - i;
        cr_assert_eq(write(made, i ? "B" : "A", 1), 1);
        cr_assert_eq(lseek(made, 0, SEEK_SET), 0);
        cr_assert_eq(dup3(made, file[i], O_CLOEXEC), file[i]);
        close(made);
    }
    struct process_result result =
        process_run(&(struct process){.argv = ACT("read kept", ""),
                                      .standard_input = -1,
                                      .keep = file,
                                      .keep_count = 2,
                                      .keep_at = (const int[]){60, 61},
                                      .output_limit = 100});
    cr_assert_str_eq(result.output, "AB");
    cr_assert_neq(fcntl(60, F_GETFD), -1, "the grader's own are not touched");
    cr_assert_neq(fcntl(61, F_GETFD), -1);
    process_result_free(&result);
}

/* ---- Time ---------------------------------------------------------------- */

Test(process, wall_time_ends_a_sleeper_that_ignores_signals)
{
    enter(AS_STARTED);
    struct process_result result = process_run(&(struct process){
        .argv = ACT("sleep", ""), .standard_input = -1, .wall_ms = 300});
    cr_assert_eq(result.end, PROCESS_OUT_OF_TIME);
    cr_assert_eq(acting(), 0);
    process_result_free(&result);
}

Test(process, wall_time_ends_a_stopped_program)
{
    enter(AS_STARTED);
    struct process_result result = process_run(&(struct process){
        .argv = ACT("stop", ""), .standard_input = -1, .wall_ms = 300});
    cr_assert_eq(result.end, PROCESS_OUT_OF_TIME);
    cr_assert_eq(acting(), 0);
    process_result_free(&result);
}

/* As a worker of Criterion, which is killed before it has taken its settings. */
Test(process, what_a_killed_one_leaves_by_its_number_goes_with_it)
{
    enter(AS_STARTED);
    char left[] = "/tmp/vmlab-left-XXXXXX";
    cr_assert_not_null(mkdtemp(left));
    char *const leavings = text_format("%s/by_", left);
    char *const script = text_format(
        "for i in 1 2; do sh -c 'echo >%s$$; sleep 100' & done; echo >%s$$; "
        "echo >%s/another; wait",
        leavings, leavings, left);
    struct process_result result = process_run(&(struct process){
        .argv = (char *[]){"/bin/sh", "-c", script, NULL},
        .environment = (char *[]){"PATH=/usr/bin:/bin", NULL},
        .standard_input = -1,
        .leavings = leavings,
        .wall_ms = 1000});
    cr_assert_eq(result.end, PROCESS_OUT_OF_TIME);
    process_result_free(&result);
    char *const look = text_format(
        "test \"$(ls %s)\" = another && rm -r %s", left, left);
    cr_assert_eq(system(look), 0);
    free(look);
    free(script);
    free(leavings);
}

Test(process, processor_time_ends_an_endless_loop)
{
    enter(AS_STARTED);
    struct sandbox sandbox = sandbox_to_act(SANDBOX_TOOL);
    sandbox.cpu_ms = 1000;
    struct process_result result = act(&sandbox, "spin", "");
    cr_assert_eq(result.end, PROCESS_OUT_OF_TIME);
    cr_assert_eq(result.code, SIGXCPU, "not by the wall time");
    cr_assert_gt(result.cpu_seconds, 0);
    cr_assert_eq(acting(), 0);
    process_result_free(&result);
}

/* ---- What is left -------------------------------------------------------- */

IN_EVERY_SITUATION(process, daemon_does_not_outlive_its_step)
{
    struct sandbox sandbox = sandbox_to_act(SANDBOX_TESTER);
    struct process_result result = act(&sandbox, "daemon", "");
    cr_assert_eq(result.end, PROCESS_EXITED);
    cr_assert_eq(result.code, 0);
    cr_assert_str_eq(result.output, "daemon started");
    cr_assert_eq(acting(), 0);
    process_result_free(&result);
}

/* A grader of our own that runs a program which has a daemon, and then dies. */
IN_EVERY_SITUATION(process, killed_grader_leaves_nothing_running)
{
    struct sandbox sandbox = sandbox_to_act(SANDBOX_TESTER);
    const pid_t grader = fork();
    if (grader == 0) {
        act(&sandbox, "daemon", "stay");
        _exit(0);
    }
    for (int i = 0; i < 1000 && acting() < 2; i++)
        rest_ms(10);
    cr_assert_geq(acting(), 2, "program and daemon run");
    cr_assert_eq(kill(grader, SIGKILL), 0);
    cr_assert_eq(waitpid(grader, NULL, 0), grader);
    for (int i = 0; i < 1000 && acting(); i++)
        rest_ms(10);
    cr_assert_eq(acting(), 0);
}

/* ---- Programs that are talked to ----------------------------------------- */

Test(process, started_program_is_stopped_with_its_daemon)
{
    enter(AS_STARTED);
    int pipes[2];
    char text[100] = "";
    cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
    struct process_running running = process_start(
        &(struct process){.argv = ACT("daemon", "stay"), .standard_input = -1},
        pipes[1]);
    cr_assert_eq(read(pipes[0], text, sizeof text - 1), 14);
    cr_assert_str_eq(text, "daemon started");
    cr_assert_eq(kill(running.pid, 0), 0);
    const int status = process_stop(&running, 50);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    cr_assert_eq(acting(), 0);
}

Test(process, started_program_that_ends_by_itself_is_not_killed)
{
    enter(AS_STARTED);
    struct process_running running = process_start(
        &(struct process){.argv = ACT("exit", "5"), .standard_input = -1}, 1);
    const int status = process_stop(&running, 10000);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 5);
}
