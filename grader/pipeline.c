/*
 * pipeline.c - intake and the stages, one after the other (pipeline.h).
 */
#include "pipeline.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"
#include "intake.h"
#include "sandbox/sandbox.h"
#include "stage_grading.h"
#include "text.h"
#include "work.h"

enum { NAME_SHOWN = 200 };

/* ---- The work folder ----------------------------------------------------- */

static char *
make_folder(const char *work, const char *name, mode_t mode)
{
    char *const folder = text_format("%s/%s", work, name);
    if (mkdir(folder, mode) != 0) {
        die(EX_CANTCREAT, "cannot make the work folder %s:", folder);
    }
    return folder;
}

/* ---- The submission ------------------------------------------------------ */

static bool
is_wanted(const struct pipeline *pipeline, const char *name)
{
    if (pipeline->stages == NULL) {
        return true;
    }
    for (const char *const *stage = pipeline->stages; *stage != NULL; stage++) {
        if (strcmp(*stage, name) == 0) {
            return true;
        }
    }
    return false;
}

static void
take_intake(struct result *result, struct intake *intake, bool hide_ignored)
{
    result->digest = intake->digest;
    result->intake_trouble = intake->trouble;
    intake->digest = NULL;
    intake->trouble = NULL;
    if (!hide_ignored) {
        result->ignored = intake->ignored;
        result->ignored_count = intake->ignored_count;
        intake->ignored = NULL;
        intake->ignored_count = 0;
    }
}

static void
list_layers(const struct pipeline *pipeline, struct result *result)
{
    struct strings layers = {0}, uncovered = {0};
    char *const solutions = kit_path(pipeline->kit, "solutions");
    char *const tests = kit_path(pipeline->kit, "tests");
    sandbox_layers(&layers);
    /* At home everything is the student's own. */
    if (!pipeline->public_only) {
        sandbox_missing((const char *const[]){solutions, tests, NULL},
                        &uncovered);
    }
    result->sandbox = layers.item; /* the record owns them now */
    result->sandbox_count = layers.count;
    result->uncovered = uncovered.item;
    result->uncovered_count = uncovered.count;
    free(solutions);
    free(tests);
}

static void
grade_stage(const struct pipeline *pipeline, const struct kit_stage *stage,
            const struct intake *intake, const char *taken, const char *work,
            const char *records, struct stage_result *result)
{
    char *const module = text_format("%s.c", stage->stage->name);
    char *const tests = text_format("%s_test.c", stage->stage->name);
    char *const module_path = text_format("%s/%s", taken, module);
    char *const tests_path = text_format("%s/%s", taken, tests);
    const bool has_module = intake_has(intake, module);
    const bool has_tests = intake_has(intake, tests);
    result->stage = stage->stage;
    result->status = STAGE_NOT_SUBMITTED;
    if (has_module || has_tests) {
        char *const own = make_folder(work, stage->stage->name, 0711);
        stage_grade(pipeline, stage, has_module ? module_path : NULL,
                    has_tests ? tests_path : NULL, own, records, result);
        free(own);
    }
    free(module);
    free(tests);
    free(module_path);
    free(tests_path);
}

/* Bytes of the ending that names an archive; 0: there is none. */
static size_t
archive_ending(const char *name)
{
    static const char *const endings[] = {
        ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tar", ".tgz", ".zip"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t bytes = strlen(name), tail = strlen(endings[i]);
        if (bytes > tail && strcmp(name + bytes - tail, endings[i]) == 0) {
            return tail;
        }
    }
    return 0;
}

bool
pipeline_is_archive(const char *name)
{
    return archive_ending(name) > 0;
}

char *
pipeline_name(const char *path)
{
    char *copy = xstrdup(path);
    const char *base = basename(copy);
    char *const whole =
        base[0] == '.' && base[strspn(base, ".")] == '\0' && strlen(base) < 3
            ? realpath(path, NULL)
            : NULL;
    if (whole != NULL) {
        free(copy);
        copy = whole;
        base = basename(copy);
    }
    char *const name = text_clean(base, strlen(base), NAME_SHOWN);
    free(copy);
    name[strlen(name) - archive_ending(name)] = '\0';
    return name;
}

struct result *
pipeline_run(const struct pipeline *pipeline, const char *submission)
{
    const struct kit *const kit = pipeline->kit;
    char *const name = pipeline_name(submission);
    struct result *const result = result_create(name, pipeline->seed);
    struct strings accepted = {0};
    for (size_t i = 0; i < kit->stage_count; i++) {
        strings_addf(&accepted, "%s.c", kit->stages[i].stage->name);
        strings_addf(&accepted, "%s_test.c", kit->stages[i].stage->name);
    }
    char *const work = work_make();
    char *const taken = make_folder(work, "taken", 0700);
    char *const records = make_folder(work, "records", 0700);

    struct intake intake = intake_take(
        submission, (const char *const *)accepted.item, accepted.count, taken);
    take_intake(result, &intake, pipeline->hide_ignored);
    list_layers(pipeline, result);
    result->stages = xcalloc(kit->stage_count + 1, sizeof *result->stages);
    for (size_t i = 0; i < kit->stage_count; i++) {
        if (is_wanted(pipeline, kit->stages[i].stage->name)) {
            grade_stage(pipeline, &kit->stages[i], &intake, taken, work,
                        records, &result->stages[result->stage_count++]);
        }
    }
    intake_free(&intake);
    if (pipeline->keep_work) {
        work_keep(work);
        warn_user("the work folder is %s", work);
    } else {
        work_remove(work);
    }
    strings_free(&accepted);
    free(name);
    free(taken);
    free(records);
    free(work);
    return result;
}
