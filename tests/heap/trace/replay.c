/*
 * replay.c - plays traces to a heap that is linked with the machine, natively:
 * where a call across the bridge would cost more than what it measures.
 *
 *     replay heap|glibc|nothing  content|cost  trace...
 *
 *   content  every payload is filled, and looked at when it changes or goes;
 *            the peaks of payload and of footprint are noted
 *   cost     only the calls: for callgrind, which collects in replay_serve()
 *            alone.  What "nothing" costs is the replay itself
 *
 * One line per trace: name, calls, peak of payload and of footprint in bytes.
 * What the heap prints goes nowhere, so that it cannot add a line of its own.
 * The heap's memory lies at a fixed address, so that a program and its count of
 * instructions are the same each time.  The replay's own tables are mapped, so
 * glibc's heap holds what the trace asks for and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heap/heap.h"
#include "heap/trace/trace.h"

#define RANGE_AT ((void *)0x300000000000)

static const uint64_t heap_bytes = (uint64_t)1 << 30;
static const uint64_t range_bytes = (uint64_t)2 << 30;

/* Where standard output and error were. */
static int output, errors;

static noreturn void
stop(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vdprintf(errors, format, arguments);
    va_end(arguments);
    dprintf(errors, "\n");
    _exit(EXIT_FAILURE);
}

static void
take_outputs(void)
{
    errors = dup(STDERR_FILENO);
    output = dup(STDOUT_FILENO);
    const int nowhere = open("/dev/null", O_WRONLY);
    if (output < 0 || errors < 0 || nowhere < 0 ||
        dup2(nowhere, STDOUT_FILENO) < 0 || dup2(nowhere, STDERR_FILENO) < 0)
        _exit(EXIT_FAILURE);
    close(nowhere);
}

/* ---- Who is played to -------------------------------------------------- */

struct player {
    void *(*get)(size_t n);
    void *(*clear)(size_t n);
    void *(*resize)(void *p, size_t n);
    void *(*align)(size_t alignment, size_t n);
    void (*drop)(void *p);
    uint64_t (*footprint)(void);
};

static struct kmem *kmem;
static struct heap *heap;

static void *
heap_get(size_t n)
{
    return heap_malloc(heap, n);
}

static void *
heap_clear(size_t n)
{
    return heap_calloc(heap, 1, n);
}

static void *
heap_resize(void *p, size_t n)
{
    return heap_realloc(heap, p, n);
}

static void *
heap_align(size_t alignment, size_t n)
{
    return heap_aligned(heap, alignment, n);
}

static void
heap_drop(void *p)
{
    if (heap_free(heap, p) != HEAP_OK)
        stop("heap_free refuses a live block");
}

static uint64_t
heap_footprint(void)
{
    return kmem_counts(kmem).peak_bytes;
}

static void *
glibc_clear(size_t n)
{
    return calloc(1, n);
}

/* What glibc has from the kernel now. */
static uint64_t
glibc_footprint(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.arena + info.hblkhd;
}

static void *
nothing_get(size_t n)
{
    (void)n;
    return RANGE_AT;
}

static void *
nothing_resize(void *p, size_t n)
{
    (void)n;
    return p;
}

static void *
nothing_align(size_t alignment, size_t n)
{
    (void)alignment;
    (void)n;
    return RANGE_AT;
}

static void
nothing_drop(void *p)
{
    (void)p;
}

static uint64_t
nothing_footprint(void)
{
    return 0;
}

static const struct player heap_player = {
    heap_get, heap_clear, heap_resize, heap_align, heap_drop, heap_footprint};
static const struct player glibc_player = {
    malloc, glibc_clear, realloc, aligned_alloc, free, glibc_footprint};
static const struct player nothing_player = {nothing_get,    nothing_get,
                                             nothing_resize, nothing_align,
                                             nothing_drop,   nothing_footprint};

/* The one function in which callgrind collects; it knows it by its name. */
void *replay_serve(const struct player *player, const struct trace_call *call,
                   void *p);

__attribute__((noinline)) void *
replay_serve(const struct player *player, const struct trace_call *call,
             void *p)
{
    switch (call->kind) {
    case TRACE_MALLOC:
        return player->get(call->size);
    case TRACE_CALLOC:
        return player->clear(call->size);
    case TRACE_REALLOC:
        return player->resize(p, call->size);
    case TRACE_ALIGNED:
        return player->align(call->alignment, call->size);
    default:
        player->drop(p);
        return NULL;
    }
}

/* ---- Kernel memory ----------------------------------------------------- */

static void
forget(void *context, char *from, uint64_t bytes, int on)
{
    (void)context;
    const uintptr_t start = ((uintptr_t)from + 4095) & ~(uintptr_t)4095;
    const uintptr_t end = ((uintptr_t)from + bytes + 4095) & ~(uintptr_t)4095;
    if (!on && start < end)
        madvise((void *)start, end - start, MADV_DONTNEED);
}

static void
new_heap(void)
{
    void *const range =
        mmap(RANGE_AT, range_bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
             -1, 0);
    if (range != RANGE_AT)
        stop("cannot map the heap's range: %s", strerror(errno));
    const struct kmem_config config = {.base = range,
                                       .bytes = range_bytes,
                                       .heap_bytes = heap_bytes,
                                       .access = forget};
    kmem = kmem_create(&config);
    heap = kmem != NULL ? heap_create(kmem) : NULL;
    if (heap == NULL)
        stop("heap_create returned NULL");
}

static void
old_heap(void)
{
    if (heap_destroy(heap) != HEAP_OK || kmem_counts(kmem).heap_bytes != 0 ||
        kmem_counts(kmem).mapped_bytes != 0)
        stop("heap_destroy has not given everything back");
    kmem_destroy(kmem);
    munmap(RANGE_AT, range_bytes);
}

/* ---- One trace --------------------------------------------------------- */

struct live {
    unsigned char *p;
    uint64_t size;
};

enum mode { CONTENT, COST };

static unsigned char
pattern(uint32_t block, uint64_t i)
{
    return (unsigned char)(block * 31 + i * 7 + (i >> 8));
}

static void
fill(const struct live *live, uint32_t block)
{
    for (uint64_t i = 0; i < live->size; i++)
        live->p[i] = pattern(block, i);
}

static void
look(const struct live *live, uint32_t block, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++) {
        if (live->p[i] != pattern(block, i))
            stop("byte %" PRIu64 " of %" PRIu64 " of block %" PRIu32
                 " has changed",
                 i, live->size, block);
    }
}

static void *
table(size_t bytes)
{
    void *const memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        stop("no memory for the replay's tables");
    return memory;
}

static void
play(const char *path, const struct player *player, enum mode mode)
{
    const int file = open(path, O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0)
        stop("cannot open %s: %s", path, strerror(errno));
    const size_t bytes = (size_t)status.st_size;
    const unsigned char *const packed =
        mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (packed == MAP_FAILED)
        stop("cannot map %s: %s", path, strerror(errno));
    close(file);
    struct live *const live = table(bytes * sizeof *live);
    struct trace trace = {packed, packed + bytes, 0};
    struct trace_call call;
    uint64_t calls = 0, payload = 0, payload_peak = 0, footprint = 0;

    if (player == &heap_player)
        new_heap();
    while (trace_next(&trace, &call)) {
        struct live *const at = &live[call.block];
        const uint64_t kept = at->size < call.size ? at->size : call.size;
        calls++;
        if (mode == CONTENT && call.kind == TRACE_FREE)
            look(at, call.block, at->size);
        void *const p = replay_serve(player, &call, at->p);
        if (p == NULL && call.kind != TRACE_FREE)
            stop("NULL came back for %" PRIu64 " bytes", call.size);
        payload += call.size - at->size;
        *at = (struct live){p, call.size};
        if (payload > payload_peak)
            payload_peak = payload;
        if (mode == COST)
            continue;
        if (call.kind == TRACE_REALLOC)
            look(at, call.block, kept);
        if (call.kind != TRACE_FREE)
            fill(at, call.block);
        const uint64_t now = player->footprint();
        if (now > footprint)
            footprint = now;
    }
    for (uint32_t i = 0; i < trace.born; i++) {
        if (live[i].p != NULL && mode == CONTENT)
            look(&live[i], i, live[i].size);
        if (live[i].p != NULL && player != &heap_player)
            player->drop(live[i].p);
    }
    if (player == &heap_player)
        old_heap();
    const char *const name = strrchr(path, '/');
    dprintf(output, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
            name != NULL ? name + 1 : path, calls, payload_peak, footprint);
    munmap(live, bytes * sizeof *live);
}

int
main(int argc, char **argv)
{
    take_outputs();
    if (argc < 4)
        stop("usage: replay heap|glibc|nothing content|cost trace...");
    const struct player *const player =
        strcmp(argv[1], "heap") == 0    ? &heap_player
        : strcmp(argv[1], "glibc") == 0 ? &glibc_player
                                        : &nothing_player;
    const enum mode mode = strcmp(argv[2], "content") == 0 ? CONTENT : COST;
    if (mode == CONTENT && player == &nothing_player)
        stop("nothing has no contents");
    for (int i = 3; i < argc; i++)
        play(argv[i], player, mode);
    return EXIT_SUCCESS;
}
