/*
 * kit.c - see kit.h.
 */
#include "kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"
#include "sandbox/sandbox.h"
#include "text.h"
#include "work.h"

char *
kit_path(const struct kit *kit, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *const below = text_vformat(format, arguments);
    va_end(arguments);
    char *const path = text_format("%s/%s", kit->root, below);
    free(below);
    return path;
}

/* The programs lie in ROOT/build. */
char *
kit_find_root(void)
{
    char program[PATH_MAX];
    const ssize_t bytes =
        readlink("/proc/self/exe", program, sizeof program - 1);
    if (bytes < 0) {
        die(EX_OSERR, "cannot find out where this program is:");
    }
    program[bytes] = '\0';
    for (char *folder = dirname(program); strlen(folder) > 1;
         folder = dirname(folder)) {
        char *const mark = text_format("%s/grader/catalogue.yaml", folder);
        const int found = access(mark, R_OK) == 0;
        free(mark);
        if (found) {
            return xstrdup(folder);
        }
    }
    die(EX_CONFIG, "there is no grader/catalogue.yaml around this program: run "
                   "it from the build folder of the kit");
}

/* Where a path leads, without links on the way: steps with users of their own
 * must get through every folder that it names.  Takes the path over. */
static char *
without_links(char *path)
{
    char *const whole = realpath(path, NULL);
    if (whole == NULL) {
        return path; /* whoever needs it says that it is not there */
    }
    free(path);
    return whole;
}

static void
must_be_built(const char *path)
{
    if (access(path, R_OK) != 0) {
        die(EX_UNAVAILABLE, "%s is not there: run make all first", path);
    }
}

static void
must_all_be_built(const struct strings *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        must_be_built(paths->item[i]);
    }
}

/* A list of names, a line each, that the Makefile has written. */
static void
read_names(const struct kit_stage *stage, const char *file,
           struct strings *names)
{
    char *const path = text_format("%s/%s", stage->folder, file);
    char *const text = text_read_file(path, 1 << 16, NULL);
    if (text == NULL) {
        die(EX_UNAVAILABLE, "cannot read %s (make all writes it):", path);
    }
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL;
         line = strsep(&rest, "\n")) {
        if (line[0] != '\0') {
            strings_add(names, line);
        }
    }
    free(text);
    free(path);
}

/* The Makefile lists alternatives by the files in their folder; so do we. */
static void
find_alternatives(const struct kit *kit, struct kit_stage *stage)
{
    struct strings names = {0};
    char *const folder =
        kit_path(kit, "solutions/%s/alternatives", stage->stage->name);
    strings_list_folder(&names, folder, ".c");
    for (size_t i = 0; i < names.count; i++) {
        strings_addf(&stage->rights, "%s/modules/alternative-%s", stage->folder,
                     names.item[i]);
        strings_addf(&stage->right_names, "alternative %s", names.item[i]);
    }
    strings_free(&names);
    free(folder);
}

/* What the cost of a solution is measured with. */
static void
open_cost(struct kit_stage *stage)
{
    const struct cost_rules *const rules = stage->rubric->cost;
    char *const base = text_format("%s/cost", stage->folder);
    stage->replay_object = text_format("%s/replay.o", stage->folder);
    for (unsigned i = 0; i < rules->trace_count; i++) {
        strings_addf(&stage->traces, "%s/traces/%s.trace", stage->folder,
                     rules->traces[i]);
    }
    must_be_built(stage->replay_object);
    must_be_built(base);
    must_all_be_built(&stage->traces);
    if (!cost_base_read(base, &stage->cost_base)) {
        die(EX_CONFIG, "%s is damaged: remove it and run make all", base);
    }
    free(base);
}

/* What checks a module and its own tests. */
static void
open_stage(const struct kit *kit, struct kit_stage *stage)
{
    const char *const name = stage->stage->name;
    char *const rubric = kit_path(kit, "tests/%s/rubric.yaml", name);
    stage->rubric = rubric_load(rubric, kit->catalogue, stage->stage);
    free(rubric);
    stage->folder = without_links(kit_path(kit, "build/kit/%s", name));
    stage->judge = text_format("%s/judge", stage->folder);
    stage->subject_object = text_format("%s/subject.o", stage->folder);
    stage->tester_object = text_format("%s/tester.o", stage->folder);
    must_be_built(stage->judge);
    must_be_built(stage->subject_object);
    must_be_built(stage->tester_object);
    read_names(stage, "functions", &stage->functions);
    read_names(stage, "served", &stage->served);
    for (unsigned i = 0; i < stage->stage->allow_count; i++) {
        strings_add(&stage->allow, stage->stage->allow[i]);
    }
}

/* What grades them. */
static void
open_bank(const struct kit *kit, struct kit_stage *stage)
{
    char *const bank = kit_path(kit, "solutions/%s/bugs", stage->stage->name);
    if (!rubric_has_hidden_tests(stage->rubric)) {
        die(EX_CONFIG, "%s has no hidden tests: this is a kit for learners, "
                       "grade with the whole one",
            stage->rubric->path);
    }
    stage->bank = bank_load(bank, stage->rubric);
    free(bank);
    strings_addf(&stage->rights, "%s/modules/reference", stage->folder);
    strings_add(&stage->right_names, "the reference");
    find_alternatives(kit, stage);
    for (size_t i = 0; i < stage->bank->bug_count; i++) {
        strings_addf(&stage->bugs, "%s/modules/bug-%s", stage->folder,
                     stage->bank->bugs[i].name);
    }
    must_all_be_built(&stage->rights);
    must_all_be_built(&stage->bugs);
    if (stage->rubric->cost != NULL) {
        open_cost(stage);
    }
}

struct kit *
kit_open(enum kit_part part)
{
    struct kit *const kit = xcalloc(1, sizeof *kit);
    kit->root = kit_find_root();
    kit->headers = without_links(kit_path(kit, "assignments"));
    char *const catalogue = kit_path(kit, "grader/catalogue.yaml");
    kit->catalogue = catalogue_load(catalogue);
    free(catalogue);
    kit->stage_count = kit->catalogue->stage_count;
    kit->stages = xcalloc(kit->stage_count, sizeof *kit->stages);
    for (size_t i = 0; i < kit->stage_count; i++) {
        kit->stages[i].stage = &kit->catalogue->stages[i];
        open_stage(kit, &kit->stages[i]);
        if (part == KIT_WHOLE) {
            open_bank(kit, &kit->stages[i]);
        }
    }
    return kit;
}

/* ---- A copy where everybody may read it ---------------------------------- */

static void
copy_file(const char *from, const char *to, mode_t mode)
{
    const int source = open(from, O_RDONLY | O_CLOEXEC);
    const int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t copied = 1;
    if (source < 0) {
        die(EX_NOINPUT, "cannot read %s:", from);
    }
    while (target >= 0 && copied > 0) {
        copied = sendfile(target, source, NULL, 1 << 24);
    }
    if (target < 0 || copied < 0 || fchmod(target, mode) != 0) {
        die(EX_CANTCREAT, "cannot write %s:", to);
    }
    close(source);
    close(target);
}

static void
make_open_folder(const char *path)
{
    if (mkdir(path, 0755) != 0 || chmod(path, 0755) != 0) {
        die(EX_CANTCREAT, "cannot make the folder %s:", path);
    }
}

/* The headers in the folder `from`, and in the folders in it when `deep`. */
static void
copy_headers(const char *from, const char *to, bool deep)
{
    DIR *const stream = opendir(from);
    if (stream == NULL) {
        die(EX_NOINPUT, "cannot list %s:", from);
    }
    make_open_folder(to);
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        char *const source = text_format("%s/%s", from, entry->d_name);
        char *const target = text_format("%s/%s", to, entry->d_name);
        const size_t length = strlen(entry->d_name);
        struct stat status;
        if (entry->d_name[0] != '.' && stat(source, &status) == 0) {
            if (S_ISDIR(status.st_mode) && deep) {
                copy_headers(source, target, false);
            } else if (S_ISREG(status.st_mode) && length > 2 &&
                       strcmp(entry->d_name + length - 2, ".h") == 0) {
                copy_file(source, target, 0644);
            }
        }
        free(source);
        free(target);
    }
    closedir(stream);
}

/* Copies a file into a folder and lets the path name the copy. */
static void
move_path(char **path, const char *folder, mode_t mode)
{
    const char *const slash = strrchr(*path, '/');
    char *const copy = text_format("%s%s", folder, slash);
    copy_file(*path, copy, mode);
    free(*path);
    *path = copy;
}

static void
copy_stage(struct kit_stage *stage, const char *to, bool bank)
{
    char *const folder = text_format("%s/%s", to, stage->stage->name);
    make_open_folder(folder);
    move_path(&stage->subject_object, folder, 0644);
    move_path(&stage->tester_object, folder, 0644);
    if (stage->replay_object != NULL) {
        move_path(&stage->replay_object, folder, 0644);
    }
    for (size_t i = 0; i < stage->traces.count; i++) {
        move_path(&stage->traces.item[i], folder, 0644);
    }
    for (size_t i = 0; bank && i < stage->rights.count; i++) {
        move_path(&stage->rights.item[i], folder, 0755);
    }
    for (size_t i = 0; bank && i < stage->bugs.count; i++) {
        move_path(&stage->bugs.item[i], folder, 0755);
    }
    free(folder);
}

void
kit_make_reachable(struct kit *kit, bool bank)
{
    char *const header = text_format("%s/vmlab_test.h", kit->headers);
    bool reachable = sandbox_can_reach(header);
    free(header);
    for (size_t i = 0; i < kit->stage_count; i++) {
        reachable = reachable &&
                    sandbox_can_reach(kit->stages[i].subject_object) &&
                    sandbox_can_reach(kit->stages[i].tester_object) &&
                    (kit->stages[i].rights.count == 0 ||
                     sandbox_can_reach(kit->stages[i].rights.item[0]));
    }
    if (reachable) {
        return;
    }
    char *const work = work_make();
    char *const headers = text_format("%s/assignments", work);
    char *const stages = text_format("%s/kit", work);
    copy_headers(kit->headers, headers, true);
    make_open_folder(stages);
    for (size_t i = 0; i < kit->stage_count; i++) {
        copy_stage(&kit->stages[i], stages, bank);
    }
    free(kit->headers);
    kit->headers = headers;
    free(stages);
    free(work);
}

void
kit_free(struct kit *kit)
{
    for (size_t i = 0; i < kit->stage_count; i++) {
        struct kit_stage *const stage = &kit->stages[i];
        rubric_free(stage->rubric);
        bank_free(stage->bank);
        free(stage->folder);
        free(stage->judge);
        free(stage->subject_object);
        free(stage->tester_object);
        free(stage->replay_object);
        strings_free(&stage->traces);
        strings_free(&stage->functions);
        strings_free(&stage->served);
        strings_free(&stage->allow);
        strings_free(&stage->rights);
        strings_free(&stage->right_names);
        strings_free(&stage->bugs);
    }
    free(kit->stages);
    catalogue_free(kit->catalogue);
    free(kit->headers);
    free(kit->root);
    free(kit);
}

const struct kit_stage *
kit_stage(const struct kit *kit, const char *name)
{
    for (size_t i = 0; i < kit->stage_count; i++) {
        if (strcmp(kit->stages[i].stage->name, name) == 0) {
            return &kit->stages[i];
        }
    }
    return NULL;
}
