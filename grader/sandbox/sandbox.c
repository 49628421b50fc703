/*
 * sandbox.c - theory of operation.
 *
 * A sandbox is defined by what a step can not do, and each of these is reached
 * by whichever layers the machine has:
 *
 *   a step can not ...        because of
 *   read files                Landlock; else its own user, and closed folders
 *   reach other processes     the filter (no ptrace, no signal but to its own
 *                             group); its own user; Landlock 6 (signals)
 *   network                   the filter (no socket; AF_UNIX for Criterion)
 *   use up the machine        limits; its own user or a control group for the
 *                             number of processes
 *   outlive the step          process.c: a guardian adopts and ends whatever
 *                             descends from it
 *
 * Layers are entered in the child between fork and exec, in this order, each
 * of which has its reason:
 *
 *   1 Landlock's rules are made   while root can still open every path
 *   2 limits                      while the hard ones can still be set
 *   3 own user, no capabilities   needs root, which ends here
 *   4 no_new_privs                without which 5 and 6 need privilege
 *   5 Landlock                    before 6, which could refuse it
 *   6 seccomp                     last: the steps above use what it refuses
 *
 * A subject is a zygote that forks a child per test.  The filter of 6 must let
 * a zygote load its libraries and fork; so it is a list of what is refused,
 * and each child adds the allow list of inner_filter.h before it runs student
 * code.  valgrind answers seccomp with ENOSYS: a subject under valgrind has
 * the outer filter alone, and Landlock, under which it can read libraries and
 * write one folder.  Only tests that passed in the tight sandbox are run there.
 *
 * No layer is a condition.  What a machine lacks is left out, sandbox_missing
 * says which capability is then not covered, and the caller decides.  A layer
 * that is there and fails is trouble of the host.
 *
 * Every layer needs no privilege but own users, so an ordinary user, and a
 * default Docker container with all capabilities dropped, have all the others.
 * Namespaces are not used: a default container refuses them, and on a host the
 * layers above already cover every capability.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"
#include "layers.h"
#include "text.h"

#define MIB ((uint64_t)1 << 20)

enum { RX = SANDBOX_READ | SANDBOX_EXECUTE, RW = SANDBOX_READ | SANDBOX_WRITE };

/* What belongs to the system.  Not /usr/local, where a kit may be installed,
 * and of /etc only what the loader reads. */
enum { LOADER = 1, PROGRAMS = 2, PROC = 4, NOISE = 8, SHARED = 16 };
static const struct {
    unsigned group;
    const char *path;
    unsigned access;
} system_paths[] = {
    {LOADER, "/lib", RX},
    {LOADER, "/lib32", RX},
    {LOADER, "/lib64", RX},
    {LOADER, "/usr/lib", RX},
    {LOADER, "/usr/lib32", RX},
    {LOADER, "/usr/lib64", RX},
    {LOADER, "/etc/ld.so.cache", SANDBOX_READ},
    {LOADER, "/dev/null", RW},
    {PROGRAMS, "/bin", RX},
    {PROGRAMS, "/usr/bin", RX},
    {PROGRAMS, "/usr/include", SANDBOX_READ},
    {PROGRAMS, "/usr/libexec", RX},
    {PROGRAMS, "/usr/share", SANDBOX_READ},
    {PROC, "/proc", SANDBOX_READ},
    {PROC, "/usr/bin/valgrind", RX},
    {PROC, "/usr/bin/valgrind.bin", RX},
    {PROC, "/usr/libexec/valgrind", RX},
    {NOISE, "/dev/urandom", SANDBOX_READ},
    {SHARED, "/dev/shm", RW},
};

/* The number of processes counts all steps of one user: one slot may hold a
 * zygote for each bug of a stage, and an ordinary user may have several gradings
 * at one time.  Only a tester under Criterion can fork at will; those on the
 * quick runner have no fork in their filter. */
/* clang-format off */
static const struct preset {
    unsigned system;
    uint32_t cpu_ms;
    uint64_t memory_mib, file_mib;
    uint32_t processes, files;
} presets[] = {
    /*                        system paths       cpu   memory file proc files */
    [SANDBOX_COMPILER]     = { LOADER | PROGRAMS, 10000, 1024, 16, 512,  64 },
    [SANDBOX_TOOL]         = { LOADER | PROGRAMS | NOISE,
                                                  30000, 2048, 16, 512, 256 },
    [SANDBOX_SUBJECT]      = { LOADER,           300000, 2048,  1, 512, 512 },
    [SANDBOX_COVERAGE]     = { LOADER,           300000, 2048,  4, 512, 512 },
    [SANDBOX_VALGRIND]     = { LOADER | PROC,    600000, 4096, 16, 512, 512 },
    [SANDBOX_TESTER]       = { LOADER | NOISE | SHARED,
                                                  60000, 2048,  4,  64, 512 },
    [SANDBOX_QUICK_TESTER] = { LOADER,           300000, 2048,  1, 512, 512 },
};
/* clang-format on */

static bool looked;
static struct layers here;

const struct layers *
layers_here(void)
{
    if (!looked) {
        here = (struct layers){
            .own_users = user_available(),
            .seccomp = seccomp_available(),
            .landlock = landlock_version(),
            .pids_limited = limits_pids_bounded(),
        };
        looked = true;
    }
    return &here;
}

void
layers_pretend(struct layers have)
{
    layers_here();
    here.own_users &= have.own_users;
    here.seccomp &= have.seccomp;
    here.pids_limited &= have.pids_limited;
    if (here.landlock > have.landlock)
        here.landlock = have.landlock;
}

struct sandbox
sandbox_for(enum sandbox_step step, unsigned slot)
{
    const struct preset *preset = &presets[step];
    struct sandbox sandbox = {
        .step = step,
        .slot = slot,
        .cpu_ms = preset->cpu_ms,
        .memory_bytes = preset->memory_mib * MIB,
        .file_bytes = preset->file_mib * MIB,
        .processes = preset->processes,
        .files = preset->files,
    };
    layers_here();
    for (size_t i = 0; i < sizeof system_paths / sizeof *system_paths; i++)
        if (system_paths[i].group & preset->system)
            sandbox_allow(&sandbox, system_paths[i].path,
                          system_paths[i].access);
    return sandbox;
}

void
sandbox_allow(struct sandbox *sandbox, const char *path, unsigned access)
{
    if (sandbox->path_count == SANDBOX_PATHS)
        die(EX_SOFTWARE, "more than %d paths in a sandbox: raise SANDBOX_PATHS",
            SANDBOX_PATHS);
    sandbox->path[sandbox->path_count++] = (struct sandbox_path){path, access};
}

/* Whether a process can be named in a signal without harm, because it can only
 * be one of the step. */
static bool
signals_contained(const struct layers *layers)
{
    return layers->own_users || layers->landlock >= 6;
}

const char *
sandbox_enter(const struct sandbox *sandbox)
{
    const struct layers *layers = layers_here();
    int rules = -1;
    if (layers->landlock &&
        (rules = landlock_prepare(sandbox, layers->landlock)) < 0)
        return "landlock";
    if (limits_enter(sandbox, layers->own_users))
        return "limits";
    if (user_enter(sandbox))
        return "own users";
    umask(022);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return "no_new_privs";
    if (layers->landlock && landlock_enter(rules))
        return "landlock";
    if (layers->seccomp &&
        seccomp_enter(sandbox->step, signals_contained(layers)))
        return "seccomp";
    return NULL;
}

void
sandbox_protect_self(void)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        die(EX_OSERR, "cannot protect this process from being traced:");
}

void
sandbox_layers(struct strings *list)
{
    const struct layers *layers = layers_here();
    strings_add(list, "no_new_privs");
    strings_add(list, "limits");
    strings_add(list, "guardian");
    if (layers->seccomp)
        strings_add(list, "seccomp");
    if (layers->landlock)
        strings_addf(list, "landlock %d", layers->landlock);
    if (layers->own_users)
        strings_add(list, "own users");
    if (layers->pids_limited)
        strings_add(list, "pids limit");
}

/* Whether somebody who is neither owner nor of the group can get at `path`. */
static bool
open_to_others(const char *path)
{
    struct stat status;
    const mode_t bits = S_IROTH | S_IXOTH;
    return sandbox_can_reach(path) && stat(path, &status) == 0 &&
           (status.st_mode & bits) != 0;
}

void
sandbox_make_room(struct strings *list)
{
    struct sandbox most = {.memory_bytes = SANDBOX_LARGEST_BYTES};
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        const struct preset *preset = &presets[i];
        most.cpu_ms = preset->cpu_ms > most.cpu_ms ? preset->cpu_ms
                                                   : most.cpu_ms;
        most.files = preset->files > most.files ? preset->files : most.files;
        if (preset->file_mib * MIB > most.file_bytes)
            most.file_bytes = preset->file_mib * MIB;
    }
    limits_make_room(&most, list);
}

void
sandbox_missing(const char *const *closed, struct strings *list)
{
    const struct layers *layers = layers_here();
    bool readable = !layers->landlock && !layers->own_users;
    for (size_t i = 0; !layers->landlock && closed && closed[i]; i++)
        readable |= open_to_others(closed[i]);
    if (readable)
        strings_add(list, "read files");
    if (!layers->seccomp && !layers->own_users)
        strings_add(list, "reach other processes");
    if (!layers->seccomp)
        strings_add(list, "use the network");
    /* The number of processes of root is not bounded by RLIMIT_NPROC. */
    if (!layers->own_users && !layers->pids_limited && geteuid() == 0)
        strings_add(list, "use up the machine");
    /* The guardian finds descendants there. */
    if (access("/proc/self/stat", R_OK))
        strings_add(list, "outlive the step");
}
