#include "batch/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intake.h"
#include "pipeline.h"

enum { CHUNK = 1 << 16, SHOWN = 200 };

/* One walk over a submission.  The digest is of, for each entry in the order
 * of names: a letter for its kind, its path and a NUL, its length as 8 bytes,
 * its contents. */
struct walk {
    SHA2_CTX hash;
    size_t entries;
    uint64_t bytes; /* hashed and copied so far                             */
    char **trouble;
};

static bool
fails(struct walk *walk, const char *what, const char *path)
{
    const int error = errno;
    char *const shown = text_clean(path, strlen(path), SHOWN);
    if (*walk->trouble == NULL) {
        *walk->trouble =
            text_format("cannot %s %s: %s", what, shown, strerror(error));
    }
    free(shown);
    return false;
}

static void
hash_head(struct walk *walk, char kind, const char *name, uint64_t length)
{
    uint8_t little[8];
    for (size_t i = 0; i < sizeof little; i++) {
        little[i] = (uint8_t)(length >> (8 * i));
    }
    SHA256Update(&walk->hash, (const uint8_t *)&kind, 1);
    SHA256Update(&walk->hash, (const uint8_t *)name, strlen(name) + 1);
    SHA256Update(&walk->hash, little, sizeof little);
    walk->entries++;
}

/* ---- Files --------------------------------------------------------------- */

static bool
copy_bytes(struct walk *walk, int from, int to, const char *source,
           const char *target)
{
    uint8_t chunk[CHUNK];
    for (;;) {
        const ssize_t got = read(from, chunk, sizeof chunk);
        if (got < 0) {
            return fails(walk, "read", source);
        }
        if (got == 0) {
            return true;
        }
        SHA256Update(&walk->hash, chunk, (size_t)got);
        walk->bytes += (uint64_t)got;
        for (ssize_t done = 0; done < got;) {
            const ssize_t put = write(to, chunk + done, (size_t)(got - done));
            if (put < 0) {
                return fails(walk, "write", target);
            }
            done += put;
        }
    }
}

/* Whatever the intake refuses by its size is kept as that size. */
static bool
is_too_much(const struct walk *walk, off_t size)
{
    return size > (off_t)INTAKE_ARCHIVE_BYTES ||
           walk->bytes + (uint64_t)size > INTAKE_UNPACKED_BYTES;
}

static bool
take_file(struct walk *walk, const char *source, const char *target,
          const char *name)
{
    const int from =
        open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    if (from < 0 || fstat(from, &status) != 0) {
        const bool gone = fails(walk, "read", source);
        if (from >= 0) {
            close(from);
        }
        return gone;
    }
    const int to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool well = to >= 0;
    if (!well) {
        fails(walk, "write", target);
    } else {
        hash_head(walk, 'f', name, (uint64_t)status.st_size);
        if (is_too_much(walk, status.st_size)) {
            well = ftruncate(to, status.st_size) == 0 ||
                   fails(walk, "write", target);
        } else {
            well = copy_bytes(walk, from, to, source, target);
        }
        if (close(to) != 0 && well) {
            well = fails(walk, "write", target);
        }
    }
    close(from);
    return well;
}

static bool
take_link(struct walk *walk, const char *source, const char *target,
          const char *name)
{
    char text[INTAKE_PATH_BYTES * 4];
    const ssize_t bytes = readlink(source, text, sizeof text - 1);
    if (bytes < 0) {
        return fails(walk, "read the link", source);
    }
    text[bytes] = '\0';
    hash_head(walk, 'l', name, (uint64_t)bytes);
    SHA256Update(&walk->hash, (const uint8_t *)text, (size_t)bytes);
    return symlink(text, target) == 0 || fails(walk, "write", target);
}

/* ---- Folders ------------------------------------------------------------- */

static bool take_entry(struct walk *walk, const char *source,
                       const char *target, const char *name, unsigned depth);

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool
take_folder(struct walk *walk, const char *source, const char *target,
            const char *name, unsigned depth)
{
    struct dirent **found = NULL;
    hash_head(walk, 'd', name, 0);
    if (mkdir(target, 0755) != 0) {
        return fails(walk, "make the folder", target);
    }
    const int count = scandir(source, &found, NULL, by_bytes);
    bool well = count >= 0 || fails(walk, "list", source);
    for (int i = 0; i < count; i++) {
        const char *const entry = found[i]->d_name;
        if (well && strcmp(entry, ".") != 0 && strcmp(entry, "..") != 0) {
            char *const below = text_format("%s/%s", source, entry);
            char *const copied = text_format("%s/%s", target, entry);
            char *const path = text_format("%s/%s", name, entry);
            well = take_entry(walk, below, copied, path, depth + 1);
            free(below);
            free(copied);
            free(path);
        }
        free(found[i]);
    }
    free(found);
    return well;
}

/* Folders deeper, and entries more, than the intake goes are left behind. */
static bool
take_entry(struct walk *walk, const char *source, const char *target,
           const char *name, unsigned depth)
{
    struct stat status;
    if (walk->entries > INTAKE_ENTRIES + 1 || depth > INTAKE_DEPTH + 1) {
        return true;
    }
    if (lstat(source, &status) != 0) {
        return fails(walk, "read", source);
    }
    switch (status.st_mode & S_IFMT) {
    case S_IFREG:
        return take_file(walk, source, target, name);
    case S_IFDIR:
        return take_folder(walk, source, target, name, depth);
    case S_IFLNK:
        return take_link(walk, source, target, name);
    default:
        return true;
    }
}

/* A lone folder or archive is the submission; a file that is neither needs its
 * name, so it and several files get a folder. */
static bool
is_whole(const struct piece *piece)
{
    struct stat status;
    return pipeline_is_archive(piece->path) ||
           (lstat(piece->path, &status) == 0 && S_ISDIR(status.st_mode));
}

static bool
take_all(struct walk *walk, const struct handed_in *item, const char *target)
{
    if (item->piece_count == 1 && is_whole(&item->pieces[0])) {
        return take_entry(walk, item->pieces[0].path, target, "", 0);
    }
    hash_head(walk, 'd', "", 0);
    if (mkdir(target, 0755) != 0) {
        return fails(walk, "make the folder", target);
    }
    for (size_t i = 0; i < item->piece_count; i++) {
        const struct piece *const piece = &item->pieces[i];
        char *const copied = text_format("%s/%s", target, piece->name);
        char *const path = text_format("/%s", piece->name);
        /* A name that came twice: the later upload replaces the first. */
        (void)unlink(copied);
        const bool well = take_entry(walk, piece->path, copied, path, 1);
        free(copied);
        free(path);
        if (!well) {
            return false;
        }
    }
    return true;
}

/* ---- The whole ----------------------------------------------------------- */

static int
remove_one(const char *path, const struct stat *status, int type,
           struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

char *
kept_take(const struct handed_in *item, const char *kept, char **trouble)
{
    struct walk walk = {.trouble = trouble};
    char hex[SHA256_DIGEST_STRING_LENGTH];
    char *digest = NULL;
    char *const fresh = text_format("%s/.new", kept);
    *trouble = NULL;
    nftw(fresh, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    SHA256Init(&walk.hash);
    if (take_all(&walk, item, fresh)) {
        SHA256End(&walk.hash, hex);
        digest = text_format("%.*s", DIGEST_DIGITS, hex);
        char *const path = text_format("%s/%s", kept, digest);
        struct stat status;
        if (lstat(path, &status) != 0 && rename(fresh, path) != 0) {
            fails(&walk, "keep", path);
            free(digest);
            digest = NULL;
        }
        free(path);
    }
    nftw(fresh, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(fresh);
    return digest;
}
