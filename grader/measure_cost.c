/*
 * measure_cost - what a reference costs, for the kit.
 *
 *     measure_cost REPLAY TRACE...
 *
 * Prints payload, footprint, instructions, and those of the replay itself:
 * cost_base_read() reads them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cost.h"
#include "die.h"
#include "work.h"

int
main(int argc, char **argv)
{
    if (argc < 3) {
        die(EX_USAGE, "usage: measure_cost REPLAY TRACE...");
    }
    char *const work = work_make();
    const struct cost_request request = {
        .replay = argv[1],
        .traces = (const char *const *)argv + 2,
        .work = work,
    };
    struct cost_base base;
    char *const why = cost_measure_base(&request, &base);
    if (why != NULL) {
        die(EX_SOFTWARE, "cannot measure %s: %s", argv[1], why);
    }
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
           base.reference.payload_bytes, base.reference.footprint_bytes,
           base.reference.instructions, base.replay_instructions);
    free(work);
    return 0;
}
