/*
 * inner_enter.c - puts an inner filter on.  Apart from inner_filter.c because
 * it is linked into every subject, which has no use for libseccomp.
 */
#include "inner_filter.h"

#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STEPS = 1024 };

struct sock_fprog
inner_filter_read(int file)
{
    static struct sock_filter step[STEPS];
    const ssize_t bytes = pread(file, step, sizeof step, 0);
    return (struct sock_fprog){
        .len = (unsigned short)(bytes > 0 ? (size_t)bytes / sizeof *step : 0),
        .filter = step,
    };
}

int
inner_filter_enter(struct sock_fprog *program)
{
    if (!program->len)
        return 0;
    for (unsigned i = 0; i < program->len; i++) {
        struct sock_filter *step = &program->filter[i];
        if (BPF_CLASS(step->code) == BPF_JMP && step->k == INNER_FILTER_SELF)
            step->k = (uint32_t)getpid();
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program);
}
