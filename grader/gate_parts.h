/*
 * gate_parts.h - between the gate's files:
 *
 *   gate.c         order, lists, localising
 *   gate_text.c    tokens and directives
 *   gate_object.c  symbols, sections, bytes
 *   gate_words.c   what a refused function is told
 */
#ifndef VMLAB_GATE_PARTS_H
#define VMLAB_GATE_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "gate.h"

enum { GATE_FINDINGS = 50 };

/* ---- gate_text.c --------------------------------------------------------- */

enum token_type {
    TOKEN_NAME,   /* identifier or keyword                                    */
    TOKEN_NUMBER,
    TOKEN_STRING, /* string or character                                      */
    TOKEN_SIGN,   /* one character of anything else                           */
    TOKEN_PRAGMA, /* a whole line                                             */
};

/* A token of the student's file; `text` points into the preprocessed text. */
struct token {
    enum token_type type;
    const char *text;
    size_t length;
    unsigned line;
    bool system; /* comes out of a macro of the system                        */
};

struct tokens {
    struct token *token;
    size_t count;
};

/* The tokens of `text` that the line markers attribute to file `name`. */
struct tokens tokens_of(const char *text, const char *name);
void tokens_free(struct tokens *tokens);
bool token_is(const struct token *token, const char *text);

/* The first line in which the name stands, or 0. */
unsigned tokens_line(const struct tokens *tokens, const char *name);

/* The gate's findings so far. */
struct gate {
    const struct gate_request *request;
    struct tokens tokens;
    struct finding *findings;
    size_t count;
    char *trouble; /* see gate_check                                          */
};
void gate_refuse(struct gate *gate, unsigned line, const char *rule,
                 const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void gate_check_source(struct gate *gate, const char *text);
void gate_check_tokens(struct gate *gate);

/* ---- gate_object.c ------------------------------------------------------- */

void gate_check_objects(struct gate *gate);

/* ---- gate_words.c -------------------------------------------------------- */

bool list_has(const char *const *list, const char *name);

/* What a C programmer wrote to get the symbol: "sscanf" for "__isoc99_sscanf".
 * A pointer into `symbol`, or a constant, or into a buffer of the function. */
const char *canonical_name(const char *symbol);

/* Whether the compiler adds calls to it of its own accord. */
bool is_compilers(const char *symbol);

/* Whether the compiler turns calls to an allowed function into this one. */
bool is_implied(const struct gate_request *request, const char *symbol);

/* Whether own tests may use it whatever the stage. */
bool is_for_tests(const char *symbol);

/* Refuses an undefined symbol, in words. */
void gate_refuse_symbol(struct gate *gate, const char *symbol);

#endif
