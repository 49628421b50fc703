/* starts_threads.c - starts threads for ever. */
#include "segment/segment.h"

#include <pthread.h>

static void *
run(void *nothing)
{
    for (;;)
        ;
    return nothing;
}

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    pthread_t thread;
    while (pthread_create(&thread, NULL, run, NULL) == 0)
        ;
    return 77; /* no status */
}
