/*
 * inner_filter.c - what the list leaves out is the point: nothing opens,
 * connects, forks, executes, or makes memory executable.
 *
 * tgkill stays, because abort() uses it, but for SIGABRT alone and only towards
 * the process itself: a child that ends by SIGKILL was killed from outside, and
 * its module is not blamed for it (judge/endings.c).  A filter is made before
 * the children are, so their process id stands in it as a number that no
 * process has, and each child puts its own in place.
 */
#include "inner_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layers.h"
#include "text.h"

static const int computing[] = {
    SCMP_SYS(exit_group),    SCMP_SYS(exit),
    SCMP_SYS(brk),           SCMP_SYS(munmap),
    SCMP_SYS(mremap),        SCMP_SYS(madvise),
    SCMP_SYS(rt_sigreturn),  SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(getpid),        SCMP_SYS(gettid),
    SCMP_SYS(write),         SCMP_SYS(writev),
    SCMP_SYS(sendto),        SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg),       SCMP_SYS(recvmsg),
    SCMP_SYS(futex),         SCMP_SYS(restart_syscall),
    SCMP_SYS(close),         SCMP_SYS(close_range),
};

/* Asked by libc, which does without an answer.  They are not let through
 * because they tell of the machine, of files and by chance, from which own
 * tests could guess what they face: an inode number, how many processes run. */
static const int unanswered[] = {
    SCMP_SYS(getrandom),
    SCMP_SYS(sysinfo), /* by qsort: zygote.c has it ask in time               */
    SCMP_SYS(fstat),   /* of standard output                                  */
    SCMP_SYS(newfstatat),
};
enum { UNANSWERED_WITH_FILES = 2 };

static const int files[] = {
    SCMP_SYS(open),      SCMP_SYS(openat), SCMP_SYS(read),
    SCMP_SYS(lseek),     SCMP_SYS(fcntl),  SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),   SCMP_SYS(access), SCMP_SYS(faccessat),
    SCMP_SYS(ftruncate), SCMP_SYS(umask),  SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
};

static const int waiting[] = {
    SCMP_SYS(poll),      SCMP_SYS(ppoll),        SCMP_SYS(read),
    SCMP_SYS(pread64),   SCMP_SYS(pwrite64),     SCMP_SYS(lseek),
    SCMP_SYS(ftruncate), SCMP_SYS(shutdown),     SCMP_SYS(time),
    SCMP_SYS(dup),       SCMP_SYS(dup2),         SCMP_SYS(dup3),
    SCMP_SYS(setitimer), SCMP_SYS(rt_sigaction), SCMP_SYS(gettimeofday),
    SCMP_SYS(memfd_create), /* the file of a swap device */
};

static int
allow(scmp_filter_ctx filter, const int *call, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call[i], 0);
        if (error < 0)
            return error;
    }
    return 0;
}

/* Allows a call whose argument `number` meets a condition. */
static int
allow_if(scmp_filter_ctx filter, int call, unsigned number,
         enum scmp_compare relation, uint64_t mask_or_value, uint64_t value)
{
    const struct scmp_arg_cmp condition = {.arg = number,
                                           .op = relation,
                                           .datum_a = mask_or_value,
                                           .datum_b = value};
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition);
}

static int
add_rules(scmp_filter_ctx filter, enum inner_filter kind)
{
    static const struct scmp_arg_cmp abort_itself[] = {
        {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = INNER_FILTER_SELF},
        {.arg = 2, .op = SCMP_CMP_EQ, .datum_a = SIGABRT},
    };
    int error = allow(filter, computing, sizeof computing / sizeof *computing);
    if (!error && kind == INNER_COVERAGE)
        error = allow(filter, files, sizeof files / sizeof *files);
    if (!error && kind == INNER_TESTER)
        error = allow(filter, waiting, sizeof waiting / sizeof *waiting);
    if (!error)
        error = allow_if(filter, SCMP_SYS(mmap), 2, SCMP_CMP_MASKED_EQ,
                         PROT_EXEC, 0);
    if (!error)
        error = allow_if(filter, SCMP_SYS(mprotect), 2, SCMP_CMP_MASKED_EQ,
                         PROT_EXEC, 0);
    if (!error)
        error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
                                       SCMP_SYS(tgkill), 2, abort_itself);
    /* A clock with a negative number is that of another process, and says that
     * it is there. */
    if (!error)
        error = allow_if(filter, SCMP_SYS(clock_gettime), 0,
                         SCMP_CMP_MASKED_EQ, 0x80000000, 0);
    /* The judge's patience.  Another option shows who writes to a socket. */
    if (!error && kind == INNER_TESTER)
        error = allow_if(filter, SCMP_SYS(setsockopt), 2, SCMP_CMP_EQ,
                         SO_RCVTIMEO, 0);
    const size_t silent = kind == INNER_COVERAGE
                              ? UNANSWERED_WITH_FILES
                              : sizeof unanswered / sizeof *unanswered;
    for (size_t i = 0; !error && i < silent; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), unanswered[i],
                                 0);
    return error;
}

int
inner_filter_make(enum inner_filter kind, struct sock_fprog *program)
{
    *program = (struct sock_fprog){0, NULL};
    scmp_filter_ctx filter =
        layers_here()->seccomp ? seccomp_init(SCMP_ACT_TRAP) : NULL;
    if (!filter) {
        errno = ENOSYS;
        return -1;
    }
    int error = add_rules(filter, kind);
    int file = error ? -1 : memfd_create("filter", MFD_CLOEXEC);
    struct sock_filter *code = NULL;
    struct stat status;
    if (file >= 0 && (error = seccomp_export_bpf(filter, file)) == 0 &&
        fstat(file, &status) == 0 &&
        (code = malloc((size_t)status.st_size)) != NULL &&
        pread(file, code, (size_t)status.st_size, 0) == status.st_size) {
        program->filter = code;
        program->len = (unsigned short)((size_t)status.st_size / sizeof *code);
    } else {
        free(code);
        if (error)
            errno = -error;
    }
    if (file >= 0)
        close(file);
    seccomp_release(filter);
    return program->len ? 0 : -1;
}

char *
inner_filter_call_name(int number)
{
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    return name ? name : text_format("system call %d", number);
}
