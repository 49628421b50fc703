/* swapdev_test.c - the swap device, tested in its own process. */
#include <criterion/criterion.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/machine.h"
#include "machine/swapdev.h"

/* mach_stop jumps back to the test that expects it; elsewhere it fails. */
static jmp_buf stopped;
static int expecting;
static char message[256];

noreturn void
mach_stop(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(message, sizeof message, format, values);
    va_end(values);
    if (!expecting)
        cr_assert_fail("the machine stopped: %s", message);
    expecting = 0;
    longjmp(stopped, 1);
}

/* Wants `call` to stop the machine with a message that contains `text`. */
#define stops(call, text)                                                      \
    do {                                                                       \
        expecting = 1;                                                         \
        if (setjmp(stopped) == 0) {                                            \
            (void)(call);                                                      \
            cr_assert_fail("%s did not stop", #call);                          \
        }                                                                      \
        cr_assert(strstr(message, text) != NULL,                               \
                  "the message \"%s\" does not say \"%s\"", message, text);    \
    } while (0)

enum { SLOTS = 3 };

static struct mach *mach;
static int file;

static void
make(void)
{
    mach = mach_create(4);
    file = memfd_create("swap", MFD_CLOEXEC);
    cr_assert(mach != NULL && file >= 0);
    cr_assert(swapdev_attach(mach, file, SLOTS) == 0);
}

static void
unmake(void)
{
    mach_destroy(mach);
    close(file);
}

/* Fills a frame with one byte. */
static void
fill(uint64_t frame, unsigned char byte)
{
    unsigned char bytes[MACH_FRAME_BYTES];
    memset(bytes, byte, sizeof bytes);
    cr_assert(mach_poke(mach, frame << MACH_FRAME_SHIFT, bytes, sizeof bytes) ==
              0);
}

/* Whether bytes `from` to `end` - 1 of a buffer are all `byte`. */
static int
all(const unsigned char *bytes, unsigned from, unsigned end, unsigned char byte)
{
    for (unsigned i = from; i < end; i++)
        if (bytes[i] != byte)
            return 0;
    return 1;
}

TestSuite(swapdev, .init = make, .fini = unmake, .timeout = 60);

Test(swapdev, brings_a_frame_to_a_slot_and_back)
{
    unsigned char bytes[MACH_FRAME_BYTES];
    fill(2, 0xAB);
    cr_assert(swapdev_write(mach, 1, 2) == SWAPDEV_OK);
    fill(2, 0);
    cr_assert(swapdev_read(mach, 1, 3) == SWAPDEV_OK);
    mach_peek(mach, 3 << MACH_FRAME_SHIFT, bytes, sizeof bytes);
    cr_assert(all(bytes, 0, sizeof bytes, 0xAB));
    mach_peek(mach, 2 << MACH_FRAME_SHIFT, bytes, sizeof bytes);
    cr_assert(all(bytes, 0, sizeof bytes, 0));
}

Test(swapdev, slots_lie_side_by_side_in_the_file)
{
    unsigned char bytes[MACH_FRAME_BYTES];
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        fill(0, (unsigned char)(slot + 1));
        cr_assert(swapdev_write(mach, slot, 0) == SWAPDEV_OK);
    }
    struct stat status;
    cr_assert(fstat(file, &status) == 0 &&
              status.st_size == SLOTS * MACH_FRAME_BYTES);
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        cr_assert(pread(file, bytes, sizeof bytes,
                        (off_t)slot * MACH_FRAME_BYTES) == sizeof bytes);
        cr_assert(all(bytes, 0, sizeof bytes, (unsigned char)(slot + 1)));
        cr_assert(swapdev_peek(mach, slot, bytes) == 0);
        cr_assert(all(bytes, 0, sizeof bytes, (unsigned char)(slot + 1)));
    }
    cr_assert(swapdev_peek(mach, SLOTS, bytes) == -1);
}

Test(swapdev, transfers_are_counted_and_looks_are_not)
{
    unsigned char bytes[MACH_FRAME_BYTES];
    swapdev_write(mach, 0, 0);
    swapdev_write(mach, 0, 0);
    swapdev_read(mach, 0, 0);
    swapdev_peek(mach, 0, bytes);
    cr_assert(swapdev_counts(mach).writes == 2);
    cr_assert(swapdev_counts(mach).reads == 1);
    const struct mach_counts counts = mach_counts(mach);
    cr_assert(counts.reads == 0 && counts.writes == 0 && counts.moves == 0);
}

Test(swapdev, failing_write_stops_in_the_middle)
{
    unsigned char bytes[MACH_FRAME_BYTES];
    fill(0, 1);
    swapdev_write(mach, 0, 0);
    fill(0, 2);
    swapdev_fail_write_at(mach, 1, 0);
    cr_assert(swapdev_write(mach, 0, 0) == SWAPDEV_ERROR);
    swapdev_peek(mach, 0, bytes);
    cr_assert(all(bytes, 0, 2048, 2) && all(bytes, 2048, 4096, 1));
    cr_assert(swapdev_counts(mach).writes == 2);
    cr_assert(swapdev_write(mach, 0, 0) == SWAPDEV_OK);
}

Test(swapdev, failing_read_stops_in_the_middle)
{
    unsigned char bytes[MACH_FRAME_BYTES];
    fill(0, 1);
    swapdev_write(mach, 0, 0);
    fill(1, 2);
    swapdev_fail_read_at(mach, 1, 0);
    cr_assert(swapdev_read(mach, 0, 1) == SWAPDEV_ERROR);
    mach_peek(mach, MACH_FRAME_BYTES, bytes, sizeof bytes);
    cr_assert(all(bytes, 0, 2048, 1) && all(bytes, 2048, 4096, 2));
    cr_assert(swapdev_read(mach, 0, 1) == SWAPDEV_OK);
}

Test(swapdev, kth_transfer_can_fail_once_or_for_ever)
{
    swapdev_fail_write_at(mach, 2, 0);
    cr_assert(swapdev_write(mach, 0, 0) == SWAPDEV_OK);
    cr_assert(swapdev_write(mach, 0, 0) == SWAPDEV_ERROR);
    cr_assert(swapdev_write(mach, 0, 0) == SWAPDEV_OK);
    swapdev_fail_read_at(mach, 2, 1);
    cr_assert(swapdev_read(mach, 0, 0) == SWAPDEV_OK);
    cr_assert(swapdev_read(mach, 0, 0) == SWAPDEV_ERROR);
    cr_assert(swapdev_read(mach, 0, 0) == SWAPDEV_ERROR);
    cr_assert(swapdev_write(mach, 0, 0) == SWAPDEV_OK);
    swapdev_fail_read_at(mach, 0, 0);
    cr_assert(swapdev_read(mach, 0, 0) == SWAPDEV_OK);
}

Test(swapdev, what_does_not_exist_is_a_bus_error)
{
    stops(swapdev_write(mach, SLOTS, 0), "slot 0x3; it has 0x3 slots");
    stops(swapdev_read(mach, SLOTS, 0), "read from slot 0x3");
    stops(swapdev_write(mach, 0, 4), "frame 0x4; the machine has 0x4 frames");
    stops(swapdev_read(mach, UINT64_MAX, 0), "slot 0xffffffffffffffff");
    cr_assert(swapdev_counts(mach).reads == 0);
    cr_assert(swapdev_counts(mach).writes == 0);
}

Test(swapdev, machine_without_a_device_has_no_slot)
{
    struct mach *bare = mach_create(1);
    cr_assert(swapdev_slots(bare) == 0);
    cr_assert(swapdev_slots(mach) == SLOTS);
    stops(swapdev_write(bare, 0, 0), "it has 0x0 slots");
    mach_destroy(bare);
}

Test(swapdev, device_has_bounds_and_there_is_one)
{
    struct mach *other = mach_create(1);
    errno = 0;
    cr_assert(swapdev_attach(other, file, 0) == -1 && errno == EINVAL);
    errno = 0;
    cr_assert(swapdev_attach(other, file, (1 << 20) + 1) == -1 &&
              errno == EINVAL);
    errno = 0;
    cr_assert(swapdev_attach(other, -1, 1) == -1 && errno == EBADF);
    cr_assert(swapdev_slots(other) == 0);
    errno = 0;
    cr_assert(swapdev_attach(mach, file, 1) == -1 && errno == EEXIST);
    mach_destroy(other);
}

Test(swapdev, refusing_host_ends_the_test_with_its_reason)
{
    struct mach *other = mach_create(1);
    const int lost = memfd_create("lost", MFD_CLOEXEC);
    cr_assert(swapdev_attach(other, lost, 1) == 0);
    close(lost);
    stops(swapdev_write(other, 0, 0), "cannot be written: Bad file");
    stops(swapdev_read(other, 0, 0), "cannot be read: Bad file");
    mach_destroy(other);
}
