/*
 * fixture.c - what surrounds every test: its subject, its machines, its random
 * numbers.
 */
#include "vmlab_test.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bridge/events.h"
#include "judge/endings.h"
#include "judge/run.h"
#include "machine/direct.h"

enum { MACHINES = 64, KMEMS = 4, SLOTS = 1024, UNHURRIED = 4 };

struct run run;
static struct mach *machine[MACHINES];
static unsigned machines;
static struct {
    struct kmem *kmem;
    char *base;
    uint64_t bytes;
} memory[KMEMS];
static unsigned memories;

/* A trial that is under way, and whether one has used up the subject. */
static struct {
    bool running;
    bool used;
    jmp_buf end;
} trial;
/* When the running test began, and how long its first subject may live. */
static struct {
    int64_t ms;
    uint32_t wall_ms;
} began;
static int swap_file[MACHINES];
static unsigned swap_files;

/* ---- Random numbers: splitmix64 (Steele, Lea, Flood 2014) ---------------- */

static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

uint64_t
run_seed(uint64_t course, const char *name)
{
    uint64_t seed = mix(course + 0x9E3779B97F4A7C15U);
    for (; *name != '\0'; name++) {
        seed = mix(seed ^ (unsigned char)*name);
    }
    return seed;
}

uint64_t
test_random(void)
{
    run.random_state += 0x9E3779B97F4A7C15U;
    return mix(run.random_state);
}

uint64_t
test_random_below(uint64_t limit)
{
    /* Rejects the uneven rest, so that every number is equally likely. */
    const uint64_t uneven = UINT64_MAX - UINT64_MAX % limit;
    uint64_t number;
    do {
        number = test_random();
    } while (number >= uneven);
    return number % limit;
}

/* ---- Begin and end ------------------------------------------------------- */

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool
run_has_time(void)
{
    return now_ms() - began.ms < began.wall_ms / UNHURRIED;
}

static void
open_subject(void)
{
    struct bridge_session session;
    const char *trouble = host_session(&session);
    if (began.wall_ms == 0) {
        began.wall_ms = session.wall_ms;
    }
    if (trouble == NULL) {
        trouble = bridge_open(&session);
    }
    if (trouble != NULL) {
        host_trouble(trouble);
    }
}

/* Gives back what the test has made outside of the arena. */
static void
give_back(void)
{
    for (unsigned i = 0; i < machines; i++) {
        mach_destroy(machine[i]);
    }
    machines = 0;
    while (swap_files > 0) {
        close(swap_file[--swap_files]);
    }
    for (unsigned i = 0; i < memories; i++) {
        kmem_destroy(memory[i].kmem);
    }
    memories = 0;
}

void
vmlab_begin(void)
{
    memset(&run, 0, sizeof run);
    snprintf(run.name, sizeof run.name, "%s/%s",
             criterion_current_test->category, criterion_current_test->name);
    run.seed = run_seed(host_seed(), run.name);
    run.random_state = run.seed;
    events_reset(run.name);

    trial.used = false;
    began.ms = now_ms();
    began.wall_ms = 0;
    if (!bridge_is_open()) {
        open_subject();
    }
}

void
vmlab_end(void)
{
    const bool keeps = !run.over && host_keeps_subject();
    if (bridge_is_open() && !keeps) {
        run.end = bridge_close();
        if (!run.over) {
            judge_quiet_end();
        }
    }
    give_back();
    if (bridge_is_open()) {
        bridge_renew();
    }
    host_test_over();
}

bool
run_trial(void (*body)(const void *data), const void *data,
          struct failure *failure)
{
    if (trial.used) {
        if (bridge_is_open()) {
            bridge_close();
        }
        give_back();
        open_subject();
    }
    trial.used = true;
    trial.running = true;
    if (setjmp(trial.end) == 0) {
        body(data);
        trial.running = false;
        return true;
    }
    *failure = run.failure;
    return false;
}

noreturn void
run_fail(const struct failure *failure)
{
    if (trial.running) {
        trial.running = false;
        if (host_has_more() && failure->verdict != VERDICT_NOT_IMPLEMENTED &&
            failure->verdict != VERDICT_TIMED_OUT) {
            run.failure = *failure;
            longjmp(trial.end, 1);
        }
    }
    if (!run.over) {
        run.over = true;
        run.failure = *failure;
    }
    host_leave_test();
}

/* ---- What a test makes --------------------------------------------------- */

void *
arena_bytes(size_t bytes)
{
    void *const object = bridge_object(bytes);
    if (object == NULL) {
        bridge_misused("arena_object",
                       bridge_is_open()
                           ? "the arena is full: a test has 64 MiB and 4096 "
                             "objects"
                           : "no arena is there: declare the suite with "
                             "VMLAB_SUITE(name)");
    }
    return object;
}

/* A machine in the arena, where a module of the kit's own reaches its memory;
 * NULL when there is no room. */
static struct mach *
direct_machine(uint64_t frames)
{
    const uint64_t bytes = frames * MACH_FRAME_BYTES;
    char *const room =
        frames > 0 && frames < BRIDGE_ARENA_BYTES / MACH_FRAME_BYTES
            ? bridge_share(bytes + mach_state_bytes(frames))
            : NULL;
    struct mach *const mach =
        room != NULL ? mach_create_at(frames, room, (void *)(room + bytes))
                     : NULL;
    if (mach != NULL) {
        bridge_tell_machine(mach, frames, room);
    }
    return mach;
}

struct mach *
test_machine(uint64_t frames)
{
    struct mach *mach = NULL;
    if (machines < MACHINES && host_is_direct()) {
        mach = direct_machine(frames);
    }
    if (machines < MACHINES && mach == NULL) {
        mach = mach_create(frames);
    }
    if (mach == NULL) {
        bridge_misused("test_machine",
                       machines < MACHINES
                           ? strerror(errno)
                           : "a test may have at most 64 machines");
    }
    machine[machines++] = mach;
    bridge_lend(mach, "mach");
    return mach;
}

static void
tell_subject(void *context, char *from, uint64_t bytes, int on)
{
    (void)context;
    bridge_access(from, bytes, on);
}

struct kmem *
test_kmem(uint64_t first_break, uint64_t heap_bytes, uint64_t mapping_bytes)
{
    const uint64_t page = KMEM_PAGE_BYTES;
    const uint64_t bytes =
        ((first_break + heap_bytes + page - 1) & ~(page - 1)) + 2 * page +
        ((mapping_bytes + page - 1) & ~(page - 1));
    struct kmem_config config = {
        .bytes = bytes,
        .first_break = first_break,
        .heap_bytes = heap_bytes,
        .access = tell_subject,
    };
    struct kmem *kmem = NULL;
    if (memories < KMEMS && (config.base = bridge_reserve(bytes)) != NULL) {
        kmem = kmem_create(&config);
    }
    if (kmem == NULL) {
        bridge_misused("test_kmem",
                       memories < KMEMS
                           ? "that is more memory than the arena has: a test "
                             "has 64 MiB"
                           : "a test may have at most 4 of them");
    }
    memory[memories].kmem = kmem;
    memory[memories].base = config.base;
    memory[memories++].bytes = bytes;
    bridge_lend(kmem, "kmem");
    return kmem;
}

const char *
run_kind_of_memory(uint64_t address)
{
    for (unsigned i = 0; i < memories; i++) {
        const uint64_t base = (uint64_t)(uintptr_t)memory[i].base;
        if (address >= base && address - base < memory[i].bytes) {
            const uint64_t end =
                (uint64_t)(uintptr_t)kmem_brk(memory[i].kmem, NULL);
            return kmem_holds(memory[i].kmem, (void *)(uintptr_t)address, 1)
                       ? ""
                   : address >= end && address - end < KMEM_PAGE_BYTES
                       ? " (just above the break)"
                       : " (kernel memory that was never asked for, or has "
                         "been given back)";
        }
    }
    return "";
}

void
test_swapdev(struct mach *mach, uint64_t slots)
{
    if (slots == 0 || slots > SLOTS || swap_files == MACHINES) {
        bridge_misused("test_swapdev", "a device has 1 to 1,024 slots, and a "
                                       "test at most 64 devices");
    }
    const int file = memfd_create("swap", MFD_CLOEXEC);
    if (file < 0) {
        host_trouble("cannot make a file for the swap device");
    }
    swap_file[swap_files++] = file;
    if (swapdev_attach(mach, file, slots) != 0) {
        bridge_misused("test_swapdev", strerror(errno));
    }
}
