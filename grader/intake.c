/*
 * intake.c - from what a student handed in to the files that are graded.
 *
 * Theory of operation
 *
 * A submission is the one thing that reaches the grader's own processes before
 * any sandbox exists, so this step looks at as little of it as possible.  It
 * does not unpack and then clean up.  It goes through the entries, keeps the
 * contents of those whose base name is on the caller's list, and creates new
 * files under the names on the list.  No name from the submission is ever used
 * to create anything.
 *
 *     folder ── openat, O_NOFOLLOW ────────────┐
 *     M.c ─────────────────────────────────────┼─ pick ─ write ─ digest
 *     archive ─ libarchive in a shut-in child ─┘
 *
 * - Regular files only.  In a folder every part of a path is opened relative to
 *   the one above without following links, and checked again once it is open,
 *   so neither a link nor a change in between leads anywhere else; a FIFO or a
 *   device is never opened.  In an archive, links, devices, absolute paths and
 *   paths with ".." are listed and left out.
 * - libarchive and what it unpacks with are large and read hostile bytes.  They
 *   run in a child without descriptors, without system calls but for memory and
 *   the answer, and with limits of memory and processor time.  All that such a
 *   child could forge is which bytes a file has, which its archive says anyway;
 *   the answer is checked like any other input.
 * - The rules of which file counts are in intake_pick.c.  They do not depend on
 *   the order in which a file system or an archive gives names.
 * - What is held in memory is bounded by INTAKE_FILE_BYTES for each name of the
 *   list, INTAKE_ARCHIVE_BYTES for the archive, and the names of one folder
 *   and those above it, of which INTAKE_ENTRIES are read.
 */
#define _POSIX_C_SOURCE 200809L

#include "intake.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sha256.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"
#include "intake_archive.h"
#include "intake_pick.h"
#include "text.h"

/* Never a controlling terminal, never waiting for the other end of a FIFO. */
#define OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* ---- Regular files ------------------------------------------------------- */

/* Reads a regular file of at most `most` bytes from its start.  NULL when it is
 * longer; *length is then `most` + 1. */
static unsigned char *
read_all(int descriptor, size_t most, size_t *length, const char *path)
{
    unsigned char *bytes = xmalloc(most + 1);

    for (*length = 0; *length <= most;) {
        ssize_t got = read(descriptor, bytes + *length, most + 1 - *length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            die(EX_IOERR, "cannot read %s:", path);
        if (got == 0)
            return xrealloc(bytes, *length + 1);
        *length += (size_t)got;
    }
    free(bytes);
    return NULL;
}

/* Opens what fstatat found, without following links, and makes sure that it is
 * still the same.  -1 when permission is lacking: that is the submission's.
 * Everything else that goes wrong is not. */
static int
open_same(int folder, const char *name, int flags, const struct stat *found,
          const char *path)
{
    struct stat opened;
    int descriptor = openat(folder, name, OPEN_FLAGS | flags);

    if (descriptor < 0 && (errno == EACCES || errno == EPERM))
        return -1;
    if (descriptor < 0)
        die(EX_IOERR, "cannot open %s:", path);
    if (fstat(descriptor, &opened) < 0)
        die(EX_IOERR, "cannot look at %s:", path);
    if (opened.st_dev != found->st_dev || opened.st_ino != found->st_ino ||
        (opened.st_mode & S_IFMT) != (found->st_mode & S_IFMT))
        die(EX_TEMPFAIL, "%s changes while it is read; try again", path);
    return descriptor;
}

/* Takes the accepted file `name` of an open folder. */
static void
take_file(struct pick *pick, size_t which, int folder, const char *name,
          const struct stat *found, const char *path)
{
    unsigned char *bytes = NULL;
    size_t length;
    int descriptor;

    if (found->st_size > (off_t)INTAKE_FILE_BYTES) {
        pick_spoil(pick, which, PICK_TOO_LARGE);
        return;
    }
    descriptor = open_same(folder, name, 0, found, path);
    if (descriptor < 0) {
        pick_spoil(pick, which, PICK_UNREADABLE);
        return;
    }
    bytes = read_all(descriptor, INTAKE_FILE_BYTES, &length, path);
    close(descriptor);
    if (bytes == NULL)
        pick_spoil(pick, which, PICK_TOO_LARGE);
    else
        pick_give(pick, which, bytes, length);
}

/* ---- A folder ------------------------------------------------------------ */

/* A folder on the way; `path` is relative to the submission, "" at its top. */
struct folder {
    struct pick *pick;
    unsigned *entries; /* seen so far, in all folders */
    int descriptor;
    const char *path;
    unsigned depth;
};

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted, so that the answer does not depend on the file
 * system; false when there are more than a submission may have. */
static bool
list_folder(struct folder *folder, struct strings *names)
{
    int copy = fcntl(folder->descriptor, F_DUPFD_CLOEXEC, 0);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    bool complete = true;

    if (stream == NULL)
        die(EX_OSERR, "cannot list a folder of the submission:");
    while (complete) {
        struct dirent *entry;

        errno = 0;
        entry = readdir(stream);
        if (entry == NULL && errno != 0)
            die(EX_IOERR, "cannot list a folder of the submission:");
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (++*folder->entries > INTAKE_ENTRIES)
            complete = false;
        else
            strings_add(names, entry->d_name);
    }
    closedir(stream);
    if (names->count > 1)
        qsort(names->item, names->count, sizeof names->item[0], compare_names);
    return complete;
}

static void look_at_folder(struct folder *folder);

static void
descend(const struct folder *above, const char *name, const struct stat *found,
        const char *path)
{
    struct folder folder = *above;

    folder.path = path;
    folder.depth++;
    if (folder.depth > INTAKE_DEPTH) {
        pick_ignore(above->pick, path, "it lies too deep");
        return;
    }
    folder.descriptor =
        open_same(above->descriptor, name, O_DIRECTORY, found, path);
    if (folder.descriptor < 0) {
        char *shown = pick_shown(path);

        /* What is in there may be what was meant to be graded. */
        pick_refuse(above->pick,
                    "The folder %s cannot be opened for lack of permission: "
                    "make it readable (chmod -R a+rX) and hand it in again.",
                    shown);
        free(shown);
        return;
    }
    look_at_folder(&folder);
    close(folder.descriptor);
}

static void
look_at_name(const struct folder *folder, const char *name)
{
    struct pick *pick = folder->pick;
    const char *why = pick_quiet(name);
    char *path = text_format("%s%s%s", folder->path,
                             folder->path[0] == '\0' ? "" : "/", name);
    struct stat found;
    long which;

    if (why != NULL)
        pick_ignore_quiet(pick, path, why);
    else if (strlen(path) > INTAKE_PATH_BYTES)
        pick_ignore(pick, path, "the path is too long");
    else if (fstatat(folder->descriptor, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
        die(EX_IOERR, "cannot look at %s:", path);
    else if (S_ISDIR(found.st_mode))
        descend(folder, name, &found, path);
    else if (S_ISLNK(found.st_mode))
        pick_ignore(pick, path, "it is a link: hand in the file itself");
    else if (!S_ISREG(found.st_mode))
        pick_ignore(pick, path, "it is not a regular file");
    else if ((which = pick_index(pick, name)) < 0)
        pick_ignore_name(pick, path);
    else if (pick_offer(pick, (size_t)which, path, folder->depth))
        take_file(pick, (size_t)which, folder->descriptor, name, &found, path);
    free(path);
}

static void
look_at_folder(struct folder *folder)
{
    struct strings names = {0};

    if (!list_folder(folder, &names))
        pick_refuse(folder->pick,
                    "The folder holds more than %u files and folders. Hand in "
                    "only the files that you wrote.",
                    INTAKE_ENTRIES);
    for (size_t i = 0; i < names.count && folder->pick->refusal == NULL; i++)
        look_at_name(folder, names.item[i]);
    strings_free(&names);
}

/* ---- A file -------------------------------------------------------------- */

static bool
begins(const unsigned char *bytes, size_t length, const char *magic)
{
    return length >= strlen(magic) && memcmp(bytes, magic, strlen(magic)) == 0;
}

/* Anything but M.c: an archive, whatever its name says, or nothing of use. */
static void
look_at_archive(struct pick *pick, int descriptor, const char *path)
{
    size_t length;
    unsigned char *bytes =
        read_all(descriptor, INTAKE_ARCHIVE_BYTES, &length, path);

    if (bytes == NULL)
        pick_refuse(pick,
                    "The file is larger than %u MiB. Leave out build folders, "
                    "programs and core files, and hand it in again.",
                    INTAKE_ARCHIVE_BYTES >> 20);
    else if (length == 0)
        pick_refuse(pick, "The file is empty. Was it uploaded completely? Hand "
                          "it in again.");
    else if (begins(bytes, length, "Rar!") || begins(bytes, length, "7z\xbc"))
        pick_refuse(pick, "This kind of archive is not read. Pack the folder "
                          "again as .tar.gz or .zip and hand it in again.");
    else
        intake_archive(pick, bytes, length);
    free(bytes);
}

/* The last part of a path, without slashes behind it.  From malloc. */
static char *
base_of(const char *path)
{
    size_t end = strlen(path), start;
    char *base;

    while (end > 0 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/';)
        start--;
    base = xcalloc(1, end - start + 1);
    memcpy(base, path + start, end - start);
    return base;
}

static void
look_at_file(struct pick *pick, const char *path, const struct stat *found)
{
    char *base = base_of(path);
    long which = pick_index(pick, base);

    if (which >= 0 && pick_offer(pick, (size_t)which, base, 0)) {
        take_file(pick, (size_t)which, AT_FDCWD, path, found, path);
    } else {
        int descriptor = open_same(AT_FDCWD, path, 0, found, path);
        size_t length = strlen(base);

        if (descriptor < 0)
            pick_refuse(pick, "The file cannot be read for lack of permission: "
                              "make it readable (chmod a+r) and hand it in "
                              "again.");
        else if (length > 2 && strcmp(base + length - 2, ".c") == 0)
            pick_ignore_name(pick, base);
        else
            look_at_archive(pick, descriptor, path);
        if (descriptor >= 0)
            close(descriptor);
    }
    free(base);
}

/* ---- What comes out ------------------------------------------------------ */

static void
write_file(int directory, const char *name, const unsigned char *bytes,
           size_t length)
{
    int descriptor =
        openat(directory, name,
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (descriptor < 0)
        die(EX_CANTCREAT, "cannot create %s in the work directory:", name);
    for (size_t done = 0; done < length;) {
        ssize_t step = write(descriptor, bytes + done, length - done);

        if (step < 0 && errno == EINTR)
            continue;
        if (step < 0)
            die(EX_IOERR, "cannot write %s in the work directory:", name);
        done += (size_t)step;
    }
    if (close(descriptor) < 0)
        die(EX_IOERR, "cannot write %s in the work directory:", name);
}

static void
digest_file(SHA2_CTX *digest, const char *name, const unsigned char *bytes,
            size_t length)
{
    uint8_t size[8];

    for (size_t i = 0; i < sizeof size; i++)
        size[i] = (uint8_t)((uint64_t)length >> 8 * i);
    SHA256Update(digest, (const uint8_t *)name, strlen(name) + 1);
    SHA256Update(digest, size, sizeof size);
    SHA256Update(digest, bytes, length);
}

static int
compare_files(const void *a, const void *b)
{
    return strcmp((*(const struct intake_file *)a).name,
                  (*(const struct intake_file *)b).name);
}

/* The names and places of what is taken, sorted by name. */
static void
list_files(struct intake *intake, const struct pick *pick)
{
    intake->files = xcalloc(pick->count, sizeof *intake->files);
    for (size_t i = 0; i < pick->count; i++) {
        const struct candidate *candidate = &pick->candidates[i];

        if (candidate->state != PICK_TAKEN || candidate->rival != NULL)
            continue;
        intake->files[intake->file_count++] = (struct intake_file){
            .name = pick->accepted[i],
            .path = pick_shown(candidate->path),
            .bytes = candidate->length,
        };
    }
    qsort(intake->files, intake->file_count, sizeof *intake->files,
          compare_files);
}

static void
hand_over_files(struct intake *intake, const struct pick *pick,
                const char *directory)
{
    char hexadecimal[SHA256_DIGEST_STRING_LENGTH];
    SHA2_CTX digest;
    int work = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (work < 0)
        die(EX_CANTCREAT, "cannot open the work directory %s:", directory);
    SHA256Init(&digest);
    for (size_t i = 0; i < intake->file_count; i++) {
        const char *name = intake->files[i].name;
        const struct candidate *candidate =
            &pick->candidates[pick_index(pick, name)];

        write_file(work, name, candidate->bytes, candidate->length);
        digest_file(&digest, name, candidate->bytes, candidate->length);
    }
    close(work);
    intake->digest = xstrdup(SHA256End(&digest, hexadecimal));
}

static void
list_ignored(struct intake *intake, const struct pick *pick)
{
    intake->ignored = xcalloc(pick->line_count + 1, sizeof *intake->ignored);
    for (size_t i = 0; i < pick->line_count; i++) {
        const char *why = pick->lines[i].why;

        intake->ignored[intake->ignored_count++] = (struct ignored_file){
            .name = pick_shown(pick->lines[i].path),
            .why = text_clean(why, strlen(why), 400),
        };
    }
    if (pick->unlisted > 0)
        intake->ignored[intake->ignored_count++] = (struct ignored_file){
            .name = text_format("%zu more", pick->unlisted),
            .why = xstrdup("left out for reasons like these"),
        };
}

struct intake
intake_take(const char *submission, const char *const *accepted, size_t count,
            const char *directory)
{
    struct intake intake = {0};
    struct pick pick;
    struct stat found;

    assert(count > 0);
    for (size_t i = 0; i < count; i++)
        assert(accepted[i][0] != '\0' && accepted[i][0] != '.' &&
               strchr(accepted[i], '/') == NULL);

    pick_begin(&pick, accepted, count);
    if (fstatat(AT_FDCWD, submission, &found, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            die(EX_NOINPUT, "there is no file or folder %s", submission);
        die(EX_NOINPUT, "cannot look at %s:", submission);
    }
    if (S_ISDIR(found.st_mode)) {
        unsigned entries = 0;
        struct folder top = {.pick = &pick, .entries = &entries, .path = ""};

        top.descriptor =
            open_same(AT_FDCWD, submission, O_DIRECTORY, &found, submission);
        if (top.descriptor < 0) {
            pick_refuse(&pick, "The folder cannot be opened for lack of "
                               "permission: make it readable (chmod -R a+rX) "
                               "and hand it in again.");
        } else {
            look_at_folder(&top);
            close(top.descriptor);
            if (entries == 0)
                pick_refuse(&pick, "The folder is empty. Hand in the C files "
                                   "that you wrote.");
        }
    } else if (S_ISREG(found.st_mode)) {
        look_at_file(&pick, submission, &found);
    } else if (S_ISLNK(found.st_mode)) {
        pick_refuse(&pick, "This is a link, not a file or folder. Hand in what "
                           "it points to.");
    } else {
        pick_refuse(&pick, "This is neither a file nor a folder. Hand in a "
                           "folder, an archive or a C file.");
    }

    intake.trouble = pick_trouble(&pick);
    if (pick.refusal == NULL)
        list_files(&intake, &pick);
    list_ignored(&intake, &pick);
    hand_over_files(&intake, &pick, directory);
    pick_end(&pick);
    return intake;
}

bool
intake_has(const struct intake *intake, const char *name)
{
    for (size_t i = 0; i < intake->file_count; i++)
        if (strcmp(intake->files[i].name, name) == 0)
            return true;
    return false;
}

void
intake_free(struct intake *intake)
{
    for (size_t i = 0; i < intake->file_count; i++)
        free(intake->files[i].path);
    for (size_t i = 0; i < intake->ignored_count; i++) {
        free(intake->ignored[i].name);
        free(intake->ignored[i].why);
    }
    free(intake->files);
    free(intake->ignored);
    free(intake->trouble);
    free(intake->digest);
    *intake = (struct intake){0};
}
