/*
 * events.c - see events.h.  Events are kept as numbers and become text only
 * when somebody wants to read them.
 */
#include "events.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "judge.h"

enum { DERIVED_BYTES = 120 };

struct event {
    const struct bridge_function *function; /* NULL: derived                  */
    word w[6];
    word value;
    int err;
    unsigned depth;
    bool answered;
    char derived[DERIVED_BYTES];
};

static struct {
    struct event event[EVENTS_KEPT];
    uint64_t count; /* all that there were; the last EVENTS_KEPT are kept     */
    FILE *lines;    /* JSON lines, or NULL                                    */
    bool asked;     /* whether the environment has been looked at             */
} log_of;

static struct event *
add(void)
{
    struct event *const event = &log_of.event[log_of.count++ % EVENTS_KEPT];
    memset(event, 0, offsetof(struct event, derived) + 1);
    return event;
}

/* ---- Text ---------------------------------------------------------------- */

static int
format_word(char *to, size_t room, enum bridge_type type, const char *text,
            word value)
{
    const char *name = NULL;
    if (type == K_CHOICE || type == K_STATUS) {
        name = bridge_name_of(text, (int)value);
        if (name != NULL) {
            return snprintf(to, room, "%s", name);
        }
        return snprintf(to, room, "%d", (int)value);
    }
    if (type == K_HANDLE || type == K_TAKEN || type == K_STATE) {
        return value == 0 ? snprintf(to, room, "NULL")
                          : snprintf(to, room, "%s", text);
    }
    if (type == K_OBJECT || type == K_INPUT) {
        const size_t keyword = strncmp(text, "struct ", 7) == 0 ? 7 : 0;
        return value == 0 ? snprintf(to, room, "NULL")
                          : snprintf(to, room, "&%s", text + keyword);
    }
    if ((int64_t)value < 0 && (int64_t)value > -4096) {
        return snprintf(to, room, "%" PRId64, (int64_t)value);
    }
    return value < 10 ? snprintf(to, room, "%" PRIu64, value)
                      : snprintf(to, room, "0x%" PRIx64, value);
}

void
events_format_call(char *to, size_t room,
                   const struct bridge_function *function, const word w[6])
{
    size_t used = (size_t)snprintf(to, room, "%s(", function->name);
    for (unsigned i = 0; i < function->parameters && used + 64 < room; i++) {
        used += (size_t)snprintf(to + used, room - used, i == 0 ? "" : ", ");
        used += (size_t)format_word(to + used, room - used,
                                    function->parameter[i].type,
                                    function->parameter[i].text, w[i]);
    }
    if (used + 2 <= room) {
        snprintf(to + used, room - used, ")");
    }
}

void
events_format_result(char *to, size_t room,
                     const struct bridge_function *function, word value,
                     int err)
{
    const int used = format_word(to, room, function->result.type,
                                 function->result.text, value);
    if (value == 0 && err != 0 && used > 0 && (size_t)used < room &&
        (function->result.type == K_STATE ||
         function->result.type == K_POINTER)) {
        snprintf(to + used, room - (size_t)used, " (%s)",
                 strerrorname_np(err) != NULL ? strerrorname_np(err)
                                              : "unknown errno");
    }
}

static void
format_event(char *to, size_t room, const struct event *event)
{
    char call[240], result[64];
    const int indent = 2 * (int)event->depth;
    if (event->function == NULL) {
        snprintf(to, room, "%*s(%s)", indent, "", event->derived);
        return;
    }
    events_format_call(call, sizeof call, event->function, event->w);
    if (event->answered) {
        events_format_result(result, sizeof result, event->function,
                             event->value, event->err);
        snprintf(to, room, "%*s%s = %s", indent, "", call, result);
    } else {
        snprintf(to, room, "%*s%s", indent, "", call);
    }
}

char *
events_text(unsigned lines)
{
    const uint64_t kept =
        log_of.count < EVENTS_KEPT ? log_of.count : EVENTS_KEPT;
    const uint64_t shown = kept < lines ? kept : lines;
    char *text = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&text, &bytes);
    if (out == NULL) {
        return NULL;
    }
    if (shown < log_of.count) {
        fprintf(out, "... %" PRIu64 " events before\n", log_of.count - shown);
    }
    for (uint64_t i = log_of.count - shown; i < log_of.count; i++) {
        char line[400];
        format_event(line, sizeof line, &log_of.event[i % EVENTS_KEPT]);
        fprintf(out, "%s\n", line);
    }
    fclose(out);
    return text;
}

/* ---- JSON lines ---------------------------------------------------------- */

static void
write_line(const char *kind, const struct event *event)
{
    if (log_of.lines == NULL) {
        return;
    }
    char text[400];
    format_event(text, sizeof text, event);
    json_t *const line =
        json_pack("{s:s, s:i, s:s}", "event", kind, "depth",
                  (int)event->depth, "text", text + 2 * (size_t)event->depth);
    if (event->function != NULL) {
        json_t *const words = json_array();
        for (unsigned i = 0; i < event->function->parameters; i++) {
            json_array_append_new(
                words, json_sprintf("0x%" PRIx64, event->w[i]));
        }
        json_object_set_new(line, "function",
                            json_string(event->function->name));
        json_object_set_new(line, "arguments", words);
        if (event->answered) {
            json_object_set_new(line, "result",
                                json_sprintf("0x%" PRIx64, event->value));
        }
    }
    json_dumpf(line, log_of.lines, JSON_COMPACT);
    fputc('\n', log_of.lines);
    fflush(log_of.lines);
    json_decref(line);
}

/* ---- Recording ----------------------------------------------------------- */

void
events_reset(const char *test)
{
    log_of.count = 0;
    if (!log_of.asked) {
        const char *const path = getenv("VMLAB_EVENTS");
        log_of.asked = true;
        log_of.lines = path != NULL ? fopen(path, "ae") : NULL;
    }
    if (log_of.lines != NULL) {
        json_t *const line = json_pack("{s:s, s:s}", "event", "test", "text", test);
        json_dumpf(line, log_of.lines, JSON_COMPACT);
        fputc('\n', log_of.lines);
        json_decref(line);
    }
}

void
events_call(const struct bridge_function *function, const word w[6],
            unsigned depth)
{
    struct event *const event = add();
    event->function = function;
    event->depth = depth;
    memcpy(event->w, w, sizeof event->w);
    write_line("call", event);
}

void
events_result(unsigned depth, word value, int err)
{
    for (uint64_t back = 1; back <= log_of.count && back <= EVENTS_KEPT;
         back++) {
        struct event *const event =
            &log_of.event[(log_of.count - back) % EVENTS_KEPT];
        if (event->function != NULL && event->depth == depth &&
            !event->answered) {
            event->answered = true;
            event->value = value;
            event->err = err;
            write_line("result", event);
            return;
        }
    }
}

void
events_derive(const char *format, ...)
{
    struct event *const event = add();
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(event->derived, sizeof event->derived, format, arguments);
    va_end(arguments);
    write_line("derived", event);
}
