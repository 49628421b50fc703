/*
 * endings.c - how a subject that did not answer becomes a verdict: what the
 * zygote saw decides, what the dying child said of itself only explains.
 */
#include "judge/endings.h"

#include <inttypes.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "judge/run.h"
#include "machine/machine.h"

enum { GREEDY_KIB = 512 << 10 };

static void
say(struct failure *failure, enum verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
say(struct failure *failure, enum verdict verdict, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->message, sizeof failure->message, format, arguments);
    va_end(arguments);
    failure->verdict = verdict;
}

/* What an address that was touched in vain may have been. */
static const char *
kind_of_address(uint64_t address)
{
    if (address < 0x1000) {
        return " (a NULL pointer, or a field of one)";
    }
    if (address >> 47 != 0 && address >> 47 != 0x1FFFF) {
        return " (not an address at all: an overwritten or uninitialised "
               "pointer?)";
    }
    if (bridge_in_arena(address, 1)) {
        return " (in an object of the test)";
    }
    return run_kind_of_memory(address);
}

static void
describe_signal(struct failure *failure, const struct bridge_end *end,
                const char *doing)
{
    const int signal = end->crashed ? end->signal : WTERMSIG(end->status);
    if (signal == SIGSYS) {
        char *const name = seccomp_syscall_resolve_num_arch(
            SCMP_ARCH_NATIVE, (int)end->address);
        say(failure, VERDICT_FORBIDDEN,
            "%s made the system call %s: a module works on the machine alone",
            doing, name != NULL ? name : "?");
        free(name);
    } else if (end->allocation_failed) {
        say(failure, VERDICT_OUT_OF_MEMORY,
            "%s asked for more memory than a test may have and died of it (%s)",
            doing, strsignal(signal));
    } else if (signal == SIGABRT) {
        say(failure, VERDICT_CRASHED,
            "%s called abort: a failed assert, or free found its memory "
            "damaged",
            doing);
    } else if (end->crashed) {
        say(failure, VERDICT_CRASHED, "%s crashed: %s at address 0x%" PRIx64 "%s",
            doing, strsignal(signal), end->address,
            signal == SIGSEGV || signal == SIGBUS
                ? kind_of_address(end->address)
                : "");
    } else {
        say(failure, VERDICT_CRASHED,
            "%s ended: %s%s", doing, strsignal(signal),
            signal == SIGSEGV ? " (endless recursion?)" : "");
    }
}

/* Its filter lets no module send SIGKILL, so a child that the zygote has not
 * killed fell to somebody at the machine, or to the kernel when memory was short.
 * The module is blamed only when it had more than any plain test may have, which
 * is possible under valgrind. */
static bool
fell_from_outside(const struct bridge_end *end)
{
    return end->killed && end->peak_kib < GREEDY_KIB;
}

/* The subject is gone; `end` says how. */
static void
describe_end(struct failure *failure, const struct bridge_end *end,
             const char *doing)
{
    if (!end->known) {
        host_trouble("the zygote did not say how the module's process ended");
    }
    /* One that has served a test before may have been spoilt by it, its standard
     * output taken away, say; it is repeated in a process of its own. */
    if (!end->ready && !end->used) {
        host_trouble("the module's process could not be set up");
    }
    if (fell_from_outside(end)) {
        host_trouble("the module's process was killed from outside; is memory "
                     "short?");
    }
    if (end->killed) {
        say(failure, VERDICT_OUT_OF_MEMORY,
            "%s took more memory than there is and was killed", doing);
    } else if (end->out_of_time) {
        say(failure, VERDICT_TIMED_OUT,
            "%s did not come back within its time: an endless loop?", doing);
    } else if (end->crashed || WIFSIGNALED(end->status)) {
        describe_signal(failure, end, doing);
    } else {
        say(failure, VERDICT_EXITED,
            "%s ended the program (exit status %d) instead of returning",
            doing, WEXITSTATUS(end->status));
    }
}

noreturn void
bridge_lost_subject(enum bridge_loss loss, const char *doing,
                    const char *detail)
{
    struct failure failure = {.verdict = VERDICT_FAILED};
    char name[sizeof failure.call];
    snprintf(name, sizeof name, "%s", doing);
    snprintf(failure.call, sizeof failure.call, "%s", name);
    if (loss == BRIDGE_SUBJECT_BABBLED) {
        snprintf(failure.message, sizeof failure.message, "%s: %s", name,
                 detail);
        run_fail(&failure);
    }
    run.end = bridge_close();
    describe_end(&failure, &run.end, name);
    run_fail(&failure);
}

void
judge_quiet_end(void)
{
    const bool in_peace = run.end.known && !run.end.out_of_time &&
                          !run.end.crashed && WIFEXITED(run.end.status) &&
                          WEXITSTATUS(run.end.status) == 0;
    if (!in_peace) {
        run.over = true;
        describe_end(&run.failure, &run.end,
                     "after its last answer the module");
    }
}

noreturn void
bridge_not_implemented(const char *function)
{
    struct failure failure = {.verdict = VERDICT_NOT_IMPLEMENTED};
    snprintf(failure.call, sizeof failure.call, "%s", function);
    snprintf(failure.message, sizeof failure.message,
             "%s is not implemented yet", function);
    run_fail(&failure);
}

noreturn void
bridge_misused(const char *function, const char *detail)
{
    struct failure failure = {.verdict = VERDICT_FAILED};
    snprintf(failure.call, sizeof failure.call, "%s", function);
    snprintf(failure.message, sizeof failure.message, "%s", detail);
    run_fail(&failure);
}

/* A bus error and the like: the machine cannot go on. */
noreturn void
mach_stop(const char *format, ...)
{
    struct failure failure = {.verdict = VERDICT_FAILED};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure.message, sizeof failure.message, format, arguments);
    va_end(arguments);
    run_fail(&failure);
}
