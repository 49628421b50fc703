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
#include "rubric.h"
#include "text.h"

enum { LONG_MS = 24 * 60 * 60 * 1000 };

static void
compile(const struct kit *kit, const struct kit_stage *stage,
        const char *folder, const char *program)
{
    const char *const name = stage->stage->name;
    char *const command = text_format(
        "%s -std=c11 -O0 -g -I'%s/assignments' -o '%s' '%s/%s.c' '%s' %s",
        VMLAB_CC, kit->root, program, folder, name, stage->subject_object,
        VMLAB_LINK_FLAGS);
    const int status = system(command);
    if (status != 0) {
        die(EX_DATAERR, "%s/%s.c does not compile: vmlab check %s tells why",
            folder, name, name);
    }
    free(command);
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
    die(EX_UNAVAILABLE, "cannot start gdb (apt-get install gdb):");
}

static noreturn void
become_judge(const struct kit_stage *stage, const char *test, uint64_t seed,
             int control)
{
    char list[] = "/tmp/vmlab-debug-XXXXXX";
    const int file = mkstemp(list);
    if (file < 0 || dprintf(file, "public/%s\n", test) < 0) {
        die(EX_CANTCREAT, "cannot write %s:", list);
    }
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
    char *const program =
        text_format("%s/build/debug-%s", kit->root, stage->stage->name);
    compile(kit, stage, folder, program);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        die(EX_OSERR, "cannot make a socket pair:");
    }
    const pid_t judge = fork();
    if (judge == 0) {
        become_judge(stage, test, seed, pair[0]);
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
    free(program);
}
