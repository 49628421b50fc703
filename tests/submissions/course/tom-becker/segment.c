#include "segment/segment.h"

#include <errno.h>
#include <stdlib.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    /* TODO: take the descriptor apart; see seg_decode in segment.h */
    (void)raw, (void)descriptor;
    return SEG_NOT_IMPLEMENTED;
}

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    /* TODO: check, then load; see seg_load in segment.h */
    (void)cpu, (void)reg, (void)selector, (void)fault;
    return SEG_NOT_IMPLEMENTED;
}

int
seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset,
              uint32_t size, enum seg_access access, struct seg_result *result)
{
    /* TODO: check the access, then add; see seg_translate in segment.h */
    (void)cpu, (void)reg, (void)offset, (void)size, (void)access, (void)result;
    return SEG_NOT_IMPLEMENTED;
}

/* I began with the second half because it is like the list exercise. */

typedef struct Block Block;
struct Block {
    uint64_t base;
    uint64_t size;
    int isFree;
    Block *next;
};

struct place {
    Block *head;
};

struct place *
place_create(uint64_t bytes)
{
    if (bytes == 0) {
        errno = EINVAL;
        return NULL;
    }
    struct place *place = malloc(sizeof(struct place));
    if (!place)
        return NULL;
    Block *b = malloc(sizeof(Block));
    if (!b) {
        free(place);
        return NULL;
    }
    b->base = 0;
    b->size = bytes;
    b->isFree = 1;
    b->next = NULL;
    place->head = b;
    return place;
}

int
place_destroy(struct place *place)
{
    if (!place)
        return PLACE_BAD_ARGUMENT;
    Block *b = place->head;
    while (b) {
        Block *n = b->next;
        free(b);
        b = n;
    }
    free(place);
    return PLACE_OK;
}

int
place_alloc(struct place *place, enum place_fit fit, uint64_t bytes,
            uint64_t *base)
{
    if (!place || !base || bytes == 0 || fit > PLACE_WORST_FIT)
        return PLACE_BAD_ARGUMENT;
    Block *best = NULL;
    for (Block *b = place->head; b; b = b->next) {
        if (!b->isFree || b->size < bytes)
            continue;
        if (!best || (fit == PLACE_BEST_FIT && b->size < best->size) ||
            (fit == PLACE_WORST_FIT && b->size > best->size))
            best = b;
    }
    if (!best)
        return PLACE_NO_SPACE;
    if (best->size != bytes) {
        Block *rest = malloc(sizeof(Block));
        if (!rest)
            return PLACE_NO_MEMORY;
        rest->base = best->base + bytes;
        rest->size = best->size - bytes;
        rest->isFree = 1;
        rest->next = best->next;
        best->next = rest;
        best->size = bytes;
    }
    best->isFree = 0;
    *base = best->base;
    return PLACE_OK;
}

int
place_free(struct place *place, uint64_t base)
{
    if (!place)
        return PLACE_BAD_ARGUMENT;
    Block *b = place->head;
    while (b && b->base != base)
        b = b->next;
    if (!b || b->isFree)
        return PLACE_NO_SEGMENT;
    b->isFree = 1;

    /* merge until there is nothing left to merge */
    int merged = 1;
    while (merged) {
        for (b = place->head; b && b->next; b = b->next) {
            if (b->isFree && b->next->isFree) {
                Block *gone = b->next;
                b->size += gone->size;
                b->next = gone->next;
                free(gone);
                merged = 1;
            }
        }
    }
    return PLACE_OK;
}

int
place_stat(struct place *place, struct place_stat *stat)
{
    if (!place || !stat)
        return PLACE_BAD_ARGUMENT;
    stat->free_bytes = stat->largest_hole_bytes = 0;
    stat->hole_count = stat->segment_count = 0;
    for (Block *b = place->head; b; b = b->next) {
        if (!b->isFree) {
            stat->segment_count++;
            continue;
        }
        stat->hole_count++;
        stat->free_bytes += b->size;
        if (b->size > stat->largest_hole_bytes)
            stat->largest_hole_bytes = b->size;
    }
    return PLACE_OK;
}

int
place_compact(struct place *place, struct mach *mach, uint64_t *moved)
{
    /* TODO (bonus): slide all segments down; see place_compact in segment.h */
    (void)place, (void)mach, (void)moved;
    return PLACE_NOT_IMPLEMENTED;
}
