/*
 * gate.c - theory of operation.
 *
 *     source ------- directives that rename lines
 *     preprocessed - tokens of the student's own lines
 *     object ------- what it asks for, what it offers, how it is laid out
 *
 * Text is looked at for what an object no longer shows (attributes, pragmas)
 * and for the line of what it does; the object for what text can hide behind
 * macros.  The source as handed in is read because #line, which decides what
 * the other parts hold to be the student's, is gone from the preprocessed text.
 */
#include "gate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "die.h"
#include "gate_parts.h"
#include "process.h"
#include "sandbox/sandbox.h"
#include "text.h"

enum { TEXT_BYTES = 32 << 20 };

void
gate_refuse(struct gate *gate, unsigned line, const char *rule,
            const char *format, ...)
{
    if (gate->count >= GATE_FINDINGS)
        return;
    va_list arguments;
    va_start(arguments, format);
    char *message = text_vformat(format, arguments);
    va_end(arguments);
    findings_add(&gate->findings, &gate->count, line, rule, message);
    free(message);
    /* As it is shown: two objects may be refused for the same. */
    struct finding *last = &gate->findings[gate->count - 1];
    for (struct finding *known = gate->findings; known < last; known++)
        if (known->line == line && !strcmp(known->rule, rule) &&
            !strcmp(known->message, last->message)) {
            free(last->rule);
            free(last->message);
            gate->count--;
            return;
        }
}

/* By line, those without one last; otherwise as they were found. */
static void
sort_findings(struct finding *list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const struct finding moved = list[i];
        size_t to = i;
        while (to > 0 && moved.line - 1 < list[to - 1].line - 1) {
            list[to] = list[to - 1];
            to--;
        }
        list[to] = moved;
    }
}

static char *
read_text(const char *path)
{
    char *text = text_read_file(path, TEXT_BYTES, NULL);
    if (!text)
        die(EX_NOINPUT, "cannot read %s:", path);
    return text;
}

char *
gate_check(const struct gate_request *request, struct finding **findings,
           size_t *count)
{
    char *source = read_text(request->source);
    char *preprocessed = read_text(request->preprocessed);
    struct gate gate = {
        .request = request,
        .tokens = tokens_of(preprocessed, request->name),
    };
    gate_check_source(&gate, source);
    gate_check_tokens(&gate);
    gate_check_objects(&gate);
    sort_findings(gate.findings, gate.count);

    *findings =
        xrealloc(*findings, (*count + gate.count + 1) * sizeof **findings);
    if (gate.count)
        memcpy(*findings + *count, gate.findings,
               gate.count * sizeof **findings);
    *count += gate.count;
    free(gate.findings);
    tokens_free(&gate.tokens);
    free(preprocessed);
    free(source);
    return gate.trouble;
}

char *
gate_localise(const char *object, const char *const *keep, unsigned slot)
{
    char *folder = xstrdup(object);
    char *slash = strrchr(folder, '/');
    if (!slash)
        die(EX_SOFTWARE, "%s is not an absolute path", object);
    *slash = '\0';
    struct sandbox sandbox = sandbox_for(SANDBOX_TOOL, slot);
    sandbox_allow(&sandbox, folder, SANDBOX_READ | SANDBOX_WRITE);

    struct strings argv = {0};
    strings_add(&argv, "objcopy");
    /* Without any name objcopy would keep all; no symbol has this one. */
    strings_add(&argv, "--keep-global-symbol=vmlab no symbol");
    for (; keep && *keep; keep++)
        strings_addf(&argv, "--keep-global-symbol=%s", *keep);
    strings_add(&argv, object);
    struct process_result process = process_insist(&(struct process){
        .argv = argv.item,
        .directory = folder,
        .sandbox = &sandbox,
        .standard_input = -1,
        .wall_ms = 30000,
        .output_limit = 1000,
    });
    char *words = NULL;
    if (process.end != PROCESS_EXITED || process.code)
        words = text_format("objcopy failed on %s: %s", object, process.output);
    process_result_free(&process);
    strings_free(&argv);
    free(folder);
    return words;
}
