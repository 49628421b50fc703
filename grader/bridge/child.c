/*
 * child.c - the subject of one test: a process that holds the student's module
 * and this file, and needs almost no system calls.
 *
 *   serve()        answers CALLs until a REPLY for us, or the end of the test
 *   bridge_call()  asks the judge and serves until its answer is there
 *
 * Nothing here is trusted by anybody: the module can overwrite all of it.
 */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <valgrind/memcheck.h>

#include "machine/machine.h"
#include "sandbox/inner_filter.h"
#include "start.h"
#include "zygote.h"

enum {
    OBJECTS = 4096,
    OUTPUT_BYTES = 1 << 16,
    REPORT_BYTES = 16 << 20,
    CRASH_STACK_BYTES = 1 << 15,
    NEW_MEMORY = 0x5A, /* mallopt(3): the complement of what malloc hands out */
};

/* Exit status of a child that could not be set up, or has lost its judge. */
enum { CHILD_LOST = 100 };

/* Descriptors of a START message: socket, arena, output. */
enum { SUBJECT_DESCRIPTORS = 3 };

/* Of a child that may take another test: the zygote. */
enum { CHILD_AGAIN = CHILD_SOCKET + 1 };

static uint64_t seq;
static word arena_start, arena_end;
static bool discreet;
static struct {
    word address;
    uint64_t bytes;
} object[OBJECTS];
static unsigned objects;
static bool allocation_failed;
static long blocks; /* that the module has and has not given back            */

/* With --coverage, libgcov writes its counts here; else it is absent. */
extern void __gcov_dump(void) __attribute__((weak));

static noreturn void
leave(int status)
{
    if (__gcov_dump != NULL) {
        __gcov_dump();
    }
    _exit(status);
}

/* ---- Allocation -------------------------------------------------------------------
 *
 * The linker sends the module's malloc, calloc, realloc and free through here
 * (--wrap), so that "out of memory" can be told from other deaths, and so that
 * a child knows when it has nothing left. */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void __real_free(void *block);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void __wrap_free(void *block);

static void *
note(void *block, size_t bytes)
{
    if (block == NULL && bytes != 0) {
        allocation_failed = true;
    }
    blocks += block != NULL;
    return block;
}

void *
__wrap_malloc(size_t bytes)
{
    return note(__real_malloc(bytes), bytes);
}

void *
__wrap_calloc(size_t count, size_t bytes)
{
    return note(__real_calloc(count, bytes), count != 0 ? bytes : 0);
}

void *
__wrap_realloc(void *old, size_t bytes)
{
    void *const block = __real_realloc(old, bytes);
    /* Without a new block the old one stays, or was asked to go. */
    blocks -= old != NULL && (block != NULL || bytes == 0);
    return note(block, bytes);
}

void
__wrap_free(void *block)
{
    blocks -= block != NULL;
    __real_free(block);
}

/* ---- Calls --------------------------------------------------------------- */

static void
transmit(struct bridge_record *record)
{
    record->errors = (uint32_t)VALGRIND_COUNT_ERRORS;
    record->flags = allocation_failed ? BRIDGE_ALLOCATION_FAILED : 0;
    if (send(CHILD_SOCKET, record, sizeof *record, MSG_NOSIGNAL) !=
        sizeof *record) {
        leave(CHILD_LOST);
    }
}

/* Under memcheck everything in the arena is off limits but announced objects,
 * which the judge may have filled since the last call. */
static void
show_objects(void)
{
    for (unsigned i = 0; i < objects; i++) {
        (void)VALGRIND_MAKE_MEM_DEFINED(object[i].address, object[i].bytes);
    }
}

static bool
judge_sees(const void *object_, size_t bytes)
{
    const word at = (word)(uintptr_t)object_;
    return at >= arena_start && at <= arena_end && bytes <= arena_end - at;
}

/* Kernel memory comes and goes.  The break need not lie at the end of a page:
 * natively the rest of its page stays, memcheck knows every byte. */
static void
set_access(word address, uint64_t bytes, bool on)
{
    const word page = 4096;
    const word end = (address + bytes + page - 1) & ~(page - 1);
    const word start = (on ? address : address + page - 1) & ~(page - 1);
    if (!judge_sees((const void *)address, bytes) ||
        (start < end &&
         mprotect((void *)start, end - start,
                  on ? PROT_READ | PROT_WRITE : PROT_NONE) != 0)) {
        leave(CHILD_LOST);
    }
    if (on) {
        (void)VALGRIND_MAKE_MEM_DEFINED(address, bytes);
    } else {
        (void)VALGRIND_MAKE_MEM_NOACCESS(address, bytes);
    }
}

static void
note_machine(word mach, word frames, word memory)
{
    if (direct_bytes == NULL || direct_add == NULL || direct_forget == NULL) {
        return; /* a stage without machines */
    }
    if (frames == 0) {
        direct_forget();
        return;
    }
    if (frames > BRIDGE_ARENA_BYTES / MACH_FRAME_BYTES ||
        !judge_sees((const void *)memory, direct_bytes(frames))) {
        leave(CHILD_LOST);
    }
    direct_add((const void *)mach, frames, (void *)memory);
}

/* Answers BRIDGE_PING the way that every call takes. */
static word
answer_a_ping(const word *w)
{
    return w[0];
}

static void
answer(const struct bridge_record *call)
{
    struct bridge_record reply = {.kind = BRIDGE_REPLY, .seq = call->seq};
    bridge_thunk *function = answer_a_ping;
    if (call->fn != BRIDGE_PING) {
        if (call->fn >= bridge_serves.count) {
            leave(CHILD_LOST);
        }
        function = bridge_serves.thunk[call->fn];
    }
    show_objects();
    errno = 0;
    reply.w[0] = function(call->w);
    reply.err = errno;
    /* A result that was never set counts against this call.  Found only
     * when the record is sent it would be put down to the next one. */
    (void)VALGRIND_CHECK_MEM_IS_DEFINED(&reply.w[0], sizeof reply.w[0]);
    (void)VALGRIND_MAKE_MEM_DEFINED(&reply, sizeof reply);
    transmit(&reply);
}

/* Serves until the reply with number `expected` is there, which is returned,
 * or until the judge hangs up: then *ended is set. */
static word
serve(uint64_t expected, bool *ended)
{
    struct bridge_record record;
    for (;;) {
        const ssize_t got = recv(CHILD_SOCKET, &record, sizeof record, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got != sizeof record) {
            *ended = true;
            return 0;
        }
        if (record.kind == BRIDGE_REPLY && record.seq == expected) {
            /* As every function, it sets errno or leaves it, never to 0. */
            if (record.err != 0) {
                errno = record.err;
            }
            return record.w[0];
        }
        if (record.kind == BRIDGE_OBJECT && objects < OBJECTS) {
            object[objects].address = record.w[0];
            object[objects++].bytes = record.w[1];
        } else if (record.kind == BRIDGE_ACCESS) {
            set_access(record.w[0], record.w[1], record.w[2] != 0);
        } else if (record.kind == BRIDGE_MACHINE) {
            note_machine(record.w[0], record.w[1], record.w[2]);
        } else if (record.kind == BRIDGE_CALL) {
            answer(&record);
        }
    }
}

word
bridge_call(unsigned fn, const word w[6])
{
    struct bridge_record record = {
        .kind = BRIDGE_CALL, .fn = fn, .seq = ++seq | (uint64_t)1 << 63};
    bool ended = false;
    memcpy(record.w, w, sizeof record.w);
    transmit(&record);
    const word value = serve(record.seq, &ended);
    if (ended) {
        leave(0); /* the judge has ended the test in the middle of this call */
    }
    return value;
}

/* The judge cannot see the module's stack: structs travel through the bounce
 * page of their parameter. */
static word
bounce_page(unsigned parameter)
{
    return arena_end - (word)(parameter + 1) * BRIDGE_BOUNCE;
}

word
subject_pass_object(unsigned parameter, const void *object_, size_t bytes)
{
    if (object_ == NULL || judge_sees(object_, bytes)) {
        return (word)(uintptr_t)object_;
    }
    const word page = bounce_page(parameter);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(page, bytes);
    memcpy((void *)page, object_, bytes);
    return page;
}

void
subject_fetch_object(unsigned parameter, void *object_, size_t bytes)
{
    if (object_ == NULL || judge_sees(object_, bytes)) {
        return;
    }
    const word page = bounce_page(parameter);
    (void)VALGRIND_MAKE_MEM_DEFINED(page, bytes);
    memcpy(object_, (const void *)page, bytes);
}

/* ---- What comes from a caller -------------------------------------------- */

void *
subject_take_object(word address, size_t bytes)
{
    if (address != 0 && !judge_sees((const void *)(uintptr_t)address, bytes)) {
        leave(CHILD_LOST);
    }
    return (void *)(uintptr_t)address;
}

/* The module's structs that a caller holds, complemented: a pointer in here
 * must not keep memcheck from finding what the module has lost.  Number i is
 * the token i + 1, below any address. */
static struct {
    uintptr_t *complement;
    size_t count, room;
} states;

word
subject_give_state(const void *state)
{
    if (state == NULL || judge_sees(state, 1)) {
        return (word)(uintptr_t)state;
    }
    if (states.count == states.room) {
        const size_t room = 2 * states.room + 64;
        uintptr_t *const longer =
            __real_realloc(states.complement, room * sizeof *longer);
        if (longer == NULL) {
            leave(CHILD_LOST);
        }
        states.complement = longer;
        states.room = room;
    }
    states.complement[states.count++] = ~(uintptr_t)state;
    return states.count;
}

/* The leak check at the end counts what is left, and this is not the module's. */
static void
forget_states(void)
{
    __real_free(states.complement);
    states.complement = NULL;
    states.count = states.room = 0;
}

void *
subject_take_state(word token)
{
    if (token == 0 || judge_sees((const void *)(uintptr_t)token, 1)) {
        return (void *)(uintptr_t)token;
    }
    if (token > states.count) {
        leave(CHILD_LOST);
    }
    return (void *)~states.complement[token - 1];
}

/* ---- Crashes ------------------------------------------------------------- */

static void
crashed(int signal, siginfo_t *info, void *context)
{
    struct bridge_record record = {
        .kind = BRIDGE_CRASHED,
        .w = {(word)signal, (word)(uintptr_t)info->si_addr}};
    (void)context;
    if (signal == SIGSYS) {
        record.w[1] = (word)info->si_syscall;
    } else if (discreet && info->si_addr >= (void *)4096 &&
               !judge_sees(info->si_addr, 1)) {
        record.w[1] = 0;
    }
    record.flags = allocation_failed ? BRIDGE_ALLOCATION_FAILED : 0;
    (void)send(CHILD_SOCKET, &record, sizeof record, MSG_NOSIGNAL);
    /* No raise(): the filter forbids kill, and valgrind aborts when it is
     * denied. */
    leave(128 + signal);
}

static void
watch_for_crashes(void)
{
    static char stack[CRASH_STACK_BYTES];
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL,
                                 SIGABRT, SIGSYS, SIGTRAP, SIGPROF};
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, NULL);
    const struct sigaction action = {.sa_sigaction = crashed,
                                     .sa_flags = SA_SIGINFO | SA_ONSTACK};
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
        sigaction(deadly[i], &action, NULL);
    }
    /* Printing too much cuts the output; it is no crime. */
    signal(SIGXFSZ, SIG_IGN);
}

/* ---- Limits -------------------------------------------------------------- */

static void
limit(const struct bridge_start *start)
{
    const rlim_t seconds = start->cpu_ms / 1000 + 2;
    /* Under valgrind the limit is for its report, too. */
    const rlim_t bytes_written =
        RUNNING_ON_VALGRIND ? REPORT_BYTES : OUTPUT_BYTES;
    const struct rlimit file = {bytes_written, bytes_written};
    const struct rlimit core = {0, 0};
    const struct rlimit cpu = {seconds, seconds + 1};
    /* ITIMER_PROF comes first and tells; RLIMIT_CPU stands behind it for who
     * blocks its signal. */
    const struct itimerval timer = {
        .it_value = {.tv_sec = start->cpu_ms / 1000,
                     .tv_usec = (suseconds_t)(start->cpu_ms % 1000) * 1000}};
    if (__gcov_dump == NULL) {
        setrlimit(RLIMIT_FSIZE, &file);
    }
    setrlimit(RLIMIT_CORE, &core);
    setrlimit(RLIMIT_CPU, &cpu);
    if (start->memory_mib != 0) {
        const rlim_t bytes = (rlim_t)start->memory_mib << 20;
        const struct rlimit memory = {bytes, bytes};
        setrlimit(RLIMIT_AS, &memory);
    }
    setitimer(ITIMER_PROF, &timer, NULL);
}

static void
run_on(uint32_t cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
}

static void
close_from(int first)
{
    if (RUNNING_ON_VALGRIND) {
        /* valgrind keeps descriptors of its own at the top. */
        for (int i = first; i <= BRIDGE_FILTER; i++) {
            close(i);
        }
    } else {
        close_range((unsigned)first, ~0U, 0);
    }
}

/* Maps the arena, `file`, and puts it off limits: memcheck then knows of
 * nothing in it but what is announced. */
static bool
map_arena(word address, word bytes, int file)
{
    void *const arena = (void *)(uintptr_t)address;
    const int nothing = file < 0 ? MAP_ANONYMOUS : 0;
    if (mmap(arena, bytes, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_FIXED_NOREPLACE | nothing, file, 0) != arena) {
        return false;
    }
    arena_start = address;
    arena_end = address + bytes;
    (void)VALGRIND_MAKE_MEM_NOACCESS(arena, bytes);
    return true;
}

/* The leak check at the end would look for pointers in all of it. */
static void
unmap_arena(void)
{
    munmap((void *)(uintptr_t)arena_start, arena_end - arena_start);
}

static void
say_ready(void)
{
    struct bridge_record ready = {.kind = BRIDGE_READY};
    transmit(&ready);
}

/* Turns a copy of the zygote into a subject, all but its filter.  One function,
 * in no place inlined: what the rehearsal has translated is what runs. */
__attribute__((noinline)) static bool
become_subject(const struct bridge_start *start, const int *fds)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (!map_arena(start->arena, start->arena_bytes, fds[1])) {
        return false;
    }
    run_on(start->cpu);
    dup2(fds[2], STDOUT_FILENO);
    dup2(fds[2], STDERR_FILENO);
    dup2(fds[0], CHILD_SOCKET);
    setvbuf(stdout, NULL, _IONBF, 0);
    discreet = start->discreet != 0;
    if (discreet) {
        /* What a block held before is an address, as often as not, and a struct
         * of the module's may carry it to the other side. */
        mallopt(M_PERTURB, NEW_MEMORY);
    }
    watch_for_crashes();
    limit(start);
    return true;
}

/* ---- Another test -------------------------------------------------------- */

/* Whether nothing has remained of the test, in a module that has no variables
 * of its own (who started the zygote knows): no block, no error; the functions
 * of the C library that a module may call remember nothing.  Whoever has used up
 * much of its processor time may not have enough for another. */
static bool
is_as_new(const struct bridge_start *start)
{
    const clock_t much = (clock_t)start->cpu_ms * (CLOCKS_PER_SEC / 1000) / 4;
    return blocks == 0 && !allocation_failed && VALGRIND_COUNT_ERRORS == 0 &&
           clock() < much;
}

/* Forgets the test and waits for the next; false: there is none. */
static bool
take_another(struct bridge_start *start)
{
    const struct bridge_record as_new = {.kind = BRIDGE_AS_NEW};
    int fds[BRIDGE_DESCRIPTORS_MAX];
    unsigned count;
    bool closed;
    objects = 0;
    if (direct_forget != NULL) {
        direct_forget();
    }
    if (send(CHILD_AGAIN, &as_new, sizeof as_new, MSG_NOSIGNAL) !=
            sizeof as_new ||
        !bridge_receive_start(CHILD_AGAIN, start, fds, &count, &closed) ||
        count != SUBJECT_DESCRIPTORS || !become_subject(start, fds)) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        close(fds[i]);
    }
    return true;
}

noreturn void
zygote_child(const struct bridge_start *first, const int *fds, unsigned count,
             int again)
{
    struct bridge_start start = *first;
    /* Above whatever stands where descriptors are moved to. */
    const int zygote = again >= 0 ? fcntl(again, F_DUPFD, BRIDGE_FILTER) : -1;
    if (count != SUBJECT_DESCRIPTORS || !become_subject(&start, fds) ||
        (again >= 0 && dup2(zygote, CHILD_AGAIN) != CHILD_AGAIN)) {
        _exit(CHILD_LOST);
    }
    close(zygote);
    /* Without a filter the module runs unfiltered: under valgrind the whole
     * zygote is. */
    struct sock_fprog filter = inner_filter_read(BRIDGE_FILTER);
    close_from(again >= 0 ? CHILD_AGAIN + 1 : CHILD_SOCKET + 1);
    if (inner_filter_enter(&filter) != 0) {
        _exit(CHILD_LOST);
    }

    do {
        bool ended = false;
        say_ready();
        serve(0, &ended);
        if (RUNNING_ON_VALGRIND || again >= 0) {
            unmap_arena();
            forget_states();
        }
    } while (again >= 0 && is_as_new(&start) && take_another(&start));
    leave(0);
}

bool
zygote_prepare(int argc, char **argv, bool *again)
{
    *again = argc == 2 && strcmp(argv[1], "--again") == 0;
    return true;
}

/* Everything that a child does around a student's function, once, with nothing
 * at stake: the limits are those of every child, or none. */
void
zygote_rehearse(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return;
    }
    const struct bridge_start start = {.arena = 0x200000000000,
                                       .arena_bytes = BRIDGE_ARENA_BYTES,
                                       .cpu_ms = UINT32_MAX,
                                       .cpu = (uint32_t)sched_getcpu()};
    const int fds[SUBJECT_DESCRIPTORS] = {pair[0], -1, STDERR_FILENO};
    if (become_subject(&start, fds)) {
        const struct bridge_record object_record = {.kind = BRIDGE_OBJECT};
        const struct bridge_record call = {.kind = BRIDGE_CALL,
                                           .fn = BRIDGE_PING};
        bool ended = false;
        say_ready();
        (void)send(pair[1], &object_record, sizeof object_record, MSG_NOSIGNAL);
        (void)send(pair[1], &call, sizeof call, MSG_NOSIGNAL);
        shutdown(pair[1], SHUT_WR);
        serve(0, &ended);
        show_objects();
        int signal_of_death;
        (void)prctl(PR_GET_PDEATHSIG, &signal_of_death);
        struct sock_fprog filter = inner_filter_read(BRIDGE_FILTER);
        filter.len = 0;
        (void)inner_filter_enter(&filter);
        free(__wrap_realloc(__wrap_calloc(1, 16), 32));
        free(__wrap_malloc(16));
        unmap_arena();
        close(CHILD_SOCKET);
    }
    objects = 0;
    close(pair[0]);
    close(pair[1]);
}
