/* module_tables.c - the contract seen from the judge: proxies of its functions,
 * their signatures, and the names of enumerators.  Compiled once per stage with
 * STAGE_HEADER, STAGE_TABLE and STAGE_SERVED. */
#include "judge.h"
#include STAGE_HEADER

enum {
#define BRIDGE_ROLE BRIDGE_NUMBERS
#define BRIDGE_TABLE STAGE_TABLE
#include "expand.h"
    FN_COUNT
};

#define PASS_K_VALUE(i, a, T)  (word)(a)
#define PASS_K_CHOICE(i, a, E) (word)(a)
#define PASS_K_OBJECT(i, a, T) bridge_pass_object(fn, i, (a), sizeof(T), #T)
#define PASS_K_INPUT(i, a, T)  bridge_pass_object(fn, i, (a), sizeof(T), #T)
#define PASS_K_HANDLE(i, a, T) bridge_pass_handle(fn, (a), #T)
#define PASS_K_TAKEN(i, a, T)  bridge_pass_handle(fn, (a), #T)
#define PASS_K_STATE(i, a, T)  (word)(uintptr_t)(a)
#define DONE_K_VALUE(i, a, T)
#define DONE_K_CHOICE(i, a, E)
#define DONE_K_OBJECT(i, a, T)
#define DONE_K_INPUT(i, a, T)
#define DONE_K_HANDLE(i, a, T)
#define DONE_K_TAKEN(i, a, T) bridge_forget(a);
#define DONE_K_STATE(i, a, T)
#define BRIDGE_ROLE BRIDGE_PROXIES
#define BRIDGE_TABLE STAGE_TABLE
#include "expand.h"

const struct bridge_function bridge_module[] = {
#define BRIDGE_ROLE BRIDGE_SIGNATURES
#define BRIDGE_TABLE STAGE_TABLE
#include "expand.h"
};
const unsigned bridge_module_count = FN_COUNT;

const struct bridge_name bridge_names[] = {
#define BRIDGE_ROLE BRIDGE_NAMES
#define BRIDGE_TABLE STAGE_TABLE
#include "expand.h"
#define BRIDGE_ROLE BRIDGE_NAMES
#define BRIDGE_TABLE STAGE_SERVED
#include "expand.h"
};
const unsigned bridge_name_count = sizeof bridge_names / sizeof *bridge_names;
