/*
 * config.h - the end of a run whose own files are wrong.
 *
 * The catalogue, the rubrics and the bug bank are read by functions that
 * collect every problem in a list, so that tests and `make check-kit` can look
 * at them; programs that cannot go on end here.
 */
#ifndef VMLAB_CONFIG_H
#define VMLAB_CONFIG_H

#include <stdnoreturn.h>

#include "text.h"

/* Prints each problem on a line of its own and exits with EX_CONFIG. */
noreturn void config_die(const struct strings *errors);

#endif
