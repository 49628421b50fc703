/*
 * checks.h - what several commands look at before they begin; what is wrong
 * ends the program, with what to do.
 */
#ifndef VMLAB_CHECKS_H
#define VMLAB_CHECKS_H

#include <stdbool.h>

#include "kit.h"
#include "text.h"

/* The catalogue of the kit around this program, which need not be built. */
struct catalogue *open_catalogue(void);

/* Each name is a stage of the catalogue. */
void check_stages(const struct catalogue *catalogue,
                  const struct strings *stages);

/* This machine can keep submissions from doing harm, or `allow_weak`; and it
 * lets the steps of a grading have what they need. */
void check_sandbox(const struct kit *kit, bool allow_weak);

#endif
