/*
 * sandbox.h - what a step of grading can not do, whatever it runs.
 *
 * A sandbox is a value: what may be read, written and executed, how much of
 * the machine may be used, and which system calls are refused.  process.h runs
 * a program in one.  How the layers below reach that is told in sandbox.c.
 *
 *     struct sandbox box = sandbox_for(SANDBOX_COMPILER, slot);
 *     sandbox_allow(&box, folder, SANDBOX_READ | SANDBOX_WRITE);
 *     sandbox_give(&box, folder);
 *     process_run(&(struct process){ .argv = argv, .sandbox = &box, ... });
 */
#ifndef VMLAB_SANDBOX_H
#define VMLAB_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strings; /* text.h */

/* What may be done with a file, or with everything beneath a folder. */
enum sandbox_access {
    SANDBOX_READ = 1,    /* open for reading, list                            */
    SANDBOX_WRITE = 2,   /* make, change and remove files; not read them      */
    SANDBOX_EXECUTE = 4, /* execve, and the loader that an executable names   */
};

/* The kinds of step. */
enum sandbox_step {
    SANDBOX_COMPILER,     /* gcc, clang, as, ld on a submission               */
    SANDBOX_TOOL,         /* objcopy, objdump, gcovr on what was made of it   */
    SANDBOX_SUBJECT,      /* a zygote; its children have inner_filter.h on    */
                          /* (and lower limits), which every zygote gets as   */
                          /* a file but the one under valgrind                */
    SANDBOX_COVERAGE,     /* the same; may write its .gcda in one folder      */
    SANDBOX_VALGRIND,     /* a zygote under valgrind, which can hold no       */
                          /* filter of its own: the outer one must do.  No    */
                          /* shell: where /usr/bin/valgrind is a script (on   */
                          /* Debian), valgrind.bin is the program             */
    SANDBOX_TESTER,       /* a student's own tests under Criterion: sockets   */
                          /* of AF_UNIX, a TMPDIR, /dev/shm                   */
    SANDBOX_QUICK_TESTER, /* the same tests on the quick runner               */
};

enum { SANDBOX_PATHS = 24 };
/* Address space of the step that reserves most, callgrind's on a replay. */
#define SANDBOX_LARGEST_BYTES ((uint64_t)8 << 30)

struct sandbox {
    enum sandbox_step step;
    unsigned slot;         /* decides the user, when there are own users      */
    uint32_t cpu_ms;       /* of each process; rounded up to seconds          */
    uint64_t memory_bytes; /* address space of each process                   */
    uint64_t file_bytes;   /* size of the largest file it may write           */
    uint32_t processes;    /* at one time                                     */
    uint32_t files;        /* open at one time                                */
    struct sandbox_path {
        const char *path; /* not owned                                        */
        unsigned access;  /* enum sandbox_access                              */
    } path[SANDBOX_PATHS];
    size_t path_count;
};

/* The preset of a step: what the system's own files allow, and limits that are
 * generous for honest work.  The caller adds the step's own paths and may
 * change any limit.  Two steps that run at one time and must not reach each
 * other have different slots. */
struct sandbox sandbox_for(enum sandbox_step step, unsigned slot);

/* Adds a path.  One that does not exist when the step starts is left out. */
void sandbox_allow(struct sandbox *sandbox, const char *path, unsigned access);

/* `count` slots in a row that no other process of this machine has; kept until
 * the calling process ends.  Returns the first. */
unsigned sandbox_claim_slots(unsigned count);

/* Lets the step's user write a file or folder of the grader's; no link is
 * followed.  Does nothing where there are no own users.  The slot must have
 * been claimed. */
void sandbox_give(const struct sandbox *sandbox, const char *path);

/* Removes what steps with the claimed slots made below `path` and closed to
 * everybody else. */
void sandbox_take_back(const char *path);

/* Whether a step's user gets at `path` at all: without own users always, with
 * them only when every folder on the way is open to others.  A kit below /root
 * is the usual reason why not. */
bool sandbox_can_reach(const char *path);

/* Called by process.c in the child, between fork and exec.  Returns NULL, or
 * the name of the layer that this machine has and that failed (errno says
 * why): the program must not be executed then. */
const char *sandbox_enter(const struct sandbox *sandbox);

/* For the grader and the judge themselves: no process of the same user may
 * trace them or read their memory. */
void sandbox_protect_self(void);

/* Raises the limits that this process has from who started it to what its steps
 * need, and adds those that it may not raise: "100 MiB of address space (ulimit
 * -v) where 8192 are needed".  What fails for want of them would be put down to
 * a submission. */
void sandbox_make_room(struct strings *list);

/* The layers of this machine, for the record: "own users", "seccomp", ... */
void sandbox_layers(struct strings *list);

/* The capabilities that a step would have here although it should not: "read
 * files", "reach other processes", "use the network", "use up the machine",
 * "outlive the step".  Empty when all is well.  `closed` (NULL-terminated, or NULL)
 * names files and folders that no step may read.  The caller decides whether
 * to go on. */
void sandbox_missing(const char *const *closed, struct strings *list);

#endif
