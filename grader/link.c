/*
 * link.c - see link.h.  The flags are the Makefile's, which links the kit's own
 * modules in the same way.
 */
#include "link.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "sandbox/sandbox.h"
#include "text.h"

enum { LINK_WALL_MS = 60000, LINK_OUTPUT = 8192 };

/* Adds the words of a list that the Makefile handed over as one string. */
static void
add_words(struct strings *argv, const char *words)
{
    char *const copy = xstrdup(words);
    char *rest = copy;
    for (char *one = strsep(&rest, " "); one != NULL;
         one = strsep(&rest, " ")) {
        if (one[0] != '\0') {
            strings_add(argv, one);
        }
    }
    free(copy);
}

static char *
run_linker(struct strings *argv, const char *object, const char *kit_object,
           const char *to, unsigned slot)
{
    char *const copy = xstrdup(to);
    char *const folder = dirname(copy);
    struct sandbox sandbox = sandbox_for(SANDBOX_COMPILER, slot);
    sandbox_allow(&sandbox, object, SANDBOX_READ);
    sandbox_allow(&sandbox, kit_object, SANDBOX_READ);
    sandbox_allow(&sandbox, folder, SANDBOX_READ | SANDBOX_WRITE);
    sandbox_give(&sandbox, folder);
    char *const temporary = text_format("TMPDIR=%s", folder);
    const struct process process = {
        .argv = argv->item,
        .environment =
            (char *[]){"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", temporary, NULL},
        .sandbox = &sandbox,
        .standard_input = -1,
        .wall_ms = LINK_WALL_MS,
        .output_limit = LINK_OUTPUT,
    };
    struct process_result result = process_insist(&process);
    char *words = NULL;
    if (result.end != PROCESS_EXITED || result.code != 0) {
        words = text_format("cannot link %s: %.*s", to,
                            (int)strcspn(result.output, "\n"), result.output);
    }
    process_result_free(&result);
    strings_free(argv);
    free(temporary);
    free(copy);
    return words;
}

char *
link_subject(const struct kit_stage *stage, const char *object,
             const char *to, bool coverage, unsigned slot)
{
    struct strings argv = {0};
    strings_add(&argv, VMLAB_CC);
    strings_add(&argv, "-o");
    strings_add(&argv, to);
    strings_add(&argv, object);
    strings_add(&argv, stage->subject_object);
    if (coverage) {
        strings_add(&argv, "--coverage");
        /* The bridge calls it when it is there; make it be there. */
        strings_add(&argv, "-Wl,--undefined=__gcov_dump");
    }
    add_words(&argv, VMLAB_LINK_FLAGS);
    return run_linker(&argv, object, stage->subject_object, to, slot);
}

char *
link_replay(const struct kit_stage *stage, const char *object, const char *to,
            unsigned slot)
{
    struct strings argv = {0};
    strings_add(&argv, VMLAB_CC);
    /* Binding at the first call would be counted. */
    strings_add(&argv, "-Wl,--discard-all,-z,now");
    strings_add(&argv, "-o");
    strings_add(&argv, to);
    strings_add(&argv, object);
    strings_add(&argv, stage->replay_object);
    return run_linker(&argv, object, stage->replay_object, to, slot);
}

char *
link_tester(const struct kit_stage *stage, const char *object, const char *to,
            unsigned slot)
{
    struct strings argv = {0};
    strings_add(&argv, VMLAB_CC);
    strings_add(&argv, "-o");
    strings_add(&argv, to);
    strings_add(&argv, object);
    strings_add(&argv, stage->tester_object);
    add_words(&argv, "-Wl,-z,now,-Bstatic,-ljansson,-lseccomp,-Bdynamic");
    return run_linker(&argv, object, stage->tester_object, to, slot);
}
