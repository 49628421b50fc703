/*
 * command.h - what vmgrade can be told to do: a command per file.
 *
 * Each reads its own options (argp) and returns the exit status; the statuses
 * are listed in vmgrade.c.
 */
#ifndef VMLAB_COMMAND_H
#define VMLAB_COMMAND_H

#include <argp.h>

/* argv[0] is "vmgrade NAME". */
int command_grade(int argc, char **argv);
int command_batch(int argc, char **argv);
int command_regrade(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_export(int argc, char **argv);
int command_gradescope(int argc, char **argv);

#endif
