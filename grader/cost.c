/* cost.c - see cost.h. */
#include "cost.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "process.h"
#include "sandbox/sandbox.h"
#include "text.h"

enum { WALL_MS = 120000, CPU_MS = 60000, OUTPUT = 1 << 16 };

/* Runs the replay of one player in one mode; its output, to be freed, or NULL
 * with *why set. */
static char *
play(const char *replay, const char *player, const char *mode,
     const char *const *traces, const char *work, unsigned slot, bool counted,
     char **why)
{
    struct strings argv = {0};
    struct sandbox sandbox =
        sandbox_for(counted ? SANDBOX_VALGRIND : SANDBOX_TOOL, slot);
    sandbox.cpu_ms = CPU_MS;
    sandbox.memory_bytes = (uint64_t)8 << 30; /* reserved, not used           */
    if (counted) {
        strings_add(&argv, MEMORY_VALGRIND);
        strings_add(&argv, "--tool=callgrind");
        strings_add(&argv, "--callgrind-out-file=/dev/null");
        strings_add(&argv, "--toggle-collect=serve");
        strings_add(&argv, "--vgdb=no");
        sandbox_allow(&sandbox, MEMORY_VALGRIND, SANDBOX_EXECUTE);
        sandbox_allow(&sandbox, MEMORY_VALGRIND_TOOLS,
                      SANDBOX_READ | SANDBOX_EXECUTE);
    }
    strings_add(&argv, replay);
    strings_add(&argv, player);
    strings_add(&argv, mode);
    sandbox_allow(&sandbox, replay, SANDBOX_READ | SANDBOX_EXECUTE);
    for (size_t i = 0; traces[i] != NULL; i++) {
        strings_add(&argv, traces[i]);
    }
    char *const first = xstrdup(traces[0]);
    sandbox_allow(&sandbox, dirname(first), SANDBOX_READ);
    /* valgrind puts files of its own there. */
    sandbox_allow(&sandbox, work, SANDBOX_READ | SANDBOX_WRITE);
    sandbox_give(&sandbox, work);
    char *const temporary = text_format("TMPDIR=%s", work);
    const struct process process = {
        .argv = argv.item,
        .environment =
            (char *[]){"GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F",
                                  temporary, NULL},
        .sandbox = &sandbox,
        .standard_input = -1,
        .wall_ms = WALL_MS,
        .output_limit = OUTPUT,
    };
    struct process_result result = process_run(&process);
    char *output = NULL;
    if (result.end == PROCESS_EXITED && result.code == 0) {
        output = xstrdup(result.output);
    } else if (result.end == PROCESS_EXITED) {
        const size_t line = strcspn(result.output, "\n");
        *why = text_clean(result.output, line, 300);
    } else {
        *why = xstrdup(result.end == PROCESS_OUT_OF_TIME
                           ? "the traces took too long"
                           : "the heap crashed while a trace was played");
    }
    process_result_free(&result);
    strings_free(&argv);
    free(temporary);
    free(first);
    return output;
}

static char *
count(const char *replay, const char *player, const char *const *traces,
      const char *work, unsigned slot, uint64_t *instructions)
{
    char *why = NULL;
    char *const output =
        play(replay, player, "cost", traces, work, slot, true, &why);
    const char *const at =
        output != NULL ? strstr(output, "Collected :") : NULL;
    if (output != NULL &&
        (at == NULL || sscanf(at, "Collected : %" SCNu64, instructions) != 1)) {
        why = xstrdup("callgrind has not said what it collected");
    }
    free(output);
    return why;
}

char *
cost_measure(const char *replay, const char *const *traces, const char *work,
             unsigned slot, struct cost *cost)
{
    char *why = NULL;
    *cost = (struct cost){0};
    free(play(replay, "heap", "content", traces, work, slot, false, &why));
    if (why != NULL) {
        return why;
    }
    char *const lines =
        play(replay, "heap", "space", traces, work, slot, false, &why);
    if (lines == NULL) {
        return why;
    }
    size_t played = 0, asked = 0;
    for (const char *line = lines; *line != '\0';) {
        uint64_t payload, footprint;
        if (sscanf(line, "%*s %*u %" SCNu64 " %" SCNu64, &payload,
                   &footprint) == 2) {
            cost->payload_bytes += payload;
            cost->footprint_bytes += footprint;
            played++;
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    free(lines);
    while (traces[asked] != NULL) {
        asked++;
    }
    if (played != asked) {
        return xstrdup("not every trace was played to its end");
    }
    uint64_t with = 0, without = 0;
    why = count(replay, "heap", traces, work, slot, &with);
    if (why == NULL) {
        why = count(replay, "nothing", traces, work, slot, &without);
    }
    cost->instructions = with - without;
    return why;
}

double
cost_share(uint64_t own, uint64_t reference, double full, double none)
{
    const double ratio = (double)own / (double)reference;
    return ratio <= full   ? 1
           : ratio >= none ? 0
                           : (none - ratio) / (none - full);
}
