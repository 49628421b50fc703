/*
 * fuzz_intake.c - libFuzzer on what reads archives.
 *
 *     make fuzz-intake SECONDS=3600
 *
 * New inputs go to build/fuzz/found; of them those that reach more are kept:
 *
 *     build/fuzz/fuzz_intake -merge=1 tests/grader/corpus/intake build/fuzz/found
 *
 * make test hands the corpus to the same function once (fuzz/replay_corpus.c).
 *
 * Runs in one process what the grader runs in a child, checks what must hold of
 * every pick, and sends it the way that a real one takes.  An input that begins
 * with 'P' is what a child that was taken over might answer.
 */
#include <assert.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "intake_archive.h"

static const char *const accepted[] = {"segment.c", "segment_test.c", "tlb.c"};
enum { ACCEPTED = sizeof accepted / sizeof accepted[0] };

static void
check_pick(const struct pick *pick)
{
    assert(pick->notable_count <= INTAKE_NOTABLE_LINES);
    assert(pick->line_count - pick->notable_count <= INTAKE_PLAIN_LINES);
    for (size_t i = 0; i < pick->count; i++) {
        const struct candidate *candidate = &pick->candidates[i];

        assert(candidate->length <= INTAKE_FILE_BYTES);
        assert((candidate->state == PICK_ABSENT) == (candidate->path == NULL));
        assert(candidate->state != PICK_TAKEN || candidate->bytes != NULL);
        if (candidate->path == NULL)
            continue;
        assert(candidate->depth <= INTAKE_DEPTH);
        assert(strlen(candidate->path) <= INTAKE_PATH_BYTES);
    }
    free(pick_trouble(pick));
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    setlocale(LC_CTYPE, "C.UTF-8");
    return 0;
}

int
LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
    struct pick pick, copy;
    unsigned char *packed;
    size_t packed_bytes;

    pick_begin(&pick, accepted, ACCEPTED);
    pick_begin(&copy, accepted, ACCEPTED);
    if (length > 0 && bytes[0] == 'P') {
        pick_unpack(&copy, bytes + 1, length - 1);
        check_pick(&copy);
    } else {
        intake_archive_scan(&pick, bytes, length);
        check_pick(&pick);
        packed = pick_pack(&pick, &packed_bytes);
        assert(packed_bytes <= pick_packed_limit(ACCEPTED));
        assert(pick_unpack(&copy, packed, packed_bytes));
        check_pick(&copy);
        free(packed);
    }
    pick_end(&pick);
    pick_end(&copy);
    return 0;
}
