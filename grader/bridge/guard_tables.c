/*
 * guard_tables.c - what the judge serves, when its own tests call it.
 *
 * A module may destroy what it was handed (TAKEN), a space, say.  A test that
 * then goes on with its pointer would crash the judge, and a mistake of the
 * module's would look like trouble of ours.  So calls from a test go through
 * these guards, by the linker's option --wrap: one that names something which
 * the module has destroyed ends the test, and says so.
 *
 * Compiled once per stage with STAGE_HEADER and STAGE_SERVED, and linked to the
 * judges alone: a student's own tests crash nobody but themselves.
 */
#include "judge.h"
#include STAGE_HEADER

/* These names are the linker's. */
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wreserved-identifier"

bool
bridge_is_guarded(void)
{
    return true;
}

#define CHECK_K_VALUE(f, a, T)
#define CHECK_K_CHOICE(f, a, E)
#define CHECK_K_OBJECT(f, a, T)
#define CHECK_K_INPUT(f, a, T)
#define CHECK_K_HANDLE(f, a, T) bridge_guard((a), #T, f, false);
#define CHECK_K_TAKEN(f, a, T)  bridge_guard((a), #T, f, true);
#define KEEP_K_VALUE(f, v, T)   (v)
#define KEEP_K_STATUS(f, v, E)  (v)
#define KEEP_K_COUNT(f, v, T)   (v)
#define KEEP_K_HANDLE(f, v, T)  keep_handle((v), #T)

/* What is new at an address is alive, whatever was there before. */
static inline __attribute__((unused)) void *
keep_handle(void *pointer, const char *tag)
{
    bridge_lend(pointer, tag);
    return pointer;
}

#define BRIDGE_ROLE BRIDGE_GUARDS
#define BRIDGE_TABLE STAGE_SERVED
#include "expand.h"
