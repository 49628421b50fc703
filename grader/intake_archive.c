#include "intake_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "text.h"

/* Memory for unpacking beyond what the grader has anyway: xz -9 needs 65 MiB,
 * the list of a .zip at the limit of its size about as much. */
#define UNPACK_BYTES (256u << 20)

#define PACK_AGAIN                                                             \
    "Pack the folder again as .tar.gz or .zip and hand it in again."

/* ---- Names --------------------------------------------------------------- */

/* A path of an archive, with what is wrong with it. */
struct entry_path {
    char text[INTAKE_PATH_BYTES + 1]; /* separated by single slashes          */
    const char *base;                 /* the last part, in `text`             */
    unsigned depth;                   /* parts before it                      */
    const char *wrong;                /* why nothing here is taken, or NULL   */
    bool quiet; /* ... and that needs no line of its own */
};

/* Windows separates by backslashes, and some of its packers write them. */
static bool
is_separator(char c)
{
    return c == '/' || c == '\\';
}

static void
judge_part(struct entry_path *path, const char *part)
{
    const char *why = pick_quiet(part);

    if (strcmp(part, "..") == 0) {
        path->wrong = "the path leads out of the archive";
        path->quiet = false;
    } else if (why != NULL && path->wrong == NULL) {
        path->wrong = why;
        path->quiet = true;
    }
}

/* Splits `name` into parts, without empty ones and ".", and joins them. */
static void
read_path(struct entry_path *path, const char *name)
{
    size_t length = 0, part;

    *path = (struct entry_path){.base = path->text};
    if (strlen(name) > INTAKE_PATH_BYTES) {
        memcpy(path->text, name, INTAKE_PATH_BYTES);
        path->wrong = "the path is too long";
        return;
    }
    if (is_separator(name[0]) || (name[0] != '\0' && name[1] == ':'))
        path->wrong = "the path is absolute";
    while (*name != '\0') {
        size_t span = 0;

        while (name[span] != '\0' && !is_separator(name[span]))
            span++;
        if (span > 0 && !(span == 1 && name[0] == '.')) {
            if (length > 0) {
                path->text[length++] = '/';
                path->depth++;
            }
            part = length;
            memcpy(path->text + length, name, span);
            length += span;
            path->text[length] = '\0';
            path->base = path->text + part;
            judge_part(path, path->base);
        }
        name += span + (name[span] != '\0');
    }
    if (path->depth > INTAKE_DEPTH && path->wrong == NULL)
        path->wrong = "it lies too deep";
}

/* ---- Entries ------------------------------------------------------------- */

static void
refuse_damaged(struct pick *pick, struct archive *reader)
{
    const char *reason = archive_error_string(reader);

    pick_refuse(
        pick,
        "The archive is damaged or of an unusual kind (%.200s). " PACK_AGAIN,
        reason == NULL ? "no reason given" : reason);
}

static void
refuse_encrypted(struct pick *pick)
{
    pick_refuse(pick, "The archive is encrypted. Pack the folder again without "
                      "a password and hand it in again.");
}

/* What keeps an entry that is no regular file from being taken, or NULL. */
static const char *
wrong_kind(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry) != NULL ||
        archive_entry_symlink(entry) != NULL ||
        archive_entry_filetype(entry) == AE_IFLNK)
        return "it is a link: hand in the file itself";
    if (archive_entry_filetype(entry) != AE_IFREG)
        return "it is not a regular file";
    return NULL;
}

/* Reads one accepted file.  The size in the header is only a claim. */
static void
take_entry(struct pick *pick, struct archive *reader,
           struct archive_entry *entry, size_t which)
{
    unsigned char *bytes;
    size_t length = 0;

    if (archive_entry_size_is_set(entry) &&
        archive_entry_size(entry) > (int64_t)INTAKE_FILE_BYTES) {
        pick_spoil(pick, which, PICK_TOO_LARGE);
        return;
    }
    bytes = xmalloc(INTAKE_FILE_BYTES + 1);
    while (length <= INTAKE_FILE_BYTES) {
        la_ssize_t got = archive_read_data(reader, bytes + length,
                                           INTAKE_FILE_BYTES + 1 - length);

        if (got < 0) {
            refuse_damaged(pick, reader);
            free(bytes);
            return;
        }
        if (got == 0)
            break;
        length += (size_t)got;
    }
    if (length > INTAKE_FILE_BYTES) {
        free(bytes);
        pick_spoil(pick, which, PICK_TOO_LARGE);
        return;
    }
    pick_give(pick, which, xrealloc(bytes, length + 1), length);
}

static void
look_at_entry(struct pick *pick, struct archive *reader,
              struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry), *wrong;
    struct entry_path path;
    long which;

    if (name == NULL)
        name = archive_entry_pathname_utf8(entry);
    if (name == NULL) {
        pick_ignore(
            pick, "(no name)",
            "its name is not valid: name folders and files in plain letters, "
            "and pack again");
        return;
    }
    read_path(&path, name);
    if (path.wrong != NULL && path.quiet) {
        pick_ignore_quiet(pick, path.text, path.wrong);
        return;
    }
    if (path.text[0] == '\0' || archive_entry_filetype(entry) == AE_IFDIR)
        return;
    wrong = path.wrong != NULL ? path.wrong : wrong_kind(entry);
    if (wrong != NULL) {
        pick_ignore(pick, path.text, wrong);
        return;
    }
    which = pick_index(pick, path.base);
    if (which < 0)
        pick_ignore_name(pick, path.text);
    else if (pick_offer(pick, (size_t)which, path.text, path.depth))
        take_entry(pick, reader, entry, (size_t)which);
}

/* ---- The archive --------------------------------------------------------- */

/* Refuses what would unpack to too much.  An entry is counted by the size that
 * it claims before libarchive steps over it, because stepping over it means
 * unpacking it; what was unpacked so far is counted, too, since headers can be
 * large.  .zip is read by its directory and unpacks only what is taken. */
static bool
within_limits(struct pick *pick, struct archive *reader, int64_t claimed,
              uint64_t *total, uint64_t packed)
{
    int64_t passed = archive_filter_bytes(reader, 0);
    uint64_t unpacked;

    if (claimed < 0 || (uint64_t)claimed > INTAKE_UNPACKED_BYTES)
        *total = INTAKE_UNPACKED_BYTES + 1;
    else
        *total += (uint64_t)claimed;
    unpacked =
        passed > 0 && (uint64_t)passed > *total ? (uint64_t)passed : *total;
    if (unpacked <= INTAKE_UNPACKED_BYTES &&
        (unpacked < INTAKE_RATIO_FROM || unpacked / INTAKE_RATIO <= packed))
        return true;
    pick_refuse(pick,
                "The archive unpacks to far more than source files need (the "
                "limit is %u MiB, and %u times its own size). Leave out build "
                "folders, programs and core files, and hand it in again.",
                INTAKE_UNPACKED_BYTES >> 20, INTAKE_RATIO);
    return false;
}

static void
scan(struct pick *pick, struct archive *reader, uint64_t packed)
{
    uint64_t total = 0;
    unsigned entries = 0;

    while (pick->refusal == NULL) {
        struct archive_entry *entry;
        int status = archive_read_next_header(reader, &entry);

        if (status == ARCHIVE_EOF)
            break;
        /* A warning is about a name or a date; the data are not affected. */
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
            if (archive_read_has_encrypted_entries(reader) > 0)
                refuse_encrypted(pick);
            else
                refuse_damaged(pick, reader);
        } else if (archive_filter_count(reader) > 2) {
            pick_refuse(pick,
                        "The archive is packed more than once. " PACK_AGAIN);
        } else if (++entries > INTAKE_ENTRIES) {
            pick_refuse(pick,
                        "The archive holds more than %u files and folders. "
                        "Hand in only the files that you wrote.",
                        INTAKE_ENTRIES);
        } else if (archive_entry_is_encrypted(entry)) {
            refuse_encrypted(pick);
        } else if (within_limits(pick, reader, archive_entry_size(entry),
                                 &total, packed)) {
            look_at_entry(pick, reader, entry);
        }
    }
    if (entries == 0)
        pick_refuse(pick, "The archive is empty. " PACK_AGAIN);
}

void
intake_archive_scan(struct pick *pick, const void *bytes, size_t length)
{
    struct archive *reader = archive_read_new();

    if (reader == NULL)
        die(EX_OSERR, "no memory to read an archive");
    archive_read_support_filter_gzip(reader);
    archive_read_support_filter_bzip2(reader);
    archive_read_support_filter_xz(reader);
    archive_read_support_filter_zstd(reader);
    archive_read_support_format_tar(reader);
    /* Only by its directory: reading a .zip from front to back would unpack
     * what is stepped over, and trust headers that no other program reads. */
    archive_read_support_format_zip_seekable(reader);
    if (archive_read_open_memory(reader, bytes, length) == ARCHIVE_OK)
        scan(pick, reader, length);
    else
        refuse_damaged(pick, reader);
    archive_read_free(reader);
}

/* ---- The process that reads it ------------------------------------------- */

/* Statuses of that process: it could not be set up, which is the host's doing,
 * or could not go on, which in there is the archive's. */
enum { READ = EX_OK, NOT_SET_UP = EX_OSERR, GAVE_UP = EX_DATAERR };

/* Runs before any handler that the grader has registered with atexit, so that
 * die() in this process ends this process and cleans up nothing of ours. */
static void
leave(void)
{
    _exit(GAVE_UP);
}

static void
limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit both = {soft, hard};

    if (setrlimit((__rlimit_resource_t)resource, &both) < 0)
        _exit(NOT_SET_UP);
}

/* Nothing in here could open, start or reach anything, even if an archive took
 * the process over.  Where the kernel has no seccomp the limits still hold. */
static void
shut_in(void)
{
    static const int allowed[] = {
        SCMP_SYS(write),         SCMP_SYS(brk),       SCMP_SYS(mremap),
        SCMP_SYS(munmap),        SCMP_SYS(madvise),   SCMP_SYS(futex),
        SCMP_SYS(exit),          SCMP_SYS(close),     SCMP_SYS(exit_group),
        SCMP_SYS(clock_gettime), SCMP_SYS(getrandom), SCMP_SYS(rt_sigreturn),
    };
    scmp_filter_ctx filter;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return;
    filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL)
        return;
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    seccomp_load(filter);
    seccomp_release(filter);
}

/* Address space in use now.  Sanitizers reserve terabytes of it. */
static void
limit_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages;
    rlim_t most;

    if (file == NULL || fscanf(file, "%lu", &pages) != 1)
        _exit(NOT_SET_UP);
    fclose(file);
    most = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + UNPACK_BYTES;
    limit(RLIMIT_AS, most, most);
#endif
}

/* Closes all descriptors from `first` on, also where close_range is refused. */
static void
close_from(int first)
{
    if (close_range((unsigned)first, ~0u, 0) == 0)
        return;
    for (long i = sysconf(_SC_OPEN_MAX); i-- > first;)
        close((int)i);
}

/* Descriptor 0 is the way back to the grader from here on, and all there is. */
static _Noreturn void
read_archive(struct pick *pick, const void *bytes, size_t length, int answer)
{
    unsigned char *packed;
    size_t packed_bytes, sent = 0;

    atexit(leave);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (answer != 0 && dup2(answer, 0) < 0)
        _exit(NOT_SET_UP);
    /* Names in .zip and pax headers are UTF-8 and would else be refused. */
    setlocale(LC_CTYPE, "C.UTF-8");
    limit_memory();
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_FSIZE, 0, 0);
    /* SIGXCPU at the soft limit tells this end from a kill by the host. */
    limit(RLIMIT_CPU, INTAKE_CPU_SECONDS, INTAKE_CPU_SECONDS + 1);
    close_from(1);
    shut_in();

    intake_archive_scan(pick, bytes, length);
    packed = pick_pack(pick, &packed_bytes);
    while (sent < packed_bytes) {
        ssize_t done = write(0, packed + sent, packed_bytes - sent);

        if (done <= 0)
            _exit(GAVE_UP);
        sent += (size_t)done;
    }
    _exit(READ);
}

/* ---- The grader's side --------------------------------------------------- */

static int64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads until the end, the limit or the deadline; false for the last two. */
static bool
read_answer(int answer, unsigned char *bytes, size_t most, size_t *length)
{
    int64_t deadline = now_ms() + INTAKE_WALL_SECONDS * 1000;

    for (*length = 0;;) {
        struct pollfd waiting = {.fd = answer, .events = POLLIN};
        int64_t left = deadline - now_ms();
        ssize_t got;
        int ready;

        if (left <= 0)
            return false;
        ready = poll(&waiting, 1, (int)left);
        if (ready < 0 && errno != EINTR)
            die(EX_OSERR, "cannot wait for the reader of an archive:");
        if (ready <= 0)
            continue;
        if (*length == most)
            return false;
        got = read(answer, bytes + *length, most - *length);
        if (got < 0)
            die(EX_OSERR, "cannot hear the reader of an archive:");
        if (got == 0)
            return true;
        *length += (size_t)got;
    }
}

void
intake_archive(struct pick *pick, const void *bytes, size_t length)
{
    size_t most = pick_packed_limit(pick->count) + 1, packed_bytes;
    unsigned char *packed;
    int answer[2], status = 0;
    bool complete;
    pid_t child;

    if (pipe2(answer, O_CLOEXEC) < 0)
        die(EX_OSERR, "cannot make a pipe:");
    child = fork();
    if (child < 0)
        die(EX_OSERR, "cannot start a process to read an archive:");
    if (child == 0)
        read_archive(pick, bytes, length, answer[1]);
    close(answer[1]);
    packed = xmalloc(most);
    complete = read_answer(answer[0], packed, most, &packed_bytes);
    close(answer[0]);
    if (!complete)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            die(EX_OSERR, "lost the process that reads an archive:");

    if (complete && WIFEXITED(status) && WEXITSTATUS(status) == NOT_SET_UP)
        die(EX_OSERR, "cannot set limits for reading an archive; are some "
                      "lower than needed already (ulimit -a)?");
    if (complete && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        die(EX_TEMPFAIL, "the process that reads an archive was killed; is "
                         "memory short?  Try again");
    if (!complete || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
        pick_refuse(pick, "The archive takes too long to unpack. " PACK_AGAIN);
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != READ ||
             !pick_unpack(pick, packed, packed_bytes))
        pick_refuse(pick, "The archive cannot be unpacked: reading it takes "
                          "too much memory or breaks the reader. " PACK_AGAIN);
    free(packed);
}
