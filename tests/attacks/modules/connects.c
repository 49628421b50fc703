/* connects.c - calls home. */
#include "segment/segment.h"

#include <netinet/in.h>
#include <sys/socket.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = 80};
    connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address,
            sizeof address);
    return 77; /* no status */
}
