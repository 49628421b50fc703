/*
 * pack.c - packs the raw records of recorder.c.
 *
 *     pack [calls] < raw > packed
 *
 * What was allocated before the recorder saw it is left out, and so is all
 * behind the first `calls` calls.  Addresses become numbers by a table of those
 * that are live, open addressing with lazy deletion.
 */
#include <stdio.h>
#include <stdlib.h>

#include "heap/trace/trace.h"

enum { PLACES = 1 << 22 };

static struct {
    uint64_t address;
    uint64_t number; /* from 1; 0: dead                                       */
} place[PLACES];

static size_t
find(uint64_t address)
{
    size_t i = (address >> 4) * 0x9E3779B97F4A7C15U >> 42;
    while (place[i].address != 0 && place[i].address != address)
        i = (i + 1) % PLACES;
    return i;
}

static void
put(uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        putchar((int)(number & 0x7F) | 0x80);
    putchar((int)number);
}

int
main(int argc, char **argv)
{
    const uint64_t most = argc > 1 ? strtoull(argv[1], NULL, 10) : UINT64_MAX;
    uint64_t born = 0, calls = 0;
    struct trace_raw raw;
    while (calls < most && fread(&raw, sizeof raw, 1, stdin) == 1) {
        const uint64_t kind = raw.kind;
        size_t at = 0;
        uint64_t age = 0;
        if (kind == TRACE_REALLOC || kind == TRACE_FREE) {
            at = find(raw.old);
            if (place[at].number == 0)
                continue;
            age = born - (place[at].number - 1);
        }
        calls++;
        if (kind == TRACE_MALLOC || kind == TRACE_CALLOC) {
            put(raw.size << 3 | kind);
        } else if (kind == TRACE_ALIGNED) {
            put((uint64_t)__builtin_ctzll(raw.alignment | 1ULL << 63) << 3 |
                kind);
            put(raw.size);
        } else {
            put(age << 3 | kind);
            if (kind == TRACE_REALLOC)
                put(raw.size);
        }
        uint64_t number = 0;
        if (kind == TRACE_REALLOC)
            number = place[at].number;
        else if (kind != TRACE_FREE)
            number = ++born;
        if (kind == TRACE_REALLOC || kind == TRACE_FREE)
            place[at].number = 0;
        if (number != 0) {
            const size_t to = find(raw.new);
            place[to].address = raw.new;
            place[to].number = number;
        }
    }
    return ferror(stdin) || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
