/*
 * gradescope_settings.h - what an instructor says of an assignment on
 * Gradescope: docker/gradescope/gradescope.yaml.
 */
#ifndef VMLAB_GRADESCOPE_SETTINGS_H
#define VMLAB_GRADESCOPE_SETTINGS_H

#include "catalogue.h"
#include "report.h"

/* When a student sees a part of the results; the platform's words. */
enum gradescope_visibility {
    GRADESCOPE_HIDDEN,
    GRADESCOPE_AFTER_DUE_DATE,
    GRADESCOPE_AFTER_PUBLISHED,
    GRADESCOPE_VISIBLE,
};
const char *gradescope_visibility_name(enum gradescope_visibility visibility);

struct gradescope_settings {
    char **stages; /* in the order of the catalogue; none: all of them       */
    unsigned stages_count;
    double points; /* of the assignment; 0: its total on the platform        */
    double bonus_points;
    enum visibility show; /* of hidden tests                                 */
    struct gradescope_visibilities {
        enum gradescope_visibility public_tests, hidden_tests, memory,
            own_tests, bonus;
    } visibility;
    double late_percent_per_day;
    unsigned minutes; /* that a grading may take                             */
};

/* Reads and checks the file; names of stages are those of the catalogue.
 * NULL, with every problem added to `errors`, when anything is wrong. */
struct gradescope_settings *
gradescope_settings_read(const char *path, const struct catalogue *catalogue,
                         struct strings *errors);
void gradescope_settings_free(struct gradescope_settings *settings);

#endif
