/*
 * bridge.h - calls between the judge and the subject.
 *
 *   judge (trusted)                            subject (hostile)
 *   tests, machine, references, verdict        the student's module alone
 *
 *   seg_load() proxy ---- CALL fn w[6] ------> thunk -> the student's seg_load()
 *                    <--- CALL phys_read64 ---          which uses the machine
 *   machine, counts ----- REPLY -------------> proxy
 *                    <--- REPLY value, errno -
 *   verdict          <=== ENDED wait status ==  zygote, on a socket of its own
 *
 * A subject program is a zygote: it waits on a control socket, and for each
 * START message forks a child that serves one test on a socket of its own.
 * The judge that sent the message holds the other end.  A test that kills,
 * blocks or corrupts its child harms nobody else.  When the child has ended,
 * the zygote says how on a second socket, which the child never holds; when the
 * judge closes that one, or dies, the zygote kills the child.
 *
 * The arena is a sealed memfd mapped at the same address on both sides.  The
 * judge trusts nothing in it and nothing in a record: kinds and numbers are
 * checked against tables, addresses against the arena, tokens against the list
 * of those that this test has handed out.
 *
 * Source of the method: DESIGN and FACTS of the kit; socket(7), unix(7),
 * memfd_create(2), fcntl(2) on seals.
 */
#ifndef VMLAB_BRIDGE_H
#define VMLAB_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t word;

/* ---- Records: one SOCK_SEQPACKET message each ---------------------------- */

enum bridge_kind {
    BRIDGE_CALL = 1, /* fn, w[0..5]                                           */
    BRIDGE_REPLY,    /* w[0] value, err                                       */
    BRIDGE_OBJECT,   /* judge: w[0] address, w[1] bytes, now visible          */
    BRIDGE_READY,    /* child: set up; what comes now is the module's doing   */
    BRIDGE_CRASHED,  /* child: w[0] signal, w[1] address; a hint for the
                        reader, not evidence                                  */
    BRIDGE_ENDED,    /* zygote: w[0] wait status, w[1] processor ns, w[2] pid,
                        w[3] peak KiB; flags: how                             */
    BRIDGE_ACCESS,   /* judge: w[0] address, w[1] bytes, w[2] whether they are
                        there from now on: kernel memory (machine/kmem.h)     */
    BRIDGE_MACHINE,  /* judge: w[0] a machine, w[1] its frames, w[2] where they
                        lie in the arena, its state behind them: the child
                        reaches them there from now on (direct.c)             */
    BRIDGE_AS_NEW,   /* child to zygote: nothing has remained of the test, and
                        it could take another (child.c)                       */
};

enum bridge_flags {
    BRIDGE_ALLOCATION_FAILED = 1, /* malloc has returned NULL to the module   */
    /* Of BRIDGE_ENDED: */
    BRIDGE_OUT_OF_TIME = 2,
    BRIDGE_KILLED = 4,   /* from outside; also told on the control socket     */
    BRIDGE_LIVES_ON = 8, /* as new: it takes another test                     */
    BRIDGE_USED = 16,    /* it had served another test before                 */
};

struct bridge_record {
    uint32_t kind; /* enum bridge_kind                                        */
    uint32_t fn;   /* which function, an index into the table of the callee   */
    uint64_t seq;  /* a reply repeats the number of its call                  */
    word w[6];
    int32_t err;     /* errno, which travels with a reply                     */
    uint32_t flags;  /* enum bridge_flags                                     */
    uint32_t errors; /* memcheck's errors so far in this child                */
    uint32_t unused;
};

/* To a zygote, with descriptors.  A subject's: the child's end of the test's
 * socket, the arena, the file that receives the module's output.  A tester's
 * (judge/tester.h) are others.  Behind them always the last one: the zygote's
 * end of the socket for its word. */
struct bridge_start {
    word arena;       /* address at which both map it                         */
    word arena_bytes;
    uint32_t cpu_ms;  /* processor time that the child may use                */
    uint32_t memory_mib; /* address space, 0: unlimited (under valgrind)      */
    uint32_t cpu;     /* processor to run on: both ends share one             */
    uint32_t wall_ms; /* the zygote kills a child that is older               */
    uint32_t test;    /* a tester's: which of its tests                       */
    uint32_t discreet; /* a subject's: what would tell one program from       */
                      /* another is not said: where it crashed, its size      */
    uint64_t seed;    /* a tester's: the course's                             */
    uint32_t fresh;   /* the child may not have served another test           */
    uint32_t direct;  /* a tester's: the module is one of the kit's own, and  */
                      /* may reach the memory of machines itself              */
};
enum { BRIDGE_DESCRIPTORS_MAX = 8 };

enum {
    /* Where judge and zygote keep the control socket.  BoxFort closes every
     * descriptor above 2 before it executes a Criterion worker, so the judge
     * receives it as standard input and moves it here. */
    BRIDGE_CONTROL = 200,
    /* Where a zygote may find a seccomp program for its children, an array of
     * struct sock_filter in a sealed memfd. */
    BRIDGE_FILTER = 201,

    BRIDGE_ARENA_BYTES = 64 << 20,
    BRIDGE_RED_ZONE = 64, /* bytes behind each arena object                   */
    /* The arena's last pages carry, one for each parameter, structs from the
     * module's stack to the judge and back. */
    BRIDGE_BOUNCE = 4096,

    /* A function number that every child answers with 0: to rehearse. */
    BRIDGE_PING = 0x7FFFFFFF,
};

/* ---- Tables, expanded from *.tab by expand.h ----------------------------- */

#define BRIDGE_NUMBERS    1
#define BRIDGE_PROXIES    2
#define BRIDGE_THUNKS     3
#define BRIDGE_POINTERS   4
#define BRIDGE_SIGNATURES 5
#define BRIDGE_NAMES      6
#define BRIDGE_SYMBOLS    7
#define BRIDGE_GUARDS     8

enum bridge_type {
    K_NONE,
    K_VALUE,
    K_CHOICE,
    K_OBJECT,
    K_INPUT,
    K_HANDLE,
    K_TAKEN,
    K_STATE,
    K_STATUS,
    K_COUNT,
    K_POINTER,
};

/* How a function is called and shown. */
struct bridge_function {
    const char *name;
    struct {
        enum bridge_type type;
        const char *text; /* C type, or tag of an enum                        */
    } result;
    unsigned parameters;
    struct {
        enum bridge_type type;
        const char *text;
    } parameter[6];
};

/* An enumerator: the tag of its enum, its value, its name. */
struct bridge_name {
    const char *tag;
    int64_t value;
    const char *name;
};

typedef word bridge_thunk(const word *w);

/* What this side can be asked for. */
struct bridge_serves {
    bridge_thunk *const *thunk;
    unsigned count;
};

/* Used by proxies only: carries one call to the other side.  Returns its
 * value; sets errno to what came with it. */
word bridge_call(unsigned fn, const word w[6]);

#endif
