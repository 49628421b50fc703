/* served_tables.c - what the judge serves to the module of a stage: thunks of
 * the machine and of earlier stages' references.  They check every word that
 * comes in.  Compiled once per stage with STAGE_HEADER and STAGE_SERVED. */
#include "judge.h"
#include STAGE_HEADER

#define TAKE_K_VALUE(w, T)  (T)(w)
#define TAKE_K_CHOICE(w, E) (enum E)(w)
#define TAKE_K_OBJECT(w, T)                                                    \
    bridge_take_object((w), sizeof(T), _Alignof(T), #T)
#define TAKE_K_INPUT(w, T)  TAKE_K_OBJECT(w, T)
#define TAKE_K_HANDLE(w, T) bridge_take_handle((w), #T, false)
#define TAKE_K_TAKEN(w, T)  bridge_take_handle((w), #T, true)
#define GIVE_K_VALUE(v, T)  (word)(v)
#define GIVE_K_STATUS(v, E) (word)(v)
#define GIVE_K_COUNT(v, T)  (word)(v)
#define GIVE_K_HANDLE(v, T) give_handle((v), #T)

static inline __attribute__((unused)) word
give_handle(const void *pointer, const char *tag)
{
    bridge_lend(pointer, tag);
    return (word)(uintptr_t)pointer;
}

#define BRIDGE_ROLE BRIDGE_THUNKS
#define BRIDGE_TABLE STAGE_SERVED
#include "expand.h"

static bridge_thunk *const thunks[] = {
#define BRIDGE_ROLE BRIDGE_POINTERS
#define BRIDGE_TABLE STAGE_SERVED
#include "expand.h"
};
const struct bridge_serves bridge_serves = {thunks,
                                            sizeof thunks / sizeof *thunks};

const struct bridge_function bridge_served[] = {
#define BRIDGE_ROLE BRIDGE_SIGNATURES
#define BRIDGE_TABLE STAGE_SERVED
#include "expand.h"
};
