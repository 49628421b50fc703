/* toy.c - see toy.h. */
#define _GNU_SOURCE
#include "toy/toy.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bridge/bridge.h"
#include "bridge/subject.h"

struct toy_box {
    uint64_t value;
};

int
toy_swap(struct toy_pair *pair)
{
    const struct toy_pair old = *pair;
    *pair = (struct toy_pair){old.b, old.a};
    return TOY_OK;
}

struct toy_box *
toy_create(uint64_t value)
{
    struct toy_box *const box = malloc(sizeof *box);
    if (box != NULL) {
        box->value = value;
    }
    return box;
}

uint64_t
toy_value(struct toy_box *box)
{
    return box->value;
}

int
toy_destroy(struct toy_box *box)
{
    free(box);
    return TOY_OK;
}

int
toy_add_on_machine(struct mach *mach, uint64_t pa, uint64_t *sum)
{
    *sum = phys_read64(mach, pa) + phys_read64(mach, pa + 8);
    return TOY_OK;
}

int
toy_ask_judge(uint32_t a, struct toy_pair *doubled)
{
    /* Both structs are on this side's stack: they travel by bounce pages. */
    const struct toy_pair pair = {a, a + 1};
    struct toy_pair answer = {0};
    if (toy_double(&pair, &answer) != TOY_OK) {
        return TOY_BAD;
    }
    *doubled = answer;
    return TOY_OK;
}

int
toy_errno(int number)
{
    errno = number;
    return TOY_BAD;
}

int
toy_print(uint64_t lines)
{
    for (uint64_t i = 0; i < lines; i++) {
        printf("line %llu\n", (unsigned long long)i);
    }
    return TOY_OK;
}

uint64_t
toy_call_machine(struct mach *mach, uint64_t times)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < times; i++) {
        sum += phys_read64(mach, 0);
    }
    return sum;
}

uint64_t
toy_count(void)
{
    static uint64_t count;
    return ++count;
}

/* volatile: the compiler must not see through any of this. */
static uint64_t *volatile nowhere;
static volatile int zero;

static int
recurse(volatile int depth)
{
    volatile char frame[4096];
    frame[0] = (char)depth;
    return recurse(depth + 1) + frame[0];
}

static void
send_raw(struct bridge_record record)
{
    send(CHILD_SOCKET, &record, sizeof record, MSG_NOSIGNAL);
}

static int
forge(enum toy_sin sin)
{
    static char garbage[7] = "garbage";
    switch (sin) {
    case TOY_HANG_UP:
        close(CHILD_SOCKET);
        for (;;) {
        }
    case TOY_FORGE_REPLY:
        send_raw((struct bridge_record){.kind = BRIDGE_REPLY, .seq = 999});
        break;
    case TOY_FORGE_END:
        send_raw((struct bridge_record){.kind = BRIDGE_ENDED});
        break;
    case TOY_SEND_GARBAGE:
        send(CHILD_SOCKET, garbage, sizeof garbage, MSG_NOSIGNAL);
        break;
    case TOY_UNKNOWN_FUNCTION:
        send_raw((struct bridge_record){.kind = BRIDGE_CALL, .fn = 4000});
        break;
    default:
        break;
    }
    return TOY_OK;
}

static int
misuse_memory(struct mach *mach, enum toy_sin sin)
{
    char *volatile block = malloc(32);
    char *volatile other = malloc(32);
    int result = TOY_OK;
    switch (sin) {
    case TOY_FREE_TWICE:
        free(block);
        free(block);
        break;
    case TOY_READ_FREED:
        block[0] = 1;
        free(block);
        result = block[0] == 77 ? TOY_BAD : TOY_OK;
        break;
    case TOY_USE_UNSET:
        result = block[5] == 77 ? TOY_BAD : TOY_OK;
        free(block);
        break;
    case TOY_WRITE_UNSET:
        phys_write8(mach, 0, (uint8_t)block[5]);
        free(block);
        break;
    case TOY_READ_AT_UNSET:
        (void)phys_read32(mach, (unsigned char)block[5]);
        free(block);
        break;
    case TOY_LOOK_AROUND:
        /* Where the memory of the machine is, when it is in the arena. */
        result = *(volatile char *)0x200000001000 == 77 ? TOY_BAD : TOY_OK;
        free(block);
        break;
    default:
        block = NULL; /* lost */
        break;
    }
    free(other);
    return result;
}

static int
eat_memory(void)
{
    for (;;) {
        char *const block = malloc(1 << 20);
        memset(block, 1, 1 << 20);
    }
}

static int
crash(enum toy_sin sin)
{
    switch (sin) {
    case TOY_NULL_WRITE:
        *nowhere = 1;
        break;
    case TOY_WILD_READ:
        nowhere = (uint64_t *)0x123456789000;
        return *nowhere == 1;
    case TOY_DEEP_RECURSION:
        return recurse(0);
    case TOY_DIVIDE_BY_ZERO:
        return 100 / zero;
    case TOY_ABORT:
        abort();
    case TOY_EXIT:
        exit(0);
    case TOY_EXIT_100:
        _exit(100);
    case TOY_SPIN_IGNORING_SIGNALS:
        signal(SIGPROF, SIG_IGN);
        for (;;) {
        }
    case TOY_SPIN:
        for (;;) {
        }
    default:
        break;
    }
    return TOY_OK;
}

int
toy_sin(struct mach *mach, enum toy_sin sin)
{
    switch (sin) {
    case TOY_SYSTEM_CALL:
        return (int)syscall(SYS_getppid);
    case TOY_EAT_MEMORY:
        return eat_memory();
    case TOY_BUS_ERROR:
        return (int)phys_read64(mach, 0x7FFFFFFF0000);
    case TOY_FALSE_TOKEN:
        return (int)phys_read64((struct mach *)0x1234, 0);
    case TOY_NULL_TOKEN:
        return (int)phys_read64(NULL, 0);
    case TOY_FOREIGN_POINTER: {
        /* Past the proxy, which would carry the struct: a raw address. */
        struct toy_pair pair = {1, 2};
        return (int)bridge_call(16, (word[6]){(word)&pair, (word)&pair});
    }
    case TOY_SCRIBBLE_ARENA:
        memset((void *)0x200000000000, 0x5A, 1 << 20);
        return TOY_OK;
    case TOY_FREE_TWICE:
    case TOY_LEAK:
    case TOY_READ_FREED:
    case TOY_USE_UNSET:
    case TOY_WRITE_UNSET:
    case TOY_READ_AT_UNSET:
    case TOY_LOOK_AROUND:
        return misuse_memory(mach, sin);
    case TOY_HANG_UP:
    case TOY_FORGE_REPLY:
    case TOY_FORGE_END:
    case TOY_SEND_GARBAGE:
    case TOY_UNKNOWN_FUNCTION:
        return forge(sin);
    default:
        return crash(sin);
    }
}

int
toy_overrun(char *text)
{
    text[1] = 'x'; /* the object is one byte long */
    return TOY_OK;
}

int
toy_break(struct toy_thing *thing)
{
    return toy_thing_destroy(thing);
}

int
toy_missing(void)
{
    return TOY_NOT_IMPLEMENTED;
}

uint64_t
toy_missing_count(void)
{
    return UINT64_MAX;
}

struct toy_box *
toy_missing_state(void)
{
    errno = ENOSYS;
    return NULL;
}
