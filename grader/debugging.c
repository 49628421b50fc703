/*
 * debugging.c - see debugging.h.
 *
 * The program in gdb is the zygote; gdb follows its child into the student's
 * code.  The judge waits for the child's answers as long as it takes.  Nothing
 * is sandboxed: it is the student's own code on the student's own machine.
 */
#include "debugging.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/bridge.h"
#include "die.h"
#include "process.h"
#include "text.h"
#include "tools.h"
#include "work.h"

enum { LONG_MS = 24 * 60 * 60 * 1000, COMPILE_MS = 60000, OUTPUT = 1 << 16 };

/* The module at -O0: every line and variable is there to be looked at. */
static void
compile(const struct kit *kit, const struct kit_stage *stage,
        const char *folder, const char *program)
{
    const char *const name = stage->stage->name;
    char *const source = text_format("%s/%s.c", folder, name);
    struct strings argv = {0};
    if (access(source, R_OK) != 0) {
        die(EX_NOINPUT, "cannot read %s:", source);
    }
    strings_add(&argv, VMLAB_CC);
    strings_add(&argv, "-std=c11");
    strings_add(&argv, "-O0");
    strings_add(&argv, "-g");
    strings_addf(&argv, "-I%s", kit->headers);
    strings_add(&argv, "-o");
    strings_add(&argv, program);
    strings_add(&argv, source);
    strings_add(&argv, stage->subject_object);
    strings_add(&argv, VMLAB_LINK_FLAGS); /* one word */
    const struct process process = {
        .argv = argv.item,
        .environment = environ,
        .standard_input = -1,
        .wall_ms = COMPILE_MS,
        .output_limit = OUTPUT,
    };
    struct process_result result = process_run(&process);
    if (result.end != PROCESS_EXITED || result.code != 0) {
        fputs(result.output, stderr);
        die(EX_DATAERR, "%s does not compile: correct it first", source);
    }
    process_result_free(&result);
    strings_free(&argv);
    free(source);
}

static noreturn void
become_gdb(const struct kit_stage *stage, const char *program, int control)
{
    struct strings argv = {0};
    strings_add(&argv, "gdb");
    strings_add(&argv, "-q");
    strings_add(&argv, "-ex");
    strings_add(&argv, "set follow-fork-mode child");
    strings_add(&argv, "-ex");
    strings_add(&argv, "set confirm off");
    for (size_t i = 0; i < stage->functions.count; i++) {
        strings_add(&argv, "-ex");
        strings_addf(&argv, "break %s", stage->functions.item[i]);
    }
    strings_add(&argv, "-ex");
    strings_add(&argv, "run");
    strings_add(&argv, program);
    dup2(control, BRIDGE_CONTROL); /* not close-on-exec at this number */
    execvp("gdb", argv.item);
    _exit(EX_OSERR);
}

static noreturn void
become_judge(const struct kit_stage *stage, const char *list, uint64_t seed,
             int control)
{
    const int log = open("/dev/null", O_WRONLY);
    dup2(control, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    char *const seed_text = text_format("%llu", (unsigned long long)seed);
    char *const patience = text_format("%d", LONG_MS);
    setenv("VMLAB_TESTS", list, 1);
    setenv("VMLAB_SEED", seed_text, 1);
    setenv("VMLAB_CPU_MS", patience, 1);
    setenv("VMLAB_WALL_MS", patience, 1);
    setenv("VMLAB_PATIENT", "1", 1);
    execl(stage->judge, stage->judge, "--quiet", (char *)NULL);
    _exit(EXIT_FAILURE);
}

void
debug_module(const struct kit *kit, const struct kit_stage *stage,
             const char *folder, const char *test, uint64_t seed)
{
    int pair[2];
    tool_must_be_there("gdb", "gdb", "is the debugger");
    tool_must_be_there(VMLAB_CC, VMLAB_CC, "compiles the module");
    char *const work = work_make();
    char *const program = text_format("%s/%s", work, stage->stage->name);
    char *const list = text_format("%s/tests", work);
    char *const line = text_format("public/%s\n", test);
    if (text_write_file(list, line, strlen(line)) != 0) {
        die(EX_CANTCREAT, "cannot write %s:", list);
    }
    compile(kit, stage, folder, program);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        die(EX_OSERR, "cannot make a socket pair:");
    }
    const pid_t judge = fork();
    if (judge == 0) {
        become_judge(stage, list, seed, pair[0]);
    }
    printf("The test %s calls your functions; gdb stops at each. Leave with "
           "quit.\n",
           test);
    fflush(stdout);
    const pid_t gdb = fork();
    if (gdb == 0) {
        become_gdb(stage, program, pair[1]);
    }
    if (judge < 0 || gdb < 0) {
        die(EX_OSERR, "cannot start a process:");
    }
    close(pair[0]);
    close(pair[1]);
    waitpid(gdb, NULL, 0);
    waitpid(judge, NULL, 0);
    work_remove(work);
    free(line);
    free(list);
    free(program);
    free(work);
}
