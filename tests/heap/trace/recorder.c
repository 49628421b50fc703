/*
 * recorder.c - a shared object that writes down what a program asks of malloc.
 *
 *     VMLAB_TRACE=raw LD_PRELOAD=./recorder.so program arguments
 *
 * It stands in front of glibc's functions and goes on to them by the names that
 * glibc keeps for that purpose (__libc_malloc), so it needs no dlsym, which
 * would itself allocate.  Only the process that was started is recorded: its
 * children find no VMLAB_TRACE.  Threads take turns.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heap/trace/trace.h"

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static struct trace_raw record[4096];
static unsigned records;
static int file = -1;
static pid_t recorded;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void
write_records(void)
{
    const char *from = (const char *)record;
    size_t left = records * sizeof *record;
    while (left > 0) {
        const ssize_t written = write(file, from, left);
        if (written <= 0)
            break;
        from += written;
        left -= (size_t)written;
    }
    records = 0;
}

static void
note(enum trace_kind kind, void *old, void *new, size_t size, size_t alignment)
{
    if (file < 0 || getpid() != recorded)
        return;
    const int saved = errno;
    if (records == sizeof record / sizeof *record)
        write_records();
    record[records++] =
        (struct trace_raw){kind, (uintptr_t)old, (uintptr_t)new, size,
                           alignment};
    errno = saved;
}

__attribute__((constructor)) static void
begin(void)
{
    const char *const path = getenv("VMLAB_TRACE");
    if (path == NULL)
        return;
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    recorded = getpid();
    unsetenv("VMLAB_TRACE");
    unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void
end(void)
{
    if (file >= 0 && getpid() == recorded)
        write_records();
}

void *
malloc(size_t size)
{
    pthread_mutex_lock(&turn);
    void *const new = __libc_malloc(size);
    if (new != NULL)
        note(TRACE_MALLOC, NULL, new, size, 0);
    pthread_mutex_unlock(&turn);
    return new;
}

void
free(void *block)
{
    pthread_mutex_lock(&turn);
    if (block != NULL)
        note(TRACE_FREE, block, NULL, 0, 0);
    __libc_free(block);
    pthread_mutex_unlock(&turn);
}

void *
calloc(size_t count, size_t size)
{
    pthread_mutex_lock(&turn);
    void *const new = __libc_calloc(count, size);
    if (new != NULL)
        note(TRACE_CALLOC, NULL, new, count * size, 0);
    pthread_mutex_unlock(&turn);
    return new;
}

void *
realloc(void *old, size_t size)
{
    pthread_mutex_lock(&turn);
    void *const new = __libc_realloc(old, size);
    if (old == NULL && new != NULL)
        note(TRACE_MALLOC, NULL, new, size, 0);
    else if (old != NULL && size == 0)
        note(TRACE_FREE, old, NULL, 0, 0);
    else if (new != NULL)
        note(TRACE_REALLOC, old, new, size, 0);
    pthread_mutex_unlock(&turn);
    return new;
}

void *
memalign(size_t alignment, size_t size)
{
    pthread_mutex_lock(&turn);
    void *const new = __libc_memalign(alignment, size);
    if (new != NULL)
        note(TRACE_ALIGNED, NULL, new, size, alignment);
    pthread_mutex_unlock(&turn);
    return new;
}

void *
aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int
posix_memalign(void **block, size_t alignment, size_t size)
{
    void *const new = memalign(alignment, size);
    if (new == NULL)
        return ENOMEM;
    *block = new;
    return 0;
}
