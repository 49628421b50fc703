/*
 * compare.h - holds reports of the hardware against the references.
 *
 * Each case has one of three ends:
 *
 *   agrees      all that the reference says is what the hardware did
 *   documented  it differs in one of the ways below, exactly, and in no other
 *   disagrees   shown, and the comparison fails
 *
 * A documented difference is one that the manual leaves open, or where an
 * emulator is known not to follow it.  It is never a reason to leave a case
 * out: the rest of the case must agree as ever, and it is counted by name.
 */
#ifndef ORACLE_COMPARE_H
#define ORACLE_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "../report.h"
#include "machine/machine.h"

/* The documented differences, in the order in which they are listed. */
enum difference {
    DIFFERS_RESERVED_P,
    DIFFERS_ACCESSED_ABOVE,
    DIFFERS_ACCESSED_HUGE,
    DIFFERS_STACK_VECTOR,
    DIFFERS_JUMP_ACCESSED,
    DIFFERS_PASSAGE,
    DIFFERS_WRAP,
    DIFFERENCES
};

struct tally {
    uint64_t cases;
    uint64_t faults;     /* cases in which the reference expects one          */
    uint64_t documented; /* cases with a documented difference, or several    */
    uint64_t disagreed;
    uint64_t by_name[DIFFERENCES];
};

/* A case under comparison: differences are collected, then judged. */
struct verdict {
    unsigned documented; /* bit `1 << enum difference`                        */
    bool disagrees;
    char why[256];
};

/* Says that the case disagrees; the first reason given is the one shown. */
void disagree(struct verdict *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says that the case differs in a way that is documented. */
void differ(struct verdict *v, enum difference difference);

/* Compares a fault, all of it but what the verdict's documented differences
 * excuse.  Returns whether the reference expects one. */
bool compare_faults(struct verdict *v, bool expected,
                    const struct mach_fault *want,
                    const struct report_fault *got);

/* Compare one record.  Each returns whether the reference expects a fault, and
 * `show` writes the case to standard output. */
bool compare_walk(uint64_t kind, uint64_t seed, uint32_t number,
                  const struct walk_record *record, struct verdict *v);
void show_walk(uint64_t kind, uint64_t seed, uint32_t number,
               const struct walk_record *record);
bool compare_load(uint64_t seed, uint32_t number,
                  const struct load_record *record, struct verdict *v);
void show_load(uint64_t seed, uint32_t number,
               const struct load_record *record);
bool compare_access(uint64_t seed, uint32_t number,
                    const struct access_record *record, struct verdict *v);
void show_access(uint64_t seed, uint32_t number,
                 const struct access_record *record);

#endif
