/*
 * submission.c - a module that attacks is short: it defines the functions in
 * which it attacks, and the base's text is put behind it for all others.
 *
 *     #include "segment/segment.h"      modules/NAME.c
 *     int seg_decode(...) { ... }
 *     #define seg_decode base_seg_decode
 *     ...                               skeleton or reference, whole
 *
 * A line `#include "beyond_gate.h"` is replaced by that file, because nothing
 * but M.c and M_test.c is taken of a submission.
 */
#include "submission.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "die.h"

enum { TEXT_LIMIT = 4 << 20, MIB = 1 << 20, MADE = 1788256800 /* a date */ };

/* ---- Texts --------------------------------------------------------------- */

static char *
read_text(const char *folder, const char *name)
{
    char *const path = text_format("%s/%s", folder, name);
    char *const text = text_read_file(path, TEXT_LIMIT, NULL);
    if (text == NULL) {
        die(EX_NOINPUT, "cannot read %s:", path);
    }
    free(path);
    return text;
}

/* Replaces every `word` of a text from malloc, which it frees. */
static char *
replace(char *text, const char *word, const char *by)
{
    char *at;
    size_t from = 0;
    while ((at = strstr(text + from, word)) != NULL) {
        char *const longer = text_format("%.*s%s%s", (int)(at - text), text, by,
                                         at + strlen(word));
        from = (size_t)(at - text) + strlen(by);
        free(text);
        text = longer;
    }
    return text;
}

static char *
fill_in(char *text, const struct attack_world *world)
{
    text = replace(text, "@KIT@", world->kit);
    text = replace(text, "@CANARY@", world->canary);
    text = replace(text, "@ESC@", "\033");
    text = replace(text, "@BELL@", "\a");
    text = replace(text, "@FEED@", "\f");
    text = replace(text, "@RETURN@", "\r");
    text = replace(text, "@BOM@", "\357\273\277"); /* byte order mark */
    text = replace(text, "@SEPARATOR@", "\342\200\250");
    text = replace(text, "@BAD@", "\377\376");     /* no UTF-8          */
    text = replace(text, "@RLO@", "\342\200\256"); /* right to left       */
    return replace(text, "@MARK@", world->mark);
}

static char *
attack_text(const struct attack_world *world, const char *folder,
            const char *name)
{
    char *const where = text_format("%s/%s", world->corpus, folder);
    char *const beyond = read_text(world->corpus, "beyond_gate.h");
    char *const text =
        replace(read_text(where, name), "#include \"beyond_gate.h\"\n", beyond);
    free(beyond);
    free(where);
    return fill_in(text, world);
}

/* Whether the text defines the function: its name begins a line. */
static bool
defines(const char *text, const char *function)
{
    const size_t length = strlen(function);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, function, length) == 0 && line[length] == '(') {
            return true;
        }
    }
    return false;
}

static char *
module_text(const struct attack *attack, const struct attack_world *world)
{
    char *text = attack->module != NULL
                     ? attack_text(world, "modules", attack->module)
                     : xstrdup("");
    if (attack->base == BASE_NONE) {
        return text;
    }
    const char *const stage = attack_stage(attack);
    char *const path = text_format(
        "%s/%s/%s.c",
        attack->base == BASE_SKELETON ? "assignments" : "solutions", stage,
        stage);
    char *const functions = text_format("build/kit/%s/functions", stage);
    char *const base = read_text(world->kit, path);
    char *const names = read_text(world->kit, functions);
    char *rest = names;
    for (char *name = strsep(&rest, "\n"); name != NULL;
         name = strsep(&rest, "\n")) {
        if (*name != '\0' && defines(text, name)) {
            char *const longer =
                text_format("%s\n#define %s base_%s", text, name, name);
            free(text);
            text = longer;
        }
    }
    char *const whole = text_format("%s\n%s", text, base);
    free(functions);
    free(names);
    free(path);
    free(base);
    free(text);
    return whole;
}

static char *
contents(const struct attack *attack, const struct attack_entry *entry,
         const struct attack_world *world)
{
    if (entry->file == NULL) {
        return fill_in(xstrdup(entry->text != NULL ? entry->text : ""), world);
    }
    if (strcmp(entry->file, "module") == 0) {
        return module_text(attack, world);
    }
    if (strcmp(entry->file, "tests") == 0) {
        return attack_text(world, "own_tests", attack->tests);
    }
    return read_text(world->corpus, entry->file);
}

/* ---- A folder ------------------------------------------------------------ */

static void
make_parents(const char *path)
{
    char *const copy = xstrdup(path);
    for (char *slash = strchr(copy + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST) {
            die(EX_CANTCREAT, "cannot make %s:", copy);
        }
        *slash = '/';
    }
    free(copy);
}

static void
put_file(const char *path, const struct attack_entry *entry, const char *text)
{
    int error = 0;
    make_parents(path);
    if (entry->kind == ENTRY_SYMLINK) {
        error = symlink(text, path);
    } else if (entry->kind == ENTRY_HARDLINK) {
        error = link(text, path);
    } else if (entry->kind == ENTRY_FIFO) {
        error = mkfifo(path, 0644);
    } else if (entry->mib != 0) {
        const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        error = file < 0 || ftruncate(file, (off_t)entry->mib * MIB) != 0;
        close(file);
    } else {
        error = text_write_file(path, text, strlen(text)) != 0 ||
                chmod(path, 0644) != 0;
    }
    if (error != 0) {
        die(EX_CANTCREAT, "cannot make %s:", path);
    }
}

/* ---- An archive ---------------------------------------------------------- */

static void
must(int status, struct archive *archive)
{
    if (status < ARCHIVE_WARN) {
        die(EX_SOFTWARE, "cannot pack: %s", archive_error_string(archive));
    }
}

static void
write_zeros(struct archive *archive, uint32_t mib)
{
    static const char zeros[MIB];
    for (uint32_t i = 0; i < mib; i++) {
        if (archive_write_data(archive, zeros, MIB) != MIB) {
            die(EX_SOFTWARE, "cannot pack: %s", archive_error_string(archive));
        }
    }
}

static void
pack_entry(struct archive *archive, const struct attack_entry *entry,
           const char *path, const char *text)
{
    struct archive_entry *const header = archive_entry_new();
    archive_entry_set_pathname(header, path);
    archive_entry_set_mtime(header, MADE, 0);
    archive_entry_set_perm(header, 0644);
    archive_entry_set_filetype(header, AE_IFREG);
    if (entry->kind == ENTRY_SYMLINK) {
        archive_entry_set_filetype(header, AE_IFLNK);
        archive_entry_set_symlink(header, text);
    } else if (entry->kind == ENTRY_HARDLINK) {
        archive_entry_set_hardlink(header, text);
    } else if (entry->kind == ENTRY_FIFO) {
        archive_entry_set_filetype(header, AE_IFIFO);
    } else if (entry->kind == ENTRY_DEVICE) {
        archive_entry_set_filetype(header, AE_IFCHR);
        archive_entry_set_rdev(header, makedev(1, 8));
    } else {
        archive_entry_set_size(header, entry->mib != 0
                                           ? (int64_t)entry->mib * MIB
                                           : (int64_t)strlen(text));
    }
    must(archive_write_header(archive, header), archive);
    if (entry->kind == ENTRY_FILE && entry->mib != 0) {
        write_zeros(archive, entry->mib);
    } else if (entry->kind == ENTRY_FILE) {
        must((int)archive_write_data(archive, text, strlen(text)) < 0
                 ? ARCHIVE_FATAL
                 : ARCHIVE_OK,
             archive);
    }
    archive_entry_free(header);
}

static struct archive *
begin_archive(enum attack_pack pack, const char *path)
{
    struct archive *const archive = archive_write_new();
    if (pack == PACK_ZIP) {
        must(archive_write_set_format_zip(archive), archive);
    } else {
        must(archive_write_set_format_gnutar(archive), archive);
        must(archive_write_add_filter_gzip(archive), archive);
    }
    must(archive_write_open_filename(archive, path), archive);
    return archive;
}

/* ---- The submission ------------------------------------------------------ */

char *
submission_make(const struct attack *attack, const struct attack_world *world,
                const char *folder)
{
    static const char *const endings[] = {[PACK_FOLDER] = "",
                                          [PACK_FILE] = "",
                                          [PACK_TAR] = ".tar.gz",
                                          [PACK_ZIP] = ".zip"};
    char *const module = text_format("%s.c", attack_stage(attack));
    char *const tests = text_format("%s_test.c", attack_stage(attack));
    /* Without entries of its own: M.c, and M_test.c when there are own tests. */
    const struct attack_entry usual[] = {
        {.path = module, .file = (char *)"module"},
        {.path = tests, .file = (char *)"tests"},
    };
    const struct attack_entry *const entries =
        attack->entry_count > 0 ? attack->entries : usual;
    const unsigned count = attack->entry_count > 0 ? attack->entry_count
                           : attack->tests != NULL ? 2
                                                   : 1;
    char *const path =
        text_format("%s/%s%s", folder, attack->name, endings[attack->pack]);
    const bool packed = attack->pack == PACK_TAR || attack->pack == PACK_ZIP;
    struct archive *const archive =
        packed ? begin_archive(attack->pack, path) : NULL;
    for (unsigned i = 0; i < count; i++) {
        char *const text = contents(attack, &entries[i], world);
        const unsigned times = entries[i].times > 0 ? entries[i].times : 1;
        for (unsigned t = 0; t < times; t++) {
            char *const name = t == 0
                                   ? xstrdup(entries[i].path)
                                   : text_format("%s-%u", entries[i].path, t);
            if (packed) {
                pack_entry(archive, &entries[i], name, text);
            } else {
                char *const to = text_format("%s/%s", path, name);
                put_file(to, &entries[i], text);
                free(to);
            }
            free(name);
        }
        free(text);
    }
    if (packed) {
        must(archive_write_close(archive), archive);
        archive_write_free(archive);
    }
    char *const file = text_format("%s/%s", path, entries[0].path);
    free(tests);
    free(module);
    if (attack->pack == PACK_FILE) {
        free(path);
        return file;
    }
    free(file);
    return path;
}
