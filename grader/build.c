/*
 * build.c - theory of operation.
 *
 *     M.c --- gcc -E ---> M.i --- gcc -c -O1 --------------> M.o
 *                            \--- gcc -c -O0 --coverage ---> coverage/M.o
 *
 * The compiler is executed in folder/source, where the file stands alone, and
 * is told its plain name, so messages, line markers, debug information and
 * coverage all say "segment.c".  The sandbox lets it read the system's own
 * files, the public headers and that folder, so that #include, __has_include
 * and .incbin find nothing else; its limits make "it takes for ever" and "it
 * fills the disk" a reason why something does not compile.
 *
 * Messages are taken from the compiler's ordinary text and not from gcc's JSON:
 * a student is to see that text anyway, with the line and the caret, and clang
 * writes the same form.
 */
#include "build.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "die.h"
#include "process.h"
#include "sandbox/sandbox.h"
#include "text.h"

enum {
    WALL_MS = 30000,
    OUTPUT_BYTES = 64 << 10, /* of the compiler, of which */
    SHOWN_BYTES = 8 << 10,   /* this much is shown        */
    FINDINGS = 20,
};

void
findings_add(struct finding **list, size_t *count, unsigned line,
             const char *rule, const char *message)
{
    *list = xrealloc(*list, (*count + 1) * sizeof **list);
    (*list)[(*count)++] = (struct finding){
        .line = line,
        .rule = xstrdup(rule),
        .message = text_clean(message, strlen(message), 1024),
    };
}

void
findings_free(struct finding *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].rule);
        free(list[i].message);
    }
    free(list);
}

/* ---- The source ---------------------------------------------------------- */

/* Puts the student's file where the compiler will find it.  Returns false when
 * it is not one that could be compiled. */
static bool
take_source(const struct build_request *request, struct build_result *result)
{
    size_t length;
    char *text = text_read_file(request->source, BUILD_SOURCE_BYTES, &length);
    if (!text && errno != EFBIG)
        die(EX_NOINPUT, "cannot read %s:", request->source);
    const char *trouble = NULL;
    if (!text)
        trouble = "The file is larger than 256 KiB: hand in source that was "
                  "written by hand.";
    else if (memchr(text, '\0', length))
        trouble = "The file is not text (it has a byte of value 0): hand in "
                  "the C source, not something compiled from it.";
    if (trouble) {
        findings_add(&result->findings, &result->finding_count, 0, "source",
                     trouble);
    } else {
        char *path =
            text_format("%s/source/%s", request->folder, request->name);
        if (text_write_file(path, text, length) || chmod(path, 0644))
            die(EX_CANTCREAT, "cannot write %s:", path);
        free(path);
    }
    free(text);
    return !trouble;
}

/* ---- What the compiler says ---------------------------------------------- */

/* One line of it, taken apart. */
struct message {
    const char *file;
    size_t file_length;
    unsigned line;
    bool error;
    const char *text;
};

/* "FILE:LINE:COLUMN: error: TEXT", "FILE:LINE: ...", "fatal error", "warning".
 * False for all other lines. */
static bool
parse_message(const char *line, struct message *message)
{
    const char *colon = strchr(line, ':');
    if (!colon || !isdigit((unsigned char)colon[1]))
        return false;
    char *rest;
    message->file = line;
    message->file_length = (size_t)(colon - line);
    message->line = (unsigned)strtoul(colon + 1, &rest, 10);
    if (*rest == ':' && isdigit((unsigned char)rest[1]))
        strtoul(rest + 1, &rest, 10);
    static const struct {
        const char *word;
        bool error;
    } kinds[] = {
        {": error: ", true}, {": fatal error: ", true}, {": warning: ", false}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(rest, kinds[i].word, strlen(kinds[i].word)) == 0) {
            message->error = kinds[i].error;
            message->text = rest + strlen(kinds[i].word);
            return true;
        }
    return false;
}

/* The line of "... from NAME:LINE", which precedes messages in headers. */
static unsigned
included_from(const char *line, const char *name)
{
    const char *from = strstr(line, "from ");
    const size_t length = strlen(name);
    if (!from || strncmp(from + 5, name, length) || from[5 + length] != ':')
        return 0;
    return (unsigned)strtoul(from + 5 + length + 1, NULL, 10);
}

/* Errors become findings.  One in a header is put down to the student's line
 * that includes it. */
static void
find_errors(const struct build_request *request, char *output,
            struct build_result *result)
{
    unsigned including = 0;
    char *rest = output;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        struct message message;
        const unsigned from = included_from(line, request->name);
        if (from)
            including = from;
        if (parse_message(line, &message)) {
            const bool own = message.file_length == strlen(request->name) &&
                             !strncmp(line, request->name, message.file_length);
            if (message.error && result->finding_count < FINDINGS)
                findings_add(&result->findings, &result->finding_count,
                             own ? message.line : including, "",
                             own ? message.text : line);
            including = 0;
        }
        if (rest)
            rest[-1] = '\n';
    }
}

/* A compiler that did not come to an end of its own; NULL when it did.  gcc is
 * a driver and reports in words how the programs it runs have died. */
static const char *
why_stopped(const struct process_result *process)
{
    static const struct {
        const char *words, *reason;
    } table[] = {
        {"CPU time limit exceeded",
         "The compiler was stopped after 10 seconds of work: does a macro "
         "expand without end, or a table have millions of entries?"},
        {"File size limit exceeded",
         "What the compiler writes would be larger than 16 MiB: a table with "
         "initial values is too large.  Fill it when the program runs."},
        {"File too large",
         "What the compiler writes would be larger than 16 MiB: a table with "
         "initial values is too large.  Fill it when the program runs."},
        {"out of memory",
         "The compiler ran out of memory (1 GiB): does a macro expand without "
         "end, or a table have millions of entries?"},
        {"virtual memory exhausted",
         "The compiler ran out of memory (1 GiB): does a macro expand without "
         "end, or a table have millions of entries?"},
        {"Cannot allocate memory",
         "The compiler ran out of memory (1 GiB): does a macro expand without "
         "end, or a table have millions of entries?"},
        {"internal compiler error",
         "The compiler itself crashed on this file: write the code that it "
         "names in a simpler way."},
        {"terminated program",
         "The compiler itself crashed on this file: write the code that it "
         "names in a simpler way."},
    };
    if (process->end == PROCESS_OUT_OF_TIME)
        return "The compiler was stopped because it did not come to an end: "
               "does a macro expand without end, or a table have millions of "
               "entries?";
    if (process->end == PROCESS_EXITED && process->code == 0)
        return NULL;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (memmem(process->output, process->output_bytes, table[i].words,
                   strlen(table[i].words)))
            return table[i].reason;
    return process->end == PROCESS_SIGNALLED
               ? "The compiler itself crashed on this file."
               : NULL;
}

/* Whether the compiler, or a program that its driver ran, was ended by somebody
 * who is no part of this step.  In words when it was not the driver itself. */
static bool
was_killed(const struct process_result *process)
{
    static const char *const words[] = {
        "fatal error: Killed signal terminated program", /* gcc               */
        "unable to execute command: Killed",             /* clang             */
    };
    if (process->end != PROCESS_EXITED || process->code == 0)
        return process_was_killed(process);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (memmem(process->output, process->output_bytes, words[i],
                   strlen(words[i])))
            return process->peak_kib < PROCESS_GREEDY_KIB;
    return false;
}

/* Adds output to what is shown, without the paths of the kit. */
static void
show_output(const struct build_request *request, const char *output,
            size_t bytes, struct build_result *result)
{
    char *clean = text_clean(output, bytes, SHOWN_BYTES);
    for (const char *const *folder = request->include; *folder; folder++) {
        const size_t length = strlen(*folder);
        for (char *at = clean; length && (at = strstr(at, *folder)) != NULL;) {
            const size_t cut = length + (at[length] == '/');
            memmove(at, at + cut, strlen(at + cut) + 1);
        }
    }
    if (!*clean) {
        free(clean);
        return;
    }
    char *all = result->output ? text_format("%s%s", result->output, clean)
                               : xstrdup(clean);
    free(result->output);
    free(clean);
    result->output = all;
}

/* ---- The compiler -------------------------------------------------------- */

/* Runs it on `source` to make `target`; says whether that came to be. */
static bool
compile(const struct build_request *request, const struct sandbox *sandbox,
        const char *const *flags, const char *source, const char *target,
        bool shown, struct build_result *result)
{
    struct strings argv = {0};
    char *directory = text_format("%s/source", request->folder);
    char *temporary = text_format("TMPDIR=%s", request->folder);
    strings_add(&argv, request->compiler ? request->compiler : "gcc");
    static const char *const always[] = {
        "-std=c11",
        "-pipe",
        "-Wall",
        "-Wextra",
        "-fno-stack-protector",
        "-fdiagnostics-color=never",
    };
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        strings_add(&argv, always[i]);
    if (strstr(argv.item[0], "clang")) {
        strings_add(&argv, "-ferror-limit=20");
        strings_add(&argv, "-Qunused-arguments");
    } else {
        strings_add(&argv, "-fmax-errors=20");
    }
    while (*flags)
        strings_add(&argv, *flags++);
    strings_addf(&argv, "-fdebug-prefix-map=%s=.", directory);
    strings_add(&argv, "-o");
    strings_add(&argv, target);
    strings_add(&argv, source);

    const struct process step = {
        .argv = argv.item,
        .environment =
            (char *const[]){(char *)"PATH=/usr/bin:/bin", (char *)"LC_ALL=C",
                            (char *)"SOURCE_DATE_EPOCH=0", temporary, NULL},
        .directory = directory,
        .sandbox = sandbox,
        .standard_input = -1,
        .wall_ms = WALL_MS,
        .output_limit = OUTPUT_BYTES,
    };
    struct process_result process = process_run(&step);
    if (was_killed(&process)) {
        process_result_free(&process);
        process = process_run(&step);
    }
    if (process.end == PROCESS_NOT_FOUND) {
        errno = process.code;
        die(EX_UNAVAILABLE, "cannot execute the compiler %s:", argv.item[0]);
    }
    const bool good = process.end == PROCESS_EXITED && process.code == 0;
    const bool killed = was_killed(&process);
    const char *stopped = why_stopped(&process);
    if (killed)
        result->trouble = text_format("the compiler was killed from outside, "
                                      "twice, on %s; is memory short?",
                                      request->name);
    else if (shown || !good)
        show_output(request, process.output, process.output_bytes, result);
    if (!good && !killed && !stopped)
        find_errors(request, process.output, result);
    if (!good && !killed && result->finding_count == 0) {
        if (!stopped)
            stopped = "The compiler did not accept this file; what it said is "
                      "shown below.";
        findings_add(&result->findings, &result->finding_count, 0, "compiler",
                     stopped);
    }
    process_result_free(&process);
    strings_free(&argv);
    free(temporary);
    free(directory);
    return good;
}

static bool
preprocess(const struct build_request *request, const struct sandbox *sandbox,
           struct build_result *result)
{
    struct strings flags = {0};
    /* The level of the plain variant, for headers that ask. */
    strings_add(&flags, "-E");
    strings_add(&flags, "-O1");
    strings_add(&flags, "-U_FORTIFY_SOURCE");
    for (const char *const *folder = request->include; *folder; folder++)
        strings_addf(&flags, "-I%s", *folder);
    const bool good =
        compile(request, sandbox, (const char *const *)flags.item,
                request->name, result->preprocessed, true, result);
    strings_free(&flags);
    return good;
}

/* "segment", of "segment.c". */
static char *
stem_of(const char *name)
{
    const size_t length = strlen(name);
    if (length < 3 || strcmp(name + length - 2, ".c") || strchr(name, '/') ||
        *name == '-')
        die(EX_SOFTWARE, "%s is not the name of a C file", name);
    return text_format("%.*s", (int)(length - 2), name);
}

static void
make_folders(const struct build_request *request, const struct sandbox *sandbox)
{
    static const char *const names[] = {"source", "coverage"};
    if (chmod(request->folder, 0755))
        die(EX_CANTCREAT, "cannot use the folder %s:", request->folder);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = text_format("%s/%s", request->folder, names[i]);
        if (mkdir(path, 0755) || chmod(path, 0755))
            die(EX_CANTCREAT, "cannot make %s:", path);
        if (i == 1)
            sandbox_give(sandbox, path);
        free(path);
    }
    sandbox_give(sandbox, request->folder);
    for (const char *const *folder = request->include; *folder; folder++)
        if (!sandbox_can_reach(*folder))
            die(EX_NOPERM,
                "the users that compile submissions cannot reach %s: install "
                "the kit where everybody may read it",
                *folder);
}

bool
build_module(const struct build_request *request, struct build_result *result)
{
    static const char *const flags[BUILD_VARIANTS][6] = {
        [BUILD_PLAIN] = {"-c", "-O1", "-g", "-fno-omit-frame-pointer", NULL},
        [BUILD_COVERAGE] = {"-c", "-O0", "-g", "--coverage", NULL},
    };
    *result = (struct build_result){0};
    struct sandbox sandbox = sandbox_for(SANDBOX_COMPILER, request->slot);
    sandbox_allow(&sandbox, request->folder, SANDBOX_READ | SANDBOX_WRITE);
    for (const char *const *folder = request->include; *folder; folder++)
        sandbox_allow(&sandbox, *folder, SANDBOX_READ);
    make_folders(request, &sandbox);
    if (!take_source(request, result))
        return false;

    char *stem = stem_of(request->name);
    result->preprocessed = text_format("%s/%s.i", request->folder, stem);
    result->object[BUILD_PLAIN] = text_format("%s/%s.o", request->folder, stem);
    result->object[BUILD_COVERAGE] =
        text_format("%s/coverage/%s.o", request->folder, stem);
    free(stem);

    bool good = preprocess(request, &sandbox, result);
    bool first = true;
    for (size_t i = 0; good && i < BUILD_VARIANTS; i++)
        if (request->wanted[i]) {
            /* The second variant's warnings would be the same again. */
            good = compile(request, &sandbox, flags[i], result->preprocessed,
                           result->object[i], first, result);
            first = false;
        }
    for (size_t i = 0; i < BUILD_VARIANTS; i++)
        if (!good || !request->wanted[i]) {
            free(result->object[i]);
            result->object[i] = NULL;
        }
    result->compiled = good;
    return good;
}

void
build_result_free(struct build_result *result)
{
    findings_free(result->findings, result->finding_count);
    free(result->trouble);
    free(result->output);
    free(result->preprocessed);
    for (size_t i = 0; i < BUILD_VARIANTS; i++)
        free(result->object[i]);
    *result = (struct build_result){0};
}
