#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clean.h"
#include "die.h"

/* ---- Memory -------------------------------------------------------------- */

static void *
checked(void *memory)
{
    if (memory == NULL) {
        die(EX_OSERR, "out of memory; free some, or run fewer jobs at a time");
    }
    return memory;
}

/* Zero bytes may give NULL, which is not a failure: ask for one. */
void *
xmalloc(size_t bytes)
{
    return checked(malloc(bytes > 0 ? bytes : 1));
}

void *
xcalloc(size_t count, size_t bytes)
{
    return checked(count > 0 && bytes > 0 ? calloc(count, bytes)
                                          : calloc(1, 1));
}

void *
xrealloc(void *old, size_t bytes)
{
    return checked(realloc(old, bytes > 0 ? bytes : 1));
}

char *
xstrdup(const char *text)
{
    return checked(strdup(text));
}

/* ---- Strings ------------------------------------------------------------- */

char *
text_vformat(const char *format, va_list arguments)
{
    char *text;
    if (vasprintf(&text, format, arguments) < 0) {
        die(EX_OSERR, "cannot format a message:");
    }
    return text;
}

char *
text_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    return text;
}

bool
text_read_number(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 0);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

char *
text_clean(const void *bytes, size_t length, size_t limit)
{
    if (length > (SIZE_MAX - 1) / CLEAN_GROWTH) {
        die(EX_SOFTWARE, "text of %zu bytes is too long to be cleaned", length);
    }
    char *const text = xmalloc(length * CLEAN_GROWTH + 1);
    const size_t used = clean_bytes(text, bytes, length);
    if (used > limit) {
        clean_cut(text, used, limit);
    }
    return text;
}

char *
text_shell_word(const char *text)
{
    const size_t length = strlen(text);
    char *const clean = text_clean(text, length, SIZE_MAX);
    const bool plain =
        strcmp(clean, text) == 0 && strpbrk(text, "\n\t") == NULL;
    char *word = NULL;
    size_t bytes;
    FILE *const out = open_memstream(&word, &bytes);
    if (out == NULL) {
        die(EX_OSERR, "cannot write a command into memory:");
    }
    fputs(plain ? "'" : "$'", out);
    for (const char *c = text; *c != '\0'; c++) {
        if (plain && *c == '\'') {
            fputs("'\\''", out);
        } else if (plain ||
                   (*c >= ' ' && *c <= '~' && *c != '\\' && *c != '\'')) {
            fputc(*c, out);
        } else {
            /* Three digits: what follows may be one, too. */
            fprintf(out, "\\%03o", (unsigned)(unsigned char)*c);
        }
    }
    fputc('\'', out);
    fclose(out);
    free(clean);
    return word;
}

/* ---- Files --------------------------------------------------------------- */

/* Reads until the end or one byte beyond the limit; -1 with errno set. */
static int
read_up_to(int file, size_t limit, char **text, size_t *length)
{
    size_t room = 4096;
    size_t used = 0;
    char *buffer = xmalloc(room + 1);

    for (;;) {
        const ssize_t got = read(file, buffer + used, room - used);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got > 0) {
            used += (size_t)got;
        }
        if (got < 0 || used > limit) {
            const int error = got < 0 ? errno : EFBIG;
            free(buffer);
            errno = error;
            return -1;
        }
        if (got == 0) {
            break;
        }
        if (used == room) {
            room *= 2;
            buffer = xrealloc(buffer, room + 1);
        }
    }
    buffer[used] = '\0';
    *text = buffer;
    *length = used;
    return 0;
}

/* A FIFO or a device in the place of a file would block or never end: only
 * regular files are read (EISDIR, EINVAL). */
char *
text_read_file(const char *path, size_t limit, size_t *length)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        return NULL;
    }
    struct stat status;
    char *text = NULL;
    size_t bytes = 0;
    int error = 0;

    if (fstat(file, &status) != 0) {
        error = errno;
    } else if (!S_ISREG(status.st_mode)) {
        error = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    } else if (read_up_to(file, limit, &text, &bytes) != 0) {
        error = errno;
    }
    close(file);
    if (error != 0) {
        errno = error;
        return NULL;
    }
    if (length != NULL) {
        *length = bytes;
    }
    return text;
}

/* Gives the file a name beside `path`, which is the caller's; NULL with errno.
 * `file` < 0: opens it there, for want of files without a name. */
static char *
name_beside(const char *path, int *file)
{
    enum { tries = 100 }; /* left-overs of a run that had our process id */
    for (unsigned i = 0; i < tries; i++) {
        char *const name =
            text_format("%s.%ld-%u.tmp", path, (long)getpid(), i);
        bool done;
        if (*file >= 0) {
            char *const link = text_format("/proc/self/fd/%d", *file);
            done =
                linkat(AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
            free(link);
        } else {
            *file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            done = *file >= 0;
        }
        if (done) {
            return name;
        }
        const int error = errno;
        free(name);
        errno = error;
        if (error != EEXIST) {
            break;
        }
    }
    return NULL;
}

/* A file in the folder of `path` that vanishes with this process as long as it
 * has no name; -1 where there are none such. */
static int
open_nameless(const char *path)
{
    char *const copy = xstrdup(path);
    const int file =
        open(dirname(copy), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
    free(copy);
    return file;
}

static int
write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(file, bytes, length);
        if (written < 0 && errno != EINTR) {
            return -1;
        }
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

/* A device, a pipe: written as it is. */
static int
write_through(const char *path, const void *bytes, size_t length)
{
    const int file = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (file < 0) {
        return -1;
    }
    const int failed = write_all(file, bytes, length);
    const int error = errno;
    close(file);
    errno = error;
    return failed;
}

int
text_write_file(const char *path, const void *bytes, size_t length)
{
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode) &&
        !S_ISDIR(there.st_mode)) {
        return write_through(path, bytes, length);
    }
    int file = open_nameless(path);
    char *name = file < 0 ? name_beside(path, &file) : NULL;
    if (file < 0) {
        return -1;
    }
    bool good = write_all(file, bytes, length) == 0 && fsync(file) == 0 &&
                (name != NULL || (name = name_beside(path, &file)) != NULL);
    int error = errno;
    if (close(file) != 0 && good) {
        good = false;
        error = errno;
    }
    if (good && rename(name, path) != 0) {
        good = false;
        error = errno;
    }
    if (!good && name != NULL) {
        unlink(name);
    }
    free(name);
    errno = error;
    return good ? 0 : -1;
}

/* ---- Lists --------------------------------------------------------------- */

/* Takes `text`, which came from malloc. */
static void
append(struct strings *list, char *text)
{
    list->item = xrealloc(list->item, (list->count + 2) * sizeof *list->item);
    list->item[list->count++] = text;
    list->item[list->count] = NULL;
}

void
strings_add(struct strings *list, const char *text)
{
    append(list, xstrdup(text));
}

void
strings_addf(struct strings *list, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append(list, text_vformat(format, arguments));
    va_end(arguments);
}

void
strings_free(struct strings *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->item[i]);
    }
    free(list->item);
    *list = (struct strings){0};
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void
strings_list_folder(struct strings *list, const char *folder,
                    const char *suffix)
{
    const size_t before = list->count;
    const size_t tail = strlen(suffix);
    DIR *const open_folder = opendir(folder);
    const struct dirent *entry;
    while (open_folder != NULL && (entry = readdir(open_folder)) != NULL) {
        const size_t bytes = strlen(entry->d_name);
        if (bytes > tail && entry->d_name[0] != '.' &&
            strcmp(entry->d_name + bytes - tail, suffix) == 0) {
            strings_addf(list, "%.*s", (int)(bytes - tail), entry->d_name);
        }
    }
    if (open_folder != NULL) {
        closedir(open_folder);
    }
    if (list->count > before) {
        qsort(list->item + before, list->count - before, sizeof *list->item,
              by_text);
    }
}
