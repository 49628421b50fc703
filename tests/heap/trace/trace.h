/*
 * trace.h - what a program asked of malloc, in the order in which it asked.
 *
 *     recorder.c      a shared object to preload: raw records of one process
 *     pack.c          raw records -> a packed trace
 *     ../help_trace.c a packed trace, call by call
 *     replay.c        a program that plays traces to a heap and looks at the
 *                     payload, the footprint and (under callgrind) the cost
 *
 * Packed, each call is one number or two, least significant first, seven bits a
 * byte, the top bit set in all bytes but a number's last:
 *
 *     first number      second     kind
 *     size * 8 + 0                 TRACE_MALLOC
 *     size * 8 + 1                 TRACE_CALLOC
 *     age  * 8 + 2      size       TRACE_REALLOC
 *     age  * 8 + 3                 TRACE_FREE
 *     log2 * 8 + 4      size       TRACE_ALIGNED
 *
 * Blocks are numbered in the order of their birth; age is how many have been
 * born since, 1 for the youngest.  realloc changes no number; realloc of NULL
 * and to 0 are recorded as what they are, malloc and free.
 */
#ifndef TESTS_HEAP_TRACE_H
#define TESTS_HEAP_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trace_kind {
    TRACE_MALLOC,
    TRACE_CALLOC,
    TRACE_REALLOC,
    TRACE_FREE,
    TRACE_ALIGNED,
};

/* A raw record, as the recorder writes it. */
struct trace_raw {
    uint64_t kind; /* enum trace_kind                                         */
    uint64_t old;  /* address given: realloc and free                         */
    uint64_t new;  /* address returned: all but free                          */
    uint64_t size;
    uint64_t alignment;
};

struct trace_call {
    enum trace_kind kind;
    uint32_t block; /* number of the block that is made, changed or freed     */
    uint64_t size;
    uint64_t alignment; /* of TRACE_ALIGNED                                   */
};

/* A packed trace that is being read. */
struct trace {
    const unsigned char *at, *end;
    uint32_t born; /* blocks so far                                           */
};

/* The next call; false at the end, or when what follows is no call. */
bool trace_next(struct trace *trace, struct trace_call *call);

#endif
