/*
 * arena.h - the memory that judge and subject share, seen from the judge:
 * objects with red zones, and the tokens that stand for the judge's things.
 *
 *   base                                                          base + 64 MiB
 *   | zone | object 1 | zone | object 2 | zone | free ...  | bounce pages |
 */
#ifndef VMLAB_BRIDGE_ARENA_H
#define VMLAB_BRIDGE_ARENA_H

#include <stdbool.h>

#include "bridge.h"

/* Maps the arena of one test; false when the host refuses. */
bool arena_open(int descriptor, word address);
void arena_close(void);

/* As it was opened: nothing is in it, all bytes are zero. */
void arena_renew(void);

/* A new object of `bytes` zero bytes; NULL when there is no room. */
void *arena_take(size_t bytes);

/* `bytes` zero bytes in whole pages, which are no object and have an empty page
 * behind: for kernel memory.  NULL when there is no room. */
void *arena_reserve(size_t bytes);

/* Forgets what is in the pages that begin in [from, from + bytes). */
void arena_forget(char *from, size_t bytes);

/* Whether [address, address + bytes) lies in one object or in the bounce
 * pages. */
bool arena_holds(word address, uint64_t bytes);

/* The number, from 1, of the first object with bytes written behind its end;
 * 0: none. */
unsigned arena_overrun(void);

/* Whether `token` was handed out as a struct `tag` in this test, and is alive. */
bool arena_token_is(word token, const char *tag);

/* The module has ended the life of what the token stands for.  It stays known
 * as dead until something else is made at its address (bridge_lend). */
void arena_bury_token(word token);
bool arena_token_is_dead(word token);

#endif
