/* kmem_test.c - kernel memory: the break, mappings, counters and refusals. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/kmem.h"
#include "machine/machine.h"

enum { PAGE = KMEM_PAGE_BYTES, PAGES = 64 };

/* Kernel memory never stops a test, but the machine that comes with it does. */
noreturn void
mach_stop(const char *format, ...)
{
    cr_assert_fail("%s", format);
    abort();
}

static char *range;

static struct kmem *
make(uint64_t first_break)
{
    range = aligned_alloc(PAGE, (size_t)PAGES * PAGE);
    cr_assert(range != NULL);
    memset(range, 0, (size_t)PAGES * PAGE);
    const struct kmem_config config = {.base = range,
                                       .bytes = (uint64_t)PAGES * PAGE,
                                       .first_break = first_break,
                                       .heap_bytes = 20 * PAGE};
    struct kmem *const kmem = kmem_create(&config);
    cr_assert(kmem != NULL);
    return kmem;
}

static void
end(struct kmem *kmem)
{
    kmem_destroy(kmem);
    free(range);
}

Test(kmem, break_moves_within_its_room)
{
    struct kmem *const kmem = make(100);
    char *const first = kmem_brk(kmem, NULL);
    cr_expect(first == range + 100);
    cr_expect(kmem_brk(kmem, first + 5000) == first + 5000);
    cr_expect(kmem_brk(kmem, first - 1) == first + 5000);
    cr_expect(kmem_brk(kmem, first + 20 * PAGE + 1) == first + 5000);
    cr_expect(kmem_brk(kmem, first + 20 * PAGE) == first + 20 * PAGE);
    cr_expect(kmem_brk(kmem, first) == first);
    const struct kmem_counts counts = kmem_counts(kmem);
    cr_expect(counts.brk_calls == 5);
    cr_expect(counts.brk_raised == 2);
    cr_expect(counts.brk_lowered == 1);
    cr_expect(counts.refused == 2);
    cr_expect(counts.heap_bytes == 0);
    cr_expect(counts.peak_bytes == 20 * PAGE);
    end(kmem);
}

Test(kmem, pages_come_back_zero_but_the_one_that_is_cut_does_not)
{
    struct kmem *const kmem = make(0);
    char *const first = kmem_brk(kmem, NULL);
    kmem_brk(kmem, first + 3 * PAGE + 10);
    memset(first, 7, 3 * PAGE + 10);
    kmem_brk(kmem, first + PAGE + 100);
    kmem_brk(kmem, first + 4 * PAGE);
    cr_expect(first[PAGE + 99] == 7);
    cr_expect(first[PAGE + 100] == 7);
    cr_expect(first[2 * PAGE - 1] == 7);
    for (int i = 2 * PAGE; i < 4 * PAGE; i++)
        cr_assert(first[i] == 0, "byte %d", i);
    end(kmem);
}

Test(kmem, mappings_are_pages_apart_and_zero)
{
    struct kmem *const kmem = make(0);
    char *const a = kmem_mmap(kmem, 1);
    char *const b = kmem_mmap(kmem, PAGE + 1);
    cr_expect((uintptr_t)a % PAGE == 0 && (uintptr_t)b % PAGE == 0);
    cr_expect(a >= b + 3 * PAGE, "there is an empty page between them");
    cr_expect(kmem_counts(kmem).mapped_bytes == 3 * PAGE);
    memset(b, 1, 2 * PAGE);
    cr_expect(kmem_munmap(kmem, b, PAGE + 1) == 0);
    char *const c = kmem_mmap(kmem, 2 * PAGE);
    cr_expect(c == b, "the highest place that is large enough");
    for (int i = 0; i < 2 * PAGE; i++)
        cr_assert(c[i] == 0);
    end(kmem);
}

Test(kmem, some_pages_of_a_mapping_go)
{
    struct kmem *const kmem = make(0);
    char *const a = kmem_mmap(kmem, 6 * PAGE);
    cr_expect(kmem_munmap(kmem, a + 2 * PAGE, PAGE) == 0);
    cr_expect(kmem_counts(kmem).mappings == 2);
    cr_expect(kmem_holds(kmem, a, 2 * PAGE));
    cr_expect(!kmem_holds(kmem, a, 2 * PAGE + 1));
    cr_expect(!kmem_holds(kmem, a + 2 * PAGE, 1));
    cr_expect(kmem_holds(kmem, a + 3 * PAGE, 3 * PAGE));
    cr_expect(kmem_munmap(kmem, a, PAGE) == 0);
    cr_expect(kmem_munmap(kmem, a + 5 * PAGE, PAGE) == 0);
    cr_expect(kmem_counts(kmem).mapped_bytes == 3 * PAGE);
    cr_expect(kmem_in_mapping(kmem, a + PAGE));
    cr_expect(!kmem_in_mapping(kmem, a));
    end(kmem);
}

Test(kmem, what_is_not_mapped_cannot_be_unmapped)
{
    struct kmem *const kmem = make(0);
    char *const a = kmem_mmap(kmem, 2 * PAGE);
    errno = 0;
    cr_expect(kmem_munmap(kmem, a + 16, PAGE) == -1 && errno == EINVAL);
    cr_expect(kmem_munmap(kmem, a, 3 * PAGE) == -1);
    cr_expect(kmem_munmap(kmem, a, 0) == -1);
    cr_expect(kmem_munmap(kmem, a - PAGE, PAGE) == -1);
    cr_expect(kmem_munmap(kmem, a, SIZE_MAX) == -1);
    cr_expect(kmem_counts(kmem).mapped_bytes == 2 * PAGE);
    cr_expect(kmem_counts(kmem).refused == 5);
    cr_expect(kmem_counts(kmem).munmap_calls == 5);
    end(kmem);
}

Test(kmem, requests_are_refused_when_there_is_no_room)
{
    struct kmem *const kmem = make(0);
    errno = 0;
    cr_expect(kmem_mmap(kmem, 0) == NULL && errno == EINVAL);
    cr_expect(kmem_mmap(kmem, 60 * PAGE) == NULL && errno == ENOMEM);
    cr_expect(kmem_mmap(kmem, SIZE_MAX) == NULL && errno == ENOMEM);
    unsigned count = 0;
    while (kmem_mmap(kmem, PAGE) != NULL)
        count++;
    cr_expect(count == 21, "%u pages, each with an empty one above", count);
    cr_expect(kmem_brk(kmem, range + 20 * PAGE) == range + 20 * PAGE);
    end(kmem);
}

Test(kmem, kth_request_fails)
{
    struct kmem *const kmem = make(0);
    kmem_fail_at(kmem, 3);
    cr_expect(kmem_mmap(kmem, PAGE) != NULL);
    cr_expect(kmem_brk(kmem, range + PAGE) == range + PAGE);
    cr_expect(kmem_brk(kmem, range) == range, "giving back never fails");
    cr_expect(kmem_mmap(kmem, PAGE) == NULL);
    cr_expect(kmem_mmap(kmem, PAGE) != NULL);
    kmem_fail_at(kmem, 1);
    cr_expect(kmem_brk(kmem, range + PAGE) == range);
    kmem_fail_at(kmem, 1);
    kmem_fail_at(kmem, 0);
    cr_expect(kmem_brk(kmem, range + PAGE) == range + PAGE);
    end(kmem);
}

Test(kmem, configurations_that_make_no_sense_are_refused)
{
    static char page[2 * PAGE];
    char *const base =
        page + (PAGE - (uintptr_t)page % PAGE) % PAGE;
    const struct kmem_config good = {.base = base, .bytes = PAGE};
    struct kmem_config config = good;
    config.base = base + 1;
    cr_expect(kmem_create(&config) == NULL && errno == EINVAL);
    config = good;
    config.bytes = PAGE + 1;
    cr_expect(kmem_create(&config) == NULL);
    config = good;
    config.heap_bytes = PAGE + 1;
    cr_expect(kmem_create(&config) == NULL);
    config = good;
    config.first_break = PAGE + 1;
    cr_expect(kmem_create(&config) == NULL);
}
