/*
 * gate.h - what may not be in a module, found before anything of it runs.
 *
 * The gate is there for good messages, and to keep coverage and memcheck
 * honest.  Security does not rest on it: what it overlooks meets the process
 * boundary and the sandbox.  So a rule is here only if ordinary C never breaks
 * it (tests/grader/gate_ok).
 *
 *   rule        found in
 *   directive   source         #line, # 12, #include_next
 *   pragma      preprocessed   but once, pack, STDC, diagnostic, ...
 *   asm         preprocessed   asm and __asm__, as statement or as a label
 *   attribute   preprocessed   all but those that describe (packed, unused, ..)
 *   builtin     preprocessed   those that look at frames or name the processor
 *   call        object         a function that the stage does not offer
 *   undefined   object         one that nobody offers
 *   missing     object         a contract function that is not there
 *   section     object         code or data in a section of its own
 *   code        object         a system call or a word to valgrind, in bytes
 *   object      object         what else no C compiler makes: ifunc, ...
 */
#ifndef VMLAB_GATE_H
#define VMLAB_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"

enum gate_kind {
    GATE_MODULE, /* M.c                                                       */
    GATE_TESTS,  /* M_test.c: Criterion's macros, and more of the C library   */
};

/* All lists end with NULL and may be NULL when empty. */
struct gate_request {
    enum gate_kind kind;
    const char *name;           /* as line markers call it: "segment.c"       */
    const char *source;         /* paths: as handed in,                       */
    const char *preprocessed;   /* build_result.preprocessed,                 */
    const char *object;         /* the plain object,                          */
    const char *counting;       /* and that for coverage, or NULL             */
    const char *const *defines; /* the contract's functions, which a module   */
                                /* defines and tests call                     */
    const char *const *serves;  /* the machine's and earlier stages'          */
    const char *const *allow;   /* of the C library; tests have more anyway   */
    unsigned slot;              /* sandbox/sandbox.h                          */
};

/* Adds what is refused to a list (findings_free, build.h), in the order of the
 * lines.  An object that is not one is refused, not trouble.  Returns NULL, or
 * what went wrong, to be freed: then nothing is known of the file. */
char *gate_check(const struct gate_request *request,
                 struct finding **findings, size_t *count);

/* Whether an object that passed has variables of its own, which may remember
 * one test in the next. */
bool gate_keeps_variables(const char *object);

/* Makes every global of an object local but those named, so that nothing of a
 * module takes the place of something else when it is linked.  Of own tests
 * nothing is kept: their descriptions are found by section.  Returns NULL, or
 * what went wrong, to be freed. */
char *gate_localise(const char *object, const char *const *keep, unsigned slot);

#endif
