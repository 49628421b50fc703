/*
 * hidden_trace.c - the first calls of traces of real programs (trace/trace.h),
 * with every payload filled, and looked at before it changes or goes.
 *
 * The traces stand in this program's own file.
 */
#include "heap_help.h"
#include "heap/trace/trace.h"

enum { CALLS = 1500, BLOCKS = CALLS };

struct block {
    unsigned char *p;
    size_t n;
};

static void
replay(const unsigned char *from, const unsigned char *to)
{
    static struct block live[BLOCKS];
    struct trace trace = {from, to, 0};
    struct trace_call call;
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    unsigned calls = 0;
    memset(live, 0, sizeof live);
    while (calls < CALLS && trace_next(&trace, &call)) {
        struct block *b = &live[call.block];
        const size_t n = (size_t)call.size;
        check_context("call %u of the trace", ++calls);
        if (b->p != NULL)
            check_filled(b->p, b->n, call.block);
        switch (call.kind) {
        case TRACE_FREE:
            check_status(heap_free(heap, b->p), HEAP_OK);
            *b = (struct block){NULL, 0};
            continue;
        case TRACE_REALLOC:
            b->p = block(kmem, heap_realloc(heap, b->p, n), n);
            check_filled(b->p, b->n < n ? b->n : n, call.block);
            break;
        case TRACE_CALLOC:
            b->p = block(kmem, heap_calloc(heap, n, 1), n);
            check_zero(b->p, n);
            break;
        default: /* alignment is a bonus: its blocks are plain ones here */
            b->p = block(kmem, heap_malloc(heap, n), n);
            break;
        }
        b->n = n;
        fill(b->p, n, call.block);
    }
    check(calls > 1000, "the trace has only %u calls", calls);
    for (uint32_t i = 0; i < trace.born; i++) {
        if (live[i].p != NULL) {
            check_filled(live[i].p, live[i].n, i);
            check_status(heap_free(heap, live[i].p), HEAP_OK);
        }
    }
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
    check_status(heap_destroy(heap), HEAP_OK);
}

/* The packed trace stands between trace_NAME and trace_NAME_end. */
#define TRACE(id, name)                                                        \
    __asm__(".pushsection .rodata\n"                                           \
            "trace_" #name ": .incbin \"" #name ".trace\"\n"                   \
            "trace_" #name "_end: .byte 0\n"                                   \
            ".popsection");                                                    \
    extern const unsigned char trace_##name[], trace_##name##_end[];           \
    Test(hidden, id)                                                           \
    {                                                                          \
        replay(trace_##name, trace_##name##_end);                              \
    }

TRACE(trace_of_python3, python3)
TRACE(trace_of_gcc, gcc)
TRACE(trace_of_git, git)
TRACE(trace_of_perl, perl)
TRACE(trace_of_sqlite3, sqlite3)
TRACE(trace_of_bash, bash)
TRACE(trace_of_make, make)
TRACE(trace_of_jq, jq)
