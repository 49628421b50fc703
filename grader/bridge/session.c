/*
 * session.c - asks a zygote for a child (session.h).
 */
#include "session.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "start.h"

/* Addresses at which plain programs, valgrind, ASan and 39-bit systems have
 * nothing else, tried in order. */
static const word arena_places[] = {0x200000000000, 0x2000000000};

static int
make_arena(void)
{
    const int arena = memfd_create("arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (arena < 0) {
        return -1;
    }
    /* Without the seals the child could truncate it under our feet. */
    if (ftruncate(arena, BRIDGE_ARENA_BYTES) != 0 ||
        fcntl(arena, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) !=
            0) {
        close(arena);
        return -1;
    }
    return arena;
}

static word
free_place(void)
{
    for (size_t i = 0; i < sizeof arena_places / sizeof *arena_places; i++) {
        void *const at = (void *)arena_places[i];
        void *const got =
            mmap(at, BRIDGE_ARENA_BYTES, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
                     MAP_FIXED_NOREPLACE,
                 -1, 0);
        if (got != MAP_FAILED) {
            munmap(got, BRIDGE_ARENA_BYTES);
        }
        if (got == at) {
            return arena_places[i];
        }
    }
    return 0;
}

const char *
bridge_start(int control, struct bridge_limits limits, uint32_t cpu,
             struct bridge_session *session)
{
    int calls[2] = {-1, -1}, end[2] = {-1, -1};
    const char *trouble = NULL;
    *session = (struct bridge_session){-1, -1, -1, -1, 0, limits.wall_ms};

    session->address = free_place();
    session->arena = make_arena();
    session->output = memfd_create("output", MFD_CLOEXEC);
    if (session->address == 0) {
        trouble = "no free place for the arena in this process";
    } else if (session->arena < 0 || session->output < 0) {
        trouble = "cannot make the arena: out of descriptors or memory";
    } else if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, calls) !=
                   0 ||
               socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end) !=
                   0) {
        trouble = "cannot make a socket pair: out of descriptors";
    } else {
        const struct bridge_start start = {
            .arena = session->address,
            .arena_bytes = BRIDGE_ARENA_BYTES,
            .cpu_ms = limits.cpu_ms,
            .memory_mib = limits.memory_mib,
            .cpu = cpu,
            .wall_ms = limits.wall_ms,
            .discreet = limits.discreet,
            .fresh = limits.fresh,
        };
        const int fds[] = {calls[1], session->arena, session->output, end[1]};
        if (bridge_send_start(control, &start, fds, 4) != 0) {
            trouble = "the module's process is not there";
        }
    }
    if (calls[1] >= 0) {
        close(calls[1]);
    }
    if (end[1] >= 0) {
        close(end[1]);
    }
    session->socket = calls[0];
    session->end = end[0];
    return trouble;
}

void
bridge_drop(const struct bridge_session *session)
{
    const int fds[] = {session->socket, session->end, session->output,
                       session->arena};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
}
