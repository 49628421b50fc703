/*
 * gate_text.c - the gate's look at text.
 *
 * Two readers, because there are two kinds of text.  The source as handed in
 * has trigraphs, lines spliced by a backslash and comments; only its
 * directives matter, so it is brought into the form that C's translation
 * phases 1 to 3 give it, keeping line numbers, and then read line by line.
 * The preprocessed text has none of these; it is taken apart into tokens.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gate_parts.h"
#include "text.h"

/* ---- The source: phases 1 to 3 ------------------------------------------- */

struct reader {
    const char *at;
    unsigned line;
};

/* How many characters end a line here: a carriage return does, too, with a
 * newline behind it or alone; 0: none do. */
static size_t
newline_length(const char *at)
{
    return at[0] == '\r' ? (at[1] == '\n' ? 2 : 1) : at[0] == '\n';
}

/* The next character after trigraphs and splices; '\0' at the end. */
static char
next_character(struct reader *reader)
{
    static const char trigraphs[] = "=#/\\'^([)]!|<{>}-~";
    for (;;) {
        char character = *reader->at;
        size_t length = 1;
        if (!character)
            return '\0';
        if (character == '?' && reader->at[1] == '?' && reader->at[2])
            for (size_t i = 0; i + 1 < sizeof trigraphs; i += 2)
                if (trigraphs[i] == reader->at[2]) {
                    character = trigraphs[i + 1];
                    length = 3;
                    break;
                }
        if (character == '\\') { /* gcc lets blanks stand before the newline */
            size_t end = length;
            while (reader->at[end] == ' ' || reader->at[end] == '\t' ||
                   reader->at[end] == '\v' || reader->at[end] == '\f')
                end++;
            const size_t newline = newline_length(reader->at + end);
            if (newline) {
                reader->at += end + newline;
                reader->line++;
                continue;
            }
        }
        if (newline_length(reader->at)) {
            character = '\n';
            length = newline_length(reader->at);
        }
        reader->at += length;
        if (character == '\n')
            reader->line++;
        return character;
    }
}

static char
peek_character(const struct reader *reader)
{
    struct reader ahead = *reader;
    return next_character(&ahead);
}

/* Skips a comment whose '/' has been read; false when it is none. */
static bool
skip_comment(struct reader *reader)
{
    const char kind = peek_character(reader);
    char character;
    if (kind == '/') {
        while ((character = peek_character(reader)) != '\0' &&
               character != '\n')
            next_character(reader);
        return true;
    }
    if (kind != '*')
        return false;
    next_character(reader);
    for (char before = '\0'; (character = next_character(reader)) != '\0';
         before = character)
        if (before == '*' && character == '/')
            break;
    return true;
}

/* Skips a string or character whose quote has been read. */
static void
skip_quoted(struct reader *reader, char quote)
{
    char character;
    while ((character = peek_character(reader)) != '\0' && character != '\n') {
        next_character(reader);
        if (character == '\\' && peek_character(reader) != '\n')
            next_character(reader);
        else if (character == quote)
            return;
    }
}

/* Whether what begins behind a '<' could be the name of a header that has a
 * comment or a quote in it.  For the compiler it is one if it wants one there,
 * which is hard to say, and in a name nothing is a comment: here what follows
 * would be taken for the inside of one. */
static bool
is_ambiguous(struct reader ahead)
{
    bool odd = false;
    char character;
    while ((character = next_character(&ahead)) != '\0' && character != '\n') {
        if (character == '>')
            return odd;
        odd |= character == '"' || character == '\'' ||
               (character == '/' && peek_character(&ahead) == '*');
    }
    return false;
}

static void
check_directive(struct gate *gate, const char *text, unsigned line)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_')
        length++;
    const bool is_line = length == 4 && !strncmp(text, "line", 4);
    if (is_line || isdigit((unsigned char)*text))
        gate_refuse(gate, line, "directive",
                    "#line gives lines other names, so that nothing found in "
                    "them could be shown to you: remove it.");
    else if (length == 12 && !strncmp(text, "include_next", 12))
        gate_refuse(gate, line, "directive",
                    "#include_next is for system headers: use #include.");
}

void
gate_check_source(struct gate *gate, const char *text)
{
    enum { WORD = 32 };
    static const char *const may_name_headers[] = {
        "if", "elif", "include", "import", "pragma", NULL};
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    struct reader reader = {text, 1};
    if (!strncmp(text, byte_order_mark, sizeof byte_order_mark - 1))
        reader.at += sizeof byte_order_mark - 1;
    bool line_start = true, directive = false, may_name_header = false;
    char word[WORD + 1] = "", character;
    size_t length = 0;
    unsigned line = 0;
    while ((character = next_character(&reader)) != '\0') {
        if (character == '/' && skip_comment(&reader))
            character = ' ';
        const bool blank = character == ' ' || character == '\t' ||
                           character == '\v' || character == '\f' ||
                           character == '\r';
        if (directive) { /* collects the word after '#' */
            if (length < WORD &&
                (isalnum((unsigned char)character) || character == '_')) {
                word[length++] = character;
                continue;
            }
            if (!blank || length) {
                word[length] = '\0';
                check_directive(gate, word, line);
                directive = false;
                may_name_header = list_has(may_name_headers, word);
            }
        }
        if (character == '<' && may_name_header && is_ambiguous(reader))
            gate_refuse(gate, line, "directive",
                        "A comment or a quote between < and > in a directive "
                        "can be read in two ways: put it on a line of its "
                        "own.");
        if (character == '\n') {
            line_start = true;
            may_name_header = false;
            continue;
        }
        if (line_start && character == '%' && peek_character(&reader) == ':') {
            next_character(&reader);
            character = '#';
        }
        if (line_start && character == '#') {
            directive = true;
            line = reader.line;
            length = 0;
        } else if (character == '"' || character == '\'') {
            skip_quoted(&reader, character);
        }
        if (!blank)
            line_start = false;
    }
    if (directive) {
        word[length] = '\0';
        check_directive(gate, word, line);
    }
}

/* ---- The preprocessed text: tokens --------------------------------------- */

/* "# 12 "name" 1 3": where the next line comes from. */
struct marker {
    unsigned line;
    bool own, system;
};

/* Reads a line marker; false when the line is none. */
static bool
read_marker(const char *line, const char *name, struct marker *marker)
{
    char *end;
    if (line[0] != '#' || line[1] != ' ' || !isdigit((unsigned char)line[2]))
        return false;
    marker->line = (unsigned)strtoul(line + 2, &end, 10);
    if (strncmp(end, " \"", 2))
        return false;
    const char *const file = end + 2;
    const size_t length = strlen(name);
    marker->own = !strncmp(file, name, length) && file[length] == '"';
    const char *flags = file;
    while (*flags && *flags != '"' && *flags != '\n')
        flags += flags[0] == '\\' && flags[1] ? 2 : 1;
    marker->system = false;
    for (; *flags && *flags != '\n'; flags++)
        marker->system |= flags[0] == ' ' && flags[1] == '3';
    return true;
}

static bool
is_name(char character)
{
    return isalnum((unsigned char)character) || character == '_' ||
           character == '$' || (unsigned char)character >= 0x80;
}

static const char *
end_of_line(const char *at)
{
    return at + strcspn(at, "\n");
}

/* The end of the token that starts at `at`, and its type. */
static const char *
end_of_token(const char *at, enum token_type *type)
{
    const char *end = at + 1;
    if (isdigit((unsigned char)*at) ||
        (*at == '.' && isdigit((unsigned char)at[1]))) {
        *type = TOKEN_NUMBER;
        while (is_name(*end) || *end == '.' ||
               ((*end == '+' || *end == '-') && strchr("eEpP", end[-1])))
            end++;
    } else if (is_name(*at)) {
        *type = TOKEN_NAME;
        while (is_name(*end))
            end++;
    } else if (*at == '"' || *at == '\'') {
        *type = TOKEN_STRING;
        while (*end && *end != *at && *end != '\n')
            end += end[0] == '\\' && end[1] ? 2 : 1;
        end += *end == *at;
    } else {
        *type = TOKEN_SIGN;
    }
    return end;
}

static void
add_token(struct tokens *tokens, size_t *room, struct token token)
{
    if (tokens->count == *room) {
        *room = 2 * *room + 256;
        tokens->token = xrealloc(tokens->token, *room * sizeof token);
    }
    tokens->token[tokens->count++] = token;
}

struct tokens
tokens_of(const char *text, const char *name)
{
    struct tokens tokens = {NULL, 0};
    struct marker here = {1, false, false};
    size_t room = 0;
    bool line_start = true;
    for (const char *at = text; *at;) {
        if (line_start && *at == '#') {
            if (!read_marker(at, name, &here)) {
                const char *end = end_of_line(at);
                if (here.own)
                    add_token(&tokens, &room,
                              (struct token){TOKEN_PRAGMA, at,
                                             (size_t)(end - at), here.line,
                                             here.system});
                here.line++;
            }
            at = end_of_line(at);
            at += *at == '\n';
        } else if (*at == '\n') {
            here.line++;
            line_start = true;
            at++;
        } else if (isspace((unsigned char)*at)) {
            at++;
        } else if (!here.own) {
            at = end_of_line(at);
        } else {
            enum token_type type;
            const char *const end = end_of_token(at, &type);
            add_token(&tokens, &room,
                      (struct token){type, at, (size_t)(end - at), here.line,
                                     here.system});
            line_start = false;
            at = end;
        }
    }
    return tokens;
}

void
tokens_free(struct tokens *tokens)
{
    free(tokens->token);
    *tokens = (struct tokens){NULL, 0};
}

bool
token_is(const struct token *token, const char *text)
{
    return strlen(text) == token->length &&
           !memcmp(token->text, text, token->length);
}

unsigned
tokens_line(const struct tokens *tokens, const char *name)
{
    for (size_t i = 0; i < tokens->count; i++)
        if (tokens->token[i].type == TOKEN_NAME &&
            token_is(&tokens->token[i], name))
            return tokens->token[i].line;
    return 0;
}

/* ---- Rules --------------------------------------------------------------- */

/* Whether a token's text begins with a word. */
static bool
begins(const struct token *token, const char *word)
{
    const size_t length = strlen(word);
    return token->length >= length && !memcmp(token->text, word, length);
}

/* Attributes that describe types and functions and start, hide or rename
 * nothing. */
static const char *const harmless_attributes[] = {
    "access",
    "aligned",
    "alloc_align",
    "alloc_size",
    "always_inline",
    "artificial",
    "assume_aligned",
    "cold",
    "const",
    "copy",
    "deprecated",
    "designated_init",
    "error",
    "fallthrough",
    "flag_enum",
    "flatten",
    "format",
    "format_arg",
    "gnu_inline",
    "hot",
    "leaf",
    "malloc",
    "may_alias",
    "maybe_unused",
    "mode",
    "noclone",
    "nodiscard",
    "noinline",
    "nonnull",
    "nonstring",
    "noreturn",
    "nothrow",
    "packed",
    "pure",
    "returns_nonnull",
    "scalar_storage_order",
    "sentinel",
    "transparent_union",
    "unavailable",
    "unused",
    "used",
    "vector_size",
    "warn_if_not_aligned",
    "warn_unused_result",
    "warning",
    NULL,
};

static void
check_attribute(struct gate *gate, const struct token *token)
{
    static const struct {
        const char *name, *why;
    } words[] = {
        {"constructor", "starts code before the first call"},
        {"destructor", "runs code after the last call"},
        {"section", "places code or data in a section of its own"},
        {"ifunc", "lets code choose functions before the first call"},
        {"alias", "gives a function a second name"},
        {"weak", "lets a function be replaced"},
        {"weakref", "lets a function be replaced"},
        {"visibility", "hides functions"},
        {"cleanup", "runs code that a reader does not see"},
        {"naked", "needs assembler"},
        {"no_instrument_function", "changes what coverage counts"},
        {"no_profile_instrument_function", "changes what coverage counts"},
        {"optimize", "changes how the compiler is called"},
        {"target", "changes the processor that is compiled for"},
        {"target_clones", "changes the processor that is compiled for"},
    };
    char name[64];
    size_t length =
        token->length < sizeof name - 1 ? token->length : sizeof name - 1;
    const char *text = token->text;
    if (length > 4 && !strncmp(text, "__", 2) &&
        !strncmp(text + length - 2, "__", 2)) {
        text += 2;
        length -= 4;
    }
    memcpy(name, text, length);
    name[length] = '\0';
    if (list_has(harmless_attributes, name))
        return;
    const char *why =
        !strncmp(name, "no_sanitize", 11) ? "switches checks off" : NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(name, words[i].name))
            why = words[i].why;
    if (why)
        gate_refuse(gate, token->line, "attribute",
                    "The attribute %s %s; a module needs none of that: remove "
                    "it.",
                    name, why);
    else
        gate_refuse(gate, token->line, "attribute",
                    "The attribute %s is not available in a module: remove it.",
                    name);
}

/* Checks the names of an attribute list that begins at token `at` with the
 * sign `open`, twice; returns the token behind it. */
static size_t
check_attributes(struct gate *gate, size_t at, char open)
{
    const struct tokens *tokens = &gate->tokens;
    unsigned depth = 0;
    bool expected = false; /* a name, at the start or behind a comma */
    for (; at < tokens->count; at++) {
        const struct token *token = &tokens->token[at];
        const char sign = token->type == TOKEN_SIGN ? *token->text : '\0';
        const bool opens = sign == '(' || sign == '[' || sign == '{';
        const bool closes = sign == ')' || sign == ']' || sign == '}';
        if (opens) {
            depth++;
            expected = depth == 2 && sign == open;
        } else if (closes) {
            if (depth == 0 || --depth == 0)
                return at + 1;
            expected = false;
        } else if (depth == 2 && sign == ',') {
            expected = true;
        } else if (depth == 2 && expected && token->type == TOKEN_NAME) {
            /* In [[gnu::packed]] the name is the second. */
            if (at + 3 < tokens->count &&
                token_is(&tokens->token[at + 1], ":") &&
                token_is(&tokens->token[at + 2], ":"))
                at += 3;
            check_attribute(gate, &tokens->token[at]);
            expected = false;
        } else if (depth == 0) {
            return at;
        }
    }
    return at;
}

static void
check_pragma(struct gate *gate, const struct token *token)
{
    static const char *const harmless[] = {
        "once",
        "pack",
        "STDC",
        "region",
        "endregion",
        "mark",
        "message",
        "GCC diagnostic",
        "GCC warning",
        "GCC error",
        "GCC unroll",
        "GCC ivdep",
        "clang diagnostic",
        "clang loop",
    };
    char words[128] = "";
    size_t length = 0;
    /* "#pragma GCC  optimize" as "GCC optimize". */
    for (size_t i = 1; i < token->length && length + 1 < sizeof words; i++) {
        const bool blank = isspace((unsigned char)token->text[i]);
        if (!blank)
            words[length++] = token->text[i];
        else if (length && words[length - 1] != ' ')
            words[length++] = ' ';
    }
    words[length] = '\0';
    const char *rest = !strncmp(words, "pragma ", 7) ? words + 7 : words;
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        const size_t count = strlen(harmless[i]);
        if (!strncmp(rest, harmless[i], count) && !is_name(rest[count]))
            return;
    }
    gate_refuse(
        gate, token->line, "pragma",
        "#pragma %.40s changes how the file is compiled; a module needs "
        "none but once: remove it.",
        rest);
}

/* Builtins that look at stack frames or that name a processor.  Those that turn
 * into calls are seen in the object. */
static bool
is_harmful_builtin(const struct token *token)
{
    static const char *const harmful[] = {
        "__builtin_apply",
        "__builtin_return",
        "__builtin_frame_address",
        "__builtin_extract_return_addr",
        "__builtin_frob_return",
        "__builtin_setjmp",
        "__builtin_longjmp",
        "__builtin_eh_",
        "__builtin_unwind_init",
        "__builtin_dwarf_",
        "__builtin_init_dwarf",
        "__builtin_ia32_",
        "__builtin_aarch64_",
        "__builtin_cpu_",
        "__builtin___clear_cache",
        "__builtin_thread_pointer",
        "__builtin_set_thread_pointer",
        "__builtin_stack_address",
        "__builtin_va_arg_pack",
        "__builtin_nonlocal_goto",
    };
    for (size_t i = 0; i < sizeof harmful / sizeof *harmful; i++)
        if (begins(token, harmful[i]))
            return true;
    return false;
}

/* Whether signs stand at `at` that read `text`. */
static bool
signs_are(const struct tokens *tokens, size_t at, const char *text)
{
    for (; *text; text++, at++)
        if (at >= tokens->count || tokens->token[at].type != TOKEN_SIGN ||
            *tokens->token[at].text != *text)
            return false;
    return true;
}

void
gate_check_tokens(struct gate *gate)
{
    const struct tokens *tokens = &gate->tokens;
    const bool tests = gate->request->kind == GATE_TESTS;
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->token[i];
        /* Criterion's macros place descriptions of tests in a section. */
        if (tests && token->system)
            continue;
        if (token->type == TOKEN_PRAGMA) {
            check_pragma(gate, token);
        } else if (signs_are(tokens, i, "[[")) {
            i = check_attributes(gate, i, '[') - 1;
        } else if (signs_are(tokens, i, "<:<:") ||
                   signs_are(tokens, i, "<:[") || signs_are(tokens, i, "[<:")) {
            gate_refuse(gate, token->line, "attribute",
                        "An attribute in digraphs (<: for [) is not available "
                        "in a module: remove it.");
        } else if (token->type != TOKEN_NAME) {
            continue;
        } else if (token_is(token, "asm") || token_is(token, "__asm") ||
                   token_is(token, "__asm__") || token_is(token, "__seg_fs") ||
                   token_is(token, "__seg_gs")) {
            gate_refuse(
                gate, token->line, "asm",
                "Assembler is not available in a module (%.*s%s): write "
                "it in C; what the hardware does, the machine does.",
                (int)token->length, token->text,
                token->system ? ", out of a header's macro" : "");
        } else if (token_is(token, "__attribute__") ||
                   token_is(token, "__attribute")) {
            i = check_attributes(gate, i + 1, '(') - 1;
        } else if (begins(token, "__gcov_") || begins(token, "llvm_gc")) {
            char *name = text_format("%.*s", (int)token->length, token->text);
            gate_refuse_symbol(gate, name);
            free(name);
        } else if (is_harmful_builtin(token)) {
            gate_refuse(gate, token->line, "builtin",
                        "%.*s looks behind the language and is not available "
                        "in a module: write it in plain C.",
                        (int)token->length, token->text);
        }
    }
}
