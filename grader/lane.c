/*
 * lane.c - see lane.h.
 */
#include "lane.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "die.h"
#include "work.h"

void
lane_trouble(struct lane *lane, char *why)
{
    if (lane->trouble == NULL) {
        lane->trouble = why;
    } else {
        free(why);
    }
}

/* ---- Steps ---------------------------------------------------------------- */

void
lane_begin(struct lane *lane, const char *step)
{
    const struct pipeline *const pipeline = lane->grading->pipeline;
    if (pipeline->step != NULL) {
        pipeline->step(lane->grading->stage->stage->name, step,
                       pipeline->context);
    }
    clock_gettime(CLOCK_MONOTONIC, &lane->step_began);
}

void
lane_end(struct lane *lane, const char *step)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lane->times =
        xrealloc(lane->times, (lane->time_count + 1) * sizeof *lane->times);
    lane->times[lane->time_count++] = (struct step_time){
        .step = step,
        .seconds = (double)(now.tv_sec - lane->step_began.tv_sec) +
                   (double)(now.tv_nsec - lane->step_began.tv_nsec) / 1e9,
    };
    /* At once: whoever has filled the disk may make room before the last one.
     * It is why everything else has gone wrong. */
    if (!work_has_room(lane->grading->work)) {
        free(lane->trouble);
        lane->trouble = text_format("the disk of %s is full; set TMPDIR to a "
                                    "folder with room",
                                    lane->grading->work);
    }
}

char *
lane_folder(const struct lane *lane, const char *name)
{
    char *const folder = text_format("%s/%s", lane->grading->work, name);
    if (mkdir(folder, 0711) != 0) {
        die(EX_CANTCREAT, "cannot make the work folder %s:", folder);
    }
    return folder;
}

/* ---- Build ---------------------------------------------------------------- */

bool
lane_build(const struct lane *lane, const char *source, const char *name,
           const char *folder, bool coverage, struct build_result *built)
{
    const struct build_request request = {
        .source = source,
        .name = name,
        .include =
            (const char *const[]){lane->grading->pipeline->kit->headers, NULL},
        .folder = folder,
        .compiler = VMLAB_CC,
        .wanted = {[BUILD_PLAIN] = true, [BUILD_COVERAGE] = coverage},
        .slot = lane->slot,
    };
    return build_module(&request, built);
}

/* Moves the findings of a build to the list. */
void
lane_take_findings(struct finding **list, size_t *count,
                   struct build_result *built)
{
    for (size_t i = 0; i < built->finding_count; i++) {
        findings_add(list, count, built->findings[i].line,
                     built->findings[i].rule, built->findings[i].message);
    }
}

/* The same with its trouble, where it has any. */
void
lane_take_trouble(struct lane *lane, struct build_result *built)
{
    if (built->trouble != NULL) {
        lane_trouble(lane, built->trouble);
        built->trouble = NULL;
    }
}

const char *const *
names_of(const struct strings *list)
{
    return (const char *const *)list->item;
}

/* ---- Subjects ------------------------------------------------------------ */

struct module_subject *
lane_subject(const struct lane *lane, enum sandbox_step step,
             const char *program)
{
    struct module_subject *const subject = xcalloc(1, sizeof *subject);
    subject->sandbox = sandbox_for(step, lane->slot);
    sandbox_allow(&subject->sandbox, program, SANDBOX_READ | SANDBOX_EXECUTE);
    subject->request.sandbox = &subject->sandbox;
    return subject;
}

struct module_subject *
lane_plain_subject(const struct lane *lane, const char *program)
{
    struct module_subject *const subject =
        lane_subject(lane, SANDBOX_SUBJECT, program);
    strings_add(&subject->argv, program);
    subject->request.argv = subject->argv.item;
    subject->request.filtered = true;
    subject->request.filter = INNER_SUBJECT;
    return subject;
}

void
lane_free_subject(struct module_subject *subject)
{
    strings_free(&subject->argv);
    strings_free(&subject->environment);
    free(subject);
}
