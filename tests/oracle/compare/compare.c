/*
 * compare.c - compare KIND SEED COUNT FILE OFFSET
 *
 * Reads the report that lies at OFFSET in FILE, makes the same cases again, has
 * the references decide them, and compares.  All numbers but COUNT are
 * hexadecimal.  Ends with 0 when no case disagrees, 1 when one does, and a
 * status of sysexits.h when there is nothing to compare.
 *
 *   compare KIND SEED COUNT FILE OFFSET NUMBER    shows case NUMBER
 */
#include "compare.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum { SHOWN = 5 }; /* disagreements that are shown in full                   */

static const struct {
    const char *what, *manual;
} differences[DIFFERENCES] = {
    [DIFFERS_RESERVED_P] = {"a reserved bit: error code without P in QEMU",
                            "SDM 3A 4.7: RSVD is set with P = 1"},
    [DIFFERS_ACCESSED_ABOVE] = {"A set above the entry that faults",
                                "SDM 3A 4.8: set when the entry is used"},
    [DIFFERS_ACCESSED_HUGE] = {"A set in a 1 GiB leaf that faults, in QEMU",
                               "SDM 3A 4.8: when it translates the address"},
    [DIFFERS_STACK_VECTOR] = {"not canonical, through the stack: #GP in QEMU",
                              "SDM 3A 6.15, vector 12: #SS"},
    [DIFFERS_JUMP_ACCESSED] = {"a far jump leaves A clear in QEMU",
                               "SDM 3A 3.4.5.1: set by every load"},
    [DIFFERS_PASSAGE] = {"far jump by a gate or TSS: not performed",
                         "SDM 3A 5.8.1: it does not load that descriptor"},
    [DIFFERS_WRAP] = {"beyond 4 GiB: no fault",
                      "SDM 3A 5.3: the processor may fault or not"},
};

void
mach_stop(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("compare: the reference: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(EX_SOFTWARE);
}

void
disagree(struct verdict *v, const char *format, ...)
{
    if (v->disagrees)
        return;
    v->disagrees = true;
    va_list args;
    va_start(args, format);
    vsnprintf(v->why, sizeof v->why, format, args);
    va_end(args);
}

void
differ(struct verdict *v, enum difference difference)
{
    v->documented |= 1u << difference;
}

bool
compare_faults(struct verdict *v, bool expected, const struct mach_fault *want,
               const struct report_fault *got)
{
    static const struct mach_fault none = {0};
    if (!expected)
        want = &none;
    if (got->vector != want->vector)
        disagree(v, "vector %" PRIu64 ", the reference has %" PRIu32,
                 got->vector, want->vector);
    else if (got->error_code != want->error_code)
        disagree(v, "error code 0x%" PRIx64 ", the reference has 0x%" PRIx32,
                 got->error_code, want->error_code);
    else if (got->cr2 != want->address)
        disagree(v, "CR2 0x%" PRIx64 ", the reference has 0x%" PRIx64, got->cr2,
                 want->address);
    return expected;
}

/* ---- Reports ------------------------------------------------------------ */

static const size_t record_bytes[] = {
    [KIND_WALKS_TWO_LEVEL] = sizeof(struct walk_record),
    [KIND_WALKS_FOUR_LEVEL] = sizeof(struct walk_record),
    [KIND_LOADS] = sizeof(struct load_record),
    [KIND_ACCESSES] = sizeof(struct access_record),
};

static const char *const kind_names[] = {
    [KIND_WALKS_TWO_LEVEL] = "page walks, two levels",
    [KIND_WALKS_FOUR_LEVEL] = "page walks, four levels",
    [KIND_LOADS] = "segment loads",
    [KIND_ACCESSES] = "segment accesses",
};

/* The records of a report that is complete and the one asked for; ends the
 * program otherwise. */
static const void *
open_report(const char *path, uint64_t offset, uint64_t kind, uint64_t seed,
            uint64_t count)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        fprintf(stderr, "compare: cannot open %s\n", path);
        exit(EX_NOINPUT);
    }
    const uint64_t bytes =
        offset + sizeof(struct report_heading) + count * record_bytes[kind];
    if ((uint64_t)st.st_size < bytes) {
        fprintf(stderr, "compare: %s ends before the report does\n", path);
        exit(EX_DATAERR);
    }
    const char *all = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (all == MAP_FAILED) {
        fprintf(stderr, "compare: cannot map %s\n", path);
        exit(EX_OSERR);
    }
    close(fd);
    const struct report_heading *h = (const void *)(all + offset);
    if (h->magic != REPORT_MAGIC || h->kind != kind || h->seed != seed ||
        h->count != count) {
        fprintf(stderr, "compare: %s holds no such report, complete\n", path);
        exit(EX_DATAERR);
    }
    return h + 1;
}

static bool
compare(uint64_t kind, uint64_t seed, uint32_t n, const void *records,
        struct verdict *v)
{
    switch (kind) {
    case KIND_LOADS:
        return compare_load(seed, n, (const struct load_record *)records + n,
                            v);
    case KIND_ACCESSES:
        return compare_access(seed, n,
                              (const struct access_record *)records + n, v);
    default:
        return compare_walk(kind, seed, n,
                            (const struct walk_record *)records + n, v);
    }
}

static void
show(uint64_t kind, uint64_t seed, uint32_t n, const void *records)
{
    printf("  case %" PRIu32 " of %s, seed 0x%" PRIx64 "\n", n,
           kind_names[kind], seed);
    if (kind == KIND_LOADS)
        show_load(seed, n, (const struct load_record *)records + n);
    else if (kind == KIND_ACCESSES)
        show_access(seed, n, (const struct access_record *)records + n);
    else
        show_walk(kind, seed, n, (const struct walk_record *)records + n);
}

static void
count_verdict(struct tally *t, const struct verdict *v, bool fault)
{
    t->cases++;
    t->faults += fault;
    t->disagreed += v->disagrees;
    if (v->disagrees || v->documented == 0)
        return;
    t->documented++;
    for (unsigned d = 0; d < DIFFERENCES; d++)
        t->by_name[d] += v->documented >> d & 1;
}

static void
print_tally(const struct tally *t, uint64_t kind, uint64_t seed)
{
    printf("%s, seed 0x%" PRIx64 ": %" PRIu64 " cases, %" PRIu64
           " of them faults: %" PRIu64 " agree, %" PRIu64
           " differ as documented, %" PRIu64 " disagree\n",
           kind_names[kind], seed, t->cases, t->faults,
           t->cases - t->documented - t->disagreed, t->documented,
           t->disagreed);
    for (unsigned d = 0; d < DIFFERENCES; d++)
        if (t->by_name[d] != 0)
            printf("  %9" PRIu64 "  %s (%s)\n", t->by_name[d],
                   differences[d].what, differences[d].manual);
}

int
main(int argc, char **argv)
{
    if (argc != 6 && argc != 7) {
        fputs("usage: compare KIND SEED COUNT FILE OFFSET [NUMBER]\n", stderr);
        return EX_USAGE;
    }
    const uint64_t kind = strtoull(argv[1], NULL, 16);
    const uint64_t seed = strtoull(argv[2], NULL, 16);
    const uint64_t count = strtoull(argv[3], NULL, 10);
    const uint64_t offset = strtoull(argv[5], NULL, 16);
    if (kind < KIND_WALKS_TWO_LEVEL || kind > KIND_ACCESSES || count == 0 ||
        count > UINT32_MAX) {
        fputs("compare: no such kind, or no cases\n", stderr);
        return EX_USAGE;
    }
    const void *records = open_report(argv[4], offset, kind, seed, count);
    if (argc == 7) {
        const uint64_t number = strtoull(argv[6], NULL, 10);
        if (number >= count)
            return EX_USAGE;
        show(kind, seed, (uint32_t)number, records);
        struct verdict v = {0};
        compare(kind, seed, (uint32_t)number, records, &v);
        printf("    %s\n", v.disagrees ? v.why : "agrees, or as documented");
        return v.disagrees;
    }
    struct tally tally = {0};
    for (uint32_t n = 0; n < count; n++) {
        struct verdict v = {0};
        const bool fault = compare(kind, seed, n, records, &v);
        count_verdict(&tally, &v, fault);
        if (v.disagrees && tally.disagreed <= SHOWN) {
            show(kind, seed, n, records);
            printf("    disagrees: %s\n", v.why);
        }
    }
    print_tally(&tally, kind, seed);
    return tally.disagreed != 0;
}
