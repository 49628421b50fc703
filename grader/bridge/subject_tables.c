/* subject_tables.c - both tables seen from the subject: thunks that call the
 * student's functions, and proxies of what the judge serves.  Compiled once per
 * stage with STAGE_HEADER, STAGE_TABLE and STAGE_SERVED. */
#include "subject.h"
#include STAGE_HEADER

enum {
#define BRIDGE_ROLE BRIDGE_NUMBERS
#define BRIDGE_TABLE STAGE_SERVED
#include "expand.h"
    FN_COUNT
};

#define PASS_K_VALUE(i, a, T)  (word)(a)
#define PASS_K_CHOICE(i, a, E) (word)(a)
#define PASS_K_OBJECT(i, a, T) subject_pass_object(i, (a), sizeof(T))
#define PASS_K_INPUT(i, a, T)  subject_pass_object(i, (a), sizeof(T))
#define PASS_K_HANDLE(i, a, T) (word)(uintptr_t)(a)
#define PASS_K_TAKEN(i, a, T)  (word)(uintptr_t)(a)
#define DONE_K_VALUE(i, a, T)
#define DONE_K_CHOICE(i, a, E)
#define DONE_K_OBJECT(i, a, T) subject_fetch_object(i, (a), sizeof(T));
#define DONE_K_INPUT(i, a, T)
#define DONE_K_HANDLE(i, a, T)
#define DONE_K_TAKEN(i, a, T)
#define BRIDGE_ROLE BRIDGE_PROXIES
#define BRIDGE_TABLE STAGE_SERVED
#include "expand.h"

#define TAKE_K_VALUE(w, T)   (T)(w)
#define TAKE_K_CHOICE(w, E)  (enum E)(w)
#define TAKE_K_OBJECT(w, T)  (T *)subject_take_object((w), sizeof(T))
#define TAKE_K_INPUT(w, T)   (const T *)subject_take_object((w), sizeof(T))
#define TAKE_K_HANDLE(w, T)  (struct T *)(uintptr_t)(w)
#define TAKE_K_TAKEN(w, T)   (struct T *)(uintptr_t)(w)
#define TAKE_K_STATE(w, T)   (struct T *)subject_take_state(w)
#define GIVE_K_STATUS(v, E)  (word)(v)
#define GIVE_K_COUNT(v, T)   (word)(v)
#define GIVE_K_STATE(v, T)   subject_give_state(v)
#define GIVE_K_POINTER(v, T) (word)(uintptr_t)(v)
#define GIVE_K_VALUE(v, T)   (word)(v)
#define GIVE_K_HANDLE(v, T)  (word)(uintptr_t)(v)
#define BRIDGE_ROLE BRIDGE_THUNKS
#define BRIDGE_TABLE STAGE_TABLE
#include "expand.h"

static bridge_thunk *const thunks[] = {
#define BRIDGE_ROLE BRIDGE_POINTERS
#define BRIDGE_TABLE STAGE_TABLE
#include "expand.h"
};
const struct bridge_serves bridge_serves = {thunks,
                                            sizeof thunks / sizeof *thunks};
