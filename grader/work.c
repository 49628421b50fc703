/*
 * work.c - theory of operation.
 *
 *     program ---- pipe ---- janitor
 *
 * Beside each folder stands a janitor, from before the folder is made: a fork of
 * the program, in a session of its own, that waits for the end of a pipe whose
 * other end the program alone holds.  The kernel closes that end however the program ends; then the janitor
 * removes the folder.  Steps that still run are ended at the same moment by
 * their guardians (process.c), so the janitor tries until nothing is put back.
 *
 * A program that returns or calls exit() waits for its janitors.
 */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "sandbox/sandbox.h"
#include "text.h"

#define MIB           ((uint64_t)1 << 20)
#define ROOM_TO_START (64 * MIB) /* source, objects and reports of a stage   */
#define ROOM_TO_TRUST (16 * MIB) /* the largest file that a step may write   */

enum { READ_END, WRITE_END };
enum { FOLDERS = 8, TRIES = 200, REST_MS = 50 };

static struct folder {
    char *path;
    int lifeline;
    pid_t janitor;
} folders[FOLDERS];
static pid_t owner;

/* ---- The janitor ---------------------------------------------------------------- */

static int
remove_one(const char *path, const struct stat *status, int type,
           struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    (void)remove(path); /* what stays is seen at the folder itself */
    return 0;
}

static _Noreturn void
be_janitor(const char *path, int lifeline)
{
    static const int deaf_to[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    const struct timespec rest = {0, REST_MS * 1000000L};
    char byte;
    for (size_t i = 0; i < sizeof deaf_to / sizeof *deaf_to; i++) {
        signal(deaf_to[i], SIG_IGN);
    }
    setsid();
    /* Neither the other janitors' pipes nor the reader of our output may wait
     * for this process. */
    lifeline = dup2(lifeline, STDIN_FILENO);
    close(STDOUT_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    while (read(lifeline, &byte, 1) < 0 && errno == EINTR) {
    }
    for (int i = 0; i < TRIES; i++) {
        nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        if (access(path, F_OK) != 0) {
            _exit(0);
        }
        sandbox_take_back(path);
        nanosleep(&rest, NULL);
    }
    warn_user("cannot remove the work folder %s", path);
    _exit(1);
}

/* In a fork, of a folder of its parent: nothing but letting go. */
static void
dismiss(struct folder *folder)
{
    close(folder->lifeline);
    while (waitpid(folder->janitor, NULL, 0) < 0 && errno == EINTR) {
    }
    free(folder->path);
    *folder = (struct folder){0};
}

static void
dismiss_all(void)
{
    for (size_t i = 0; i < FOLDERS && getpid() == owner; i++) {
        if (folders[i].path != NULL) {
            dismiss(&folders[i]);
        }
    }
}

static void
appoint_janitor(const char *path)
{
    struct folder *folder = folders;
    int ends[2];
    while (folder->path != NULL && folder < folders + FOLDERS - 1) {
        folder++;
    }
    if (folder->path != NULL || pipe2(ends, O_CLOEXEC) != 0) {
        die(EX_OSERR, "cannot watch over the work folder %s:", path);
    }
    if (owner == 0) {
        atexit(dismiss_all);
    }
    owner = getpid(); /* a fork waits for janitors of its own at its end */
    const pid_t janitor = fork();
    if (janitor == 0) {
        be_janitor(path, ends[READ_END]);
    }
    close(ends[READ_END]);
    if (janitor < 0) {
        die(EX_OSERR, "cannot start a process:");
    }
    *folder = (struct folder){xstrdup(path), ends[WRITE_END], janitor};
}

/* ---- The folder ----------------------------------------------------------------- */

static uint64_t
free_bytes(const char *path)
{
    struct statvfs system;
    return statvfs(path, &system) == 0
               ? (uint64_t)system.f_bavail * system.f_frsize
               : UINT64_MAX;
}

bool
work_has_room(const char *path)
{
    return free_bytes(path) >= ROOM_TO_TRUST;
}

static _Noreturn void
cannot_make(const char *place)
{
    die(EX_CANTCREAT,
        "cannot make a work folder in %s; set TMPDIR to a folder that can be "
        "written:",
        place);
}

/* A path that nobody else has or can foresee. */
static char *
new_name(const char *place)
{
    uint64_t lot;
    char *const whole = realpath(place, NULL);
    if (whole == NULL || getrandom(&lot, sizeof lot, 0) != sizeof lot) {
        cannot_make(place);
    }
    char *const name = text_format("%s/vmlab-%016" PRIx64, whole, lot);
    free(whole);
    return name;
}

char *
work_make(void)
{
    const char *const variable = getenv("TMPDIR");
    const char *const place =
        variable != NULL && variable[0] != '\0' ? variable : "/tmp";
    char *const whole = new_name(place);
    appoint_janitor(whole);
    /* Steps with users of their own pass through, and see nothing. */
    if (mkdir(whole, 0711) != 0 || chmod(whole, 0711) != 0) {
        const int error = errno;
        work_keep(whole); /* whose it is, if it is there                      */
        errno = error;
        cannot_make(place);
    }
    if (free_bytes(whole) < ROOM_TO_START) {
        die(EX_CANTCREAT,
            "%s has less than %u MiB free: make room there, or set TMPDIR to a "
            "folder with room",
            place, (unsigned)(ROOM_TO_START / MIB));
    }
    if (!sandbox_can_reach(whole)) {
        die(EX_CANTCREAT,
            "the users that run submissions cannot reach %s: set TMPDIR to a "
            "folder that everybody may enter, as /tmp",
            place);
    }
    return whole;
}

static struct folder *
folder_of(const char *path)
{
    for (size_t i = 0; i < FOLDERS; i++) {
        if (folders[i].path != NULL && strcmp(folders[i].path, path) == 0) {
            return &folders[i];
        }
    }
    die(EX_SOFTWARE, "%s is no work folder", path);
}

void
work_remove(const char *path)
{
    dismiss(folder_of(path));
}

void
work_keep(const char *path)
{
    struct folder *const folder = folder_of(path);
    kill(folder->janitor, SIGKILL);
    dismiss(folder);
}
