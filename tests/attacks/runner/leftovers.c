#include "leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "sandbox/layers.h"

/* A process that has been killed may take a moment. */
enum { TRIES = 40, REST_MS = 50 };

static bool
is_of_a_run(unsigned long user)
{
    return (user >= USER_FIRST && user < USER_FIRST + USER_COUNT) ||
           (geteuid() != 0 && user == geteuid());
}

/* ---- Processes ----------------------------------------------------------- */

void
leftovers_watch(void)
{
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        die(EX_OSERR, "cannot watch over descendants:");
    }
}

/* The first child that is alive, or 0. */
static int
living_child(void)
{
    siginfo_t info = {.si_pid = 0};
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
        return 0; /* there is none at all */
    }
    char *const path =
        text_format("/proc/self/task/%d/children", (int)getpid());
    char *const list = text_read_file(path, 1 << 16, NULL);
    const int pid = list != NULL ? atoi(list) : -1;
    free(list);
    free(path);
    return pid != 0 ? pid : -1;
}

static void
find_processes(struct strings *found)
{
    int pid = 0;
    for (int i = 0; i < TRIES && (pid = living_child()) != 0; i++) {
        nanosleep(&(struct timespec){0, REST_MS * 1000000L}, NULL);
    }
    if (pid != 0) {
        char *const path = text_format("/proc/%d/comm", pid);
        char *const name = text_read_file(path, 100, NULL);
        strings_addf(found, "a process is left (%d, %.*s)", pid,
                     name != NULL ? (int)strcspn(name, "\n") : 1,
                     name != NULL ? name : "?");
        free(name);
        free(path);
    }
    for (int i = 0; i < TRIES && pid > 0; i++, pid = living_child()) {
        kill(pid, SIGKILL);
        nanosleep(&(struct timespec){0, REST_MS * 1000000L}, NULL);
    }
}

/* ---- Files --------------------------------------------------------------- */

static void
find_files(const char *mark, struct strings *found)
{
    static const char *const places[] = {
        "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/run/lock", "/",
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        DIR *const stream = opendir(places[i]);
        for (const struct dirent *entry;
             stream != NULL && (entry = readdir(stream)) != NULL;) {
            char *const path = text_format("%s/%s", places[i], entry->d_name);
            if (strstr(entry->d_name, mark) != NULL) {
                strings_addf(found, "a file is left: %s", path);
            }
            free(path);
        }
        if (stream != NULL) {
            closedir(stream);
        }
    }
}

static void
find_in_folder(const char *folder, struct strings *found)
{
    DIR *const stream = opendir(folder);
    for (const struct dirent *entry;
         stream != NULL && (entry = readdir(stream)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0) {
            strings_addf(found, "the run left %s in its TMPDIR", entry->d_name);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
}

/* ---- What is not in the file system -------------------------------------- */

/* Objects of System V in a table of /proc, whose column `column` is the user. */
static unsigned
objects_in(const char *path, unsigned column)
{
    char line[512];
    unsigned count = 0;
    FILE *const file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *rest = line, *word = NULL;
        for (unsigned i = 0; i <= column; i++) {
            while ((word = strsep(&rest, " \n")) != NULL && *word == '\0') {
            }
        }
        char *end = NULL;
        const unsigned long user = word != NULL ? strtoul(word, &end, 10) : 0;
        count += word != NULL && end != word && is_of_a_run(user);
    }
    if (file != NULL) {
        fclose(file);
    }
    return count;
}

static unsigned
count_ipc(void)
{
    return objects_in("/proc/sysvipc/shm", 7) +
           objects_in("/proc/sysvipc/msg", 7) +
           objects_in("/proc/sysvipc/sem", 4);
}

static void
find_sockets(const char *mark, struct strings *found)
{
    char line[512];
    FILE *const file = fopen("/proc/net/unix", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strstr(line, mark) != NULL) {
            strings_addf(found, "a socket is left: %.*s",
                         (int)strcspn(line, "\n"), line);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

struct leftovers
leftovers_before(void)
{
    return (struct leftovers){count_ipc()};
}

void
leftovers_find(const struct leftovers *before, const char *mark,
               const char *folder, struct strings *found)
{
    find_processes(found);
    find_files(mark, found);
    find_in_folder(folder, found);
    find_sockets(mark, found);
    if (count_ipc() > before->ipc) {
        strings_add(found, "shared memory, a queue or a semaphore of System V "
                           "is left");
    }
}
