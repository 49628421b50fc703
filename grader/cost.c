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

/* The reference needs less than a second under callgrind. */
enum { WALL_MS = 120000, CPU_MS = 10000, OUTPUT = 1 << 16, WORDS = 300 };

/* valgrind shows a module the processor's features, by which glibc chooses its
 * memcpy; this choice is there on every one. */
#define SAME_GLIBC                                                             \
    "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,"      \
    "-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,-Fast_Unaligned_Copy"

/* ---- One run of the replay ----------------------------------------------- */

enum run_end {
    RUN_DONE,
    RUN_REFUSED, /* the replay has found fault, in its output                 */
    RUN_CRASHED,
    RUN_OUT_OF_TIME,
    RUN_KILLED, /* by somebody who has nothing to do with it                  */
    RUN_NOT_STARTED,
};

struct run {
    enum run_end end;
    char *output;
};

static enum run_end
end_of(const struct process_result *result)
{
    if (process_was_killed(result)) {
        return RUN_KILLED;
    }
    switch (result->end) {
    case PROCESS_EXITED:
        return result->code == 0 ? RUN_DONE : RUN_REFUSED;
    case PROCESS_SIGNALLED:
        return RUN_CRASHED;
    case PROCESS_OUT_OF_TIME:
        return RUN_OUT_OF_TIME;
    default:
        return RUN_NOT_STARTED;
    }
}

static struct run
run_replay(const struct cost_request *request, const char *player,
           const char *mode, bool counted)
{
    struct strings argv = {0};
    /* The replay opens the traces, so no tighter filter would do. */
    struct sandbox sandbox = sandbox_for(SANDBOX_VALGRIND, request->slot);
    sandbox.cpu_ms = CPU_MS;
    sandbox.memory_bytes = SANDBOX_LARGEST_BYTES; /* reserved, not used       */
    if (counted) {
        strings_add(&argv, MEMORY_VALGRIND);
        strings_add(&argv, "--tool=callgrind");
        strings_add(&argv, "--callgrind-out-file=/dev/null");
        strings_add(&argv, "--toggle-collect=replay_serve");
        strings_add(&argv, "--vgdb=no");
        sandbox_allow(&sandbox, MEMORY_VALGRIND, SANDBOX_EXECUTE);
        sandbox_allow(&sandbox, MEMORY_VALGRIND_TOOLS,
                      SANDBOX_READ | SANDBOX_EXECUTE);
    }
    strings_add(&argv, request->replay);
    strings_add(&argv, player);
    strings_add(&argv, mode);
    sandbox_allow(&sandbox, request->replay, SANDBOX_READ | SANDBOX_EXECUTE);
    for (size_t i = 0; request->traces[i] != NULL; i++) {
        strings_add(&argv, request->traces[i]);
    }
    char *const first = xstrdup(request->traces[0]);
    sandbox_allow(&sandbox, dirname(first), SANDBOX_READ);
    sandbox_allow(&sandbox, request->work, SANDBOX_READ | SANDBOX_WRITE);
    if (request->sandboxed) {
        sandbox_give(&sandbox, request->work);
    }
    char *const temporary = text_format("TMPDIR=%s", request->work);
    const struct process process = {
        .argv = argv.item,
        .environment = (char *[]){SAME_GLIBC, temporary, NULL},
        .sandbox = request->sandboxed ? &sandbox : NULL,
        .standard_input = -1,
        .wall_ms = WALL_MS,
        .output_limit = OUTPUT,
    };
    struct process_result result = process_run(&process);
    const struct run run = {end_of(&result), xstrdup(result.output)};
    process_result_free(&result);
    strings_free(&argv);
    free(temporary);
    free(first);
    return run;
}

/* ---- Figures ------------------------------------------------------------- */

/* Instructions in the calls of one player; callgrind's last words. */
static enum cost_end
count(const struct cost_request *request, const char *player,
      uint64_t *instructions, char **why)
{
    struct run run = run_replay(request, player, "cost", true);
    const char *const at = strstr(run.output, "Collected :");
    enum cost_end end = COST_MEASURED;
    *instructions = 0;
    if (run.end == RUN_DONE) {
        if (at == NULL ||
            sscanf(at, "Collected : %" SCNu64, instructions) != 1) {
            *why = xstrdup("callgrind has not said what it collected");
            end = COST_TROUBLE;
        }
    } else if (run.end == RUN_KILLED) {
        *why = xstrdup("callgrind was killed from outside; is memory short?");
        end = COST_TROUBLE;
    } else if (run.end != RUN_OUT_OF_TIME) {
        *why = text_clean(run.output, strlen(run.output), WORDS);
        end = COST_TROUBLE; /* natively all was well a moment ago             */
    }
    free(run.output);
    return end;
}

/* Adds up the lines of a run; whether every trace has one. */
static bool
add_up(const char *lines, const char *const *traces, struct cost *cost)
{
    size_t played = 0, asked = 0;
    while (*lines != '\0') {
        uint64_t payload, footprint;
        if (sscanf(lines, "%*s %*u %" SCNu64 " %" SCNu64, &payload,
                   &footprint) == 2) {
            cost->payload_bytes += payload;
            cost->footprint_bytes += footprint;
            played++;
        }
        lines += strcspn(lines, "\n");
        lines += *lines == '\n';
    }
    while (traces[asked] != NULL) {
        asked++;
    }
    return played == asked;
}

static enum cost_end
play_with_contents(const struct cost_request *request, struct cost *cost,
                   char **why)
{
    enum cost_end end = COST_NO_FIGURES;
    struct run run = run_replay(request, "heap", "content", false);
    switch (run.end) {
    case RUN_DONE:
        end = COST_MEASURED;
        if (!add_up(run.output, request->traces, cost)) {
            *why = xstrdup("the replay has not played every trace");
            end = COST_TROUBLE;
        }
        break;
    case RUN_REFUSED:
        *why = text_clean(run.output, strcspn(run.output, "\n"), WORDS);
        break;
    case RUN_CRASHED:
        *why = xstrdup("it crashed while a trace was played");
        break;
    case RUN_OUT_OF_TIME:
        *why = xstrdup("the traces took too long");
        break;
    case RUN_KILLED:
        *why = xstrdup("the replay was killed from outside; is memory short?");
        end = COST_TROUBLE;
        break;
    case RUN_NOT_STARTED:
        *why = text_format("cannot run %s", request->replay);
        end = COST_TROUBLE;
        break;
    }
    free(run.output);
    return end;
}

enum cost_end
cost_measure(const struct cost_request *request, uint64_t replay_instructions,
             struct cost *cost, char **why)
{
    *cost = (struct cost){0};
    *why = NULL;
    const enum cost_end end = play_with_contents(request, cost, why);
    if (end != COST_MEASURED) {
        return end;
    }
    uint64_t with;
    const enum cost_end counted = count(request, "heap", &with, why);
    cost->instructions =
        with > replay_instructions ? with - replay_instructions : 0;
    return counted;
}

/* ---- The base ------------------------------------------------------------ */

char *
cost_measure_base(const struct cost_request *request, struct cost_base *base)
{
    char *why = NULL;
    if (count(request, "nothing", &base->replay_instructions, &why) ==
        COST_MEASURED) {
        cost_measure(request, base->replay_instructions, &base->reference,
                     &why);
    }
    if (why == NULL && base->reference.instructions == 0) {
        why = xstrdup("nothing was counted");
    }
    return why;
}

bool
cost_base_read(const char *path, struct cost_base *base)
{
    char *const text = text_read_file(path, 1 << 10, NULL);
    struct cost *const reference = &base->reference;
    const bool read =
        text != NULL &&
        sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &reference->payload_bytes, &reference->footprint_bytes,
               &reference->instructions, &base->replay_instructions) == 4;
    free(text);
    return read;
}

double
cost_share(const struct cost_rule *rule, uint64_t own, uint64_t reference)
{
    const double ratio = (double)own / (double)reference;
    return ratio <= rule->full ? 1
           : ratio >= rule->none
               ? 0
               : (rule->none - ratio) / (rule->none - rule->full);
}
