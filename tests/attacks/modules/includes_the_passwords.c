/* includes_the_passwords.c - a file of the system into the messages. */
#include "segment/segment.h"
#include "/etc/passwd"
#include "/proc/self/environ"
#include "/proc/self/maps"
