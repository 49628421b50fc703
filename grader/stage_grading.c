/*
 * stage_grading.c - the steps of one stage, in two lanes.
 *
 *     module:     build ── gate ─┐  ┌─ judge ── memory ── cost ─┐
 *                                ├──┤                           ├── score, diagnosis
 *     own tests:  build ── gate ─┘  └─ own module ── bugs ──────┘
 *
 * A step that finds fault with the submission writes it into the record, and the
 * steps that need its product are left out.  A step in which the grader itself
 * fails calls lane_trouble(): the stage is then ungraded, whatever else is known.
 */
#include "stage_grading.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "diagnose.h"
#include "lane.h"
#include "score.h"
#include "text.h"

/* ---- Two lanes ----------------------------------------------------------- */

/* What a lane does until it meets the other; NULL: nothing. */
struct leg {
    void (*run)(struct lane *lane);
    struct lane *lane;
};

static void *
run_leg(void *of)
{
    const struct leg *const leg = of;
    if (leg->run != NULL && leg->lane->trouble == NULL) {
        leg->run(leg->lane);
    }
    return NULL;
}

/* Programs are bound to the thread that started them (process.c), and no leg
 * leaves one running. */
static void
run_side_by_side(struct leg *one, struct leg *other)
{
    pthread_t thread;
    const bool two = one->run != NULL && other->run != NULL &&
                     pthread_create(&thread, NULL, run_leg, other) == 0;
    run_leg(one);
    if (two) {
        pthread_join(thread, NULL);
    } else {
        run_leg(other);
    }
}

/* ---- What they found ----------------------------------------------------- */

static void
take_times(struct stage_result *result, struct lane *lane)
{
    result->times =
        xrealloc(result->times, (result->time_count + lane->time_count + 1) *
                                    sizeof *result->times);
    for (size_t i = 0; i < lane->time_count; i++) {
        result->times[result->time_count++] = lane->times[i];
    }
    free(lane->times);
}

static void
take_trouble(struct stage_result *result, struct lane *lane)
{
    if (lane->trouble == NULL) {
        return;
    }
    result->status = STAGE_UNGRADED;
    if (result->trouble == NULL) {
        result->trouble = lane->trouble;
    } else {
        free(lane->trouble);
    }
}

/* ---- The stage ----------------------------------------------------------- */

void
stage_grade(const struct pipeline *pipeline, const struct kit_stage *stage,
            const char *module, const char *tests, const char *work,
            const char *records, struct stage_result *result)
{
    struct grading grading = {
        .pipeline = pipeline,
        .stage = stage,
        .work = work,
        .records = records,
        .result = result,
        .module = module,
        .tests = pipeline->own_tests ? tests : NULL,
        .source = text_format("%s.c", stage->stage->name),
    };
    struct lane of_module = {.grading = &grading, .slot = pipeline->slot};
    struct lane of_tests = {.grading = &grading, .slot = pipeline->slot + 1};
    struct leg one = {module != NULL ? module_lane_build : NULL, &of_module};
    struct leg other = {grading.tests != NULL ? own_lane_build : NULL,
                        &of_tests};
    xmlInitParser(); /* before there are threads */
    result->own_tests_submitted = grading.tests != NULL;
    run_side_by_side(&one, &other);
    /* What one lane could not build, the other may be about to use. */
    if (of_module.trouble == NULL && of_tests.trouble == NULL) {
        one.run = grading.plain != NULL ? module_lane_run : NULL;
        other.run = grading.tester != NULL ? own_lane_run : NULL;
        run_side_by_side(&one, &other);
    }

    take_times(result, &of_module);
    take_times(result, &of_tests);
    take_trouble(result, &of_module);
    take_trouble(result, &of_tests);
    /* Public tests alone are no grading: they carry no points. */
    if (result->trouble == NULL && !pipeline->public_only) {
        result->score = score_stage(result, pipeline->kit->catalogue,
                                    stage->rubric, stage->bank);
        diagnose_stage(result, stage->bank);
    }
    free(grading.source);
    free(grading.plain);
    free(grading.coverage);
    free(grading.coverage_folder);
    free(grading.replay);
    free(grading.tester);
}
