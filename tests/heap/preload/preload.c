/*
 * preload.c - a heap.c as the malloc of a real program.
 *
 *     LD_PRELOAD=build/preload/heap.so program arguments
 *
 * kmem_brk and kmem_mmap are the kernel's own system calls here.  One heap
 * serves all threads, one at a time.  What the heap refuses ends the program,
 * as glibc does: a program that frees twice must not go on.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "heap/heap.h"

/* ---- Kernel memory ----------------------------------------------------- */

struct kmem {
    int nothing;
};

static struct kmem kernel;

void *
kmem_brk(struct kmem *kmem, void *end)
{
    (void)kmem;
    return (void *)syscall(SYS_brk, end);
}

void *
kmem_mmap(struct kmem *kmem, size_t bytes)
{
    (void)kmem;
    void *const memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

int
kmem_munmap(struct kmem *kmem, void *address, size_t bytes)
{
    (void)kmem;
    return munmap(address, bytes);
}

/* ---- One at a time ----------------------------------------------------- */

static atomic_flag busy = ATOMIC_FLAG_INIT;
static struct heap *heap;

static void
leave(void)
{
    atomic_flag_clear(&busy);
}

static void
enter(void)
{
    while (atomic_flag_test_and_set(&busy))
        sched_yield();
    if (heap == NULL && (heap = heap_create(&kernel)) == NULL) {
        static const char words[] = "heap.so: heap_create returned NULL\n";
        (void)!write(STDERR_FILENO, words, sizeof words - 1);
        abort();
    }
}

/* A child of fork has one thread; the others may have been inside. */
static void
enter_for_fork(void)
{
    while (atomic_flag_test_and_set(&busy))
        sched_yield();
}

__attribute__((constructor)) static void
begin(void)
{
    pthread_atfork(enter_for_fork, leave, leave);
}

/* ---- What programs call ------------------------------------------------ */

/* errno is only touched by who fails. */
static void *
result(void *p, int saved)
{
    if (p != NULL)
        errno = saved;
    leave();
    return p;
}

void *
malloc(size_t n)
{
    const int saved = errno;
    enter();
    return result(heap_malloc(heap, n), saved);
}

void *
calloc(size_t count, size_t size)
{
    const int saved = errno;
    enter();
    return result(heap_calloc(heap, count, size), saved);
}

void *
realloc(void *p, size_t n)
{
    const int saved = errno;
    enter();
    return result(heap_realloc(heap, p, n), saved);
}

void *
reallocarray(void *p, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, n);
}

void
free(void *p)
{
    const int saved = errno;
    enter();
    const int status = heap_free(heap, p);
    leave();
    if (status != HEAP_OK) {
        static const char pointer[] = "heap.so: free of a bad pointer\n";
        static const char header[] =
            "heap.so: free of a block that is damaged or free already\n";
        if (status == HEAP_BAD_HEADER)
            (void)!write(STDERR_FILENO, header, sizeof header - 1);
        else
            (void)!write(STDERR_FILENO, pointer, sizeof pointer - 1);
        abort();
    }
    errno = saved;
}

void *
memalign(size_t alignment, size_t n)
{
    const int saved = errno;
    enter();
    return result(heap_aligned(heap, alignment, n), saved);
}

void *
aligned_alloc(size_t alignment, size_t n)
{
    return memalign(alignment, n);
}

int
posix_memalign(void **p, size_t alignment, size_t n)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    const int saved = errno;
    void *const block = memalign(alignment, n);
    errno = saved;
    if (block == NULL)
        return ENOMEM;
    *p = block;
    return 0;
}

void *
valloc(size_t n)
{
    return memalign(KMEM_PAGE_BYTES, n);
}

void *
pvalloc(size_t n)
{
    const size_t page = KMEM_PAGE_BYTES;
    return memalign(page, (n + page - 1) & ~(page - 1));
}

size_t
malloc_usable_size(void *p)
{
    enter();
    const size_t bytes = heap_usable(heap, p);
    leave();
    return bytes;
}
