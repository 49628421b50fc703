/*
 * tester.h - a student's own tests as a zygote: for each START message a child
 * runs one test against the subject whose descriptors came with it.  The
 * tester links the student's test object with a stand-in for libcriterion
 * (criterion_shim.c); it is not trusted, and knows of the implementation that
 * it faces nothing but its behaviour.
 *
 * A scout runs many tests on one subject, in one process, until one fails: what
 * it says is worth no more than a hint which test to try first.
 *
 * `tester --list` prints "suite/test", a line each, in the order of the
 * numbers by which START names them.
 */
#ifndef VMLAB_JUDGE_TESTER_H
#define VMLAB_JUDGE_TESTER_H

#include <stdint.h>

/* Descriptors of a START message to a tester. */
enum tester_descriptor {
    TESTER_SUBJECT_SOCKET, /* of the session (bridge/session.h)               */
    TESTER_SUBJECT_END,
    TESTER_SUBJECT_OUTPUT,
    TESTER_SUBJECT_ARENA,
    TESTER_OUTPUT, /* memfd: what the test prints                             */
    TESTER_REPORT, /* memfd: struct tester_report                             */
    TESTER_DESCRIPTORS,
};

enum {
    TESTER_SCOUTS = UINT16_MAX, /* START's test: those of report->order       */
    TESTER_TESTS = 200,         /* that a scout is given at most              */
};

/* What a child says of its test.  A claim: who reads it checks every field. */
struct tester_report {
    uint32_t done;    /* 1: the fields below are set                          */
    uint32_t verdict; /* enum verdict                                         */
    uint32_t trouble; /* 1: there was no subject, our own trouble             */
    uint32_t cpu_ms;  /* processor time of the module                         */
    uint64_t calls;   /* between test and module                              */
    uint32_t used;    /* 1: the module's process had served another test      */
    char message[1024];
    char where[256];
    /* A scout's: which tests, set by who starts it; and which one has failed,
     * or ran when the process ended, as an index into them. */
    uint32_t order_count, at;
    uint16_t order[TESTER_TESTS];
};

#endif
