/*
 * gate_words.c - which functions a module may call, and what to say of one that
 * it may not.
 */
#include <ctype.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate_parts.h"
#include "text.h"

bool
list_has(const char *const *list, const char *name)
{
    for (; list && *list; list++)
        if (!strcmp(*list, name))
            return true;
    return false;
}

const char *
canonical_name(const char *symbol)
{
    static _Thread_local char name[128];
    static const char *const prefixes[] = {"__isoc99_", "__isoc23_", "_IO_"};
    const size_t length = strlen(symbol);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        const size_t prefix = strlen(prefixes[i]);
        if (!strncmp(symbol, prefixes[i], prefix))
            return symbol + prefix;
    }
    /* Functions that check their bounds: __memcpy_chk. */
    if (length > 6 && length < sizeof name && !strncmp(symbol, "__", 2) &&
        !strcmp(symbol + length - 4, "_chk")) {
        snprintf(name, sizeof name, "%.*s", (int)length - 6, symbol + 2);
        return name;
    }
    return symbol;
}

/* Arithmetic that the processor has no instruction for, from the compiler's
 * own library: an operation, then one or two modes of its operands and perhaps
 * their number ("__udivti3", "__floattidf"). */
static bool
is_arithmetic(const char *symbol)
{
    static const char *const operations[] = {
        "absv",  "add",  "addv",   "ashl",     "ashr",    "bswap", "clrsb",
        "clz",   "cmp",  "ctz",    "div",      "divmod",  "eq",    "extend",
        "ffs",   "fix",  "fixuns", "float",    "floatun", "ge",    "gt",
        "le",    "lshr", "lt",     "mod",      "mul",     "mulv",  "ne",
        "neg",   "negv", "parity", "popcount", "powi",    "sub",   "subv",
        "trunc", "ucmp", "udiv",   "udivmod",  "umod",    "unord",
    };
    if (strncmp(symbol, "__", 2))
        return false;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        const size_t length = strlen(operations[i]);
        const char *rest = symbol + 2 + length;
        if (strncmp(symbol + 2, operations[i], length))
            continue;
        unsigned modes = 0;
        while (rest[0] && rest[1] && strchr("qhsdtxo", rest[0]) &&
               strchr("ifcd", rest[1])) {
            rest += 2;
            modes++;
        }
        if (isdigit((unsigned char)*rest))
            rest++;
        if (modes >= 1 && modes <= 2 && *rest == '\0')
            return true;
    }
    return false;
}

bool
is_compilers(const char *symbol)
{
    static const char *const names[] = {
        "memcpy",
        "memmove",
        "memset",
        "memcmp",
        "strlen",
        "abort",
        "_GLOBAL_OFFSET_TABLE_",
        "__stack_chk_fail",
        "__tls_get_addr",
        NULL,
    };
    return list_has(names, symbol) || list_has(names, canonical_name(symbol)) ||
           is_arithmetic(symbol);
}

/* A call of the left is made a call of the right where that is shorter. */
static const struct {
    const char *written, *made;
} rewritten[] = {
    {"printf", "puts"},     {"printf", "putchar"},   {"fprintf", "fwrite"},
    {"fprintf", "fputc"},   {"fprintf", "fputs"},    {"fputs", "fwrite"},
    {"fputs", "fputc"},     {"fputc", "putc"},       {"putc", "fputc"},
    {"putchar", "putc"},    {"sprintf", "strcpy"},   {"strcpy", "stpcpy"},
    {"strcat", "strcpy"},   {"strcat", "stpcpy"},    {"strncpy", "stpncpy"},
    {"snprintf", "strcpy"}, {"strchr", "strlen"},    {"strstr", "strchr"},
    {"malloc", "calloc"},   {"vprintf", "vfprintf"},
};

bool
is_implied(const struct gate_request *request, const char *symbol)
{
    for (size_t i = 0; i < sizeof rewritten / sizeof *rewritten; i++)
        if (!strcmp(rewritten[i].made, symbol) &&
            (list_has(request->allow, rewritten[i].written) ||
             (request->kind == GATE_TESTS &&
              is_for_tests(rewritten[i].written))))
            return true;
    return false;
}

bool
is_for_tests(const char *symbol)
{
    static const char *const names[] = {
        /* vmlab_test.h */
        "vmlab_begin",
        "vmlab_end",
        "arena_bytes",
        "test_machine",
        "test_kmem",
        "test_swapdev",
        "test_random",
        "test_random_below",
        "check_context",
        "vmlab_check_status",
        "vmlab_check_eq",
        "vmlab_check_bytes",
        "vmlab_check_frames",
        "vmlab_check_memory",
        "vmlab_fail",
        /* machine.h, the controls */
        "mach_create",
        "mach_destroy",
        "mach_frames",
        "mach_counts",
        "frame_fail_at",
        "frame_in_use",
        "frame_next_used",
        "mach_peek",
        "mach_poke",
        "mach_invalidated",
        "mach_watch",
        /* kmem.h, the controls */
        "kmem_create",
        "kmem_destroy",
        "kmem_counts",
        "kmem_fail_at",
        "kmem_holds",
        "kmem_in_heap",
        "kmem_in_mapping",
        /* swapdev.h, the controls */
        "swapdev_counts",
        "swapdev_fail_read_at",
        "swapdev_fail_write_at",
        "swapdev_peek",
        /* Criterion's macros */
        "cr_asprintf",
        "cr_asprintf_free",
        "cr_vasprintf",
        "cr_translate_assert_msg",
        "cr_user_mem_eq",
        "cr_user_mem_lt",
        "cr_user_mem_tostr",
        "cr_user_str_eq",
        "cr_user_str_lt",
        "cr_user_str_tostr",
        "cr_user_str_zero",
        "cri_assert_message",
        "cri_assert_node_add",
        "cri_assert_node_init",
        "cri_assert_node_negate",
        "cri_assert_node_send",
        "cri_assert_node_term",
        "cri_asserts_passed_incr",
        "criterion_abort_test",
        "criterion_continue_test",
        "criterion_current_suite",
        "criterion_current_test",
        "criterion_internal_test_main",
        "criterion_internal_test_setup",
        "criterion_internal_test_teardown",
        "criterion_options",
        "criterion_send_assert",
        "criterion_skip_test",
        "criterion_test_die",
        /* the C library */
        "__assert_fail",
        "__errno_location",
        "__ctype_b_loc",
        "abs",
        "abort",
        "bsearch",
        "calloc",
        "fflush",
        "fprintf",
        "fputc",
        "fputs",
        "free",
        "fwrite",
        "labs",
        "llabs",
        "malloc",
        "memchr",
        "memcmp",
        "memcpy",
        "memmove",
        "memset",
        "printf",
        "putchar",
        "puts",
        "qsort",
        "realloc",
        "snprintf",
        "sprintf",
        "sscanf",
        "stderr",
        "stdout",
        "strcat",
        "strchr",
        "strcmp",
        "strcpy",
        "strerror",
        "strlen",
        "strncmp",
        "strncpy",
        "strrchr",
        "strstr",
        "strtol",
        "strtoul",
        "strtoull",
        "tolower",
        "toupper",
        "isdigit",
        "isalpha",
        "isspace",
        NULL,
    };
    return list_has(names, symbol) || list_has(names, canonical_name(symbol));
}

/* ---- Words --------------------------------------------------------------- */

/* Names that end with '*' stand for all that begin so. */
static bool
matches(const char *pattern, const char *name)
{
    const size_t length = strlen(pattern);
    if (length && pattern[length - 1] == '*')
        return !strncmp(pattern, name, length - 1);
    return !strcmp(pattern, name);
}

static const struct group {
    const char *const names[28];
    const char *why;
} groups[] = {
    {{"fork",   "vfork",   "clone",        "exec*",  "fexecve", "system",
      "popen",  "pclose",  "posix_spawn*", "wait",   "waitpid", "wait3",
      "wait4",  "waitid",  "kill",         "killpg", "raise",   "ptrace",
      "getpid", "getppid", "setsid",       "daemon", "nice",    "prctl"},
     "a module works on the machine alone, in one process"},
    {{"pthread_*", "thrd_*", "mtx_*", "cnd_*", "sem_*", "sched_*", "omp_*",
      "GOMP_*"},
     "a module works in one thread, and nothing calls it from another"},
    {{"fopen",  "fdopen",  "freopen", "fclose",  "fread",  "fgets",  "fgetc",
      "getc",   "getline", "open",    "openat",  "creat",  "read",   "write",
      "pread",  "pwrite",  "close",   "lseek",   "stat",   "unlink", "remove",
      "rename", "tmpfile", "mkstemp", "opendir", "readdir"},
     "a module has no files: what it must keep is in memory or in the "
     "machine"},
    {{"scanf", "gets", "getchar", "fscanf", "vscanf", "stdin"},
     "nothing is typed while a module is judged: its input is its "
     "arguments"},
    {{"socket", "connect", "bind", "listen", "accept", "send*", "recv*",
      "gethostbyname", "getaddrinfo", "socketpair", "pipe", "pipe2"},
     "a module has nobody to talk to but the machine"},
    {{"time", "clock", "clock_*", "gettimeofday", "sleep", "usleep",
      "nanosleep", "alarm", "setitimer", "times", "timer_*"},
     "a result must not depend on the clock; what a call costs is counted by "
     "the machine"},
    {{"rand", "srand", "random", "srandom", "rand_r", "drand48", "lrand48",
      "getrandom", "getentropy", "arc4random*"},
     "the same calls must give the same results every time"},
    {{"exit", "_exit", "_Exit", "quick_exit", "atexit", "on_exit",
      "at_quick_exit", "__cxa_atexit", "abort"},
     "a module never ends the program: it returns a status"},
    {{"mmap*", "munmap", "mprotect", "mremap", "brk", "sbrk", "madvise",
      "mlock*", "shm*", "memfd_create"},
     "memory comes from malloc, or from the machine's functions where the "
     "stage offers them"},
    {{"getenv", "setenv", "putenv", "unsetenv", "environ", "__environ",
      "secure_getenv", "getopt*", "getlogin", "uname", "sysconf"},
     "a result must not depend on where the module runs"},
    {{"signal", "sigaction", "sig*", "__sigsetjmp", "_setjmp", "setjmp",
      "longjmp", "_longjmp", "__longjmp_chk"},
     "a fault is a value here: check before the access and return a status"},
    {{"dlopen", "dlsym", "dlclose", "dladdr", "dl_iterate_phdr", "syscall",
      "backtrace*", "getauxval"},
     "a module is C and the functions that the header names"},
    {{"__gcov_*", "llvm_gc*", "__asan_*", "__lsan_*", "__ubsan_*", "__sanitizer_*",
      "__valgrind*", "criterion_*", "cr_*"},
     "measuring and testing is not the module's business"},
    {{"sin", "cos", "tan", "exp", "log*", "pow*", "sqrt*", "floor*", "ceil*",
      "round*", "fmod*"},
     "addresses are whole numbers: use integer arithmetic"},
    {{"reallocarray", "posix_memalign", "aligned_alloc", "memalign", "valloc",
      "strdup", "strndup", "asprintf", "alloca"},
     "use malloc, calloc or realloc"},
};

/* What a line of the source says that became a call of `symbol`; 0: nothing. */
static unsigned
line_of(const struct gate *gate, const char *symbol, const char **written)
{
    *written = canonical_name(symbol);
    unsigned line = tokens_line(&gate->tokens, *written);
    if (!line && (line = tokens_line(&gate->tokens, symbol)) != 0)
        *written = symbol;
    for (size_t i = 0; !line && i < sizeof rewritten / sizeof *rewritten; i++)
        if (!strcmp(rewritten[i].made, symbol) &&
            (line = tokens_line(&gate->tokens, rewritten[i].written)) != 0)
            *written = rewritten[i].written;
    return line;
}

/* "malloc, free, printf": what a stage offers of the C library. */
static char *
offers(const struct gate_request *request)
{
    char *all = xstrdup("");
    for (const char *const *name = request->allow; name && *name; name++) {
        if (**name == '_')
            continue;
        char *longer = text_format("%s%s%s", all, *all ? ", " : "", *name);
        free(all);
        all = longer;
    }
    return all;
}

/* Own tests run without libcriterion, on a stand-in that has what tests of a
 * module need (judge/criterion_shim.c).  Returns false when the symbol is none
 * of Criterion's. */
static bool
refuse_criterion(struct gate *gate, const char *symbol, unsigned line)
{
    static const char *const prefixes[] = {"cr_", "cri_", "criterion_"};
    static const char user[] = "cr_user_";
    bool criterions = false;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        criterions |= !strncmp(symbol, prefixes[i], strlen(prefixes[i]));
    if (!criterions)
        return false;
    /* cr_user_wcs_eq: what eq(wcs, ...) has become. */
    const char *type = symbol + strlen(user);
    if (!strncmp(symbol, user, strlen(user)) && strchr(type, '_')) {
        char *word = text_format("%.*s", (int)strcspn(type, "_"), type);
        gate_refuse(gate, line, "call",
                    "Criterion's comparison of \"%s\" is not available in own "
                    "tests: compare numbers with check_eq, bytes with "
                    "check_bytes, strings with cr_assert_str_eq.",
                    word);
        free(word);
    } else {
        gate_refuse(gate, line, "call",
                    "%.60s of Criterion is not available in own tests: use "
                    "check, check_eq, check_status or check_bytes of "
                    "vmlab_test.h.",
                    symbol);
    }
    return true;
}

void
gate_refuse_symbol(struct gate *gate, const char *symbol)
{
    const char *written;
    const unsigned line = line_of(gate, symbol, &written);
    if (gate->request->kind == GATE_TESTS &&
        refuse_criterion(gate, symbol, line))
        return;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (const char *const *name = groups[i].names; *name; name++)
            if (matches(*name, written) || matches(*name, symbol)) {
                gate_refuse(gate, line, "call",
                            "%.60s is not available in this stage: %s.",
                            written, groups[i].why);
                return;
            }
    /* Whether the C library has it is best known by the C library. */
    if (dlsym(RTLD_DEFAULT, symbol)) {
        char *all = offers(gate->request);
        if (*all)
            gate_refuse(gate, line, "call",
                        "%.60s is not available in this stage.  Of the C "
                        "library there are: %s.",
                        written, all);
        else
            gate_refuse(gate, line, "call",
                        "%.60s is not available in this stage.", written);
        free(all);
        return;
    }
    gate_refuse(gate, line, "undefined",
                "%.60s is used but defined nowhere: define it in %s, or look "
                "for a slip in its name.",
                written, gate->request->name);
}
