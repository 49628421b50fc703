/*
 * sandbox_test.c - what a step can not do.
 *
 * Each act tries something and says how far it got: exit status 0 is success,
 * an errno is what it met.  Every test also shows that the same act succeeds
 * where it may, so that none passes because the act itself is broken.
 */
#include "steps.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "sandbox/inner_filter.h"
#include "sandbox/layers.h"

/* ---- Acts ---------------------------------------------------------------- */

static int
read_file(const char *path)
{
    char text[100] = "";
    const int file = open(path, O_RDONLY);
    if (file < 0)
        return errno;
    if (read(file, text, sizeof text - 1) < 0)
        return errno;
    printf("%s", text);
    return 0;
}

static int
write_file(const char *path)
{
    const int file = open(path, O_WRONLY | O_CREAT, 0644);
    if (file < 0)
        return errno;
    return write(file, "x", 1) == 1 ? 0 : errno;
}

/* Leaves a folder with a file that nobody else gets at. */
static int
close_off(const char *path)
{
    char *file = text_format("%s/file", path);
    return mkdir(path, 0700) || write_file(file) || chmod(path, 0);
}

static int
remove_file(const char *path)
{
    return unlink(path) ? errno : 0;
}

static int
make_link(const char *path)
{
    return symlink("/etc/passwd", path) ? errno : 0;
}

static int
execute(const char *path)
{
    execl(path, path, (char *)NULL);
    return errno;
}

static int
signal_process(const char *pid)
{
    return kill(atoi(pid), SIGTERM) ? errno : 0;
}

/* Everything that can be signalled, with no signal; as -1 is passed by libc and
 * with all its 64 bits. */
static int
signal_all(const char *argument)
{
    if (syscall(SYS_kill, -1L, 0) == 0 || syscall(SYS_kill, UINT32_MAX, 0) == 0)
        return 0;
    return errno + *argument;
}

static int
signal_parent(const char *argument)
{
    return kill(getppid(), SIGTERM) ? errno : *argument;
}

static int
trace(const char *pid)
{
    return ptrace(PTRACE_ATTACH, atoi(pid), NULL, NULL) ? errno : 0;
}

static int
read_memory(const char *where)
{
    int pid;
    unsigned long address;
    char text[16] = "";
    if (sscanf(where, "%d:%lx", &pid, &address) != 2)
        return 98;
    const struct iovec here = {text, 8};
    const struct iovec there = {(void *)address, 8};
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) != 8)
        return errno;
    printf("%s", text);
    return 0;
}

static int
connect_to(const char *port)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)atoi(port)),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int end = socket(AF_INET, SOCK_STREAM, 0);
    if (end < 0)
        return errno;
    return connect(end, (const struct sockaddr *)&to, sizeof to) ? errno : 0;
}

static int
open_unix_socket(const char *argument)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : *argument;
}

static int
share_memory(const char *argument)
{
    const int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    if (id < 0)
        return errno;
    shmctl(id, IPC_RMID, NULL);
    return *argument;
}

static int
make_namespace(const char *argument)
{
    return unshare(CLONE_NEWUSER) ? errno : *argument;
}

/* Forks until refused, each child doing the same; the first tells how many
 * there were. */
static int
fork_bomb(const char *argument)
{
    unsigned *const count = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const pid_t first = getpid();
    while (__atomic_load_n(count, __ATOMIC_RELAXED) <
           (unsigned)atoi(argument)) {
        const pid_t pid = fork();
        if (pid == 0) {
            __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
            setsid();
        } else if (pid < 0) {
            break;
        }
    }
    if (getpid() != first)
        sleep(1000);
    rest_ms(100);
    printf("%u", *count);
    return 0;
}

/* Forks for ever: those that end are replaced at once. */
static int
fork_for_ever(const char *argument)
{
    for (;;)
        if (fork() == 0 && argument[0] == '!')
            return 0;
}

static int
take_memory(const char *mib)
{
    const size_t bytes = (size_t)atoi(mib) << 20;
    return mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                   MAP_FAILED
               ? errno
               : 0;
}

static int
write_much(const char *path)
{
    static char block[1 << 20];
    signal(SIGXFSZ, SIG_IGN);
    const int file = open(path, O_WRONLY | O_CREAT, 0644);
    for (int i = 0; i < 64; i++)
        if (write(file, block, sizeof block) < 0)
            return errno;
    return 0;
}

static int
tell_status(const char *argument)
{
    char line[200];
    FILE *status = fopen("/proc/self/status", "r");
    if (!status)
        return errno;
    while (fgets(line, sizeof line, status))
        if (strncmp(line, "Seccomp:", 8) == 0 ||
            strncmp(line, "Uid:", 4) == 0 || strncmp(line, "CapEff:", 7) == 0 ||
            strncmp(line, "NoNewPrivs:", 11) == 0 ||
            strncmp(line, "Groups:", 7) == 0)
            printf("%s", line);
    fclose(status);
    return *argument;
}

static int
do_nothing(const char *argument)
{
    return *argument;
}

static int
compare_ints(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

/* The inner filter, as a child of a zygote puts it on. */
static void
put_on_filter(void)
{
    static struct sock_filter step[1024];
    const ssize_t bytes = pread(201, step, sizeof step, 0);
    struct sock_fprog filter = {0, step};
    if (bytes > 0)
        filter.len = (unsigned short)((size_t)bytes / sizeof *step);
    if (!filter.len || inner_filter_enter(&filter))
        _exit(97);
}

static volatile sig_atomic_t refused_call;

static void
note_refusal(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    refused_call = info->si_syscall;
    _exit(refused_call == SYS_openat                              ? 101
          : refused_call == SYS_fork || refused_call == SYS_clone ? 102
          : refused_call == SYS_mmap                              ? 103
          : refused_call == SYS_socket                            ? 104
          : refused_call == SYS_tgkill                            ? 105
          : refused_call == SYS_kill                              ? 106
          : refused_call == SYS_execve                            ? 107
          : refused_call == SYS_mprotect                          ? 108
                                                                  : 109);
}

static int
filtered(const char *what)
{
    const struct sigaction action = {.sa_sigaction = note_refusal,
                                     .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, NULL);
    void *const page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const pid_t parent = getppid();
    put_on_filter();
    if (strcmp(what, "open") == 0)
        return open("/dev/null", O_RDONLY) < 0 ? errno : 0;
    if (strcmp(what, "fork") == 0)
        return fork() < 0 ? errno : 0;
    if (strcmp(what, "map code") == 0)
        return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
    if (strcmp(what, "make code") == 0)
        return mprotect(page, 4096, PROT_READ | PROT_EXEC);
    if (strcmp(what, "socket") == 0)
        return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
    if (strcmp(what, "signal parent") == 0)
        return (int)syscall(SYS_tgkill, parent, parent, 0);
    if (strcmp(what, "kill") == 0)
        return kill(parent, 0);
    if (strcmp(what, "execute") == 0)
        return execl("/bin/true", "true", (char *)NULL);
    if (strcmp(what, "abort") == 0)
        abort();

    /* What computing needs: small and large memory, protection without code,
     * sorting, printing. */
    int *number = calloc(1000000, sizeof *number);
    char *text = NULL;
    if (!number || mprotect(page, 4096, PROT_NONE))
        return 1;
    for (int i = 0; i < 1000000; i++)
        number[i] = (int)((unsigned)i * 7919U % 1000003U);
    qsort(number, 1000000, sizeof *number, compare_ints);
    for (int i = 0; i < 1000; i++)
        text = realloc(text, (size_t)(i + 1) * 100);
    printf("%d %p", number[1], text ? (void *)"" : NULL);
    printf("%.2f\n", 1.5);
    free(text);
    free(number);
    return 0;
}

const struct act acts[] = {
    {"read", read_file},
    {"write", write_file},
    {"close off", close_off},
    {"remove", remove_file},
    {"link", make_link},
    {"execute", execute},
    {"signal", signal_process},
    {"signal all", signal_all},
    {"signal parent", signal_parent},
    {"trace", trace},
    {"memory of", read_memory},
    {"connect", connect_to},
    {"unix", open_unix_socket},
    {"shm", share_memory},
    {"namespace", make_namespace},
    {"forks", fork_bomb},
    {"fork for ever", fork_for_ever},
    {"memory", take_memory},
    {"write much", write_much},
    {"status", tell_status},
    {"nothing", do_nothing},
    {"filtered", filtered},
    {NULL, NULL},
};

/* ---- Expectations -------------------------------------------------------- */

TestSuite(sandbox, .fini = forget, .timeout = 120);

static int
status_of(const struct sandbox *sandbox, const char *name, const char *argument)
{
    struct process_result result = act(sandbox, name, argument);
    const int status =
        result.end == PROCESS_EXITED ? result.code : -result.code;
    process_result_free(&result);
    return status;
}

static void
is_refused(const struct sandbox *sandbox, const char *name,
           const char *argument)
{
    const int status = status_of(sandbox, name, argument);
    cr_assert(status == EACCES || status == EPERM, "%s(%s): %d", name, argument,
              status);
}

static bool
is_missing(const char *capability)
{
    struct strings missing = {0};
    bool found = false;
    sandbox_missing(NULL, &missing);
    for (size_t i = 0; i < missing.count; i++)
        found |= strcmp(missing.item[i], capability) == 0;
    strings_free(&missing);
    return found;
}

/* A file in the test's folder. */
static char *
file_of(const char *name, const char *text)
{
    char *path = text_format("%s/%s", folder, name);
    cr_assert_eq(text_write_file(path, text, strlen(text)), 0);
    cr_assert_eq(chmod(path, 0644), 0);
    return path;
}

/* ---- Read files ---------------------------------------------------------- */

IN_EVERY_SITUATION(sandbox, files_are_out_of_reach_unless_allowed)
{
    if (is_missing("read files"))
        cr_skip_test("neither Landlock nor own users here");
    char *canary = file_of("canary", "secret");
    char *given = file_of("given", "given");
    cr_assert_eq(status_of(NULL, "read", canary), 0, "the act works");
    for (int step = SANDBOX_COMPILER; step <= SANDBOX_QUICK_TESTER; step++) {
        struct sandbox sandbox = sandbox_to_act((enum sandbox_step)step);
        sandbox_allow(&sandbox, given, SANDBOX_READ);
        is_refused(&sandbox, "read", canary);
        is_refused(&sandbox, "read", "/etc/passwd");
        cr_assert_eq(status_of(&sandbox, "read", given), 0);
    }
}

IN_EVERY_SITUATION(sandbox, nothing_is_written_outside_the_folder_given)
{
    if (!layers_here()->landlock)
        cr_skip_test("no Landlock here");
    char *inside = text_format("%s/inside", folder);
    char *other = text_format("%s/other", folder);
    cr_assert_eq(mkdir(inside, 0755), 0);
    cr_assert_eq(mkdir(other, 0777), 0);
    cr_assert_eq(chmod(other, 0777), 0);
    struct sandbox sandbox = sandbox_to_act(SANDBOX_COVERAGE);
    sandbox_allow(&sandbox, inside, SANDBOX_READ | SANDBOX_WRITE);
    sandbox_give(&sandbox, inside);
    char *good = text_format("%s/file", inside);
    char *bad = text_format("%s/file", other);
    cr_assert_eq(status_of(NULL, "write", bad), 0, "the act works");
    is_refused(&sandbox, "write", bad);
    is_refused(&sandbox, "remove", bad);
    is_refused(&sandbox, "write", "/tmp/vmlab-should-not-be-here");
    is_refused(&sandbox, "write", "/dev/shm/vmlab-should-not-be-here");
    cr_assert_eq(status_of(&sandbox, "write", good), 0);
    cr_assert_eq(status_of(&sandbox, "remove", good), 0);
    is_refused(&sandbox, "link", good);
}

IN_EVERY_SITUATION(sandbox, only_what_is_allowed_is_executed)
{
    if (!layers_here()->landlock)
        cr_skip_test("no Landlock here");
    struct sandbox subject = sandbox_to_act(SANDBOX_SUBJECT);
    struct sandbox tool = sandbox_to_act(SANDBOX_TOOL);
    is_refused(&subject, "execute", "/bin/true");
    cr_assert_eq(status_of(&tool, "execute", "/bin/true"), 0);
}

/* ---- Reach other processes ----------------------------------------------- */

IN_EVERY_SITUATION(sandbox, other_processes_are_out_of_reach)
{
    cr_assert_not(is_missing("reach other processes"));
    char canary[16] = "canary!";
    char *self = text_format("%d", (int)getpid());
    char *here = text_format("%d:%lx", (int)getpid(), (unsigned long)canary);
    char *memory = text_format("/proc/%d/mem", (int)getpid());
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    signal(SIGTERM, SIG_IGN);
    cr_assert_eq(status_of(NULL, "signal", self), 0, "the act works");
    for (int step = SANDBOX_COMPILER; step <= SANDBOX_QUICK_TESTER; step++) {
        /* Those rest on the inner filter where nothing else contains them. */
        const bool inner = step == SANDBOX_SUBJECT ||
                           step == SANDBOX_COVERAGE ||
                           step == SANDBOX_QUICK_TESTER;
        struct sandbox sandbox = sandbox_to_act((enum sandbox_step)step);
        if (!inner || layers_here()->own_users ||
            layers_here()->landlock >= 6) {
            is_refused(&sandbox, "signal", self);
            is_refused(&sandbox, "signal parent", "");
        }
        is_refused(&sandbox, "signal all", "");
        is_refused(&sandbox, "trace", self);
        is_refused(&sandbox, "memory of", here);
        is_refused(&sandbox, "read", memory);
    }
}

Test(sandbox, steps_of_different_slots_are_different_users)
{
    enter(AS_STARTED);
    if (!layers_here()->own_users)
        cr_skip_test("no own users here");
    struct sandbox one = sandbox_to_act(SANDBOX_VALGRIND);
    struct sandbox two = sandbox_to_act(SANDBOX_VALGRIND);
    cr_assert_neq(one.slot, two.slot);
    struct process_result result = act(&one, "status", "");
    char *expected =
        text_format("Uid:\t%u\t%u\t%u\t%u\nGroups:\t \n"
                    "CapEff:\t0000000000000000\n"
                    "NoNewPrivs:\t1\nSeccomp:\t2\n",
                    user_of(&one), user_of(&one), user_of(&one), user_of(&one));
    cr_assert_str_eq(result.output, expected);
}

/* ---- Network ------------------------------------------------------------- */

IN_EVERY_SITUATION(sandbox, network_is_out_of_reach)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof name;
    const int end = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(end, (const struct sockaddr *)&name, sizeof name), 0);
    cr_assert_eq(listen(end, 10), 0);
    cr_assert_eq(getsockname(end, (struct sockaddr *)&name, &size), 0);
    char *port = text_format("%d", ntohs(name.sin_port));
    cr_assert_not(is_missing("use the network"));
    cr_assert_eq(status_of(NULL, "connect", port), 0, "the act works");
    for (int step = SANDBOX_COMPILER; step <= SANDBOX_QUICK_TESTER; step++) {
        struct sandbox sandbox = sandbox_to_act((enum sandbox_step)step);
        is_refused(&sandbox, "connect", port);
        if (step == SANDBOX_TESTER)
            cr_assert_eq(status_of(&sandbox, "unix", ""), 0);
        else
            is_refused(&sandbox, "unix", "");
        is_refused(&sandbox, "shm", "");
        is_refused(&sandbox, "namespace", "");
    }
}

/* ---- Use up the machine -------------------------------------------------- */

IN_EVERY_SITUATION(sandbox, forks_are_bounded_and_ended)
{
    if (is_missing("use up the machine"))
        cr_skip_test("the number of processes of root is not bounded here");
    struct sandbox sandbox = sandbox_to_act(SANDBOX_TESTER);
    sandbox.processes = 20;
    struct process_result result = act(&sandbox, "forks", "500");
    cr_assert_eq(result.end, PROCESS_EXITED);
    const int count = atoi(result.output);
    cr_assert(count >= 10 && count <= 40, "%d processes", count);
    cr_assert_eq(acting(), 0);
}

IN_EVERY_SITUATION(sandbox, endless_forks_are_ended)
{
    if (is_missing("use up the machine"))
        cr_skip_test("the number of processes of root is not bounded here");
    struct sandbox sandbox = sandbox_to_act(SANDBOX_TESTER);
    sandbox.processes = 20;
    struct process_result result =
        process_run(&(struct process){.argv = ACT("fork for ever", ""),
                                      .sandbox = &sandbox,
                                      .standard_input = -1,
                                      .wall_ms = 500});
    cr_assert_eq(result.end, PROCESS_OUT_OF_TIME);
    cr_assert_eq(acting(), 0);
}

IN_EVERY_SITUATION(sandbox, memory_and_files_are_bounded)
{
    char *path = text_format("%s/inside", folder);
    cr_assert_eq(mkdir(path, 0755), 0);
    char *file = text_format("%s/inside/file", folder);
    struct sandbox sandbox = sandbox_to_act(SANDBOX_COVERAGE);
    sandbox_allow(&sandbox, path, SANDBOX_READ | SANDBOX_WRITE);
    sandbox_give(&sandbox, path);
    cr_assert_eq(status_of(NULL, "memory", "3000"), 0, "the act works");
    cr_assert_eq(status_of(&sandbox, "memory", "3000"), ENOMEM);
    cr_assert_eq(status_of(&sandbox, "memory", "1000"), 0);
    cr_assert_eq(status_of(&sandbox, "write much", file), EFBIG);
    struct stat status;
    cr_assert_eq(stat(file, &status), 0);
    cr_assert_eq((uint64_t)status.st_size, sandbox.file_bytes);
}

/* ---- Layers that are not there ------------------------------------------- */

/* Whatever is missing, a step can be run. */
IN_EVERY_SITUATION(sandbox, missing_layer_never_stops_a_step)
{
    static const struct layers less[] = {
        {true, true, 3, true},   {true, true, 1, true},
        {true, true, 0, true},   {true, false, 0, true},
        {false, false, 0, true}, {false, false, 0, false},
    };
    for (size_t i = 0; i < sizeof less / sizeof *less; i++) {
        layers_pretend(less[i]);
        for (int step = SANDBOX_COMPILER; step <= SANDBOX_QUICK_TESTER;
             step++) {
            struct sandbox sandbox = sandbox_to_act((enum sandbox_step)step);
            cr_assert_eq(status_of(&sandbox, "nothing", ""), 0, "%zu %d", i,
                         step);
        }
    }
    struct strings missing = {0}, layers = {0};
    sandbox_missing(NULL, &missing);
    sandbox_layers(&layers);
    cr_assert_geq(missing.count, 3);
    cr_assert_str_eq(missing.item[0], "read files");
    cr_assert_str_eq(missing.item[1], "reach other processes");
    cr_assert_str_eq(missing.item[2], "use the network");
    cr_assert_eq(layers.count, 3);
}

/* The filter alone keeps processes and the network out of reach, as in a
 * container of an ordinary user on an older kernel. */
Test(sandbox, filter_alone_contains_the_student_s_own_tests)
{
    enter(AS_ORDINARY_USER);
    layers_pretend((struct layers){.seccomp = true});
    char *self = text_format("%d", (int)getpid());
    struct sandbox sandbox = sandbox_to_act(SANDBOX_TESTER);
    signal(SIGTERM, SIG_IGN);
    is_refused(&sandbox, "signal", self);
    is_refused(&sandbox, "signal parent", "");
    is_refused(&sandbox, "trace", self);
    is_refused(&sandbox, "connect", "1");
}

/* Another user alone keeps closed files and processes out of reach. */
Test(sandbox, own_user_alone_closes_closed_folders)
{
    enter(AS_STARTED);
    if (!layers_here()->own_users)
        cr_skip_test("no own users here");
    layers_pretend((struct layers){.own_users = true});
    char *closed = text_format("%s/closed", folder);
    cr_assert_eq(mkdir(closed, 0700), 0);
    char *canary = file_of("closed/canary", "secret");
    char *open_file = file_of("open", "");
    char *self = text_format("%d", (int)getpid());
    struct sandbox sandbox = sandbox_to_act(SANDBOX_SUBJECT);
    is_refused(&sandbox, "read", canary);
    is_refused(&sandbox, "signal", self);
    is_refused(&sandbox, "trace", self);

    struct strings missing = {0};
    sandbox_missing((const char *const[]){canary, NULL}, &missing);
    cr_assert_str_neq(missing.item[0], "read files");
    strings_free(&missing);
    missing = (struct strings){0};
    sandbox_missing((const char *const[]){open_file, NULL}, &missing);
    cr_assert_str_eq(missing.item[0], "read files");
    cr_assert(sandbox_can_reach(open_file));
    cr_assert_not(sandbox_can_reach(canary));
}

/* What docker/grade leaves to root suffices for users of their own, and to
 * remove what these leave. */
Test(sandbox, three_capabilities_are_enough_for_own_users)
{
    enter(AS_CONTAINER_ROOT);
    cr_assert(layers_here()->own_users);
    char *given = text_format("%s/given", folder);
    char *closed = text_format("%s/given/closed", folder);
    cr_assert_eq(mkdir(given, 0755), 0);
    struct sandbox sandbox = sandbox_to_act(SANDBOX_TOOL);
    sandbox_allow(&sandbox, given, SANDBOX_READ | SANDBOX_WRITE);
    sandbox_give(&sandbox, given);
    cr_assert_eq(status_of(&sandbox, "close off", closed), 0);
    cr_assert_neq(rmdir(closed), 0, "the act works");
    sandbox_take_back(given);
    cr_assert_neq(access(closed, F_OK), 0);
    cr_assert_eq(access(given, F_OK), 0);
}

/* ---- The inner filter ---------------------------------------------------- */

static struct process_result
act_filtered(enum inner_filter kind, const char *what)
{
    struct sandbox sandbox = sandbox_to_act(SANDBOX_SUBJECT);
    struct sock_fprog filter;
    cr_assert_eq(inner_filter_make(kind, &filter), 0);
    const int file = memfd_create("filter", MFD_CLOEXEC);
    const size_t bytes = filter.len * sizeof *filter.filter;
    cr_assert_eq(write(file, filter.filter, bytes), (ssize_t)bytes);
    cr_assert_eq(dup2(file, 201), 201);
    return process_run(&(struct process){.argv = ACT("filtered", what),
                                         .sandbox = &sandbox,
                                         .standard_input = -1,
                                         .keep = (const int[]){201},
                                         .keep_count = 1,
                                         .wall_ms = 20000,
                                         .output_limit = 1000});
}

IN_EVERY_SITUATION(sandbox, inner_filter_lets_computing_through)
{
    for (int kind = INNER_SUBJECT; kind <= INNER_TESTER; kind++) {
        struct process_result result =
            act_filtered((enum inner_filter)kind, "compute");
        cr_assert_eq(result.end, PROCESS_EXITED);
        cr_assert_eq(result.code, 0, "%d", result.code);
        cr_assert_not_null(strstr(result.output, "1.50\n"));
    }
}

Test(sandbox, inner_filter_names_the_refused_call)
{
    static const struct {
        const char *what;
        int status;
    } all[] = {
        {"open", 101},    {"fork", 102},          {"map code", 103},
        {"socket", 104},  {"signal parent", 105}, {"kill", 106},
        {"execute", 107}, {"make code", 108},
    };
    enter(AS_STARTED);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int kind = INNER_SUBJECT; kind <= INNER_TESTER; kind++) {
            if (kind == INNER_COVERAGE && i == 0)
                continue; /* opens its .gcda */
            struct process_result result =
                act_filtered((enum inner_filter)kind, all[i].what);
            cr_assert_eq(result.end, PROCESS_EXITED);
            cr_assert_eq(result.code, all[i].status, "%s: %d", all[i].what,
                         result.code);
        }
    char *name = inner_filter_call_name(SYS_openat);
    cr_assert_str_eq(name, "openat");
    free(name);
}

Test(sandbox, inner_filter_lets_a_process_abort)
{
    enter(AS_STARTED);
    struct process_result result = act_filtered(INNER_SUBJECT, "abort");
    cr_assert_eq(result.end, PROCESS_SIGNALLED);
    cr_assert_eq(result.code, SIGABRT);
}

/* ---- Under valgrind ------------------------------------------------------ */

IN_EVERY_SITUATION(sandbox, valgrind_runs_under_its_filter)
{
    char *output = text_format("%s/output", folder);
    cr_assert_eq(mkdir(output, 0755), 0);
    struct sandbox sandbox = sandbox_to_act(SANDBOX_VALGRIND);
    sandbox_allow(&sandbox, output, SANDBOX_READ | SANDBOX_WRITE);
    sandbox_give(&sandbox, output);
    char *xml = text_format("--xml-file=%s/%%p.xml", output);
    char *temporary = text_format("TMPDIR=%s", output);
    /* Debian's /usr/bin/valgrind is a script, and the sandbox has no shell. */
    char *valgrind = xstrdup(
        access("/usr/bin/valgrind.bin", X_OK) ? "valgrind" : "valgrind.bin");
    struct process_result result = process_run(&(struct process){
        .argv = (char *const[]){valgrind, (char *)"-q", (char *)"--xml=yes",
                                xml, program, (char *)"--act", (char *)"status",
                                mark, (char *)"", NULL},
        .environment = (char *const[]){temporary, NULL},
        .sandbox = &sandbox,
        .standard_input = -1,
        .wall_ms = 60000,
        .output_limit = 4000});
    cr_assert_eq(result.code, 0, "%d %d: %s", result.end, result.code,
                 result.output);
    cr_assert_eq(result.end, PROCESS_EXITED);
    cr_assert_not_null(strstr(result.output, "Seccomp:\t2\n"), "%s",
                       result.output);
}
