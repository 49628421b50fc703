/*
 * clean.c - see clean.h.
 */
#include "clean.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "utf8.h"

static const char replacement[CLEAN_GROWTH + 1] = "\xEF\xBF\xBD"; /* U+FFFD */
static const char left_out[] = "[...]";

/* Characters that must not reach a terminal, a page or a sheet: controls, what
 * turns the direction of writing, separators that end a line elsewhere, and the
 * code points that XML and Unicode promise never to use. */
/* clang-format off */
static bool
is_harmful(uint32_t c)
{
    return (c < 0x20 && c != '\n' && c != '\t') ||
           (c >= 0x7F && c <= 0x9F) ||                  /* DEL and C1         */
           c == 0x061C || c == 0x200E || c == 0x200F || /* direction marks    */
           (c >= 0x2028 && c <= 0x202E) ||              /* LS, PS, embeddings */
           (c >= 0x2066 && c <= 0x2069) ||              /* isolates           */
           (c >= 0xFDD0 && c <= 0xFDEF) ||              /* noncharacters      */
           (c & 0xFFFE) == 0xFFFE;
}
/* clang-format on */

/* The last place at or before `at` where a character starts. */
static size_t
character_start(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80) {
        at--;
    }
    return at;
}

void
clean_cut(char *text, size_t length, size_t limit)
{
    const size_t mark = sizeof left_out - 1;
    if (limit < mark) {
        text[character_start(text, limit)] = '\0';
        return;
    }
    const size_t kept = limit - mark;
    const size_t head = character_start(text, (kept + 1) / 2);
    size_t tail = length - kept / 2;
    while (tail < length && ((unsigned char)text[tail] & 0xC0) == 0x80) {
        tail++;
    }
    memcpy(text + head, left_out, mark);
    memmove(text + head + mark, text + tail, length - tail + 1);
}

size_t
clean_bytes(char *to, const void *bytes, size_t length)
{
    const char *const from = bytes;
    size_t used = 0;

    for (size_t at = 0; at < length;) {
        uint32_t character;
        const size_t taken = utf8_decode(from + at, length - at, &character);
        const bool line_end = character == '\r' && at + 1 < length &&
                              from[at + 1] == '\n'; /* as Windows writes it */
        if (line_end) {
            /* the newline alone stays */
        } else if (character == UTF8_INVALID || is_harmful(character)) {
            memcpy(to + used, replacement, CLEAN_GROWTH);
            used += CLEAN_GROWTH;
        } else {
            memcpy(to + used, from + at, taken);
            used += taken;
        }
        at += taken;
    }
    to[used] = '\0';
    return used;
}
