/*
 * user.c - the layer that makes a step somebody else.
 *
 * When the grader is root, slot n runs as user and group USER_FIRST + n, whom
 * no account needs to exist for.  Such a user signals and traces its own
 * processes alone.  Whoever the step is, it keeps no capability: with
 * no_new_privs set, executing a program does not bring one back.
 *
 * The grader needs three capabilities for it, SETUID, SETGID and KILL: a
 * container need not leave it more.  So what a step may write is not given to
 * its user, which takes CHOWN, but to its group, which the grader joins; and
 * without DAC_OVERRIDE root removes what a user made by becoming that user.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "die.h"
#include "layers.h"
#include "text.h"

static const char slots_folder[] = "/run/vmlab";

/* Whether the users of all slots exist in this user namespace: a container may
 * have a part of them only. */
static bool
users_mapped(const char *map)
{
    unsigned long inside, outside, count;
    bool mapped = false;
    FILE *file = fopen(map, "re");
    if (!file)
        return false;
    while (fscanf(file, "%lu %lu %lu", &inside, &outside, &count) == 3)
        if (inside <= USER_FIRST && USER_FIRST + USER_COUNT - inside <= count)
            mapped = true;
    fclose(file);
    return mapped;
}

bool
user_available(void)
{
    static const int needed[] = {CAP_KILL, CAP_SETGID, CAP_SETUID};
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (geteuid() || syscall(SYS_capget, &header, data))
        return false;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!(data[0].effective >> needed[i] & 1))
            return false;
    return users_mapped("/proc/self/uid_map") &&
           users_mapped("/proc/self/gid_map");
}

uid_t
user_of(const struct sandbox *sandbox)
{
    return USER_FIRST + sandbox->slot % USER_COUNT;
}

int
user_enter(const struct sandbox *sandbox)
{
    if (layers_here()->own_users) {
        const uid_t user = user_of(sandbox);
        if (setgroups(0, NULL) || setresgid(user, user, user) ||
            setresuid(user, user, user))
            return -1;
    }
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    return (int)syscall(SYS_capset, &header, none);
}

/* Groups of the slots that were claimed, all of which this process joins. */
static gid_t claimed[USER_COUNT];
static size_t claimed_count;

static void
join_groups(unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        claimed[claimed_count++] = USER_FIRST + first + i;
    if (setgroups(claimed_count, claimed))
        die(EX_NOPERM, "cannot join the groups of the steps:");
}

/* Where the search for free slots begins.  RLIMIT_NPROC counts a user's
 * processes in all containers of a machine, but their locks are apart: were all
 * to begin with slot 0, the processes of one submission would be missing to
 * another.  PID namespaces that live at one time differ in number, by a
 * distance that repeats from container to container. */
static unsigned
first_slot(void)
{
    struct stat namespace;
    if (stat("/proc/self/ns/pid", &namespace))
        return 0;
    return (unsigned)(namespace.st_ino % (USER_COUNT / USERS_OF_ONE)) *
           USERS_OF_ONE;
}

unsigned
sandbox_claim_slots(unsigned count)
{
    if (!layers_here()->own_users)
        return 0;
    if (mkdir(slots_folder, 0700) && errno != EEXIST)
        die(EX_CANTCREAT, "cannot make %s:", slots_folder);
    const unsigned begin = first_slot();
    for (unsigned tried = 0; tried < USER_COUNT; tried += count) {
        const unsigned first = (begin + tried) % USER_COUNT;
        unsigned have = 0;
        int lock[USER_COUNT];
        if (first + count > USER_COUNT)
            continue;
        for (; have < count; have++) {
            char *path = text_format("%s/slot-%u", slots_folder, first + have);
            lock[have] =
                open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
            if (lock[have] < 0)
                die(EX_CANTCREAT, "cannot open %s:", path);
            free(path);
            if (flock(lock[have], LOCK_EX | LOCK_NB)) {
                have++;
                break;
            }
            if (have + 1 == count) {
                join_groups(first, count);
                return first; /* the locks are kept by being left open */
            }
        }
        while (have)
            close(lock[--have]);
    }
    die(EX_TEMPFAIL, "more than %d steps run at one time: start fewer jobs",
        USER_COUNT);
}

/* ---- What a step may write ------------------------------------------------ */

void
sandbox_give(const struct sandbox *sandbox, const char *path)
{
    const gid_t group = user_of(sandbox);
    struct stat status;
    if (!layers_here()->own_users)
        return;
    const int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) || fchown(file, (uid_t)-1, group))
        die(EX_NOPERM, "cannot give %s to group %u:", path, (unsigned)group);
    const mode_t more = S_ISDIR(status.st_mode) ? 070 : 060;
    if (fchmod(file, (status.st_mode & 0777) | more))
        die(EX_NOPERM, "cannot give %s to group %u:", path, (unsigned)group);
    close(file);
}

static int
remove_one(const char *path, const struct stat *status, int type,
           struct FTW *at)
{
    (void)status;
    /* Its own folder may be closed to itself. */
    if (type == FTW_D || type == FTW_DNR)
        (void)chmod(path, 0700);
    else
        (void)remove(path);
    (void)at;
    return 0;
}

void
sandbox_take_back(const char *path)
{
    for (size_t i = 0; i < claimed_count; i++) {
        const pid_t helper = fork();
        if (helper == 0) {
            const gid_t id = claimed[i];
            if (setgroups(0, NULL) == 0 && setresgid(id, id, id) == 0 &&
                setresuid(id, id, id) == 0) {
                nftw(path, remove_one, 16, FTW_PHYS);
                nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
            }
            _exit(0);
        }
        while (helper > 0 && waitpid(helper, NULL, 0) < 0 && errno == EINTR)
            ;
    }
}

bool
sandbox_can_reach(const char *path)
{
    if (!layers_here()->own_users)
        return true;
    char *real = realpath(path, NULL);
    bool open_to_others = real != NULL;
    for (char *end = real; open_to_others && end && *end;) {
        struct stat status;
        end = strchr(end + 1, '/');
        if (end)
            *end = '\0';
        if (stat(real, &status))
            open_to_others = false;
        else if (S_ISDIR(status.st_mode))
            open_to_others = (status.st_mode & S_IXOTH) != 0;
        else
            open_to_others = (status.st_mode & S_IROTH) != 0;
        if (end)
            *end = '/';
    }
    free(real);
    return open_to_others;
}
