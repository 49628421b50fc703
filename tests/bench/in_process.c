/*
 * in_process.c - stands in for the bridge, so that the judge's tests run in one
 * process with the module, as in the script that an instructor would write:
 * the baseline of `make bench`.  Nothing of it is used in grading.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bridge/events.h"
#include "bridge/judge.h"
#include "judge/endings.h"
#include "judge/run.h"
#include "vmlab_test.h"

const struct bridge_function bridge_module[1];
const unsigned bridge_module_count;
static bool is_open;
static void *object[4096];
static unsigned objects;

const char *
bridge_open(const struct bridge_session *session)
{
    (void)session;
    is_open = true;
    return NULL;
}

bool
bridge_is_open(void)
{
    return is_open;
}

struct bridge_end
bridge_close(void)
{
    while (objects > 0) {
        free(object[--objects]);
    }
    is_open = false;
    return (struct bridge_end){.known = true, .doing = ""};
}

void *
bridge_object(size_t bytes)
{
    return objects < 4096 ? object[objects++] = calloc(1, bytes) : NULL;
}

void *
bridge_reserve(size_t bytes)
{
    void *const memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

void *
bridge_share(size_t bytes)
{
    (void)bytes;
    return NULL;
}

void
bridge_tell_machine(const void *mach, uint64_t frames, void *memory)
{
    (void)mach;
    (void)frames;
    (void)memory;
}

void
bridge_renew(void)
{
}

void
bridge_access(char *from, size_t bytes, bool on)
{
    (void)from;
    (void)bytes;
    (void)on;
}

bool
bridge_in_arena(uint64_t address, uint64_t bytes)
{
    (void)address;
    (void)bytes;
    return true;
}

void
bridge_lend(const void *pointer, const char *tag)
{
    (void)pointer;
    (void)tag;
}

void
bridge_forget(const void *pointer)
{
    (void)pointer;
}

const struct bridge_function *
bridge_last_call(word *result)
{
    *result = 0;
    return NULL;
}

const char *
bridge_name_of(const char *tag, int64_t value)
{
    (void)tag;
    (void)value;
    return NULL;
}

void
events_reset(const char *test)
{
    (void)test;
}

void
judge_quiet_end(void)
{
}

noreturn void
bridge_misused(const char *function, const char *detail)
{
    (void)function;
    cr_assert_fail("%s", detail);
    abort();
}

noreturn void
mach_stop(const char *format, ...)
{
    cr_assert_fail("%s", format);
    abort();
}

const char *
host_session(struct bridge_session *session)
{
    memset(session, 0, sizeof *session);
    return NULL;
}

bool
host_has_more(void)
{
    return false;
}

bool
host_keeps_subject(void)
{
    return false;
}

bool
host_explains(void)
{
    return false;
}

bool
host_is_direct(void)
{
    return false; /* whose module it is is not asked */
}

uint64_t
host_seed(void)
{
    return 20260901;
}

noreturn void
host_leave_test(void)
{
    cr_assert_fail("%s", run.failure.message);
    abort();
}

void
host_test_over(void)
{
}

noreturn void
host_trouble(const char *what)
{
    cr_assert_fail("%s", what);
    abort();
}
