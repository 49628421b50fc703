/*
 * seccomp.c - the layer that refuses system calls, for a whole program and all
 * that it starts.
 *
 * A compiler, an interpreter or valgrind needs too many calls for a list of
 * what is allowed to survive the next release of libc.  So this outer filter
 * is a list of what reaches beyond the step, answered with EPERM; the allow
 * list is inner_filter.c, for the process that runs student code.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layers.h"

static const int refused[] = {
    /* other processes, and their memory and descriptors */
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(kcmp),
    SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo),
    /* what stays behind, or is shared, outside the file system */
    SCMP_SYS(shmget),
    SCMP_SYS(semget),
    SCMP_SYS(msgget),
    SCMP_SYS(mq_open),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    /* ways around the other layers */
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(bpf),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(umount),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(personality),
    SCMP_SYS(modify_ldt),
    SCMP_SYS(uselib),
    /* watching what others do */
    SCMP_SYS(inotify_init),
    SCMP_SYS(inotify_init1),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(syslog),
    /* the machine itself */
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(vhangup),
};

bool
seccomp_available(void)
{
    const uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* A condition on an argument.  The kernel looks at the lower half of an int and
 * the filter at all 64 bits, so what is refused is compared under a mask:
 * otherwise anything in the upper half would get it through. */
static struct scmp_arg_cmp
argument(unsigned number, enum scmp_compare relation, uint64_t value)
{
    return (struct scmp_arg_cmp){
        .arg = number, .op = relation, .datum_a = value, .datum_b = 0};
}

static struct scmp_arg_cmp
masked(unsigned number, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){.arg = number,
                                 .op = SCMP_CMP_MASKED_EQ,
                                 .datum_a = mask,
                                 .datum_b = value};
}

/* Signals.  -1, everything that can be signalled, is refused to all, and the
 * programs of the system need none but for their own group (0).  A zygote ends
 * children that are late, and Criterion its workers, so those may name a
 * process.  That is harmless where another layer sees to whose it is, or where
 * student code runs under the inner filter; else it is refused, too, and the
 * guardian ends what is late. */
static int
add_signals(scmp_filter_ctx filter, enum sandbox_step step, bool contained)
{
    const uint32_t no = SCMP_ACT_ERRNO(EPERM);
    const bool system = step == SANDBOX_COMPILER || step == SANDBOX_TOOL;
    const bool inner = step == SANDBOX_SUBJECT || step == SANDBOX_COVERAGE ||
                       step == SANDBOX_QUICK_TESTER;
    if (!system && (contained || inner))
        return seccomp_rule_add(filter, no, SCMP_SYS(kill), 1,
                                masked(0, UINT32_MAX, UINT32_MAX));
    int error = seccomp_rule_add(filter, no, SCMP_SYS(kill), 1,
                                 argument(0, SCMP_CMP_NE, 0));
    if (!error && !system)
        error = seccomp_rule_add(filter, no, SCMP_SYS(tkill), 0);
    if (!error && !system)
        error = seccomp_rule_add(filter, no, SCMP_SYS(tgkill), 0);
    return error;
}

static int
add_rules(scmp_filter_ctx filter, enum sandbox_step step, bool contained)
{
    const uint32_t no = SCMP_ACT_ERRNO(EPERM);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        int error = seccomp_rule_add(filter, no, refused[i], 0);
        if (error < 0)
            return error;
    }
    /* Network.  socketpair stays: it connects a process with itself. */
    int error = step == SANDBOX_TESTER
                    ? seccomp_rule_add(filter, no, SCMP_SYS(socket), 1,
                                       argument(0, SCMP_CMP_NE, AF_UNIX))
                    : seccomp_rule_add(filter, no, SCMP_SYS(socket), 0);
    /* New namespaces.  The flags of clone3 are in memory, where no filter can
     * look: with ENOSYS libc takes clone. */
    if (!error)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
                                 SCMP_SYS(clone3), 0);
    static const unsigned namespaces[] = {
        CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
        CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET,
    };
    for (size_t i = 0; !error && i < sizeof namespaces / sizeof *namespaces;
         i++)
        error = seccomp_rule_add(filter, no, SCMP_SYS(clone), 1,
                                 masked(0, namespaces[i], namespaces[i]));
    /* Typing into a terminal. */
    if (!error)
        error = seccomp_rule_add(filter, no, SCMP_SYS(ioctl), 1,
                                 masked(1, UINT32_MAX, TIOCSTI));
    return error ? error : add_signals(filter, step, contained);
}

int
seccomp_enter(enum sandbox_step step, bool signals_contained)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter) {
        errno = ENOMEM;
        return -1;
    }
    /* Calls with another architecture's numbers (int 0x80) end the process. */
    int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
                                 SCMP_ACT_KILL_PROCESS);
    if (!error)
        error = add_rules(filter, step, signals_contained);
    if (!error)
        error = seccomp_load(filter);
    seccomp_release(filter);
    errno = -error;
    return error ? -1 : 0;
}
