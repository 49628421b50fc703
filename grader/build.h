/*
 * build.h - compiles one file of a submission, in the sandbox.
 *
 * The text is preprocessed once and all variants are compiled from that, so
 * that none can differ from another by more than the compiler's flags.  What
 * does not compile is the submission's fault and ends up in findings.  Trouble
 * with the compiler itself is ours: where there is none it is die(), one that is
 * killed from outside, twice, is told in `trouble`.
 */
#ifndef VMLAB_BUILD_H
#define VMLAB_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"

enum build_variant {
    BUILD_PLAIN,    /* -O1 -g                                                 */
    BUILD_COVERAGE, /* -O0 -g --coverage; counts go to FOLDER/coverage        */
};
enum { BUILD_VARIANTS = BUILD_COVERAGE + 1 };

enum { BUILD_SOURCE_BYTES = 256 << 10 }; /* the largest file taken            */

struct build_request {
    const char *source;          /* the student's file                        */
    const char *name;            /* as messages call it: "segment.c"          */
    const char *const *include;  /* folders of public headers, NULL-terminated*/
    const char *folder;          /* absolute, exists, is empty: receives all  */
    const char *compiler;        /* NULL: gcc                                 */
    bool wanted[BUILD_VARIANTS];
    unsigned slot;               /* sandbox/sandbox.h                         */
};

/* With a name of "segment.c" the folder then holds
 *
 *     source/segment.c   what was compiled; the only file there, so nothing of
 *                        a submission can pass for a header
 *     segment.i          preprocessed
 *     segment.o          plain
 *     coverage/segment.o and segment.gcno; the counts are written beside them
 *
 * and debug information names "segment.c" and no folder. */
struct build_result {
    bool compiled;
    struct finding *findings; /* errors, in the student's file where possible */
    size_t finding_count;
    char *trouble;            /* why nobody knows; NULL: it is known          */
    char *output;             /* all that the compiler said; NULL: nothing    */
    char *preprocessed;       /* paths; NULL when not made                    */
    char *object[BUILD_VARIANTS];
};

/* Returns result->compiled.  Give the result to build_result_free, too, when
 * it did not compile; what is moved out of it is set to NULL or 0 first. */
bool build_module(const struct build_request *request,
                  struct build_result *result);
void build_result_free(struct build_result *result);

/* Adds a finding to a list; the words are copied. */
void findings_add(struct finding **list, size_t *count, unsigned line,
                  const char *rule, const char *message);
void findings_free(struct finding *list, size_t count);

#endif
