/*
 * arena.c - see arena.h.  Red zones hold a byte that depends on its address,
 * so that neither a fill with zero nor a copy of another zone goes unseen.
 */
#include "arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "judge.h"

enum { OBJECTS = 4096, TOKENS = 4096, ARENA_PAGE = 4096 };

struct object {
    word address;
    uint64_t bytes;
};

static struct {
    char *base;
    uint64_t used;
    struct object object[OBJECTS];
    unsigned objects;
    struct {
        word token; /* 0: the place is free                                   */
        const char *tag;
        bool dead; /* the module destroyed it                                 */
    } token[TOKENS];
    unsigned tokens;
} arena;

/* The bounce pages at the arena's end, one for each parameter of a call. */
static const uint64_t object_space =
    (uint64_t)BRIDGE_ARENA_BYTES - 6 * (uint64_t)BRIDGE_BOUNCE;

static unsigned char
zone_byte(const char *at)
{
    return (unsigned char)(0xA5 ^ ((uintptr_t)at * 37 >> 3));
}

static void
paint_zone(char *zone)
{
    for (size_t i = 0; i < BRIDGE_RED_ZONE; i++) {
        zone[i] = (char)zone_byte(zone + i);
    }
}

static bool
zone_is_whole(const char *zone)
{
    for (size_t i = 0; i < BRIDGE_RED_ZONE; i++) {
        if ((unsigned char)zone[i] != zone_byte(zone + i)) {
            return false;
        }
    }
    return true;
}

static uint64_t
pages_up(uint64_t bytes)
{
    return (bytes + ARENA_PAGE - 1) & ~(uint64_t)(ARENA_PAGE - 1);
}

bool
arena_open(int descriptor, word address)
{
    void *const at = (void *)(uintptr_t)address;
    void *const got = mmap(at, BRIDGE_ARENA_BYTES, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_FIXED_NOREPLACE, descriptor, 0);
    if (got != at) {
        if (got != MAP_FAILED) {
            munmap(got, BRIDGE_ARENA_BYTES);
        }
        return false;
    }
    close(descriptor);
    arena.base = got;
    arena.used = BRIDGE_RED_ZONE;
    arena.objects = 0;
    return true;
}

void
arena_close(void)
{
    munmap(arena.base, BRIDGE_ARENA_BYTES);
    arena.base = NULL;
    arena.tokens = 0;
}

void
arena_renew(void)
{
    madvise(arena.base, pages_up(arena.used), MADV_REMOVE);
    arena.used = BRIDGE_RED_ZONE;
    arena.objects = 0;
    arena.tokens = 0;
}

void *
arena_take(size_t bytes)
{
    const uint64_t rounded = ((uint64_t)bytes + 15) & ~(uint64_t)15;
    if (arena.base == NULL || arena.objects == OBJECTS ||
        rounded < bytes || rounded > object_space ||
        arena.used > object_space - rounded - BRIDGE_RED_ZONE) {
        return NULL;
    }
    char *const object = arena.base + arena.used;
    /* The zone begins right behind the last byte, not behind the rounding. */
    arena.object[arena.objects++] =
        (struct object){(word)(uintptr_t)object, bytes};
    arena.used += rounded + BRIDGE_RED_ZONE + 16;
    arena.used &= ~(uint64_t)15;
    memset(object, 0, bytes);
    paint_zone(object + bytes);
    return object;
}

void *
arena_reserve(size_t bytes)
{
    const uint64_t from = pages_up(arena.used);
    const uint64_t rounded = pages_up(bytes) + ARENA_PAGE;
    if (arena.base == NULL || bytes > object_space ||
        from > object_space - rounded) {
        return NULL;
    }
    arena.used = from + rounded;
    return arena.base + from;
}

void
arena_forget(char *from, size_t bytes)
{
    const uint64_t start = pages_up((uint64_t)(from - arena.base));
    const uint64_t end = pages_up((uint64_t)(from - arena.base) + bytes);
    if (start < end) {
        madvise(arena.base + start, end - start, MADV_REMOVE);
    }
}

bool
arena_holds(word address, uint64_t bytes)
{
    const word base = (word)(uintptr_t)arena.base;
    if (arena.base == NULL || address < base ||
        bytes > BRIDGE_ARENA_BYTES ||
        address - base > BRIDGE_ARENA_BYTES - bytes) {
        return false;
    }
    if (address - base >= object_space) {
        return true; /* bounce pages */
    }
    for (unsigned i = arena.objects; i-- > 0;) {
        const struct object *const object = &arena.object[i];
        if (address >= object->address &&
            bytes <= object->bytes &&
            address - object->address <= object->bytes - bytes) {
            return true;
        }
    }
    return false;
}

bool
bridge_in_arena(uint64_t address, uint64_t bytes)
{
    return arena_holds(address, bytes);
}

unsigned
arena_overrun(void)
{
    for (unsigned i = 0; i < arena.objects; i++) {
        const struct object *const object = &arena.object[i];
        if (!zone_is_whole((const char *)(uintptr_t)object->address +
                           object->bytes)) {
            return i + 1;
        }
    }
    return 0;
}

/* The place of a token, or one that is free for it; TOKENS: there is none. */
static unsigned
place_of(word token)
{
    unsigned place = TOKENS;
    for (unsigned i = 0; i < arena.tokens; i++) {
        if (arena.token[i].token == token) {
            return i;
        }
        if (place == TOKENS &&
            (arena.token[i].token == 0 || arena.token[i].dead)) {
            place = i;
        }
    }
    return place == TOKENS ? arena.tokens : place;
}

void
bridge_lend(const void *pointer, const char *tag)
{
    const word token = (word)(uintptr_t)pointer;
    if (pointer == NULL || arena_token_is(token, tag)) {
        return;
    }
    const unsigned place = place_of(token);
    if (place == TOKENS) {
        return;
    }
    arena.token[place].token = token;
    arena.token[place].tag = tag;
    arena.token[place].dead = false;
    if (place == arena.tokens) {
        arena.tokens++;
    }
}

void
bridge_forget(const void *pointer)
{
    for (unsigned i = 0; i < arena.tokens; i++) {
        if (arena.token[i].token == (word)(uintptr_t)pointer) {
            arena.token[i].token = 0;
            arena.token[i].dead = false;
        }
    }
}

bool
arena_token_is(word token, const char *tag)
{
    for (unsigned i = 0; i < arena.tokens; i++) {
        if (arena.token[i].token == token && token != 0 &&
            !arena.token[i].dead && strcmp(arena.token[i].tag, tag) == 0) {
            return true;
        }
    }
    return false;
}

void
arena_bury_token(word token)
{
    for (unsigned i = 0; i < arena.tokens; i++) {
        if (arena.token[i].token == token) {
            arena.token[i].dead = true;
        }
    }
}

bool
arena_token_is_dead(word token)
{
    for (unsigned i = 0; i < arena.tokens; i++) {
        if (arena.token[i].token == token) {
            return token != 0 && arena.token[i].dead;
        }
    }
    return false;
}
