/*
 * table.h - attacks.yaml: what each attack tries and what it must get.
 */
#ifndef VMLAB_ATTACKS_TABLE_H
#define VMLAB_ATTACKS_TABLE_H

#include <stdint.h>

#include "text.h"

/* What the functions are that an attack does not define itself. */
enum attack_base {
    BASE_SKELETON,  /* not implemented: no point may come of it               */
    BASE_REFERENCE, /* right: for attacks on what else is measured            */
    BASE_NONE,      /* not there                                              */
};

enum attack_pack { PACK_FOLDER, PACK_FILE, PACK_TAR, PACK_ZIP };

enum attack_kind {
    ENTRY_FILE,
    ENTRY_SYMLINK,
    ENTRY_HARDLINK,
    ENTRY_FIFO,
    ENTRY_DEVICE,
};

/* A file of a submission that is packed as told. */
struct attack_entry {
    char *path;
    enum attack_kind kind;
    char *text;   /* its contents, or where a link leads; or one of these:    */
    char *file;   /* "module", "tests", or a file in the attacks' folder      */
    uint32_t mib; /* so many MiB of zeros                                     */
    uint32_t times; /* as often, under path, path-1, path-2, ...              */
};

struct attack {
    char *name, *family;
    char *tries; /* NULL: the heading of its file says it                     */
    char *why; /* it must not get through                                    */
    /* What is handed in. */
    char *stage;  /* NULL: segment, which is graded fastest                   */
    char *module; /* file in modules/, or NULL: the base alone                */
    char *tests;  /* file in own_tests/, or NULL                              */
    enum attack_base base;
    enum attack_pack pack;
    struct attack_entry *entries; /* instead of M.c and M_test.c              */
    unsigned entry_count;
    /* What must come of it. */
    char *status;    /* of the stage                                          */
    char *rule;      /* of the gate, that must be among the findings          */
    char *verdict;   /* that at least one test must have                      */
    char *says;      /* must stand somewhere in the record                    */
    uint32_t passed; /* tests that pass, at most                              */
    uint32_t clean;  /* tests that are clean under memcheck, at most          */
    uint32_t valid;  /* own tests that count, at most                         */
    uint32_t caught; /* bugs that they catch, at most                         */
    double points;   /* of must and bonus together, at most                   */
};

struct attack_table {
    struct attack *attacks;
    unsigned count;
};

/* "segment" where the table says nothing. */
const char *attack_stage(const struct attack *attack);

/* Ends the program when the file has an error. */
struct attack_table *table_load(const char *path);
void table_free(struct attack_table *table);

#endif
