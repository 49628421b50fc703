/*
 * hostile.c - a module's process that lies to its judge, driven by a seed.
 *
 *     zygote.o child.o tables.o reference.o   a sound subject
 *     hostile.o                               what it sends and receives
 *
 * The reference answers, so that the judge gets far into its test; in between
 * this file, by the linker's option --wrap, changes, doubles, delays, cuts and
 * invents records, writes over the arena, calls whatever the judge serves with
 * any words, gives away and closes descriptors, forks, and dies.  Which of
 * these it does, and how often, is drawn once a round; nothing begins before
 * the child has said that it is ready, as a student's code does not.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bridge/bridge.h"
#include "bridge/subject.h"
#include "bridge/zygote.h"

void __real_zygote_child(const struct bridge_start *start, const int *fds,
                         unsigned count);
void __wrap_zygote_child(const struct bridge_start *start, const int *fds,
                         unsigned count);
ssize_t __real_send(int file, const void *bytes, size_t count, int flags);
ssize_t __real_recv(int file, void *bytes, size_t count, int flags);
ssize_t __wrap_send(int file, const void *bytes, size_t count, int flags);
ssize_t __wrap_recv(int file, void *bytes, size_t count, int flags);

enum {
    KNOWN = 64,
    TOKENS = 8,
    SERVED = 32, /* about so many functions does a judge serve               */
    FLOOD = 3000,
    NESTED = 8,
    MISDEEDS = 16, /* misbehave(); and the bits of two more:                 */
    CHANGES = 20,
    DELAYS,
    RAREST = 9, /* one in 256                                                */
};

static struct {
    bool awake; /* the judge has called: the seed is in the arena             */
    uint64_t state;
    unsigned misdeeds; /* a bit for each that this round may do               */
    unsigned rarity;   /* one in so many occasions is taken                   */
    word arena;
    word known[KNOWN]; /* words that came from the judge                      */
    word token[TOKENS]; /* ... those that may stand for its things            */
    size_t heard, tokens;
    struct bridge_record last; /* sent                                        */
    struct bridge_record held;
    bool holding;
} self;

/* ---- Chance -------------------------------------------------------------- */

static uint64_t
draw(void)
{
    self.state += 0x9E3779B97F4A7C15U;
    uint64_t z = self.state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

static uint64_t
below(uint64_t limit)
{
    return draw() % limit;
}

/* The seed lies at the very end of the arena (fuzz_judge.c). */
static void
wake(void)
{
    memcpy(&self.state,
           (const void *)(self.arena + BRIDGE_ARENA_BYTES - sizeof self.state),
           sizeof self.state);
    self.misdeeds = (unsigned)(draw() & draw());
    self.rarity = 1U << below(RAREST);
    self.awake = true;
}

/* A word that could mean something, or nothing at all. */
static word
any_word(void)
{
    static const word edges[] = {
        0,
        1,
        2,
        7,
        8,
        4095,
        4096,
        0x7FFFFFFF,
        0x80000000,
        0xFFFFFFFF,
        0x100000000,
        0x7FFFFFFFFFFFFFFF,
        0x8000000000000000,
        0xFFFFFFFFFFFFFFFF,
        0xFFFFFFFFFFFFF000,
    };
    const word base = self.arena;
    switch (below(10)) {
    case 0:
        return draw();
    case 1:
        return edges[below(sizeof edges / sizeof *edges)];
    case 2:
        return below(64);
    case 3: /* in the arena, at its ends, in the bounce pages */
        return base + below(BRIDGE_ARENA_BYTES);
    case 4:
        return base + BRIDGE_ARENA_BYTES - below(8 * BRIDGE_BOUNCE);
    case 5:
        return base + below(1 << 14);
    case 6:
    case 7:
        return self.token[below(TOKENS)];
    default: /* what was handed over, or nearly that */
        return self.known[below(KNOWN)] + (below(4) == 0 ? below(17) - 8 : 0);
    }
}

/* ---- Misdeeds ------------------------------------------------------------ */

static void
scribble(void)
{
    /* The judge's objects lie in the first pages, its bounce pages last. */
    static const uint64_t reaches[] = {256, 4096, 1 << 16, 1 << 20};
    const uint64_t reach = reaches[below(4)];
    const uint64_t start =
        below(4) == 0 ? BRIDGE_ARENA_BYTES - 6 * BRIDGE_BOUNCE : 0;
    uint64_t room = BRIDGE_ARENA_BYTES - start - sizeof self.state;
    room = room < reach ? room : reach;
    for (uint64_t i = 1 + below(200); i > 0; i--) {
        char *const at = (char *)(self.arena + start + below(room));
        const word value = any_word();
        const size_t bytes = 1 + below(sizeof value);
        memcpy(at, &value, bytes);
    }
}

static void
wipe(void)
{
    memset((void *)self.arena, (int)below(256), 1 + below(1 << 20));
}

static void
send_record(const struct bridge_record *record)
{
    (void)__real_send(CHILD_SOCKET, record, sizeof *record, MSG_NOSIGNAL);
}

static struct bridge_record
any_record(void)
{
    struct bridge_record record = {
        .kind = (uint32_t)(below(8) == 0 ? draw() : below(9)),
        .fn = (uint32_t)(below(8) == 0 ? draw() : below(64)),
        .seq = below(2) == 0 ? self.last.seq : any_word(),
        .err = (int32_t)draw(),
        .flags = (uint32_t)draw(),
        .errors = (uint32_t)draw(),
    };
    for (size_t i = 0; i < 6; i++) {
        record.w[i] = any_word();
    }
    return record;
}

static void
babble(void)
{
    const struct bridge_record record = any_record();
    send_record(&record);
}

static void
send_cut(void)
{
    char bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)draw();
    }
    const struct bridge_record record = any_record();
    if (below(2) == 0) {
        memcpy(bytes, &record, sizeof record);
    }
    (void)__real_send(CHILD_SOCKET, bytes, below(sizeof bytes), MSG_NOSIGNAL);
}

static void
send_twice(void)
{
    send_record(&self.last);
}

/* Asks the judge for this and that, and takes its answers. */
static void
ask(void)
{
    for (uint64_t i = 1 + below(NESTED); i > 0; i--) {
        struct bridge_record record = any_record();
        record.kind = BRIDGE_CALL;
        record.fn = (uint32_t)below(1 + below(SERVED));
        send_record(&record);
        if (below(8) != 0) {
            (void)__real_recv(CHILD_SOCKET, &record, sizeof record, 0);
        }
    }
}

/* Without ever reading what comes back. */
static void
flood(void)
{
    struct bridge_record record = any_record();
    if (below(2) == 0) {
        record.kind = BRIDGE_CALL;
        record.fn = (uint32_t)below(20);
    }
    for (uint64_t i = below(FLOOD); i > 0; i--) {
        if (__real_send(CHILD_SOCKET, &record, sizeof record,
                        MSG_NOSIGNAL | (below(2) == 0 ? MSG_DONTWAIT : 0)) <
            0) {
            return;
        }
    }
}

static void
give_descriptors_away(void)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * 3)];
        struct cmsghdr align;
    } ancillary;
    struct bridge_record record = any_record();
    struct iovec part = {&record, sizeof record};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &ancillary,
                             .msg_controllen = sizeof ancillary};
    memset(&ancillary, 0, sizeof ancillary);
    struct cmsghdr *const header = CMSG_FIRSTHDR(&message);
    const int fds[] = {CHILD_SOCKET, STDOUT_FILENO, STDERR_FILENO};
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(header), fds, sizeof fds);
    (void)sendmsg(CHILD_SOCKET, &message, MSG_NOSIGNAL);
}

static void
close_descriptors(void)
{
    if (below(4) == 0) {
        close(CHILD_SOCKET);
    }
    close((int)below(4));
    (void)close_range((unsigned)below(1000), ~0U, 0);
}

/* With a filter this ends the process; without one the other holds all that
 * the child has, for a while, and goes on lying. */
static void
fork_away(void)
{
    const long other = syscall(SYS_fork);
    if (other == 0) {
        alarm(1);
        for (;;) {
            scribble();
            if (below(64) == 0) {
                babble();
            }
        }
    }
}

static void
die(void)
{
    switch (below(7)) {
    case 0:
        _exit((int)below(256));
    case 1:
        abort();
    case 2:
        *(volatile word *)any_word() = draw();
        break;
    case 3:
        for (;;) {
        }
    case 4: /* waits for what never comes, or is told that all is over */
        for (;;) {
            struct bridge_record record;
            if (__real_recv(CHILD_SOCKET, &record, sizeof record, 0) <= 0) {
                _exit(0);
            }
        }
    case 5: /* forbidden, and harmless where nothing forbids it */
        (void)syscall(SYS_getppid);
        break;
    default: {
        const struct bridge_record record = {.kind = BRIDGE_CRASHED,
                                             .w = {any_word(), any_word()}};
        send_record(&record);
        _exit((int)below(256));
    }
    }
}

/* Says that it has ended in peace, in every way there is. */
static void
claim_the_end(void)
{
    const struct bridge_record record = {.kind = BRIDGE_ENDED};
    send_record(&record);
    (void)shutdown(CHILD_SOCKET, SHUT_WR);
}

static void
print(void)
{
    char bytes[512];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)draw();
    }
    (void)write(STDOUT_FILENO, bytes, sizeof bytes);
}

/* More than once is more often; those that end a round stand once, and act
 * seldom. */
static void
misbehave(void)
{
    const unsigned which = (unsigned)below(MISDEEDS);
    if ((self.misdeeds >> which & 1) == 0) {
        return;
    }
    switch (which) {
    case 0:
    case 1:
    case 2:
        scribble();
        break;
    case 3:
        wipe();
        break;
    case 4:
    case 5:
    case 6:
        ask();
        break;
    case 7:
        babble();
        break;
    case 8:
        send_twice();
        break;
    case 9:
        send_cut();
        break;
    case 10:
        give_descriptors_away();
        break;
    case 11:
        print();
        break;
    case 12:
        flood();
        break;
    case 13:
        below(8) == 0 ? close_descriptors() : scribble();
        break;
    case 14:
        below(8) == 0 ? fork_away() : scribble();
        break;
    default:
        below(8) == 0 ? (below(8) == 0 ? claim_the_end() : die()) : scribble();
        break;
    }
}

/* ---- What child.c calls -------------------------------------------------- */

void
__wrap_zygote_child(const struct bridge_start *start, const int *fds,
                    unsigned count)
{
    self.arena = start->arena;
    __real_zygote_child(start, fds, count);
}

static bool
now_and_then(void)
{
    return self.awake && below(self.rarity) == 0;
}

static void
change(struct bridge_record *record)
{
    switch (below(8)) {
    case 0:
        *record = any_record();
        break;
    case 1:
        record->kind = (uint32_t)below(9);
        break;
    case 2:
        record->seq += below(3) - 1;
        break;
    case 3:
        record->fn = (uint32_t)any_word();
        break;
    case 4:
        record->err = (int32_t)any_word();
        record->flags = (uint32_t)draw();
        record->errors = (uint32_t)draw();
        break;
    case 5: /* every word it has ever heard, in the hope for the secret */
        record->w[0] = self.known[below(KNOWN)];
        break;
    default:
        record->w[below(6)] = any_word();
        break;
    }
}

ssize_t
__wrap_send(int file, const void *bytes, size_t count, int flags)
{
    struct bridge_record record;
    if (!self.awake || count != sizeof record) {
        return __real_send(file, bytes, count, flags);
    }
    memcpy(&record, bytes, sizeof record);
    if (now_and_then()) {
        misbehave();
    }
    if (now_and_then() && (self.misdeeds >> CHANGES & 1) != 0) {
        change(&record);
    }
    self.last = record;
    if (now_and_then() && (self.misdeeds >> DELAYS & 1) != 0) {
        /* Later, or never: the next one goes first. */
        const struct bridge_record held = self.held;
        const bool holding = self.holding;
        self.held = record;
        self.holding = true;
        if (!holding) {
            return (ssize_t)count;
        }
        record = held;
    }
    const ssize_t sent = __real_send(file, &record, sizeof record, flags);
    /* While the judge looks at it, from another processor. */
    if (now_and_then()) {
        misbehave();
    }
    return sent;
}

ssize_t
__wrap_recv(int file, void *bytes, size_t count, int flags)
{
    if (self.holding && below(8) != 0) {
        self.holding = false;
        send_record(&self.held);
    }
    if (now_and_then()) {
        misbehave();
    }
    const ssize_t got = __real_recv(file, bytes, count, flags);
    struct bridge_record record;
    if (got == sizeof record) {
        memcpy(&record, bytes, sizeof record);
        /* The ends of objects, handles, values of replies. */
        for (size_t i = 0; i < 6; i++) {
            if (record.w[i] != 0) {
                self.known[self.heard++ % KNOWN] = record.w[i];
            }
            if (record.w[i] >> 32 != 0 && record.w[i] >> 47 == 0 &&
                record.w[i] - self.arena >= BRIDGE_ARENA_BYTES) {
                self.token[self.tokens++ % TOKENS] = record.w[i];
            }
        }
        if (!self.awake && record.kind == BRIDGE_CALL) {
            wake();
        }
    }
    return got;
}
