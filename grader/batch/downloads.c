#include "batch/downloads.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <regex.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "die.h"
#include "pipeline.h"

enum { SHOWN = 200, LATE = 3 };

static const char *const layouts[] = {
    [LAYOUT_UNKNOWN] = "auto",          [LAYOUT_FOLDERS] = "folders",
    [LAYOUT_GRADESCOPE] = "gradescope", [LAYOUT_CANVAS] = "canvas",
    [LAYOUT_MOODLE] = "moodle",
};

const char *
layout_name(enum layout layout)
{
    return layouts[layout];
}

enum layout
layout_of_name(const char *name)
{
    for (int i = LAYOUT_FOLDERS; i <= LAYOUT_MOODLE; i++) {
        if (strcmp(layouts[i], name) == 0) {
            return (enum layout)i;
        }
    }
    return LAYOUT_UNKNOWN;
}

/* ---- Students ------------------------------------------------------------ */

static char *
copy(const char *text)
{
    return text != NULL ? xstrdup(text) : NULL;
}

struct student
student_copy(const struct student *student)
{
    return (struct student){
        .key = copy(student->key),
        .name = copy(student->name),
        .email = copy(student->email),
        .sid = copy(student->sid),
        .login = copy(student->login),
        .canvas = copy(student->canvas),
        .moodle = copy(student->moodle),
    };
}

void
student_free(struct student *student)
{
    free(student->key);
    free(student->name);
    free(student->email);
    free(student->sid);
    free(student->login);
    free(student->canvas);
    free(student->moodle);
}

/* A key for bytes that may be no text, on one line: two names that look the
 * same when they are cleaned stay two. */
static char *
key_of(const char *bytes)
{
    char *const clean = text_clean(bytes, strlen(bytes), SHOWN);
    for (char *at = clean; (at = strpbrk(at, "\n\t")) != NULL;) {
        *at = ' ';
    }
    if (strcmp(clean, bytes) == 0) {
        return clean;
    }
    char digest[SHA256_DIGEST_STRING_LENGTH];
    SHA256Data((const uint8_t *)bytes, strlen(bytes), digest);
    char *const key = text_format("%s~%.8s", clean, digest);
    free(clean);
    return key;
}

/* ---- Building the answer ------------------------------------------------- */

struct handed_in *
download_add(struct download *download, const char *source)
{
    download->items = xrealloc(download->items,
                               (download->count + 1) * sizeof *download->items);
    struct handed_in *const item = &download->items[download->count++];
    *item = (struct handed_in){
        .source = text_clean(source, strlen(source), SHOWN),
    };
    return item;
}

void
handed_in_add_piece(struct handed_in *item, const char *path, const char *name)
{
    item->pieces =
        xrealloc(item->pieces, (item->piece_count + 1) * sizeof *item->pieces);
    item->pieces[item->piece_count++] =
        (struct piece){xstrdup(path), xstrdup(name)};
}

struct student *
handed_in_add_student(struct handed_in *item)
{
    item->students = xrealloc(item->students, (item->student_count + 1) *
                                                  sizeof *item->students);
    struct student *const student = &item->students[item->student_count++];
    *student = (struct student){0};
    return student;
}

void
download_free(struct download *download)
{
    for (size_t i = 0; i < download->count; i++) {
        struct handed_in *const item = &download->items[i];
        for (size_t j = 0; j < item->student_count; j++) {
            student_free(&item->students[j]);
        }
        for (size_t j = 0; j < item->piece_count; j++) {
            free(item->pieces[j].path);
            free(item->pieces[j].name);
        }
        free(item->students);
        free(item->pieces);
        free(item->source);
        free(item->time);
    }
    free(download->items);
    strings_free(&download->left_out);
    free(download);
}

static void
leave_out(struct download *download, const char *name, const char *why)
{
    char *const shown = text_clean(name, strlen(name), SHOWN);
    strings_addf(&download->left_out, "%s: %s", shown, why);
    free(shown);
}

/* ---- The folder ---------------------------------------------------------- */

static bool
is_folder(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool
is_file(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* What systems and platforms put beside the submissions. */
static bool
is_litter(const char *name)
{
    return name[0] == '.' || strcmp(name, "__MACOSX") == 0 ||
           strcmp(name, "Thumbs.db") == 0 || strcmp(name, "desktop.ini") == 0;
}

static void
list_entries(const char *folder, struct strings *entries)
{
    struct dirent **found;
    const int count = scandir(folder, &found, NULL, alphasort);
    if (count < 0) {
        die(EX_NOINPUT, "cannot list %s:", folder);
    }
    for (int i = 0; i < count; i++) {
        if (!is_litter(found[i]->d_name)) {
            strings_add(entries, found[i]->d_name);
        }
        free(found[i]);
    }
    free(found);
}

/* An upload is often wrapped into a folder: a lone archive in it is the
 * submission.  Returns its path, or NULL. */
static char *
lone_archive(const char *folder)
{
    struct strings entries = {0};
    char *path = NULL;
    list_entries(folder, &entries);
    if (entries.count == 1) {
        path = text_format("%s/%s", folder, entries.item[0]);
        if (!is_file(path) || !pipeline_is_archive(path)) {
            free(path);
            path = NULL;
        }
    }
    strings_free(&entries);
    return path;
}

/* A file, a folder, or the lone archive in a folder. */
void
handed_in_add_upload(struct handed_in *item, const char *path, const char *name)
{
    char *const archive = is_folder(path) ? lone_archive(path) : NULL;
    handed_in_add_piece(item, archive != NULL ? archive : path, name);
    free(archive);
}

/* ---- folders ------------------------------------------------------------- */

static void
read_folders(struct download *download, const char *folder,
             const struct strings *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        const char *const name = entries->item[i];
        char *const path = text_format("%s/%s", folder, name);
        if (is_folder(path) || is_file(path)) {
            struct handed_in *const item = download_add(download, name);
            handed_in_add_upload(item, path, name);
            char *const raw = key_of(name);
            handed_in_add_student(item)->key = pipeline_name(raw);
            free(raw);
        } else {
            leave_out(download, name, "neither a folder nor a file");
        }
        free(path);
    }
}

/* ---- canvas -------------------------------------------------------------- */

/* The text that group `number` has taken, or NULL. */
static char *
group(const char *text, const regmatch_t *match)
{
    return match->rm_so < 0
               ? NULL
               : text_format("%.*s", (int)(match->rm_eo - match->rm_so),
                             text + match->rm_so);
}

static void
compile(regex_t *pattern, const char *text)
{
    if (regcomp(pattern, text, REG_EXTENDED) != 0) {
        die(EX_SOFTWARE, "cannot compile a pattern; this is a defect of vmlab");
    }
}

/* "segment-1.c", which Canvas makes of a second upload, is segment.c. */
static char *
without_count(const char *name)
{
    const char *const dot = strrchr(name, '.');
    const char *at = dot;
    while (at != NULL && at > name && isdigit((unsigned char)at[-1])) {
        at--;
    }
    if (at == NULL || at == dot || at - 1 <= name || at[-1] != '-') {
        return xstrdup(name);
    }
    return text_format("%.*s%s", (int)(at - 1 - name), name, dot);
}

static struct handed_in *
item_of_key(struct download *download, const char *key)
{
    for (size_t i = 0; i < download->count; i++) {
        if (strcmp(download->items[i].students[0].key, key) == 0) {
            return &download->items[i];
        }
    }
    return NULL;
}

enum { CANVAS_NAME = 1, CANVAS_LATE, CANVAS_USER, CANVAS_FILE, CANVAS_GROUPS };
#define CANVAS "^([^_]+)_(LATE_)?([0-9]+)_[0-9]+_(.+)$"

static void
read_canvas(struct download *download, const char *folder,
            const struct strings *entries)
{
    regex_t pattern;
    regmatch_t match[CANVAS_GROUPS];
    compile(&pattern, CANVAS);
    for (size_t i = 0; i < entries->count; i++) {
        const char *const name = entries->item[i];
        char *const path = text_format("%s/%s", folder, name);
        if (regexec(&pattern, name, CANVAS_GROUPS, match, 0) != 0 ||
            !is_file(path)) {
            leave_out(download, name, "no name that Canvas gives");
            free(path);
            continue;
        }
        char *const user = group(name, &match[CANVAS_USER]);
        char *const file = group(name, &match[CANVAS_FILE]);
        char *const plain = without_count(file);
        struct handed_in *item = item_of_key(download, user);
        if (item == NULL) {
            item = download_add(download, name);
            struct student *const student = handed_in_add_student(item);
            student->key = xstrdup(user);
            student->canvas = xstrdup(user);
            char *const raw = group(name, &match[CANVAS_NAME]);
            student->name = text_clean(raw, strlen(raw), SHOWN);
            free(raw);
        }
        item->late = item->late || match[CANVAS_LATE].rm_so >= 0;
        handed_in_add_piece(item, path, plain);
        free(user);
        free(file);
        free(plain);
        free(path);
    }
    regfree(&pattern);
}

/* ---- moodle -------------------------------------------------------------- */

enum { MOODLE_NAME = 1, MOODLE_ID, MOODLE_KIND, MOODLE_FILE, MOODLE_GROUPS };
#define MOODLE "^(.+)_([0-9]+)_assignsubmission_(file|onlinetext)_?(.*)$"

static void
read_moodle(struct download *download, const char *folder,
            const struct strings *entries)
{
    regex_t pattern;
    regmatch_t match[MOODLE_GROUPS];
    compile(&pattern, MOODLE);
    for (size_t i = 0; i < entries->count; i++) {
        const char *const name = entries->item[i];
        char *const path = text_format("%s/%s", folder, name);
        const bool matches =
            regexec(&pattern, name, MOODLE_GROUPS, match, 0) == 0;
        char *const kind = matches ? group(name, &match[MOODLE_KIND]) : NULL;
        if (!matches || strcmp(kind, "file") != 0) {
            leave_out(download, name,
                      matches ? "text that was typed in, not a file"
                              : "no name that Moodle gives");
        } else {
            char *const id = group(name, &match[MOODLE_ID]);
            char *const file = group(name, &match[MOODLE_FILE]);
            struct handed_in *item = item_of_key(download, id);
            if (item == NULL) {
                item = download_add(download, name);
                struct student *const student = handed_in_add_student(item);
                student->key = xstrdup(id);
                student->moodle = xstrdup(id);
                char *const raw = group(name, &match[MOODLE_NAME]);
                student->name = text_clean(raw, strlen(raw), SHOWN);
                free(raw);
            }
            handed_in_add_upload(item, path, file[0] != '\0' ? file : "files");
            free(id);
            free(file);
        }
        free(kind);
        free(path);
    }
    regfree(&pattern);
}

/* ---- Which layout -------------------------------------------------------- */

static size_t
count_matches(const struct strings *entries, const char *text)
{
    regex_t pattern;
    size_t count = 0;
    compile(&pattern, text);
    for (size_t i = 0; i < entries->count; i++) {
        count += regexec(&pattern, entries->item[i], 0, NULL, 0) == 0;
    }
    regfree(&pattern);
    return count;
}

static enum layout
find_layout(const struct strings *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (strcmp(entries->item[i], "submission_metadata.yml") == 0) {
            return LAYOUT_GRADESCOPE;
        }
    }
    /* The pattern of Canvas takes Moodle's names, too. */
    if (2 * count_matches(entries, MOODLE) > entries->count) {
        return LAYOUT_MOODLE;
    }
    if (2 * count_matches(entries, CANVAS) > entries->count) {
        return LAYOUT_CANVAS;
    }
    return LAYOUT_FOLDERS;
}

static int
compare_pieces(const void *a, const void *b)
{
    return strcmp(((const struct piece *)a)->name,
                  ((const struct piece *)b)->name);
}

struct download *
download_read(const char *folder, enum layout layout)
{
    struct download *const download = xcalloc(1, sizeof *download);
    struct strings entries = {0};
    list_entries(folder, &entries);
    download->layout =
        layout != LAYOUT_UNKNOWN ? layout : find_layout(&entries);
    switch (download->layout) {
    case LAYOUT_GRADESCOPE:
        download_read_gradescope(download, folder, &entries);
        break;
    case LAYOUT_CANVAS:
        read_canvas(download, folder, &entries);
        break;
    case LAYOUT_MOODLE:
        read_moodle(download, folder, &entries);
        break;
    case LAYOUT_UNKNOWN:
    case LAYOUT_FOLDERS:
        read_folders(download, folder, &entries);
    }
    for (size_t i = 0; i < download->count; i++) {
        struct handed_in *const item = &download->items[i];
        qsort(item->pieces, item->piece_count, sizeof *item->pieces,
              compare_pieces);
    }
    strings_free(&entries);
    return download;
}
