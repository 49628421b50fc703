/*
 * steps.h - for tests of process, sandbox and build: this test program as a
 * misbehaving step, and the situations in which a grader may find itself.
 *
 * The program executes itself: `PROGRAM --act NAME MARK ARGUMENT` performs the
 * act of that name (acts, defined by the test file) instead of running tests.
 * The mark is unique to a test, so that what is left of it can be found.
 */
#ifndef VMLAB_TESTS_STEPS_H
#define VMLAB_TESTS_STEPS_H

#include <criterion/criterion.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "sandbox/sandbox.h"
#include "text.h"

struct act {
    const char *name;
    int (*perform)(const char *argument); /* exit status */
};
extern const struct act acts[]; /* ends with a name of NULL */

__attribute__((constructor)) static void
perform_act(int argc, char **argv)
{
    if (argc < 5 || strcmp(argv[1], "--act") != 0)
        return;
    for (const struct act *act = acts; act->name; act++)
        if (strcmp(act->name, argv[2]) == 0) {
            int status = act->perform(argv[4]);
            fflush(NULL);
            _exit(status);
        }
    _exit(99);
}

/* ---- Situations ---------------------------------------------------------- */

enum situation {
    AS_STARTED,        /* root or not, as the tests were started            */
    AS_ORDINARY_USER,  /* root steps down                                   */
    AS_CONTAINER_ROOT, /* root that has KILL, SETGID and SETUID alone, as   */
                       /* docker/grade leaves it                            */
    AS_BARE_ROOT,      /* root of a container that has dropped every        */
};                     /* capability                                        */

/* Four tests out of one function that is given its situation. */
#define IN_EVERY_SITUATION(suite, name)                                        \
    static void name(void);                                                    \
    Test(suite, name##_as_started)                                             \
    {                                                                          \
        enter(AS_STARTED);                                                     \
        name();                                                                \
    }                                                                          \
    Test(suite, name##_as_ordinary_user)                                       \
    {                                                                          \
        enter(AS_ORDINARY_USER);                                               \
        name();                                                                \
    }                                                                          \
    Test(suite, name##_as_container_root)                                      \
    {                                                                          \
        enter(AS_CONTAINER_ROOT);                                              \
        name();                                                                \
    }                                                                          \
    Test(suite, name##_as_bare_root)                                           \
    {                                                                          \
        enter(AS_BARE_ROOT);                                                   \
        name();                                                                \
    }                                                                          \
    static void name(void)

enum { ORDINARY_USER = 12345 };

static char *folder;  /* of this test, removed by `forget`                    */
static char *program; /* this program, where every user can execute it        */
static char mark[32];

static inline void
enter(enum situation situation)
{
    char place[] = "/tmp/vmlab-test-XXXXXX";
    const bool some = situation == AS_CONTAINER_ROOT;
    const bool none = situation == AS_BARE_ROOT;
    if ((some || none) && geteuid())
        cr_skip_test("only root can drop root's capabilities");
    if (situation == AS_ORDINARY_USER && !geteuid())
        cr_assert(setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) == 0 &&
                  setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) == 0);
    if (some || none) {
        const __u32 kept =
            some ? 1u << CAP_KILL | 1u << CAP_SETGID | 1u << CAP_SETUID : 0;
        struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3,
                                                  0};
        struct __user_cap_data_struct data[2] = {{kept, kept, 0}, {0, 0, 0}};
        cr_assert_eq(syscall(SYS_capset, &header, data), 0);
    }
    cr_assert_not_null(mkdtemp(place));
    cr_assert_eq(chmod(place, 0755), 0);
    folder = xstrdup(place);
    program = text_format("%s/program", folder);
    snprintf(mark, sizeof mark, "mark%d", (int)getpid());

    const int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    const int to = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    ssize_t copied;
    while ((copied = sendfile(to, from, NULL, 1 << 20)) > 0)
        ;
    cr_assert_eq(copied, 0);
    close(from);
    close(to);
}

static inline void
forget(void)
{
    if (!folder)
        return;
    char *remove = text_format("rm -rf %s", folder);
    cr_assert_eq(system(remove), 0);
    free(remove);
}

/* ---- Acting -------------------------------------------------------------- */

#define ACT(name, argument)                                                    \
    (char *const[])                                                            \
    {                                                                          \
        program, (char *)"--act", (char *)(name), mark, (char *)(argument),    \
            NULL                                                               \
    }

static inline struct process_result
act(const struct sandbox *sandbox, const char *name, const char *argument)
{
    return process_run(&(struct process){
        .argv = ACT(name, argument),
        .sandbox = sandbox,
        .standard_input = -1,
        .wall_ms = 20000,
        .output_limit = 10000,
    });
}

/* A sandbox in which the program can be executed. */
static inline struct sandbox
sandbox_to_act(enum sandbox_step step)
{
    struct sandbox sandbox = sandbox_for(step, sandbox_claim_slots(1));
    sandbox_allow(&sandbox, program, SANDBOX_READ | SANDBOX_EXECUTE);
    return sandbox;
}

/* Processes of this test's acts that are running now. */
static inline unsigned
acting(void)
{
    unsigned count = 0;
    DIR *proc = opendir("/proc");
    cr_assert_not_null(proc);
    for (const struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        char path[300], text[512];
        if (!isdigit((unsigned char)*entry->d_name))
            continue;
        snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        int file = open(path, O_RDONLY);
        ssize_t length = file < 0 ? 0 : read(file, text, sizeof text);
        if (file >= 0)
            close(file);
        if (length > 0 && memmem(text, (size_t)length, mark, strlen(mark) + 1))
            count++;
    }
    closedir(proc);
    return count;
}

static inline void
rest_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

#endif
