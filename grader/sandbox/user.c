/*
 * user.c - the layer that makes a step somebody else.
 *
 * When the grader is root, slot n runs as user and group USER_FIRST + n, whom
 * no account needs to exist for.  Such a user owns what sandbox_give gave it,
 * and signals and traces its own processes alone.  Whoever the step is, it
 * keeps no capability: with no_new_privs set, executing a program does not
 * bring one back.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
    static const int needed[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_KILL,
                                 CAP_SETGID, CAP_SETUID};
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

unsigned
sandbox_claim_slots(unsigned count)
{
    if (!layers_here()->own_users)
        return 0;
    if (mkdir(slots_folder, 0700) && errno != EEXIST)
        die(EX_CANTCREAT, "cannot make %s:", slots_folder);
    for (unsigned first = 0; first + count <= USER_COUNT; first += count) {
        unsigned have = 0;
        int lock[USER_COUNT];
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
            if (have + 1 == count)
                return first; /* the locks are kept by being left open */
        }
        while (have)
            close(lock[--have]);
    }
    die(EX_TEMPFAIL, "more than %d steps run at one time: start fewer jobs",
        USER_COUNT);
}

void
sandbox_give(const struct sandbox *sandbox, const char *path)
{
    const uid_t user = user_of(sandbox);
    if (layers_here()->own_users && lchown(path, user, user))
        die(EX_NOPERM, "cannot give %s to user %u:", path, (unsigned)user);
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
