/*
 * processor.c - processor SEED COUNT > REPORT: accesses through segment
 * registers on the processor itself.
 *
 * A 32-bit program without a C library, because it brings its own segment
 * registers out of order: segments are laid into the LDT with modify_ldt, and
 * every access ends in a signal whose context tells what the processor said.
 * Both numbers are hexadecimal.  Ends with 69 (EX_UNAVAILABLE) when Linux has
 * no modify_ldt here.
 */
#include <stddef.h>
#include <stdint.h>

#include "../access_case.h"
#include "../report.h"

/* ---- Linux, i386: numbers and layouts of its ABI ------------------------ */

enum {
    SYS_EXIT = 1,
    SYS_WRITE = 4,
    SYS_MODIFY_LDT = 123,
    SYS_RT_SIGACTION = 174,
    SYS_SIGALTSTACK = 186,
    SYS_MMAP2 = 192,

    SIG_ILL = 4,
    SIG_TRAP = 5,
    SIG_BUS = 7,
    SIG_FPE = 8,
    SIG_SEGV = 11,
    ACTION_SIGINFO = 4,
    ACTION_ONSTACK = 0x08000000,
    ACTION_NODEFER = 0x40000000,

    MAP_ALL_RIGHTS = 7,
    MAP_PRIVATE_ANONYMOUS = 0x22,
    MAP_FIXED_NEW = 0x100010, /* refuses to replace what is there             */

    TRAP_INT3 = 3,

    STATUS_UNAVAILABLE = 69,
    STATUS_OS_ERROR = 71,
};

struct action {
    void (*handler)(int, void *, void *);
    uint32_t flags, restorer, mask[2];
};

struct signal_context {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
    uint32_t trap, error_code, eip, cs, flags, esp_at_signal, ss;
    uint32_t fpu, old_mask, cr2;
};

struct user_context {
    uint32_t flags, link, stack[3];
    struct signal_context registers;
};

struct user_descriptor {
    uint32_t entry, base, limit, bits;
};

/* attempt.S */
enum { PIECE_BYTES = 32 };
long system_call(long number, ...);
void attempt(const char *code, uint32_t selector, uint32_t offset);
_Noreturn void come_back(void);
extern const char code_accesses[], code_far_jump[];
extern const char code_lar[], code_lsl[], code_verr[], code_verw[];
extern struct {
    uint32_t offset;
    uint16_t selector;
} far_pointer;
extern const char code_wide[];
extern uint64_t wide_address;

_Noreturn void processor_main(const uint32_t *stack);

static _Noreturn void
finish(int status)
{
    for (;;)
        system_call(SYS_EXIT, status, 0, 0, 0, 0, 0);
}

static _Noreturn void
fail(int status, const char *why)
{
    size_t bytes = 0;
    while (why[bytes] != '\0')
        bytes++;
    system_call(SYS_WRITE, 2, why, bytes, 0, 0, 0);
    finish(status);
}

static void *
map(uint32_t at, uint32_t bytes)
{
    const uint32_t flags =
        MAP_PRIVATE_ANONYMOUS | (at != 0 ? (uint32_t)MAP_FIXED_NEW : 0);
    const uint32_t to = (uint32_t)system_call(SYS_MMAP2, at, bytes,
                                              MAP_ALL_RIGHTS, flags, -1, 0);
    if (to > UINT32_C(0xFFFFF000) || (at != 0 && to != at))
        fail(STATUS_OS_ERROR, "processor: no memory where it is needed\n");
    return (void *)to;
}

/* ---- What an access ends with ------------------------------------------- */

static struct signal_context ended;

static void
on_signal(int number, void *information, void *context)
{
    (void)number;
    (void)information;
    ended = ((const struct user_context *)context)->registers;
    come_back();
}

static void
catch_signals(void)
{
    static uint8_t stack[16384];
    const struct {
        void *base;
        uint32_t flags, bytes;
    } alternate = {stack, 0, sizeof stack};
    system_call(SYS_SIGALTSTACK, &alternate, 0, 0, 0, 0, 0);
    const struct action action = {
        on_signal, ACTION_SIGINFO | ACTION_ONSTACK | ACTION_NODEFER, 0, {0, 0}};
    static const int signals[] = {SIG_ILL, SIG_TRAP, SIG_BUS, SIG_FPE,
                                  SIG_SEGV};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        system_call(SYS_RT_SIGACTION, signals[i], &action, 0, 8, 0, 0);
}

/* ---- The LDT ------------------------------------------------------------ */

static void
lay_descriptor(uint32_t entry, uint64_t d)
{
    const uint32_t high = (uint32_t)(d >> 32);
    const uint32_t type = high >> 8 & 0xF;
    /* Contents: data, data that expands down, code, conforming code. */
    const struct user_descriptor user = {
        .entry = entry,
        .base = (uint32_t)(d >> 16 & 0xFFFFFF) | (high & 0xFF000000),
        .limit = (uint32_t)(d & 0xFFFF) | (high & 0xF0000),
        .bits = (high >> 22 & 1)         /* seg_32bit           */
                | type >> 2 << 1         /* contents            */
                | (~type & 2) << 2       /* read_exec_only      */
                | (high >> 23 & 1) << 4  /* limit_in_pages      */
                | (~high >> 15 & 1) << 5 /* seg_not_present    */
                | (high >> 20 & 1) << 6, /* useable            */
    };
    if (system_call(SYS_MODIFY_LDT, 0x11, &user, sizeof user, 0, 0, 0) != 0)
        fail(STATUS_UNAVAILABLE, "processor: modify_ldt refuses\n");
}

/* ---- Cases -------------------------------------------------------------- */

static uint8_t *const window = (uint8_t *)ACCESS_WINDOW;
enum { PATTERN_BYTES = 2 * ACCESS_WINDOW_BYTES };

static void
make_window(void)
{
    uint8_t *code =
        map(ACCESS_WINDOW - ACCESS_CODE, ACCESS_CODE + PATTERN_BYTES);
    for (unsigned i = 0; i < ACCESS_CODE_PIECES; i++)
        access_code_bytes(i, code + i * ACCESS_CODE_BYTES);
    for (uint32_t i = 0; i < PATTERN_BYTES; i++)
        window[i] = access_pattern(ACCESS_WINDOW + i);
}

/* An instruction of `size` bytes at the place that the case means: INT3 behind
 * prefixes that do nothing to it. */
static void
lay_instruction(const struct access_case *c)
{
    if (c->linear >= ACCESS_HOLE)
        return;
    uint8_t *at = window + (c->linear - ACCESS_WINDOW);
    for (uint32_t i = 1; i < c->size; i++)
        *at++ = 0x2E;
    *at = 0xCC;
}

/* Finds the bytes that have changed, and changes them back. */
static void
mend_window(struct access_record *record)
{
    for (uint32_t i = 0; i < PATTERN_BYTES; i++) {
        if (window[i] < 0x80)
            continue;
        if (record->bytes++ == 0)
            record->place = ACCESS_WINDOW + i;
        window[i] = access_pattern(ACCESS_WINDOW + i);
    }
}

static void
take_instruction_away(const struct access_case *c)
{
    if (c->linear >= ACCESS_HOLE)
        return;
    for (uint32_t i = 0; i < c->size; i++)
        window[c->linear - ACCESS_WINDOW + i] = access_pattern(c->linear + i);
}

/* The code of an access through a register other than CS. */
static const char *
access_code_at(const struct access_case *c)
{
    enum { SIZES = 5 };
    uint32_t size = 0;
    while (1u << size < c->size)
        size++;
    const uint32_t reg = c->reg == SEG_ES ? 0 : c->reg - 1;
    const uint32_t n =
        reg * 2 * SIZES + (c->operation == SEG_WRITE ? SIZES : 0) + size;
    return code_accesses + n * PIECE_BYTES;
}

static const char *
choose_code(const struct access_case *c)
{
    if (c->operation >= ACCESS_WIDE)
        return code_wide + (c->operation - ACCESS_WIDE) * PIECE_BYTES;
    switch (c->operation) {
    case ACCESS_LAR:
        return code_lar;
    case ACCESS_LSL:
        return code_lsl;
    case ACCESS_VERR:
        return code_verr;
    case ACCESS_VERW:
        return code_verw;
    default:
        return c->reg == SEG_CS ? code_far_jump : access_code_at(c);
    }
}

static void
perform(const struct access_case *c, struct access_record *record)
{
    if (c->descriptor != 0)
        lay_descriptor(c->selector >> 3, c->descriptor);
    if (c->operation == SEG_EXECUTE)
        lay_instruction(c);
    far_pointer.offset = access_needs_code(c) ? c->code : c->offset;
    far_pointer.selector = (uint16_t)c->selector;
    wide_address = c->wide;

    attempt(choose_code(c), c->selector, c->offset);

    *record = (struct access_record){0};
    if (ended.trap != TRAP_INT3) {
        record->fault.vector = ended.trap;
        record->fault.error_code = ended.error_code;
        /* Linux shows what the last page fault has left there. */
        record->fault.cr2 = ended.trap == FAULT_PF ? ended.cr2 : 0;
    } else if (c->operation == SEG_EXECUTE) {
        record->value = ended.eip;
    } else if (c->operation == SEG_READ) {
        record->value = ended.ecx;
    } else if (c->operation > SEG_EXECUTE) {
        record->zero = ended.eax;
        record->value = ended.eax != 0 ? ended.ecx : 0;
    }
    if (c->operation == SEG_EXECUTE)
        take_instruction_away(c);
    if (c->operation == SEG_WRITE)
        mend_window(record);
}

static uint64_t
read_hex(const char *text)
{
    uint64_t value = 0;
    for (; *text > ' '; text++)
        value = value << 4 |
                (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
    return value;
}

static void
write_all(const void *from, uint32_t bytes)
{
    const char *at = from;
    while (bytes > 0) {
        const long n = system_call(SYS_WRITE, 1, at, bytes, 0, 0, 0);
        if (n <= 0)
            fail(STATUS_OS_ERROR, "processor: cannot write the report\n");
        at += n;
        bytes -= (uint32_t)n;
    }
}

void *memset(void *to, int value, size_t bytes);
void *memcpy(void *to, const void *from, size_t bytes);

/* Compilers may call these two for copies and for zero bytes. */
void *
memset(void *to, int value, size_t bytes)
{
    void *const result = to;
    __asm__ volatile("rep stosb"
                     : "+D"(to), "+c"(bytes)
                     : "a"(value)
                     : "memory");
    return result;
}

void *
memcpy(void *to, const void *from, size_t bytes)
{
    void *const result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
    return result;
}

void
processor_main(const uint32_t *stack)
{
    if (stack[0] != 3)
        fail(64, "usage: processor SEED COUNT\n");
    const uint64_t seed = read_hex((const char *)stack[2]);
    const uint32_t count = (uint32_t)read_hex((const char *)stack[3]);
    const uint32_t bytes = count * sizeof(struct access_record);
    struct access_record *records = map(0, bytes);
    make_window();
    catch_signals();
    /* The last entry first: it makes the table as long as it shall be. */
    for (uint32_t i = ACCESS_ENTRIES; i-- > 0;)
        lay_descriptor(i, UINT64_C(0x0010F10000000000));
    for (uint32_t n = 0; n < count; n++) {
        struct access_case c;
        access_generate(&c, seed, n);
        perform(&c, &records[n]);
    }
    const struct report_heading heading = {REPORT_MAGIC, KIND_ACCESSES, seed,
                                           count};
    write_all(&heading, sizeof heading);
    write_all(records, bytes);
    finish(0);
}
