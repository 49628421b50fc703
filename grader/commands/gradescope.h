/*
 * gradescope.h - the command of vmgrade for an autograder of Gradescope.
 */
#ifndef VMLAB_COMMANDS_GRADESCOPE_H
#define VMLAB_COMMANDS_GRADESCOPE_H

/* argv[0] is "vmgrade gradescope"; returns the exit status. */
int command_gradescope(int argc, char **argv);

#endif
