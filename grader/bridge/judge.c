/*
 * judge.c - the judge's side of the bridge (judge.h): sending calls, serving
 * the module's calls in between, and finding out how a subject ended.
 *
 * A call is one record out and one record back.  Between the two the module
 * may ask for functions that the judge serves; it cannot be asked for anything
 * itself meanwhile, so there is no reentrance.  The end of the socket's stream
 * means that the child is gone, and only then is the zygote's word read.
 */
#include "judge.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "arena.h"
#include "events.h"

enum {
    /* How much longer than a child may live we wait for word of it. */
    PATIENCE_MS = 20000,
    MEMCHECK_KEPT = 64,
    SHARED_BYTES = BRIDGE_ARENA_BYTES / 2,
};

static struct {
    bool open;
    struct bridge_session session;
    uint64_t seq;    /* calls of the module so far                            */
    uint64_t served; /* and by it                                             */
    size_t shared; /* bytes of the arena that are                             */
    unsigned depth; /* 1 while the module is being called                     */
    const struct bridge_function *doing; /* the open contract call            */
    const struct bridge_function *last;  /* the last that came back           */
    word last_result;
    bool ready; /* the child has been set up                                 */
    bool allocation_failed;
    struct bridge_record crash;
    unsigned errors;
    struct bridge_memcheck memcheck[MEMCHECK_KEPT];
    unsigned memchecks;
} subject;

/* ---- Start --------------------------------------------------------------- */

const char *
bridge_open(const struct bridge_session *session)
{
    memset(&subject, 0, sizeof subject);
    subject.session = *session;
    if (!arena_open(session->arena, session->address)) {
        return "cannot map the arena";
    }
    /* A guard against our own trouble alone: a child that hangs is killed by
     * its zygote long before. */
    const uint64_t wait_ms = (uint64_t)session->wall_ms + PATIENCE_MS;
    const struct timeval patience = {.tv_sec = (time_t)(wait_ms / 1000)};
    setsockopt(session->socket, SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof patience);
    subject.open = true;
    return NULL;
}

bool
bridge_is_open(void)
{
    return subject.open;
}

/* ---- End ----------------------------------------------------------------- */

static bool
receive(struct bridge_record *record)
{
    ssize_t got;
    do {
        got = recv(subject.session.socket, record, sizeof *record, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0 && got != sizeof *record) {
        memset(record, 0, sizeof *record); /* a truncated record is babble */
        return true;
    }
    return got == sizeof *record;
}

/* Reads what is left of the child's records, for the crash that it may have
 * told of; bounded, because a hostile child may send for ever. */
static void
drain(void)
{
    struct bridge_record record;
    for (unsigned i = 0; i < 64; i++) {
        if (recv(subject.session.socket, &record, sizeof record,
                 MSG_DONTWAIT) != sizeof record) {
            return;
        }
        if (record.kind == BRIDGE_CRASHED) {
            subject.crash = record;
        } else if (record.kind == BRIDGE_READY) {
            subject.ready = true;
        }
    }
}

/* The zygote's last word.  Waits for it at most `wait_ms`. */
static bool
zygotes_word(uint64_t wait_ms, struct bridge_record *record)
{
    struct pollfd pollfd = {.fd = subject.session.end, .events = POLLIN};
    int ready;
    do {
        ready = poll(&pollfd, 1, (int)wait_ms);
    } while (ready < 0 && errno == EINTR);
    return ready > 0 &&
           recv(subject.session.end, record, sizeof *record, 0) ==
               sizeof *record &&
           record->kind == BRIDGE_ENDED;
}

struct bridge_end
bridge_close(void)
{
    struct bridge_end end = {.doing = ""};
    struct bridge_record record;
    if (!subject.open) {
        return end;
    }
    /* Both ways, because a hostile child may be writing more than it was asked
     * for, and would wait for a reader until its time is over.  One that was
     * never called may still have to say that it is ready. */
    shutdown(subject.session.socket, subject.ready ? SHUT_RDWR : SHUT_WR);
    end.known = zygotes_word((uint64_t)subject.session.wall_ms + PATIENCE_MS,
                             &record);
    drain();
    if (end.known) {
        end.status = (int)record.w[0];
        end.cpu_ns = record.w[1];
        end.pid = (int)record.w[2];
        end.peak_kib = record.w[3];
        end.out_of_time = (record.flags & BRIDGE_OUT_OF_TIME) != 0;
        end.killed = (record.flags & BRIDGE_KILLED) != 0;
        end.lives_on = (record.flags & BRIDGE_LIVES_ON) != 0;
        end.used = (record.flags & BRIDGE_USED) != 0;
    }
    end.calls = subject.seq + subject.served;
    end.ready = subject.ready;
    end.crashed = subject.crash.kind == BRIDGE_CRASHED;
    end.signal = (int)subject.crash.w[0];
    end.address = subject.crash.w[1];
    end.out_of_time =
        end.out_of_time || (end.crashed && end.signal == SIGPROF);
    end.allocation_failed =
        subject.allocation_failed ||
        (subject.crash.flags & BRIDGE_ALLOCATION_FAILED) != 0;
    end.doing = subject.doing != NULL ? subject.doing->name : "";
    close(subject.session.socket);
    close(subject.session.end);
    arena_close();
    subject.open = false;
    return end;
}

static noreturn void
lose(enum bridge_loss loss, const char *detail)
{
    const char *const doing =
        subject.doing != NULL ? subject.doing->name : "the module";
    bridge_lost_subject(loss, doing, detail);
}

/* ---- Calls --------------------------------------------------------------- */

static void
transmit(const struct bridge_record *record)
{
    /* A failure to send shows as the end of the stream at the next receive,
     * where the cause is found out. */
    (void)send(subject.session.socket, record, sizeof *record, MSG_NOSIGNAL);
}

static void
announce(void *object, size_t bytes)
{
    const struct bridge_record record = {
        .kind = BRIDGE_OBJECT, .w = {(word)(uintptr_t)object, bytes}};
    transmit(&record);
}

void *
bridge_object(size_t bytes)
{
    void *const object = arena_take(bytes);
    if (object != NULL) {
        announce(object, bytes);
    }
    return object;
}

void
bridge_access(char *from, size_t bytes, bool on)
{
    const struct bridge_record record = {
        .kind = BRIDGE_ACCESS, .w = {(word)(uintptr_t)from, bytes, on}};
    if (!on) {
        arena_forget(from, bytes);
    }
    transmit(&record);
}

void *
bridge_reserve(size_t bytes)
{
    char *const memory = arena_reserve(bytes);
    if (memory != NULL) {
        bridge_access(memory, bytes, false);
    }
    return memory;
}

void *
bridge_share(size_t bytes)
{
    if (bytes > SHARED_BYTES - subject.shared) {
        return NULL;
    }
    char *const memory = arena_reserve(bytes);
    if (memory != NULL) {
        subject.shared += bytes;
    }
    return memory;
}

void
bridge_tell_machine(const void *mach, uint64_t frames, void *memory)
{
    const struct bridge_record record = {
        .kind = BRIDGE_MACHINE,
        .w = {(word)(uintptr_t)mach, frames, (word)(uintptr_t)memory}};
    transmit(&record);
}

void
bridge_renew(void)
{
    arena_renew();
    subject.shared = 0;
    bridge_tell_machine(NULL, 0, NULL);
    bridge_access((char *)(uintptr_t)subject.session.address,
                  BRIDGE_ARENA_BYTES, true);
}

/* The module calls one of the functions that the judge serves. */
static void
serve(const struct bridge_record *call)
{
    if (call->fn >= bridge_serves.count) {
        lose(BRIDGE_SUBJECT_BABBLED, "it asked for a function that is not there");
    }
    events_call(&bridge_served[call->fn], call->w, subject.depth);
    errno = 0;
    subject.served++;
    subject.depth++;
    const word value = bridge_serves.thunk[call->fn](call->w);
    subject.depth--;
    const struct bridge_record reply = {.kind = BRIDGE_REPLY,
                                        .seq = call->seq,
                                        .w = {value},
                                        .err = errno};
    events_result(subject.depth, value, errno);
    transmit(&reply);
}

static void
note_memcheck(unsigned fn, uint32_t errors)
{
    if (errors > subject.errors && subject.memchecks < MEMCHECK_KEPT) {
        subject.memcheck[subject.memchecks++] =
            (struct bridge_memcheck){fn, errors - subject.errors};
    }
    subject.errors = errors;
}

static bool
says_not_implemented(const struct bridge_function *function, word value,
                     int err)
{
    switch (function->result.type) {
    case K_STATUS:
        return (int)value == -1;
    case K_COUNT:
        return value == UINT64_MAX;
    case K_STATE:
    case K_POINTER:
    case K_HANDLE:
        return value == 0 && err == ENOSYS;
    default:
        return false;
    }
}

static void
check_red_zones(const struct bridge_function *function)
{
    const unsigned overrun = arena_overrun();
    if (overrun != 0) {
        char detail[160];
        snprintf(detail, sizeof detail,
                 "%s wrote behind the end of object %u of the test (the "
                 "objects that it made with arena_object, in order)",
                 function->name, overrun);
        lose(BRIDGE_SUBJECT_BABBLED, detail);
    }
}

word
bridge_call(unsigned fn, const word w[6])
{
    const struct bridge_function *const function = &bridge_module[fn];
    if (!subject.open) {
        bridge_misused(function->name,
                       "no module is there: declare the suite with "
                       "VMLAB_SUITE(name)");
    }
    struct bridge_record record = {
        .kind = BRIDGE_CALL, .fn = fn, .seq = ++subject.seq};
    memcpy(record.w, w, sizeof record.w);
    const uint64_t expected_seq = record.seq;

    subject.doing = function;
    events_call(function, w, 0);
    subject.depth = 1;
    transmit(&record);
    for (;;) {
        if (!receive(&record)) {
            lose(BRIDGE_SUBJECT_ENDED, "");
        }
        if (record.kind == BRIDGE_READY) {
            subject.ready = true;
        } else if (record.kind == BRIDGE_CRASHED) {
            subject.crash = record;
        } else if (record.kind == BRIDGE_CALL) {
            serve(&record);
        } else if (record.kind == BRIDGE_REPLY && record.seq == expected_seq) {
            break;
        } else {
            lose(BRIDGE_SUBJECT_BABBLED, "it sent what no module sends");
        }
    }
    subject.depth = 0;
    subject.last = function;
    subject.last_result = record.w[0];
    if ((record.flags & BRIDGE_ALLOCATION_FAILED) != 0) {
        subject.allocation_failed = true;
    }
    events_result(0, record.w[0], record.err);
    note_memcheck(fn, record.errors);
    check_red_zones(function);
    subject.doing = NULL;
    if (says_not_implemented(function, record.w[0], record.err)) {
        bridge_not_implemented(function->name);
    }
    if (function->result.type == K_HANDLE && record.w[0] != 0) {
        /* The caller will follow this pointer: it must be one of ours. */
        (void)bridge_take_handle(record.w[0], function->result.text, false);
    }
    errno = record.err;
    return record.w[0];
}

/* ---- What proxies and thunks ask ----------------------------------------- */

word
bridge_pass_object(unsigned fn, unsigned parameter, const void *object,
                   size_t bytes, const char *type)
{
    if (object != NULL && !bridge_in_arena((uintptr_t)object, bytes)) {
        char detail[256];
        snprintf(detail, sizeof detail,
                 "argument %u of %s points to a %s that the module cannot see, "
                 "because it is not in the arena. Make it with "
                 "arena_object(%s)",
                 parameter + 1, bridge_module[fn].name, type, type);
        bridge_misused(bridge_module[fn].name, detail);
    }
    return (word)(uintptr_t)object;
}

/* Without guards nobody says when something new stands at the address. */
__attribute__((weak)) bool
bridge_is_guarded(void)
{
    return false;
}

word
bridge_pass_handle(unsigned fn, const void *pointer, const char *tag)
{
    if (bridge_is_guarded()) {
        bridge_guard(pointer, tag, bridge_module[fn].name, false);
    }
    bridge_lend(pointer, tag);
    return (word)(uintptr_t)pointer;
}

void *
bridge_take_object(word address, size_t bytes, size_t alignment,
                   const char *type)
{
    if (address != 0 &&
        (address % alignment != 0 || !arena_holds(address, bytes))) {
        char detail[160];
        snprintf(detail, sizeof detail,
                 "it handed over a %s at %#llx, where none can be", type,
                 (unsigned long long)address);
        lose(BRIDGE_SUBJECT_BABBLED, detail);
    }
    return (void *)(uintptr_t)address;
}

/* Whether the functions that take such a thing have an answer to NULL: those of
 * a contract have, the machine's have not. */
static bool
may_be_null(const char *tag)
{
    return strcmp(tag, "space") == 0;
}

void *
bridge_take_handle(word token, const char *tag, bool ends)
{
    if (token == 0 && may_be_null(tag)) {
        return NULL;
    }
    if (!arena_token_is(token, tag)) {
        char detail[160];
        snprintf(detail, sizeof detail,
                 "it handed over a struct %s * (%#llx) that it was never given",
                 tag, (unsigned long long)token);
        lose(BRIDGE_SUBJECT_BABBLED, detail);
    }
    if (ends) {
        arena_bury_token(token);
    }
    return (void *)(uintptr_t)token;
}

void
bridge_guard(const void *pointer, const char *tag, const char *user, bool ends)
{
    if (subject.depth > 0) {
        return; /* the module asks: its thunk has looked already */
    }
    if (arena_token_is_dead((word)(uintptr_t)pointer)) {
        char detail[200];
        snprintf(detail, sizeof detail,
                 "it has destroyed the struct %s * that the test goes on with "
                 "in %s; nobody has told it to",
                 tag, user);
        lose(BRIDGE_SUBJECT_BABBLED, detail);
    }
    if (ends) {
        bridge_forget(pointer);
    }
}

/* ---- What the test may ask ----------------------------------------------- */

unsigned
bridge_memcheck(struct bridge_memcheck *list, unsigned room)
{
    const unsigned count = subject.memchecks < room ? subject.memchecks : room;
    memcpy(list, subject.memcheck, count * sizeof *list);
    return count;
}

const struct bridge_function *
bridge_last_call(word *result)
{
    *result = subject.last_result;
    return subject.last;
}

size_t
bridge_output(char *to, size_t room)
{
    const ssize_t got = pread(subject.session.output, to, room, 0);
    return got < 0 ? 0 : (size_t)got;
}

const char *
bridge_name_of(const char *tag, int64_t value)
{
    for (unsigned i = 0; i < bridge_name_count; i++) {
        if (bridge_names[i].value == value &&
            strcmp(bridge_names[i].tag, tag) == 0) {
            return bridge_names[i].name;
        }
    }
    return NULL;
}
