/* hands_over_descriptors.c - sends every descriptor it has to the judge, a
 * thousand times. */
#define _GNU_SOURCE
#include "segment/segment.h"

#include "beyond_gate.h"

#include <sys/socket.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    union {
        char bytes[64];
        struct cmsghdr header;
    } control;
    struct iovec part = {(void *)(uintptr_t) "x", 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(4 * sizeof(int))};
    memset(&control, 0, sizeof control);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(4 * sizeof(int));
    for (int i = 0; i < 4; i++)
        ((int *)(void *)CMSG_DATA(&control.header))[i] = i;
    long (*const put)(int, const struct msghdr *, int) =
        (long (*)(int, const struct msghdr *, int))find_function("sendmsg");
    for (int i = 0; i < 1000; i++)
        put(3, &message, 0x40);
    return 77; /* no status */
}
