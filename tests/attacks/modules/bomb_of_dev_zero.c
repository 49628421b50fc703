/* bomb_of_dev_zero.c - a header without an end. */
#include "/dev/zero"
