/*
 * limits.c - the layer that bounds how much of the machine a step can use.
 *
 * Limits hold for each process (RLIMIT_NPROC for each user), so what a step
 * can use in all is their product; a container's or control group's limit is
 * the better bound where there is one.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layers.h"
#include "text.h"

enum { STACK_BYTES = 8 << 20 };

static int
limit(__rlimit_resource_t what, rlim_t soft, rlim_t hard)
{
    /* A limit that is lower already stays: raising it would need privilege. */
    struct rlimit now;
    if (getrlimit(what, &now))
        return -1;
    if (hard > now.rlim_max)
        hard = now.rlim_max;
    if (soft > hard)
        soft = hard;
    return setrlimit(what, &(struct rlimit){soft, hard});
}

/* Processes and threads that the user has now.  /proc/PID/task has one folder
 * per thread, each of which is a link more. */
static rlim_t
tasks_of(uid_t user)
{
    rlim_t count = 0;
    DIR *proc = opendir("/proc");
    if (!proc)
        return 0;
    for (const struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        char path[sizeof entry->d_name + sizeof "/proc//task"];
        struct stat status;
        if (!isdigit((unsigned char)*entry->d_name))
            continue;
        snprintf(path, sizeof path, "/proc/%s/task", entry->d_name);
        if (stat(path, &status) == 0 && status.st_uid == user &&
            status.st_nlink > 2)
            count += status.st_nlink - 2;
    }
    closedir(proc);
    return count;
}

/* Whether the file holds a number, which "max" is not. */
static bool
holds_number(const char *path)
{
    char text[32] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool number =
        fgets(text, sizeof text, file) && isdigit((unsigned char)*text);
    fclose(file);
    return number;
}

bool
limits_pids_bounded(void)
{
    /* Inside a container its own group is mounted as the root of all. */
    return holds_number("/sys/fs/cgroup/pids.max") ||
           holds_number("/sys/fs/cgroup/pids/pids.max");
}

void
limits_make_room(const struct sandbox *most, struct strings *list)
{
    const struct {
        __rlimit_resource_t what;
        rlim_t need, unit;
        const char *says;
    } table[] = {
        {RLIMIT_CPU, (most->cpu_ms + 999) / 1000, 1,
         "%llu seconds of processor time (ulimit -t) where %llu are needed"},
        {RLIMIT_AS, most->memory_bytes, 1 << 20,
         "%llu MiB of address space (ulimit -v) where %llu are needed"},
        {RLIMIT_DATA, most->memory_bytes, 1 << 20,
         "%llu MiB of data (ulimit -d) where %llu are needed"},
        {RLIMIT_FSIZE, most->file_bytes, 1 << 20,
         "files of %llu MiB (ulimit -f) where %llu are needed"},
        {RLIMIT_STACK, STACK_BYTES, 1 << 10,
         "a stack of %llu KiB (ulimit -s) where %llu are needed"},
        {RLIMIT_NOFILE, most->files, 1,
         "%llu open files (ulimit -n) where %llu are needed"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct rlimit now;
        if (getrlimit(table[i].what, &now))
            continue;
        if (now.rlim_max < table[i].need) {
            strings_addf(list, table[i].says,
                         (unsigned long long)(now.rlim_max / table[i].unit),
                         (unsigned long long)(table[i].need / table[i].unit));
        } else if (now.rlim_cur < table[i].need) {
            now.rlim_cur = now.rlim_max;
            setrlimit(table[i].what, &now);
        }
    }
}

int
limits_enter(const struct sandbox *sandbox, bool own_user)
{
    const rlim_t seconds = (sandbox->cpu_ms + 999) / 1000;
    rlim_t processes = sandbox->processes;
    if (!own_user)
        processes += tasks_of(getuid());

    /* Where memory runs out, a step goes before anything else does. */
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
        ssize_t written = write(score, "1000", 4);
        (void)written; /* a help, not a layer */
        close(score);
    }

    /* SIGXCPU says what happened; a second later it is SIGKILL. */
    if (seconds && limit(RLIMIT_CPU, seconds, seconds + 1))
        return -1;
    if (sandbox->memory_bytes &&
        limit(RLIMIT_AS, sandbox->memory_bytes, sandbox->memory_bytes))
        return -1;
    if (limit(RLIMIT_FSIZE, sandbox->file_bytes, sandbox->file_bytes) ||
        limit(RLIMIT_NOFILE, sandbox->files, sandbox->files) ||
        limit(RLIMIT_NPROC, processes, processes) ||
        limit(RLIMIT_STACK, STACK_BYTES, STACK_BYTES) ||
        limit(RLIMIT_CORE, 0, 0) || limit(RLIMIT_MSGQUEUE, 0, 0) ||
        limit(RLIMIT_MEMLOCK, 1 << 16, 1 << 16))
        return -1;
    return 0;
}
