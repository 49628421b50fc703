/*
 * landlock.c - the layer that bounds which files can be reached, without any
 * privilege.
 *
 * Everything that this kernel's version can govern is governed, and only what
 * the sandbox names is let through; no rule ever lets a device, a link or a
 * TCP connection be made.  From version 6 on it also keeps signals and
 * abstract sockets within the step.  Whatever the version, a process in a
 * domain can not trace one outside it.
 *
 * Debian 12's header knows version 2, kernels are newer: what it lacks is
 * defined here, from the kernel's documentation (userspace-api/landlock).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layers.h"

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif

enum {
    NET_BIND_TCP = 1 << 0,
    NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_SOCKET = 1 << 0,
    SCOPE_SIGNAL = 1 << 1,
};

/* struct landlock_ruleset_attr of version 6; an older kernel takes the longer
 * one as long as what it does not know is zero. */
struct ruleset {
    uint64_t files, net, scope;
};

static const uint64_t readable =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t writable =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_REFER;
static const uint64_t of_files = /* those that a rule on a file may have */
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;

int
landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
                           LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

static struct ruleset
governed(int version)
{
    struct ruleset all = {.files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    if (version >= 2)
        all.files |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        all.files |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (version >= 4)
        all.net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (version >= 5)
        all.files |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    if (version >= 6)
        all.scope = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
    return all;
}

/* A path that is not there gives no right, so it is no error. */
static int
add_path(int rules, const struct sandbox_path *path, uint64_t all)
{
    uint64_t access = 0;
    if (path->access & SANDBOX_READ)
        access |= readable;
    if (path->access & SANDBOX_WRITE)
        access |= writable;
    if (path->access & SANDBOX_EXECUTE)
        access |= LANDLOCK_ACCESS_FS_EXECUTE;
    int file = open(path->path, O_PATH | O_CLOEXEC);
    struct stat status;
    if (file < 0)
        return 0;
    int error = fstat(file, &status);
    if (!error) {
        if (!S_ISDIR(status.st_mode))
            access &= of_files;
        const struct landlock_path_beneath_attr rule = {
            .allowed_access = access & all,
            .parent_fd = file,
        };
        if (rule.allowed_access)
            error = (int)syscall(SYS_landlock_add_rule, rules,
                                 LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    close(file);
    return error;
}

int
landlock_prepare(const struct sandbox *sandbox, int version)
{
    const struct ruleset all = governed(version);
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    for (size_t i = 0; rules >= 0 && i < sandbox->path_count; i++)
        if (add_path(rules, &sandbox->path[i], all.files)) {
            close(rules);
            rules = -1;
        }
    return rules;
}

int
landlock_enter(int rules)
{
    int error = (int)syscall(SYS_landlock_restrict_self, rules, 0);
    close(rules);
    return error;
}
