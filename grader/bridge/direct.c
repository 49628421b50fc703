/*
 * direct.c - the machine's memory, reached by a module without a call across the
 * bridge, where the host of its test says so.
 *
 *     module ── phys_read32 ── --wrap ─┬─ in the arena: here
 *                                      └─ else: the proxy
 *
 * A host says so where no verdict depends on it.  Own tests meet a hundred
 * modules of the bank, which read page tables a million times and are trusted;
 * and under memcheck a student's module only repeats what it has been judged for
 * (grader/module_lane.c).
 * The two sides do not trust each other.  So where a machine's memory lies and
 * how large it is is known to each and stands nowhere in the arena, and what lies
 * there are bytes, bits and counters; none of them is used as a pointer, nor as
 * an index that has not been looked at.
 * An access outside of memory goes to the judge, which ends the test with its
 * own words.
 *
 * Under memcheck the arena is off limits to the module but for the bytes of one
 * access, as long as it lasts.
 *
 * What is done is the machine's own (machine/phys.c, frame.c), under other names.
 * Frames are taken by asking: a search begins where the state says.
 */
#define phys_read8      here_read8
#define phys_read32     here_read32
#define phys_read64     here_read64
#define phys_write8     here_write8
#define phys_write32    here_write32
#define phys_write64    here_write64
#define phys_move       here_move
#define phys_zero_frame here_zero_frame
#define mach_peek       here_peek
#define mach_poke       here_poke
#include "../../assignments/machine/phys.c"

#define frame_free      here_frame_free
#define frame_in_use    here_frame_in_use
#define frame_alloc     here_frame_alloc
#define frame_alloc_run here_frame_alloc_run
#define frame_fail_at   here_frame_fail_at
#define frame_next_used here_frame_next_used
uint64_t here_frame_alloc(struct mach *mach);
uint64_t here_frame_alloc_run(struct mach *mach, uint64_t count);
int here_frame_free(struct mach *mach, uint64_t frame);
void here_frame_fail_at(struct mach *mach, uint64_t k);
int here_frame_in_use(const struct mach *mach, uint64_t frame);
uint64_t here_frame_next_used(const struct mach *mach, uint64_t from);
#include "../../assignments/machine/frame.c"

#include <stdlib.h>
#include <valgrind/memcheck.h>

#include "subject.h"

/* These names are the linker's. */
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wreserved-identifier"

enum { MACHINES = 64 };

static struct {
    const void *token;
    struct mach mach; /* frames, memory and state alone                       */
} known[MACHINES];
static unsigned machines;

uint64_t
direct_bytes(uint64_t frames)
{
    return frames * MACH_FRAME_BYTES + sizeof(struct mach_state) +
           mach_frame_words(frames) * sizeof(uint64_t);
}

void
direct_add(const void *token, uint64_t frames, void *memory)
{
    if (machines < MACHINES) {
        const uint64_t bytes = frames * MACH_FRAME_BYTES;
        known[machines].token = token;
        known[machines].mach = (struct mach){
            .frames = frames,
            .bytes = bytes,
            .memory = memory,
            .words = mach_frame_words(frames),
            .state = (struct mach_state *)((char *)memory + bytes),
        };
        machines++;
    }
}

void
direct_forget(void)
{
    machines = 0;
}

/* Nothing comes here: every access is looked at before. */
noreturn void
mach_stop(const char *format, ...)
{
    (void)format;
    abort();
}

/* The machine, when the `bytes` bytes from `pa` on all exist in it; else, or
 * when it does not lie in the arena, NULL. */
static struct mach *
reached(const struct mach *token, uint64_t pa, uint64_t bytes)
{
    for (unsigned i = machines; i-- > 0;) {
        if (known[i].token == token) {
            return exists(&known[i].mach, pa, bytes) ? &known[i].mach : NULL;
        }
    }
    return NULL;
}

/* Accessible to what is done here, and then to the module no longer. */
static void
show(const void *at, uint64_t bytes)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(at, bytes);
}

static void
hide(const void *at, uint64_t bytes)
{
    (void)VALGRIND_MAKE_MEM_NOACCESS(at, bytes);
}

static void
begin_access(const struct mach *mach, uint64_t pa, uint64_t bytes)
{
    show(mach->memory + pa, bytes);
    show(mach->state, sizeof *mach->state);
}

static void
end_access(const struct mach *mach, uint64_t pa, uint64_t bytes)
{
    hide(mach->memory + pa, bytes);
    hide(mach->state, sizeof *mach->state);
}

/* What was never set is told here, and by memory.c in words of its own; a send
 * would have told it, too. */
#define MUST_BE_SET(value)                                                     \
    do {                                                                       \
        (void)VALGRIND_CHECK_VALUE_IS_DEFINED(value);                          \
        (void)VALGRIND_MAKE_MEM_DEFINED(&(value), sizeof(value));              \
    } while (0)

/* R __wrap_phys_A(mach, pa): reads `bytes` bytes here, or asks. */
#define READ(R, A, bytes)                                                      \
    R __real_phys_##A(struct mach *token, uint64_t pa);                        \
    R __wrap_phys_##A(struct mach *token, uint64_t pa);                        \
    R __wrap_phys_##A(struct mach *token, uint64_t pa)                         \
    {                                                                          \
        MUST_BE_SET(pa);                                                       \
        struct mach *const mach = reached(token, pa, bytes);                   \
        if (mach == NULL)                                                      \
            return __real_phys_##A(token, pa);                                 \
        begin_access(mach, pa, bytes);                                         \
        const R value = here_##A(mach, pa);                                    \
        end_access(mach, pa, bytes);                                           \
        return value;                                                          \
    }
#define WRITE(V, A, bytes)                                                     \
    int __real_phys_##A(struct mach *token, uint64_t pa, V value);             \
    int __wrap_phys_##A(struct mach *token, uint64_t pa, V value);             \
    int __wrap_phys_##A(struct mach *token, uint64_t pa, V value)              \
    {                                                                          \
        MUST_BE_SET(pa);                                                       \
        MUST_BE_SET(value);                                                    \
        struct mach *const mach = reached(token, pa, bytes);                   \
        if (mach == NULL)                                                      \
            return __real_phys_##A(token, pa, value);                          \
        begin_access(mach, pa, bytes);                                         \
        const int status = here_##A(mach, pa, value);                          \
        end_access(mach, pa, bytes);                                           \
        return status;                                                         \
    }
READ(uint8_t, read8, 1)
READ(uint32_t, read32, 4)
READ(uint64_t, read64, 8)
WRITE(uint8_t, write8, 1)
WRITE(uint32_t, write32, 4)
WRITE(uint64_t, write64, 8)

int __real_phys_move(struct mach *token, uint64_t to, uint64_t from,
                     uint64_t bytes);
int __wrap_phys_move(struct mach *token, uint64_t to, uint64_t from,
                     uint64_t bytes);
int
__wrap_phys_move(struct mach *token, uint64_t to, uint64_t from, uint64_t bytes)
{
    MUST_BE_SET(to);
    MUST_BE_SET(from);
    MUST_BE_SET(bytes);
    struct mach *const mach = reached(token, from, bytes);
    if (mach == NULL || !exists(mach, to, bytes))
        return __real_phys_move(token, to, from, bytes);
    begin_access(mach, from, bytes);
    begin_access(mach, to, bytes);
    const int status = here_move(mach, to, from, bytes);
    end_access(mach, from, bytes);
    end_access(mach, to, bytes);
    return status;
}

int __real_phys_zero_frame(struct mach *token, uint64_t frame);
int __wrap_phys_zero_frame(struct mach *token, uint64_t frame);
int
__wrap_phys_zero_frame(struct mach *token, uint64_t frame)
{
    MUST_BE_SET(frame);
    struct mach *const mach = reached(token, 0, 0);
    if (mach == NULL || frame >= mach->frames)
        return __real_phys_zero_frame(token, frame);
    begin_access(mach, frame * MACH_FRAME_BYTES, MACH_FRAME_BYTES);
    const int status = here_zero_frame(mach, frame);
    end_access(mach, frame * MACH_FRAME_BYTES, MACH_FRAME_BYTES);
    return status;
}

int __real_frame_free(struct mach *token, uint64_t frame);
int __wrap_frame_free(struct mach *token, uint64_t frame);
int
__wrap_frame_free(struct mach *token, uint64_t frame)
{
    MUST_BE_SET(frame);
    struct mach *const mach = reached(token, 0, 0);
    if (mach == NULL || frame >= mach->frames)
        return __real_frame_free(token, frame);
    const uint64_t *const bits = &mach->state->used[frame / WORD_BITS];
    begin_access(mach, 0, 0);
    show(bits, sizeof *bits);
    const int used = here_frame_in_use(mach, frame);
    if (used)
        (void)here_frame_free(mach, frame);
    hide(bits, sizeof *bits);
    end_access(mach, 0, 0);
    return used ? 0 : __real_frame_free(token, frame);
}
