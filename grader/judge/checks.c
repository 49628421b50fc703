/*
 * checks.c - the checks of vmlab_test.h: what was called, expected and got.
 */
#include "vmlab_test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "judge/run.h"

static struct failure
failed_at(const char *file, int line, const char *what)
{
    struct failure failure = {.verdict = VERDICT_FAILED};
    const char *const base = strrchr(file, '/');
    snprintf(failure.where, sizeof failure.where, "%s:%d",
             base != NULL ? base + 1 : file, line);
    snprintf(failure.call, sizeof failure.call, "%s", what);
    return failure;
}

void
check_context(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run.context, sizeof run.context, format, arguments);
    va_end(arguments);
}

/* The name of a status, by the enum of the function that returned last. */
static void
name_status(char *to, size_t room, int status)
{
    word result;
    const struct bridge_function *const last = bridge_last_call(&result);
    const char *const name =
        last != NULL && last->result.type == K_STATUS
            ? bridge_name_of(last->result.text, status)
            : NULL;
    if (name != NULL) {
        snprintf(to, room, "%s", name);
    } else {
        snprintf(to, room, "%d, which is no status of this function", status);
    }
}

void
vmlab_check_status(const char *file, int line, const char *call, int got,
                   int expected, const char *expected_text)
{
    if (got == expected) {
        return;
    }
    struct failure failure = failed_at(file, line, call);
    name_status(failure.expected, sizeof failure.expected, expected);
    name_status(failure.got, sizeof failure.got, got);
    if (strstr(failure.expected, "no status") != NULL) {
        snprintf(failure.expected, sizeof failure.expected, "%s",
                 expected_text);
    }
    snprintf(failure.message, sizeof failure.message,
             "%s came back where %s was expected", failure.got,
             failure.expected);
    run_fail(&failure);
}

static void
show_number(char *to, size_t room, uint64_t number)
{
    if (number < 10) {
        snprintf(to, room, "%" PRIu64, number);
    } else if (number == UINT64_MAX) {
        snprintf(to, room, "0x%" PRIx64 " (all ones)", number);
    } else {
        snprintf(to, room, "0x%" PRIx64 " (%" PRIu64 ")", number, number);
    }
}

void
vmlab_check_eq(const char *file, int line, const char *what, uint64_t got,
               uint64_t expected, const char *expected_text)
{
    if (got == expected) {
        return;
    }
    (void)expected_text;
    struct failure failure = failed_at(file, line, what);
    show_number(failure.expected, sizeof failure.expected, expected);
    show_number(failure.got, sizeof failure.got, got);
    snprintf(failure.message, sizeof failure.message,
             "%s is %s where %s was expected", what, failure.got,
             failure.expected);
    run_fail(&failure);
}

void
vmlab_check_bytes(const char *file, int line, const char *what,
                  const void *got, const void *expected, size_t bytes)
{
    const unsigned char *const g = got;
    const unsigned char *const e = expected;
    for (size_t i = 0; i < bytes; i++) {
        if (g[i] != e[i]) {
            struct failure failure = failed_at(file, line, what);
            snprintf(failure.expected, sizeof failure.expected,
                     "byte %zu of %zu is 0x%02x", i, bytes, e[i]);
            snprintf(failure.got, sizeof failure.got, "0x%02x", g[i]);
            snprintf(failure.message, sizeof failure.message,
                     "%s differs at byte %zu of %zu: 0x%02x, not 0x%02x", what,
                     i, bytes, g[i], e[i]);
            run_fail(&failure);
        }
    }
}

void
vmlab_check_frames(const char *file, int line, struct mach *mach,
                   uint64_t count)
{
    const uint64_t used = mach_counts(mach).frames_used;
    if (used == count) {
        return;
    }
    struct failure failure = failed_at(file, line, "frames in use");
    const uint64_t first = frame_next_used(mach, 0);
    snprintf(failure.expected, sizeof failure.expected,
             "%" PRIu64 " frames in use", count);
    if (first == FRAME_NONE) {
        snprintf(failure.got, sizeof failure.got, "none");
    } else {
        snprintf(failure.got, sizeof failure.got,
                 "%" PRIu64 ", the lowest is frame %" PRIu64, used, first);
    }
    snprintf(failure.message, sizeof failure.message,
             used > count ? "frames were not given back: %" PRIu64
                            " in use where %" PRIu64 " were expected"
                          : "frames were given back too early: %" PRIu64
                            " in use where %" PRIu64 " were expected",
             used, count);
    run_fail(&failure);
}

void
vmlab_check_memory(const char *file, int line, const char *what,
                   const struct kmem *kmem, const void *p, size_t bytes)
{
    if (bytes == 0 ? p != NULL : kmem_holds(kmem, p, bytes)) {
        return;
    }
    struct failure failure = failed_at(file, line, what);
    const int why = errno;
    snprintf(failure.expected, sizeof failure.expected,
             "%zu bytes of kernel memory", bytes);
    if (p == NULL) {
        const char *const name = strerrorname_np(why);
        snprintf(failure.got, sizeof failure.got, "NULL (%s)",
                 why != 0 && name != NULL ? name : "errno 0");
    } else {
        snprintf(failure.got, sizeof failure.got, "%p", p);
    }
    snprintf(failure.message, sizeof failure.message,
             p == NULL ? "NULL came back where %zu bytes were expected"
                       : "not all of these %zu bytes have been handed out by "
                         "kmem_brk or kmem_mmap",
             bytes);
    run_fail(&failure);
}

void
vmlab_fail(const char *file, int line, const char *what, const char *format,
           ...)
{
    struct failure failure = failed_at(file, line, what);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure.message, sizeof failure.message, format, arguments);
    va_end(arguments);
    run_fail(&failure);
}
