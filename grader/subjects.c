/*
 * subjects.c - see subjects.h.
 */
#include "subjects.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/bridge.h"
#include "die.h"

enum { GRACE_MS = 2000 };

/* The inner filter as a file that a zygote inherits, so that a zygote need not
 * know how filters are made; -1 where this machine has none. */
static int
filter_file(enum inner_filter kind)
{
    struct sock_fprog program;
    if (inner_filter_make(kind, &program) != 0) {
        return -1;
    }
    const size_t bytes = program.len * sizeof *program.filter;
    const int file = memfd_create("filter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0 ||
        write(file, program.filter, bytes) != (ssize_t)bytes ||
        fcntl(file, F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
        die(EX_OSERR, "cannot make the filter of the module's process:");
    }
    return file;
}

struct subject
subject_start(const struct subject_request *request)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        die(EX_OSERR, "cannot make a socket pair:");
    }
    struct subject subject = {
        .control = pair[0],
        .output = memfd_create("output", MFD_CLOEXEC),
    };
    if (subject.output < 0) {
        die(EX_OSERR, "cannot make a file in memory:");
    }
    const int filter = request->filtered ? filter_file(request->filter) : -1;
    /* Only the program has them at the agreed numbers: here, with a zygote for
     * each bug, these numbers belong to others. */
    const int keep[] = {pair[1], filter};
    const int keep_at[] = {BRIDGE_CONTROL, BRIDGE_FILTER};
    const struct process process = {
        .argv = request->argv,
        .environment = request->environment,
        .directory = request->directory,
        .sandbox = request->sandbox,
        .standard_input = -1,
        .keep = keep,
        .keep_count = filter >= 0 ? 2 : 1,
        .keep_at = keep_at,
    };
    subject.process = process_start(&process, subject.output);
    close(pair[1]);
    if (filter >= 0) {
        close(filter);
    }
    return subject;
}

void
subject_stop(struct subject *subject)
{
    close(subject->control);
    process_stop(&subject->process, GRACE_MS);
    close(subject->output);
}
