/*
 * judge.h - the judge's side of the bridge: one subject at a time, from
 * bridge_open to bridge_close.  The judge program of a stage, and the tester
 * that runs a student's own tests, are linked with it.
 *
 * Everything that can go wrong with a subject ends in bridge_lost_subject(),
 * which the program supplies and which does not return.
 */
#ifndef VMLAB_BRIDGE_JUDGE_H
#define VMLAB_BRIDGE_JUDGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "bridge.h"
#include "session.h"

/* ---- Tables that the program is linked with ------------------------------ */

extern const struct bridge_function bridge_module[]; /* the stage's contract   */
extern const unsigned bridge_module_count;
extern const struct bridge_function bridge_served[]; /* what the judge serves  */
extern const struct bridge_serves bridge_serves;
extern const struct bridge_name bridge_names[];
extern const unsigned bridge_name_count;

/* The name of `value` in `enum tag`, or NULL. */
const char *bridge_name_of(const char *tag, int64_t value);

/* ---- One subject --------------------------------------------------------- */

/* Takes a session over and maps its arena: calls now go to its subject.
 * Returns NULL, or what went wrong on our side. */
const char *bridge_open(const struct bridge_session *session);

/* How a subject ended. */
struct bridge_end {
    bool known;          /* the zygote has said; without it, or when the child */
    bool ready;          /* was never set up, it is our own trouble            */
    bool out_of_time;    /* processor or wall time                             */
    bool killed;         /* from outside                                       */
    int status;          /* as from wait(2)                                    */
    uint64_t cpu_ns;
    uint64_t peak_kib;   /* of memory                                          */
    uint64_t calls;      /* of the module by the test, and by the module       */
    int pid;
    bool lives_on;       /* nothing has remained of the test, it takes another */
    bool used;           /* it had taken one before                            */
    bool crashed;        /* it told of a crash itself: */
    int signal;
    uint64_t address;
    bool allocation_failed;
    const char *doing;   /* the contract function that was being called, or "" */
};

/* Shuts the subject down, waits for its end and forgets arena and tokens.
 * Does nothing when none is open. */
struct bridge_end bridge_close(void);

/* Whether a subject is open. */
bool bridge_is_open(void);

/* Why a subject was given up in the middle of a call. */
enum bridge_loss {
    BRIDGE_SUBJECT_ENDED,   /* it died, exited or was killed: see the end      */
    BRIDGE_SUBJECT_BABBLED, /* a record that no sound subject sends            */
    BRIDGE_SUBJECT_ABSENT,  /* no answer from anybody: our own trouble         */
};
noreturn void bridge_lost_subject(enum bridge_loss loss, const char *doing,
                                  const char *detail);

/* The module has said that the function is not implemented. */
noreturn void bridge_not_implemented(const char *function);

/* The test itself is wrong: it handed over what the subject cannot see. */
noreturn void bridge_misused(const char *function, const char *detail);

/* ---- Arena --------------------------------------------------------------- */

/* `bytes` zero bytes that the subject can see, 16-aligned, with a red zone
 * behind; NULL when the arena is full. */
void *bridge_object(size_t bytes);

/* Another test goes on with the same subject: the arena is as new. */
void bridge_renew(void);

/* Memory of the arena that the subject must not touch until it is given access;
 * whole pages, zero, no object.  NULL when there is no room. */
void *bridge_reserve(size_t bytes);

/* The same, but the subject may touch it at once; NULL also when half of the
 * arena would be such memory. */
void *bridge_share(size_t bytes);

/* Tells the subject that machine `mach` has its `frames` frames, and its state
 * behind them, at `memory`, which is shared; without frames, to forget all. */
void bridge_tell_machine(const void *mach, uint64_t frames, void *memory);

/* Lets the subject touch [from, from + bytes) of reserved memory from its next
 * record on; or no longer, and then forgets the pages that begin in it. */
void bridge_access(char *from, size_t bytes, bool on);

/* Whether all of `bytes` bytes at `address` lie in one object of the arena. */
bool bridge_in_arena(uint64_t address, uint64_t bytes);

/* ---- Tokens -------------------------------------------------------------- */

/* Makes `pointer` known as a token of type `tag` ("mach") in this test. */
void bridge_lend(const void *pointer, const char *tag);
void bridge_forget(const void *pointer);

/* ---- Events -------------------------------------------------------------- */

/* Errors that memcheck has found during calls of the contract so far. */
struct bridge_memcheck {
    unsigned function; /* index into bridge_module                            */
    unsigned errors;
};
unsigned bridge_memcheck(struct bridge_memcheck *list, unsigned room);

/* The contract call that came back last, or NULL; `result` is its value. */
const struct bridge_function *bridge_last_call(word *result);

/* What the module has printed so far: at most `room` bytes into `to`; returns
 * how many. */
size_t bridge_output(char *to, size_t room);

/* ---- Used by expanded proxies and thunks --------------------------------- */

word bridge_pass_object(unsigned fn, unsigned parameter, const void *object,
                        size_t bytes, const char *type);
word bridge_pass_handle(unsigned fn, const void *pointer, const char *tag);
void *bridge_take_object(word address, size_t bytes, size_t alignment,
                         const char *type);
void *bridge_take_handle(word token, const char *tag, bool ends);

/* The test itself is about to use a struct `tag` in `user`, which maybe ends
 * its life: ends the test when the module has destroyed it (guard_tables.c,
 * which also says whether there are such guards). */
void bridge_guard(const void *pointer, const char *tag, const char *user,
                  bool ends);
bool bridge_is_guarded(void);

#endif
