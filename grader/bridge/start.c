/*
 * start.c - see start.h; the descriptors travel as unix(7) says.
 */
#include "start.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for the descriptors of one message. */
union ancillary {
    char bytes[CMSG_SPACE(sizeof(int) * BRIDGE_DESCRIPTORS_MAX)];
    struct cmsghdr align;
};

int
bridge_send_start(int to, const struct bridge_start *start, const int *fds,
                  size_t count)
{
    union ancillary ancillary;
    memset(&ancillary, 0, sizeof ancillary);
    struct iovec part = {.iov_base = (void *)(uintptr_t)start,
                         .iov_len = sizeof *start};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &ancillary,
                             .msg_controllen =
                                 CMSG_SPACE(sizeof(int) * count)};
    struct cmsghdr *const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    return sendmsg(to, &message, MSG_NOSIGNAL) == sizeof *start ? 0 : -1;
}

bool
bridge_receive_start(int from, struct bridge_start *start,
                     int fds[BRIDGE_DESCRIPTORS_MAX], unsigned *count,
                     bool *closed)
{
    union ancillary ancillary;
    memset(&ancillary, 0, sizeof ancillary);
    struct iovec part = {.iov_base = start, .iov_len = sizeof *start};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &ancillary,
                             .msg_controllen = sizeof ancillary};
    const ssize_t got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    *closed = got == 0 || (got < 0 && errno != EINTR);
    const struct cmsghdr *const header = CMSG_FIRSTHDR(&message);
    if (got != sizeof *start || header == NULL ||
        header->cmsg_type != SCM_RIGHTS) {
        return false;
    }
    *count = (unsigned)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds, CMSG_DATA(header), sizeof(int) * *count);
    return true;
}
